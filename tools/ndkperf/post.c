// SPDX-License-Identifier: GPL-2.0
/*
 * Chains of requests, and their completions.
 *
 * Every request of a chain but the last is posted with SILENT_SUCCESS and, if that
 * is what is measured, with DEFER: the layer accepts it and shows it to the NIC
 * with the rest of the chain. The last one has neither: it rings the doorbell for
 * all, and its completion says that all before it succeeded.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/log2.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>

#include "client.h"

#define BATCH		16

/* An arm was satisfied. Results are got by who waits. */
void client_notify(void *context, int status)
{
	struct perf_client *c = context;

	if (status)
		WRITE_ONCE(c->error, status);
	atomic_set(&c->woken, 1);
	wake_up(&c->wait);
}

/* --- posting -------------------------------------------------------------------- */

static u32 next_slot(struct perf_client *c)
{
	u32 slot = c->slot;

	c->slot = slot + 1 < c->slots ? slot + 1 : 0;
	return slot;
}

/* Regions are not read or written by messages that pass by: no rights but those. */
static int post_register(struct perf_client *c, u32 slot, u32 flags)
{
	u32 pages = DIV_ROUND_UP(c->size, PAGE_SIZE);
	size_t offset = client_offset(c, slot);
	struct ndk_lam *lam = c->end.data.lam;

	return ndk_fast_register(c->end.qp, CLIENT_CONTROL, c->regions[slot], pages,
				 lam->adapter_page_array + offset / PAGE_SIZE, 0, c->size,
				 (uintptr_t)c->end.data.start + offset,
				 flags | NDK_OP_FLAG_ALLOW_REMOTE_READ);
}

/**
 * client_message() - tell the server which regions there are
 * @c: the client
 * @slot: of the first region; tokens can be read as soon as they are posted
 * @index: which message buffer
 * @check: the server is to compare their data
 *
 * Return: offset of the message in the client's memory.
 */
u32 client_message(struct perf_client *c, u32 slot, u32 index, bool check)
{
	u32 offset = c->messages + index * PERF_MESSAGE_MAX, i;
	struct perf_message *m = c->end.data.start + offset;

	m->key = cpu_to_le64(c->keys[slot]);
	m->count = cpu_to_le32(c->chain - 1);
	m->check = cpu_to_le32(check);
	for (i = 0; i < c->chain - 1; i++, slot++) {
		m->region[i].address = cpu_to_le64((uintptr_t)c->end.data.start +
						   client_offset(c, slot));
		m->region[i].token = cpu_to_le32(ndk_get_remote_token_from_mr(c->regions[slot]));
		m->region[i].length = cpu_to_le32(c->size);
	}
	return offset;
}

static int post_message(struct perf_client *c, void *context, u32 first, u32 flags)
{
	u32 index = c->posted % c->window;
	struct ndk_sge sge;

	sge = perf_sge(&c->end.data, client_message(c, first, index, false),
		       struct_size_t(struct perf_message, region, c->chain - 1));
	c->sent++;
	return ndk_send(c->end.qp, context, &sge, 1, flags);
}

static int post_data(struct perf_client *c, void *context, u32 flags)
{
	u32 slot = next_slot(c);
	struct ndk_sge sge = perf_sge(&c->end.data, client_offset(c, slot), c->size);

	switch (c->op) {
	case NDKPERF_WRITE:
		return ndk_write(c->end.qp, context, &sge, 1, client_remote(c, slot), c->token,
				 flags);
	case NDKPERF_READ:
		return ndk_read(c->end.qp, context, &sge, 1, client_remote(c, slot), c->token,
				flags);
	default:
		c->sent++;
		return ndk_send(c->end.qp, context, &sge, 1, flags);
	}
}

/*
 * A refused request ends the chain: the layer has shown the NIC what it accepted
 * before, so there is nothing to take back and nothing to post behind it.
 */
static int post_chain(struct perf_client *c)
{
	u32 open = NDK_OP_FLAG_SILENT_SUCCESS | (c->flags & NDKPERF_DEFER ? NDK_OP_FLAG_DEFER : 0);
	u64 *started = &c->started[c->posted % c->window];
	u32 first = c->slot, i;
	int err;

	*started = ktime_get_ns();
	for (i = 0; i + 1 < c->chain; i++) {
		if (c->op == NDKPERF_FASTREG_SEND)
			err = post_register(c, next_slot(c), open);
		else
			err = post_data(c, CLIENT_CONTROL, open);
		if (err)
			return err;
	}
	if (c->op == NDKPERF_FASTREG_SEND)
		err = post_message(c, started, first, 0);
	else
		err = post_data(c, started, 0);
	if (!err)
		c->posted++;
	return err;
}

/* --- completions ------------------------------------------------------------------ */

static u32 bucket_of(u64 ns)
{
	u32 shift;

	if (ns < 1 << NDKPERF_BUCKET_BITS)
		return ns;
	shift = ilog2(ns) - NDKPERF_BUCKET_BITS;
	return (shift << NDKPERF_BUCKET_BITS) + (u32)(ns >> shift);
}

static void record(struct ndkperf_latency *l, u64 ns)
{
	l->min = l->count ? min(l->min, ns) : ns;
	l->max = max(l->max, ns);
	l->count++;
	l->bucket[bucket_of(ns)]++;
}

static void take(struct perf_client *c, const struct ndk_result *r, u64 now)
{
	if (r->status) {
		/* the first one says why, the others are cancelled */
		if (!c->error)
			pr_warn("a request failed: error %d\n", r->status);
		c->error = c->error ?: r->status;
		return;
	}
	if (r->request_context == CLIENT_CONTROL)
		return;
	record(&c->latency, now - *(u64 *)r->request_context);
	c->completed++;
}

/* One clock reading per batch: results that are got together came together. */
static u32 poll(struct perf_client *c, u32 *control)
{
	struct ndk_result results[BATCH];
	u32 n, i;
	u64 now;

	n = ndk_get_cq_results(c->end.cq, results, BATCH);
	if (!n)
		return 0;
	now = ktime_get_ns();
	for (i = 0; i < n; i++) {
		take(c, &results[i], now);
		if (control && results[i].request_context == CLIENT_CONTROL)
			(*control)++;
	}
	return n;
}

/*
 * Arm, then look again: what came between the last look and the arm satisfies it,
 * so nothing is slept over.
 */
static int wait_for_results(struct perf_client *c)
{
	if (READ_ONCE(c->gone))
		return -ECONNRESET;
	atomic_set(&c->woken, 0);
	ndk_arm_cq(c->end.cq, NDK_CQ_NOTIFY_ANY);
	return wait_event_interruptible(c->wait, atomic_read(&c->woken)) ? -EINTR : 0;
}

/* --- rounds ------------------------------------------------------------------------ */

static u32 outstanding(const struct perf_client *c)
{
	return c->posted - c->completed;
}

static int fill_window(struct perf_client *c, u64 goal)
{
	int err = 0;

	while (!err && c->posted < goal && c->left && outstanding(c) < c->window) {
		err = post_chain(c);
		c->left--;
	}
	return err;
}

/**
 * client_run() - post chains until enough are done
 * @c: the client
 * @chains: how many, at most @perf_client.left
 * @msecs: post no more after this time; 0: no limit
 * @done: chains that completed
 *
 * Return: 0; -EINTR: a signal; or why a request failed.
 */
int client_run(struct perf_client *c, u64 chains, u32 msecs, u64 *done)
{
	u64 until = msecs ? ktime_get_ns() + msecs * (u64)NSEC_PER_MSEC : U64_MAX;
	u64 first = c->completed, goal = c->posted + chains;
	int err = 0;

	do {
		if (ktime_get_ns() >= until)
			goal = c->posted;
		err = fill_window(c, goal);
		if (!err && !poll(c, NULL))
			err = wait_for_results(c);
		err = c->error ?: err;
		cond_resched();
	} while (!err && (outstanding(c) || c->posted < goal));
	*done = c->completed - first;
	return err;
}

/**
 * client_wait_control() - wait for a request that belongs to no chain
 * @c: the client, nothing else outstanding
 * @posted: what the post returned; context %CLIENT_CONTROL, not silent
 *
 * Return: 0 or a negative errno.
 */
int client_wait_control(struct perf_client *c, int posted)
{
	u32 control = 0;
	int err = posted;

	while (!err && !control) {
		if (!poll(c, &control))
			err = wait_for_results(c);
		err = c->error ?: err;
	}
	return err;
}
