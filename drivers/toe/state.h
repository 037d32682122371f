/* SPDX-License-Identifier: GPL-2.0 */
/* State structures and trees: what the rest of the core asks of them. */
#ifndef _TOE_STATE_INTERNAL_H
#define _TOE_STATE_INTERNAL_H

#include "core.h"

/* state.c */
bool toe_state_fits(unsigned int layer, unsigned int cls, const void *state);
bool toe_state_ok(unsigned int layer, unsigned int cls, const void *state);
bool toe_delegated_ok(const struct toe_conn_delegated *d);
void toe_state_head(unsigned int layer, unsigned int cls, void *state);
bool toe_tcp_state_can_offload(unsigned int state);
bool toe_status_legal(unsigned int op, u32 status);

/* initiate: to be offloaded, else a linker */
static inline bool toe_is_new(const struct toe_block *b)
{
	return b->state_class == TOE_STATE_ALL;
}

/* update: the paths below get this neighbor */
static inline bool toe_is_neigh_link(const struct toe_block *b)
{
	return b->layer == TOE_NEIGH && b->state_class == TOE_STATE_NONE;
}

/* claim.c */
bool toe_block_is_over(const struct toe_block *b);
void toe_count_waiting(struct toe_op *op, int by);

/* obj.c */
void *toe_obj_state_of(struct toe_obj *obj, unsigned int cls);

#endif /* _TOE_STATE_INTERNAL_H */
