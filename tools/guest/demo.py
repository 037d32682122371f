#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The demonstration, inside the virtual machine: unmodified tools over ndk0,
then between two namespaces; ends in a table."""

import os
import sys
import time

sys.dont_write_bytecode = True

from perftest import Pair				# noqa: E402
from topology import Failed, load, loop, sh, veth	# noqa: E402

CHAIN = 16
# tool, size in bytes (0: the tool has one only), iterations
TESTS = (
    ("ib_write_bw", 65536, 600),
    ("ib_write_bw", 64, 6400),
    ("ib_write_lat", 8, 1000),
    ("ib_send_bw", 65536, 600),
    ("ib_send_lat", 64, 1000),
    ("ib_read_bw", 65536, 600),
    ("ib_atomic_bw", 0, 3200),
)
# For trying out the tools without our module.
KIND = os.environ.get("NDK_STAND_IN", "ndk")

started = time.monotonic()


def progress(text):
    seconds = int(time.monotonic() - started)
    print("demo: %d:%02d %s" % (seconds // 60, seconds % 60, text),
          file=sys.stderr, flush=True)


class Row:
    """One line of the table."""

    def __init__(self, path, tool, size):
        self.path = path
        self.tool = tool
        self.size = size
        self.plain = self.deferred = None
        self.error = None

    def cells(self):
        name = self.tool + (" %d B" % self.size if self.size else "")
        if self.error:
            return [self.path, name, "FAILED"]
        return [self.path, name, *self._side(self.plain),
                *self._side(self.deferred), self._gain()]

    @staticmethod
    def _side(result):
        if not result:
            return ["-", "", "", ""]
        if result.usec is not None:
            value = "%.1f usec" % result.usec
        elif result.mb_s >= 20:
            value = "%.1f MB/s" % result.mb_s
        else:
            value = "%.0f msg/s" % result.msg_s
        requests = result.counters.get("send_requests", 0)
        bells = result.counters.get("doorbells", 0)
        per = "%.3f" % (bells / requests) if requests else "?"
        return [value, str(requests), str(bells), per]

    def _gain(self):
        if not self.deferred or not self.plain.msg_s:
            return ""
        return "%.2fx" % (self.deferred.msg_s / self.plain.msg_s)


def run_test(pair, row, server, client, iterations):
    options = ["-n", str(iterations)]
    if row.size:
        options += ["-s", str(row.size)]
    row.plain = pair.run(row.tool, server, client, options)
    if row.tool.endswith("_bw"):
        row.deferred = pair.run(row.tool, server, client, options, CHAIN)


def run_tests(path, server, client, rows):
    pair = Pair()
    for tool, size, iterations in TESTS:
        row = Row(path, tool, size)
        rows.append(row)
        progress("%s: %s %s" % (path, tool, size or ""))
        try:
            run_test(pair, row, server, client, iterations)
        except Failed as error:
            row.error = str(error)
            print("demo: FAILED: %s\n%s" % (tool, error), file=sys.stderr,
                  flush=True)


def table(rows):
    head = ["path", "test", "undeferred", "requests", "doorbells", "per req.",
            "deferred", "requests", "doorbells", "per req.", "gain"]
    lines = [head] + [(row.cells() + [""] * 11)[:11] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    print()
    for line in lines:
        print("  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip())
    print()
    print("deferred: all but every %dth request of the client carry the defer "
          "flag." % CHAIN)
    print("Latency tests wait for every request, so there is no chain to "
          "defer: -")
    print("Figures are from an emulated machine; compare them with each "
          "other only.")


def main():
    rows = []
    errors = 0
    progress("loading modules")
    load(KIND)
    try:
        end = loop(KIND, "ndk0", "dummy0", "10.77.0.1")
        print(sh("rdma", "link", "show", "ndk0/1"), end="")
        print(sh("ibv_devinfo", "-d", "ndk0"), flush=True)
        run_tests("loopback", end, end, rows)
        print(sh("rdma", "statistic", "show", "link", "ndk0/1"), flush=True)
        sh("rdma", "link", "delete", "ndk0")
        if KIND == "ndk":
            run_tests("veth", *veth(KIND), rows)
            for name in ("ndkl", "ndkr"):
                sh("rdma", "link", "delete", name)
    except Failed as error:
        print("demo: FAILED: %s" % error, file=sys.stderr)
        errors += 1
    table(rows)
    errors += sum(1 for row in rows if row.error)
    if errors:
        print("\n%d steps FAILED" % errors)
    return 1 if errors or not rows else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        print("demo: FAILED: %s" % failure, file=sys.stderr)
        sys.exit(1)
