# SPDX-License-Identifier: GPL-2.0
"""Runs rdma-core's own tests of its Python bindings on one device and writes
one line per test: name, outcome (pass, fail, skip) and the reason, tabs in
between.

The tests run in a child. One that hangs or dies is that test's failure, and a
new child does the rest.

Tests named in the variable NDK_LEAVE_OUT are not run; a name there that no test
has is an error.

usage: pyverbs_suite.py FOLDER DEVICE GID-INDEX ADDRESS NETDEV RESULTS
"""

import faulthandler
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
import unittest

LIMIT = 60		# seconds for one test


def all_tests(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from all_tests(item)
        else:
            yield item


def load(folder, device, gid, address, netdev):
    """The suite, configured as its own run_tests.py would."""
    sys.path[:0] = [folder, os.path.join(folder, "tests")]
    sys.argv[1:] = ["--dev", device, "--port", "1", "--gid", gid]
    from args_parser import parser
    parser.parse_args()
    import tests
    from tests.base import RDMATestCase

    # The tests of connections look in sysfs for the netdev below the RDMA
    # device, which only a device on a bus has.
    with open("/sys/class/net/%s/address" % netdev, encoding="ascii") as f:
        mac = f.read().strip()

    def with_address(self, dev, port, index):
        self.args.append([dev, port, index, address, mac])

    RDMATestCase._get_ip_mac = with_address
    return list(all_tests(unittest.defaultTestLoader.loadTestsFromModule(
        tests)))


class Lines(unittest.TestResult):
    """Tells the parent what begins and how it ends."""

    def __init__(self, out):
        super().__init__()
        self.out = out
        self.outcome = None

    def say(self, *words):
        text = "\t".join(" ".join(word.split()) for word in words)
        self.out.write(text + "\n")
        self.out.flush()

    def startTest(self, test):
        super().startTest(test)
        self.outcome = ("pass", "")
        self.say("begin", test.id())
        faulthandler.dump_traceback_later(LIMIT, exit=True)

    def stopTest(self, test):
        faulthandler.cancel_dump_traceback_later()
        super().stopTest(test)
        self.say("end", test.id(), *self.outcome)

    def addFailure(self, test, err):
        self.outcome = ("fail", self.told(err))

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err:
            self.outcome = ("fail", self.told(err))

    def addSkip(self, test, reason):
        self.outcome = ("skip", reason)

    def addUnexpectedSuccess(self, test):
        self.outcome = ("fail", "succeeded unexpectedly")

    @staticmethod
    def told(err):
        traceback.print_exception(*err)
        sys.stderr.flush()
        last = traceback.extract_tb(err[2])[-1]
        return "%s: %s (%s:%d)" % (err[0].__name__, err[1],
                                   os.path.basename(last.filename),
                                   last.lineno)


def leave_out():
    return set(os.environ.get("NDK_LEAVE_OUT", "").split())


def child(words, done):
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)		# what tests print
        tests = load(*words)
        gone = leave_out() - {test.id() for test in tests}
        if gone:
            sys.exit("no such test: " + " ".join(gone))
        tests = [test for test in tests if test.id() not in done]
        # A suite would print tests it could not import as one failure, and
        # share their fixtures; there are none.
        result = Lines(out)
        result.say("loaded", str(len(tests)))
        for test in tests:
            test.run(result)
        result.say("finished")


def end_with(process):
    """Some tests have processes of their own, which would keep our pipe."""
    process.wait()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run_child(words, done, results):
    """Whether the child came to its end; what it did is added to done."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--child", *words], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, errors="replace",
        start_new_session=True)
    threading.Thread(target=end_with, args=(process,), daemon=True).start()
    process.stdin.write("\n".join(done))
    process.stdin.close()
    running = None
    finished = False
    for line in process.stdout:
        words = line.rstrip("\n").split("\t")
        if words[0] == "begin":
            running = words[1]
            started = time.monotonic()
        elif words[0] == "end":
            done[running] = words[2:]
            results.write("\t".join(words[1:]) + "\n")
            took = time.monotonic() - started
            print("%-6s %5.1f s %s" % (words[2], took, running), flush=True)
            running = None
        elif words[0] == "finished":
            finished = True
    process.wait()
    if running:
        why = "killed its process, or took more than %d s" % LIMIT
        done[running] = ["fail", why]
        results.write("\t".join([running, "fail", why]) + "\n")
        print("died   %s" % running, flush=True)
        return True
    if not finished:
        sys.exit("the tests cannot be loaded")
    return False


def main():
    if sys.argv[1] == "--child":
        child(sys.argv[2:], set(sys.stdin.read().split("\n")))
        return
    done = {name: ["left out"] for name in leave_out()}
    with open(sys.argv[6], "w", encoding="utf-8") as results:
        while run_child(sys.argv[1:6], done, results):
            pass


main()
