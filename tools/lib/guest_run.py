# SPDX-License-Identifier: GPL-2.0
"""One guest with tests in it: how it is started, and what came of them."""

import os
import re
import subprocess
import threading
import time

from ktap import Case, parse
from report import reports

MEM = "3072"
MARK = re.compile(r"ndk-test: begin (\S+)")
# what tools/guest marks before the machine looks for leaks at its end
LEAKS = "leaks"


def free_name(folder, name):
    """A guest that dies has a successor."""
    number = 1
    found = name
    while os.path.exists(os.path.join(folder, found + ".console")):
        number += 1
        found = "%s-%d" % (name, number)
    return found


class Guest:
    """One run of tools/vm on the test kernel. In the folder of logs are then
    NAME.console, the kernel's, and NAME.out, the tests' output."""

    def __init__(self, progress, name, command, timeout):
        self.progress = progress
        self.name = free_name(progress.logs, name)
        self.console = os.path.join(progress.logs, self.name + ".console")
        top = os.path.dirname(os.path.dirname(progress.logs))
        words = [os.path.join(top, "tools/vm"), "run", "--kernel", "debug",
                 "--mem", MEM, "--timeout", str(timeout),
                 "--console", self.console, "--leaks",
                 "--env", "NDK_LEAKS=end",
                 "--env", "NDK_SCALE=" + os.environ.get("NDK_SCALE", ""),
                 "--env", "NDK_KIND=" + os.environ.get("NDK_KIND", "ndk"),
                 "--", *command]
        self.lines = []
        self.errors = []
        self.since = time.monotonic()
        self.running = self.name + ": boot"
        process = subprocess.Popen(words, cwd=top, text=True,
                                   errors="replace", stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        reader = threading.Thread(target=self._read_errors,
                                  args=(process.stderr,))
        reader.start()
        with open(os.path.join(progress.logs, self.name + ".out"), "w",
                  encoding="utf-8") as out:
            self._read(process.stdout, out)
        self.status = process.wait()
        self._next("")
        reader.join()

    def _read(self, stream, out):
        last = self.since
        for line in stream:
            out.write(line)
            line = line.rstrip("\n")
            self.lines.append(line)
            if not re.match(r" *(not )?ok\b|# (begin|end)", line):
                continue
            now = time.monotonic()
            if now - last > 0.1:
                self.progress.note("%6.1f s  %s: %s" % (
                    now - last, self.name, line.strip()))
            last = now
            words = line.split()
            if line.startswith("# begin "):
                self._next(short(words[2]))
            elif line.startswith("# end "):
                self._next(self.name + ": end")
            self.progress.doing_now("%s: %s" % (self.name, line.strip()[:70]))

    def _next(self, what):
        now = time.monotonic()
        self.progress.took(now - self.since, self.running)
        self.since = now
        self.running = what

    def _read_errors(self, stream):
        for line in stream:
            self.errors.append(line.rstrip("\n"))

    def sections(self):
        """{what "# begin" named: [lines]} in order."""
        found = {}
        name = None
        for line in self.lines:
            if line.startswith("# begin "):
                name = line[8:].strip()
                found[name] = []
            elif name:
                found[name].append(line)
        return found

    def console_lines(self):
        with open(self.console, encoding="utf-8", errors="replace") as log:
            return log.read().replace("\r", "").splitlines()

    def complaints(self):
        """{whose test: report text}, "boot" for before the first one."""
        lines = self.console_lines()
        found = {}
        for index, text in reports(lines):
            owner = "boot"
            for line in lines[:index + 1]:
                mark = MARK.search(line)
                owner = mark[1] if mark else owner
            found.setdefault(owner, []).append("\n".join(text))
        return {owner: "\n".join(texts[:3]) for owner, texts in found.items()}

    def has_scanned(self):
        return any("ndk-test: begin " + LEAKS in line
                   for line in self.console_lines())


def short(path):
    return os.path.basename(path).removesuffix(".sh")


def judge(guest, wanted, title):
    """Cases of one guest run, and what of wanted was not reached."""
    cases = []
    sections = guest.sections()
    for name, lines in sections.items():
        found = parse("\n".join(lines), title(name) + ": ")
        if not found:
            found = [Case(title(name) + ": no result", False,
                          detail="\n".join(lines[-40:]))]
        cases += found
    complaints = guest.complaints()
    leaks = complaints.pop(LEAKS, None)
    if guest.has_scanned():
        cases.append(Case("%s: no memory leaked" % guest.name, not leaks,
                          detail=leaks or ""))
    for owner, text in complaints.items():
        cases.append(Case("%s: the kernel reports nothing" %
                          (title(owner) if owner != "boot" else "boot"),
                          False, detail=text))
    missing = [name for name in wanted if name not in sections]
    if guest.status and all(case.passed for case in cases) and not missing:
        cases.append(Case("%s: ends well" % guest.name, False,
                          detail="\n".join(["status %d" % guest.status] +
                                           guest.errors[-40:])))
    return cases, missing


def died(guest, name):
    return Case(name + ": guest lives", False, detail="\n".join(
        ["guest ended with status %d" % guest.status] + guest.errors[-60:]))


def go_on(progress, guest, missing, left, prefix):
    """What a new guest still has to run. The test during which a guest died
    is not tried again."""
    if not missing:
        return []
    reached = [name for name in left if name not in missing]
    if not reached:
        progress.add([died(guest, prefix + missing[0])])
        return missing[1:]
    progress.add([died(guest, prefix + reached[-1])])
    return missing


def ends(guest):
    """{script: its status}"""
    return {line.split()[2]: int(line.split()[3]) for line in guest.lines
            if line.startswith("# end ")}


def script_ends(statuses, cases):
    """A script that fails without a failed case, say because its time was
    over, has failed all the same."""
    bad = []
    for path, code in statuses.items():
        title = short(path)
        if code and all(c.passed for c in cases
                        if c.name.startswith(title + ":")):
            bad.append(Case("%s: ends with status 0" % title, False,
                            detail="status %d%s" % (
                                code, ", its time was over"
                                if code in (124, 137) else "")))
    return bad
