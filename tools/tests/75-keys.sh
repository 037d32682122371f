#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 200
#
# Windows and re-registration as the stock rdma-core does them: its own tests,
# which Debian installs as documentation.

. "$(dirname "$0")/lib.sh"

STOCK_TESTS=/usr/share/doc/rdma-core/tests
# What a name may match in test_mr.py and test_qpex.py without being of these.
NAMES=(-k test_mw_ -k invalidate_mw -k reg_mw -k mr_rereg -k bind_mw)

unpack_tests()
{
	mkdir -p /tmp/pyverbs
	cp -r "$STOCK_TESTS" /tmp/pyverbs/
	gunzip -f /tmp/pyverbs/tests/*.gz
}

# gid_index DEVICE ADDRESS-AS-HEX: of RoCEv2
gid_index()
{
	local i port=$SYS/$1/ports/1

	for i in 0 1 2 3 4 5 6 7; do
		if grep -q "ffff:$2" "$port/gids/$i" &&
		   grep -q v2 "$port/gid_attrs/types/$i" 2>/dev/null; then
			echo "$i"
			return
		fi
	done
	return 1
}

stock_tests()
{
	local log=$WORK/stock.log

	setting ndk0 loopback "$1"
	(cd /tmp/pyverbs && python3 tests/run_tests.py --dev ndk0 --port 1 \
		--gid "$(gid_index ndk0 0a50:0001)" -v "${NAMES[@]}") >"$log" 2>&1 ||
		{ cat "$log"; fail "rdma-core's tests failed"; }
	cat "$log"
	# rdma-core counts what it cannot do as success
	same "skipped" 0 "$(grep -c skipped "$log")"
	at_least "tests run" 11 "$(sed -n 's/^Ran \([0-9]*\) tests.*/\1/p' "$log")"
}

directly()
{
	stock_tests direct
}

by_wire()
{
	stock_tests wire
}

TEXT="windows and re-registration, by rdma-core's own tests"
if ! python3 -c 'import pyverbs.mr' 2>/dev/null || [ ! -d "$STOCK_TESTS" ]; then
	skip_case "$TEXT" "no pyverbs here"
elif [ "$KIND" != ndk ]; then
	skip_case "$TEXT" "rxe refuses to change a translation"
else
	unpack_tests
	loop_up
	run_case directly "$TEXT, direct"
	run_case by_wire "$TEXT, by wire"
	loop_down
fi
run_case kernel_is_clean "the kernel has nothing to report"
finish
