#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: host
# timeout: 900
# seconds: 35
#
# The kernel API called from where it must not be: a kernel with debugging says
# so. It runs in a machine of its own, because whatever a kernel reports fails
# the tests that share it.

CASE_LIMIT=300
. "$(dirname "$0")/lib.sh"

wrong_context_is_told()
{
	local status=0

	"$TOP/tools/vm" run --kernel debug --timeout 200 -- bash -c \
		". '$TOP/tools/tests/lib.sh'; set -e; loop_up
		 modprobe ndk_unload device=ndk0 hardirq=1
		 rmmod ndk_unload; echo 'went on'" \
		>"$WORK/out" 2>"$WORK/err" || status=$?
	cat "$WORK/out" "$WORK/err"
	same "status: the kernel reports something" 70 "$status"
	grep -q 'went on' "$WORK/out" || fail "the consumer did not go on"
	grep -q 'WARNING: .*ndk_arm_cq' "$WORK/err" || fail "the warning is of something else"
}

run_case wrong_context_is_told "a call from an interrupt trips an assertion"
finish
