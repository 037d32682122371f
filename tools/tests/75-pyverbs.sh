#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900
# seconds: 75
#
# rdma-core's own tests, from Debian's python3-pyverbs, on one device.
#
#   pyverbs.skips   the tests that are skipped, and why: must be exactly those
#   pyverbs.rxe     the tests that pass on rxe: all of them pass here
#   pyverbs.hca     instead of both, for stacked devices (NDK_KIND=ndk_hca); what
#                   has a minus sign in front cannot pass there and is not run
#
# On the host, `75-pyverbs.sh --record` writes the second list anew.

. "$(dirname "$0")/lib.sh"

HERE=$TOP/tools/tests
SUITE=/usr/share/doc/rdma-core/tests
SKIPS=$HERE/pyverbs.skips
[ "$KIND" != ndk_hca ] || SKIPS=$HERE/pyverbs.hca
CASE_LIMIT=800

if [ "${1:-}" = --record ]; then
	"$TOP/tools/vm" run --timeout 300 --env NDK_KIND=rxe -- \
		"$HERE/75-pyverbs.sh" --passes >"$WORK/passes" || exit
	{
		echo '# Tests that pass on rxe; written by 75-pyverbs.sh --record.'
		grep '^tests\.' "$WORK/passes"
	} >"$HERE/pyverbs.rxe"
	exit
fi

unpack()
{
	cp -rL "$SUITE" "$WORK/tests"
	find "$WORK/tests" -name '*.gz' -exec gunzip {} +
}

left_out()
{
	sed -n 's/^-\([^\t]*\)\t..*/\1/p' "$SKIPS" | tr '\n' ' '
}

run_suite()
{
	NDK_LEAVE_OUT=$(left_out) python3 "$TOP/tools/guest/pyverbs_suite.py" "$WORK" ndk0 \
		"$(gid_index ndk0 10.80.0.1)" 10.80.0.1 d0 "$WORK/results"
}

# outcome WHICH: the tests that ended that way, with the reason
outcome()
{
	awk -F '\t' -v OFS='\t' -v which="$1" '$2 == which { print $1, $3 }' \
		"$WORK/results" | LC_ALL=C sort
}

none_fails()
{
	outcome fail
	at_least "tests that pass" 50 "$(outcome pass | wc -l)"
	same "tests that fail" "" "$(outcome fail | cut -f 1)"
}

# A name in the list may be a pattern: whole files are for other hardware.
skips_are_known()
{
	python3 - "$SKIPS" "$WORK/results" <<-'END'
	import fnmatch, sys
	known = [line.rstrip("\n").split("\t") for line in open(sys.argv[1])
	         if line[0] not in "#-"]
	results = [line.rstrip("\n").split("\t") for line in open(sys.argv[2])]
	bad = ["no reason: %s" % words[0] for words in known
	       if len(words) != 2 or not words[1]]
	for name, outcome, why in results:
	    found = any(fnmatch.fnmatchcase(name, words[0]) for words in known)
	    if found and outcome != "skip":
	        bad.append("is no longer skipped: " + name)
	    if not found and outcome == "skip":
	        bad.append("skipped, not in the list: %s (%s)" % (name, why))
	for words in known:
	    if not fnmatch.filter([result[0] for result in results], words[0]):
	        bad.append("no such test: " + words[0])
	print("\n".join(bad))
	sys.exit(bool(bad))
	END
}

all_that_rxe_can()
{
	local missing

	missing=$(grep -v '^#' "$HERE/pyverbs.rxe" | LC_ALL=C sort |
		  LC_ALL=C comm -23 - <(outcome pass | cut -f 1))
	same "tests that pass on rxe and not here" "" "$missing"
}

unload_all()
{
	unload_rxe ndk_hca
}

if [ "${1:-}" = --passes ]; then
	{ loop_up && unpack && run_suite; } >&2 || exit
	outcome pass | cut -f 1
	exit
fi

run_case loop_up "a device on a dummy netdev"
run_case unpack "rdma-core's tests are there"
run_case run_suite "rdma-core's tests come to their end"
if [ "$KIND" != rxe ]; then
	run_case none_fails "none of them fails"
	run_case skips_are_known "those in ${SKIPS##*/} are skipped, and no others"
fi
if [ "$KIND" != ndk_hca ]; then
	run_case all_that_rxe_can "all that pass on rxe pass"
fi
run_case loop_down "the device goes, nothing of the tests holds it"
[ "$KIND" != ndk_hca ] || run_case unload_all "the modules go"
run_case kernel_is_clean "the kernel has nothing to report"
finish
