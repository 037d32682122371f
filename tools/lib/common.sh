# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What every shell tool here shares: where things are, how to talk, and how to
# run something long without leaving the reader in the dark.

NDK_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
NDK_CACHE=${NDK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ndk}
NDK_BUILD=$NDK_TOP/build
export NDK_TOP NDK_CACHE NDK_BUILD

say()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die()
{
	say "$@"
	exit 1
}

# A program that outlives its caller is worse than one that fails, so every
# background job started through progress() is stopped with us.
PROGRESS_PID=
progress_stop()
{
	local pid=$PROGRESS_PID

	PROGRESS_PID=
	[ -n "$pid" ] || return 0
	kill -- "-$pid" 2>/dev/null || kill "$pid" 2>/dev/null || :
}
trap progress_stop EXIT
trap 'progress_stop; exit 130' INT
trap 'progress_stop; exit 143' TERM HUP

# progress LABEL LOGFILE NOTE-COMMAND COMMAND...
#
# Runs COMMAND with its output in LOGFILE and prints the elapsed time and what
# NOTE-COMMAND (one shell word list, may be empty) says: to a terminal at least
# every five seconds, elsewhere once a minute. On failure the end of the log is
# printed.
progress()
{
	local label=$1 log=$2 note=$3 start=$SECONDS status last=0 width text every=60
	shift 3

	[ ! -t 2 ] || every=4
	mkdir -p "$(dirname "$log")"
	set -m
	"$@" >"$log" 2>&1 </dev/null &
	PROGRESS_PID=$!
	set +m
	while kill -0 "$PROGRESS_PID" 2>/dev/null; do
		sleep 0.2
		[ $((SECONDS - start - last)) -ge "$every" ] || continue
		last=$((SECONDS - start))
		text=
		[ -z "$note" ] || text=$($note 2>/dev/null) || :
		width=$(printf '%s: %s: %d:%02d %s' "${0##*/}" "$label" \
			$((last / 60)) $((last % 60)) "$text")
		if [ -t 2 ]; then
			printf '\r%s\033[K' "$width" >&2
		else
			printf '%s\n' "$width" >&2
		fi
	done
	status=0
	wait "$PROGRESS_PID" || status=$?
	PROGRESS_PID=
	[ ! -t 2 ] || [ "$last" -eq 0 ] || printf '\r\033[K' >&2
	if [ "$status" -ne 0 ]; then
		say "$label failed (status $status), end of $log:"
		tail -n 30 "$log" >&2
	fi
	return "$status"
}
