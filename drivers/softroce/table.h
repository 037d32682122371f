/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers that packets carry, and the objects they name. All entries are in an
 * xarray; the newest of them are in front of it, in a cache that is indexed by the
 * low bits of the number, so that most look-ups are two loads. A look-up takes no
 * lock: whoever removes an object waits for a grace period before freeing it.
 *
 * Memory ordering: an entry is stored in front with release after everything about
 * its object was; sr_table_find() reads it as RCU has it. Only sr_table_add() and
 * sr_table_replace() fill the front, never a look-up: one that found its object just
 * before the removal would put back what is to be freed.
 */
#ifndef _SOFTROCE_TABLE_H
#define _SOFTROCE_TABLE_H

#include <linux/rcupdate.h>
#include <linux/xarray.h>

/**
 * struct sr_node - an object's place in a table
 * @number: what it is found by; set when it is added, then fixed
 */
struct sr_node {
	u32 number;
};

/**
 * struct sr_table - objects by number
 * @all: every object
 * @next: where the search for a free number goes on
 * @front: by the low bits of the number, one of those that have them, or NULL
 * @mask: which bits
 */
struct sr_table {
	struct xarray all;
	u32 next;
	u32 mask;
	struct sr_node __rcu **front;
};

/**
 * sr_table_init() - an empty table
 * @t: zeroed
 * @front: for @t.front, zeroed
 * @size: its entries, a power of two: about as many objects as are busy at a time
 */
static inline void sr_table_init(struct sr_table *t, struct sr_node __rcu **front, u32 size)
{
	xa_init_flags(&t->all, XA_FLAGS_ALLOC1);
	t->front = front;
	t->mask = size - 1;
}

/**
 * sr_table_exit() - the table goes
 * @t: empty
 */
static inline void sr_table_exit(struct sr_table *t)
{
	WARN_ON(!xa_empty(&t->all));
	xa_destroy(&t->all);
}

/**
 * sr_table_reserve() - find a number for an object
 * @t: the table
 * @node: its number is set
 * @limit: range of the number
 *
 * A number that was given back is used again as late as possible. Context: process.
 *
 * Return: 0 or a negative errno.
 */
static inline int sr_table_reserve(struct sr_table *t, struct sr_node *node,
				   struct xa_limit limit)
{
	int err = xa_alloc_cyclic(&t->all, &node->number, NULL, limit, &t->next, GFP_KERNEL);

	return err < 0 ? err : 0;
}

static inline struct sr_node __rcu **sr_table_front(struct sr_table *t, u32 number)
{
	return &t->front[number & t->mask];
}

/**
 * sr_table_add() - from here on it is found
 * @t: the table
 * @node: has a number that is reserved, or that of an object it takes the place of
 */
static inline void sr_table_add(struct sr_table *t, struct sr_node *node)
{
	/* cannot fail: the slot is there */
	xa_store(&t->all, node->number, node, GFP_KERNEL);
	rcu_assign_pointer(*sr_table_front(t, node->number), node);
}

/**
 * sr_table_remove() - from here on it is not found
 * @t: the table
 * @node: in it
 *
 * Who has found it before uses it until a grace period has passed.
 */
static inline void sr_table_remove(struct sr_table *t, struct sr_node *node)
{
	xa_erase(&t->all, node->number);
	unrcu_pointer(cmpxchg(sr_table_front(t, node->number), RCU_INITIALIZER(node), NULL));
}

/**
 * sr_table_find() - object by number
 * @t: the table
 * @number: the number
 *
 * Context: RCU read section, which the result is good for.
 *
 * Return: its node or NULL.
 */
static inline struct sr_node *sr_table_find(struct sr_table *t, u32 number)
{
	struct sr_node *node = rcu_dereference_check(*sr_table_front(t, number),
						     rcu_read_lock_bh_held());

	if (likely(node && node->number == number))
		return node;
	return xa_load(&t->all, number);
}

#endif /* _SOFTROCE_TABLE_H */
