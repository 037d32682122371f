#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900
# seconds: 40
#
# Settings, counters, resources and tracepoints, with the standard tools.

. "$(dirname "$0")/lib.sh"

check()
{
	"$TOP/build/ndkcheck" -q "$@"
}

# delta COUNTER COMMAND...: prints by how much it moved
delta()
{
	local name=$1 before
	shift

	before=$(counter ndk0 "$name")
	"$@" >/dev/null
	echo $(($(counter ndk0 "$name") - before))
}

settings()
{
	local bad

	same "bound" 64 "$(setting ndk0 defer_bound)"
	same "usecs" 1000 "$(setting ndk0 defer_usecs)"
	same "loopback" direct "$(setting ndk0 loopback)"
	for bad in 0 -1 1048577 x ''; do
		fails setting ndk0 defer_bound "$bad"
	done
	for bad in -1 10000001 x; do
		fails setting ndk0 defer_usecs "$bad"
	done
	fails setting ndk0 loopback sometimes
	same "bound after" 64 "$(setting ndk0 defer_bound)"
}

identity()
{
	local info

	info=$(ibv_devinfo -v -d ndk0)
	echo "$info"
	same "node type" CA "$(grep -o 'transport:.*InfiniBand' <<<"$info" >/dev/null && echo CA)"
	! grep -Eq 'node_guid:[[:space:]]*0000:0000:0000:0000' <<<"$info"
	! grep -Eq 'sys_image_guid:[[:space:]]*0000:0000:0000:0000' <<<"$info"
	grep -q 'link_layer:.*Ethernet' <<<"$info"
	grep -q 'PORT_ACTIVE' <<<"$info"
}

documented_counters()
{
	local name table

	table=$(<"$TOP/README.md")
	for name in "$SYS"/ndk0/ports/1/hw_counters/*; do
		name=${name##*/}
		[ "$name" = lifespan ] || [[ $table = *"| \`$name\` |"* ]] ||
			fail "README does not tell of counter $name"
	done
	rdma statistic show link ndk0/1 | grep -q doorbells_undeferred
}

chains_of_16()
{
	local bells

	# no timer: this kernel is slow enough for it to end chains early
	setting ndk0 defer_usecs 0
	bells=$(delta doorbells check -o write -n 1600 -d 64 -c 16 -s 64 ndk0)
	setting ndk0 defer_usecs 1000
	# two sides; the last chain of each may be short
	[ "$bells" -le $((2 * (1600 / 16) + 4)) ] || fail "$bells doorbells"
	at_least "longest chain" 16 "$(counter ndk0 longest_chain)"
}

undeferred_rings_each()
{
	same "doorbells" 400 "$(delta doorbells check -n 200 ndk0)"
	same "by reason" 400 "$(delta doorbells_undeferred check -n 200 ndk0)"
}

bound_rings()
{
	setting ndk0 defer_bound 4
	at_least "bound" 50 "$(delta doorbells_bound check -n 200 -c 16 -d 64 ndk0)"
	setting ndk0 defer_bound 64
}

timer_rings()
{
	at_least "timer" 5 "$(delta doorbells_timer check -n 200 -c 100000 -d 16 ndk0)"
}

full_rings()
{
	local usecs full=0

	# 31 requests fill a ring of 32 slots; the timer is for the last ones, and on
	# a busy machine may be first
	for usecs in 500000 2000000 5000000; do
		setting ndk0 defer_usecs $usecs
		full=$(delta doorbells_full check -n 40 -c 100000 -d 31 ndk0)
		[ "$full" -lt 2 ] || break
	done
	setting ndk0 defer_usecs 1000
	at_least "full" 2 "$full"
}

qp_counters()
{
	rdma statistic qp set link ndk0/1 auto type on
	check -n 50 ndk0 >"$WORK/out" &
	rdma statistic qp show
	wait $!
	rdma statistic qp set link ndk0/1 auto off
	# what bound counters counted is in the device's totals
	at_least "total" 100 "$(counter ndk0 send_requests)"
}

resources()
{
	"$TOP/build/ndkcheck" -q -D 600 -t 20 ndk0 >/dev/null 2>&1 &
	wait_for 10 has_qps
	rdma resource show qp link ndk0/1 -dd | grep -q sq_accepted
	rdma resource show cq dev ndk0 -dd | grep -q armed
	rdma resource show mr dev ndk0
	kill $!
	wait $! || :
}

has_qps()
{
	[ "$(rdma resource show qp link ndk0/1 | grep -c 'type RC')" -ge 2 ]
}

tracepoints()
{
	local dir=/sys/kernel/tracing event

	mountpoint -q $dir || mount -t tracefs tracefs $dir
	echo >$dir/trace
	echo 1 >$dir/events/ndk/enable
	setting ndk0 loopback wire
	check -n 20 ndk0
	setting ndk0 loopback direct
	echo 0 >$dir/events/ndk/enable
	for event in ndk_accept ndk_doorbell ndk_complete ndk_qp_state; do
		grep -q "$event:" $dir/trace || fail "no $event"
	done
	[ -d $dir/events/ndk/ndk_refuse ]
	[ -d $dir/events/ndk/ndk_retransmit ]
}

run_case loop_up "a device on a dummy netdev"
run_case settings "settings have their defaults and refuse nonsense"
run_case identity "GUIDs, link layer and state are real"
run_case documented_counters "every counter is in the README"
run_case undeferred_rings_each "without the flag every post rings once"
run_case chains_of_16 "chains of 16 ring a sixteenth of the doorbells"
run_case bound_rings "the bound ends chains, and can be set"
run_case timer_rings "the timer ends abandoned chains"
run_case full_rings "a full queue ends a chain"
run_case qp_counters "counters by QP"
run_case resources "resources show the queue's indices"
run_case tracepoints "tracepoints fire"
run_case loop_down "the device goes"
run_case kernel_is_clean "the kernel has nothing to report"
finish
