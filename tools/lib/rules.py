# SPDX-License-Identifier: GPL-2.0
"""Tables that say which test shows which rule of a contract.

A table is a Markdown file with rows

    | R-TOE-23 | what the rule says, in short | `r_toe_23_failed_block` |

The last column names tests in backticks, or says why there are none, with one
of the openings in REASONS; both may stand together. What goes wrong unnoticed
without this check: a rule nobody has a test for, a test that was renamed or
removed, and a test that is in no row. That the check itself notices is seen
each time: it is given the table once more with each row left out in turn, and
with each test in turn under another name.

The table of events of the offload core is compared with the words of its test,
kunit/toe_matrix.c, the same way."""

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


def unnoticed(path, text, ranges, tests):
    """What could be taken out of a sound table and not be missed."""
    bad = []
    lines = text.splitlines()
    for number, rule, cell in rows(text):
        rest = lines[:number - 1] + lines[number:]
        found = check_table(path, "\n".join(rest), ranges, tests)
        if not any(rule in line for line in found):
            bad.append("%s:%d: %s could be left out" % (path, number, rule))
        for name in NAME.findall(cell):
            rest = list(lines)
            rest[number - 1] = rest[number - 1].replace(
                "`%s`" % name, "`renamed %s`" % name)
            found, _ = check_rows(path, "\n".join(rest), {rule}, tests)
            if not any("`renamed %s`" % name in line for line in found):
                bad.append("%s:%d: `%s` could be gone" % (path, number, name))
    return bad


# The events of the state machine, and the arrays of their names in its test.
MACHINE = "Documentation/toe.md"
MATRIX = "kunit/toe_matrix.c"
NAMES = re.compile(r"static const char \* const (\w+)_names\[\w*\] = \{(.*?)\};", re.S)


def table_of_events(text):
    """The first cells of the table whose head begins with "event"."""
    found = set()
    inside = False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| event |"):
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not cells[0].startswith("---"):
            found.update(cells[0].split(", "))
    return found


def check_matrix(machine, matrix):
    """The words of the page against those of the test."""
    states, events = set(), set()
    for array, body in NAMES.findall(matrix):
        (states if array == "state" else events).update(LITERAL.findall(body))
    listed = table_of_events(machine)
    bad = ["%s has no row for the event \"%s\"" % (MACHINE, name)
           for name in sorted(events - listed)]
    bad += ["%s has no case for the event \"%s\"" % (MATRIX, name)
            for name in sorted(listed - events)]
    bad += ["%s does not name the state \"%s\"" % (MACHINE, name)
            for name in sorted(states) if "`%s`" % name not in machine]
    if len(states) < 4 or len(events) < 4:
        bad.append("%s: no names found" % MATRIX)
    return bad


def check_events(top):
    texts = []
    for path in (MACHINE, MATRIX):
        with open(os.path.join(top, path), encoding="utf-8") as f:
            texts.append(f.read())
    bad = check_matrix(*texts)
    for name in table_of_events(texts[0]):
        rest = re.sub(r"(?m)^(\|.*?)\b%s\b" % re.escape(name), r"\1what", texts[0])
        if not bad and not check_matrix(rest, texts[1]):
            bad.append("%s: \"%s\" could be left out" % (MACHINE, name))
    return bad


def check(top):
    tests = Tests(top)
    bad = check_events(top)
    for path, ranges in TABLES.items():
        try:
            with open(os.path.join(top, path), encoding="utf-8") as f:
                text = f.read()
        except OSError as error:
            bad.append(str(error))
            continue
        found = check_table(path, text, ranges, tests)
        bad += found or unnoticed(path, text, ranges, tests)
    return bad
