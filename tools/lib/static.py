# SPDX-License-Identifier: GPL-2.0
"""The checks that need no kernel to run. Each is a function that returns a
list of complaints, one text each."""

import concurrent.futures
import glob
import os
import re
import subprocess

import api_doc
import rules as rule_tables
from ktap import Case

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))
WORDS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK|place" r"holder)\b")
SPDX = re.compile(r"SPDX-License-Identifier: GPL-2\.0")
CODE = ("drivers", "include", "kunit")
# On top of --strict: our lines may be 100 long, and a file outside of the
# kernel's tree has no entry in its list of maintainers.
CHECKPATCH = ("--no-tree", "--strict", "--terse", "--show-types", "--no-summary",
              "--max-line-length=100")
# What programs do not have, or do the other way round.
NOT_FOR_PROGRAMS = ("BIT_MACRO,ARRAY_SIZE,USE_NEGATIVE_ERRNO,ENOSYS,"
                    "EMBEDDED_FUNCTION_NAME,FUNCTION_ARGUMENTS,VOLATILE,"
                    "PREFER_DEFINED_ATTRIBUTE_MACRO")
# TRACE_EVENT() is laid out by a convention of its own, which breaks these.
TRACE = re.compile(r"trace\w*\.h:\d+: .*:(OPEN_ENDED_LINE|PARENTHESIS_ALIGNMENT"
                   r"|SPACING|MACRO_\w+|TRAILING_SEMICOLON):")
# Which file is read is known when the script runs (SC1090, SC1091); variables
# are set for it and functions are handed to it (SC2034, SC2317); the cases of
# a test run with "set -e", which covers cd (SC2164).
SHELLCHECK = "SC1090,SC1091,SC2034,SC2164,SC2317"


def sources(*suffixes, folders=CODE):
    found = []
    for folder in folders:
        for base, _, names in os.walk(os.path.join(TOP, folder)):
            found += [os.path.relpath(os.path.join(base, n), TOP)
                      for n in names if n.endswith(suffixes)]
    return sorted(found)


def run(words):
    """Beside the tests, so these come first: their patience has an end."""
    result = subprocess.run(["nice", "-n", "10", *words], cwd=TOP, text=True, errors="replace",
                            stdout=subprocess.PIPE, check=False,
                            stderr=subprocess.STDOUT)
    return result.returncode, result.stdout


def kernel_path(*words):
    status, text = run(["tools/kernel", "path", *words])
    if status:
        raise RuntimeError(text)
    return text.strip()


GUARDED = re.compile(r"context imbalance in '(\w+)' - wrong count at exit")


def is_guard(line):
    """sparse does not follow guard(): to it the lock is still held at the end
    of the function. Only functions that use one are let off."""
    match = GUARDED.search(line)
    if not match:
        return False
    start = re.compile(r"^(?:static\b|[a-z]).*\b%s\(" % match.group(1), re.M)
    for path in sources(".c", folders=CODE + ("tools",)):
        with open(os.path.join(TOP, path), encoding="utf-8") as f:
            text = f.read()
        for found in start.finditer(text):
            end = text.find("\n}\n", found.end())
            if "guard(" in text[found.end():end]:
                return True
    return False


def sparse():
    """Every file, each time: what is built already need not be built for it."""
    status, text = run(["make", "--no-print-directory", "-k", "modules",
                        "KERNEL=debug", "KFLAGS=C=2"])
    bad = [line for line in text.splitlines()
           if re.search(r"\b(warning|error|Error|undefined)\b", line) and
           not re.match(r"make\[?\d*\]?: Leaving", line) and
           not is_guard(line)]
    with open(os.path.join(TOP, "build/log/sparse.log"), "w",
              encoding="utf-8") as log:
        log.write(text)
    if status and not bad:
        bad = text.splitlines()[-20:]
    return bad


def checkpatch_of(files, ignored):
    script = os.path.join(kernel_path("source"), "scripts/checkpatch.pl")
    ignore = ",".join(filter(None, ("FILE_PATH_CHANGES", ignored)))
    _, text = run(["perl", script, *CHECKPATCH, "--ignore", ignore, "-f",
                   *files])
    return [line for line in text.splitlines() if line.strip() and
            not TRACE.search(line)]


def checkpatch():
    """It takes a second a file or more: one process for each processor."""
    parts = []
    for folders, ignored in ((CODE, ""), (("tools",), NOT_FOR_PROGRAMS)):
        files = sources(".c", ".h", folders=folders)
        files.sort(key=lambda path: -os.path.getsize(os.path.join(TOP, path)))
        for start in range(os.cpu_count()):
            some = files[start::os.cpu_count()]
            if some:
                parts.append((some, ignored))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda part: checkpatch_of(*part), parts)
    return sorted(line for lines in found for line in lines)


def kernel_doc():
    script = os.path.join(kernel_path("source"), "scripts/kernel-doc")
    files = sources(".c", ".h", folders=("drivers", "include"))
    _, text = run(["perl", script, "-none", "-Wall", *files])
    # "no structured comments found" is said of every file without any.
    return [line for line in text.splitlines() if line.strip() and
            "no structured comments found" not in line]


def scripts(folder):
    """Our shell scripts: by what their first line says."""
    found = []
    for path in sorted(glob.glob(os.path.join(TOP, folder, "**"),
                                 recursive=True)):
        if not os.path.isfile(path):
            continue
        with open(path, "rb") as f:
            first = f.readline()
        if path.endswith(".sh") or re.match(rb"#!.*\b(ba)?sh\b", first):
            found.append(os.path.relpath(path, TOP))
    return found


def shellcheck():
    files = scripts("tools") + [p for p in (".ci/run",)
                                if os.path.exists(os.path.join(TOP, p))]
    _, text = run(["shellcheck", "-f", "gcc", "-e", SHELLCHECK, *files])
    return text.splitlines()


def python():
    bad = []
    for path in sources(".py", folders=("tools",)) + [
            "tools/vm", "tools/check"]:
        with open(os.path.join(TOP, path), encoding="utf-8") as f:
            try:
                compile(f.read(), path, "exec")
            except SyntaxError as error:
                bad.append("%s: %s" % (path, error))
    return bad


def api_page():
    """The kernel API's page is made of its headers, all functions in it."""
    return api_doc.complaints()


def tree():
    """License lines, and words that say that something is not finished."""
    status, text = run(["git", "ls-files"])
    if status:
        return [text]
    bad = []
    for path in text.splitlines():
        full = os.path.join(TOP, path)
        if not os.path.isfile(full) or os.path.basename(path) == "LICENSE":
            continue
        with open(full, encoding="utf-8", errors="replace") as f:
            lines = f.read().splitlines()
        for number, line in enumerate(lines, 1):
            if WORDS.search(line):
                bad.append("%s:%d: %s" % (path, number, line.strip()))
        if path.endswith((".c", ".h", ".sh", ".py")) and not any(
                SPDX.search(line) for line in lines[:2]):
            bad.append(path + ":1: no license line")
    return bad


def rules():
    return rule_tables.check(TOP)


CHECKS = (
    ("sparse", "sparse finds nothing", sparse),
    ("checkpatch", "checkpatch --strict finds nothing", checkpatch),
    ("kernel-doc", "kernel-doc finds nothing", kernel_doc),
    ("api-page", "the page of the kernel API has every function", api_page),
    ("shellcheck", "shellcheck finds nothing", shellcheck),
    ("python", "Python sources compile", python),
    ("rules", "every rule of a contract has its test or its reason", rules),
    ("tree", "license lines are there, nothing is left unfinished", tree),
)


def needs_build(checks):
    return any(check[0] == "sparse" for check in checks)


def case(check):
    name, sentence, function = check
    try:
        bad = function()
    except (OSError, RuntimeError) as error:
        bad = [str(error)]
    if len(bad) > 60:
        bad = bad[:60] + ["... and %d more" % (len(bad) - 60)]
    return Case("static/%s: %s" % (name, sentence), not bad,
                detail="\n".join(bad))
