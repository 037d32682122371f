// SPDX-License-Identifier: GPL-2.0
/*
 * Words for people.
 */
#include "host.h"

static const char * const refusal_name[TOE_REFUSE_REASONS] = {
	[TOE_REFUSE_NONE] = "-",
	[TOE_REFUSE_NOT_TCP] = "not-tcp",
	[TOE_REFUSE_ALREADY] = "already-offloaded",
	[TOE_REFUSE_STATE] = "not-established",
	[TOE_REFUSE_SHUTDOWN] = "half-closed",
	[TOE_REFUSE_ERROR] = "error-pending",
	[TOE_REFUSE_ULP] = "other-ulp",
	[TOE_REFUSE_PROTO] = "other-protocol",
	[TOE_REFUSE_USER_DATA] = "kernel-user",
	[TOE_REFUSE_SIGNED] = "signed-segments",
	[TOE_REFUSE_FASTOPEN] = "fast-open",
	[TOE_REFUSE_REPAIR] = "repair-mode",
	[TOE_REFUSE_FILTER] = "socket-filter",
	[TOE_REFUSE_XFRM] = "ipsec",
	[TOE_REFUSE_URGENT_RX] = "urgent-data-unread",
	[TOE_REFUSE_URGENT_TX] = "urgent-data-unsent",
	[TOE_REFUSE_OPTIONS] = "ip-options",
	[TOE_REFUSE_MIN_TTL] = "minimum-ttl",
	[TOE_REFUSE_WINDOW] = "window-too-large",
	[TOE_REFUSE_CORK] = "corked",
	[TOE_REFUSE_SEND_QUEUE] = "send-queue",
	[TOE_REFUSE_NO_ROUTE] = "no-route",
	[TOE_REFUSE_DEVICE] = "device",
	[TOE_REFUSE_NEIGHBOUR] = "neighbour-unresolved",
	[TOE_REFUSE_TARGET] = "target-declined",
	[TOE_REFUSE_NO_TARGET] = "no-such-target",
	[TOE_REFUSE_FULL] = "target-full",
	[TOE_REFUSE_TIMEOUT] = "target-silent",
	[TOE_REFUSE_PAUSED] = "paused",
	[TOE_REFUSE_MEMORY] = "no-memory",
	[TOE_REFUSE_BUSY] = "socket-in-use",
	[TOE_REFUSE_IPV6] = "no-ipv6",
	[TOE_REFUSE_NETNS] = "other-namespace",
	[TOE_REFUSE_PERMISSION] = "not-permitted",
	[TOE_REFUSE_ECN] = "ecn",
};

const char *toe_refusal_name(unsigned int refusal)
{
	return refusal < TOE_REFUSE_REASONS && refusal_name[refusal] ? refusal_name[refusal] : "?";
}

static const char * const state_name[] = {
	[TOE_SOCK_HOST] = "in-host",
	[TOE_SOCK_MOVING] = "offloading",
	[TOE_SOCK_HOLD] = "offloaded",
	[TOE_SOCK_OFFLOADED] = "offloaded",
	[TOE_SOCK_UPLOADING] = "uploading",
	[TOE_SOCK_DEAD] = "gone",
};

const char *toe_sock_state_name(unsigned int state)
{
	return state < ARRAY_SIZE(state_name) ? state_name[state] : "?";
}
