# SPDX-License-Identifier: GPL-2.0
"""The offload core's own measurements: loads ndk_toe_bench and reads the
figures it leaves in its module parameters."""

import os

from topology import sh

MODULE = "ndk_toe_bench"
PARAMETERS = "/sys/module/%s/parameters" % MODULE
UNIT = 65536
# parameter, name of the row, column, size, unit
FIGURES = (
    ("tree_small_ns", "TOE initiate, per connection", "tree of 10", 0, "ns"),
    ("tree_large_ns", "TOE initiate, per connection", "tree of 1000", 0, "ns"),
    ("conn_bytes", "TOE memory per connection", "", 0, "bytes"),
    ("copy_mbs", "TOE delivery", "copy", UNIT, "MB/s"),
    ("chained_mbs", "TOE delivery", "chained", UNIT, "MB/s"),
    ("chained_copies", "TOE copies, chained", "chained", UNIT, "copies"),
)


def parameter(name):
    with open(os.path.join(PARAMETERS, name), encoding="ascii") as f:
        return int(f.read())


def measure():
    """[(name, column, size, value, unit)]"""
    sh("modprobe", MODULE, timeout=120)
    try:
        if not parameter("chained_units"):
            raise ValueError("nothing was delivered in chained form")
        return [(name, column, size, parameter(which), unit)
                for which, name, column, size, unit in FIGURES]
    finally:
        sh("modprobe", "-r", MODULE, timeout=60)


if __name__ == "__main__":
    for row in measure():
        print(*row)
