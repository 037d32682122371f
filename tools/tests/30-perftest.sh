#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900
# seconds: 150
#
# Stock perftest in all its RC forms, on one device by direct copy, on one
# device by packets, and between two namespaces.

. "$(dirname "$0")/lib.sh"

check()
{
	"$TOP/build/ndkcheck" -q "$@"
}

N=$(scaled 40 5000)

# each program costs seconds on the test kernel: make check runs what reaches
# different code, make soak the whole matrix
full()
{
	[ "${NDK_SCALE:-}" = full ]
}

every_tool()
{
	local tool

	for tool in ib_write_bw ib_send_lat ib_read_bw; do
		perf "$tool" "$@" -s 2000 -n "$N"
	done
	perf ib_atomic_bw "$@" -n "$N"
	full || return 0
	for tool in ib_write_lat ib_send_bw ib_read_lat; do
		perf "$tool" "$@" -s 2000 -n "$N"
	done
	perf ib_atomic_lat "$@" -n "$N"
}

tools_direct()
{
	setting ndk0 loopback direct
	perf ib_send_bw "$END_LOOP" "$END_LOOP" -s 2000 -n "$N"
	full || return 0
	every_tool "$END_LOOP" "$END_LOOP"
}

tools_wire()
{
	local before

	setting ndk0 loopback wire
	before=$(counter ndk0 tx_packets)
	perf ib_send_bw "$END_LOOP" "$END_LOOP" -s 2000 -n "$N"
	at_least "packets sent" "$N" $(($(counter ndk0 tx_packets) - before))
	if full; then
		every_tool "$END_LOOP" "$END_LOOP"
	fi
	setting ndk0 loopback direct
}

direct_sends_no_packet()
{
	local before

	before=$(counter ndk0 tx_packets)
	check -n "$N" ndk0
	same "packets sent" "$before" "$(counter ndk0 tx_packets)"
	at_least "local requests" "$N" "$(counter ndk0 local_requests)"
}

tools_veth()
{
	every_tool "$END_LEFT" "$END_RIGHT"
}

every_mtu()
{
	local mtu

	for mtu in 256 512 1024 2048 4096; do
		check -m $mtu -s 9001 -n "$N" ndkl ndkr
		full || continue
		perf ib_write_bw "$END_LEFT" "$END_RIGHT" -m $mtu -s 9001 -n "$N"
		perf ib_read_bw "$END_LEFT" "$END_RIGHT" -m $mtu -s 9001 -n "$N"
	done
}

option_forms()
{
	perf ib_write_bw "$END_LEFT" "$END_RIGHT" -n "$N" -q 4 -b -s 4096
	perf ib_write_bw "$END_LEFT" "$END_RIGHT" -n 160 -l 16 -s 64 -I 64
	perf ib_send_lat "$END_LEFT" "$END_RIGHT" -n "$N" -e
	full || return 0
	perf ib_send_bw "$END_LEFT" "$END_RIGHT" -n "$N" -b -s 100
	perf ib_send_bw "$END_LEFT" "$END_RIGHT" -n "$N" -e -s 5000
	perf ib_write_bw "$END_LEFT" "$END_RIGHT" -n "$N" -Q 1 -t 32
	perf ib_read_bw "$END_LEFT" "$END_RIGHT" -n "$N" -o 1 -s 65536
	perf ib_read_bw "$END_LEFT" "$END_RIGHT" -n "$N" -o 16 -s 65536
}

# the big ones are twenty seconds of copying on the test kernel: by the direct
# path here, by packets in the full run
all_sizes()
{
	perf ib_write_bw "$END_LOOP" "$END_LOOP" -a -n "$(scaled 5 500)" -m 4096
	full || return 0
	perf ib_write_bw "$END_LEFT" "$END_RIGHT" -a -n 500 -m 4096
	perf ib_send_bw "$END_LEFT" "$END_RIGHT" -a -n 500
}

# one chain of a megabyte is several turns of the engine, and the poster may be
# moved to another CPU meanwhile: out of order, there are several NAKs a request,
# each time. A busy host drops packets, which makes NAKs too, but not each time.
chains_in_order()
{
	local before naks requests

	requests=$(scaled 160 5000)
	for _ in 1 2 3 4; do
		before=$(counter ndkl nak_seq_sent)
		CHAIN=16 perf ib_write_bw "$END_LEFT" "$END_RIGHT" -s 65536 -n "$requests"
		naks=$(($(counter ndkl nak_seq_sent) - before))
		echo "$naks sequence NAKs"
		[ "$naks" -gt $((requests / 4)) ] || return 0
	done
	fail "$naks sequence NAKs in $requests requests"
}

extended_posts()
{
	# without --use_old_post_send this perftest posts with ibv_wr_*()
	PORT=$((PORT + 1))
	both "$END_LEFT" "$END_RIGHT" "$PORT" \
		"ib_write_bw -d ndkl -F -p $PORT -n $N" \
		"ib_write_bw -d ndkr -F -p $PORT -n $N 10.81.0.1"
}

data_forms()
{
	check -m 4096 -s 300000 -d 8 -n "$(scaled 20 500)" ndkl ndkr
	check -c 7 -n "$N" ndkl ndkr
}

data_v6()
{
	check -n "$N" -g "$(gid_index ndkl fd81::1)" \
		-g "$(gid_index ndkr fd81::2)" ndkl ndkr
}

data_one_device()
{
	check -n "$N" -s 100000 -d 8 ndk0
	check -n "$N" -c 5 ndk0
	setting ndk0 loopback wire
	check -n "$N" ndk0
	setting ndk0 loopback direct
}

loopback_switches()
{
	check -n "$(scaled 400 20000)" -s 3000 ndk0 &
	for _ in $(seq 8); do
		setting ndk0 loopback wire
		sleep 0.05
		setting ndk0 loopback direct
		sleep 0.05
	done
	wait $!
}

run_case loop_up "a device on a dummy netdev"
run_case tools_direct "one device, direct copy: RC tools"
run_case direct_sends_no_packet "one device, direct copy: no packet is sent"
run_case tools_wire "one device, packets: RC tools"
run_case data_one_device "one device: every byte is right, direct and by packets"
run_case loopback_switches "one device: switching between both under traffic loses nothing"
run_case all_sizes "every size from 2 to 8388608"
run_case loop_down "the device goes"
run_case veth_up "two namespaces joined by a veth pair"
run_case tools_veth "veth: RC tools"
run_case every_mtu "veth: every path MTU"
run_case option_forms "veth: queue pairs, lists, inline, events, both directions"
run_case chains_in_order "veth: packets of long chains do not overtake each other"
run_case extended_posts "veth: posts by ibv_wr_*()"
run_case data_forms "veth: every byte is right at every size, deferred or not"
run_case data_v6 "veth: every byte is right over IPv6"
run_case veth_down "the namespaces go"
run_case kernel_is_clean "the kernel has nothing to report"
finish
