// SPDX-License-Identifier: GPL-2.0
/*
 * Trees of blocks: building, walking, roles, and the walk of an initiate.
 */
#include <linux/export.h>
#include <linux/slab.h>

#include "state.h"

enum toe_role toe_block_role(enum toe_op_type op, const struct toe_block *b)
{
	if (!b->ctx)
		return TOE_ROLE_SCAFFOLD;
	if (op == TOE_INITIATE)
		return *b->ctx ? TOE_ROLE_LINKER : TOE_ROLE_NEW;
	if (op == TOE_UPDATE && b->state_class == TOE_STATE_NONE && b->layer == TOE_NEIGH)
		return TOE_ROLE_LINKER;
	return TOE_ROLE_SUBJECT;
}
EXPORT_SYMBOL_GPL(toe_block_role);

void toe_walk_skip(struct toe_walk *w)
{
	while (!w->at->next) {
		if (!w->depth) {
			w->at = NULL;
			return;
		}
		w->at = w->up[--w->depth];
	}
	w->at = w->at->next;
}
EXPORT_SYMBOL_GPL(toe_walk_skip);

void toe_walk_next(struct toe_walk *w)
{
	if (!w->at->dependents) {
		toe_walk_skip(w);
		return;
	}
	w->up[w->depth++] = w->at;
	w->at = w->at->dependents;
}
EXPORT_SYMBOL_GPL(toe_walk_next);

void toe_set_status(struct toe_block *root, u32 status)
{
	struct toe_walk w;

	for (toe_walk_start(&w, root); w.at; toe_walk_next(&w))
		w.at->status = status;
}
EXPORT_SYMBOL_GPL(toe_set_status);

/*
 * The walk of an initiate. Once an object is stored its block looks like a
 * linker, so the role is noted in the block, which is ours to write in.
 */
static enum toe_role noted_role(const struct toe_block *b)
{
	return (unsigned long)b->target_reserved[0];
}

static void note_role(struct toe_block *b)
{
	b->target_reserved[0] = (void *)(unsigned long)toe_block_role(TOE_INITIATE, b);
}

static u32 store_one(struct toe_target *t, struct toe_walk *w, toe_store_fn store, void *arg)
{
	struct toe_block *up = toe_walk_parent(w), *b = w->at;
	u32 status = toe_fault(t, b->layer, TOE_INITIATE);

	if (status != TOE_SUCCESS)
		return status;
	if (b->layer == TOE_CONN) {
		/* before it is live: what it finds then must be there */
		status = toe_adopt(t, b);
		if (status != TOE_SUCCESS)
			return status;
	}
	return store(t, b, up && up->ctx ? *up->ctx : NULL, arg);
}

/* One block. Returns false if nothing below it can be attempted. */
static bool initiate_one(struct toe_target *t, struct toe_walk *w, toe_store_fn store, void *arg)
{
	struct toe_block *b = w->at;

	b->status = TOE_SUCCESS;
	if (noted_role(b) != TOE_ROLE_NEW)
		return true;
	b->status = store_one(t, w, store, arg);
	return toe_status_is_stored(b->status);
}

static void start_blocks(struct toe_block *root)
{
	struct toe_walk w;

	for (toe_walk_start(&w, root); w.at; toe_walk_next(&w)) {
		note_role(w.at);
		w.at->status = noted_role(w.at) == TOE_ROLE_SCAFFOLD ? TOE_SUCCESS : TOE_FAILURE;
	}
}

/* Only the immediate dependents' own state counts (toe.md 7, row 17). */
static void fold(struct toe_block *b)
{
	unsigned int made = 0, failed = 0;
	struct toe_block *child;

	for (child = b->dependents; child; child = child->next) {
		if (noted_role(child) == TOE_ROLE_NEW && !toe_status_is_stored(child->status))
			failed++;
		else
			made++;
	}
	if (!failed)
		return;
	if (noted_role(b) == TOE_ROLE_LINKER && !made)
		b->status = TOE_FAILURE;
	else
		b->status = TOE_PARTIAL_SUCCESS;
}

static void fold_all(struct toe_block *root)
{
	struct toe_walk w;

	for (toe_walk_start(&w, root); w.at; toe_walk_next(&w))
		if (noted_role(w.at) != TOE_ROLE_SCAFFOLD && toe_status_is_stored(w.at->status))
			fold(w.at);
}

void toe_initiate_each(struct toe_target *t, struct toe_block *root, toe_store_fn store, void *arg)
{
	struct toe_walk w;

	start_blocks(root);
	toe_walk_start(&w, root);
	while (w.at) {
		bool made = initiate_one(t, &w, store, arg);

		if (!made && w.at == root)
			break;
		if (made)
			toe_walk_next(&w);
		else
			toe_walk_skip(&w);
	}
	fold_all(root);
}
EXPORT_SYMBOL_GPL(toe_initiate_each);

struct toe_op *toe_op_alloc(struct toe_target *t, enum toe_op_type type,
			    void (*done)(struct toe_op *op), void *priv, gfp_t gfp)
{
	struct toe_op *op = kzalloc(sizeof(*op), gfp);

	if (!op)
		return NULL;
	op->type = type;
	op->target = t;
	op->done = done;
	op->priv = priv;
	return op;
}
EXPORT_SYMBOL_GPL(toe_op_alloc);

/* Behind the last of the blocks that hang in the same place. */
static void hang(struct toe_op *op, struct toe_block *parent, struct toe_block *b)
{
	struct toe_block **first = parent ? &parent->dependents : &op->root;
	struct toe_block **last = parent ? &parent->core.last : &op->core.last;

	if (*last)
		(*last)->next = b;
	else
		*first = b;
	*last = b;
}

static void fill(struct toe_block *b, enum toe_op_type type, struct toe_obj *obj,
		 unsigned int cls)
{
	void *state = toe_block_state(b, cls);

	if (!state)
		return;
	toe_state_head(b->layer, cls, state);
	if (cls == TOE_STATE_DELEGATED) {
		if (b->layer == TOE_CONN && type == TOE_QUERY)
			((struct toe_conn_delegated *)state)->valid_for = TOE_FOR_QUERY;
		return;
	}
	/* what a query asks for is the target's to fill */
	if (obj && type != TOE_QUERY)
		memcpy(state, toe_obj_state_of(obj, cls), toe_state_size(b->layer, cls));
}

struct toe_block *toe_op_add(struct toe_op *op, struct toe_block *parent, struct toe_obj *obj,
			     enum toe_layer layer, enum toe_class cls, gfp_t gfp)
{
	unsigned int l = obj ? obj->layer : layer, c;
	u32 size = toe_block_size(l, cls);
	struct toe_block *b;

	if (!size)
		return NULL;
	b = kzalloc(size, gfp);
	if (!b)
		return NULL;
	b->layer = l;
	b->state_class = cls;
	b->revision = TOE_REVISION;
	b->size = size;
	b->object = obj;
	INIT_LIST_HEAD(&b->sends);
	for (c = TOE_STATE_CONST; c < TOE_STATE_ALL; c++)
		fill(b, op->type, obj, c);
	hang(op, parent, b);
	return b;
}
EXPORT_SYMBOL_GPL(toe_op_add);

void toe_op_free(struct toe_op *op)
{
	struct toe_block *b, *last;

	if (!op)
		return;
	/* children go to the end of the list of siblings, so one list remains */
	for (b = op->root, last = op->core.last; b; ) {
		struct toe_block *next;

		if (b->dependents) {
			last->next = b->dependents;
			last = b->core.last;
		}
		next = b->next;
		kfree(b);
		b = next;
	}
	kfree(op);
}
EXPORT_SYMBOL_GPL(toe_op_free);
