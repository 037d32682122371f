#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900 1800
# seconds: 25
#
# A consumer of the kernel API (kunit/unload.c) that comes and goes: when
# ndk_close_adapter() returns nothing of it runs any more (R-NDK-122). And what
# the kernel says of two consumers that do what they must not.

. "$(dirname "$0")/lib.sh"

gone()
{
	[ ! -e /sys/module/ndk_unload ]
}

said()
{
	dmesg | grep -c "$1" || :
}

r_ndk_122_unload_right_behind_adapter_close()
{
	for _ in $(seq "$(scaled 10 300)"); do
		modprobe ndk_unload device=ndk0
		rmmod ndk_unload
		gone
	done
}

r_ndk_122_while_the_device_goes()
{
	local pid

	for _ in $(seq "$(scaled 2 30)"); do
		modprobe ndk_unload device=ndk0
		rdma link delete ndk0 &
		pid=$!
		rmmod ndk_unload
		wait "$pid"
		add_device "$END_LOOP" d0
	done
}

a_device_that_is_not_there()
{
	fails modprobe ndk_unload device=nosuch
	gone
}

a_chain_left_alone()
{
	local before

	before=$(said 'ndk-unload did not end a chain')
	modprobe ndk_unload device=ndk0 chain=1
	wait_for 10 rescued "$before"
	rmmod ndk_unload
	same "warnings" $((before + 1)) "$(said 'ndk-unload did not end a chain')"
}

rescued()
{
	[ "$(said 'ndk-unload did not end a chain')" -gt "$1" ]
}

run_case loop_up "a device on a dummy link"
run_case r_ndk_122_unload_right_behind_adapter_close \
	"a consumer is unloaded right behind ndk_close_adapter()"
run_case r_ndk_122_while_the_device_goes "the same while its device is removed"
run_case a_device_that_is_not_there "a device that is not there"
run_case a_chain_left_alone "a chain that nobody ends: one warning, by name"
run_case kernel_is_clean "the kernel has nothing to report"
run_case loop_down "the link goes"
leak_case
finish
