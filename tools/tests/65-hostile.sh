#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900
# seconds: 55
#
# Hostile neighbours: a program that writes nonsense into the queues it shares
# with the kernel, and a host that sends forged packets.
#
#   badqueue    rings of its own QP, direct path and wire
#   badpackets  raw socket --> 10.80.0.1:4791 --> a QP that believes its peer
#               has that address
#   mutants     the same, for one QP of each type

. "$(dirname "$0")/lib.sh"

LOOPBACK=direct

queue()
{
	setting ndk0 loopback "$LOOPBACK"
	"$TOP/build/badqueue" ndk0 "$@"
	kernel_is_clean
}

refused()	{ queue refused; }
failing()	{ queue failing; }
indices()	{ queue indices; }
receives()	{ queue receives; }
completions()	{ queue completions; }
rewritten()	{ queue rewritten "$(scaled 3000 60s)"; }
noise()		{ queue noise "$(scaled 20 60s)"; }

packets()
{
	"$TOP/build/badpackets" ndk0 "$@"
	kernel_is_clean
}

truncated()	{ packets truncated; }
unfit()		{ packets unfit; }
requests()	{ packets requests; }
responses()	{ packets responses; }
storm()		{ packets storm "$(scaled 2000 200000)"; }

mutants()
{
	"$TOP/build/mutants" ndk0 "$(scaled 3000 100000)"
	kernel_is_clean
}

loop_up
for LOOPBACK in direct wire; do
	run_case refused "$LOOPBACK: a bad entry is refused, those before it complete, no slot is lost"
	run_case failing "$LOOPBACK: keys and addresses of others fail the request and touch nothing"
	run_case receives "$LOOPBACK: bad receive entries fail their message"
	run_case rewritten "$LOOPBACK: entries rewritten while they are read"
	run_case noise "$LOOPBACK: noise in every ring"
done
LOOPBACK=direct
run_case indices "any producer and consumer index, and a geometry that lies"
run_case completions "a completion queue that lies about what was consumed"
run_case truncated "every opcode cut at every length is dropped and counted"
run_case unfit "packets for others, of others, or damaged are dropped and counted"
run_case requests "requests out of place are answered as the specification says"
run_case responses "responses nobody asked for change nothing"
run_case storm "random headers with a right ICRC"
run_case mutants "sound packets with a few bits changed, for RC, UC and UD"
loop_down
leak_case
finish
