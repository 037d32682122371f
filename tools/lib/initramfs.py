# SPDX-License-Identifier: GPL-2.0
"""The initramfs of the virtual machine: busybox, the first stage of
tools/guest/init and the modules without which a kernel cannot see the host's
file system. Made once per kernel and kept in the cache."""

import hashlib
import lzma
import os
import stat
import tempfile

# What has to be there before the host's /lib/modules is.
WANTED = ("virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay",
          "virtio_net")
BUSYBOX = "/bin/busybox"
APPLETS = ("sh", "mount", "umount", "insmod", "switch_root", "mkdir", "sed",
           "sleep", "echo", "cat", "uname", "ln", "hostname", "ip", "readlink")


class Cpio:
    """An archive in the "newc" format, which is what the kernel unpacks."""

    def __init__(self):
        self.parts = []
        self.inode = 0

    def _entry(self, name, mode, data=b"", device=(0, 0)):
        self.inode += 1
        raw = name.encode() + b"\0"
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, device[0],
                  device[1], len(raw), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + raw
        self.parts.append(head + bytes(-len(head) % 4))
        self.parts.append(data + bytes(-len(data) % 4))

    def folder(self, name):
        self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o755):
        self._entry(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def device(self, name, major, minor):
        self._entry(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def bytes(self):
        self._entry("TRAILER!!!", 0)
        return b"".join(self.parts)


def _name(path):
    return os.path.basename(path).split(".ko")[0].replace("-", "_")


def _dependencies(folder):
    """Module name -> [path, paths it needs], from modules.dep."""
    table = {}
    with open(os.path.join(folder, "modules.dep"), encoding="ascii") as dep:
        for line in dep:
            path, _, needs = line.partition(":")
            table[_name(path)] = [path] + needs.split()
    return table


def _load_order(folder):
    """Paths in the order in which insmod has to see them. A name that
    modules.dep does not have is built in."""
    table = _dependencies(folder)
    order = []
    for name in WANTED:
        paths = table.get(name.replace("-", "_"), [])
        # modules.dep lists the nearest dependency first.
        for path in reversed(paths):
            if path not in order:
                order.append(path)
    return order


def _read_module(path):
    with open(path, "rb") as module:
        data = module.read()
    return lzma.decompress(data) if path.endswith(".xz") else data


def _key(init, release):
    digest = hashlib.sha256()
    for path in (init, __file__, BUSYBOX):
        with open(path, "rb") as part:
            digest.update(part.read())
    return "initramfs-%s-%s.cpio" % (release, digest.hexdigest()[:12])


def _build(init, folder):
    cpio = Cpio()
    for name in ("bin", "dev", "proc", "sys", "lower", "upper", "newroot",
                 "modules"):
        cpio.folder(name)
    cpio.device("dev/console", 5, 1)
    cpio.device("dev/null", 1, 3)
    with open(BUSYBOX, "rb") as busybox:
        cpio.file("bin/busybox", busybox.read())
    for applet in APPLETS:
        cpio.link("bin/" + applet, "busybox")
    with open(init, "rb") as script:
        cpio.file("init", script.read())
    names = []
    for path in _load_order(folder):
        names.append(_name(path) + ".ko")
        cpio.file("modules/" + names[-1],
                  _read_module(os.path.join(folder, path)), 0o644)
    cpio.file("modules/order", "".join(n + "\n" for n in names).encode(),
              0o644)
    return cpio.bytes()


def initramfs(cache, init, modules_root, release):
    """Path of the initramfs for that kernel, made if it is not there."""
    path = os.path.join(cache, _key(init, release))
    if os.path.exists(path):
        return path
    folder = os.path.join(modules_root, "lib/modules", release)
    data = _build(init, folder)
    handle, part = tempfile.mkstemp(dir=cache)
    with os.fdopen(handle, "wb") as out:
        out.write(data)
    os.rename(part, path)
    return path
