# SPDX-License-Identifier: GPL-2.0
"""Tables that say which test shows which rule of a contract.

A table is a Markdown file with rows

    | R-TOE-23 | what the rule says, in short | `r_toe_23_failed_block` |

The last column names tests in backticks, or says why there are none, with one
of the openings in REASONS; both may stand together. What goes wrong unnoticed
without this check: a rule nobody has a test for, a test that was renamed or
removed, and a test that is in no row."""

import glob
import os
import re

# file -> prefix of its rules -> number of the last one
TABLES = {
    "Documentation/toe-rules.md": {"R-TOE": 169, "R-TDI": 47, "R-LNX": 37},
    "Documentation/ndk-rules.md": {"R-NDK": 122},
}
REASONS = ("Waits for live offload:", "Does not apply:", "Shown by:")
MIN_REASON = 12		# characters behind the opening

ROW = re.compile(r"^\|\s*(R-[A-Z]+-\d+)\s*\|(.*)\|\s*$")
NAME = re.compile(r"`([^`]+)`")
KUNIT_CASE = re.compile(r"\bKUNIT_CASE\w*\(\s*(\w+)")
SHELL_CASE = re.compile(r"^\s*run_case (\w+)", re.M)
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)+)"')
RULE_IN_NAME = re.compile(r"^(r(?:_[a-z]+)+?)((?:_\d+)+)(?=_|$)")


def read(top, pattern):
    for path in sorted(glob.glob(os.path.join(top, pattern))):
        with open(path, encoding="utf-8") as f:
            yield os.path.relpath(path, top), f.read()


class Tests:
    """What the sources have: KUnit cases, rows of their tables by
    description, cases of the scripts and the scripts themselves."""

    def __init__(self, top):
        self.kunit = {}
        self.others = set()
        for path, text in read(top, "kunit/*.c"):
            for name in KUNIT_CASE.findall(text):
                self.kunit.setdefault(name, path)
            self.others.update(LITERAL.findall(text))
        for path, text in read(top, "tools/tests/*.sh"):
            self.others.add(os.path.basename(path))
            self.others.update(SHELL_CASE.findall(text))

    def __contains__(self, name):
        return name in self.kunit or name in self.others


def rules_of(name):
    """R-TOE-23 for r_toe_23_what, two rules for r_toe_23_24_what."""
    match = RULE_IN_NAME.match(name)
    if not match:
        return []
    prefix = match.group(1).upper().replace("_", "-")
    return ["%s-%02d" % (prefix, int(number))
            for number in match.group(2).split("_") if number]


def rows(text):
    """(line, rule, last column) of every row."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = ROW.match(line)
        if match:
            found.append((number, match.group(1),
                          match.group(2).split("|")[-1].strip()))
    return found


def reason_in(cell):
    return any(opening in cell and
               len(cell.split(opening, 1)[1].strip()) >= MIN_REASON
               for opening in REASONS)


def check_rows(path, text, expected, tests):
    bad = []
    named = {}
    for number, rule, cell in rows(text):
        where = "%s:%d: %s " % (path, number, rule)
        if rule not in expected:
            bad.append(where + "is no rule of this table")
            continue
        if rule in named:
            bad.append(where + "has a second row")
        names = NAME.findall(cell)
        named.setdefault(rule, set()).update(names)
        bad += [where + "names `%s`, which is no test" % name
                for name in names if name not in tests]
        if not names and not reason_in(cell):
            bad.append(where + "has neither a test nor a reason (%s)"
                       % ", ".join(REASONS))
    bad += ["%s: no row for %s" % (path, rule)
            for rule in sorted(expected - named.keys())]
    return bad, named


def check_table(path, text, ranges, tests):
    expected = {"%s-%02d" % (prefix, number)
                for prefix, last in ranges.items()
                for number in range(1, last + 1)}
    bad, named = check_rows(path, text, expected, tests)
    for name, source in sorted(tests.kunit.items()):
        bad += ["%s: %s is not in the row of %s of %s"
                % (source, name, rule, path)
                for rule in rules_of(name)
                if rule in expected and name not in named.get(rule, ())]
        bad += ["%s: %s names %s, which is no rule of %s"
                % (source, name, rule, path)
                for rule in rules_of(name)
                if rule.rsplit("-", 1)[0] in ranges and rule not in expected]
    return bad


def check(top):
    tests = Tests(top)
    bad = []
    for path, ranges in TABLES.items():
        try:
            with open(os.path.join(top, path), encoding="utf-8") as f:
                text = f.read()
        except OSError as error:
            bad.append(str(error))
            continue
        bad += check_table(path, text, ranges, tests)
    return bad
