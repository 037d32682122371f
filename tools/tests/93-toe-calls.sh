#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 300 900
#
# Socket calls on a connection that is at the target, and connections that are not
# taken there: each call as on any socket, each refusal with its reason.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toe.sh"

# calls CASE...: each on a connection of its own
calls()
{
	local one

	for one in "$@"; do
		echo "$one"
		near "$TOP/build/toecalls" "${TO:-$FAR}" "$TPORT" "$one" \
			"$TOECTL offload --pid \$TOE_PID --fd \$TOE_FD" \
			"$TOECTL upload --pid \$TOE_PID --fd \$TOE_FD"
	done
}

r_lnx_10_reading()
{
	calls peek waitall lowat epoll-edge splice
}

r_lnx_10_reading_v6()
{
	TO=$FAR6 calls peek waitall splice sendfile
}

r_lnx_10_11_writing()
{
	calls sendfile full-buffer
}

r_lnx_12_sleeping_reader()
{
	calls sleeping-reader
}

r_lnx_13_ending()
{
	calls shutdown linger close disconnect
	wait_for 20 none_established near "$TPORT"
	wait_for 20 none_established far "$TPORT"
	same "at the target" 0 "$(offloaded near)"
}

r_lnx_14_urgent()
{
	calls urgent
	near "$TOECTL" --json list --remote ":$TPORT" >"$WORK/list" || :
	same "at the target" 0 "$(offloaded near)"
}

r_lnx_15_options()
{
	calls options
}

r_lnx_16_later()
{
	calls filter cork repair
}

own_ulp()
{
	calls ulp
}

# refused CASE REASON
refused()
{
	echo "$1"
	near "$TOP/build/toecalls" "$FAR" "$TPORT" "refuse-$1" \
		"$TOECTL --json offload --pid \$TOE_PID --fd \$TOE_FD >$WORK/why || :" true
	cat "$WORK/why"
	same "reason" "$2" "$(json not-moved <"$WORK/why")"
}

r_lnx_09_refused()
{
	refused filter socket-filter
	# with nothing to send, such a connection is past ESTABLISHED
	refused half-closed not-established
	refused cork corked
	refused repair repair-mode
	refused ttl minimum-ttl
	refused options ip-options
	refused unconnected not-established
	refused listener not-established
}

r_lnx_09_refused_ulp()
{
	modprobe tls
	refused ulp other-ulp
}

toe_up >/dev/null
next_port
server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
FOUR=$SERVER
server "$TPORT" "$SWARM" serve "$FAR6" "$TPORT"
run_case r_lnx_10_reading "peeking, waiting for all, low-water marks, epoll, splice"
run_case r_lnx_10_reading_v6 "the same over IPv6"
run_case r_lnx_10_11_writing "sendfile, full buffers, a blocked send that wakes"
run_case r_lnx_12_sleeping_reader "a sleeping reader gets its data across moves"
run_case r_lnx_13_ending "shutdown, reset, close with data on its way, disconnect"
run_case r_lnx_14_urgent "urgent data brings the connection back"
run_case r_lnx_15_options "options set at the target stay after it"
run_case r_lnx_16_later "what no target has brings the connection back, and works"
run_case own_ulp "a program offloads its own connection"
run_case r_lnx_09_refused "what cannot go stays, with its reason"
run_case r_lnx_09_refused_ulp "and what has another protocol on top"
kill "$FOUR"
stop_server
toe_down
run_case kernel_is_clean "the kernel has nothing to complain of"
finish
