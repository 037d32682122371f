# SPDX-License-Identifier: GPL-2.0
"""Reads KTAP: what KUnit and the test scripts print."""

import re

RESULT = re.compile(r"^( *)(not ok|ok)\b ?(\d*)(?: - |: | )?(.*?)"
                    r"(?: *# *SKIP\b ?(.*))?$")
PLAN = re.compile(r"^( *)1\.\.(\d+)")
INDENT = 4


class Case:
    """One result that has no results of its own below it."""

    def __init__(self, name, passed, skipped=None, detail=""):
        self.name = name
        self.passed = passed
        self.skipped = skipped
        self.detail = detail


def parse(text, prefix=""):
    """List of Cases. A result after results one step deeper is their sum:
    it counts only when it fails although none of them does. A plan that is
    not kept is a failure."""
    cases = []
    below = {}		# depth -> failures among results seen at that depth
    seen = {}		# depth -> number of results
    plans = {}
    notes = []
    for line in text.splitlines():
        plan = PLAN.match(line)
        if plan:
            depth = len(plan[1]) // INDENT
            plans.setdefault(depth, []).append(int(plan[2]))
            continue
        match = RESULT.match(line)
        if not match:
            if line.strip():
                notes.append(line)
            continue
        depth = len(match[1]) // INDENT
        failed = match[2] == "not ok"
        name = prefix + (match[4] or "case " + match[3])
        deeper = [d for d in below if d > depth]
        if deeper:
            known = sum(below[d] for d in deeper)
            promised = sum(n for d in deeper for n in plans.get(d, []))
            got = sum(seen[d] for d in deeper)
            if failed and not known:
                cases.append(Case(name, False, detail="\n".join(notes)))
            elif len(deeper) == 1 and promised > got:
                cases.append(Case(name + ": only %d of %d results" %
                                  (got, promised), False))
            for d in deeper:
                below.pop(d)
                seen.pop(d)
                plans.pop(d, None)
        else:
            cases.append(Case(name, not failed, match[5],
                              "\n".join(notes[-80:]) if failed else ""))
        below[depth] = below.get(depth, 0) + failed
        seen[depth] = seen.get(depth, 0) + 1
        notes = []
    return cases
