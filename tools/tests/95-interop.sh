#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900 1800
# seconds: 160
#
# The wire as others see it: rxe of the kernel at one end, ndk at the other,
# and a decoder that knows neither.
#
#   first namespace               namespace right
#   rxe0 on vi   <--- veth --->   vr has ndk1
#   10.82.0.1                     10.82.0.2

. "$(dirname "$0")/lib.sh"

END_RXE="rxe0 10.82.0.1 -"
END_NDK="ndk1 10.82.0.2 right"
N=40
PCAP=$WORK/pcap

full()
{
	[ "${NDK_SCALE:-}" = full ]
}

wire_up()
{
	modprobe -a ib_uverbs rdma_ucm rdma_rxe ndk_softroce
	ip netns add right
	ip link add vi mtu 4300 type veth peer name vr mtu 4300 netns right
	ip addr add 10.82.0.1/24 dev vi
	ip addr add fd82::1/64 dev vi nodad
	ip link set vi up
	ip -n right link set lo up
	ip -n right addr add 10.82.0.2/24 dev vr
	ip -n right addr add fd82::2/64 dev vr nodad
	ip -n right link set vr up
	KIND=rxe add_device "$END_RXE" vi
	KIND=ndk add_device "$END_NDK" vr
	ping -q -c 1 -W 5 10.82.0.2
}

wire_down()
{
	ip netns exec right rdma link delete ndk1
	rdma link delete rxe0
	ip netns delete right
	unload_rxe
}

check()
{
	"$TOP/build/ndkcheck" -q "$@"
}

# both_ways FUNCTION: with each of the two as the server
both_ways()
{
	"$1" "$END_RXE" "$END_NDK"
	"$1" "$END_NDK" "$END_RXE"
}

# ndkcheck has every operation both ways already
rc_tools()
{
	local tool

	perf ib_write_bw "$@" -s 5000 -n "$N"
	if full || [ "$1" = "$END_NDK" ]; then
		perf ib_read_bw "$@" -s 5000 -n "$N"
	fi
	if full || [ "$1" = "$END_RXE" ]; then
		perf ib_atomic_bw "$@" -n "$N"
	fi
	full || return 0
	for tool in ib_send_bw ib_write_lat ib_send_lat ib_read_lat; do
		perf $tool "$@" -s 5000 -n "$N"
	done
	perf ib_write_bw "$@" -a -n 50
}

# perftest sends one way; sends come the other way round here
uc_ud_tools()
{
	perf ib_send_bw "$@" -c UD -s 1000 -n 40
	perf ib_send_lat "$@" -c UC -s 3000 -n 40
}

every_byte()
{
	check -n "$N" -s 20000 rxe0 ndk1
	check -n "$N" -m 4096 -s 20000 rxe0 ndk1
	verified "$END_RXE" "$END_NDK" 10000 "$N"
	verified "$END_NDK" "$END_RXE" 10000 "$N"
}

every_byte_v6()
{
	check -n "$N" -g "$(gid_index rxe0 fd82::1)" -g "$(gid_index ndk1 fd82::2)" \
		rxe0 ndk1
}

rping_between()
{
	local address

	read -r _ address _ <<<"$1"
	PORT=$((PORT + 1))
	LISTENS=cm_listens both "$1" "$2" $PORT \
		"rping -s -V -a $address -p $PORT -S 3000 -C $N" \
		"rping -c -V -a $address -p $PORT -S 3000 -C $N"
}

udaddy_between()
{
	local address

	read -r _ address _ <<<"$1"
	LISTENS=cm_listens both "$1" "$2" 7174 "udaddy -C 10 -S 1000" \
		"udaddy -C 10 -S 1000 -s $address"
}

write_read()	{ both_ways rc_tools; }
datagrams()	{ both_ways uc_ud_tools; }
rping_both()	{ both_ways rping_between; }
udaddy_both()	{ both_ways udaddy_between; }

lossy()
{
	local before seed

	before=$(counter ndk1 retransmits)
	tc qdisc replace dev vi root netem limit 20000 loss 5%
	ip netns exec right tc qdisc replace dev vr root netem limit 20000 loss 5%
	# rxe takes its time after a loss; and what is lost may be all rxe's
	for seed in 1 2 3 4 5 6 7 8; do
		check -T 13 -t 300 -S $seed -s 3000 -n "$(scaled 24 1000)" rxe0 ndk1
		[ "$(counter ndk1 retransmits)" -eq "$before" ] || break
	done
	tc qdisc del dev vi root
	ip netns exec right tc qdisc del dev vr root
	at_least "retransmits" 1 $(($(counter ndk1 retransmits) - before))
}

capture_started()
{
	grep -q 'listening on' "$WORK/tcpdump"
}

capture_ended()
{
	! kill -0 "$CAPTURE" 2>/dev/null
}

# what it has not read yet it would not write either
capture_rests()
{
	local before

	before=$(stat -c %s "$PCAP")
	sleep 1
	[ "$(stat -c %s "$PCAP")" = "$before" ]
}

capture_complete()
{
	wait_for 20 capture_rests
	kill -INT "$CAPTURE"
	wait_for 20 capture_ended
	cat "$WORK/tcpdump"
	grep -q '^0 packets dropped by kernel' "$WORK/tcpdump"
}

icrc_right()
{
	local opcode

	python3 "$TOP/tools/guest/icrc.py" "$PCAP" >"$WORK/opcodes" ||
		{ cat "$WORK/opcodes"; fail "wrong ICRC"; }
	cat "$WORK/opcodes"
	# of RC: send, write, read request and response, acknowledge, atomics;
	# of UC and UD: send
	for opcode in 4 10 12 16 17 18 19 20 36 100; do
		grep -q "^opcode $opcode " "$WORK/opcodes" ||
			fail "no packet of opcode $opcode"
	done
	at_least "packets" 300 "$(sed -n 's/^right //p' "$WORK/opcodes")"
}

# What a decoder takes the data for, by what it looks like. Programs send what they
# like, so some packet in some run does begin as one of these would.
GUESSES=(eth_over_ib mellanox_eoib fc_infiniband sdp_infiniband iser_infiniband
	lnet_ib rpcrdma_infiniband smb_direct_infiniband smcr_infiniband)

decode()
{
	tshark -r "$1" -o infiniband.try_heuristic_first:FALSE \
		"${GUESSES[@]/#/--disable-heuristic=}" -T fields -e frame.number \
		-e infiniband.bth.opcode -e _ws.malformed -e _ws.expert.message \
		>"$WORK/decoded" 2>"$WORK/tshark" || { cat "$WORK/tshark"; fail "tshark"; }
}

# The numbers of packets with a remark. That UDP has no checksum is right: the ICRC
# is better, and IPv6 allows it to tunnels.
remarks()
{
	awk -F '\t' '$3 $4 != "" && $4 != ZERO' ZERO="Illegal checksum value (0)" \
		"$WORK/decoded" | awk '$1 >= first && $1 <= last' first="$1" last="$2"
}

# In front of the capture are packets that show what the decoder sees: sound ones
# whose data is misleading, and some with headers cut short.
decodes()
{
	local sound cut captured

	python3 "$TOP/tools/guest/decoder_check.py" "$PCAP" "$WORK/checked" >"$WORK/counts"
	read -r sound cut captured <"$WORK/counts"
	decode "$WORK/checked"
	same "packets decoded as InfiniBand" $((sound + cut + captured)) \
		"$(awk -F '\t' '$2 != ""' "$WORK/decoded" | wc -l)"
	same "sound packets with remarks" "" "$(remarks 1 "$sound")"
	same "damaged packets with remarks" "$cut" \
		"$(remarks $((sound + 1)) $((sound + cut)) | wc -l)"
	same "captured packets with remarks" "" \
		"$(remarks $((sound + cut + 1)) $((sound + cut + captured)) | head)"
}

no_icrc_errors()
{
	same "ICRC errors" 0 "$(counter ndk1 icrc_errors)"
}

run_case wire_up "rxe and ndk joined by a veth pair"
tcpdump -q -U -i vi -B 65536 -w "$PCAP" udp port 4791 2>"$WORK/tcpdump" &
CAPTURE=$!
wait_for 20 capture_started
run_case every_byte "rxe and ndk: every byte is right"
run_case every_byte_v6 "rxe and ndk: every byte is right over IPv6"
run_case write_read "rxe and ndk: write, read, atomics, each as the server"
run_case datagrams "rxe and ndk: UC and UD, each as the server"
run_case rping_both "rxe and ndk: connection manager, each as the server"
run_case capture_complete "all their packets are captured"
run_case icrc_right "each packet's ICRC is right by a third implementation"
run_case decodes "each packet is decoded without a remark"
run_case no_icrc_errors "no ICRC was taken for wrong"
run_case lossy "rxe and ndk: every byte is right over 5 % loss"
N=2000
soak_case every_byte "rxe and ndk: every byte is right, more of them"
soak_case write_read "rxe and ndk: write, read, atomics, more of them"
soak_case udaddy_both "rxe and ndk: datagram connections, each as the server"
run_case wire_down "the devices go"
run_case kernel_is_clean "the kernel has nothing to report"
finish
