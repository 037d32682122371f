#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: host
# timeout: 900
# seconds: 70
#
# The virtual machine tool: what it returns, prints and passes through.

CASE_LIMIT=120
. "$(dirname "$0")/lib.sh"

vm()
{
	"$TOP/tools/vm" run "$@"
}

# status_of WANTED COMMAND...
status_of()
{
	local wanted=$1 got=0
	shift

	"$@" >"$WORK/out" 2>"$WORK/err" || got=$?
	[ "$got" = "$wanted" ] || cat "$WORK/out" "$WORK/err"
	same "status" "$wanted" "$got"
}

passes_through()
{
	cd /usr/share
	# shellcheck disable=SC2016 # for the guest's shell
	status_of 37 vm --env 'NAME=two  words' -- sh -c \
		'pwd; echo "$NAME"; echo complaint >&2; : >/usr/share/new && echo wrote
		 seq 300000; exit 37'
	same "folder" /usr/share "$(sed -n 1p "$WORK/out")"
	same "variable" "two  words" "$(sed -n 2p "$WORK/out")"
	same "overlay" wrote "$(sed -n 3p "$WORK/out")"
	same "last line" 300000 "$(tail -n 1 "$WORK/out")"
	same "lines" 300003 "$(wc -l <"$WORK/out")"
	grep -qx complaint "$WORK/err" || fail "errors are not passed on"
	[ ! -e /usr/share/new ] || fail "the guest wrote to the host"
}

times_out()
{
	status_of 124 vm --timeout 2 -- sleep 1000
}

panic_is_told()
{
	status_of 70 vm --timeout 60 -- sh -c 'echo c >/proc/sysrq-trigger; sleep 50'
	grep -q 'sysrq triggered crash' "$WORK/err" || fail "report is not printed"
}

# A command that succeeds does not hide what the kernel had to say.
report_is_told()
{
	status_of 70 vm --timeout 60 -- sh -c \
		'echo "BUG: KASAN: made up for a test" >/dev/kmsg'
	grep -q 'made up for a test' "$WORK/err" || fail "report is not printed"
}

no_machine()
{
	status_of 125 vm --cpus 100000 -- true
}

unknown_command()
{
	status_of 127 vm -- there-is-no-such-command
}

run_case passes_through "status, output, errors, folder and variables pass through"
run_case times_out "a command that does not end gives status 124"
run_case panic_is_told "a panic gives status 70 and is printed"
run_case report_is_told "a report gives status 70 although the command succeeded"
run_case no_machine "a machine that cannot be started gives status 125"
run_case unknown_command "an unknown command gives the shell's status 127"
finish
