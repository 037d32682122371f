#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loads KUnit modules, one after the other, and prints what their suites said:
# kunit.sh MODULE...
# Suites run while their module is loaded; their results are in debugfs until
# it is unloaded. With NDK_SCALE=full a module that has a parameter "scale"
# gets SCALE for it.
SCALE=${SCALE:-20}
LIMIT=${LIMIT:-400}
results=/sys/kernel/debug/kunit
status=0

load()
{
	local parameters=()

	if [ "${NDK_SCALE:-}" = full ] &&
	   modinfo -F parm "$1" | grep -q '^scale:'; then
		parameters=("scale=$SCALE")
	fi
	timeout "$LIMIT" modprobe "$1" "${parameters[@]}"
}

for module in "$@"; do
	echo "ndk-test: begin kunit/$module" >/dev/kmsg
	echo "# begin $module"
	if ! load "$module"; then
		echo "not ok - loading $module"
		status=1
		continue
	fi
	found=0
	for suite in "$results"/*/results; do
		[ -e "$suite" ] || continue
		found=1
		cat "$suite"
	done
	[ "$found" = 1 ] || { echo "not ok - $module has no suite"; status=1; }
	timeout 60 modprobe -r "$module" || {
		echo "not ok - unloading $module"
		status=1
	}
done
exit "$status"
