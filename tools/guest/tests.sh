#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs test scripts one after the other: tests.sh SCRIPT:SECONDS...
# The marks on the kernel's console tell whose test a report belongs to.
cd "$(dirname "$0")/../.." || exit 1
status=0
for item in "$@"; do
	script=${item%:*}
	echo "ndk-test: begin $script" >/dev/kmsg
	echo "# begin $script"
	timeout -k 10 "${item##*:}" "$script" </dev/null
	code=$?
	echo "# end $script $code"
	[ "$code" -eq 0 ] || status=1
done
# the machine looks for leaks at its end: those are no test's
echo "ndk-test: begin leaks" >/dev/kmsg
exit "$status"
