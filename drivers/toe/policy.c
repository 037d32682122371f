// SPDX-License-Identifier: GPL-2.0
/*
 * What is offered to a target, and when again after it declined.
 */
#include "core.h"

/* A connection that a target called a poor candidate is left alone for so long. */
#define BACK_OFF_SECONDS	10

/* The low half will do: an old mark is dropped when it is looked at. */
static bool is_early(struct toe_conn *conn)
{
	u32 now = toe_clock_now(conn->obj.target->clock);
	u32 left = conn->not_before - now;

	if (conn->not_before && left <= BACK_OFF_SECONDS * conn->obj.target->clock->ticks_per_second)
		return left;
	conn->not_before = 0;
	return false;
}

int toe_policy_offer(struct toe_obj *obj)
{
	struct toe_target *t = obj->target;

	if (t->going || t->failed)
		return -ESHUTDOWN;
	if (t->paused)
		return -EAGAIN;
	/* with nothing out, nothing could come back and clear the mark */
	if (t->full[obj->layer] && t->noffloaded[obj->layer])
		return -ENOSPC;
	return obj->layer == TOE_CONN && is_early(to_toe_conn(obj)) ? -EAGAIN : 0;
}

void toe_policy_result(struct toe_obj *obj, u32 status)
{
	struct toe_target *t = obj->target;

	switch (status) {
	case TOE_TCP_ENTRIES:
	case TOE_PATH_ENTRIES:
	case TOE_NEIGHBOR_ENTRIES:
		t->full[obj->layer] = true;
		break;
	case TOE_POLICY:
	case TOE_CONNECTION_REJECTED:
		if (obj->layer == TOE_CONN)
			to_toe_conn(obj)->not_before = (u32)toe_clock_now(t->clock) +
				BACK_OFF_SECONDS * t->clock->ticks_per_second;
		break;
	default:
		break;
	}
}

void toe_policy_uploaded(struct toe_obj *obj)
{
	obj->target->full[obj->layer] = false;
}
