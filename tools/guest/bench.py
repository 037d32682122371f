#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The measurements of `make bench`, inside the virtual machine. Prints one
JSON record per value on standard output, progress on standard error.

UDP port 4791 has one owner per network namespace, and rdma_rxe works in the
first one only: it has that, our devices live in others. What differs between
two columns is then the device, not the kind of link."""

import json
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import ndkperf						# noqa: E402
import nvme						# noqa: E402
import toe_bench					# noqa: E402
import toe_live_bench					# noqa: E402
from perftest import Pair				# noqa: E402
from topology import (					# noqa: E402
    End, Failed, SYS, add_link, difference, load, loop, sh, veth)

CHAIN = 16
METER = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                     "../../build/qp_memory")
# name, tool, size (0: the tool has one only), iterations, more options
TESTS = (
    ("write rate", "ib_write_bw", 64, 16000, ()),
    ("send rate", "ib_send_bw", 64, 16000, ()),
    ("atomic rate", "ib_atomic_bw", 0, 9600, ()),
    ("write latency", "ib_write_lat", 8, 2000, ()),
    ("send latency", "ib_send_lat", 64, 2000, ()),
    ("write bandwidth", "ib_write_bw", 65536, 600, ()),
    ("read bandwidth", "ib_read_bw", 65536, 600, ()),
    ("send bandwidth", "ib_send_bw", 65536, 600, ()),
    ("UD send rate", "ib_send_bw", 64, 8000, ("-c", "UD")),
    ("UD send latency", "ib_send_lat", 64, 2000, ("-c", "UD")),
    ("SRQ send rate", "ib_send_bw", 64, 8000, ("--use-srq",)),
    ("write rate, 16 QPs", "ib_write_bw", 64, 1600, ("-q", "16")),
    ("write rate, lists of 16", "ib_write_bw", 64, 16000, ("-l", "16")),
)


class Column:
    """One device on one path, with or without deferral."""

    def __init__(self, device, path, server, client, chain=0, setting=None):
        self.device = device
        self.path = path
        self.server = server
        self.client = client
        self.chain = chain
        self.setting = setting

    def prepare(self):
        if self.setting:
            self.set("loopback", self.setting)

    def setting_file(self, name):
        return "%s/%s/ndk/%s" % (SYS, self.client.device, name)

    def set(self, name, value):
        """Returns what it was."""
        with open(self.setting_file(name), encoding="ascii") as f:
            before = f.read()
        with open(self.setting_file(name), "w", encoding="ascii") as f:
            f.write(value)
        return before


class Bench:
    def __init__(self, rounds):
        self.rounds = rounds
        self.pair = Pair()
        self.columns = []
        self.failed = 0
        self.done = 0
        self.total = 0
        self.started = time.monotonic()

    def progress(self, text):
        seconds = int(time.monotonic() - self.started)
        share = " %d/%d" % (self.done, self.total) if self.total else ""
        print("bench: %d:%02d%s %s" % (seconds // 60, seconds % 60, share,
                                       text), file=sys.stderr, flush=True)

    def fail(self, what, error):
        self.failed += 1
        print("bench: FAILED: %s\n%s" % (what, error), file=sys.stderr,
              flush=True)

    def set_up(self):
        self.progress("loading modules")
        load("rxe")
        rxe = loop("rxe", "rxe0", "dummy0", "10.78.0.1")
        self.columns.append(Column("rxe", "loopback", rxe, rxe))
        try:
            load("ndk")
            self._set_up_ours()
        except Failed as error:
            self.fail("setting up ndk", error)
        try:
            load("ndk_hca")
            self._set_up_stacked(rxe)
        except Failed as error:
            self.fail("setting up ndk_hca", error)

    def _set_up_ours(self):
        own = loop("ndk", "ndk0", "dummy0", "10.79.0.1", "alone")
        left, right = veth("ndk")
        switch = os.path.exists("%s/ndk0/ndk/loopback" % SYS)
        direct = "direct" if switch else None
        self.columns += [
            Column("ndk", "loopback", own, own, 0, direct),
            Column("ndk", "loopback", own, own, CHAIN, direct),
            Column("ndk", "veth", left, right),
            Column("ndk", "veth", left, right, CHAIN),
        ]
        if switch:
            self.columns.append(Column("ndk", "loopback-wire", own, own, 0,
                                       "wire"))

    def _set_up_stacked(self, rxe):
        """On that very rxe: what differs is what we add."""
        own = End("ndkh0", rxe.address)
        add_link(own, "ndk_hca", "dummy0")
        self.columns += [Column("hca", "on rxe", own, own),
                         Column("hca", "on rxe", own, own, CHAIN)]

    def emit(self, column, name, size, value, unit, number):
        options = "defer=%d" % column.chain if column.chain else ""
        print(json.dumps({
            "name": name, "device": column.device, "path": column.path,
            "size": size, "options": options, "value": value, "unit": unit,
            "round": number}), flush=True)

    def measure(self, column, test, number):
        name, tool, size, iterations, more = test
        options = ["-n", str(iterations), *more]
        if size:
            options += ["-s", str(size)]
        column.prepare()
        result = self.pair.run(tool, column.server, column.client, options,
                               column.chain)
        if result.usec is not None:
            self.emit(column, name, size, result.usec, "usec", number)
        elif "rate" in name:
            self.emit(column, name, size, result.msg_s, "msg/s", number)
        else:
            self.emit(column, name, size, result.mb_s, "MB/s", number)
        requests = result.counters.get("send_requests")
        if requests:
            self.emit(column, name, size,
                      result.counters.get("doorbells", 0) / requests,
                      "doorbells/msg", number)
        bells = result.counters.get("doorbells")
        if bells and column.device == "hca":
            self.emit(column, name + ": per chain", size,
                      result.counters["lower_posts"] / bells, "lower posts",
                      number)

    def wanted(self, column, test):
        """A latency test waits for each request: nothing to defer. The
        rows with options are about what they name, not about deferral."""
        return not (column.chain and (test[1].endswith("_lat") or test[4]))

    def run_rounds(self):
        plan = [(test, column) for test in TESTS for column in self.columns
                if self.wanted(column, test)]
        self.total = len(plan) * self.rounds
        for number in range(1, self.rounds + 1):
            for test, column in plan:
                what = "round %d: %s, %s %s%s" % (
                    number, test[0], column.device, column.path,
                    " deferred" if column.chain else "")
                self.progress(what)
                try:
                    self.measure(column, test, number)
                except Failed as error:
                    self.fail(what, error)
                self.done += 1

    def kernel_api(self):
        """Chains by the kernel API, deferred and not, in turn."""
        perf = ndkperf.Ndkperf()
        # the plain columns of ours: a device to itself, between two, on rxe
        columns = [c for c in self.columns if c.device in ("ndk", "hca") and
                   c.path in ("loopback", "veth", "on rxe") and not c.chain]
        try:
            sh("modprobe", "ndkperf")
        except Failed as error:
            self.fail("loading ndkperf", error)
            return
        for number in range(1, self.rounds + 1):
            for column in columns:
                for test in ndkperf.TESTS:
                    self.progress("round %d: %s, %s" % (number, test[0],
                                                        column.path))
                    self.chains(perf, column, test, number)

    def chains(self, perf, column, test, number):
        name, _, chain, _, size = test
        column.prepare()
        # no timer: a processor that was taken away is no reason to ring
        usecs = column.set("defer_usecs", "0")
        for defer in (False, True):
            shown = Column(column.device, column.path, None, None,
                           chain if defer else 0)
            before = column.client.counters()
            try:
                result = perf.run(column.server, column.client, test, defer)
            except Failed as error:
                self.fail(name, error)
                continue
            self.emit(shown, name, size, result["requests_per_second"],
                      "msg/s", number)
            self.emit(shown, name, size, result["doorbells_per_request"],
                      "doorbells/msg", number)
            self.emit(shown, name, size, result["doorbells_per_chain"],
                      "doorbells/chain", number)
            if column.device == "hca":
                counted = difference(before, column.client.counters())
                self.emit(shown, name + ": per chain", size,
                          counted["lower_posts"] / counted["doorbells"],
                          "lower posts", number)
        column.set("defer_usecs", usecs)

    def nvme(self, number):
        """Needs the RoCEv2 port of the first namespace, one after the other."""
        for kind in ("rxe", "ndk"):
            self.progress("round %d: nvme over %s" % (number, kind))
            disk = nvme.Disk(kind)
            try:
                disk.up()
                for name, size, options, unit in nvme.TESTS:
                    value = disk.read(options, unit)
                    self.emit(Column(kind, "loopback", None, None), name, size,
                              value, unit, number)
            except (Failed, ValueError) as error:
                self.fail("nvme over " + kind, error)
            for problem in disk.down():
                self.fail("nvme over %s, cleaning up" % kind, problem)

    def disks(self):
        try:
            sh("modprobe", "-r", "rdma_rxe")
            nvme.load_clients()
        except Failed as error:
            self.fail("setting up nvme", error)
            return
        for number in range(1, self.rounds + 1):
            self.nvme(number)

    def memory(self):
        for column in self.columns[:2]:
            self.progress("memory per queue pair, " + column.device)
            try:
                # Twice: the first finds caches that have to grow once.
                for number in (0, 1):
                    words = json.loads(sh(METER, column.client.device, "256",
                                          timeout=120))
                    if number:
                        self.emit(column, "memory per RC QP", 0,
                                  words["accounted"], "bytes", number)
            except (Failed, ValueError, subprocess.SubprocessError) as error:
                self.fail("memory of " + column.device, error)

    def offload(self):
        """The offload core, whose module measures while it is loaded."""
        for number in range(1, self.rounds + 1):
            self.offload_by(toe_bench, "offload core", number)

    def live_offload(self):
        for number in range(1, self.rounds + 1):
            # what hung once would do so in every round
            if not self.offload_by(toe_live_bench, "live offload", number):
                return

    def offload_by(self, module, what, number):
        self.progress("round %d: %s" % (number, what))
        try:
            for name, path, size, value, unit in module.measure():
                self.emit(Column("toe", path, None, None), name, size,
                          value, unit, number)
        except (Failed, ValueError, OSError) as error:
            self.fail(what, error)
            return False
        return True


def main():
    bench = Bench(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
    bench.set_up()
    bench.memory()
    bench.run_rounds()
    bench.kernel_api()
    bench.offload()
    bench.disks()
    # the youngest part last: whatever becomes of it, the rest is measured
    bench.live_offload()
    bench.progress("done, %d failed" % bench.failed)
    return 1 if bench.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        print("bench: FAILED: %s" % failure, file=sys.stderr)
        sys.exit(1)
