// SPDX-License-Identifier: GPL-2.0
/*
 * Faults on request, per target and kind of object: debugfs
 * ndk_toe/<target>/fault/. They apply to every target that walks its trees with
 * toe_initiate_each() or asks toe_fault(); corrupt and delay apply to all.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/export.h>

#include "core.h"

/* Nobody wants to wait longer for the end of a test. */
#define MAX_DELAY_MS	60000

static bool take(atomic_t *left)
{
	return atomic_add_unless(left, -1, 0);
}

static u32 entries_status(unsigned int layer)
{
	switch (layer) {
	case TOE_NEIGH:
		return TOE_NEIGHBOR_ENTRIES;
	case TOE_CONN:
		return TOE_TCP_ENTRIES;
	default:
		return TOE_PATH_ENTRIES;
	}
}

/* What the target has stored; others of the same initiate have no context yet. */
static u32 count_stored(struct toe_target *t, unsigned int layer)
{
	struct toe_obj *obj;
	unsigned long i;
	u32 n = 0;

	rcu_read_lock();
	xa_for_each(&t->handles, i, obj)
		n += obj->layer == layer && READ_ONCE(obj->ctx);
	rcu_read_unlock();
	return n;
}

static bool is_full(struct toe_target *t, unsigned int layer)
{
	u32 limit = READ_ONCE(t->faults.at[layer].exhaust);

	return unlikely(limit) && count_stored(t, layer) >= limit;
}

u32 toe_fault(struct toe_target *t, enum toe_layer layer, enum toe_op_type op)
{
	struct toe_fault_point *p = &t->faults.at[layer];

	if (take(&p->fail))
		return TOE_FAILURE;
	if (op == TOE_INITIATE && is_full(t, layer))
		return entries_status(layer);
	return TOE_SUCCESS;
}
EXPORT_SYMBOL_GPL(toe_fault);

bool toe_fault_corrupt(struct toe_target *t, unsigned int layer)
{
	return take(&t->faults.at[layer].corrupt);
}

static bool has_delay(const struct toe_faults *f)
{
	unsigned int layer;

	for (layer = 0; layer < TOE_LAYERS; layer++)
		if (READ_ONCE(f->at[layer].delay_ms))
			return true;
	return READ_ONCE(f->delay_ms);
}

/* The longest of those that apply. Worker: everything of this target waits. */
void toe_fault_wait(const struct toe_op *op)
{
	const struct toe_faults *f = &op->target->faults;
	struct toe_walk w;
	u32 ms;

	if (likely(!has_delay(f)))
		return;
	ms = READ_ONCE(f->delay_ms);
	for (toe_walk_start(&w, op->root); w.at; toe_walk_next(&w))
		if (w.at->object)
			ms = max(ms, READ_ONCE(f->at[w.at->layer].delay_ms));
	msleep(ms);
}

int toe_target_fault(struct toe_target *t, unsigned int kind, unsigned int layer, u32 value)
{
	if (kind == TOE_FAULT_DELAY ? value > MAX_DELAY_MS : layer >= TOE_LAYERS)
		return -EINVAL;
	switch (kind) {
	case TOE_FAULT_FAIL:
		atomic_set(&t->faults.at[layer].fail, value);
		return 0;
	case TOE_FAULT_EXHAUST:
		WRITE_ONCE(t->faults.at[layer].exhaust, value);
		return 0;
	case TOE_FAULT_CORRUPT:
		atomic_set(&t->faults.at[layer].corrupt, value);
		return 0;
	case TOE_FAULT_DELAY:
		WRITE_ONCE(t->faults.delay_ms, value);
		return 0;
	default:
		return -EINVAL;
	}
}
EXPORT_SYMBOL_GPL(toe_target_fault);

void toe_fault_view(struct toe_target *t)
{
	struct dentry *dir = debugfs_create_dir("fault", t->dir);
	unsigned int layer;

	debugfs_create_u32("delay_ms", 0600, dir, &t->faults.delay_ms);
	for (layer = 0; layer < TOE_LAYERS; layer++) {
		struct dentry *d = debugfs_create_dir(toe_layer_name(layer), dir);

		debugfs_create_u32("delay_ms", 0600, d, &t->faults.at[layer].delay_ms);
		debugfs_create_atomic_t("fail", 0600, d, &t->faults.at[layer].fail);
		debugfs_create_u32("exhaust", 0600, d, &t->faults.at[layer].exhaust);
		debugfs_create_atomic_t("corrupt", 0600, d, &t->faults.at[layer].corrupt);
	}
}
