#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900
# seconds: 30
#
# Regions: over dma-bufs (memory files by udmabuf, and the system heap), and changed
# while something is in the way.

. "$(dirname "$0")/lib.sh"

buffers()
{
	"$TOP/build/dmabuf" ndk0 "$@"
	kernel_is_clean
}

moves()		{ buffers moves; }
outlives()	{ buffers outlives; }
heap()		{ buffers heap; }
ends()		{ buffers ends; }
refused()	{ buffers refused; }

huge_pages()
{
	local before

	before=$(</proc/sys/vm/nr_hugepages)
	[ ! -e /proc/sys/vm/compact_memory ] || echo 1 >/proc/sys/vm/compact_memory
	echo $((before + 1)) >/proc/sys/vm/nr_hugepages
	same "huge pages" $((before + 1)) "$(</proc/sys/vm/nr_hugepages)"
	buffers huge-pages
	echo "$before" >/proc/sys/vm/nr_hugepages
}

rereg()
{
	"$TOP/build/rereg" ndk0 "$@"
	kernel_is_clean
}

rereg_busy()	{ rereg busy; }
rereg_write()	{ rereg for-writing; }
rereg_child()	{ rereg by-a-child; }

by_wire()
{
	setting ndk0 loopback wire
	moves
	outlives
	setting ndk0 loopback direct
}

run_case loop_up "a device on a dummy netdev"
run_case moves "every operation, to, from and as local memory of a udmabuf"
run_case by_wire "the same in packets"
run_case heap "a buffer of the system heap"
run_case outlives "the region keeps the buffer that its program has closed"
run_case ends "the key ends with the region, and at its ends"
run_case refused "what is no buffer, out of range or not to be written is refused"
run_case huge_pages "a udmabuf over huge pages is refused: 6.12 maps it wrongly"
run_case rereg_busy "a region below a window is neither changed nor deregistered"
run_case rereg_write "rights to write come with pinning anew, and can go again"
run_case rereg_child "a child may not have its parent's memory pinned anew"
run_case loop_down "the device goes"
leak_case
finish
