#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900
# seconds: 130
#
# What comes and goes: links, netdevs, namespaces, modules, programs; under
# traffic, and without a leak.

. "$(dirname "$0")/lib.sh"

check()
{
	"$TOP/build/ndkcheck" -q "$@"
}

gone()
{
	[ ! -e "$SYS/$1" ]
}

moved()
{
	[ "$(counter "$1" "$2")" -gt "$3" ]
}

# traffic SECONDS: writes from right to left, in the background
traffic()
{
	PORT=$((PORT + 1))
	ip netns exec left ib_write_bw -d ndkl -F -p $PORT -D "$1" >"$WORK/ts" 2>&1 &
	TRAFFIC="$!"
	wait_for 20 listens left $PORT
	ip netns exec right ib_write_bw -d ndkr -F -p $PORT -D "$1" 10.81.0.1 \
		>"$WORK/tc" 2>&1 &
	TRAFFIC="$TRAFFIC $!"
	wait_for 20 moved ndkr send_requests 50
}

# programs end by themselves or are killed; either way they must go
end_traffic()
{
	local pid

	for pid in $TRAFFIC; do
		kill "$pid" 2>/dev/null || :
	done
	for pid in $TRAFFIC; do
		wait "$pid" || :
	done
}

link_del_under_traffic()
{
	local device

	for device in ndkl ndkr; do
		traffic 30
		rdma link delete $device
		gone $device
		end_traffic
		[ "$device" = ndkl ] && add_device "$END_LEFT" vl
		[ "$device" = ndkr ] && add_device "$END_RIGHT" vr
		check -n 50 ndkl ndkr
	done
}

# an open device does not hold the module: its programs are disassociated
rmmod_under_traffic()
{
	local i

	for i in $(seq "$(scaled 1 20)"); do
		echo "round $i"
		traffic 30
		fails rmmod ndk
		rmmod ndk_softroce
		rmmod ndk
		gone ndkl
		gone ndkr
		end_traffic
		devices_again
	done
}

devices_again()
{
	modprobe ndk_softroce
	add_device "$END_LEFT" vl
	add_device "$END_RIGHT" vr
	check -n 50 ndkl ndkr
}

kills()
{
	for _ in $(seq "$(scaled 2 100)"); do
		traffic 30
		# shellcheck disable=SC2086 # a list
		kill -9 $TRAFFIC
		end_traffic
	done
	check -n 50 ndkl ndkr
}

cycles()
{
	check -n 2 -r 200 ndkl ndkr
}

links()
{
	for _ in $(seq "$(scaled 2 100)"); do
		rdma link delete ndkl
		add_device "$END_LEFT" vl
	done
	check -n 50 ndkl ndkr
}

rmmod_with_devices()
{
	modprobe -r ndk_softroce
	gone ndkl
	gone ndkr
	[ ! -e /sys/module/ndk ]
	devices_again
}

# Of the modules that use ndk only softroce is of these cases.
others_go()
{
	local user

	for user in /sys/module/ndk/holders/*; do
		case ${user##*/} in
		'*'|ndk_softroce) ;;
		*) modprobe -r "${user##*/}" ;;
		esac
	done
}

run_case others_go "other modules go"
run_case veth_up "two namespaces joined by a veth pair"
run_case link_del_under_traffic "rdma link del under traffic"
run_case rmmod_under_traffic "rmmod under traffic"
run_case kills "kill -9 in the middle of a transfer"
run_case cycles "200 times made, used and destroyed"
run_case links "links made and deleted again and again"
run_case rmmod_with_devices "rmmod takes the devices with it"
run_case veth_down "the namespaces go"
leak_case
run_case kernel_is_clean "the kernel has nothing to report"
finish
