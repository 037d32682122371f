#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: own-guest (by hand)
# timeout: 300 7200
#
# What an offloaded connection goes through besides data: its state is compared
# before and after, its program is killed, its device and its namespace go away, the
# module is unloaded under it, its target fails or does not answer, and other users
# want to have it.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toe.sh"

LOOPS=$(scaled 2 200)
# Longest time a call waits for a target (TOE_HOST_WAIT_MS), and as much again for a
# busy machine.
BOUND=6

# --- state -----------------------------------------------------------------

# oracle MODE [THERE]
oracle()
{
	next_port
	server "$TPORT" "$SWARM" serve "${TO:-$FAR}" "$TPORT"
	near "$TOP/build/toeoracle" "${TO:-$FAR}" "$TPORT" "$1" \
		"$TOECTL offload --pid \$TOE_PID --fd \$TOE_FD" \
		"$TOECTL upload --pid \$TOE_PID --fd \$TOE_FD"
	stop_server
}

r_lnx_01_idle()
{
	oracle idle
}

r_lnx_01_idle_v6()
{
	TO=$FAR6 oracle idle
}

r_lnx_01_after_traffic()
{
	oracle moved
}

r_lnx_03_unread()
{
	oracle unread
}

# The peer's acknowledgments are late by more than both moves take.
r_lnx_04_unacked()
{
	next_port
	tc -n far qdisc replace dev tf root netem delay 1500ms
	oracle unacked
	tc -n far qdisc delete dev tf root
}

r_lnx_15_options_stay()
{
	oracle options
}

r_lnx_01_options_of_the_peer()
{
	local knob

	for knob in timestamps sack window_scaling; do
		near sysctl -q net.ipv4.tcp_$knob=0
		oracle idle
		near sysctl -q net.ipv4.tcp_$knob=1
	done
}

# --- programs --------------------------------------------------------------

# start CONNECTIONS SECONDS: a swarm under way, PROGRAM
start()
{
	modprobe ndk_toe_host
	in_near "$SWARM" run "$FAR" "$TPORT" "$1" "$2" 30 >"$WORK/swarm" 2>&1 &
	PROGRAM=$!
	wait_for 30 has_established near "$TPORT" "${1%,*}"
}

ended_well()
{
	wait "$PROGRAM" || { cat "$WORK/swarm"; fail "the program failed"; }
	cat "$WORK/swarm"
}

offload_some()
{
	"$TOECTL" --json offload --pid "$PROGRAM" >"$WORK/offload" ||
		{ cat "$WORK/offload"; fail "not offloaded"; }
}

r_lnx_13_killed()
{
	local i

	next_port
	server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
	for i in $(seq "$LOOPS"); do
		start 4 600
		offload_some
		kill -KILL "$PROGRAM"
		wait "$PROGRAM" 2>/dev/null || :
		wait_for 20 none_offloaded near
		wait_for 20 none_established near "$TPORT"
		# the peer has heard of it
		wait_for 20 none_established far "$TPORT"
	done
	stop_server
}

# The other end goes away while ours is at the target.
r_lnx_33_peer_killed()
{
	local i

	for i in $(seq "$LOOPS"); do
		next_port
		server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
		start 4 600
		offload_some
		kill -KILL "$SERVER"
		wait "$SERVER" 2>/dev/null || :
		wait "$PROGRAM" 2>/dev/null && fail "the program has not noticed"
		grep -Eq 'ended after|reset by peer|[Bb]roken pipe' "$WORK/swarm"
		wait_for 20 none_offloaded near
	done
}

r_lnx_20_device_down()
{
	local i

	next_port
	server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
	start 4 "$(scaled 3 400)"
	for i in $(seq "$LOOPS"); do
		kill -0 "$PROGRAM" || break
		offload_some
		ip -n near link set tn down
		wait_for 20 none_offloaded near
		ip -n near link set tn up
		ip -n near addr replace fd83::1/64 dev tn nodad
		near ping -q -c 1 -W 5 "$FAR"
	done
	ended_well
	stop_server
}

# A namespace with a device into far's, and a program in it.
third_up()
{
	ip -batch - <<-END
	netns add third
	link add t3 netns third type veth peer name f3 netns far
	END
	ip -n third -batch - <<-END
	addr add 10.84.0.1/24 dev t3
	link set t3 up
	END
	ip -n far -batch - <<-END
	addr add 10.84.0.2/24 dev f3
	link set f3 up
	END
	ip netns exec third ping -q -c 1 -W 5 10.84.0.2
}

no_device()
{
	! ip -n far link show f3 2>/dev/null
}

r_lnx_20_namespace_gone()
{
	local i

	for i in $(seq "$LOOPS"); do
		third_up >/dev/null
		next_port
		server "$TPORT" "$SWARM" serve 10.84.0.2 "$TPORT"
		(exec ip netns exec third "$SWARM" run 10.84.0.2 "$TPORT" 4 600) \
			>"$WORK/swarm" 2>&1 &
		PROGRAM=$!
		wait_for 20 has_established third "$TPORT" 4
		offload_some
		# odd: with its sockets closed just before; even: with its device gone
		# before the program
		[ $((i % 2)) -eq 0 ] || kill -KILL "$PROGRAM"
		ip netns delete third
		[ $((i % 2)) -eq 1 ] || ip -n far link delete f3
		kill -KILL "$PROGRAM" 2>/dev/null || :
		wait "$PROGRAM" 2>/dev/null || :
		wait_for 60 no_device
		stop_server
	done
}

r_lnx_20_module_unloaded()
{
	local i

	next_port
	server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
	start 4 "$(scaled 10 900)"
	for i in $(seq "$LOOPS"); do
		kill -0 "$PROGRAM" || break
		offload_some
		rmmod ndk_toe_host
		modprobe ndk_toe_host
	done
	ended_well
	stop_server
}

# --- a target that does not do what it should --------------------------------

# takes SECONDS COMMAND...: at most so long
takes()
{
	local limit=$1 from=$SECONDS
	shift

	"$@"
	[ $((SECONDS - from)) -le "$limit" ] ||
		fail "took $((SECONDS - from)) s instead of $limit: $*"
}

# the target is made at the first offload
target_up()
{
	start 1 600
	offload_some
}

kill_it()
{
	kill -KILL "$PROGRAM"
	wait "$PROGRAM" 2>/dev/null || :
}

r_lnx_23_silent_at_close()
{
	next_port
	server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
	target_up
	near "$TOECTL" fault delay --value 10000
	takes "$BOUND" kill_it
	near "$TOECTL" fault delay --value 0
	wait_for 30 none_established near "$TPORT"
	wait_for 30 none_offloaded near
	stop_server
}

r_lnx_23_silent_at_upload()
{
	next_port
	server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
	start 1 "$(scaled 6 20)"
	offload_some
	near "$TOECTL" fault delay --value 10000
	takes $((2 * BOUND)) near "$TOECTL" upload --all
	# every byte was kept: the program has not noticed anything
	near "$TOECTL" fault delay --value 0
	ended_well
	stop_server
}

unload()
{
	rmmod ndk_toe_host
}

r_lnx_23_silent_at_unload()
{
	next_port
	server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
	start 1 "$(scaled 6 20)"
	offload_some
	near "$TOECTL" fault delay --value 5000
	takes 45 unload
	modprobe ndk_toe_host
	ended_well
	stop_server
}

r_lnx_08_target_declines()
{
	next_port
	server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
	start 2 "$(scaled 2 10)"
	offload_some
	near "$TOECTL" upload --all
	near "$TOECTL" fault fail --layer connection --value 2
	fails near "$TOECTL" offload --remote ":$TPORT"
	grep -q '^not-moved ' "$WORK/said"
	same "offloaded" 0 "$(offloaded near)"
	near "$TOECTL" fault fail --layer connection --value 0
	near "$TOECTL" offload --remote ":$TPORT"
	ended_well
	stop_server
}

# --- users -----------------------------------------------------------------

# as_nobody COMMAND...
as_nobody()
{
	near setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

# where everybody can run them
for_nobody()
{
	cp "$TOECTL" "$SWARM" "$WORK/"
	chmod 711 "$WORK"
}

# status_of WANTED COMMAND...
status_of()
{
	local wanted=$1 got=0
	shift

	"$@" || got=$?
	same "exit status of $*" "$wanted" "$got"
}

others_sockets()
{
	local theirs ours

	for_nobody
	next_port
	server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
	start 1,idle 600
	theirs=$(near ss -Htn state established "dport = :$TPORT" | awk '{ print $3, $4 }')
	near "$TOECTL" offload --remote ":$TPORT"

	# not seen, not moved, not told from one that does not exist
	same "what others list" "" "$(as_nobody "$WORK/toectl" list)"
	# shellcheck disable=SC2086 # two ends
	status_of 3 as_nobody "$WORK/toectl" upload $theirs
	as_nobody "$WORK/toectl" upload --all
	same "offloaded" 1 "$(offloaded near)"
	status_of 4 as_nobody "$WORK/toectl" upload --pid "$PROGRAM" --fd 4
	status_of 4 as_nobody "$WORK/toectl" watch --seconds 1
	status_of 4 as_nobody "$WORK/toectl" pause
	status_of 4 as_nobody "$WORK/toectl" fault delay --value 1

	# their own they may
	as_nobody "$WORK/toeswarm" run "$FAR" "$TPORT" 1,idle 600 >"$WORK/own" &
	wait_for 10 has_established near "$TPORT" 2
	ours=$(near ss -Htne state established "dport = :$TPORT" |
		awk '/uid:65534/ { print $3, $4 }')
	# shellcheck disable=SC2086
	as_nobody "$WORK/toectl" offload $ours
	same "lines they see" 1 "$(as_nobody "$WORK/toectl" list | wc -l)"
	same "lines root sees" 2 "$(near "$TOECTL" list | wc -l)"
	as_nobody "$WORK/toectl" upload --all
	same "offloaded" 1 "$(offloaded near)"
	kill_it
	stop_server
}

# One that is somebody's only in a user namespace has no say in the first one.
other_user_namespace()
{
	for_nobody
	next_port
	server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
	start 1,idle 600
	near "$TOECTL" offload --remote ":$TPORT"
	as_nobody unshare -U -r "$WORK/toectl" upload --all
	same "offloaded" 1 "$(offloaded near)"
	status_of 4 as_nobody unshare -U -r "$WORK/toectl" pause
	kill_it
	stop_server
}

# With nobody asking, nothing is offloaded.
r_lnx_35_opt_in()
{
	near "$TOECTL" list >"$WORK/before"
	next_port
	server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
	near "$SWARM" run "$FAR" "$TPORT" 4 1
	near "$TOECTL" list | diff "$WORK/before" -
	stop_server
}

# pages of all sockets, in the namespace that counts them for all
tcp_pages()
{
	awk '/^TCP:/ { print $NF }' /proc/net/sockstat
}

few_pages()
{
	[ "$(tcp_pages)" -le "$1" ]
}

# What a socket still has as it is freed the kernel complains of by itself; this is
# about the sum. Each processor keeps up to a megabyte in reserve.
r_lnx_28_memory()
{
	local before

	next_port
	before=$(tcp_pages)
	server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
	bounce near --remote ":$TPORT"
	near "$SWARM" run "$FAR" "$TPORT" 20 "$(scaled 2 30)"
	bounced 20
	stop_server
	wait_for 20 none_established near "$TPORT"
	wait_for 20 few_pages $((before + 256 * $(nproc)))
}

ends()
{
	toe_down
	rmmod ndk_toe_host
	! grep -q ^ndk_toe_host /proc/modules
}

toe_up >/dev/null
run_case r_lnx_35_opt_in "nothing is offloaded that nobody asked for"
run_case r_lnx_01_idle "an idle connection comes back as it was"
run_case r_lnx_01_idle_v6 "the same over IPv6"
run_case r_lnx_01_after_traffic "after traffic at the target it goes on where that ended"
run_case r_lnx_01_options_of_the_peer "without timestamps, without SACK, without window scaling"
run_case r_lnx_03_unread "unread bytes stay where they are"
run_case r_lnx_04_unacked "unacknowledged bytes come back"
run_case r_lnx_15_options_stay "options of the socket stay"
run_case r_lnx_13_killed "a program is killed while its connections are offloaded"
run_case r_lnx_33_peer_killed "the peer is killed"
run_case r_lnx_20_device_down "the device goes down under traffic"
run_case r_lnx_20_namespace_gone "the namespace goes away"
run_case r_lnx_20_module_unloaded "the module is unloaded under traffic"
run_case r_lnx_08_target_declines "a target declines, the connection does not notice"
run_case r_lnx_23_silent_at_close "a target that does not answer does not hold up a kill"
run_case r_lnx_23_silent_at_upload "nor an upload: the connection goes on from what was kept"
run_case r_lnx_23_silent_at_unload "nor the end of the module"
run_case r_lnx_28_memory "memory of sockets is given back"
run_case others_sockets "users see and move their own connections only"
run_case other_user_namespace "being root in a user namespace changes nothing"
run_case ends "everything comes to an end"
run_case no_leaks "no memory is lost"
run_case kernel_is_clean "the kernel has nothing to complain of"
finish
