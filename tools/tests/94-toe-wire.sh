#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 300 1200
#
# What the kernel's networking sees of offloaded connections, and what a connection
# notices of changes around it.
#
#   near 10.85.1.1  n0 <- veth -> m0  mid  m1 <- veth -> f0  far 10.85.2.2
#                   n1 <- veth -> m2       (another way to mid: 10.85.3.0/24)
#
# near's end is at the software target; far's stays in the host stack.

. "$(dirname "$0")/lib.sh"

TOECTL=$TOP/build/toectl
METER=$TOP/build/toemeter
FAR=10.85.2.2
FAR6=fd85:2::2
PORT=7301

in_ns()
{
	exec ip netns exec "$@"
}

up()
{
	local ns

	modprobe ndk_toe_host
	for ns in near mid far; do
		ip netns add $ns
		ip -n $ns link set lo up
	done
	ip link add n0 netns near type veth peer name m0 netns mid
	ip link add n1 netns near type veth peer name m2 netns mid
	ip link add f0 netns far type veth peer name m1 netns mid
	ip -n near -batch - <<-END
	addr add 10.85.1.1/24 dev n0
	addr add 10.85.3.1/24 dev n1
	addr add fd85:1::1/64 dev n0 nodad
	link set n0 up
	link set n1 up
	route add 10.85.2.0/24 via 10.85.1.2
	route add fd85:2::/64 via fd85:1::2
	END
	ip -n mid -batch - <<-END
	addr add 10.85.1.2/24 dev m0
	addr add 10.85.3.2/24 dev m2
	addr add 10.85.2.1/24 dev m1
	addr add fd85:1::2/64 dev m0 nodad
	addr add fd85:2::1/64 dev m1 nodad
	link set m0 up
	link set m1 up
	link set m2 up
	END
	ip -n far -batch - <<-END
	addr add $FAR/24 dev f0
	addr add $FAR6/64 dev f0 nodad
	link set f0 up
	route add default via 10.85.2.1
	route add default via fd85:2::1
	END
	ip netns exec mid sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.m0.rp_filter=0 \
		net.ipv4.conf.m2.rp_filter=0
	ip netns exec near ping -q -c 1 -W 5 $FAR
	ip netns exec near ping -q -c 1 -W 5 $FAR6
	setsid ip netns exec far "$METER" serve :: $PORT >/dev/null 2>&1 &
	SERVER=$!
	wait_for 10 listening
}

listening()
{
	ip netns exec far ss -Hltn | grep -q ":$PORT "
}

down()
{
	local ns

	kill "$SERVER" 2>/dev/null
	for ns in near mid far; do
		ip netns pids $ns | xargs -r kill 2>/dev/null
		ip netns delete $ns
	done
}

# flow ADDRESS: a stream from near, whose end is at the target, in the background.
# Returns when it is.
flow()
{
	in_ns near "$METER" bulk "$1" $PORT 1000000 offload >"$WORK/flow" 2>&1 &
	FLOW=$!
	wait_for 10 carried 1
}

# and more of it arrives
flow_goes_on()
{
	local now

	now=$(received)
	wait_for 30 received_more $((now + $(scaled 500000 50000000)))
}

flow_stops()
{
	kill "$FLOW"
	wait "$FLOW" || :
	wait_for 10 carried 0
}

# how many of near's connections are at the target
at_target()
{
	ip netns exec near "$TOECTL" --json list | grep -c '"state":"offloaded"' || :
}

carried()
{
	[ "$(at_target)" -eq "$1" ]
}

received()
{
	ip netns exec far ss -Htin "sport = :$PORT" |
		sed -n 's/.*bytes_received:\([0-9]*\).*/\1/p' | sort -n | tail -n 1
}

received_more()
{
	[ "$(received)" -gt "$1" ]
}

# --- what others see -------------------------------------------------------------

# what the engine sends carries the socket's TTL and TOS
fields()
{
	ip netns exec near python3 -B "$TOP/tools/tests/src/toefields.py" "$1" $PORT "$2" \
		>"$WORK/fields" 2>&1 || fail "$(cat "$WORK/fields")"
	cat "$WORK/fields"
}

r_lnx_25_capture4()
{
	fields $FAR n0
}

r_lnx_25_capture6()
{
	fields $FAR6 n0
}

# The rule drops what near sends; one for the other direction drops what it receives.
r_lnx_24_filter()
{
	local hook=$1 match=$2 before

	flow $FAR
	ip netns exec near nft -f - <<-END
	table inet stop {
		chain c { type filter hook $hook priority 0; tcp $match $PORT drop; }
	}
	END
	# what was on its way arrives
	sleep 0.5
	before=$(received)
	sleep 1
	same "bytes that arrive behind the rule" "$before" "$(received)"
	same "connections at the target" 1 "$(at_target)"
	ip netns exec near nft delete table inet stop
	wait_for 20 received_more "$before"
	flow_stops
}

r_lnx_24_filter_out()
{
	r_lnx_24_filter output dport
}

r_lnx_24_filter_in()
{
	r_lnx_24_filter input sport
}

# --- what changes ------------------------------------------------------------------

r_lnx_17_pmtu()
{
	flow "$1"
	ip -n mid link set m1 mtu 1300
	ip -n far link set f0 mtu 1300
	flow_goes_on
	ip netns exec near ip route get "$1"
	ip netns exec near ip route get "$1" | grep -q "mtu 1300"
	same "connections at the target" 1 "$(at_target)"
	flow_stops
	ip -n mid link set m1 mtu 1500
	ip -n far link set f0 mtu 1500
	ip -n near route flush cache
	ip -n near -6 route flush cache
}

r_lnx_17_pmtu4()
{
	r_lnx_17_pmtu $FAR
}

r_lnx_17_pmtu6()
{
	r_lnx_17_pmtu $FAR6
}

# complain good|stray COUNT: a router says that near's segments are too large
complain()
{
	ip netns exec mid python3 -B "$TOP/tools/tests/src/toeicmp.py" m0 $PORT 900 "$1" "$2"
}

mtu_known()
{
	ip netns exec near ip route get $FAR | grep -q "mtu 900"
}

r_lnx_18_stray_icmp()
{
	flow $FAR
	complain stray 50
	ip netns exec near ip route get $FAR
	! mtu_known || fail "a stray complaint was believed"
	same "connections at the target" 1 "$(at_target)"
	# and one that quotes what is on its way is
	complain good 200
	wait_for 5 mtu_known
	same "connections at the target" 1 "$(at_target)"
	flow_goes_on
	flow_stops
	ip -n near route flush cache
}

r_lnx_19_mac()
{
	flow $FAR
	flow_goes_on
	ip -n mid link set m0 address 02:00:00:00:85:01
	# what near believes; as it would by an announcement
	ip -n near neigh replace 10.85.1.2 lladdr 02:00:00:00:85:01 dev n0 nud reachable
	flow_goes_on
	same "connections at the target" 1 "$(at_target)"
	flow_stops
}

sent_by()
{
	ip netns exec near cat /sys/class/net/"$1"/statistics/tx_bytes
}

r_lnx_19_route()
{
	local before

	ip netns exec near ping -q -c 1 -W 5 10.85.3.2
	flow $FAR
	flow_goes_on
	before=$(sent_by n1)
	ip -n near route replace 10.85.2.0/24 via 10.85.3.2
	flow_goes_on
	at_least "bytes by the new way" $((before + 400000)) "$(sent_by n1)"
	same "connections at the target" 1 "$(at_target)"
	ip -n near route replace 10.85.2.0/24 via 10.85.1.2
	flow_goes_on
	flow_stops
}

# Offloaded connections that use it come back when they have something to send.
r_lnx_19_deleted()
{
	flow $FAR
	flow_goes_on
	ip -n near neigh del 10.85.1.2 dev n0
	wait_for 10 carried 0
	flow_goes_on
	ip netns exec near "$TOECTL" list
	kill "$FLOW"
	wait "$FLOW" || :
}

up
run_case r_lnx_25_capture4 "R-LNX-25: capture sees offloaded traffic, with the TTL and TOS that were set"
run_case r_lnx_25_capture6 "R-LNX-25: IPv6, with hop limit and traffic class"
run_case r_lnx_24_filter_out "R-LNX-24: a filter rule stops what is sent"
run_case r_lnx_24_filter_in "R-LNX-24: a filter rule stops what is received"
run_case r_lnx_17_pmtu4 "R-LNX-17: a smaller MTU on the way, IPv4"
run_case r_lnx_17_pmtu6 "R-LNX-17: a smaller MTU on the way, IPv6"
run_case r_lnx_18_stray_icmp "R-LNX-18: ICMP about what is not on its way is ignored"
run_case r_lnx_19_mac "R-LNX-19: the next hop has another MAC"
run_case r_lnx_19_route "R-LNX-19: the route changes"
run_case r_lnx_19_deleted "R-LNX-19: the neighbour entry is deleted"
down
finish
