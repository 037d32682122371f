#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 300 3600
#
# Connections of programs that know nothing of offload, moved to the software target
# and back every 50 ms while they are used, on both ends, at 0, 1 and 5 % loss with
# reordering. Every byte has to arrive, and no connection may break or stand still.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/toe.sh"

SIZE=$(scaled 3 1024)		# MiB of a file without loss
LOSSY=$(scaled 1 64)		# and with loss
SECS=$(scaled 2 20)
NGINX=$TOP/build/programs/nginx/usr/sbin/nginx

make_data()
{
	head -c "$1" /dev/urandom >"$WORK/data"
}

# --- looking ---------------------------------------------------------------

# pair: "LOCAL REMOTE" of near's connection to PORT
pair()
{
	near ss -Htn state established "dport = :$1" | awk '{ print $3, $4; exit }'
}

r_lnx_31_shown()
{
	local one

	next_port
	server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
	in_near "$SWARM" run "$FAR" "$TPORT" 1,idle 1 >"$WORK/swarm" &
	wait_for 10 has_established near "$TPORT" 1
	read -ra one <<<"$(pair "$TPORT")"

	same "known before" "" "$(near "$TOECTL" list --remote ":$TPORT")"
	near "$TOECTL" offload "${one[@]}"
	near "$TOECTL" list | tee "$WORK/list"
	grep -q " offloaded target .* reason - .* offloads 1 uploads 0 " "$WORK/list"
	near ss -Htin "dport = :$TPORT" | tee "$WORK/ss"
	grep -q 'tcp-ulp-toe' "$WORK/ss"
	# again: it is there already
	fails near "$TOECTL" offload "${one[@]}"
	near "$TOECTL" upload --remote ":$TPORT"
	near "$TOECTL" list | tee "$WORK/list"
	grep -q " in-host target .* reason host-asked .* offloads 1 uploads 1 " "$WORK/list"
	fails near "$TOECTL" upload "${one[@]}"
	near "$TOECTL" --json list | python3 -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
assert len(rows) == 1, rows
assert rows[0]["remote"] == "10.83.0.2" and rows[0]["uploads"] == 1, rows'
	stop_server
}

by_process()
{
	next_port
	server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
	near "$SWARM" run "$FAR" "$TPORT" 2,idle 1 >"$WORK/swarm" &
	wait_for 10 has_established near "$TPORT" 2
	# the one that accepted them is in the other namespace: its sockets are found
	# all the same
	"$TOECTL" offload --pid "$SERVER"
	same "at the target" 2 "$(offloaded far)"
	same "at the target, of the other end" 0 "$(offloaded near)"
	"$TOECTL" upload --pid "$SERVER"
	same "at the target" 0 "$(offloaded far)"
	fails "$TOECTL" offload --pid "$SERVER" --fd 0
	fails "$TOECTL" offload --pid 4194304
	stop_server
}

events()
{
	next_port
	server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
	near "$SWARM" run "$FAR" "$TPORT" 3,idle 1 >"$WORK/swarm" &
	wait_for 10 has_established near "$TPORT" 3
	near "$TOECTL" --json watch --count 6 --seconds 20 >"$WORK/events" &
	local watcher=$!
	wait_for 10 near_listens
	near "$TOECTL" offload --remote ":$TPORT"
	near "$TOECTL" upload --all
	wait "$watcher"
	same "offloaded" 3 "$(grep -c '"event":"offloaded"' "$WORK/events")"
	same "uploaded" 3 "$(grep -c '"event":"uploaded"' "$WORK/events")"
	stop_server
}

# somebody has joined the group of events
near_listens()
{
	near cat /proc/net/netlink | awk '$2 == 16 && $4 != "00000000" { n++ } END { exit !n }'
}

errors()
{
	fails near "$TOECTL" frobnicate
	grep -q "no command 'frobnicate'" "$WORK/said"
	fails near "$TOECTL" offload "$FAR:1" nonsense
	grep -q "'nonsense' is no end" "$WORK/said"
	local status=0
	near "$TOECTL" offload "$FAR:1" "$FAR:2" || status=$?
	same "exit status for what is not there" 3 "$status"
	status=0
	near "$TOECTL" offload || status=$?
	same "exit status without connections" 2 "$status"
	near "$TOECTL" --help | grep -q '^Exit status'
}

# --- moving ----------------------------------------------------------------

# iperf_case OPTION...: no interval of four seconds without a byte
iperf_case()
{
	next_port
	server "$TPORT" iperf3 -s -1 -B "$FAR" -p "$TPORT"
	bounce near --remote ":$TPORT"
	bounce far --local ":$TPORT"
	near iperf3 -c "$FAR" -p "$TPORT" -t "$SECS" -i 0.5 -f k --forceflush "$@" | tee "$WORK/iperf"
	wait "$SERVER"
	bounced 4
	grep -q receiver "$WORK/iperf"
	same "intervals without a byte, eight in a row" 0 "$(awk '
		/0\.00 Bytes/ { if (++n == 8) found++; next } { n = 0 }
		END { print found + 0 }' "$WORK/iperf")"
}

iperf_out()
{
	iperf_case
}

iperf_back()
{
	iperf_case -R
}

iperf_lossy()
{
	disturb 1
	iperf_case
	iperf_case -R
	disturb none
}

web_up()
{
	mkdir -p "$WORK/www"
	cp "$WORK/data" "$WORK/www/data"
	chmod -R a+rX "$WORK"
	cat >"$WORK/nginx.conf" <<-END
	daemon off; master_process off; pid $WORK/nginx.pid; error_log stderr;
	events {}
	http {
		access_log off; sendfile on;
		client_body_temp_path $WORK/ng; proxy_temp_path $WORK/ng;
		fastcgi_temp_path $WORK/ng; uwsgi_temp_path $WORK/ng; scgi_temp_path $WORK/ng;
		server { listen $FAR:$TPORT; listen [$FAR6]:$TPORT; root $WORK/www; }
	}
	END
	server "$TPORT" "$NGINX" -e stderr -p "$WORK" -c "$WORK/nginx.conf"
}

# web BYTES ADDRESS LOSS
web()
{
	next_port
	make_data "$1"
	web_up
	disturb "$3"
	bounce near --remote ":$TPORT"
	bounce far --local ":$TPORT"
	near curl -sS --no-keepalive -o "$WORK/got" "http://$2:$TPORT/data"
	cmp "$WORK/data" "$WORK/got"
	bounced 2
	disturb none
	stop_server
}

web_v4()
{
	web $((SIZE << 20)) "$FAR" slow
}

web_v6()
{
	web $((SIZE << 20)) "[$FAR6]" slow
}

web_1_percent()
{
	web $((LOSSY << 20)) "$FAR" 1
}

web_5_percent()
{
	web $((LOSSY << 20)) "$FAR" 5
}

# Both ways at once over one connection, at LOSS.
both_ways()
{
	next_port
	make_data $((LOSSY << 20))
	rm -f "$WORK/near.got" "$WORK/far.got"
	server "$TPORT" socat -t 60 "OPEN:$WORK/data,rdonly!!CREATE:$WORK/far.got" \
		"TCP-LISTEN:$TPORT,bind=$FAR,reuseaddr"
	disturb "$1"
	bounce near --remote ":$TPORT"
	bounce far --local ":$TPORT"
	near socat -t 60 "OPEN:$WORK/data,rdonly!!CREATE:$WORK/near.got" "TCP:$FAR:$TPORT"
	wait "$SERVER"
	disturb none
	cmp "$WORK/data" "$WORK/near.got"
	cmp "$WORK/data" "$WORK/far.got"
	bounced 2
}

socat_both_ways()
{
	both_ways slow
}

socat_both_ways_1_percent()
{
	both_ways 1
}

redis()
{
	local n

	n=$(scaled 1500 100000)
	next_port
	# the server is in the package of the tools, by another name
	# shellcheck disable=SC2016 # for the inner shell
	server "$TPORT" bash -c 'exec -a redis-server redis-check-rdb --port "$1" \
		--bind "$2" --save "" --protected-mode no' - "$TPORT" "$FAR"
	bounce near --remote ":$TPORT"
	bounce far --local ":$TPORT"
	near redis-benchmark -h "$FAR" -p "$TPORT" -n "$n" -c 10 -d 600 -t incr,lpush --csv
	bounced 10
	same "increments" "$n" "$(near redis-cli -h "$FAR" -p "$TPORT" get counter:__rand_int__)"
	same "elements" "$n" "$(near redis-cli -h "$FAR" -p "$TPORT" llen mylist)"
	stop_server
}

# swarm CONNECTIONS LOSS: many, all bytes compared, each watched for progress
swarm()
{
	next_port
	server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
	disturb "$2"
	bounce near --remote ":$TPORT"
	bounce far --local ":$TPORT"
	near "$SWARM" run "$FAR" "$TPORT" "$1" "$SECS" 15 | tee "$WORK/swarm"
	bounced "$1"
	disturb none
	stop_server
}

swarm_no_loss()
{
	swarm "$(scaled 20 200)" none
}

swarm_1_percent()
{
	swarm "$(scaled 10 100)" 1
}

swarm_5_percent()
{
	swarm "$(scaled 5 50)" 5
}

# --- many ------------------------------------------------------------------

# Offered in one tree, with entries for half of them.
half_of_them()
{
	local n half got

	n=$(scaled 60 1000)
	half=$((n / 2))
	next_port
	server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
	in_near "$SWARM" run "$FAR" "$TPORT" "$n,idle" "$SECS" 30 >"$WORK/swarm" &
	local program=$!
	wait_for 60 has_established near "$TPORT" "$n"
	# the target is made at the first offload
	near "$TOECTL" offload --pid "$program" --fd 4
	near "$TOECTL" upload --all
	near "$TOECTL" fault exhaust --layer connection --value "$half"
	kill -USR1 "$program"
	near "$TOECTL" --json offload --remote ":$TPORT" >"$WORK/offload" || :
	cat "$WORK/offload"
	same "offloaded" "$half" "$(json offloaded <"$WORK/offload" | head -n 1)"
	same "without a place" $((n - half)) \
		"$(grep '"not-moved":"target-full"' "$WORK/offload" | json connections)"
	got=$(offloaded near)
	same "listed" "$half" "$got"
	near "$TOECTL" fault exhaust --layer connection --value 0
	wait "$program"
	cat "$WORK/swarm"
	stop_server
}

paused()
{
	next_port
	server "$TPORT" "$SWARM" serve "$FAR" "$TPORT"
	near "$SWARM" run "$FAR" "$TPORT" 1,idle 1 >"$WORK/swarm" &
	wait_for 10 has_established near "$TPORT" 1
	near "$TOECTL" pause
	fails near "$TOECTL" offload --remote ":$TPORT"
	grep -q 'not-moved paused' "$WORK/said"
	near "$TOECTL" targets | grep -q 'state paused'
	near "$TOECTL" resume
	near "$TOECTL" offload --remote ":$TPORT"
	near "$TOECTL" upload --all
	stop_server
}

toe_up >/dev/null
run_case r_lnx_31_shown "list and ss say where a connection is, why and since when"
run_case errors "what toectl cannot do it says, with an exit status of its own"
run_case by_process "sockets are found by process and descriptor, in any namespace"
run_case events "every move is an event"
run_case paused "nothing is offloaded during a pause"
run_case iperf_out "iperf3 sends while its connections are moved"
run_case iperf_back "iperf3 receives while its connections are moved"
run_case iperf_lossy "the same, both ways, with 1 % loss and reordering"
run_case web_v4 "curl gets a file from nginx while its connection is moved"
run_case web_v6 "the same over IPv6"
run_case web_1_percent "the same with 1 % loss and reordering"
run_case web_5_percent "the same with 5 % loss and reordering"
run_case socat_both_ways "socat copies both ways at once over a connection that is moved"
run_case socat_both_ways_1_percent "the same with 1 % loss and reordering"
run_case redis "redis answers each request once while its connections are moved"
run_case swarm_no_loss "many connections are moved together, every byte compared"
run_case swarm_1_percent "the same with 1 % loss and reordering"
run_case swarm_5_percent "the same with 5 % loss and reordering"
run_case half_of_them "half of a large tree is refused for want of room, all of it works"
run_case kernel_is_clean "the kernel has nothing to complain of"
toe_down
finish
