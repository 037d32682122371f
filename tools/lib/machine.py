# SPDX-License-Identifier: GPL-2.0
"""One virtual machine: how QEMU is started, what comes out of it, and how its
end is told. Knows nothing of options or of this project's modules."""

import os
import select
import socket
import subprocess
import sys
import time

from report import is_fatal

QEMU = "qemu-system-x86_64"
BOOT_LIMIT = 120	# seconds until the guest must have said "ready"
FATAL_GRACE = 20	# seconds the command still gets after an oops


def kernel_arguments(accel, job, guest):
    words = ["console=ttyS0", "loglevel=7", "panic=-1", "mitigations=off",
             "random.trust_cpu=on",
             "vmjob=" + job, "vmguest=" + guest]
    if accel in ("tcg", "count"):
        # The emulated TSC is one clock for all processors, but does not say
        # so; without this the kernel reads a slow emulated timer instead.
        words += ["tsc=reliable"]
    return " ".join(words)


def command_line(image, initrd, accel, cpus, mem, append, console):
    # Emulated, string instructions go byte by byte. A processor that does not
    # call them fast has its pages cleared and its memory copied by words.
    acceleration = {"kvm": ["-accel", "kvm", "-cpu", "host"],
                    "tcg": ["-accel", "tcg,thread=multi,tb-size=512",
                            "-cpu", "max,la57=off,erms=off"],
                    # the clock, and so the cycle counter, goes by instructions
                    "count": ["-accel", "tcg,thread=single,tb-size=512",
                              "-icount", "shift=0,sleep=off",
                              "-cpu", "max,la57=off,erms=off"]}[accel]
    return [QEMU, "-M", "q35,usb=off", *acceleration, "-smp", str(cpus),
            "-m", "%dM" % mem, "-nodefaults", "-no-user-config",
            "-display", "none", "-no-reboot",
            "-kernel", image, "-initrd", initrd, "-append", append,
            "-chardev", "file,id=console,path=" + console,
            "-serial", "chardev:console",
            "-fsdev", "local,id=hostroot,path=/,security_model=none,"
            "readonly=on,multidevs=remap",
            "-device", "virtio-9p-pci,fsdev=hostroot,mount_tag=hostroot",
            "-netdev", "user,id=net0,restrict=on",
            "-device", "virtio-net-pci,netdev=net0,romfile="]


class Machine:
    """A running guest. Three named ports carry the command's output, its
    errors and the control lines "ready", "taint N" and "exit N"."""

    def __init__(self, command, console, shell=False):
        self.console = console
        self.seen = 0			# bytes of the console already looked at
        self.ready = False
        self.status = None
        self.taint = 0
        self.fatal_at = None
        self.pending = b""
        self.ports = {}
        command = command + ["-device", "virtio-serial-pci,id=ports"]
        remote = []
        if shell:
            command += ["-chardev", "stdio,id=terminal,signal=off",
                        "-device", "virtconsole,chardev=terminal"]
        for name in ("ctl",) if shell else ("ctl", "out", "err"):
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            self.ports[ours] = name
            remote.append(theirs)
            command += ["-chardev", "socket,id=%s,fd=%d" %
                        (name, theirs.fileno()),
                        "-device", "virtserialport,chardev=%s,name=ndk.%s" %
                        (name, name)]
        self.errors = open(console + ".qemu", "w+b")
        self.process = subprocess.Popen(
            command, stdin=None if shell else subprocess.DEVNULL,
            stdout=None if shell else self.errors,
            stderr=self.errors, pass_fds=[s.fileno() for s in remote])
        for end in remote:
            end.close()

    def _control(self, data):
        self.pending += data
        *lines, self.pending = self.pending.split(b"\n")
        for line in lines:
            word, _, value = line.decode(errors="replace").partition(" ")
            if word == "ready":
                self.ready = True
            elif word == "taint":
                self.taint = int(value)
            elif word == "exit":
                self.status = int(value)

    def _read(self, port):
        try:
            data = port.recv(1 << 18)
        except BlockingIOError:
            return False
        except ConnectionError:
            data = b""
        if not data:
            del self.ports[port]
            port.close()
            return False
        name = self.ports[port]
        if name == "ctl":
            self._control(data)
        else:
            stream = sys.stdout if name == "out" else sys.stderr
            stream.buffer.write(data)
            stream.buffer.flush()
        return True

    def _watch_console(self):
        if self.fatal_at is not None:
            return
        try:
            with open(self.console, "rb") as log:
                log.seek(self.seen)
                data = log.read()
        except FileNotFoundError:
            return
        whole = data[:data.rfind(b"\n") + 1]
        self.seen += len(whole)
        if any(is_fatal(line) for line in
               whole.decode(errors="replace").splitlines()):
            self.fatal_at = time.monotonic()

    def run(self, timeout, boot_limit=BOOT_LIMIT):
        """Until the guest has told its status, died, or run out of time.
        Returns "done", "boot", "died", "fatal" or "timeout"."""
        started = time.monotonic()
        ready_at = None
        told = 0
        while True:
            readable, _, _ = select.select(list(self.ports), [], [], 0.2)
            for port in readable:
                self._read(port)
            now = time.monotonic()
            if self.ready and ready_at is None:
                ready_at = now
            if self.status is not None:
                self._drain()
                return "done"
            if self.process.poll() is not None:
                self._drain()
                if self.status is not None:
                    return "done"
                return "died" if self.ready else "boot"
            if not readable:
                self._watch_console()
            if self.fatal_at and now - self.fatal_at > FATAL_GRACE:
                return "fatal"
            if ready_at is None:
                waited = int(now - started)
                if waited > boot_limit:
                    return "boot"
                if waited >= told + 5:
                    told = waited
                    print("vm: booting 0:%02d" % waited, file=sys.stderr,
                          flush=True)
            if timeout and ready_at and now - ready_at > timeout:
                return "timeout"

    def _drain(self):
        for port in list(self.ports):
            while self._read(port):
                pass

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for port in list(self.ports):
            port.close()
        self.ports = {}

    def qemu_errors(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def close(self):
        self.stop()
        self.errors.close()
        os.unlink(self.errors.name)
