#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900
# seconds: 115
#
# Bad wires: netem loses, duplicates, reorders and corrupts in both directions
# while every byte is verified.

. "$(dirname "$0")/lib.sh"

N=$(scaled 60 5000)
CASE_LIMIT=$(scaled 360 1800)

check()
{
	"$TOP/build/ndkcheck" -q -T 13 -t $((80 * PATIENCE)) -n "$N" "$@"
}

# bad_wire NETEM-WORDS...
bad_wire()
{
	ip netns exec left tc qdisc replace dev vl root netem limit 20000 "$@"
	ip netns exec right tc qdisc replace dev vr root netem limit 20000 "$@"
}

good_wire()
{
	ip netns exec left tc qdisc del dev vl root
	ip netns exec right tc qdisc del dev vr root
}

sum_of()
{
	echo $(($(counter ndkl "$1") + $(counter ndkr "$1")))
}

# over COUNTER NETEM-WORDS...: data survives, and COUNTER moved. One in a hundred
# is sometimes none: then again, with other data.
over()
{
	local name=$1 before seed
	shift

	before=$(sum_of "$name")
	bad_wire "$@"
	for seed in 1 2 3 4 5 6 7 8; do
		# shellcheck disable=SC2086 # options
		check ${MORE:-} -S $seed ndkl ndkr
		[ "$(sum_of "$name")" -eq "$before" ] || break
	done
	good_wire
	at_least "$name" 1 $(($(sum_of "$name") - before))
}

loss_1() { over retransmits loss 1%; }
loss_10() { over retransmits loss 10%; }
duplicate_1() { over duplicates duplicate 1%; }
duplicate_10() { over duplicates duplicate 10%; }
reorder_1() { over nak_seq_sent delay 1ms reorder 99% 0%; }
reorder_10() { over nak_seq_sent delay 1ms reorder 90% 0%; }
corrupt_1() { over icrc_errors corrupt 1%; }
corrupt_10() { over icrc_errors corrupt 10%; }

everything()
{
	over retransmits delay 200us 100us loss 3% duplicate 3% corrupt 3%
}

deferred_loss()
{
	MORE="-c 6" over retransmits loss 5%
}

big_reads_and_writes()
{
	bad_wire loss 1%
	check -o read,write -s 400000 -d 4 -n "$(scaled 12 300)" -m 4096 ndkl ndkr
	good_wire
}

# in full: 16 processes with 4 QPs each, for a minute
many()
{
	local i pid pids=()

	bad_wire loss 5%
	for ((i = 0; i < $(scaled 4 16); i++)); do
		"$TOP/build/ndkcheck" -q -T 14 -t $((150 * PATIENCE)) -p 2 -S "$((i * 100 + 1))" \
			-s 5000 -n 10 -D "$(scaled 0 60)" ndkl ndkr &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	good_wire
}

# a peer that is gone: retries are bounded, the request fails
dead_wire()
{
	bad_wire loss 100%
	fails check -n 10 -T 4 ndkl ndkr
	grep -q 'transport retry counter exceeded' "$WORK/said" || {
		cat "$WORK/said"
		fail "no retry error"
	}
	good_wire
}

run_case veth_up "two namespaces joined by a veth pair"
run_case loss_1 "1 % loss: every byte arrives"
run_case loss_10 "10 % loss: every byte arrives"
run_case duplicate_1 "1 % duplicates: every byte is right, nothing is done twice"
run_case duplicate_10 "10 % duplicates: every byte is right, nothing is done twice"
run_case reorder_1 "1 % reordered: every byte is right"
run_case reorder_10 "10 % reordered: every byte is right"
run_case corrupt_1 "1 % corrupted: the ICRC finds it, every byte is right"
run_case corrupt_10 "10 % corrupted: the ICRC finds it, every byte is right"
run_case everything "all of it at once"
run_case deferred_loss "deferred chains over 5 % loss"
run_case big_reads_and_writes "400 KB reads and writes over 1 % loss"
run_case many "many QPs in many processes over 5 % loss: every byte arrives"
run_case dead_wire "a dead wire: the request fails after its retries"
run_case veth_down "the namespaces go"
run_case kernel_is_clean "the kernel has nothing to report"
finish
