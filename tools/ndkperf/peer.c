// SPDX-License-Identifier: GPL-2.0
/*
 * A connection of the server. One work item is its whole life:
 *
 *	make objects -> accept -> [compare what the client asks for] -> disconnect
 *
 * Receives are dealt with where they are reported, in the CQ's callback: there is
 * nothing to wait for, and a client must find a receive when it sends.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>

#include "server.h"

#define BATCH		16
#define NOTIFY_USECS	500
/* receives a server has if they are small, however few the client asks for */
#define RECEIVES	1024
#define RECEIVE_BYTES	SZ_1M

/* context of the one request that is not a receive */
#define READING	((void *)1UL)

static bool is_over(struct perf_peer *p)
{
	return READ_ONCE(p->gone) || READ_ONCE(p->error) || READ_ONCE(p->server->stopping);
}

/* --- receives -------------------------------------------------------------------- */

static u32 index_of(const struct perf_peer *p, const void *buffer)
{
	return (buffer - p->end.receives.start) / p->room;
}

/* Posted here in the CQ's callback and in our work: not both at a time. */
static int post_receive(struct perf_peer *p, u32 index)
{
	struct ndk_sge sge = perf_sge(&p->end.receives, (size_t)index * p->room, p->room);

	guard(spinlock_bh)(&p->rq_lock);
	return ndk_receive(p->end.qp, p->end.receives.start + (size_t)index * p->room, &sge, 1);
}

static struct perf_report *report(struct perf_peer *p)
{
	return p->end.data.start;
}

/* Messages come in order: which slot's data this is, needs not be said. */
static void look_at(struct perf_peer *p, void *buffer, u32 bytes)
{
	u64 number = p->received++;

	if (p->op == NDKPERF_SEND && (p->flags & NDKPERF_VERIFY))
		p->bad += bytes != p->size ||
			  perf_differs(buffer, bytes, number % p->slots);
	report(p)->bad = cpu_to_le64(p->bad + p->check_bad);
	report(p)->received = cpu_to_le64(p->received);
}

static bool wants_check(const struct perf_peer *p, const struct perf_message *m, u32 bytes)
{
	if (p->op != NDKPERF_FASTREG_SEND || bytes < sizeof(*m) || !m->check)
		return false;
	return bytes >= struct_size(m, region, le32_to_cpu(m->count));
}

static int received(struct perf_peer *p, void *buffer, u32 bytes)
{
	look_at(p, buffer, bytes);
	if (wants_check(p, buffer, bytes)) {
		/* the receive is posted again when that is done */
		WRITE_ONCE(p->check, buffer);
		wake_up(&p->wait);
		return 0;
	}
	return post_receive(p, index_of(p, buffer));
}

static int completed(struct perf_peer *p, const struct ndk_result *r)
{
	if (r->request_context == READING) {
		p->read_status = r->status;
		/* the status before it, for read_region() */
		smp_store_release(&p->read_done, true);
		wake_up(&p->wait);
		return r->status;
	}
	return r->status ?: received(p, r->request_context, r->bytes_transferred);
}

/*
 * The usual pattern: get results until there are none, arm, return. What came in
 * between satisfies the arm, and this is called again.
 */
static void on_notify(void *context, int status)
{
	struct ndk_result results[BATCH];
	struct perf_peer *p = context;
	int err = status;
	u32 n, i;

	do {
		n = ndk_get_cq_results(p->end.cq, results, BATCH);
		for (i = 0; i < n; i++)
			err = err ?: completed(p, &results[i]);
	} while (n == BATCH);
	if (err && !p->error) {
		/* what is cancelled because the client left is no failure */
		WRITE_ONCE(p->error, READ_ONCE(p->gone) ? -ECANCELED : err);
		wake_up(&p->wait);
	}
	if (!status)
		ndk_arm_cq(p->end.cq, NDK_CQ_NOTIFY_ANY);
}

/* --- comparing --------------------------------------------------------------------- */

static int read_region(struct perf_peer *p, const struct perf_region *r)
{
	struct ndk_sge sge = perf_sge(&p->end.data, PERF_DATA, p->size);
	int err;

	p->read_done = false;
	err = ndk_read(p->end.qp, READING, &sge, 1, le64_to_cpu(r->address), le32_to_cpu(r->token),
		       0);
	if (err)
		return err;
	/* pairs with completed() */
	wait_event_idle(p->wait, smp_load_acquire(&p->read_done) || is_over(p));
	return p->read_done ? p->read_status : -ECANCELED;
}

static void compare(struct perf_peer *p, const struct perf_message *m)
{
	u32 count = le32_to_cpu(m->count), i;

	for (i = 0; i < count; i++) {
		bool bad = le32_to_cpu(m->region[i].length) != p->size ||
			   read_region(p, &m->region[i]) ||
			   perf_differs(p->end.data.start + PERF_DATA, p->size,
					le64_to_cpu(m->key) + i);

		p->check_bad += bad;
		p->checked++;
	}
	report(p)->bad = cpu_to_le64(p->bad + p->check_bad);
	report(p)->checked = cpu_to_le64(p->checked);
}

static void serve(struct perf_peer *p)
{
	const struct perf_message *m;

	while (1) {
		wait_event_idle(p->wait, is_over(p) || READ_ONCE(p->check));
		m = p->check;
		if (is_over(p) || !m)
			return;
		p->check = NULL;
		compare(p, m);
		if (post_receive(p, index_of(p, m)))
			return;
	}
}

/* --- accepting ---------------------------------------------------------------------- */

static int take_hello(struct perf_peer *p, const struct perf_hello *h)
{
	u32 chain = le32_to_cpu(h->chain);

	if (h->magic != cpu_to_le32(PERF_MAGIC) || h->version != cpu_to_le32(PERF_VERSION))
		return -EPROTO;
	p->op = le32_to_cpu(h->op);
	p->size = le32_to_cpu(h->size);
	p->depth = le32_to_cpu(h->depth);
	p->flags = le32_to_cpu(h->flags);
	p->slots = le32_to_cpu(h->slots);
	if (p->op >= NDKPERF_OPS || !p->size || p->size > NDKPERF_MAX_SIZE)
		return -EINVAL;
	if (!p->depth || p->depth > NDKPERF_MAX_DEPTH || !chain || chain > NDKPERF_MAX_CHAIN)
		return -EINVAL;
	if (!p->slots || (u64)p->slots * p->size > NDKPERF_MAX_MEMORY)
		return -EINVAL;
	p->stride = ALIGN(p->size, 8);
	p->room = p->op == NDKPERF_SEND ? p->size :
		  ALIGN(struct_size_t(struct perf_message, region, chain - 1), SMP_CACHE_BYTES);
	return 0;
}

/* what of the server's memory a client may touch, and how */
static u32 rights_of(const struct perf_peer *p)
{
	u32 rights = NDK_MR_FLAG_ALLOW_LOCAL_WRITE | NDK_MR_FLAG_ALLOW_REMOTE_READ |
		     NDK_MR_FLAG_RDMA_READ_SINK;

	return p->op == NDKPERF_WRITE ? rights | NDK_MR_FLAG_ALLOW_REMOTE_WRITE : rights;
}

static size_t data_bytes(const struct perf_peer *p)
{
	if (p->op == NDKPERF_WRITE || p->op == NDKPERF_READ)
		return PERF_DATA + (size_t)p->slots * p->stride;
	return PERF_DATA + p->size;
}

static void fill_data(struct perf_peer *p)
{
	u32 slot;

	for (slot = 0; p->op == NDKPERF_READ && slot < p->slots; slot++)
		perf_fill(p->end.data.start + PERF_DATA + (size_t)slot * p->stride, p->size, slot);
}

/*
 * Twice as many as the client may have requests outstanding: it may send the next as
 * soon as one has arrived, before that is posted again. Where they are small, many
 * more: on the same device a request is done when the data has been placed, and a
 * processor that is busy elsewhere for a millisecond falls behind by hundreds.
 */
static u32 receives_wanted(const struct perf_peer *p)
{
	return max(2 * p->depth, min_t(u32, RECEIVES, RECEIVE_BYTES / p->room));
}

/* The client is told how many there are. */
static int make_receives(struct perf_peer *p)
{
	u32 i;
	int err;

	err = perf_memory_make(&p->end, &p->end.receives, (size_t)p->receives * p->room,
			       NDK_MR_FLAG_ALLOW_LOCAL_WRITE);
	for (i = 0; i < p->receives && !err; i++)
		err = post_receive(p, i);
	return err;
}

/*
 * A callback for many messages, not for each: there are receives enough to post
 * them again a little later. Where the adapter cannot do that, it is done without.
 */
static void notify_less(struct perf_peer *p)
{
	ndk_control_cq_interrupt_moderation(p->end.cq, NOTIFY_USECS, max(p->receives / 4, 1U));
}

static int make_objects(struct perf_peer *p)
{
	bool sends = p->op == NDKPERF_SEND || p->op == NDKPERF_FASTREG_SEND;
	size_t limit = perf_limit(p->end.adapter);
	struct perf_depths d = { .initiator = 1 };
	int err;

	if (sends)
		p->receives = min_t(size_t, receives_wanted(p), limit / p->room);
	if ((sends && !p->receives) || data_bytes(p) > limit)
		return -EMSGSIZE;
	d.receive = max(p->receives, 1U);
	err = perf_end_make(&p->end, &d, on_notify, p) ?:
	      perf_memory_make(&p->end, &p->end.data, data_bytes(p), rights_of(p));
	if (err)
		return err;
	fill_data(p);
	notify_less(p);
	return sends ? make_receives(p) : 0;
}

static void on_accepted(void *context, int status)
{
	struct perf_peer *p = context;

	p->status = status;
	/* the status before it, for accept_client() */
	smp_store_release(&p->accepted, true);
	wake_up(&p->wait);
}

static void on_disconnect(void *context)
{
	struct perf_peer *p = context;

	WRITE_ONCE(p->gone, true);
	wake_up(&p->wait);
}

static bool has_answer(struct perf_peer *p)
{
	/* pairs with on_accepted() */
	return smp_load_acquire(&p->accepted);
}

/*
 * Done when the client has completed its side, which may take as long as it likes.
 * If the server stops meanwhile, closing the connector ends it.
 */
static int accept_client(struct perf_peer *p)
{
	struct perf_welcome welcome = {
		.magic = cpu_to_le32(PERF_MAGIC),
		.token = cpu_to_le32(ndk_get_remote_token_from_mr(p->end.data.mr)),
		.receives = cpu_to_le32(p->receives),
		.address = cpu_to_le64((uintptr_t)p->end.data.start),
	};
	int err;

	ndk_arm_cq(p->end.cq, NDK_CQ_NOTIFY_ANY);
	err = ndk_accept(p->end.connector, p->end.qp, U32_MAX, U32_MAX, &welcome, sizeof(welcome),
			 on_disconnect, p, on_accepted, p);
	if (err != -EINPROGRESS)
		return err;
	wait_event_idle(p->wait, has_answer(p) || READ_ONCE(p->server->stopping));
	return p->accepted ? p->status : -ECANCELED;
}

static int setup(struct perf_peer *p)
{
	struct perf_hello hello;
	u32 len = sizeof(hello);
	int err;

	err = ndk_get_connection_data(p->end.connector, NULL, NULL, &hello, &len);
	if (err && err != -ENOBUFS)
		return err;
	err = len < sizeof(hello) ? -EPROTO : take_hello(p, &hello) ?: make_objects(p);
	if (err)
		ndk_reject(p->end.connector, NULL, 0);
	return err ?: accept_client(p);
}

/* --- life ----------------------------------------------------------------------------- */

/* Answers the client's disconnect: until then, its own is not done. */
static void disconnect(struct perf_peer *p)
{
	struct ndk_waiter w;

	ndk_waiter_init(&w);
	if (p->gone)
		ndk_wait(&w, ndk_disconnect(p->end.connector, ndk_waiter_done, &w));
	perf_end_close(&p->end);
}

static void peer_work(struct work_struct *work)
{
	struct perf_peer *p = container_of(work, struct perf_peer, work);
	int err;

	err = READ_ONCE(p->server->stopping) ? -ECANCELED : setup(p);
	if (!err)
		serve(p);
	else if (err != -ECANCELED)
		pr_warn("a client could not be served: error %d\n", err);
	disconnect(p);
	if (p->error == -ECANCELED)
		p->error = 0;
	p->error = p->error ?: err;
	server_forget(p);
	kfree(p);
}

/**
 * peer_new() - a client connects
 * @s: the server
 * @connector: what the listener brought
 *
 * Context: any.
 * Return: the peer, its work not queued; or NULL.
 */
struct perf_peer *peer_new(struct perf_server *s, struct ndk_connector *connector)
{
	struct perf_peer *p = kzalloc(sizeof(*p), GFP_ATOMIC);

	if (!p)
		return NULL;
	p->server = s;
	p->end.adapter = s->adapter;
	p->end.connector = connector;
	INIT_WORK(&p->work, peer_work);
	init_waitqueue_head(&p->wait);
	spin_lock_init(&p->rq_lock);
	return p;
}
