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
