#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Inside a virtual machine whose clock goes by instructions (tools/vm run --accel
# count): what a request costs by the NDK kernel API and by verbs. Prints a record
# of `make bench` for each.
set -euo pipefail

modprobe ndk_softroce
ip link add d0 mtu 4300 type dummy
ip addr add 10.80.0.1/24 dev d0
ip link set d0 up
rdma link add ndk0 type ndk netdev d0
# the address takes a moment to become a GID
for _ in {1..100}; do
	! modprobe ndkcount address=10.80.0.1 2>/dev/null || break
done
read -r -a words </sys/module/ndkcount/parameters/result

# deferred ndk N verbs N undeferred ndk N verbs N
for i in 0 5; do
	for j in 1 3; do
		printf '{"name": "NDK post, %s", "device": "%s", "path": "loopback", ' \
			"${words[i]}" "${words[i + j]}"
		printf '"size": 64, "options": "", "value": %s, ' "${words[i + j + 1]}"
		printf '"unit": "instructions", "round": 1}\n'
	done
done

# chain NAME OPERATION REQUESTS DEPTH BYTES ON-OR-OFF: the same of a whole chain, with
# all that the receiving end does; the program's nanoseconds are instructions
chain()
{
	local log server json chains instructions options=

	log=$(mktemp)
	"$program" --server --bind 10.80.0.1 --clients 1 >"$log" 2>&1 &
	server=$!
	until grep -q '^listening' "$log"; do sleep 0.01; done
	json=$("$program" --connect 10.80.0.1 --op "$2" --chain "$3" --depth "$4" \
		--size "$5" --defer "$6" --chains 2000 --json --quiet)
	wait "$server"
	rm "$log"
	chains=${json#*\"chains\": }
	chains=${chains%%,*}
	instructions=${json#*\"nsecs\": }
	instructions=${instructions%%,*}
	[ "$6" = off ] || options=defer=$3
	printf '{"name": "%s", "device": "ndk", "path": "loopback", "size": %s, ' "$1" "$5"
	printf '"options": "%s", "value": %s, ' "$options" $((instructions / chains))
	printf '"unit": "instructions", "round": 1}\n'
}

program=$(dirname "$0")/../../build/ndkperf
modprobe ndkperf
# no chain is abandoned, however slow this is
echo 0 >/sys/class/infiniband/ndk0/ndk/defer_usecs
for defer in off on; do
	chain "NDK chain of 3, fastreg+send" fastreg+send 3 48 4096 $defer
	chain "NDK chain of 16 writes" write 16 64 64 $defer
done
