# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the scripts about live offload: two namespaces, connections that are moved
# while programs use them.
#
#   near  10.83.0.1, fd83::1  tn <-- veth --> tf  10.83.0.2, fd83::2  far
#
# Programs connect from near to far, where the servers are. Either end can be moved.

TOECTL=$TOP/build/toectl
SWARM=$TOP/build/toeswarm
FAR=10.83.0.2
FAR6=fd83::2
TPORT=7100
BOUNCERS=()

near()
{
	ip netns exec near "$@"
}

far()
{
	ip netns exec far "$@"
}

# in the background, as the command itself, so that it can be killed: for "&"
in_near()
{
	exec ip netns exec near "$@"
}

in_far()
{
	exec ip netns exec far "$@"
}

toe_up()
{
	modprobe ndk_toe_host
	ip -batch - <<-END
	netns add near
	netns add far
	link add tn netns near type veth peer name tf netns far
	END
	ip -n near -batch - <<-END
	link set lo up
	addr add 10.83.0.1/24 dev tn
	addr add fd83::1/64 dev tn nodad
	link set tn up
	END
	ip -n far -batch - <<-END
	link set lo up
	addr add $FAR/24 dev tf
	addr add $FAR6/64 dev tf nodad
	link set tf up
	END
	near ping -q -c 1 -W 5 "$FAR"
	near ping -q -c 1 -W 5 "$FAR6"
}

toe_down()
{
	ip netns delete near
	ip netns delete far
}

# disturb PERCENT: both ways, loss with reordering; "slow": 50 Mbit/s, so that what is
# sent takes long enough to be moved; "none" ends it
disturb()
{
	local end netem

	case $1 in
	slow)	netem="limit 1000 rate 50mbit" ;;
	*)	netem="limit 10000 delay 3ms 1ms reorder 25% 50% loss $1%" ;;
	esac
	for end in "near tn" "far tf"; do
		if [ "$1" = none ]; then
			tc -n "${end% *}" qdisc delete dev "${end#* }" root 2>/dev/null || :
		else
			# shellcheck disable=SC2086 # words
			tc -n "${end% *}" qdisc replace dev "${end#* }" root netem $netem
		fi
	done
}

next_port()
{
	TPORT=$((TPORT + 1))
}

# server PORT COMMAND...: in far; returns when it listens. SERVER is its process.
server()
{
	local port=$1
	shift

	in_far "$@" >"$WORK/server" 2>&1 &
	SERVER=$!
	wait_for 20 listens far "$port"
}

stop_server()
{
	kill "$SERVER" 2>/dev/null || :
	wait "$SERVER" 2>/dev/null || :
}

# --- moving ----------------------------------------------------------------

# json FIELD: the numbers and words in it, of lines of JSON
json()
{
	sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"
}

# bounce NAMESPACE WHICH...: connections there and back until bounced
bounce()
{
	local ns=$1 out=$WORK/bounce.${#BOUNCERS[@]}
	shift

	(exec ip netns exec "$ns" "$TOECTL" --json bounce --interval-ms "${EVERY:-50}" "$@") \
		>"$out" 2>&1 &
	BOUNCERS+=($!)
}

# bounced MINIMUM: ends all of these, which have moved at least so many connections
bounced()
{
	local i moved=0 n

	for i in "${!BOUNCERS[@]}"; do
		kill "${BOUNCERS[i]}"
		wait "${BOUNCERS[i]}" || :
		cat "$WORK/bounce.$i"
		n=$(json offloaded <"$WORK/bounce.$i" | head -n 1)
		moved=$((moved + ${n:-0}))
	done
	BOUNCERS=()
	at_least "connections moved" "$1" "$moved"
}

# offloaded NAMESPACE: prints how many connections are at a target
offloaded()
{
	ip netns exec "$1" "$TOECTL" --json list | grep -c '"state":"offloaded"' || :
}

none_offloaded()
{
	[ "$(offloaded "$1")" -eq 0 ]
}

established()
{
	ip netns exec "$1" ss -Htn state established "( sport = :$2 or dport = :$2 )" | wc -l
}

none_established()
{
	[ "$(established "$1" "$2")" -eq 0 ]
}

has_established()
{
	[ "$(established "$1" "$2")" -ge "$3" ]
}
