#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900
# seconds: 105
#
# What happens to the netdev happens to the device; and the company of rxe.

. "$(dirname "$0")/lib.sh"

check()
{
	"$TOP/build/ndkcheck" -q "$@"
}

gone()
{
	[ ! -e "$SYS/$1" ]
}

mtu_is()
{
	ibv_devinfo -d "$1" | grep -q "active_mtu:.*$2 "
}

down_up()
{
	ip -n left link set vl down
	wait_for 10 port_is ndkl DOWN
	ip -n left link set vl up
	ip -n left addr replace fd81::1/64 dev vl nodad
	wait_for 10 port_is ndkl ACTIVE
	wait_for 10 has_gid ndkl 10.81.0.1
	check -n 50 ndkl ndkr
}

mtu_follows()
{
	local pair

	for pair in 1500:1024 600:512 9000:4096 4300:4096; do
		ip -n left link set vl mtu ${pair%:*}
		ip -n right link set vr mtu ${pair%:*}
		wait_for 10 mtu_is ndkl ${pair#*:}
		wait_for 10 mtu_is ndkr ${pair#*:}
	done
	check -n 50 -m 4096 ndkl ndkr
}

path_mtu_bounded()
{
	ip -n left link set vl mtu 1500
	wait_for 10 mtu_is ndkl 1024
	fails check -n 1 -m 4096 ndkl ndkr
	grep -q 'to RTR' "$WORK/said"
	ip -n left link set vl mtu 4300
	wait_for 10 mtu_is ndkl 4096
}

rename()
{
	ip -n left link set vl down
	ip -n left link set vl name vl2
	ip -n left link set vl2 up
	wait_for 10 port_is ndkl ACTIVE
	wait_for 10 has_gid ndkl 10.81.0.1
	check -n 50 ndkl ndkr
	ip -n left link set vl2 down
	ip -n left link set vl2 name vl
	ip -n left link set vl up
	wait_for 10 port_is ndkl ACTIVE
}

second_refused()
{
	fails ip netns exec left rdma link add ndkx type ndk netdev vl
	gone ndkx
}

moved_away()
{
	"$TOP/build/ndkcheck" -q -D 600 -t 20 ndkl ndkr >/dev/null 2>&1 &
	wait_for 10 busy ndkl
	ip -n left link set vl netns 1
	wait_for 10 gone ndkl
	kill -9 $! 2>/dev/null || :
	wait $! || :
	ip link delete vl
	wait_for 10 gone ndkr
}

busy()
{
	[ "$(counter "$1" send_requests)" -gt 20 ]
}

namespace_deleted()
{
	for _ in $(seq "$(scaled 2 50)"); do
		ip netns add left
		ip -n left link add d1 type dummy
		ip -n left addr add 10.83.0.1/24 dev d1
		ip -n left link set d1 up
		add_device "ndkl 10.83.0.1 left" d1
		check -n 20 ndkl
		ip netns delete left
		wait_for 20 gone ndkl
	done
}

on_lo()
{
	ip netns add left
	ip -n left link set lo up
	ip netns exec left rdma link add ndkl type ndk netdev lo
	wait_for 10 has_gid ndkl 127.0.0.1
	check -n 50 -g "$(gid_index ndkl 127.0.0.1)" ndkl
	setting ndkl loopback wire
	check -n 50 -g "$(gid_index ndkl 127.0.0.1)" ndkl
	ip netns delete left
	wait_for 20 gone ndkl
}

on_virtio()
{
	rdma link add ndkv type ndk netdev eth0
	wait_for 10 port_is ndkv ACTIVE
	wait_for 10 has_gid ndkv 10.0.2.15
	check -n 50 -m 1024 ndkv
	rdma link delete ndkv
}

port_has_one_owner()
{
	modprobe rdma_rxe
	ip link add d2 type dummy
	ip addr add 10.84.0.1/24 dev d2
	ip link set d2 up
	rdma link add rxe0 type rxe netdev d2
	dmesg -C
	fails rdma link add ndk0 type ndk netdev eth0
	dmesg | grep -q 'UDP port 4791'
	gone ndk0
	fails rdma link add ndk0 type ndk netdev d2
}

beside_rxe()
{
	loop_in_left
	check -n 50 ndkl
	check -n 50 rxe0
	[ "$(cat "$SYS/rxe0/node_guid")" != "$(cat "$SYS/ndkl/node_guid")" ]
}

loop_in_left()
{
	ip netns add left
	ip -n left link add d1 type dummy
	ip -n left addr add 10.83.0.1/24 dev d1
	ip -n left link set d1 up
	add_device "ndkl 10.83.0.1 left" d1
}

rxe_unload()
{
	"$TOP/build/ndkcheck" -q -D 600 -t 20 ndkl >/dev/null 2>&1 &
	wait_for 10 busy ndkl
	rdma link delete rxe0
	rmmod rdma_rxe
	wait_for 10 gone ndkl
	kill -9 $! 2>/dev/null || :
	wait $! || :
	# and life goes on
	add_device "ndkl 10.83.0.1 left" d1
	check -n 50 ndkl
	ip netns delete left
	ip link delete d2
	wait_for 20 gone ndkl
}

run_case veth_up "two namespaces joined by a veth pair"
run_case down_up "netdev down and up: the port follows, traffic goes on"
run_case mtu_follows "the port's MTU follows the netdev's"
run_case path_mtu_bounded "a path MTU above the port's is refused"
run_case rename "the netdev gets another name"
run_case second_refused "a second device on the same netdev is refused"
run_case moved_away "the netdev moves to another namespace under traffic"
run_case veth_down "the namespaces go"
run_case namespace_deleted "a namespace is deleted, its device with it"
run_case on_lo "a device on lo"
run_case on_virtio "a device on a virtio NIC"
run_case port_has_one_owner "where rxe owns the UDP port, we say so and leave"
run_case beside_rxe "rxe in one namespace, ndk in another"
run_case rxe_unload "unloading rdma_rxe removes our devices cleanly"
run_case kernel_is_clean "the kernel has nothing to report"
finish
