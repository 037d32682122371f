// SPDX-License-Identifier: GPL-2.0
/*
 * The client: connects, and runs what it is told to.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "client.h"

/* Regions a client has for fast registration; then it takes them back. */
#define REGIONS		512
#define DISCONNECT_MS	5000

/* --- arguments --------------------------------------------------------------------- */

static int check_arg(const struct ndkperf_connect *a)
{
	if (a->op >= NDKPERF_OPS || a->zero)
		return -EINVAL;
	if (a->flags & ~(NDKPERF_DEFER | NDKPERF_VERIFY))
		return -EINVAL;
	if (!a->size || a->size > NDKPERF_MAX_SIZE)
		return -EINVAL;
	if (a->chain < (a->op == NDKPERF_FASTREG_SEND ? 2 : 1) || a->chain > NDKPERF_MAX_CHAIN)
		return -EINVAL;
	if (a->depth < a->chain || a->depth > NDKPERF_MAX_DEPTH)
		return -EINVAL;
	return 0;
}

/* room for data in one registration, with messages, scratch and rounding */
static size_t data_room(struct perf_client *c)
{
	size_t limit = perf_limit(c->end.adapter);
	size_t other = c->window * PERF_MESSAGE_MAX + 2 * PAGE_SIZE +
		       max_t(size_t, c->size, sizeof(struct perf_report));

	return limit > other ? limit - other : 0;
}

/*
 * A slot per request that can be outstanding; if there is not room for that many,
 * some share one. With fast registration a slot per region, and a round ends when
 * all have been registered.
 */
static int lay_out(struct perf_client *c)
{
	u32 per_chain = c->chain - 1, fit;

	c->window = c->depth / c->chain;
	c->stride = c->op == NDKPERF_FASTREG_SEND ? PAGE_ALIGN(c->size) : ALIGN(c->size, 8);
	fit = min_t(size_t, data_room(c) / c->stride, REGIONS);
	if (c->op == NDKPERF_FASTREG_SEND) {
		c->slots = fit / per_chain * per_chain;
		c->window = min(c->window, c->slots / per_chain);
	} else {
		c->slots = min(c->depth, fit);
	}
	if (!c->slots)
		return -EMSGSIZE;
	c->messages = PAGE_ALIGN(c->slots * c->stride);
	c->scratch = c->messages + c->window * PERF_MESSAGE_MAX;
	return 0;
}

/* --- objects ------------------------------------------------------------------------ */

static int make_region(struct perf_client *c, u32 slot)
{
	struct ndk_waiter w;
	int err;

	ndk_waiter_init(&w);
	err = ndk_wait(&w, ndk_create_mr(c->end.pd, true, ndk_waiter_created, &w,
					 &c->regions[slot]));
	if (err) {
		c->regions[slot] = NULL;
		return err;
	}
	if (w.object)
		c->regions[slot] = (struct ndk_kmr *)w.object;
	ndk_waiter_init(&w);
	return ndk_wait(&w, ndk_initialize_fast_register_mr(c->regions[slot],
							    c->stride / PAGE_SIZE, true,
							    ndk_waiter_done, &w));
}

static int make_regions(struct perf_client *c)
{
	u32 slot;
	int err;

	if (c->op != NDKPERF_FASTREG_SEND)
		return 0;
	err = perf_memory_map(&c->end, &c->end.data);
	for (slot = 0; slot < c->slots && !err; slot++)
		err = make_region(c, slot);
	return err;
}

/* All closes at once, then one wait: the PD's close waits for them (perf_end_close). */
static void close_regions(struct perf_client *c)
{
	u32 slot;

	for (slot = 0; c->regions && slot < c->slots; slot++)
		if (c->regions[slot])
			ndk_close_mr(c->regions[slot], NULL, NULL);
}

static int make_objects(struct perf_client *c)
{
	struct perf_depths d = { .initiator = c->depth, .receive = 1 };
	size_t bytes = c->scratch + max_t(size_t, c->size, sizeof(struct perf_report));

	c->keys = kvcalloc(c->slots, sizeof(*c->keys), GFP_KERNEL);
	c->regions = kvcalloc(c->slots, sizeof(struct ndk_kmr *), GFP_KERNEL);
	c->started = kvcalloc(c->window, sizeof(*c->started), GFP_KERNEL);
	if (!c->keys || !c->regions || !c->started)
		return -ENOMEM;
	return perf_end_make(&c->end, &d, client_notify, c) ?:
	       perf_memory_make(&c->end, &c->end.data, bytes, NDK_MR_FLAG_ALLOW_LOCAL_WRITE |
				NDK_MR_FLAG_RDMA_READ_SINK) ?:
	       make_regions(c);
}

/* --- connect ------------------------------------------------------------------------- */

/* What is outstanding is not cancelled by it, so whoever waits has to be told. */
static void connection_gone(struct perf_client *c)
{
	WRITE_ONCE(c->gone, true);
	atomic_set(&c->woken, 1);
	wake_up(&c->wait);
}

/* The peer left, or the connection broke. */
static void on_disconnect(void *context, u32 reason)
{
	connection_gone(context);
}

/* The adapter goes: what runs ends, and the program closes us. */
static void on_removal(void *context)
{
	connection_gone(context);
}

static u32 sockaddr_len(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
					     sizeof(struct sockaddr_in);
}

static int start_connect(struct perf_client *c, const struct sockaddr_storage *local,
			 const struct sockaddr_storage *remote)
{
	struct perf_hello hello = {
		.magic = cpu_to_le32(PERF_MAGIC),
		.version = cpu_to_le32(PERF_VERSION),
		.op = cpu_to_le32(c->op),
		.size = cpu_to_le32(c->size),
		.depth = cpu_to_le32(c->depth),
		.chain = cpu_to_le32(c->chain),
		.flags = cpu_to_le32(c->flags & NDKPERF_VERIFY),
		.slots = cpu_to_le32(c->slots),
	};
	struct ndk_waiter w;
	int err;

	ndk_waiter_init(&w);
	err = ndk_wait(&w, ndk_create_connector(c->end.adapter, ndk_waiter_created, &w,
						&c->end.connector));
	if (err) {
		c->end.connector = NULL;
		return err;
	}
	if (w.object)
		c->end.connector = (struct ndk_connector *)w.object;

	/* as many reads as adapter and peer let us: asking for too many is no error */
	ndk_waiter_init(&w);
	err = perf_wait(&w, ndk_connect(c->end.connector, c->end.qp,
					(const struct sockaddr *)local, sockaddr_len(local),
					(const struct sockaddr *)remote, sockaddr_len(remote),
					U32_MAX, U32_MAX, &hello, sizeof(hello), ndk_waiter_done,
					&w));
	/* the waiter is on our stack: the connect must not outlive us */
	if (err == -EINTR)
		perf_close_connector(&c->end);
	return err;
}

/* A message must find a receive: no more under way than the server has. */
static void limit_window(struct perf_client *c, u32 receives)
{
	if (c->op == NDKPERF_SEND)
		c->window = clamp(receives / c->chain, 1U, c->window);
	if (c->op == NDKPERF_FASTREG_SEND)
		c->window = clamp(receives, 1U, c->window);
}

/* The server accepted. See what it says; then the connection is made. */
static int finish_connect(struct perf_client *c)
{
	struct perf_welcome welcome;
	u32 len = sizeof(welcome);
	struct ndk_waiter w;
	int err;

	/* the data is padded to what its message can hold: ours is at the beginning */
	err = ndk_get_connection_data(c->end.connector, NULL, NULL, &welcome, &len);
	if (err && err != -ENOBUFS)
		return err;
	if (len < sizeof(welcome) || welcome.magic != cpu_to_le32(PERF_MAGIC)) {
		ndk_reject(c->end.connector, NULL, 0);
		return -EPROTO;
	}
	c->server = le64_to_cpu(welcome.address);
	c->token = le32_to_cpu(welcome.token);
	limit_window(c, le32_to_cpu(welcome.receives));
	ndk_waiter_init(&w);
	return ndk_wait(&w, ndk_complete_connect_ex(c->end.connector, on_disconnect, c,
						    ndk_waiter_done, &w));
}

/* Tell the server; but not wait for ever for one that does not answer. */
static void disconnect(struct perf_client *c)
{
	struct ndk_waiter w;

	if (!c->end.connector)
		return;
	ndk_waiter_init(&w);
	if (ndk_disconnect(c->end.connector, ndk_waiter_done, &w) == -EINPROGRESS)
		wait_for_completion_timeout(&w.done, msecs_to_jiffies(DISCONNECT_MS));
	/* cancels it if it still pends, so the waiter may go */
	perf_close_connector(&c->end);
}

/* --- life ------------------------------------------------------------------------------ */

static int setup(struct perf_client *c, const struct ndkperf_connect *arg)
{
	struct sockaddr_storage local, remote;
	int err;

	err = perf_address(&arg->local, &local) ?: perf_address(&arg->remote, &remote) ?:
	      perf_open(&local, on_removal, c, &c->end.adapter);
	if (err)
		return err;
	return lay_out(c) ?: make_objects(c) ?: start_connect(c, &local, &remote) ?: finish_connect(c) ?:
	       client_prepare(c);
}

/**
 * perf_client_new() - connect
 * @arg: how; what is returned in it is filled
 *
 * Return: the client, or an errno as pointer.
 */
struct perf_client *perf_client_new(struct ndkperf_connect *arg)
{
	struct perf_client *c;
	int err;

	err = check_arg(arg);
	if (err)
		return ERR_PTR(err);
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return ERR_PTR(-ENOMEM);
	c->op = arg->op;
	c->size = arg->size;
	c->depth = arg->depth;
	c->chain = arg->chain;
	c->flags = arg->flags;
	mutex_init(&c->mutex);
	init_waitqueue_head(&c->wait);
	err = setup(c, arg);
	if (err) {
		perf_client_free(c);
		return ERR_PTR(err);
	}
	arg->round = c->left;
	strscpy(arg->device, ndk_adapter_name(c->end.adapter), sizeof(arg->device));
	return c;
}

int perf_client_run(struct perf_client *c, struct ndkperf_run *arg)
{
	struct ndk_adapter *adapter = c->end.adapter;
	u64 began, done;
	int err;

	if (arg->zero || !arg->chains)
		return -EINVAL;
	guard(mutex)(&c->mutex);
	if (c->error)
		return c->error;
	arg->doorbells = ndk_adapter_counter(adapter, NDK_STAT_DOORBELLS);
	arg->deferred = ndk_adapter_counter(adapter, NDK_STAT_DEFERRED_REQUESTS);
	began = ktime_get_ns();
	err = client_run(c, min(arg->chains, c->left), arg->msecs, &done);
	arg->nsecs = ktime_get_ns() - began;
	arg->doorbells = ndk_adapter_counter(adapter, NDK_STAT_DOORBELLS) - arg->doorbells;
	arg->deferred = ndk_adapter_counter(adapter, NDK_STAT_DEFERRED_REQUESTS) - arg->deferred;
	arg->chains = done;
	arg->requests = done * c->chain;
	return err;
}

int perf_client_check(struct perf_client *c, struct ndkperf_check *arg)
{
	guard(mutex)(&c->mutex);
	memset(arg, 0, sizeof(*arg));
	return c->error ?: client_check(c, arg);
}

const struct ndkperf_latency *perf_client_latency(const struct perf_client *c)
{
	return &c->latency;
}

void perf_client_free(struct perf_client *c)
{
	disconnect(c);
	close_regions(c);
	perf_end_close(&c->end);
	if (c->end.adapter)
		ndk_close_adapter(c->end.adapter);
	kvfree(c->started);
	kvfree(c->regions);
	kvfree(c->keys);
	mutex_destroy(&c->mutex);
	kfree(c);
}
