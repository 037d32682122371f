#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Turns the records of `make bench` into a table, build/bench.json and
build/bench.svg: bench_report.py RECORDS OUTPUT-FOLDER"""

import json
import os
import statistics
import subprocess
import sys

BASE = ("rxe", "loopback", "")
# What has to be reached against rxe's loopback: name, path -> ratio.
TARGETS = {
    ("write rate", "loopback"): 2.0, ("send rate", "loopback"): 2.0,
    ("write latency", "loopback"): 0.5, ("send latency", "loopback"): 0.5,
    ("write bandwidth", "loopback"): 2.0, ("read bandwidth", "loopback"): 2.0,
    ("write rate", "veth"): 1.0, ("send rate", "veth"): 1.0,
    ("write latency", "veth"): 1.0, ("send latency", "veth"): 1.0,
    ("write bandwidth", "veth"): 1.0, ("read bandwidth", "veth"): 1.0,
}
for _name in ("UD send rate", "SRQ send rate", "write rate, 16 QPs",
              "write rate, lists of 16", "nvme random read, depth 1",
              "nvme random read, depth 32", "nvme sequential read, depth 32"):
    TARGETS[(_name, "loopback")] = 2.0
TARGETS[("UD send latency", "loopback")] = 0.5
LOWER_IS_BETTER = ("usec", "ns", "bytes", "instructions")
# The kernel API, one column against another: name, the columns, wanted.
PAIRS = (
    ("NDK chains of 3, fastreg+send", ("ndk", "loopback", "defer=3"),
     ("ndk", "loopback", ""), 1.3),
    ("NDK chains of 16 writes", ("ndk", "loopback", "defer=16"),
     ("ndk", "loopback", ""), 1.3),
    ("NDK chains of 3, fastreg+send", ("ndk", "veth", "defer=3"),
     ("ndk", "veth", ""), None),
    ("NDK chains of 16 writes", ("ndk", "veth", "defer=16"),
     ("ndk", "veth", ""), None),
    ("NDK chains of 3, fastreg+send", ("hca", "on rxe", "defer=3"),
     ("hca", "on rxe", ""), 1.2),
    ("NDK chains of 16 writes", ("hca", "on rxe", "defer=16"),
     ("hca", "on rxe", ""), 1.2),
    ("NDK post, deferred", ("ndk", "loopback", ""),
     ("verbs", "loopback", ""), 1.15),
    ("NDK post, undeferred", ("ndk", "loopback", ""),
     ("verbs", "loopback", ""), 1.15),
    ("NDK chain of 3, fastreg+send", ("ndk", "loopback", "defer=3"),
     ("ndk", "loopback", ""), None),
    ("NDK chain of 16 writes", ("ndk", "loopback", "defer=16"),
     ("ndk", "loopback", ""), None),
)
# The offload core is measured against itself: name -> base column.
BASES = {
    "TOE delivery": ("toe", "copy", ""),
    "TOE initiate, per connection": ("toe", "tree of 10", ""),
}
# Live offload against the host stack, a batch against single moves.
for _name, _wanted in (("TCP stream, sent", 0.7),
                       ("TCP stream, received", 0.7),
                       ("TCP request/response", 0.8)):
    BASES[_name] = ("toe", "host", "")
    TARGETS[(_name, "target")] = _wanted
for _name in ("TCP move there", "TCP move back"):
    BASES[_name] = ("toe", "median", "")
    BASES[_name + ", per connection"] = ("toe", "one by one", "")
# There it is one grace period for all; on the way back there is none.
TARGETS[("TCP move there, per connection", "batch of 256")] = 0.05
TARGETS[("TOE delivery", "chained")] = 1.5
TARGETS[("TOE initiate, per connection", "tree of 1000")] = 1.2
# What has to be reached on its own.
LIMITS = {"TOE memory per connection": 1024, "TOE copies, chained": 0}
# Stacked on rxe: this much of what rxe itself does, where it is a rate.
STACKED = 0.9

PLOT = """\
set terminal svg size 1000,520 font "sans,12" background "white"
set output "{svg}"
set title "{title}"
set ylabel "times as fast as rxe loopback"
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.85 border -1
set boxwidth 0.9
set grid ytics
set yrange [0:*]
set xtics rotate by -20
set key outside bottom center horizontal
set datafile missing "?"
plot {series}, 1 with lines lc rgb "black" dashtype 2 title "rxe loopback"
"""


def load(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.startswith("{")]


def column(record):
    return (record["device"], record["path"], record["options"])


def label(key):
    return " ".join(part for part in key if part)


def medians(records):
    """{(name, size, unit): {column: median}}"""
    groups = {}
    for record in records:
        test = (record["name"], record["size"], record["unit"])
        groups.setdefault(test, {}).setdefault(column(record), []).append(
            record["value"])
    return {test: {key: statistics.median(values)
                   for key, values in columns.items()}
            for test, columns in groups.items()}


def doorbells(table, test, key):
    return table.get((test[0], test[1], "doorbells/msg"), {}).get(key)


def number(value):
    return "%.0f" % value if value >= 1000 else "%.3g" % value


def judge_stacked(test, key, ratio):
    if key[2] or test[2] not in ("msg/s", "MB/s"):
        return ""
    return "%s (>= %g)" % ("ok" if ratio >= STACKED else "MISSED", STACKED)


def judge(test, key, ratio):
    """"", "ok" or "MISSED"."""
    if key[0] == "hca":
        return judge_stacked(test, key, ratio)
    target = TARGETS.get((test[0], key[1]))
    if target is None or key[0] not in ("ndk", "toe") or key[2]:
        return ""
    good = ratio <= target if test[2] in LOWER_IS_BETTER else ratio >= target
    return "%s (%s %g)" % ("ok" if good else "MISSED",
                           "<=" if test[2] in LOWER_IS_BETTER else ">=",
                           target)


def judge_alone(test, value):
    if test[0] not in LIMITS:
        return ""
    return "%s (<= %g)" % ("ok" if value <= LIMITS[test[0]] else "MISSED",
                           LIMITS[test[0]])


def rows(table):
    yield ("test", "device", "median", "unit", "against rxe loopback",
           "doorbells/msg", "wanted")
    for test, columns in table.items():
        if test[2] == "doorbells/msg":
            continue
        base_key = BASES.get(test[0], BASE)
        base = columns.get(base_key)
        name = test[0] + (" %d B" % test[1] if test[1] else "")
        for key, value in columns.items():
            ratio = value / base if base and key != base_key else None
            bells = doorbells(table, test, key)
            verdict = judge(test, key, ratio) if ratio else judge_alone(test, value)
            if test[2] == "lower posts" or (test[2] == "doorbells/chain" and
                                            key[2]):
                verdict = "ok (= 1)" if value == 1 else "MISSED (= 1)"
            yield (name, label(key), number(value), test[2],
                   "%.2fx" % ratio if ratio else "",
                   "%.3f" % bells if bells is not None else "", verdict)
            name = ""


def print_table(table, rounds):
    lines = list(rows(table))
    widths = [max(len(line[i]) for line in lines) for i in range(7)]
    for line in lines:
        print("  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip())
    print("""
Medians of %d rounds. Lower is better for usec and bytes, higher for the rest.
rxe 6.12 works in the first network namespace only, so that veth between
namespaces is put beside rxe on one device: rxe's loopback path, which hands
the packet straight to its receiver. loopback-wire is ours with that shortcut
off. TOE rows compare the offload core with itself: the chained form of a
delivery with the copy form, a tree of 1000 connections with one of 10. TCP
rows: one connection over veth, this end at the software target against the
host stack; moves of a connection there and back, alone and in a batch.""" % rounds)


def print_pairs(table):
    """How two ways of using the kernel API compare."""
    for name, of, against, wanted in PAIRS:
        for test, columns in table.items():
            if test[0] != name or test[2].startswith("doorbells") or not (
                    of in columns and against in columns):
                continue
            ratio = columns[of] / columns[against]
            less = test[2] in LOWER_IS_BETTER
            mark = ""
            if wanted:
                good = ratio <= wanted if less else ratio >= wanted
                mark = "  %s (%s %g)" % ("ok" if good else "MISSED",
                                         "<=" if less else ">=", wanted)
            print("%s: %s against %s: %.2fx%s" % (name, label(of),
                                                  label(against), ratio, mark))


def speed(test, value, base):
    return base / value if test[2] in LOWER_IS_BETTER else value / base


def plot(table, folder, rounds):
    tests = [test for test, columns in table.items() if BASE in columns and
             test[2] not in ("doorbells/msg", "bytes")]
    keys = []
    for test in tests:
        keys += [k for k in table[test] if k != BASE and k not in keys]
    if not keys:
        print("bench: nothing to compare, no plot", file=sys.stderr)
        return
    data = os.path.join(folder, "bench.dat")
    with open(data, "w", encoding="ascii") as out:
        for test in tests:
            base = table[test][BASE]
            values = ["%.4f" % speed(test, table[test][k], base)
                      if k in table[test] else "?" for k in keys]
            name = test[0] + (" %d B" % test[1] if test[1] else "")
            out.write('"%s" %s\n' % (name, " ".join(values)))
    series = ", ".join('"%s" using %d:xtic(1) title "%s"' %
                       (data, number + 2, label(key))
                       for number, key in enumerate(keys))
    script = PLOT.format(svg=os.path.join(folder, "bench.svg"), series=series,
                         title="RDMA over a software NIC, medians of %d "
                         "rounds" % rounds)
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def main():
    records = load(sys.argv[1])
    folder = sys.argv[2]
    if not records:
        print("bench: no measurement came out", file=sys.stderr)
        return 1
    with open(os.path.join(folder, "bench.json"), "w",
              encoding="utf-8") as out:
        json.dump(records, out, indent=1)
        out.write("\n")
    table = medians(records)
    rounds = max(record["round"] for record in records)
    print_table(table, rounds)
    print_pairs(table)
    plot(table, folder, rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
