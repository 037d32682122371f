#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900 7200
# seconds: 210
#
# Programs that connect by the RDMA connection manager, and the example
# programs of every QP type; between two namespaces and on one device.

. "$(dirname "$0")/lib.sh"

LISTENS=cm_listens
N=$(scaled 20 2000)
SERVER=$END_LEFT
CLIENT=$END_RIGHT

address_of()
{
	local address

	read -r _ address _ <<<"$1"
	echo "$address"
}

namespace_of()
{
	echo "${1##* }"
}

# connect "SERVER COMMAND" "CLIENT COMMAND": both listen and connect at PORT
connect()
{
	both "$SERVER" "$CLIENT" "$PORT" "$1" "$2"
}

ping_address()
{
	PORT=$((PORT + 1))
	connect "rping -s -V -a $1 -p $PORT -S 3000 -C $N" \
		"rping -c -V -a $1 -p $PORT -S 3000 -C $N"
}

rping_v4()
{
	ping_address "$(address_of "$SERVER")"
}

rping_v6()
{
	ping_address "$(v6_of "$SERVER")"
}

rping_own_qp()
{
	local address

	address=$(address_of "$SERVER")
	PORT=$((PORT + 1))
	connect "rping -s -q -V -a $address -p $PORT -C $N" \
		"rping -c -q -V -a $address -p $PORT -C $N"
}

ucmatose_ten()
{
	PORT=$((PORT + 1))
	connect "ucmatose -p $PORT -c 10 -C 10 -S 3000" \
		"ucmatose -p $PORT -c 10 -C 10 -S 3000 -s $(address_of "$SERVER")"
}

# its port cannot be chosen
udaddy_ten()
{
	local PORT=7174

	connect "udaddy -c 10 -C 10 -S 1000" \
		"udaddy -c 10 -C 10 -S 1000 -s $(address_of "$SERVER")"
}

joined()
{
	in_ns "$1" ip maddr | grep -q "$2"
}

# every message arrives; the sender waits five seconds before it sends
mckey_group()
{
	local options="-m 230.9.8.7 -C 10 -S 500"

	LISTENS=joined both "$SERVER" "$CLIENT" 230.9.8.7 \
		"mckey $options -b $(address_of "$SERVER")" \
		"mckey $options -b $(address_of "$CLIENT") -s"
}

rstream_verified()
{
	PORT=$((PORT + 1))
	connect "rstream -p $PORT -T v -S 70000 -I $N -C 1" \
		"rstream -p $PORT -T v -S 70000 -I $N -C 1 -s $(address_of "$SERVER")"
}

# connections_made ROUNDS EACH: a server that does not end by itself
connections_made()
{
	local round pid

	PORT=$((PORT + 1))
	spawn "$(namespace_of "$SERVER")" cmtime -p $PORT >"$WORK/server" 2>&1 &
	pid=$!
	wait_for 20 cm_listens "$(namespace_of "$SERVER")" $PORT
	for round in $(seq "$1"); do
		in_ns "$(namespace_of "$CLIENT")" timeout 240 cmtime -p $PORT \
			-c "$2" -s "$(address_of "$SERVER")" >"$WORK/client" 2>&1 ||
			{ cat "$WORK/client"; fail "round $round"; }
		# It says so and still succeeds; its last words are no failure.
		if grep -v process_server_events "$WORK/client" | grep -i 'error\|fail'; then
			fail "round $round"
		fi
	done
	kill "$pid"
	wait "$pid" || :
	wait_for 20 nothing_left
}

connections()
{
	connections_made "$(scaled 1 50)" "$(scaled 30 100)"
}

# pingpong TOOL [OPTION...]
pingpong()
{
	local tool=$1 sdev saddr cdev caddr _
	shift

	read -r sdev saddr _ <<<"$SERVER"
	read -r cdev caddr _ <<<"$CLIENT"
	PORT=$((PORT + 1))
	LISTENS=listens connect \
		"$tool -d $sdev -p $PORT -g $(gid_index "$sdev" "$saddr") -n $N $*" \
		"$tool -d $cdev -p $PORT -g $(gid_index "$cdev" "$caddr") -n $N $* $saddr"
	if grep -q 'invalid data' "$WORK/server" "$WORK/client"; then
		pair_output
		fail "data differs"
	fi
}

rc_pingpong()	{ pingpong ibv_rc_pingpong -c -s 10000; }
uc_pingpong()	{ pingpong ibv_uc_pingpong -c -s 10000; }
ud_pingpong()	{ pingpong ibv_ud_pingpong -c -s 1000; }
srq_pingpong()	{ pingpong ibv_srq_pingpong -c -s 10000 -q 4; }
rc_events()	{ pingpong ibv_rc_pingpong -c -e -s 10000; }

# perf_cm TOOL [OPTION...]
perf_cm()
{
	local tool=$1 sdev saddr cdev _
	shift

	read -r sdev saddr _ <<<"$SERVER"
	read -r cdev _ <<<"$CLIENT"
	PORT=$((PORT + 1))
	connect "$tool -R -d $sdev -F -p $PORT --use_old_post_send -n $N $*" \
		"$tool -R -d $cdev -F -p $PORT --use_old_post_send -n $N $* $saddr"
}

perf_rc()	{ perf_cm ib_write_bw -s 5000 -q 2; }
perf_ud()	{ perf_cm ib_send_lat -c UD -s 500; }

in_rts()
{
	[ "$(rdma resource show qp link "$1/1" | grep -c 'type RC.*state RTS')" -ge "$2" ]
}

# Only the QPs and IDs of the kernel's own clients stay.
nothing_left()
{
	local dev

	for dev in "${SERVER%% *}" "${CLIENT%% *}"; do
		[ -e "$SYS/$dev" ] || continue
		! rdma resource show qp link "$dev/1" | grep -q 'type \(RC\|UC\|UD\)' || return
		! rdma resource show cm_id link "$dev/1" | grep -q . || return
	done
}

# endless: rping until it is stopped; the ends are in PASSIVE and ACTIVE
endless()
{
	local address qps=1

	[ "$SERVER" != "$CLIENT" ] || qps=2
	address=$(address_of "$SERVER")
	PORT=$((PORT + 1))
	spawn "$(namespace_of "$SERVER")" rping -s -a "$address" -p $PORT -S 30000 &
	PASSIVE=$!
	wait_for 20 cm_listens "$(namespace_of "$SERVER")" $PORT
	spawn "$(namespace_of "$CLIENT")" rping -c -a "$address" -p $PORT -S 30000 &
	ACTIVE=$!
	wait_for 20 in_rts "${CLIENT%% *}" $qps
}

ended()
{
	! kill -0 "$1" 2>/dev/null
}

# the other side is told that its peer is gone
kills()
{
	local round victim left

	for round in $(seq "$(scaled 1 50)"); do
		for victim in ACTIVE PASSIVE; do
			endless
			left=$PASSIVE
			[ "$victim" = ACTIVE ] || left=$ACTIVE
			kill -9 "${!victim}"
			wait_for 30 ended "$left"
			wait || :
			wait_for 30 nothing_left
		done
	done
}

kill_connecting()
{
	local server client

	PORT=$((PORT + 1))
	spawn "$(namespace_of "$SERVER")" cmtime -p $PORT >/dev/null 2>&1 &
	server=$!
	wait_for 20 cm_listens "$(namespace_of "$SERVER")" $PORT
	spawn "$(namespace_of "$CLIENT")" cmtime -p $PORT -c 200 \
		-s "$(address_of "$SERVER")" >/dev/null 2>&1 &
	client=$!
	wait_for 20 in_rts "${CLIENT%% *}" 5
	kill -9 $client
	wait $client || :
	kill $server || :	# a peer that dies can crash it
	wait || :
	wait_for 30 nothing_left
}

# The connection is no reason to wait. Whether rping ends is its own affair.
link_deleted()
{
	endless
	rdma link delete "${CLIENT%% *}"
	kill -9 $ACTIVE $PASSIVE || :
	wait || :
	wait_for 30 nothing_left
	add_device "$CLIENT" vr
	rping_v4
}

loop_cases()
{
	run_case rping_v4 "one device: rping over IPv4"
	soak_case ucmatose_ten "one device: ucmatose"
	run_case udaddy_ten "one device: udaddy"
	soak_case mckey_group "one device: a multicast group"
	soak_case ud_pingpong "one device: UD ping-pong"
	soak_case srq_pingpong "one device: ping-pong by a shared receive queue"
	soak_case kills "one device: kill -9 of either side"
}

run_case pair_up "two ends"
run_case rping_v4 "rping over IPv4, data verified"
run_case rping_v6 "rping over IPv6, data verified"
soak_case rping_own_qp "rping with QPs it makes and moves itself"
run_case ucmatose_ten "ucmatose: ten connections"
run_case udaddy_ten "udaddy: ten datagram connections"
if [ "$KIND" = ndk ]; then
	run_case mckey_group "mckey: a multicast group"
else
	skip_case "mckey: a multicast group" "a dummy link returns no packet to rxe"
fi
run_case rstream_verified "rstream: sockets, data verified"
run_case connections "$(scaled 30 5000) connections made and closed"
soak_case rc_pingpong "RC ping-pong, data verified"
soak_case rc_events "RC ping-pong by events, data verified"
run_case uc_pingpong "UC ping-pong, data verified"
run_case ud_pingpong "UD ping-pong, data verified"
run_case srq_pingpong "ping-pong by a shared receive queue, data verified"
run_case perf_rc "performance tools by the connection manager, RC"
run_case perf_ud "performance tools by the connection manager, UD"
run_case kills "kill -9 of either side: the other ends, nothing stays"
run_case kill_connecting "kill -9 while connecting: nothing stays"
if [ "$KIND" = ndk ]; then
	run_case link_deleted "a link is deleted in the middle of a connection"
fi
run_case pair_down "the ends go"
cases_on_one_device loop_cases
what_is_left
