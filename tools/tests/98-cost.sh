#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: host
# timeout: 400
#
# What a call of the kernel API costs beside the same verbs post, in instructions:
# counted by the virtual machine, so the same on every host and every run.

CASE_LIMIT=380
. "$(dirname "$0")/lib.sh"

# percent an NDK call may cost more than the same verbs post
LIMIT=15

# A virtual machine of the stock kernel: the test kernel counts its own checks.
count()
{
	"$TOP/tools/vm" run --kernel stock --cpus 1 --accel count --timeout 360 -- bash -ec '
		ip link add d0 mtu 4300 type dummy
		ip addr add 10.80.0.1/24 dev d0
		ip link set d0 up
		modprobe -a rdma_ucm ndk_softroce
		rdma link add ndk0 type ndk netdev d0
		tries=0
		until modprobe ndkcost address=10.80.0.1; do
			tries=$((tries + 1))
			[ $tries -lt 5 ]
			sleep 1
		done
		cd /sys/module/ndkcost/parameters
		for op in write read send; do
			echo "$op $(cat verbs_$op) $(cat ndk_$op)"
		done' >"$WORK/cost" 2>"$WORK/err" || { cat "$WORK/err"; return 1; }
	cat "$WORK/cost"
}

a_call_adds_little()
{
	local op verbs ndk lines=0

	count
	while read -r op verbs ndk; do
		lines=$((lines + 1))
		echo "$op: verbs $verbs, ndk $ndk instructions: $((ndk * 100 / verbs)) %"
		[ "$verbs" -gt 0 ]
		[ $((ndk * 100)) -le $((verbs * (100 + LIMIT))) ]
	done <"$WORK/cost"
	same "requests measured" 3 "$lines"
}

run_case a_call_adds_little "a call adds at most 15 % instructions to the same verbs post"
finish
