// SPDX-License-Identifier: GPL-2.0
/*
 * State structures: how large they are, where they lie behind a block, and
 * whether what is in them makes sense.
 */
#include <linux/export.h>
#include <linux/minmax.h>

#include "state.h"

static const u16 sizes[TOE_LAYERS][TOE_STATE_ALL] = {
	[TOE_NEIGH] = {
		[TOE_STATE_CONST] = sizeof(struct toe_neigh_const),
		[TOE_STATE_CACHED] = sizeof(struct toe_neigh_cached),
		[TOE_STATE_DELEGATED] = sizeof(struct toe_neigh_delegated),
	},
	[TOE_PATH4] = {
		[TOE_STATE_CONST] = sizeof(struct toe_path_const),
		[TOE_STATE_CACHED] = sizeof(struct toe_path_cached),
		[TOE_STATE_DELEGATED] = sizeof(struct toe_path_delegated),
	},
	[TOE_PATH6] = {
		[TOE_STATE_CONST] = sizeof(struct toe_path_const),
		[TOE_STATE_CACHED] = sizeof(struct toe_path_cached),
		[TOE_STATE_DELEGATED] = sizeof(struct toe_path_delegated),
	},
	[TOE_CONN] = {
		[TOE_STATE_CONST] = sizeof(struct toe_conn_const),
		[TOE_STATE_CACHED] = sizeof(struct toe_conn_cached),
		[TOE_STATE_DELEGATED] = sizeof(struct toe_conn_delegated),
	},
};

u16 toe_state_size(unsigned int layer, unsigned int cls)
{
	if (layer >= TOE_LAYERS || cls >= TOE_STATE_ALL)
		return 0;
	return sizes[layer][cls];
}
EXPORT_SYMBOL_GPL(toe_state_size);

/* Bytes a structure takes behind a block: the next one starts at a multiple of 8. */
static u32 room(unsigned int layer, unsigned int cls)
{
	return round_up(sizes[layer][cls], 8);
}

u32 toe_block_size(unsigned int layer, unsigned int cls)
{
	u32 size = sizeof(struct toe_block);

	if (layer >= TOE_LAYERS || cls >= TOE_CLASSES)
		return 0;
	if (cls != TOE_STATE_ALL)
		return size + room(layer, cls);
	return size + room(layer, TOE_STATE_CONST) + room(layer, TOE_STATE_CACHED) +
	       room(layer, TOE_STATE_DELEGATED);
}
EXPORT_SYMBOL_GPL(toe_block_size);

void *toe_block_state(struct toe_block *b, unsigned int cls)
{
	unsigned int c;
	u32 at = 0;

	if (b->layer >= TOE_LAYERS || cls == TOE_STATE_NONE || cls >= TOE_STATE_ALL)
		return NULL;
	if (b->state_class == cls)
		return b->state;
	if (b->state_class != TOE_STATE_ALL)
		return NULL;
	for (c = TOE_STATE_CONST; c < cls; c++)
		at += room(b->layer, c);
	return b->state + at;
}
EXPORT_SYMBOL_GPL(toe_block_state);

static const struct toe_state_header *header(const void *state)
{
	return state;
}

bool toe_state_fits(unsigned int layer, unsigned int cls, const void *state)
{
	const struct toe_state_header *h = header(state);

	return h->length == sizes[layer][cls] && h->revision == TOE_REVISION && !h->reserved;
}

static bool neigh_const_ok(const struct toe_neigh_const *c)
{
	return c->vlan_id < 4096 && c->src_len <= TOE_MAX_HWADDR;
}

static bool neigh_cached_ok(const struct toe_neigh_cached *v)
{
	return v->dst_len && v->dst_len <= TOE_MAX_HWADDR;
}

static bool path_const_ok(unsigned int layer, const struct toe_path_const *c)
{
	return layer == TOE_PATH6 ||
	       (!memchr_inv(c->src + 4, 0, 12) && !memchr_inv(c->dst + 4, 0, 12));
}

static bool path_cached_ok(unsigned int layer, const struct toe_path_cached *v)
{
	return v->mtu >= (layer == TOE_PATH6 ? 1280 : 68);
}

static bool conn_const_ok(const struct toe_conn_const *c)
{
	return !(c->flags & ~TOE_CONN_CONST_FLAGS) && c->remote_port && c->local_port &&
	       c->snd_wscale <= 14 && c->rcv_wscale <= 14 &&
	       (c->flags & TOE_CONN_WSCALE || (!c->snd_wscale && !c->rcv_wscale));
}

static bool conn_cached_ok(const struct toe_conn_cached *v)
{
	return !(v->flags & ~TOE_CONN_CACHED_FLAGS) && !v->reserved && v->ttl &&
	       v->priority < 8 && !(v->flow_label & ~GENMASK(19, 0));
}

/* Nothing of the past lies in the future: a <= b, modulo 2^32. */
static bool in_order(u32 a, u32 b)
{
	return (s32)(b - a) >= 0;
}

bool toe_delegated_ok(const struct toe_conn_delegated *d)
{
	return d->state < TOE_TCP_STATES && in_order(d->snd_una, d->snd_nxt) &&
	       in_order(d->snd_nxt, d->snd_max) && d->ka_delta >= TOE_TIMER_OFF &&
	       d->rt_delta >= TOE_TIMER_OFF;
}

bool toe_state_ok(unsigned int layer, unsigned int cls, const void *state)
{
	if (!toe_state_fits(layer, cls, state))
		return false;
	if (cls == TOE_STATE_DELEGATED)
		return layer != TOE_CONN || toe_delegated_ok(state);
	switch (layer) {
	case TOE_NEIGH:
		return cls == TOE_STATE_CONST ? neigh_const_ok(state) : neigh_cached_ok(state);
	case TOE_PATH4:
	case TOE_PATH6:
		return cls == TOE_STATE_CONST ? path_const_ok(layer, state) :
						path_cached_ok(layer, state);
	default:
		return cls == TOE_STATE_CONST ? conn_const_ok(state) : conn_cached_ok(state);
	}
}

void toe_state_head(unsigned int layer, unsigned int cls, void *state)
{
	struct toe_state_header *h = state;

	h->length = sizes[layer][cls];
	h->revision = TOE_REVISION;
	h->reserved = 0;
}

bool toe_tcp_state_can_offload(unsigned int state)
{
	switch (state) {
	case TOE_TCP_ESTABLISHED:
	case TOE_TCP_FIN_WAIT1:
	case TOE_TCP_FIN_WAIT2:
	case TOE_TCP_CLOSE_WAIT:
	case TOE_TCP_CLOSING:
	case TOE_TCP_LAST_ACK:
		return true;
	default:
		return false;
	}
}

static const struct {
	u32 status;
	const char *name;
} names[] = {
	{ TOE_SUCCESS, "success" },
	{ TOE_FAILURE, "failure" },
	{ TOE_RESOURCES, "resources" },
	{ TOE_INVALID_STATE, "invalid state" },
	{ TOE_REQUEST_ABORTED, "request aborted" },
	{ TOE_UPLOAD_IN_PROGRESS, "upload in progress" },
	{ TOE_REQUEST_UPLOAD, "request upload" },
	{ TOE_UPLOAD_REQUESTED, "upload requested" },
	{ TOE_TCP_ENTRIES, "no connection entries" },
	{ TOE_PATH_ENTRIES, "no path entries" },
	{ TOE_NEIGHBOR_ENTRIES, "no neighbor entries" },
	{ TOE_IP_ADDRESS_ENTRIES, "no address entries" },
	{ TOE_HW_ADDRESS_ENTRIES, "no MAC entries" },
	{ TOE_VLAN_ENTRIES, "no VLAN entries" },
	{ TOE_TCP_XMIT_BUFFER, "no transmit buffers" },
	{ TOE_TCP_RCV_BUFFER, "no receive buffers" },
	{ TOE_TCP_RCV_WINDOW, "receive window too large" },
	{ TOE_VLAN_MISMATCH, "VLAN unknown" },
	{ TOE_DATA_NOT_ACCEPTED, "data not accepted" },
	{ TOE_POLICY, "policy" },
	{ TOE_DATA_PARTIALLY_ACCEPTED, "data partially accepted" },
	{ TOE_PARTIAL_SUCCESS, "partial success" },
	{ TOE_PATH_MTU, "path MTU too large" },
	{ TOE_CONNECTION_REJECTED, "connection rejected" },
	{ TOE_UNWRITTEN, "not written" },
};

const char *toe_status_name(u32 status)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].status == status)
			return names[i].name;
	return "unknown";
}
EXPORT_SYMBOL_GPL(toe_status_name);

/* May a target complete this operation with this status? (R-TOE-31) */
bool toe_status_legal(unsigned int op, u32 status)
{
	switch (status) {
	case TOE_SUCCESS:
	case TOE_FAILURE:
		return true;
	case TOE_RESOURCES:
	case TOE_PARTIAL_SUCCESS:
	case TOE_PATH_MTU:
	case TOE_CONNECTION_REJECTED:
	case TOE_POLICY:
	case TOE_TCP_ENTRIES ... TOE_VLAN_MISMATCH:
		return op == TOE_INITIATE;
	default:
		return false;
	}
}
