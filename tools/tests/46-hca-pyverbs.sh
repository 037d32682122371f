#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900
# seconds: 95
#
# rdma-core's own tests on a stacked device (75-pyverbs.sh, with its own list of
# those that are skipped: pyverbs.hca).

NDK_KIND=ndk_hca exec "$(dirname "$0")/75-pyverbs.sh" "$@"
