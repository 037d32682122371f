# SPDX-License-Identifier: GPL-2.0
"""What a run of tools/check tells: while it goes on, at its end, and in
build/log for whoever wants to know more."""

import os
import re
import sys
import threading
import time

FOR_A_PERSON = 4.8	# seconds between two progress lines on a terminal
FOR_A_LOG = 60		# and where nobody watches
WIDTH = 160
HEAD, TAIL = 4, 4	# lines of a failure that are repeated at the end
REPEATED = 40		# failures
SLOWEST = 10


def summary(cases):
    skipped = sum(1 for c in cases if c.skipped is not None)
    passed = sum(1 for c in cases if c.passed) - skipped
    text = "%d passed, %d failed" % (passed, sum(1 for c in cases
                                                 if not c.passed))
    return text + (", %d skipped" % skipped if skipped else "")


def minutes(seconds):
    return "%d:%02d" % (seconds // 60, seconds % 60)


def indented(lines):
    return "".join("    %s\n" % line for line in lines)


def told(case):
    if case.skipped is not None:
        return "skipped: %s (%s)\n" % (case.name, case.skipped)
    if case.passed:
        return "ok: %s\n" % case.name
    return "FAILED: %s\n%s" % (case.name, indented(case.detail.splitlines()))


def briefly(case):
    """A failure's name with where it begins and where it ends: reports of the
    kernel say first what is wrong, test scripts say it last."""
    lines = [line[:WIDTH] for line in case.detail.splitlines() if line.strip()]
    if len(lines) > HEAD + TAIL + 1:
        lines = (lines[:HEAD] + ["... %d lines" % (len(lines) - HEAD - TAIL)] +
                 lines[-TAIL:])
    return "FAILED: %s\n%s" % (case.name[:WIDTH], indented(lines))


class Progress:
    """A line with the time, the results and what is going on: every five
    seconds to a terminal, once a minute elsewhere. A failure at once and in
    full; all failures briefly once more at the end, for of a long log often
    only the end is kept."""

    def __init__(self, logs):
        self.started = time.monotonic()
        self.cases = []
        self.doing = {}			# thread -> what it does
        self.lock = threading.Lock()
        self.person = sys.stderr.isatty()
        self.every = FOR_A_PERSON if self.person else FOR_A_LOG
        self.last = None
        self.logs = logs
        self.log = open(os.path.join(logs, "check.log"), "w", encoding="utf-8")
        self.times = open(os.path.join(logs, "check-times.txt"), "w",
                          encoding="utf-8")
        self.spans = []			# (seconds, what)
        self.stopped = threading.Event()
        threading.Thread(target=self._tick, daemon=True).start()

    def elapsed(self):
        return time.monotonic() - self.started

    def _tick(self):
        while not self.stopped.wait(self.every):
            self._print()

    def _print(self):
        with self.lock:
            self.last = time.monotonic()
            what = "; ".join(self.doing.values())
            print("check: %s %s; %s" % (minutes(int(self.elapsed())),
                                        summary(self.cases), what),
                  file=sys.stderr, flush=True)

    def doing_now(self, what):
        """For the next progress line."""
        with self.lock:
            self.doing[threading.get_ident()] = what

    def now(self, what):
        """A new step, which a person sees at once."""
        self.doing_now(what)
        if self.person or self.last is None:
            self._print()

    def idle(self):
        with self.lock:
            self.doing.pop(threading.get_ident(), None)

    def add(self, cases):
        with self.lock:
            for case in cases:
                self.cases.append(case)
                self.log.write("%s %s" % (minutes(self.elapsed()), told(case)))
                if not case.passed or case.skipped is not None:
                    sys.stdout.write(told(case))
            self.log.flush()
        sys.stdout.flush()

    def note(self, text):
        """What takes how long, for whoever wants the run to be shorter."""
        with self.lock:
            self.times.write("%s  %s\n" % (minutes(self.elapsed()), text))
            self.times.flush()

    def took(self, seconds, what):
        with self.lock:
            self.spans.append((seconds, what))

    def end(self):
        """The last words of the run; whether it passed."""
        self.stopped.set()
        self.times.write("\nslowest of all:\n" + "".join(
            "%7.1f s  %s\n" % span
            for span in sorted(self.spans, reverse=True)[:SLOWEST]))
        self.times.write("all:\n" + "".join(
            "%7.1f s  %s\n" % span
            for span in sorted(self.spans, key=lambda s: s[1])))
        self.times.close()
        failures = [case for case in self.cases if not case.passed]
        if failures:
            print("\nall failures once more; everything is in %s" %
                  os.path.relpath(self.log.name))
            for case in failures[:REPEATED]:
                sys.stdout.write(briefly(case))
            if len(failures) > REPEATED:
                print("... and %d more" % (len(failures) - REPEATED))
        self.log.write(summary(self.cases) + "\n")
        self.log.close()
        print(summary(self.cases), flush=True)
        return bool(self.cases) and not failures


def clear(logs):
    """Output of the runs before."""
    os.makedirs(logs, exist_ok=True)
    for name in os.listdir(logs):
        if re.search(r"\.(console|out|err)$", name):
            os.unlink(os.path.join(logs, name))
