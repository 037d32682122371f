// SPDX-License-Identifier: GPL-2.0
/*
 * Making and closing objects, in process context.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/nsproxy.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "perf.h"

/**
 * perf_wait() - wait for a call, not for ever
 * @w: given to the call
 * @ret: what the call returned
 *
 * Return: outcome of the call, or -EINTR: a signal came and the call still pends.
 * Then close the object, which cancels the call, and wait again.
 */
int perf_wait(struct ndk_waiter *w, int ret)
{
	if (ret != -EINPROGRESS)
		return ret;
	return wait_for_completion_interruptible(&w->done) ? -EINTR : w->status;
}

/**
 * perf_open() - the adapter that has an address of ours
 * @local: the address, in the caller's network namespace
 * @removal: called when the adapter goes; whoever removes it waits until it is closed
 * @context: for @removal
 * @adapter: the adapter
 *
 * Return: 0 or a negative errno.
 */
int perf_open(const struct sockaddr_storage *local, ndk_removal_fn *removal, void *context,
	      struct ndk_adapter **adapter)
{
	struct ndk_open_params params = {
		.major = NDK_VERSION_MAJOR,
		.minor = 0,	/* deferral came with 1.2: all of major 2 has it */
		.consumer = KBUILD_MODNAME,
		.removal = removal,
		.removal_context = context,
	};

	return ndk_open_adapter_by_address(current->nsproxy->net_ns,
					   (const struct sockaddr *)local, &params, adapter);
}

/**
 * perf_limit() - how much memory one registration may cover
 * @adapter: the adapter
 *
 * Return: bytes.
 */
size_t perf_limit(struct ndk_adapter *adapter)
{
	struct ndk_adapter_info info;
	u32 size = sizeof(info);

	if (ndk_query_adapter_info(adapter, &info, &size))
		return 0;
	return min_t(size_t, info.max_registration_size, NDKPERF_MAX_MEMORY);
}

int perf_address(const struct ndkperf_addr *from, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *in = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	switch (from->family) {
	case AF_INET:
		if (from->scope || memchr_inv(from->bytes + 4, 0, 12))
			return -EINVAL;
		in->sin_family = AF_INET;
		in->sin_port = from->port;
		memcpy(&in->sin_addr, from->bytes, 4);
		return 0;
	case AF_INET6:
		in6->sin6_family = AF_INET6;
		in6->sin6_port = from->port;
		in6->sin6_scope_id = from->scope;
		memcpy(&in6->sin6_addr, from->bytes, 16);
		return 0;
	default:
		return -EAFNOSUPPORT;
	}
}

void perf_port(struct ndkperf_addr *addr, const struct sockaddr_storage *from)
{
	addr->port = from->ss_family == AF_INET6 ?
		     ((const struct sockaddr_in6 *)from)->sin6_port :
		     ((const struct sockaddr_in *)from)->sin_port;
}

/* --- memory ----------------------------------------------------------------- */

static int make_mr(struct perf_end *e, struct ndk_kmr **mr)
{
	struct ndk_waiter w;
	int err;

	ndk_waiter_init(&w);
	err = ndk_wait(&w, ndk_create_mr(e->pd, false, ndk_waiter_created, &w, mr));
	/* the object comes one way or the other, never both */
	if (!err && w.object)
		*mr = (struct ndk_kmr *)w.object;
	return err;
}

/**
 * perf_memory_make() - allocate memory and register it
 * @e: the end, with its PD
 * @m: filled
 * @bytes: size; 0: nothing is done
 * @rights: NDK_MR_FLAG_*
 *
 * Return: 0 or a negative errno. perf_memory_free() undoes it, however far it got.
 */
int perf_memory_make(struct perf_end *e, struct perf_memory *m, size_t bytes, u32 rights)
{
	struct ndk_waiter w;
	int err;

	if (!bytes)
		return 0;
	m->bytes = PAGE_ALIGN(bytes);
	m->start = vzalloc(m->bytes);
	if (!m->start)
		return -ENOMEM;
	m->mdl.virtual_address = (uintptr_t)m->start;
	err = make_mr(e, &m->mr);
	if (err) {
		m->mr = NULL;
		return err;
	}
	ndk_waiter_init(&w);
	return ndk_wait(&w, ndk_register_mr(m->mr, &m->mdl, m->bytes, rights, ndk_waiter_done, &w));
}

/**
 * perf_memory_map() - get the DMA addresses of memory, for fast registration
 * @e: the end
 * @m: memory
 *
 * Return: 0 or a negative errno.
 */
int perf_memory_map(struct perf_end *e, struct perf_memory *m)
{
	struct ndk_waiter w;
	u32 size = 0, fbo;
	int err;

	/* the first call says how much room the addresses need */
	ndk_waiter_init(&w);
	err = ndk_wait(&w, ndk_build_lam(e->adapter, &m->mdl, m->bytes, ndk_waiter_done, &w, NULL,
					 &size, &fbo));
	if (err != -ENOBUFS)
		return err ?: -EINVAL;
	m->lam = kvzalloc(size, GFP_KERNEL);
	if (!m->lam)
		return -ENOMEM;
	ndk_waiter_init(&w);
	err = ndk_wait(&w, ndk_build_lam(e->adapter, &m->mdl, m->bytes, ndk_waiter_done, &w,
					 m->lam, &size, &fbo));
	if (err) {
		kvfree(m->lam);
		m->lam = NULL;
	}
	return err;
}

void perf_memory_free(struct perf_end *e, struct perf_memory *m)
{
	struct ndk_waiter w;

	if (m->lam) {
		ndk_release_lam(e->adapter, m->lam);
		kvfree(m->lam);
	}
	if (m->mr) {
		ndk_waiter_init(&w);
		ndk_wait(&w, ndk_close_mr(m->mr, ndk_waiter_closed, &w));
	}
	vfree(m->start);
	memset(m, 0, sizeof(*m));
}

/* --- the two ends ------------------------------------------------------------- */

static int make_pd(struct perf_end *e)
{
	struct ndk_kpd *pd;
	struct ndk_waiter w;
	int err;

	ndk_waiter_init(&w);
	err = ndk_wait(&w, ndk_create_pd(e->adapter, ndk_waiter_created, &w, &pd));
	if (!err)
		e->pd = w.object ? (struct ndk_kpd *)w.object : pd;
	return err;
}

static int make_cq(struct perf_end *e, u32 depth, ndk_cq_notify_fn *notify, void *context)
{
	struct ndk_kcq *cq;
	struct ndk_waiter w;
	int err;

	ndk_waiter_init(&w);
	err = ndk_wait(&w, ndk_create_cq(e->adapter, depth, notify, context, NULL,
					 ndk_waiter_created, &w, &cq));
	if (!err)
		e->cq = w.object ? (struct ndk_kcq *)w.object : cq;
	return err;
}

static int make_qp(struct perf_end *e, const struct perf_depths *d, void *context)
{
	struct ndk_kqp *qp;
	struct ndk_waiter w;
	int err;

	ndk_waiter_init(&w);
	err = ndk_wait(&w, ndk_create_qp(e->pd, e->cq, e->cq, context, d->receive, d->initiator,
					 1, 1, 0, ndk_waiter_created, &w, &qp));
	if (!err)
		e->qp = w.object ? (struct ndk_kqp *)w.object : qp;
	return err;
}

/**
 * perf_end_make() - PD, CQ and QP
 * @e: zeroed, with its adapter
 * @d: depths
 * @notify: called when the CQ was armed and has something
 * @context: for @notify, and the QP's
 *
 * Return: 0 or a negative errno. perf_end_close() undoes it, however far it got.
 */
int perf_end_make(struct perf_end *e, const struct perf_depths *d, ndk_cq_notify_fn *notify,
		  void *context)
{
	return make_pd(e) ?: make_cq(e, d->initiator + d->receive, notify, context) ?:
	       make_qp(e, d, context);
}

/**
 * perf_close_connector() - close an end's connector
 * @e: the end
 *
 * What is posted is cancelled; a call of the connector's that pends is over when
 * this returns, and no event of it comes any more.
 */
void perf_close_connector(struct perf_end *e)
{
	struct ndk_waiter w;

	if (!e->connector)
		return;
	ndk_waiter_init(&w);
	ndk_wait(&w, ndk_close_connector(e->connector, ndk_waiter_closed, &w));
	e->connector = NULL;
}

/**
 * perf_end_close() - close everything but the adapter
 * @e: the end
 *
 * Successors first: not that it had to be, a close waits for them anyway, but who
 * waits himself for each close has to begin at that end.
 */
void perf_end_close(struct perf_end *e)
{
	struct ndk_waiter w;

	perf_close_connector(e);
	if (e->qp) {
		ndk_waiter_init(&w);
		ndk_wait(&w, ndk_close_qp(e->qp, ndk_waiter_closed, &w));
	}
	perf_memory_free(e, &e->receives);
	perf_memory_free(e, &e->data);
	if (e->cq) {
		ndk_waiter_init(&w);
		ndk_wait(&w, ndk_close_cq(e->cq, ndk_waiter_closed, &w));
	}
	if (e->pd) {
		ndk_waiter_init(&w);
		ndk_wait(&w, ndk_close_pd(e->pd, ndk_waiter_closed, &w));
	}
	e->qp = NULL;
	e->cq = NULL;
	e->pd = NULL;
}

/* --- data ---------------------------------------------------------------------- */

static u64 word(u64 key, size_t index)
{
	u64 x = (key + 1) * 0x9e3779b97f4a7c15ull + index * 0xd1342543de82ef95ull;

	return x ^ (x >> 29);
}

/**
 * perf_fill() - the data that belongs to a key
 * @data: filled
 * @bytes: size
 * @key: different data for each
 */
void perf_fill(void *data, size_t bytes, u64 key)
{
	size_t i;
	__le64 x;

	for (i = 0; i < bytes / sizeof(x); i++) {
		x = cpu_to_le64(word(key, i));
		memcpy(data + i * sizeof(x), &x, sizeof(x));
	}
	x = cpu_to_le64(word(key, i));
	memcpy(data + i * sizeof(x), &x, bytes % sizeof(x));
}

/**
 * perf_differs() - is it not the data that belongs to a key
 * @data: the data
 * @bytes: size
 * @key: the key
 *
 * Return: true if a single bit is wrong.
 */
bool perf_differs(const void *data, size_t bytes, u64 key)
{
	size_t i;
	__le64 x;

	for (i = 0; i < bytes / sizeof(x); i++) {
		x = cpu_to_le64(word(key, i));
		if (memcmp(data + i * sizeof(x), &x, sizeof(x)))
			return true;
	}
	x = cpu_to_le64(word(key, i));
	return memcmp(data + i * sizeof(x), &x, bytes % sizeof(x)) != 0;
}
