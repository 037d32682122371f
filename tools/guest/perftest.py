# SPDX-License-Identifier: GPL-2.0
"""Runs one of Debian's RDMA performance tools between two ends and returns
what it measured and what the devices counted meanwhile."""

import os
import re
import signal
import subprocess
import tempfile

from topology import Failed, difference, wait_for

DEFER = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../defer")
FIRST_PORT = 20000
LISTEN = "0A"		# TCP state in /proc/net/tcp

# The tools print no JSON that a JSON reader accepts; the tables are stable.
BW = re.compile(r"^\s*\d+\s+\d+\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s*$", re.M)
LAT = re.compile(r"^\s*\d+\s+\d+\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)"
                 r"\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s*$", re.M)


class Result:
    """mb_s and msg_s of a bandwidth test or usec (median) of a latency test,
    None where the test does not say; and the counters of both ends."""

    def __init__(self, counters, mb_s=None, msg_s=None, usec=None):
        self.counters = counters
        self.mb_s = mb_s
        self.msg_s = msg_s
        self.usec = usec


def parse(tool, text):
    if tool.endswith("_lat"):
        found = LAT.search(text)
        return {"usec": float(found[3])} if found else None
    found = BW.search(text)
    if not found:
        return None
    return {"mb_s": float(found[2]), "msg_s": float(found[3]) * 1e6}


def listens(pid, port):
    wanted = ":%04X" % port
    for table in ("tcp", "tcp6"):
        try:
            with open("/proc/%d/net/%s" % (pid, table), encoding="ascii") as f:
                for line in f:
                    words = line.split()
                    if words[1].endswith(wanted) and words[3] == LISTEN:
                        return True
        except OSError:
            continue
    return False


def command(end, tool, options, port):
    words = ["ip", "netns", "exec", end.ns] if end.ns else []
    return words + [tool, "-d", end.device, "-F", "-p", str(port), "-x",
                    str(end.gid_index()), "--use_old_post_send", *options]


class Pair:
    """Numbers the runs, so that no port is used twice."""

    def __init__(self):
        self.port = FIRST_PORT

    def run(self, tool, server, client, options=(), chain=0, timeout=60):
        """chain: how many requests to defer together, 0 for none."""
        ends = {server.device: server, client.device: client}
        before = {name: end.counters() for name, end in ends.items()}
        # The tools measure the processor's clock when they start. Emulated,
        # it sometimes stands still for them, and all their times are "inf".
        for _ in range(3):
            self.port += 1
            text = self._both(tool, server, client, list(options), chain,
                              timeout)
            if " inf " not in text:
                break
        measured = parse(tool, text)
        if not measured:
            raise Failed("%s: no result in its output:\n%s" % (tool, text))
        total = {}
        for name, end in ends.items():
            for key, value in difference(before[name],
                                         end.counters()).items():
                total[key] = total.get(key, 0) + value
        return Result(total, **measured)

    def _both(self, tool, server, client, options, chain, timeout):
        with tempfile.TemporaryFile("w+") as log:
            passive = subprocess.Popen(
                command(server, tool, options, self.port),
                stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True)
            try:
                wait_for("%s to listen" % tool,
                         lambda: passive.poll() is not None or
                         listens(passive.pid, self.port))
                words = command(client, tool, options, self.port)
                words.append(server.address)
                if chain:
                    words = [DEFER, "--chain", str(chain), "--", *words]
                text = self._client(tool, words, timeout)
                passive.wait(timeout=20)
                if passive.returncode:
                    raise Failed("status %d" % passive.returncode)
                return text
            except (Failed, subprocess.TimeoutExpired) as error:
                log.seek(0)
                raise Failed("%s\nserver side:\n%s" %
                             (error, log.read())) from None
            finally:
                if passive.poll() is None:
                    os.killpg(passive.pid, signal.SIGKILL)
                    passive.wait()

    @staticmethod
    def _client(tool, words, timeout):
        try:
            result = subprocess.run(words, text=True, timeout=timeout,
                                    stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, check=False)
        except subprocess.TimeoutExpired as error:
            text = error.stdout or b""
            raise Failed("%s: not finished after %d s\n%s" % (
                tool, timeout, text.decode(errors="replace"))) from None
        if result.returncode:
            raise Failed("%s: status %d\n%s" % (tool, result.returncode,
                                                result.stdout))
        return result.stdout
