// SPDX-License-Identifier: GPL-2.0
/*
 * Between rounds, where nothing is measured: data is made, compared, and
 * registrations are taken back.
 *
 *	write		read back over RDMA, compared here
 *	read		compared here
 *	send		compared by the server as it comes
 *	fastreg+send	the server is sent the tokens once more, reads, compares
 */
#include <linux/delay.h>

#include "client.h"

#define PATIENCE_MS	20000

/* --- prepare --------------------------------------------------------------------- */

static void new_data(struct perf_client *c)
{
	u32 slot;

	for (slot = 0; slot < c->slots; slot++) {
		c->keys[slot] = c->next_key++;
		perf_fill(c->end.data.start + client_offset(c, slot), c->size, c->keys[slot]);
	}
}

/**
 * client_prepare() - make a round possible
 * @c: the client, nothing outstanding, nothing registered
 *
 * Return: 0.
 */
int client_prepare(struct perf_client *c)
{
	if (c->op == NDKPERF_FASTREG_SEND) {
		c->slot = 0;
		c->left = c->slots / (c->chain - 1);
	} else {
		c->left = U64_MAX;
	}
	c->round = c->slot;
	c->round_began = c->posted;
	if (!(c->flags & NDKPERF_VERIFY))
		return 0;
	switch (c->op) {
	case NDKPERF_WRITE:
	case NDKPERF_FASTREG_SEND:
		new_data(c);
		break;
	case NDKPERF_SEND:
		/* the server knows: the same in every round */
		c->next_key = 0;
		new_data(c);
		break;
	case NDKPERF_READ:
		memset(c->end.data.start, 0, client_offset(c, c->slots));
		break;
	}
	return 0;
}

/* --- what the server says ----------------------------------------------------------- */

static int read_back(struct perf_client *c, u64 from, u32 bytes)
{
	struct ndk_sge sge = perf_sge(&c->end.data, c->scratch, bytes);

	return client_wait_control(c, ndk_read(c->end.qp, CLIENT_CONTROL, &sge, 1, from, c->token,
					       0));
}

static int read_report(struct perf_client *c, struct perf_report *r)
{
	int err = read_back(c, c->server, sizeof(*r));

	if (!err)
		memcpy(r, c->end.data.start + c->scratch, sizeof(*r));
	return err;
}

/* Until the server has seen what was sent and compared what it was asked to. */
static int wait_for_server(struct perf_client *c, struct ndkperf_check *result)
{
	struct perf_report r;
	int tries, err;

	for (tries = 0; tries < PATIENCE_MS; tries++) {
		err = read_report(c, &r);
		if (err)
			return err;
		if (le64_to_cpu(r.received) == c->sent && le64_to_cpu(r.checked) == c->expected) {
			result->bad += le64_to_cpu(r.bad) - c->bad;
			c->bad = le64_to_cpu(r.bad);
			return 0;
		}
		if (msleep_interruptible(1))
			return -EINTR;
	}
	return -ETIMEDOUT;
}

/* --- compare ------------------------------------------------------------------------- */

static u32 slots_used(const struct perf_client *c)
{
	u64 requests = (c->posted - c->round_began) *
		       (c->op == NDKPERF_FASTREG_SEND ? c->chain - 1 : c->chain);

	return min_t(u64, requests, c->slots);
}

static int check_slot(struct perf_client *c, u32 slot, struct ndkperf_check *result)
{
	bool differs;
	int err = 0;

	if (c->op == NDKPERF_WRITE) {
		err = read_back(c, client_remote(c, slot), c->size);
		differs = perf_differs(c->end.data.start + c->scratch, c->size, c->keys[slot]);
	} else {
		differs = perf_differs(c->end.data.start + client_offset(c, slot), c->size, slot);
	}
	result->checked++;
	result->bad += !err && differs;
	return err;
}

static int check_slots(struct perf_client *c, struct ndkperf_check *result)
{
	u32 used = slots_used(c), i;
	int err = 0;

	for (i = 0; i < used && !err; i++)
		err = check_slot(c, (c->round + i) % c->slots, result);
	return err;
}

/* one message at a time: the server deals with the last one it got */
static int check_regions(struct perf_client *c, struct ndkperf_check *result)
{
	u32 used = slots_used(c), slot;
	struct ndk_sge sge;
	int err = 0;

	for (slot = 0; slot < used && !err; slot += c->chain - 1) {
		sge = perf_sge(&c->end.data, client_message(c, slot, 0, true),
			       struct_size_t(struct perf_message, region, c->chain - 1));
		c->sent++;
		c->expected += c->chain - 1;
		result->checked += c->chain - 1;
		err = client_wait_control(c, ndk_send(c->end.qp, CLIENT_CONTROL, &sge, 1, 0)) ?:
		      wait_for_server(c, result);
	}
	return err;
}

/* --- take back ------------------------------------------------------------------------ */

/*
 * As many at a time as there is room for, deferred: one doorbell. The last one is
 * not silent; when it is done, so are those before it.
 */
static int invalidate(struct perf_client *c, u32 from, u32 to)
{
	u32 open = NDK_OP_FLAG_DEFER | NDK_OP_FLAG_SILENT_SUCCESS;
	u32 slot;
	int err;

	for (slot = from; slot + 1 < to; slot++) {
		err = ndk_invalidate(c->end.qp, CLIENT_CONTROL, ndk_obj(c->regions[slot]), open);
		if (err)
			return err;
	}
	return client_wait_control(c, ndk_invalidate(c->end.qp, CLIENT_CONTROL,
						     ndk_obj(c->regions[slot]), 0));
}

static int invalidate_all(struct perf_client *c)
{
	u32 used = slots_used(c), from;
	int err = 0;

	for (from = 0; from < used && !err; from += c->depth)
		err = invalidate(c, from, min(from + c->depth, used));
	return err;
}

static int compare(struct perf_client *c, struct ndkperf_check *result)
{
	switch (c->op) {
	case NDKPERF_WRITE:
	case NDKPERF_READ:
		return check_slots(c, result);
	case NDKPERF_SEND:
		/* all of them were, as they came */
		result->checked += (c->posted - c->round_began) * c->chain;
		return wait_for_server(c, result);
	default:
		return check_regions(c, result);
	}
}

/**
 * client_check() - end a round, begin the next
 * @c: the client, nothing outstanding
 * @result: what was compared
 *
 * Return: 0 or a negative errno. Wrong data is no error, see @result.
 */
int client_check(struct perf_client *c, struct ndkperf_check *result)
{
	int err = 0;

	if (c->flags & NDKPERF_VERIFY)
		err = compare(c, result);
	if (!err && c->op == NDKPERF_FASTREG_SEND)
		err = invalidate_all(c);
	return err ?: client_prepare(c);
}
