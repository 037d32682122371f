# SPDX-License-Identifier: GPL-2.0
"""Finds what a kernel complains about in its console log."""

import re

# After these the machine is not to be trusted: what runs on may hang.
FATAL = re.compile("|".join((
    r"Kernel panic - not syncing",
    r"\bOops: ",
    r"kernel BUG at ",
    r"BUG: unable to handle",
    r"BUG: kernel NULL pointer",
    r"general protection fault",
    r"stack guard page was hit",
    r"watchdog: BUG: soft lockup",
    r"hard LOCKUP",
)))

# After these it carries on, but something is wrong all the same.
OTHER = re.compile("|".join((
    r"WARNING: CPU: \d+",
    r"WARNING: (?:possible|inconsistent|suspicious|lock held|held lock|bad "
    r"unlock|Nested lock|still has locks|HARDIRQ|SOFTIRQ|RECLAIM|.*-safe -> )",
    r"\[ BUG: ",
    r"\bBUG: ",
    r"\bBUG \S+ \(.*\): ",
    r"UBSAN: ",
    r"kmemleak: \d+ new suspected memory leaks",
    r"kmemleak: .*(?:disabled|Cannot)",
    r"INFO: rcu_\w+ (?:self-)?detected (?:expedited )?stalls?",
    r"INFO: task .* blocked for more than",
    r"INFO: trying to register non-static key",
    r"refcount_t: ",
    r"ODEBUG: ",
    r"unregister_netdevice: waiting for",
    r"leaked reference",
    r"ref_tracker: ",
    r"list_(?:add|del) corruption",
    r"Slab cache still has objects|Objects remaining in ",
    r"Bad page state",
    r"workqueue lockup",
    r"page_pool_release_retry\(\) stalled",
    r"NETDEV WATCHDOG",
    r"nobody cared",
    r"KTAP version .*corrupt",
    r"trace_\w+: .*tampered",
)))

# Bits of /proc/sys/kernel/tainted that only a complaint sets.
TAINTS = {5: "bad page or KASAN", 7: "oops or BUG", 9: "warning",
          14: "soft lockup"}

BEFORE = 2
LENGTH = 90
END = re.compile(r"---\[ end |={40,}\s*$")


def is_fatal(line):
    return bool(FATAL.search(line))


def is_report(line):
    return bool(FATAL.search(line) or OTHER.search(line))


def tainted(value):
    """What the taint bits say, or an empty string."""
    return ", ".join(name for bit, name in TAINTS.items() if value >> bit & 1)


def reports(lines):
    """[(first line number, [lines])]: each complaint once, with the text that
    belongs to it."""
    found = []
    index = 0
    while index < len(lines):
        if not is_report(lines[index]):
            index += 1
            continue
        end = index + 1
        limit = min(len(lines), index + LENGTH)
        while end < limit and not END.search(lines[end]):
            end += 1
        end = min(end + 1, limit)
        found.append((index, lines[max(0, index - BEFORE):end]))
        index = end
    return found
