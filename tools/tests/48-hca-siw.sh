#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: own-guest
# timeout: 300 1800
#
# The same on siw: iWARP, where a connection manager is the only way to one.

NDK_LOWER=siw NDK_KIND=ndk_hca exec "$(dirname "$0")/97-ndkperf.sh" "$@"
