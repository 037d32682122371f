# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the end-to-end tests. A test script says on a line of its own where it
# runs, sources this file, and calls run_case for each of its cases:
#
#   # runs: guest        in the common virtual machine (default)
#   # runs: own-guest    in a virtual machine of its own
#   # runs: host         on the host; such scripts start machines themselves
#   # timeout: SECONDS [SECONDS]   for the whole script, in make check (default
#                        300) and in make soak (default ten times that)
#   # seconds: N         what it takes in make check, for tools/check to share out
#                        the scripts (default 60)
#
#   . "$(dirname "$0")/lib.sh"
#   one() { ... }        # fails by a non-zero status of any of its commands
#   run_case one "a sentence that says what holds"
#   finish
#
# Wait for events (wait_for, wait_listen), never for time to pass. Counts come
# from scaled SHORT FULL, so that `make check` stays short.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
SYS=/sys/class/infiniband
KIND=${NDK_KIND:-ndk}
CASES=0
FAILURES=0
# A machine that is busy otherwise takes its time. What these bound is what never
# comes, and only a failure has to wait for it: seconds of a quiet machine times this.
PATIENCE=4
if [ "${NDK_SCALE:-}" = full ]; then
	CASE_LIMIT=${CASE_LIMIT:-1800}
else
	CASE_LIMIT=${CASE_LIMIT:-$((90 * PATIENCE))}
fi
TAINT=$(cat /proc/sys/kernel/tainted)
# Nothing ever comes out of it: to wait without starting a program, which takes the
# test kernel a tenth of a second.
exec {NEVER}<> <(:)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
export TOP

printf 'KTAP version 1\n'

# --- cases -----------------------------------------------------------------

indent_log()
{
	tail -n 60 "$1" | sed 's/^/# /'
}

# nap SECONDS
nap()
{
	read -rt "$1" -u "$NEVER" || :
}

# run_case FUNCTION DESCRIPTION: the function runs in a process group of its
# own, which is stopped when it takes more than CASE_LIMIT seconds.
run_case()
{
	local log=$WORK/case.log status=0 pid guard

	CASES=$((CASES + 1))
	set -m
	(
		set -eu
		set -o pipefail
		"$1"
	) >"$log" 2>&1 </dev/null &
	pid=$!
	(
		exec >/dev/null 2>&1
		nap "$CASE_LIMIT"
		: >"$WORK/late"
		kill -KILL -- "-$pid"
	) &
	guard=$!
	set +m
	wait "$pid" 2>/dev/null || status=$?
	kill -KILL -- "-$guard" 2>/dev/null
	wait "$guard" 2>/dev/null
	# What the case left running would be in the way of the next one.
	kill -KILL -- "-$pid" 2>/dev/null
	if [ "$status" -eq 0 ]; then
		printf 'ok %d - %s\n' "$CASES" "$2"
		return
	fi
	FAILURES=$((FAILURES + 1))
	indent_log "$log"
	[ ! -e "$WORK/late" ] || printf '# stopped after %d s\n' "$CASE_LIMIT"
	rm -f "$WORK/late"
	printf 'not ok %d - %s\n' "$CASES" "$2"
}

# soak_case: a case for make soak only
soak_case()
{
	[ "${NDK_SCALE:-}" != full ] || run_case "$@"
}

# cases_on_one_device FUNCTION: the cases it runs, once more with both ends on one device,
# which only ours can be.
cases_on_one_device()
{
	[ "$KIND" = ndk ] || return 0
	SERVER=$END_LOOP
	CLIENT=$END_LOOP
	run_case loop_up "one device"
	"$1"
	run_case loop_down "the device goes"
}

# leak_case: a look for leaks takes half a minute. Where the machine looks itself
# at its end (tools/check), that is for all its scripts; make soak looks after each.
leak_case()
{
	[ -e /sys/kernel/debug/kmemleak ] || return 0
	if [ "${NDK_LEAKS:-}" != end ] || [ "${NDK_SCALE:-}" = full ]; then
		run_case no_leaks "no memory leaked"
	fi
}

# what_is_left: the last cases of a script, and its end
what_is_left()
{
	leak_case
	run_case kernel_is_clean "the kernel has nothing to report"
	finish
}

# skip_case DESCRIPTION REASON
skip_case()
{
	CASES=$((CASES + 1))
	printf 'ok %d - %s # SKIP %s\n' "$CASES" "$1" "$2"
}

finish()
{
	printf '1..%d\n' "$CASES"
	[ "$FAILURES" -eq 0 ] && [ "$CASES" -gt 0 ]
	exit
}

# fail TEXT: ends the case.
fail()
{
	printf '%s\n' "$*" >&2
	exit 1
}

# same WHAT WANTED GOT
same()
{
	[ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"
}

# at_least WHAT MINIMUM GOT
at_least()
{
	[ "$3" -ge "$2" ] || fail "$1: wanted at least $2, got $3"
}

# fails COMMAND...: it must fail; what it said is in $WORK/said.
fails()
{
	if "$@" >"$WORK/said" 2>&1; then
		fail "should have failed: $*"
	fi
}

# scaled SHORT FULL: the count for make check, or for make soak.
scaled()
{
	if [ "${NDK_SCALE:-}" = full ]; then
		echo "$2"
	else
		echo "$1"
	fi
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds, with PATIENCE.
wait_for()
{
	local end=$((SECONDS + $1 * PATIENCE))
	shift

	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || fail "waited in vain for: $*"
		nap 0.05
	done
}

# --- kernel ----------------------------------------------------------------

# Everything the kernel had to report since the script began, by its memory of
# complaints: what a script before it has to answer for is not this one's.
kernel_is_clean()
{
	same "new kernel taint bits" 0 $(($(cat /proc/sys/kernel/tainted) & ~TAINT & 0x42a0))
}

# The test kernel looks for leaks when told. An object counts after it was
# found unreachable in two scans, so scan twice.
no_leaks()
{
	local file=/sys/kernel/debug/kmemleak

	[ -e "$file" ] || fail "no kmemleak in this kernel"
	echo scan >"$file"
	echo scan >"$file"
	[ ! -s "$file" ] || { cat "$file"; fail "memory leaked"; }
}

# --- devices ---------------------------------------------------------------
#
# An end is three words: device, address, namespace ("-" for the first one).
#
#   loop_up        ndk0 on dummy link d0, 10.80.0.1, no namespace
#   veth_up        namespace left               namespace right
#                  ndkl on vl   <-- veth -->    vr has ndkr
#                  10.81.0.1                    10.81.0.2

END_LOOP="ndk0 10.80.0.1 -"
END_LEFT="ndkl 10.81.0.1 left"
END_RIGHT="ndkr 10.81.0.2 right"
# rxe works in the first namespace only, so there both ends are one device; and
# what is stacked on it (kind ndk_hca) as well.
[ "$KIND" = ndk ] || END_LEFT=$END_LOOP END_RIGHT=$END_LOOP
export END_LOOP END_LEFT END_RIGHT

load_modules()
{
	case $KIND in
	ndk) modprobe -a ib_uverbs rdma_ucm ndk_softroce ;;
	rxe) modprobe -a ib_uverbs rdma_ucm rdma_rxe ;;
	ndk_hca) modprobe -a ib_uverbs rdma_ucm "$(lower_module)" ndk_hca ;;
	esac
}

# Kind ndk_hca stands on a device of kind NDK_LOWER, whose name begins with low.
LOWER=${NDK_LOWER:-rxe}

lower_module()
{
	case $LOWER in
	rxe) echo rdma_rxe ;;
	*) echo "$LOWER" ;;
	esac
}

# in_ns NAMESPACE COMMAND...
in_ns()
{
	local ns=$1
	shift

	if [ "$ns" = - ]; then
		"$@"
	else
		ip netns exec "$ns" "$@"
	fi
}

# expand6 ADDRESS: EXPANDED is the IPv6 address with all its zeros. No program
# is started for it: on the test kernel that costs more than the test.
expand6()
{
	local IFS=: zeros group
	local -a before after groups

	# shellcheck disable=SC2206 # split at the colons
	before=(${1%%::*})
	after=()
	# shellcheck disable=SC2206
	[ "$1" = "${1#*::}" ] || after=(${1#*::})
	zeros=$((8 - ${#before[@]} - ${#after[@]}))
	groups=("${before[@]}")
	while [ "$zeros" -gt 0 ]; do
		groups+=(0)
		zeros=$((zeros - 1))
	done
	groups+=("${after[@]}")
	EXPANDED=
	for group in "${groups[@]}"; do
		printf -v group %04x "0x$group"
		EXPANDED=${EXPANDED:+$EXPANDED:}$group
	done
}

# gid_index DEVICE ADDRESS: prints the index of that address' GID.
gid_index()
{
	local wanted gid i

	case $2 in
	*:*)	expand6 "$2"
		wanted=$EXPANDED ;;
	*)	# shellcheck disable=SC2046,SC2183 # four numbers are meant
		wanted=$(printf '0000:0000:0000:0000:0000:ffff:%02x%02x:%02x%02x' \
			 $(tr . ' ' <<<"$2")) ;;
	esac
	# no process per entry: the table is long, and empty ones give an error
	for ((i = 0; i < 1024; i++)); do
		if read -r gid 2>/dev/null <"$SYS/$1/ports/1/gids/$i" &&
		   [ "$gid" = "$wanted" ]; then
			echo "$i"
			return
		fi
	done
	return 1
}

has_gid()
{
	gid_index "$@" >/dev/null
}

port_is()
{
	local state

	read -r state 2>/dev/null <"$SYS/$1/ports/1/state" && [[ $state = *$2* ]]
}

# add_device END NETDEV
add_device()
{
	local device address ns

	read -r device address ns <<<"$1"
	[ "$KIND" != ndk_hca ] || rdma link add "low$device" type "$LOWER" netdev "$2"
	in_ns "$ns" rdma link add "$device" type "$KIND" netdev "$2"
	wait_for 20 port_is "$device" ACTIVE
	wait_for 20 has_gid "$device" "$address"
}

loop_up()
{
	load_modules
	ip -batch - <<END
link add d0 mtu ${1:-4300} type dummy
addr add 10.80.0.1/24 dev d0
addr add fd80::1/64 dev d0 nodad
link set d0 up
END
	add_device "$END_LOOP" d0
}

loop_down()
{
	[ ! -e "$SYS/ndk0" ] || rdma link delete ndk0
	[ ! -e "$SYS/lowndk0" ] || rdma link delete lowndk0
	ip link delete d0
}

veth_up()
{
	local end device address ns netdev

	load_modules
	ip -batch - <<END
netns add left
netns add right
link add vl mtu ${1:-4300} netns left type veth peer name vr mtu ${1:-4300} netns right
END
	for end in "$END_LEFT vl" "$END_RIGHT vr"; do
		read -r device address ns netdev <<<"$end"
		ip -n "$ns" -batch - <<END
link set lo up
addr add $address/24 dev $netdev
addr add fd81::${address##*.}/64 dev $netdev nodad
link set $netdev up
END
	done
	for end in "$END_LEFT vl" "$END_RIGHT vr"; do
		read -r device address ns netdev <<<"$end"
		add_device "$device $address $ns" "$netdev"
	done
	ip netns exec left ping -q -c 1 -W 5 10.81.0.2
}

veth_down()
{
	local device

	for device in ndkl ndkr; do
		[ ! -e "$SYS/$device" ] || rdma link delete "$device"
	done
	ip netns delete left
	ip netns delete right
}

# pair_up: END_LEFT and END_RIGHT, whatever they are with this kind of device
pair_up()
{
	if [ "$KIND" = ndk ]; then
		veth_up "$@"
	else
		loop_up "$@"
	fi
}

pair_down()
{
	if [ "$KIND" = ndk ]; then
		veth_down
	else
		loop_down
	fi
}

# v6_of END: its other address
v6_of()
{
	local address

	read -r _ address _ <<<"$1"
	echo "fd${address:3:2}::${address##*.}"
}

# unload_rxe: it keeps its UDP port, the only one of the first namespace, as long as
# it is loaded. Scripts that use it there take it away for those behind them.
unload_rxe()
{
	modprobe -r "$@" rdma_rxe
}

# counter DEVICE NAME: a value of `rdma statistic`.
counter()
{
	local value

	read -r value <"$SYS/$1/ports/1/hw_counters/$2"
	echo "$value"
}

# setting DEVICE NAME [VALUE]
setting()
{
	if [ $# -gt 2 ]; then
		echo "$3" >"$SYS/$1/ndk/$2"
	else
		cat "$SYS/$1/ndk/$2"
	fi
}

# --- programs on both ends -------------------------------------------------

PORT=21000

# spawn NAMESPACE COMMAND...: to be run in the background, where it becomes the
# command
spawn()
{
	local ns=$1
	shift

	if [ "$ns" = - ]; then
		exec "$@"
	else
		exec ip netns exec "$ns" "$@"
	fi
}

# listens NAMESPACE PORT [PROCESS]: somebody does. With a process of the namespace
# no program has to be started to know.
listens()
{
	local port file address state

	if [ -z "${3:-}" ]; then
		in_ns "$1" ss -Hltn "sport = :$2" | grep -q .
		return
	fi
	printf -v port :%04X "$2"
	for file in "/proc/$3/net/tcp" "/proc/$3/net/tcp6"; do
		while read -r _ address _ state _; do
			[[ $address != *"$port" || $state != 0A ]] || return 0
		done 2>/dev/null <"$file"
	done
	return 1
}

# cm_listens NAMESPACE PORT: somebody does, by the RDMA connection manager
cm_listens()
{
	in_ns "$1" rdma resource show cm_id | grep -q "state LISTEN .*:$2 "
}

# both SERVER-END CLIENT-END PORT "SERVER COMMAND" "CLIENT COMMAND"
#
# Starts the server, waits until it listens on PORT, runs the client, and
# wants both to succeed. Their output is in $WORK/server and $WORK/client.
# LISTENS names the function that tells whether the server listens.
both()
{
	local server_ns client_ns pid limit=${PAIR_LIMIT:-$(scaled $((60 * PATIENCE)) 800)}

	read -r _ _ server_ns <<<"$1"
	read -r _ _ client_ns <<<"$2"
	# shellcheck disable=SC2086 # commands are word lists
	spawn "$server_ns" timeout -k 5 "$limit" $4 >"$WORK/server" 2>&1 &
	pid=$!
	wait_for 20 server_ready "$server_ns" "$3" "$pid"
	# shellcheck disable=SC2086
	if ! in_ns "$client_ns" timeout -k 5 "$limit" $5 >"$WORK/client" 2>&1; then
		kill "$pid" 2>/dev/null || :
		wait "$pid" || :
		pair_output
		fail "client failed: $5"
	fi
	wait "$pid" || { pair_output; fail "server failed: $4"; }
}

server_ready()
{
	if ! kill -0 "$3" 2>/dev/null; then
		cat "$WORK/server"
		fail "server ended at once"
	fi
	"${LISTENS:-listens}" "$1" "$2" "$3"
}

pair_output()
{
	echo "server said:"
	cat "$WORK/server"
	echo "client said:"
	cat "$WORK/client"
}

# perf TOOL SERVER-END CLIENT-END [OPTION...]
#
# One of the performance tools; with CHAIN=N the client's requests are
# deferred N by N. Prints the line of figures.
perf()
{
	local tool=$1 server=$2 client=$3 prefix=
	local sdev saddr cdev caddr _
	shift 3

	read -r sdev saddr _ <<<"$server"
	read -r cdev caddr _ <<<"$client"
	PORT=$((PORT + 1))
	[ -z "${CHAIN:-}" ] || prefix="$TOP/tools/defer --chain $CHAIN --"
	both "$server" "$client" "$PORT" \
		"$tool -d $sdev -F -p $PORT -x $(gid_index "$sdev" "$saddr") --use_old_post_send $*" \
		"$prefix $tool -d $cdev -F -p $PORT -x $(gid_index "$cdev" "$caddr") --use_old_post_send $* $saddr"
	grep -E '^ *[0-9]+ +[0-9]+ +[0-9.]+' "$WORK/client"
}

# verified SERVER-END CLIENT-END BYTES COUNT: sends COUNT messages each way,
# and both sides compare every byte they get with what it has to be.
verified()
{
	local sdev saddr cdev caddr _

	read -r sdev saddr _ <<<"$1"
	read -r cdev caddr _ <<<"$2"
	PORT=$((PORT + 1))
	both "$1" "$2" "$PORT" \
		"ibv_rc_pingpong -c -d $sdev -p $PORT -g $(gid_index "$sdev" "$saddr") -s $3 -n $4" \
		"ibv_rc_pingpong -c -d $cdev -p $PORT -g $(gid_index "$cdev" "$caddr") -s $3 -n $4 $saddr"
	# It says so and still succeeds.
	if grep -q 'invalid data' "$WORK/server" "$WORK/client"; then
		pair_output
		fail "data differs"
	fi
}
