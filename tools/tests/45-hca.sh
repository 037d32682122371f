#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900 2400
# seconds: 185
#
# The stacked backend on the kernel's own software devices: the choice of the lower
# device, stock perftest, every byte of every operation, and that it goes when what
# it stands on goes.
#
#   ndk0 (ndk_hca) -- lowndk0 (rxe) -- d0        one device, both ends
#   ndk0 (ndk_hca) -- lowndk0 (siw) -- d0

KIND=ndk_hca
NDK_KIND=$KIND
export NDK_KIND
. "$(dirname "$0")/lib.sh"

CASE_LIMIT=$(scaled 480 900)
N=$(scaled 48 2000)
CHOICE=/sys/module/ndk_hca/parameters/lower

full()
{
	[ "${NDK_SCALE:-}" = full ]
}

link_add()
{
	rdma link add "$@"
}

netdev_without_device()
{
	load_modules
	ip link add d1 type dummy
	fails link_add ndk1 type ndk_hca netdev d1
	dmesg | grep -q 'd1.*has no RDMA device to stand on'
	ip link delete d1
}

choice_by_name()
{
	load_modules
	modprobe siw
	ip link add d1 mtu 4300 type dummy
	ip link set d1 up
	link_add low1 type rxe netdev d1
	link_add low2 type siw netdev d1
	fails link_add ndk1 type ndk_hca netdev d1
	dmesg | grep -q 'd1.*several RDMA devices: low1 low2'
	echo nothing >$CHOICE
	fails link_add ndk1 type ndk_hca netdev d1
	dmesg | grep -q 'd1.*no RDMA device nothing, but: low1 low2'
	echo low1 >$CHOICE
	link_add ndk1 type ndk_hca netdev d1
	same "lower device" low1/1 "$(setting ndk1 lower)"
	# its own kind is no candidate, and a port carries one
	fails link_add ndk2 type ndk_hca netdev d1
	echo ndk1 >$CHOICE
	fails link_add ndk2 type ndk_hca netdev d1
	echo >$CHOICE
	rdma link delete ndk1
	rdma link delete low1
	rdma link delete low2
	ip link delete d1
}

looks_like_the_lower_device()
{
	local what

	for what in max_qp_rd_atom max_sge max_mr max_pd max_srq; do
		same "$what" "$(ibv_devinfo -v -d lowndk0 | grep -w "$what:")" \
			"$(ibv_devinfo -v -d ndk0 | grep -w "$what:")"
	done
	same "MTU" "$(ibv_devinfo -d lowndk0 | grep active_mtu)" \
		"$(ibv_devinfo -d ndk0 | grep active_mtu)"
	[ "$(cat "$SYS/ndk0/node_guid")" != "$(cat "$SYS/lowndk0/node_guid")" ]
}

tools_rc()
{
	perf ib_write_bw "$END_LOOP" "$END_LOOP" -s 2000 -n "$N" -q 4 -l 16
	perf ib_send_lat "$END_LOOP" "$END_LOOP" -s 2000 -n "$N"
	perf ib_read_bw "$END_LOOP" "$END_LOOP" -s 9000 -n "$N"
	perf ib_atomic_bw "$END_LOOP" "$END_LOOP" -n "$N"
	full || return 0
	perf ib_write_lat "$END_LOOP" "$END_LOOP" -s 64 -I 64 -n "$N"
	perf ib_send_bw "$END_LOOP" "$END_LOOP" -a -b -n 100
	perf ib_read_lat "$END_LOOP" "$END_LOOP" -s 2000 -n "$N"
	perf ib_atomic_lat "$END_LOOP" "$END_LOOP" -n "$N"
}

# Programs that sleep until their completion event. Not ib_send_lat -e: on rxe itself
# it sleeps for ever, see Documentation/hca.md.
tools_events()
{
	perf ib_send_bw "$END_LOOP" "$END_LOOP" -e -s 2000 -n "$N"
	pingpong -e
	pingpong -e -s 20000 -m 1024
}

# pingpong [OPTION...]: rdma-core's, every byte compared
pingpong()
{
	local index

	index=$(gid_index ndk0 10.80.0.1)
	PORT=$((PORT + 1))
	both "$END_LOOP" "$END_LOOP" "$PORT" \
		"ibv_rc_pingpong -c -d ndk0 -p $PORT -g $index -n $N $*" \
		"ibv_rc_pingpong -c -d ndk0 -p $PORT -g $index -n $N $* 10.80.0.1"
	! grep 'invalid data' "$WORK/server" "$WORK/client"
}

tools_uc_ud()
{
	perf ib_send_bw "$END_LOOP" "$END_LOOP" -c UC -s 2000 -n "$N"
	perf ib_send_lat "$END_LOOP" "$END_LOOP" -c UD -s 500 -n "$N"
}

tools_srq()
{
	perf ib_send_bw "$END_LOOP" "$END_LOOP" --use-srq -q 4 -s 2000 -n "$N"
}

every_byte()
{
	"$TOP/build/ndkcheck" -n "$N" ndk0
	"$TOP/build/ndkcheck" -q -n "$N" -c 5 ndk0
	"$TOP/build/ndkcheck" -q -m 4096 -s 300000 -d 8 -n "$(scaled 10 500)" ndk0
}

# One lower post per chain, counted here, and one doorbell, counted by the provider.
one_post_per_chain()
{
	local requests posts bells usecs

	usecs=$(setting ndk0 defer_usecs)
	# no timer: a processor that was taken away is no reason to ring
	setting ndk0 defer_usecs 0
	requests=$(counter ndk0 send_requests)
	posts=$(counter ndk0 lower_posts)
	bells=$(counter ndk0 doorbells)
	CHAIN=16 perf ib_write_bw "$END_LOOP" "$END_LOOP" -s 64 -n 1600
	requests=$(($(counter ndk0 send_requests) - requests))
	posts=$(($(counter ndk0 lower_posts) - posts))
	bells=$(($(counter ndk0 doorbells) - bells))
	setting ndk0 defer_usecs "$usecs"
	same "requests" 1600 "$requests"
	same "doorbells" 100 "$bells"
	same "lower posts" 100 "$posts"
}

nothing_unexpected()
{
	same "refused by the lower device" 0 "$(counter ndk0 lower_refused)"
	same "completions that were not due" 0 "$(counter ndk0 lower_stray)"
}

# Allocations of the kernel on behalf of a program that makes one of each: every
# kmalloc() in turn, but not those of the leak checker, which would report them.
creation_fails()
{
	local before cache faults=/sys/kernel/debug/failslab

	for cache in /sys/kernel/slab/kmalloc-*; do
		echo 1 >"$cache/failslab" || :
	done
	echo Y >$faults/cache-filter
	echo N >$faults/ignore-gfp-wait
	echo 0 >$faults/verbose
	before=$(rdma resource show lowndk0)
	"$TOP/build/failcreate" ndk0 "$(scaled 10 1)"
	echo Y >$faults/ignore-gfp-wait
	echo N >$faults/cache-filter
	same "objects of the lower device" "$before" "$(rdma resource show lowndk0)"
}

port_follows()
{
	ip link set d0 down
	wait_for 20 port_is lowndk0 DOWN
	wait_for 20 port_is ndk0 DOWN
	ip link set d0 up
	wait_for 20 port_is ndk0 ACTIVE
	wait_for 20 has_gid ndk0 10.80.0.1
}

# A program that would run for minutes; BUSY is its process.
start_busy()
{
	ib_write_bw -d ndk0 -F -x "$(gid_index ndk0 10.80.0.1)" -p 21999 -D 120 \
		--use_old_post_send >"$WORK/busy" 2>&1 &
	BUSY_SERVER=$!
	wait_for 20 listens - 21999
	ib_write_bw -d ndk0 -F -x "$(gid_index ndk0 10.80.0.1)" -p 21999 -D 120 \
		--use_old_post_send 10.80.0.1 >"$WORK/busy.client" 2>&1 &
	BUSY=$!
	wait_for 30 moved "$(counter ndk0 send_requests)" 200
}

# moved BEFORE COUNT: that many requests since
moved()
{
	[ "$(counter ndk0 send_requests)" -ge $(($1 + $2)) ]
}

end_busy()
{
	kill "$BUSY" "$BUSY_SERVER" 2>/dev/null || :
	wait "$BUSY" "$BUSY_SERVER" || :
}

is_gone()
{
	[ ! -e "$SYS/$1" ]
}

lower_link_deleted()
{
	start_busy
	rdma link delete lowndk0
	is_gone ndk0
	is_gone lowndk0
	end_busy
	ip link delete d0
}

netdev_deleted()
{
	loop_up
	start_busy
	ip link delete d0
	wait_for 20 is_gone ndk0
	end_busy
}

driver_unloaded()
{
	loop_up
	start_busy
	modprobe -r rdma_rxe
	is_gone ndk0
	end_busy
	ip link delete d0
}

module_unloaded()
{
	loop_up
	rdma link delete ndk0
	[ -e "$SYS/lowndk0" ]
	link_add ndk0 type ndk_hca netdev d0
	modprobe -r ndk_hca
	is_gone ndk0
	[ -e "$SYS/lowndk0" ]
	loop_down
}

comes_and_goes()
{
	local i

	loop_up
	for ((i = 0; i < $(scaled 3 50); i++)); do
		rdma link delete ndk0 &
		rdma link delete lowndk0 || :
		wait $! || :
		wait_for 20 is_gone ndk0
		link_add lowndk0 type rxe netdev d0
		link_add ndk0 type ndk_hca netdev d0
	done
	loop_down
}

# iWARP QPs are connected by the lower device's connection manager, which a program
# cannot reach through the upper device: see Documentation/hca.md.
on_siw()
{
	LOWER=siw
	load_modules
	ip link add d0 mtu 4300 type dummy
	ip addr add 10.80.0.1/24 dev d0
	ip link set d0 up
	link_add lowndk0 type siw netdev d0
	link_add ndk0 type ndk_hca netdev d0
	wait_for 20 port_is ndk0 ACTIVE
	ibv_devinfo -d ndk0 | grep -q 'transport:.*iWARP'
	same "GID" "$(cat "$SYS/lowndk0/ports/1/gids/0")" "$(cat "$SYS/ndk0/ports/1/gids/0")"
	"$TOP/build/qp_memory" ndk0 16
	! full || creation_fails
	rdma link delete lowndk0
	is_gone ndk0
	ip link delete d0
	modprobe -r siw
}

unload_all()
{
	unload_rxe ndk_hca
}

run_case netdev_without_device "a netdev without an RDMA device is refused, saying so"
run_case choice_by_name "where there are several the parameter chooses; never its own kind"
run_case loop_up "a device on rxe"
run_case looks_like_the_lower_device "limits, MTU are the lower device's, the GUID is not"
run_case tools_rc "RC tools"
run_case tools_events "programs that sleep until their event"
run_case tools_uc_ud "UC and UD tools"
run_case tools_srq "a shared receive queue"
run_case every_byte "every byte is right, deferred or not"
run_case one_post_per_chain "a chain of 16 is one post to the lower device"
run_case nothing_unexpected "the lower device refused nothing and completed nothing twice"
soak_case creation_fails "whatever allocation fails while a program makes its objects, none is left"
run_case port_follows "the port goes down and up with the lower one"
run_case lower_link_deleted "goes with the lower device, under load"
run_case netdev_deleted "goes with the netdev, under load"
run_case driver_unloaded "goes with the lower device's driver, under load"
run_case module_unloaded "goes with its module, the lower device stays"
run_case comes_and_goes "both deleted at once, again and again"
run_case on_siw "a device on siw: objects can be made, and it goes with siw"
run_case unload_all "the modules go"
leak_case
run_case kernel_is_clean "the kernel has nothing to report"
finish
