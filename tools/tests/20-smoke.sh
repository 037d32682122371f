#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900
# seconds: 50
#
# The shortest proof that the whole works: one device, then two namespaces
# joined by a veth pair, with the stock tools and with every byte verified.

. "$(dirname "$0")/lib.sh"

one_device()
{
	loop_up
	ibv_devinfo -d ndk0
	perf ib_write_bw "$END_LOOP" "$END_LOOP" -s 4096 -n "$(scaled 200 5000)"
	"$TOP/build/ndkcheck" -n "$(scaled 100 5000)" ndk0
}

deferred_rings_less()
{
	local requests bells usecs

	# no timer: on a slow kernel it would end chains early
	usecs=$(setting ndk0 defer_usecs)
	setting ndk0 defer_usecs 0
	requests=$(counter ndk0 send_requests)
	bells=$(counter ndk0 doorbells)
	CHAIN=16 perf ib_write_bw "$END_LOOP" "$END_LOOP" -s 64 -n 1600
	requests=$(($(counter ndk0 send_requests) - requests))
	bells=$(($(counter ndk0 doorbells) - bells))
	setting ndk0 defer_usecs "$usecs"
	same "requests" 1600 "$requests"
	same "doorbells" 100 "$bells"
}

no_device_left()
{
	loop_down
	[ ! -e "$SYS/ndk0" ]
}

two_namespaces()
{
	veth_up
	verified "$END_LEFT" "$END_RIGHT" 10000 "$(scaled 20 1000)"
	"$TOP/build/ndkcheck" -n "$(scaled 50 5000)" ndkl ndkr
	veth_down
}

run_case one_device "one device: stock tools run, data is right"
if [ "$KIND" = ndk ]; then
	run_case deferred_rings_less "deferred chains ring fewer doorbells"
else
	skip_case "deferred chains ring fewer doorbells" "only ndk defers"
fi
run_case no_device_left "the device goes when its link is deleted"
if [ "$KIND" = ndk ]; then
	run_case two_namespaces "two namespaces over veth: a stock tool runs, data is right"
else
	skip_case "two namespaces over veth" "rxe works in the first namespace only"
fi
run_case kernel_is_clean "the kernel has nothing to report"
finish
