# SPDX-License-Identifier: GPL-2.0
"""Devices and namespaces inside the virtual machine.

    loop:  one device on a dummy link, both ends on that device

    veth:  namespace left          namespace right
           ndkl on vl  <--- veth --->  vr has ndkr
           10.77.1.1                   10.77.1.2
"""

import glob
import ipaddress
import os
import subprocess
import time

# Room for RoCEv2 headers around the largest path MTU, 4096.
MTU = 4300
SYS = "/sys/class/infiniband"
DEADLINE = 20


class Failed(Exception):
    """A step did not do what it has to; the text says which and why."""


def sh(*words, ns=None, timeout=DEADLINE):
    """Runs a command, returns its output, raises Failed with its errors."""
    if ns:
        words = ("ip", "netns", "exec", ns) + words
    try:
        result = subprocess.run(words, text=True, timeout=timeout,
                                stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, check=False)
    except subprocess.TimeoutExpired:
        raise Failed("%s: not finished after %d s" %
                     (" ".join(words), timeout)) from None
    if result.returncode:
        raise Failed("%s: status %d: %s" % (" ".join(words),
                                            result.returncode,
                                            result.stdout.strip()))
    return result.stdout


def wait_for(what, condition, deadline=DEADLINE):
    """Until condition() is true; what is named if it never is."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed("waited %d s for %s" % (deadline, what))
        time.sleep(0.02)


def read(path):
    with open(path, encoding="ascii", errors="replace") as f:
        return f.read().strip()


class End:
    """One side of a connection: an RDMA device, the namespace its link is
    in, and the address that a peer uses."""

    def __init__(self, device, address, ns=None):
        self.device = device
        self.address = address
        self.ns = ns

    def gid_index(self):
        wanted = ipaddress.ip_address("::ffff:" + self.address)
        table = "%s/%s/ports/1/gids" % (SYS, self.device)
        for index in range(len(os.listdir(table))):
            # The table has more places than entries.
            try:
                if ipaddress.ip_address(read("%s/%d" % (table, index))) == wanted:
                    return index
            except OSError:
                continue
        return None

    def wait_usable(self):
        state = "%s/%s/ports/1/state" % (SYS, self.device)
        wait_for("%s to appear" % self.device, lambda: os.path.exists(state))
        wait_for("%s to become active" % self.device,
                 lambda: "ACTIVE" in read(state))
        wait_for("a GID for %s on %s" % (self.address, self.device),
                 lambda: self.gid_index() is not None)

    def counters(self):
        """What `rdma statistic` shows, by name."""
        values = {}
        for path in glob.glob("%s/%s/ports/1/hw_counters/*" %
                              (SYS, self.device)):
            try:
                values[os.path.basename(path)] = int(read(path))
            except (OSError, ValueError):
                continue	# "lifespan" of some kernels is no number
        return values


def difference(before, after):
    return {name: after[name] - before.get(name, 0) for name in after}


def add_link(end, kind, netdev):
    sh("rdma", "link", "add", end.device, "type", kind, "netdev", netdev,
       ns=end.ns)
    end.wait_usable()


def add_namespace(ns):
    sh("ip", "netns", "add", ns)
    sh("ip", "link", "set", "lo", "up", ns=ns)


def loop(kind, device, netdev, address, ns=None):
    """One device on a dummy link; returns its End."""
    if ns:
        add_namespace(ns)
    end = End(device, address, ns)
    sh("ip", "link", "add", netdev, "mtu", str(MTU), "type", "dummy", ns=ns)
    sh("ip", "addr", "add", address + "/24", "dev", netdev, ns=ns)
    sh("ip", "link", "set", netdev, "up", ns=ns)
    add_link(end, kind, netdev)
    return end


def veth(kind):
    """Two namespaces and a device in each; returns both Ends."""
    ends = (End("ndkl", "10.77.1.1", "left"), End("ndkr", "10.77.1.2", "right"))
    for end in ends:
        add_namespace(end.ns)
    sh("ip", "link", "add", "vl", "mtu", str(MTU), "netns", "left", "type",
       "veth", "peer", "name", "vr", "mtu", str(MTU), "netns", "right")
    for end, netdev in zip(ends, ("vl", "vr")):
        sh("ip", "addr", "add", end.address + "/24", "dev", netdev, ns=end.ns)
        sh("ip", "link", "set", netdev, "up", ns=end.ns)
    for end, netdev in zip(ends, ("vl", "vr")):
        add_link(end, kind, netdev)
    sh("ping", "-c", "1", "-W", "5", ends[1].address, ns="left")
    return ends


def load(kind):
    """The module behind a link type, and what user space needs."""
    sh("modprobe", "-a", "ib_uverbs", "rdma_ucm",
       {"ndk": "ndk_softroce", "rxe": "rdma_rxe", "ndk_hca": "ndk_hca"}[kind],
       timeout=60)
    wait_for("/dev/infiniband", lambda: os.path.isdir("/dev/infiniband"))
