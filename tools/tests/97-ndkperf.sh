#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900 7200
# seconds: 150
#
# The NDK kernel API from one end to the other, by its consumer ndkperf: every
# operation with all data compared, between two namespaces and on one device;
# one doorbell per chain; what is refused; what ends while it runs.

. "$(dirname "$0")/lib.sh"

PERF=$TOP/build/ndkperf
CHAINS=$(scaled 12 500)
SERVER=$END_LEFT
CLIENT=$END_RIGHT
NUMBER=18600

listening()
{
	grep -q '^listening' "$WORK/server"
}

# serve [OPTION...]: a server at SERVER; its process is PID
serve()
{
	local address ns

	read -r _ address ns <<<"$SERVER"
	NUMBER=$((NUMBER + 1))
	: >"$WORK/server"
	# no timeout in between: PID is to be the server's own
	spawn "$ns" "$PERF" --server --bind "${ADDRESS:-$address}" --port $NUMBER "$@" \
		>"$WORK/server" 2>&1 &
	PID=$!
	wait_for 20 listening
}

# client [OPTION...]: what it says is in $WORK/client
client()
{
	local address ns

	read -r _ address _ <<<"$SERVER"
	read -r _ _ ns <<<"$CLIENT"
	in_ns "$ns" timeout "$(scaled 240 1500)" "$PERF" --connect "${ADDRESS:-$address}" --port $NUMBER \
		--quiet "$@" >"$WORK/client" 2>&1
}

# field NAME: a number out of the JSON the client printed
field()
{
	sed -n "s/.*\"$1\": \\([0-9.]*\\)[,}].*/\\1/p" "$WORK/client"
}

# measured [OPTION...]: server and client, both succeed, all data is right
measured()
{
	serve --clients 1
	client --json --verify --chains "$CHAINS" "$@" || { pair_output; fail "client: $*"; }
	wait "$PID" || { pair_output; fail "server: $*"; }
	same "chains done" "$CHAINS" "$(field chains)"
	same "wrong data" 0 "$(field bad)"
	at_least "pieces compared" 1 "$(field checked)"
}

load_perf()
{
	modprobe ndkperf
	[ -c /dev/ndkperf ]
}

all_operations()
{
	local op

	for op in write send read fastreg+send; do
		measured --op "$op" --size 3000 --depth 16 --chain 4
	done
}

large()
{
	measured --op write --size 200000 --depth 4
	measured --op read --size 200000 --depth 4
	measured --op send --size 100000 --depth 4
	measured --op fastreg+send --size 60000 --depth 9 --chain 3
}

smallest()
{
	measured --op write --size 1 --depth 1
	measured --op send --size 1 --depth 1
	measured --op read --size 1 --depth 1
}

# a round that ends by its time has to end, whatever is outstanding then
by_time()
{
	serve --clients 1
	client --json --seconds 3 --op write --chain 16 --depth 64 || { pair_output; fail "client"; }
	wait "$PID" || { pair_output; fail "server"; }
	at_least "rounds" 2 "$(field rounds)"
	at_least "chains done" 1 "$(field chains)"
}

says()
{
	grep -Eq "$1" "$WORK/client" || { pair_output; fail "does not say: $1"; }
}

# For a person, on a terminal: how far it is, and in the end how long chains took.
progress_and_percentiles()
{
	local address ns

	read -r _ address _ <<<"$SERVER"
	read -r _ _ ns <<<"$CLIENT"
	serve --clients 1
	in_ns "$ns" timeout 60 script -qec "'$PERF' --connect $address --port $NUMBER \
		--op write --chain 4 --seconds 1.2" /dev/null >"$WORK/client" ||
		{ pair_output; fail "client"; }
	wait "$PID" || { pair_output; fail "server"; }
	says 'ndkperf: [0-9]+ s, [0-9]+ chains, [0-9]+ requests/s'
	says '^chain latency \(us\) +min [0-9.]+, 50% [0-9.]+, 90% [0-9.]+, 99% [0-9.]+'
	says '^doorbells/request +[0-9.]+'
}

# one doorbell for all requests of a chain; without deferring one for each
doorbells()
{
	# no timer: a processor that was taken away is no reason to ring
	setting "${CLIENT%% *}" defer_usecs 0
	measured "$@" --defer on
	same "doorbells, deferred" "$(field chains)" "$(field doorbells)"
	measured "$@" --defer off
	same "doorbells, not deferred" "$(field requests)" "$(field doorbells)"
	setting "${CLIENT%% *}" defer_usecs 1000
}

chains_of_three()	{ doorbells --op fastreg+send --chain 3 --depth 12; }
chains_of_sixteen()	{ doorbells --op write --chain 16 --depth 32; }

ipv6()
{
	ADDRESS=$(v6_of "$SERVER") measured --op write --chain 4
}

# a server without --bind, and several clients at the same time
everywhere()
{
	local ns i pids=()

	read -r _ _ ns <<<"$SERVER"
	NUMBER=$((NUMBER + 1))
	spawn "$ns" "$PERF" --server --port $NUMBER --clients 4 >"$WORK/server" 2>&1 &
	PID=$!
	wait_for 20 listening
	read -r _ ADDRESS _ <<<"$SERVER"
	read -r _ _ ns <<<"$CLIENT"
	for i in 1 2 3 4; do
		in_ns "$ns" timeout "$(scaled 240 1500)" "$PERF" --connect "$ADDRESS" --port $NUMBER --quiet \
			--verify --chains "$CHAINS" --op send --chain 2 >"$WORK/client" 2>&1 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || { pair_output; fail "a client"; }
	done
	wait "$PID" || { pair_output; fail "server"; }
}

said()
{
	grep -q "$1" "$WORK/said" || { cat "$WORK/said"; fail "does not say: $1"; }
}

refused()
{
	local address ns

	read -r _ address _ <<<"$SERVER"
	read -r _ _ ns <<<"$CLIENT"
	fails in_ns "$ns" "$PERF" --connect "$address" --port 9
	said 'no server there'
	fails in_ns "$ns" "$PERF" --connect "$address" --bind 127.0.0.1
	said 'no ndk device'
	fails "$PERF" --connect "$address" --op fastreg+send --chain 1
	said 'at least 2'
	fails "$PERF" --connect "$address" --depth 4 --chain 8
	said 'less than'
	fails "$PERF" --connect "$address" --size 0
	fails "$PERF" --connect "$address" --op swim
	fails "$PERF" --server --connect "$address"
	serve
	fails in_ns "$(cut -d' ' -f3 <<<"$SERVER")" "$PERF" --server --bind "$address" --port $NUMBER
	said 'in use'
	# it may have seen its end come by itself
	kill "$PID" 2>/dev/null || :
	wait "$PID" || :
}

# endless: a client that runs until it is stopped; its process is ACTIVE
endless()
{
	local address ns

	read -r _ address _ <<<"$SERVER"
	read -r _ _ ns <<<"$CLIENT"
	spawn "$ns" "$PERF" --connect "$address" --port $NUMBER --op write --chain 4 \
		--seconds 1000 >"$WORK/client" 2>&1 &
	ACTIVE=$!
	wait_for 20 busy
}

busy()
{
	local device requests

	read -r device _ <<<"$CLIENT"
	requests=$(counter "$device" send_requests)
	sleep 0.1
	[ "$(counter "$device" send_requests)" -gt "$requests" ]
}

ended()
{
	! kill -0 "$1" 2>/dev/null
}

client_killed()
{
	serve --clients 1
	endless
	kill -9 "$ACTIVE"
	wait_for 30 ended "$PID"
	wait || :
	grep -q '^1 clients gone' "$WORK/server"
}

server_killed()
{
	serve
	endless
	kill -9 "$PID"
	wait_for 30 ended "$ACTIVE"
	wait || :
}

link_deleted()
{
	serve
	endless
	rdma link delete "${CLIENT%% *}"
	wait_for 30 ended "$ACTIVE"
	# it may have seen its end come by itself
	kill "$PID" 2>/dev/null || :
	wait || :
	add_device "$CLIENT" vr
	measured --op write --chain 4
}

# only a device that stands on another: that one goes under a client
lower_deleted()
{
	serve
	endless
	rdma link delete "low${CLIENT%% *}"
	wait_for 30 ended "$ACTIVE"
	# it may have seen its end come by itself
	kill "$PID" 2>/dev/null || :
	wait || :
	[ ! -e "$SYS/${CLIENT%% *}" ]
	ip link delete d0
	pair_up
	measured --op write --chain 4
}

# on a stacked device make check runs what goes another way there
full()
{
	[ "$KIND" = ndk ] || [ "${NDK_SCALE:-}" = full ]
}

unload()
{
	wait_for 20 modprobe -r ndkperf
}

loop_cases()
{
	run_case all_operations "one device: every operation, all data compared"
	soak_case by_time "one device: rounds end by the clock"
	run_case chains_of_three "one device: two fast-registers and a send"
	soak_case chains_of_sixteen "one device: sixteen writes"
	run_case client_killed "one device: kill -9 of a client"
	soak_case server_killed "one device: kill -9 of the server"
}

run_case pair_up "two ends"
run_case load_perf "ndkperf is loaded"
run_case all_operations "every operation, all data compared"
if full; then
	run_case large "large requests"
	run_case smallest "one byte, one request at a time"
	run_case by_time "rounds end by the clock"
	run_case progress_and_percentiles "a progress line, and latency percentiles"
fi
run_case chains_of_three "two fast-registers and a send: one doorbell per chain"
run_case chains_of_sixteen "sixteen writes: one doorbell per chain"
if full; then
	run_case ipv6 "IPv6"
	run_case everywhere "a server on every address, four clients at a time"
	run_case refused "what cannot be is refused, and why"
fi
run_case client_killed "kill -9 of a client: the server sees it go"
run_case server_killed "kill -9 of the server: the client ends"
if [ "$KIND" = ndk ]; then
	run_case link_deleted "a link is deleted under a client"
elif [ "$KIND" = ndk_hca ]; then
	run_case lower_deleted "the lower device is deleted under a client"
fi
run_case pair_down "the ends go"
cases_on_one_device loop_cases
run_case unload "unloading: no code of a consumer runs"
what_is_left
