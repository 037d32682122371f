# SPDX-License-Identifier: GPL-2.0
"""Runs ndkperf, the consumer of the NDK kernel API, between two ends."""

import json
import os
import signal
import subprocess

from topology import Failed, wait_for

PROGRAM = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                       "../../build/ndkperf")
# name, operation, requests of a chain, outstanding requests, bytes
TESTS = (
    ("NDK chains of 3, fastreg+send", "fastreg+send", 3, 48, 4096),
    ("NDK chains of 16 writes", "write", 16, 64, 64),
)
SECONDS = 2
# On the processor of the first completion vector, where a server's callbacks
# run if they do not run where the client posts: both ends share one processor
# in every run, not in some.
PINNED = ["taskset", "-c", "0"]


def command(end, *words):
    prefix = ["ip", "netns", "exec", end.ns] if end.ns else []
    return prefix + [PROGRAM, *words]


class Ndkperf:
    """Numbers the runs, so that no port is used twice."""

    def __init__(self):
        self.port = 18600

    def run(self, server, client, test, defer):
        """What the program prints with --json."""
        _, op, chain, depth, size = test
        self.port += 1
        passive = subprocess.Popen(
            command(server, "--server", "--bind", server.address, "--port",
                    str(self.port), "--clients", "1"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.STDOUT, start_new_session=True)
        try:
            line = passive.stdout.readline()
            if not line.startswith("listening"):
                raise Failed("ndkperf --server: " + line)
            words = command(
                client, "--connect", server.address, "--port", str(self.port),
                "--op", op, "--chain", str(chain), "--depth", str(depth),
                "--size", str(size), "--defer", "on" if defer else "off",
                "--seconds", str(SECONDS), "--json", "--quiet")
            result = subprocess.run(
                PINNED + words, text=True, timeout=60, check=False,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT)
            if result.returncode:
                raise Failed("ndkperf: " + result.stdout)
            wait_for("the server to end", lambda: passive.poll() is not None)
            return json.loads(result.stdout)
        except subprocess.TimeoutExpired:
            raise Failed("ndkperf: not finished") from None
        finally:
            if passive.poll() is None:
                os.killpg(passive.pid, signal.SIGKILL)
            passive.wait()
