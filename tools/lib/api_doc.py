#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Makes Documentation/ndk-api.rst out of the kernel-doc of the NDK kernel API's
headers. Without an argument: prints it. With --write: writes it. The static
checks compare, so the page cannot fall behind the headers."""

import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))
PAGE = "Documentation/ndk-api.rst"
HEADERS = ("include/ndk/ndk.h", "include/ndk/ndk_connect.h",
           "include/ndk/ndk_memory.h", "include/ndk/ndk_types.h")

HEAD = """\
.. SPDX-License-Identifier: GPL-2.0
.. Made by tools/lib/api_doc.py from the headers; edit those.

==================
The NDK kernel API
==================

What a kernel module calls to use RDMA the way Network Direct's kernel interface
has it. Include ``<ndk/ndk.h>``, depend on ``ndk.ko``. How to write a consumer is
shown by ``tools/ndkperf``; how to port one is in ``porting-from-ndkpi.md``; what
deferring means is in ``deferral.md``.

Numbers are in bytes, requests or entries as said at the argument; times in
microseconds. Errors are negative errnos. ``-EINPROGRESS`` is no error.

"""

# function -> chapter, by what its name begins with; the first that fits
CHAPTERS = (
    ("Adapter", ("ndk_open_adapter", "ndk_close_adapter", "ndk_query_",
                 "ndk_adapter_")),
    ("Connections", ("ndk_create_connector", "ndk_close_connector",
                     "ndk_connect", "ndk_complete_connect", "ndk_accept",
                     "ndk_reject", "ndk_get_connection_data",
                     "ndk_get_local_address", "ndk_get_peer_address",
                     "ndk_disconnect", "ndk_create_listener",
                     "ndk_close_listener", "ndk_listen",
                     "ndk_get_listener_address", "ndk_control_connect_events",
                     "ndk_create_shared_endpoint", "ndk_close_shared_endpoint",
                     "ndk_get_shared_endpoint_address")),
    ("Shared receive queues", ("ndk_create_srq", "ndk_close_srq",
                               "ndk_modify_srq", "ndk_srq_receive")),
    ("Queue pairs", ("ndk_create_qp", "ndk_close_qp", "ndk_flush",
                     "ndk_receive")),
    ("Requests", ("ndk_send", "ndk_read", "ndk_write", "ndk_bind",
                  "ndk_fast_register", "ndk_invalidate")),
    ("Completion queues", ("ndk_create_cq", "ndk_close_cq", "ndk_resize_cq",
                           "ndk_arm_cq", "ndk_get_cq", "ndk_control_cq")),
    ("Memory", ("ndk_create_mr", "ndk_close_mr", "ndk_initialize_",
                "ndk_register_mr", "ndk_deregister_mr", "ndk_get_local_token",
                "ndk_get_remote_token", "ndk_create_mw", "ndk_close_mw",
                "ndk_build_lam", "ndk_release_lam")),
    ("Protection domains", ("ndk_create_pd", "ndk_close_pd",
                            "ndk_get_privileged")),
    ("Objects and waiting", ("ndk_obj", "ndk_wait")),
)
ORDER = ("Adapter", "Protection domains", "Completion queues", "Memory",
         "Shared receive queues", "Queue pairs", "Requests", "Connections",
         "Objects and waiting")

COMMENT = re.compile(r"^/\*\*\n(.*?)^ \*/\n(.*?)(?=^\n|\Z)", re.M | re.S)


class Item:
    """One kernel-doc comment and what it belongs to."""

    def __init__(self, comment, code):
        lines = [re.sub(r"^ \* ?", "", line) for line in comment.splitlines()]
        first = re.match(r"(?:(struct|enum|typedef|union) )?(\w+)(\(\))? - (.*)",
                         lines[0])
        self.kind = first[1] or "function"
        self.name = first[2]
        self.summary = first[4]
        self.code = code.strip()
        self.arguments = []
        self.text = []
        self.context = ""
        self.result = ""
        self.parse(lines[1:])

    def parse(self, lines):
        section = "arguments"
        for line in lines:
            argument = re.match(r"@([\w.]+):\s*(.*)", line)
            label = re.match(r"(Context|Return):\s*(.*)", line)
            if argument and section == "arguments":
                self.arguments.append([argument[1], argument[2]])
            elif label:
                section = label[1]
                self.add(section, label[2])
            elif not line.strip():
                section = "text" if section == "arguments" else section
                if section == "text":
                    self.text.append("")
                elif section in ("Context", "Return"):
                    section = "text"
            elif section == "arguments" and line.startswith("\t"):
                self.arguments[-1][1] += " " + line.strip()
            elif section == "text" or not self.arguments and section == "arguments":
                section = "text"
                self.text.append(line)
            else:
                self.add(section, line)

    def add(self, section, text):
        if section == "Context":
            self.context = (self.context + " " + text.strip()).strip()
        elif section == "Return":
            self.result = (self.result + " " + text.strip()).strip()

    def is_function(self):
        return self.kind == "function"

    def pends(self):
        """Whether its result may come later."""
        if "-EINPROGRESS" not in self.code and "-EINPROGRESS" in self.result:
            return "may; then the callback is called"
        if re.search(r"\bas ndk_\w+", self.result):
            return "as that"
        return "never"


def markup(text):
    """kernel-doc's marks in reStructuredText."""
    text = re.sub(r"\\", r"\\\\", text)
    text = re.sub(r"&struct (\w+)(\.\w+)?", r"``struct \1\2``", text)
    text = re.sub(r"&(\w[\w.]*)", r"``\1``", text)
    text = re.sub(r"%(-?\w+)", r"``\1``", text)
    text = re.sub(r"\*?@([\w.]+)", r"``\1``", text)
    text = re.sub(r"(?<![\w`])(ndk_\w+\(\))", r"``\1``", text)
    text = re.sub(r"(?<![\w`-])(-E[A-Z0-9]+)", r"``\1``", text)
    return re.sub(r"(?<![\w`])(NDK\w*_\*|_[A-Z]+\b)", r"``\1``", text)


def literal(text):
    return ["   " + line.replace("\t", "        ") if line else ""
            for line in text.splitlines()]


def paragraph(lines):
    """Plain text with marks; an indented piece behind "::" stays as it is."""
    out = []
    for line in lines:
        if line.startswith("\t"):
            out.append("   " + line[1:].replace("\t", "        "))
        else:
            out.append(markup(line))
    while out and not out[-1]:
        out.pop()
    return out


def function(item):
    title = "%s()" % item.name
    out = [title, "~" * len(title), "", markup(item.summary) + ".", "",
           ".. code-block:: c", "", *literal(item.code), ""]
    for name, text in item.arguments:
        out.append("- ``%s``: %s" % (name, markup(text)))
    if item.arguments:
        out.append("")
    text = paragraph([line for line in item.text])
    while text and not text[0]:
        text.pop(0)
    if text:
        out += [*text, ""]
    out.append(":Context: %s" % markup(item.context or "any"))
    out.append(":Pends: %s" % item.pends())
    if item.result:
        out.append(":Returns: %s" % markup(item.result))
    return out + [""]


def record(item):
    title = "%s %s" % (item.kind, item.name)
    out = [title, "~" * len(title), "", markup(item.summary) + ".", ""]
    if item.kind == "typedef":
        out += [".. code-block:: c", "", *literal(item.code), ""]
    for name, text in item.arguments:
        out.append("- ``%s``: %s" % (name, markup(text)))
    if item.arguments:
        out.append("")
    text = paragraph(item.text)
    while text and not text[0]:
        text.pop(0)
    if text:
        out += [*text, ""]
    if item.context:
        out += [":Context: %s" % markup(item.context), ""]
    return out


def header_text(path):
    """The comment a header begins with, without its first sentence's frame."""
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        text = f.read()
    comment = re.search(r"^/\*\n(.*?)^ \*/", text, re.M | re.S)
    return [re.sub(r"^ \* ?", "", line) for line in comment[1].splitlines()]


def sections(lines):
    """A header's comment: underlined titles become titles of the page."""
    out, i = [], 0
    while i < len(lines):
        if i + 1 < len(lines) and re.fullmatch(r"-{4,}", lines[i + 1]):
            out += [lines[i], "-" * len(lines[i])]
            i += 2
            continue
        if lines[i].startswith("\t"):
            out += ["::", ""]
            while i < len(lines) and lines[i].startswith("\t"):
                out.append("   " + lines[i].strip())
                i += 1
            continue
        out.append(markup(lines[i]))
        i += 1
    return out


def items():
    found = []
    for path in HEADERS:
        with open(os.path.join(TOP, path), encoding="utf-8") as f:
            text = f.read()
        found += [Item(*match) for match in COMMENT.findall(text)]
    return found


def chapter_of(name):
    for title, prefixes in CHAPTERS:
        if name.startswith(prefixes):
            return title
    raise SystemExit("api_doc: to which chapter belongs %s()?" % name)


def overview(functions):
    out = [".. list-table::", "   :header-rows: 1", "", "   * - function",
           "     - context", "     - pends"]
    for item in functions:
        out += ["   * - ``%s()``" % item.name,
                "     - %s" % ("process" if item.context.startswith("process,")
                               else "process or softirq"),
                "     - %s" % ("may" if "may" in item.pends() or
                               item.pends() == "as that" and "EINPROGRESS" in
                               resolve(item, functions) else "never")]
    return out + [""]


def resolve(item, functions):
    """The Return section of the function that one refers to."""
    other = re.search(r"\bas (ndk_\w+)", item.result)
    for candidate in functions:
        if other and candidate.name == other[1]:
            return candidate.result
    return ""


def page():
    everything = items()
    functions = [i for i in everything if i.is_function()]
    out = HEAD.splitlines()
    # its first sentence is the page's title, said again
    out += ["How it works", "============", ""]
    out += sections(header_text("include/ndk/ndk.h")[2:])
    out += ["", "Functions", "=========", "", *overview(functions)]
    for title in ORDER:
        out += [title, "-" * len(title), ""]
        for item in functions:
            if chapter_of(item.name) == title:
                out += function(item)
    out += ["Callbacks and records", "=====================", ""]
    for item in everything:
        if not item.is_function():
            out += record(item)
    text = "\n".join(line.rstrip() for line in out)
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def declared():
    """Functions the headers declare, documented or not."""
    found = set()
    for path in HEADERS:
        with open(os.path.join(TOP, path), encoding="utf-8") as f:
            text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
        found |= set(re.findall(r"^[\w ]+[ *](ndk_\w+)\(", text, re.M))
    return {name for name in found if not name.endswith("_fn")}


def complaints():
    """What is wrong with the page in the tree."""
    missing = declared() - {i.name for i in items() if i.is_function()}
    bad = ["%s() has no kernel-doc" % name for name in sorted(missing)]
    for item in items():
        if item.is_function() and item.name != "ndk_obj" and not (
                item.context or item.name.startswith("ndk_wait")):
            bad.append("%s() does not say its context" % item.name)
    path = os.path.join(TOP, PAGE)
    if not os.path.exists(path):
        return bad + [PAGE + " is missing"]
    with open(path, encoding="utf-8") as f:
        if f.read() != page():
            bad.append("%s is not what tools/lib/api_doc.py makes of the "
                       "headers: run it with --write" % PAGE)
    return bad


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        with open(os.path.join(TOP, PAGE), "w", encoding="utf-8") as page_file:
            page_file.write(page())
    else:
        sys.stdout.write(page())
