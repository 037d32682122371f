// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of chained indications: what a client keeps, until it gives it
 * back, from whatever context.
 *
 * A descriptor is the number of a slot and that slot's generation. Slots are
 * never freed while the module is loaded, and a slot's generation moves on each
 * time it is given back; so a descriptor that is stale, made up, or returned
 * twice is recognised without looking at memory that is gone.
 *
 * A slot's state and generation are one word, changed by compare-and-exchange:
 *
 *	FREE --take--> CALLING --PENDING--> LENT --return--> FREE, generation + 1
 *	               CALLING --return, from within the handler--> EARLY
 *	               CALLING, EARLY --handler has answered--> FREE, generation + 1
 *
 * Memory ordering: who moves the word from LENT owns the slot's other fields.
 * They were written before the word became CALLING; that store is a full
 * barrier (xchg), and so is the exchange of the one who returns.
 *
 * Slots belong to an endpoint from when it first needs them until it is freed;
 * they go around in its list of free ones. Giving back is llist_add(), so it
 * takes no lock; taking is under ep->lock, as llist_del_first() requires.
 */
#include <linux/export.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "endpoint.h"

#define SEGMENT		64	/* slots allocated at a time */
#define SEGMENTS	4096	/* 262,144 slots: at 64 KiB each, 16 GiB kept */
#define REFILL		16	/* slots an endpoint takes at a time */

enum {
	LOAN_FREE,
	LOAN_CALLING,
	LOAN_EARLY,
	LOAN_LENT,
};

#define STATE_BITS	2
#define STATE_MASK	(BIT(STATE_BITS) - 1)
#define GENERATIONS	BIT(32 - STATE_BITS)

/**
 * struct toe_loan - a slot
 * @word: generation and state
 * @index: its number
 * @bytes: of the indication
 * @ep: whose it is; RCU, NULL if nobody's. While CALLING or LENT it has a
 *	reference.
 * @rx: the bytes
 * @node: in a list of free ones
 */
struct toe_loan {
	atomic_t word;
	u32 index;
	u32 bytes;
	struct toe_endpoint __rcu *ep;
	struct toe_rx *rx;
	struct llist_node node;
};

static struct toe_loan *segments[SEGMENTS];
static unsigned int nsegments;
static LLIST_HEAD(pool);
static DEFINE_SPINLOCK(pool_lock); /* segments, taking from the pool */

static u32 word(u32 generation, u32 state)
{
	return generation << STATE_BITS | state;
}

void toe_loan_exit(void)
{
	while (nsegments)
		kfree(segments[--nsegments]);
	init_llist_head(&pool);
}

static struct toe_loan *slot(u32 index)
{
	unsigned int s = index / SEGMENT;
	/* pairs with the release in grow() */
	struct toe_loan *segment = s < SEGMENTS ? smp_load_acquire(&segments[s]) : NULL;

	return segment ? &segment[index % SEGMENT] : NULL;
}

static bool grow(void)
{
	struct toe_loan *segment;
	unsigned int i;

	if (nsegments == SEGMENTS)
		return false;
	segment = kcalloc(SEGMENT, sizeof(*segment), GFP_ATOMIC | __GFP_NOWARN);
	if (!segment)
		return false;
	for (i = 0; i < SEGMENT; i++) {
		segment[i].index = nsegments * SEGMENT + i;
		llist_add(&segment[i].node, &pool);
	}
	/* pairs with the acquire in slot() */
	smp_store_release(&segments[nsegments], segment);
	nsegments++;
	return true;
}

/* ep->lock is held. */
static void refill(struct toe_endpoint *ep)
{
	struct llist_node *node;
	struct toe_loan *loan;
	unsigned int i;

	spin_lock(&pool_lock);
	for (i = 0; i < REFILL; i++) {
		node = llist_del_first(&pool);
		if (!node && (i || !grow()))
			break;
		if (!node)
			node = llist_del_first(&pool);
		loan = llist_entry(node, struct toe_loan, node);
		rcu_assign_pointer(loan->ep, ep);
		llist_add(&loan->node, &ep->free_loans);
	}
	spin_unlock(&pool_lock);
}

/* The endpoint is about to be freed; nobody keeps anything of it. */
void toe_loan_release_slots(struct toe_endpoint *ep)
{
	struct llist_node *list = llist_del_all(&ep->free_loans);
	struct toe_loan *loan, *next;

	llist_for_each_entry_safe(loan, next, list, node) {
		RCU_INIT_POINTER(loan->ep, NULL);
		llist_add(&loan->node, &pool);
	}
}

static bool charge(struct toe_endpoint *ep, u32 bytes)
{
	u32 now = atomic_add_return(bytes, &ep->kept_bytes);

	if (now <= ep->budget)
		return true;
	atomic_sub(bytes, &ep->kept_bytes);
	return false;
}

struct toe_loan *toe_loan_take(struct toe_endpoint *ep, struct toe_rx *rx, bool *over_budget)
{
	struct llist_node *node;
	struct toe_loan *loan;

	lockdep_assert_held(&ep->lock);
	*over_budget = !charge(ep, rx->length);
	if (*over_budget)
		return NULL;
	node = llist_del_first(&ep->free_loans);
	if (!node) {
		refill(ep);
		node = llist_del_first(&ep->free_loans);
	}
	if (!node) {
		atomic_sub(rx->length, &ep->kept_bytes);
		return NULL;
	}
	loan = llist_entry(node, struct toe_loan, node);
	kref_get(&ep->ref);
	atomic_inc(&ep->kept);
	loan->rx = rx;
	loan->bytes = rx->length;
	atomic_xchg(&loan->word, atomic_read(&loan->word) | LOAN_CALLING);
	return loan;
}

u64 toe_loan_tsdu(const struct toe_loan *loan)
{
	u32 generation = (u32)atomic_read(&loan->word) >> STATE_BITS;

	return (u64)generation << 32 | (loan->index + 1);
}

/* The slot is the caller's; its endpoint gets it back and may be gone then. */
static void free_slot(struct toe_loan *loan, u32 generation)
{
	struct toe_endpoint *ep = rcu_dereference_protected(loan->ep, true);

	atomic_sub(loan->bytes, &ep->kept_bytes);
	atomic_dec(&ep->kept);
	loan->rx = NULL;
	atomic_set_release(&loan->word, word((generation + 1) % GENERATIONS, LOAN_FREE));
	llist_add(&loan->node, &ep->free_loans);
	/* pairs with the barrier in starve() of client.c */
	smp_mb();
	if (test_bit(TOE_EP_STARVED, &ep->flags) &&
	    test_and_clear_bit(TOE_EP_STARVED, &ep->flags))
		toe_ep_kick(ep);
	toe_ep_put(ep);
}

bool toe_loan_settle(struct toe_loan *loan, bool keep)
{
	struct toe_endpoint *ep = rcu_dereference_protected(loan->ep, true);
	u32 old = atomic_read(&loan->word);
	u32 generation = old >> STATE_BITS;

	if (keep) {
		old = word(generation, LOAN_CALLING);
		if (atomic_cmpxchg(&loan->word, old, word(generation, LOAN_LENT)) == old)
			return true;
	} else if ((old & STATE_MASK) == LOAN_EARLY &&
		   toe_ep_nonsense(ep, TOE_EP_WARNED_RETURN)) {
		pr_warn("toe: receive client %s returned a descriptor it did not keep\n",
			ep->name);
	}
	free_slot(loan, generation);
	return false;
}

/* The client's endpoint may be gone; then nobody knows whose fault it was. */
static void complain(struct toe_loan *loan, u64 tsdu)
{
	struct toe_endpoint *ep;

	rcu_read_lock();
	ep = loan ? rcu_dereference(loan->ep) : NULL;
	if (!ep)
		pr_warn_ratelimited("toe: returned descriptor %#llx is no client's\n", tsdu);
	else if (toe_ep_nonsense(ep, TOE_EP_WARNED_RETURN))
		pr_warn("toe: receive client %s returned descriptor %#llx, which it does not have\n",
			ep->name, tsdu);
	rcu_read_unlock();
}

/* The unit, if it is to go back now. */
static struct toe_rx *return_one(u64 tsdu)
{
	u32 generation = tsdu >> 32, old, new;
	struct toe_loan *loan = slot((u32)tsdu - 1);
	struct toe_rx *rx;

	if (!loan) {
		complain(NULL, tsdu);
		return NULL;
	}
	do {
		old = atomic_read(&loan->word);
		if (old == word(generation, LOAN_LENT)) {
			new = word(generation, LOAN_FREE);
		} else if (old == word(generation, LOAN_CALLING)) {
			new = word(generation, LOAN_EARLY);
		} else {
			complain(loan, tsdu);
			return NULL;
		}
	} while (atomic_cmpxchg(&loan->word, old, new) != old);
	if ((old & STATE_MASK) == LOAN_CALLING)
		return NULL;
	rx = loan->rx;
	free_slot(loan, generation);
	return rx;
}

void toe_return_chained_receives(const u64 *tsdu, unsigned int n)
{
	struct toe_rx *rx;
	LIST_HEAD(units);
	unsigned int i;

	for (i = 0; i < n; i++) {
		rx = return_one(tsdu[i]);
		if (rx)
			list_add_tail(&rx->link, &units);
	}
	if (!list_empty(&units))
		toe_rx_return(&units);
}
EXPORT_SYMBOL_GPL(toe_return_chained_receives);
