#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# seconds: 25
#
# The example receive client (drivers/toe/example.c): what went in is what it
# read, in whichever form, and it leaves nothing behind.
#
#	file -> debugfs input -> endpoint -> handler -> worker -> CRC-32

. "$(dirname "$0")/lib.sh"

DIR=/sys/kernel/debug/ndk_toe_example
SIZE=$(scaled 3000000 200000000)

result()
{
	sed -n "s/^$1 //p" "$DIR/result"
}

settled()
{
	[ "$(result bytes)" = "$SIZE" ] && [ "$(result kept)" = 0 ]
}

# feed BUDGET: a file of random bytes, in writes of odd sizes
feed()
{
	modprobe ndk_toe_example budget="$1"
	head -c "$SIZE" /dev/urandom >"$WORK/data"
	dd if="$WORK/data" of="$DIR/input" bs=31337 status=none
	echo >"$DIR/end"
	wait_for 20 settled
	[ "$(result crc32)" = "$(python3 -c 'import sys, zlib
print("%08x" % zlib.crc32(open(sys.argv[1], "rb").read()))' "$WORK/data")" ]
	[ "$(result ended)" = 1 ]
}

chained_form()
{
	feed 524288
	[ "$(result chained)" -gt 0 ]
	modprobe -r ndk_toe_example
}

copy_form()
{
	feed 0
	[ "$(result chained)" = 0 ]
	[ "$(result copy)" -gt 0 ]
	modprobe -r ndk_toe_example
}

# one unit at a time: both forms, as the budget has it
small_budget()
{
	feed 40000
	modprobe -r ndk_toe_example
}

behind_the_end()
{
	modprobe ndk_toe_example
	echo >"$DIR/end"
	fails sh -c "echo late >$DIR/input"
	modprobe -r ndk_toe_example
}

run_case chained_form "a client that keeps buffers reads what was sent"
run_case copy_form "a client that may keep none reads what was sent"
run_case small_budget "a client that may keep one unit reads what was sent"
run_case behind_the_end "nothing arrives behind the end"
finish
