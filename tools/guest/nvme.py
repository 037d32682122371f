# SPDX-License-Identifier: GPL-2.0
"""NVMe over RDMA, target and host on one device: a disk in memory, read by
fio. The kernel's target listens in the first network namespace only, and there
the RoCEv2 port has one owner: so one device at a time."""

import glob
import json
import os
import time

from topology import Failed, load, loop, sh, wait_for

TARGET = "/sys/kernel/config/nvmet"
NQN = "ndk-bench"
ADDRESS = "10.85.0.1"
DISK_KIB = 128 * 1024
SECONDS = 3
# name, size, fio's options, unit
TESTS = (
    ("nvme random read, depth 1", 4096,
     ("--rw=randread", "--bs=4k", "--iodepth=1"), "IO/s"),
    ("nvme random read, depth 32", 4096,
     ("--rw=randread", "--bs=4k", "--iodepth=32"), "IO/s"),
    ("nvme sequential read, depth 32", 131072,
     ("--rw=read", "--bs=128k", "--iodepth=32"), "MB/s"),
)


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def load_clients():
    sh("modprobe", "brd", "rd_nr=1", "rd_size=%d" % DISK_KIB, timeout=60)
    sh("modprobe", "-a", "nvmet-rdma", "nvme-rdma", timeout=60)
    if not os.path.exists(TARGET):
        sh("mount", "-t", "configfs", "config", "/sys/kernel/config")


def disks():
    return glob.glob("/sys/class/nvme/nvme*")


class Disk:
    """A device of one kind with a target and a host on it."""

    def __init__(self, kind):
        self.kind = kind
        self.device = "nvme%s" % kind
        self.subsystem = os.path.join(TARGET, "subsystems", NQN)
        self.port = os.path.join(TARGET, "ports/1")
        self.undo = []

    def up(self):
        """Everything that was done is undone by down(), in reverse."""
        try:
            self._up()
        except (Failed, OSError) as error:
            self.down()
            raise Failed("nvme over %s: %s" % (self.kind, error)) from None

    def _up(self):
        if self.kind == "rxe":
            # its port is taken as long as the module is there
            self.undo.append(lambda: sh("modprobe", "-r", "rdma_rxe"))
        load(self.kind)
        self.undo.append(lambda: sh("ip", "link", "delete", "nvmed0"))
        self.undo.append(lambda: sh("rdma", "link", "delete", self.device))
        loop(self.kind, self.device, "nvmed0", ADDRESS)
        space = os.path.join(self.subsystem, "namespaces/1")
        os.mkdir(self.subsystem)
        self.undo.append(lambda: os.rmdir(self.subsystem))
        write(self.subsystem + "/attr_allow_any_host", "1")
        os.mkdir(space)
        self.undo.append(lambda: os.rmdir(space))
        write(space + "/device_path", "/dev/ram0")
        write(space + "/enable", "1")
        self.undo.append(lambda: write(space + "/enable", "0"))
        self._listen()
        sh("nvme", "connect", "-t", "rdma", "-a", ADDRESS, "-s", "4420", "-n",
           NQN, "--nr-io-queues=2", "--queue-size=64", timeout=60)
        self.undo.append(self._disconnect)
        wait_for("the disk", lambda: os.path.exists("/dev/nvme0n1"))

    def _listen(self):
        os.mkdir(self.port)
        self.undo.append(lambda: os.rmdir(self.port))
        for name, value in (("trtype", "rdma"), ("adrfam", "ipv4"),
                            ("traddr", ADDRESS), ("trsvcid", "4420")):
            write("%s/addr_%s" % (self.port, name), value)
        link = os.path.join(self.port, "subsystems", NQN)
        os.symlink(self.subsystem, link)
        self.undo.append(lambda: os.unlink(link))

    @staticmethod
    def _disconnect():
        sh("nvme", "disconnect", "-n", NQN, timeout=60)
        wait_for("the disk to go", lambda: not disks())

    def down(self):
        problems = []
        while self.undo:
            try:
                self.undo.pop()()
            except (Failed, OSError) as error:
                problems.append(str(error))
        # the target gives its queue pairs back when it finds the time
        time.sleep(0.5)
        return problems

    def read(self, options, unit):
        """One fio run; the figure in the unit asked for."""
        text = sh("fio", "--name=disk", "--filename=/dev/nvme0n1",
                  "--ioengine=libaio", "--direct=1", "--time_based",
                  "--runtime=%d" % SECONDS, "--output-format=json", *options,
                  timeout=SECONDS + 60)
        job = json.loads(text[text.index("{"):])["jobs"][0]
        if job["error"]:
            raise Failed("fio: error %d" % job["error"])
        if unit == "IO/s":
            return job["read"]["iops"]
        return job["read"]["bw_bytes"] / 1e6
