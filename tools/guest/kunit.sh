#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loads KUnit modules, one after the other, and prints what their suites said:
# kunit.sh MODULE...
# Suites run while their module is loaded; their results are in debugfs until
# it is unloaded. With NDK_SCALE=full a module that has a parameter "scale"
# gets SCALE for it; one that has a parameter "device" gets an ndk device.
SCALE=${SCALE:-20}
# seconds for one module: what bounds a case is the case's own
if [ "${NDK_SCALE:-}" = full ]; then
	LIMIT=${LIMIT:-3600}
else
	LIMIT=${LIMIT:-600}
fi
results=/sys/kernel/debug/kunit
status=0

make_device()
{
	[ ! -e /sys/class/infiniband/ndk0 ] || return 0
	modprobe ndk_softroce
	ip link add d0 mtu 4300 type dummy
	ip addr add 10.80.0.1/24 dev d0
	ip addr add fd80::1/64 dev d0 nodad
	ip link set d0 up
	rdma link add ndk0 type ndk netdev d0
}

load()
{
	local parameters=()

	if [ "${NDK_SCALE:-}" = full ] &&
	   modinfo -F parm "$1" | grep -q '^scale:'; then
		parameters=("scale=$SCALE")
	fi
	if modinfo -F parm "$1" | grep -q '^device:'; then
		make_device
		parameters+=("device=ndk0")
	fi
	timeout "$LIMIT" modprobe "$1" "${parameters[@]}"
}

# For tests that set fail_nth of their task, which concerns nobody else: allocations
# that may sleep fail as well, and the console does not show the stack of each.
allow_faults()
{
	local faults=/sys/kernel/debug/failslab

	[ -e "$faults" ] || return 0
	echo N >$faults/ignore-gfp-wait
	echo 0 >$faults/verbose
}

allow_faults
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
# the machine looks for leaks at its end: those are no test's
echo "ndk-test: begin leaks" >/dev/kmsg
exit "$status"
