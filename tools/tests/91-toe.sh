#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900 900
# seconds: 40
#
# The offload core from outside: what it shows of its objects, operations and
# figures while a module works with it. What it decides is tested in kunit/toe_*.
#
#   ndk_toe_bench: a target that does nothing, trees of 10 and of 1000

. "$(dirname "$0")/lib.sh"

DEBUG=/sys/kernel/debug
OBJECTS=$DEBUG/ndk_toe/bench/objects
INFO=$DEBUG/ndk_toe/bench/info
FIGURES=/sys/module/ndk_toe_bench/parameters
TRACING=/sys/kernel/tracing
EVENTS=$TRACING/events/ndk_toe
TRACE=$TRACING/trace

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
		cat $INFO >"$WORK/info" 2>/dev/null || continue
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
	same "broken rules" "0 0 0 0" "$(awk '/^(bad_|overdue)/ { printf "%s%d", s, $2; s = " " }' \
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
run_case again_and_again "the modules come and go, and leave nothing behind"
leak_case
finish
