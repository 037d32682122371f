#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900
# seconds: 45
#
# Windows and re-registration as the stock rdma-core does them: its own tests,
# which Debian installs as documentation. Its library for this ABI cannot ask for
# re-registration; build/rereg.so can.

. "$(dirname "$0")/lib.sh"

STOCK_TESTS=/usr/share/doc/rdma-core/tests
# What a name may match in test_mr.py and test_qpex.py without being of these.
NAMES=(-k test_mw_ -k invalidate_mw -k reg_mw -k mr_rereg -k bind_mw)

# The tests expect what is in a CQ of a QP to go when the QP is reset. Libraries
# for hardware do that; in rxe's the entries stay, so here the test takes them.
unpack_tests()
{
	mkdir -p /tmp/pyverbs
	cp -r "$STOCK_TESTS" /tmp/pyverbs/
	gunzip -f /tmp/pyverbs/tests/*.gz
	sed -i '/self.client.qp.to_rts(self.client_qp_attr)/a\
        for cq in (self.server.cq, self.client.cq):\
            while cq.poll(1)[0]:\
                pass' /tmp/pyverbs/tests/test_mr.py
}

stock_tests()
{
	local log=$WORK/stock.log

	setting ndk0 loopback "$1"
	(cd /tmp/pyverbs && LD_PRELOAD=$TOP/build/rereg.so python3 tests/run_tests.py --dev ndk0 --port 1 \
		--gid "$(gid_index ndk0 10.80.0.1)" -v "${NAMES[@]}") >"$log" 2>&1 ||
		{ cat "$log"; fail "rdma-core's tests failed"; }
	cat "$log"
	# rdma-core counts what it cannot do as success
	same "skipped" 0 "$(grep -c "\.\.\. skipped" "$log")"
	at_least "tests run" 11 "$(sed -n 's/^Ran \([0-9]*\) tests.*/\1/p' "$log")"
}

directly()
{
	unpack_tests
	loop_up
	stock_tests direct
}

by_wire()
{
	stock_tests wire
	loop_down
}

TEXT="windows and re-registration, by rdma-core's own tests"
if ! python3 -c 'import pyverbs.mr' 2>/dev/null || [ ! -d "$STOCK_TESTS" ]; then
	skip_case "$TEXT" "no pyverbs here"
elif [ "$KIND" != ndk ]; then
	skip_case "$TEXT" "rxe refuses to change a translation"
else
	run_case directly "$TEXT, direct"
	run_case by_wire "$TEXT, by wire"
fi
run_case kernel_is_clean "the kernel has nothing to report"
finish
