#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900 900
# seconds: 35
#
# The offload core from outside: what it shows of its objects, operations and
# figures while a module works with it. What it decides is tested in kunit/toe_*.
#
#   ndk_toe_bench: a target that does nothing, trees of 10 and of 1000
#   ndk_toe_try: a target that keeps what it is given, and a host that does what it
#	is told, with two objects of each kind:
#
#	neighbor0			neighbor1
#	    path4-0			 path4-1 path6-0 path6-1
#	        connection0 connection1

. "$(dirname "$0")/lib.sh"

DEBUG=/sys/kernel/debug
OBJECTS=$DEBUG/ndk_toe/bench/objects
INFO=$DEBUG/ndk_toe/bench/info
FIGURES=/sys/module/ndk_toe_bench/parameters
TRACING=/sys/kernel/tracing
EVENTS=$TRACING/events/ndk_toe
TRACE=$TRACING/trace
TRY=$DEBUG/ndk_toe_try
FAULT=$DEBUG/ndk_toe/try/fault
KINDS="neighbor path4 path6 connection"

# measures with every tree built so many times
measures()
{
	modprobe ndk_toe_bench "repeat=$1"
	modprobe -r ndk_toe_bench
}

figures()
{
	modprobe ndk_toe_bench repeat=1
	at_least "core state per connection" 300 "$(cat $FIGURES/conn_bytes)"
	at_least "time of a small tree" 1 "$(cat $FIGURES/tree_small_ns)"
	at_least "time of a large tree" 1 "$(cat $FIGURES/tree_large_ns)"
	at_least "copy form" 1 "$(cat $FIGURES/copy_mbs)"
	same "units in chained form" 50 "$(cat $FIGURES/chained_units)"
	same "copies made of them" 0 "$(cat $FIGURES/chained_copies)"
	modprobe -r ndk_toe_bench
	[ ! -e $DEBUG/ndk_toe/bench ]
}

# Reads both files over and over while a module loads; keeps the longest.
watch_files()
{
	local lines most=0

	while kill -0 "$1" 2>/dev/null; do
		cat $OBJECTS >"$WORK/now" 2>/dev/null || continue
		# it may go between the two looks: what was seen before stays
		cat $INFO >"$WORK/look" 2>/dev/null || continue
		mv "$WORK/look" "$WORK/info"
		lines=$(wc -l <"$WORK/now")
		[ "$lines" -le "$most" ] || { most=$lines; cp "$WORK/now" "$WORK/most"; }
		! grep -q offloaded "$WORK/now" || cp "$WORK/now" "$WORK/offloaded"
	done
}

look_at_objects()
{
	modprobe ndk_toe_bench repeat="$(scaled 10 40)" &
	watch_files $!
	wait $!
	modprobe -r ndk_toe_bench
}

# On a busy machine reading a file takes as long as a tree lives: a look may miss it.
objects()
{
	local look

	for look in 1 2 3 4 5; do
		look_at_objects
		if [ -e "$WORK/offloaded" ] && [ "$(wc -l <"$WORK/most")" -ge 12 ]; then
			break
		fi
		echo "look $look was too late"
	done
	grep '^neighbor [0-9]* below 0 ' "$WORK/most"
	grep -q '^path4 [0-9]* below [0-9]* .* mtu 1500$' "$WORK/most"
	grep -q '^connection [0-9]* below [0-9]* .* ports 5001 > 1 ' "$WORK/most"
	at_least "objects seen at once" 12 "$(wc -l <"$WORK/most")"
	at_least "of them offloaded" 1 "$(grep -c ' offloaded for ' "$WORK/offloaded")"
	# each object once, whatever came and went meanwhile
	same "objects shown twice" "" "$(awk '{ print $2 }' "$WORK/most" | sort | uniq -d)"
	grep -q '^kind bench$' "$WORK/info"
	same "broken rules" "0 0 0 0 0" "$(awk '/^(bad_|overdue)/ { printf "%s%d", s, $2; s = " " }' \
		"$WORK/info")"
}

traced()
{
	echo 0 >$TRACING/tracing_on
	modprobe ndk_toe
	: >$TRACE
	echo 1 >$EVENTS/enable
	echo 1 >$TRACING/tracing_on
	modprobe ndk_toe_bench repeat=1
	echo 0 >$TRACING/tracing_on
	echo 0 >$EVENTS/enable
	cat $TRACE >"$WORK/trace"
	modprobe -r ndk_toe_bench

	grep -q 'toe_op: bench initiate root=.* issue ' "$WORK/trace"
	grep -q 'toe_op: bench terminate root=.* done status=0' "$WORK/trace"
	grep -q 'toe_block: bench initiate connection [0-9]* status=0' "$WORK/trace"
	grep -q 'toe_obj: bench connection [0-9]* offloading -> offloaded' "$WORK/trace"
	grep -q 'toe_obj: bench connection [0-9]* uploading -> in-host' "$WORK/trace"
}

# try COMMAND...: each in turn; the last one's fate is the status
try()
{
	local command

	for command in "$@"; do
		echo "$command" >$TRY/do || return
	done
}

# Everything is with the host again, the log is empty, no fault is asked for.
try_anew()
{
	local kind fault

	for kind in $KINDS; do
		for fault in delay_ms fail exhaust corrupt; do
			echo 0 >"$FAULT/$kind/$fault"
		done
	done
	echo 0 >"$FAULT/delay_ms"
	try upload-all resume
	cat $TRY/log >/dev/null
}

# first KIND, second KIND: the two objects of a kind
first()
{
	case $1 in
	path*) echo "$1-0" ;;
	*) echo "${1}0" ;;
	esac
}

second()
{
	case $1 in
	path*) echo "$1-1" ;;
	*) echo "${1}1" ;;
	esac
}

try_it()
{
	modprobe ndk_toe_try
	[ -w $TRY/do ]
	try initiate
	cat $TRY/log >"$WORK/log"
	same "objects stored" 8 "$(grep -c '^initiate .* success$' "$WORK/log")"
	same "objects shown" 8 "$(grep -c ' offloaded for ' $DEBUG/ndk_toe/try/objects)"
	for kind in $KINDS; do
		same "objects of kind $kind" 2 "$(grep -c "^$kind " $DEBUG/ndk_toe/try/objects)"
	done
	grep -q '^path6 [0-9]* below [0-9]* offloaded .* > .* mtu 1500$' $DEBUG/ndk_toe/try/objects
	try_anew
}

fault_fail()
{
	local kind

	try_anew
	for kind in $KINDS; do
		echo 1 >"$FAULT/$kind/fail"
		try initiate
		cat $TRY/log >"$WORK/log"
		grep -q "^initiate $(first "$kind") failure$" "$WORK/log"
		# a root that fails ends the walk, any other takes along what is below it
		if [ "$kind" = neighbor ]; then
			fails grep -q '^initiate .* success$' "$WORK/log"
		else
			grep -q "^initiate $(second "$kind") success$" "$WORK/log"
		fi
		[ "$kind" != path4 ] || grep -q '^initiate connection1 failure$' "$WORK/log"
		same "steps left to fail" 0 "$(cat "$FAULT/$kind/fail")"
		try_anew
	done
	# any operation, and what the host is told of it
	try initiate
	echo 1 >$FAULT/connection/fail
	try update
	cat $TRY/log >"$WORK/log"
	grep -q '^update connection0 failure$' "$WORK/log"
	grep -q '^connection0 uploaded ' "$WORK/log"
	fails grep -q '^connection1 uploaded ' "$WORK/log"
	try_anew
}

fault_exhaust()
{
	local kind status

	try_anew
	for kind in $KINDS; do
		case $kind in
		neighbor) status="no neighbor entries" ;;
		path*) status="no path entries" ;;
		*) status="no connection entries" ;;
		esac
		echo 1 >"$FAULT/$kind/exhaust"
		try initiate
		cat $TRY/log >"$WORK/log"
		grep "^initiate $(first "$kind") " "$WORK/log" | grep -q success
		grep -q "^initiate $(second "$kind") $status$" "$WORK/log"
		try_anew
	done
}

fault_corrupt()
{
	local kind

	try_anew
	for kind in $KINDS; do
		try initiate
		cat $TRY/log >/dev/null
		echo 1 >"$FAULT/$kind/corrupt"
		try query
		cat $TRY/log >"$WORK/log"
		grep -q "^query $(first "$kind") failure$" "$WORK/log"
		grep -q "^query $(second "$kind") success$" "$WORK/log"
		grep -q "^$(first "$kind") uploaded " "$WORK/log"
		fails grep -q "^$(second "$kind") uploaded " "$WORK/log"
		if [ "$kind" = connection ]; then
			# in this order (R-TOE-57)
			same "what the host was told" "failure retrieve aborted uploaded" \
				"$(sed -n 's/^query connection0 \(failure\)$/\1/p
					s/^connection0 \([a-z]*\).*/\1/p' "$WORK/log" |
					tr '\n' ' ' | sed 's/ $//')"
		fi
		try_anew
	done
}

fault_delay()
{
	local kind begun

	try_anew
	for kind in $KINDS; do
		try initiate
		echo 300 >"$FAULT/$kind/delay_ms"
		begun=${EPOCHREALTIME/[^0-9]/}
		try query
		at_least "delay in microseconds" 300000 $((${EPOCHREALTIME/[^0-9]/} - begun))
		try_anew
	done
	try initiate
	echo 300 >$FAULT/delay_ms
	begun=${EPOCHREALTIME/[^0-9]/}
	try query
	at_least "delay in microseconds" 300000 $((${EPOCHREALTIME/[^0-9]/} - begun))
	try_anew
}

# Doorbells are counted by reason, as a queue pair's are.
counted()
{
	local info=$DEBUG/ndk_toe/try/info

	try_anew
	try initiate send send
	same "for undeferred sends" 2 "$(sed -n 's/^doorbells_undeferred //p' $info)"
	try defer
	wait_for 10 grep -q '^doorbells_timer 1$' $info
	echo 1 >$DEBUG/ndk_toe/try/defer_bound
	try defer
	same "at the bound" 1 "$(sed -n 's/^doorbells_bound //p' $info)"
	echo 64 >$DEBUG/ndk_toe/try/defer_bound
	same "sends" 4 "$(grep -c '^send success 1$' $TRY/log)"
	same "sends shown" 4 "$(sed -n 's/^sends_shown //p' $info)"
	same "doorbells" 4 "$(sed -n 's/^doorbells //p' $info)"
	try_anew
}

# One wrong thing, said once and counted each time.
complained()
{
	local before

	before=$(dmesg | grep -c 'ndk_toe: target try ') || true
	try stale stale stale
	same "warnings" $((before + 1)) "$(dmesg | grep -c 'ndk_toe: target try ')"
	same "counted" 3 "$(sed -n 's/^bad_handles //p' $DEBUG/ndk_toe/try/info)"
}

# Every tracepoint there is, every operation, every state; and no tracepoint more.
all_traced()
{
	local event word

	try_anew
	echo 0 >$TRACING/tracing_on
	modprobe ndk_toe_example
	: >$TRACE
	echo 1 >$EVENTS/enable
	echo 1 >$TRACING/tracing_on
	try initiate query update send data receive data forward backlog hint reachability \
		stale retrieve pause resume
	try upload-all resume initiate invalidate abort terminate pause
	fails try initiate
	echo "for the client" >$DEBUG/ndk_toe_example/input
	echo 0 >$TRACING/tracing_on
	echo 0 >$EVENTS/enable
	cat $TRACE >"$WORK/trace"
	modprobe -r ndk_toe_example
	for event in "$EVENTS"/*/; do
		event=$(basename "$event")
		grep -q " $event: " "$WORK/trace" || { echo "$event was not traced"; return 1; }
	done
	for word in initiate query update invalidate terminate; do
		grep -q "toe_op: try $word root=.* issue " "$WORK/trace"
		grep -q "toe_op: try $word root=.* done " "$WORK/trace"
		grep -q "toe_block: try $word connection [0-9]* status=0" "$WORK/trace"
	done
	for word in 'in-host -> offloading' 'offloading -> offloaded' 'offloaded -> uploading' \
		'uploading -> in-host'; do
		grep -q "toe_obj: try connection [0-9]* $word" "$WORK/trace"
	done
	for word in pause resume; do
		grep -q "toe_signal: try $word" "$WORK/trace"
	done
	grep -q 'toe_op_refused: try initiate root=.* err=-11' "$WORK/trace"
	try_anew
}

# The adapter is lost: everything comes back, and nothing is offered to it again.
adapter_lost()
{
	try_anew
	try initiate
	cat $TRY/log >/dev/null
	try fail
	cat $TRY/log >"$WORK/log"
	for word in 'connection0 retrieve 1' 'connection0 aborted' 'connection1 aborted'; do
		grep -q "^$word$" "$WORK/log"
	done
	same "objects back" 8 "$(grep -c ' uploaded ' "$WORK/log")"
	same "objects in the host" 8 "$(grep -c ' in-host for ' $DEBUG/ndk_toe/try/objects)"
	fails try initiate
	modprobe -r ndk_toe_try
	[ ! -e $DEBUG/ndk_toe/try ]
}

again_and_again()
{
	local i

	for i in $(seq "$(scaled 2 20)"); do
		measures 1
		modprobe -r ndk_toe
		modprobe ndk_toe
	done
	modprobe -r ndk_toe
	kernel_is_clean
}

run_case figures "the offload core is measured, and chained delivery copies nothing"
run_case objects "every object is shown once, with where it is, and no rule was broken"
run_case traced "operations, statuses and changes of state are traced"
run_case try_it "a host is tried on a target, and each object of each kind is shown"
run_case fault_fail "a fault through debugfs: steps fail, for each kind of object"
run_case fault_exhaust "a fault through debugfs: the table is full, for each kind"
run_case fault_corrupt "a fault through debugfs: a query finds corrupt state, for each kind"
run_case fault_delay "a fault through debugfs: completions are late, for each kind"
run_case counted "doorbells of a connection's sends are counted by reason"
run_case complained "a target that is wrong is named once, and counted"
run_case all_traced "every tracepoint shows, for every operation and change of state"
run_case adapter_lost "an adapter fails, and everything comes back"
run_case again_and_again "the modules come and go, and leave nothing behind"
leak_case
finish
