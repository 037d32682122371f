# SPDX-License-Identifier: GPL-2.0
"""Live offload: one connection over veth, this end with the host stack or at
the software target, and what a move costs.

    namespace toel  tl <--- veth ---> tr  namespace toer (server)
                    10.84.0.1             10.84.0.2
"""

import json
import os
import subprocess

from topology import Failed, add_namespace, sh, wait_for

METER = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                     "../../build/toemeter")
SERVER = "10.84.0.2"
PORT = "7001"
MEGABYTES = "100"
TURNS = "4000"
ROUNDS = "100"
BATCH = "256"
# what the meter is told, its figure, name of the row, size, unit
STREAMS = (
    (("bulk", MEGABYTES), "mbs", "TCP stream, sent", 131072, "MB/s"),
    (("pull", MEGABYTES), "mbs", "TCP stream, received", 131072, "MB/s"),
    (("turn", TURNS), "turns", "TCP request/response", 64, "msg/s"),
)
# the meter's figure, name of the row, column
MOVES = (
    ("offload_median_us", "TCP move there", "median"),
    ("offload_99_us", "TCP move there", "99 %"),
    ("upload_median_us", "TCP move back", "median"),
    ("upload_99_us", "TCP move back", "99 %"),
)
BATCHES = (
    ("offload_single_us", "TCP move there, per connection", "one by one"),
    ("offload_batch_us", "TCP move there, per connection", "batch of 256"),
    ("upload_single_us", "TCP move back, per connection", "one by one"),
    ("upload_batch_us", "TCP move back, per connection", "batch of 256"),
)


class Live:
    """The two namespaces, and a server in one of them."""

    def __init__(self):
        self.server = None

    def __enter__(self):
        sh("modprobe", "ndk_toe_host", timeout=120)
        for ns in ("toel", "toer"):
            add_namespace(ns)
        sh("ip", "link", "add", "tl", "netns", "toel", "type", "veth", "peer",
           "name", "tr", "netns", "toer")
        for ns, dev, address in (("toel", "tl", "10.84.0.1"),
                                 ("toer", "tr", SERVER)):
            sh("ip", "addr", "add", address + "/24", "dev", dev, ns=ns)
            sh("ip", "link", "set", dev, "up", ns=ns)
        self.server = subprocess.Popen(
            ("ip", "netns", "exec", "toer", METER, "serve", SERVER, PORT))
        wait_for("the server", lambda: PORT in sh("ss", "-Hltn", ns="toer"))
        return self

    def __exit__(self, *what):
        self.server.kill()
        self.server.wait()
        for ns in ("toel", "toer"):
            sh("ip", "netns", "delete", ns)

    @staticmethod
    def run(kind, count, *more):
        return json.loads(sh(METER, kind, SERVER, PORT, count, *more,
                             ns="toel", timeout=90))


def measure():
    """(name, column, size, value, unit), one after the other"""
    with Live() as live:
        for words, figure, name, size, unit in STREAMS:
            for column, more in (("host", ()), ("target", ("offload",))):
                yield (name, column, size, live.run(*words, *more)[figure],
                       unit)
        figures = live.run("move", ROUNDS)
        figures.update(live.run("batch", BATCH))
        for figure, name, column in MOVES + BATCHES:
            yield name, column, 0, figures[figure], "usec"


if __name__ == "__main__":
    try:
        for row in measure():
            print(*row, sep="\t", flush=True)
    except Failed as failure:
        raise SystemExit("toe_live_bench: %s" % failure) from None
