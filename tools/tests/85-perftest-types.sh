#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900 5400
# seconds: 130
#
# Stock perftest on every QP type, with shared receive queues and with
# multicast. (30-perftest.sh has RC in all its forms.)

. "$(dirname "$0")/lib.sh"

CASE_LIMIT=$(scaled 90 900)
# Nobody repeats a message that UC or UD lost, and the tools wait for all of
# them: so no more than fit into a receive queue.
N=$(scaled 64 448)
SERVER=$END_LEFT
CLIENT=$END_RIGHT

full()
{
	[ "${NDK_SCALE:-}" = full ]
}

# run TOOL [OPTION...]
run()
{
	echo "$*"
	perf "$1" "$SERVER" "$CLIENT" -n "$N" "${@:2}"
}

# every_form TYPE SIZE: queue pairs, lists, and then one option at a time
every_form()
{
	local qps list option

	for qps in 1 4 16; do
		for list in 1 16 64; do
			run ib_send_bw -c "$1" -s "$2" -q $qps -l $list
		done
	done
	for option in -e -b "-b -e" "-I 64 -s 64" -a "-Q 1" "-t 16"; do
		# shellcheck disable=SC2086 # words
		run ib_send_bw -c "$1" -s "$2" $option
	done
	for option in -e "-I 64 -s 64" -a; do
		# shellcheck disable=SC2086
		run ib_send_lat -c "$1" -s "$2" $option
	done
}

rc_queues()
{
	run ib_write_bw -q 16 -l 16 -s 3000
	run ib_send_bw -q 16 -b -s 3000
	! full || every_form RC 3000
}

uc_tools()
{
	run ib_write_bw -c UC -q 4 -l 16 -s 3000
	run ib_send_bw -c UC -b -e -s 3000
	full || return 0
	run ib_send_lat -c UC -s 64 -I 64
	every_form UC 3000
	run ib_write_lat -c UC -s 3000
	run ib_write_bw -c UC -a
}

ud_tools()
{
	run ib_send_bw -c UD -q 4 -l 16 -s 1000
	run ib_send_lat -c UD -s 64 -I 64
	run ib_send_bw -c UD -a -n 20
	full || return 0
	run ib_send_bw -c UD -b -e -s 1000
	every_form UD 1000
}

srq_tools()
{
	run ib_send_bw --use-srq -q 4 -s 3000
	full || return 0
	run ib_send_lat --use-srq -e -s 500
	run ib_send_bw --use-srq -q 16 -l 16 -s 3000
	run ib_send_bw --use-srq -q 4 -b -s 3000
	run ib_send_bw --use-srq -a
	run ib_send_bw --use-srq -c UD -q 4 -s 1000
}

# The group is joined by attaching a QP, without the connection manager.
multicast()
{
	run ib_send_bw -c UD -g -M 0:0:0:0:0:0:0:0:0:0:255:255:230:7:7:7 -s 1000
	! full || run ib_send_lat -c UD -g -M 0:0:0:0:0:0:0:0:0:0:255:255:230:7:7:7 -s 500
}

on_one_device()
{
	setting ndk0 loopback "$1"
	run ib_send_bw -c UD -s 1000 -q 2
	full || return 0
	run ib_send_bw --use-srq -s 3000 -q 2
	every_form UC 3000
	every_form UD 1000
}

direct()	{ on_one_device direct; }
wire()		{ on_one_device wire; }

loop_cases()
{
	run_case direct "one device, direct copy: UD, and in make soak all"
	run_case wire "one device, packets: UD, and in make soak all"
}

run_case pair_up "two ends"
run_case rc_queues "RC: 16 queue pairs, lists of requests, both ways"
run_case uc_tools "UC: both ways, lists, events"
run_case ud_tools "UD: lists, inline, every size"
run_case srq_tools "a shared receive queue"
if [ "$KIND" = ndk ]; then
	run_case multicast "multicast"
else
	skip_case "multicast" "a dummy link returns no packet to rxe"
fi
run_case pair_down "the ends go"
cases_on_one_device loop_cases
run_case kernel_is_clean "the kernel has nothing to report"
finish
