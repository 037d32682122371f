#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: own-guest
# timeout: 300 1800
#
# The NDK kernel API on a device that stands on rxe (97-ndkperf.sh): the connection
# manager is the lower device's.

NDK_KIND=ndk_hca exec "$(dirname "$0")/97-ndkperf.sh" "$@"
