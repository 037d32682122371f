// SPDX-License-Identifier: GPL-2.0
/*
 * The one place where the ndk:* tracepoints are made.
 */
#define CREATE_TRACE_POINTS
#include <ndk/trace.h>

/* raised by backends */
EXPORT_TRACEPOINT_SYMBOL_GPL(ndk_retransmit);
