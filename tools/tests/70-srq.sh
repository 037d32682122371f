#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900 1200
# seconds: 140
#
# Shared receive queues with the standard tools, and with programs that mean
# no good. Kernel consumers: kunit/verbs_drain.c, kunit/provider_srq.c.
#
#   4 QPs of a client --> ndk0 (10.80.0.1) --> 4 QPs, one shared queue

. "$(dirname "$0")/lib.sh"

LOOPBACK=direct

advertised()
{
	local info

	info=$(ibv_devinfo -v -d ndk0)
	grep -q 'max_srq_wr:[[:space:]]*32768' <<<"$info"
	grep -q 'max_srq_sge:[[:space:]]*32' <<<"$info"
	grep -q SRQ_RESIZE <<<"$info"
}

# verified_shared BYTES COUNT: every byte is compared on both sides.
verified_shared()
{
	local gid

	gid=$(gid_index ndk0 10.80.0.1)
	PORT=$((PORT + 1))
	both "$END_LOOP" "$END_LOOP" "$PORT" \
		"ibv_srq_pingpong -c -d ndk0 -p $PORT -g $gid -q 4 -r 100 -s $1 -n $2" \
		"ibv_srq_pingpong -c -d ndk0 -p $PORT -g $gid -q 4 -r 100 -s $1 -n $2 10.80.0.1"
	if grep -q 'invalid data' "$WORK/server" "$WORK/client"; then
		pair_output
		fail "data differs"
	fi
}

pingpong()
{
	setting ndk0 loopback "$LOOPBACK"
	verified_shared 4096 "$(scaled 200 20000)"
	verified_shared 60000 "$(scaled 50 2000)"
	kernel_is_clean
}

bandwidth()
{
	setting ndk0 loopback "$LOOPBACK"
	CHAIN=8 perf ib_send_bw "$END_LOOP" "$END_LOOP" --use-srq -s 1024 -n "$(scaled 400 20000)"
	if [ "${NDK_SCALE:-}" = full ]; then
		perf ib_send_bw "$END_LOOP" "$END_LOOP" --use-srq -q 4 -s 1024 -n 20000
		perf ib_send_lat "$END_LOOP" "$END_LOOP" --use-srq -s 64 -n 20000
	fi
	kernel_is_clean
}

resources()
{
	PORT=$((PORT + 1))
	timeout 60 ibv_srq_pingpong -d ndk0 -p "$PORT" -g 0 -q 2 &
	wait_for 20 listens - "$PORT"
	rdma resource show srq dev ndk0 -dd
	rdma resource show srq dev ndk0 -dd | grep -q max_wr
	kill $!
	wait $! || :
}

queue()
{
	setting ndk0 loopback "$LOOPBACK"
	"$TOP/build/badqueue" ndk0 "$@"
	kernel_is_clean
}

shared()	{ queue shared; }
rewritten()	{ queue shared-rewritten "$(scaled 1000 50000)"; }
noise()		{ queue shared-noise "$(scaled 20 500)"; }
resized()	{ queue shared-resized "$(scaled 60 3000)"; }

loop_up
run_case advertised "the device says what it can do"
run_case resources "rdma resource shows the queue"
for LOOPBACK in direct wire; do
	run_case pingpong "$LOOPBACK: four QPs and one queue, every byte is right"
	run_case bandwidth "$LOOPBACK: performance tools with --use-srq"
	run_case resized "$LOOPBACK: resized and armed in the middle, one event per arming"
	run_case shared "$LOOPBACK: a bad entry costs one QP, the queue goes on"
	run_case rewritten "$LOOPBACK: entries rewritten while they are taken"
	run_case noise "$LOOPBACK: noise in the ring and its indices"
done
loop_down
leak_case
finish
