// SPDX-License-Identifier: GPL-2.0
/*
 * Completion queues: results, arms, notifications.
 *
 * The verbs queue holds the entries and the arm; a consumer's poll translates
 * straight out of it. Only what must leave it before the consumer comes, because
 * its queue pair goes, waits in a ring in front.
 *
 * The consumer is called from a bottom half of the queue's own. Calling it where
 * the entry was made would call it from inside its own posts, with its own locks
 * held. A work item is never run twice at a time, so neither is the callback
 * (R-NDK-89).
 */
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/mm.h>

#include "../provider.h"
#include "api.h"

/* verbs entries translated at a time, on the stack */
#define BATCH	8

/* room for the marker of a drain */
#define MARKERS	1

/**
 * struct sink - where results go
 * @ex: extended ones, or NULL
 * @plain: plain ones, if @ex is NULL
 * @num: results so far
 * @max: how many are wanted
 */
struct sink {
	struct ndk_result_ex *ex;
	struct ndk_result *plain;
	u32 num;
	u32 max;
};

static int result_status(const struct ib_wc *wc, bool receive)
{
	switch (wc->status) {
	case IB_WC_SUCCESS:
		return 0;
	case IB_WC_WR_FLUSH_ERR:
		return -ECANCELED;
	case IB_WC_LOC_LEN_ERR:
		return receive ? -EOVERFLOW : -E2BIG;
	case IB_WC_LOC_PROT_ERR:
	case IB_WC_LOC_ACCESS_ERR:
	case IB_WC_MW_BIND_ERR:
	case IB_WC_REM_ACCESS_ERR:
		return -EACCES;
	case IB_WC_LOC_QP_OP_ERR:
		return -EPROTO;
	case IB_WC_RETRY_EXC_ERR:
	case IB_WC_RNR_RETRY_EXC_ERR:
	case IB_WC_RESP_TIMEOUT_ERR:
		return -ETIMEDOUT;
	case IB_WC_REM_OP_ERR:
	case IB_WC_REM_INV_REQ_ERR:
	case IB_WC_REM_ABORT_ERR:
		return -EREMOTEIO;
	default:
		return -EIO;
	}
}

static u32 result_type(const struct ib_wc *wc)
{
	if (wc->opcode & IB_WC_RECV)
		return wc->wc_flags & IB_WC_WITH_INVALIDATE ?
		       NDK_OPERATION_RECEIVE_AND_INVALIDATE : NDK_OPERATION_RECEIVE;
	switch (wc->opcode) {
	case IB_WC_RDMA_WRITE:
		return NDK_OPERATION_WRITE;
	case IB_WC_RDMA_READ:
		return NDK_OPERATION_READ;
	case IB_WC_REG_MR:
		return wc->wc_flags & NDK_WC_WINDOW ? NDK_OPERATION_BIND :
						      NDK_OPERATION_FAST_REGISTER;
	case IB_WC_LOCAL_INV:
		return NDK_OPERATION_INVALIDATE;
	default:
		return NDK_OPERATION_SEND;
	}
}

/*
 * What a completion says about keys. A peer's invalidation counts from here on,
 * before the consumer hears of it (R-NDK-60, R-NDK-82).
 */
static void note_keys(const struct ndk_kqp *qp, const struct ib_wc *wc)
{
	struct ndk_adapter *adapter = qp->obj.adapter;

	if (wc->opcode & IB_WC_RECV) {
		if (wc->wc_flags & IB_WC_WITH_INVALIDATE)
			api_keys_revoked(adapter, wc->ex.invalidate_rkey);
	} else if (wc->status && (wc->opcode == IB_WC_REG_MR || wc->opcode == IB_WC_LOCAL_INV)) {
		api_keys_failed(adapter, wc->ex.invalidate_rkey, wc->opcode == IB_WC_REG_MR);
	}
}

static void put_plain(struct ndk_result *r, const struct ib_wc *wc, const struct ndk_kqp *qp)
{
	r->status = result_status(wc, wc->opcode & IB_WC_RECV);
	r->bytes_transferred = wc->byte_len;
	r->qp_context = qp->context;
	r->request_context = (void *)(uintptr_t)wc->wr_id;
}

static void put_ex(struct ndk_result_ex *r, const struct ib_wc *wc, const struct ndk_kqp *qp)
{
	r->status = result_status(wc, wc->opcode & IB_WC_RECV);
	r->bytes_transferred = wc->byte_len;
	r->qp_context = qp->context;
	r->request_context = (void *)(uintptr_t)wc->wr_id;
	r->type = result_type(wc);
	r->provider_error_code = wc->status ? wc->vendor_err : 0;
	r->type_specific_completion_output = wc->ex.invalidate_rkey;
}

static void put(struct sink *s, const struct ib_wc *wc)
{
	struct ndk_kqp *qp = wc->qp->qp_context;

	if (unlikely(wc->status == IB_WC_WR_FLUSH_ERR && wc->wr_id == api_marker())) {
		complete(&qp->drained);
		return;
	}
	if (unlikely(wc->status || (wc->wc_flags & IB_WC_WITH_INVALIDATE)))
		note_keys(qp, wc);
	if (s->ex)
		put_ex(&s->ex[s->num++], wc, qp);
	else
		put_plain(&s->plain[s->num++], wc, qp);
}

static void to_plain(struct ndk_result *r, const struct ndk_result_ex *ex)
{
	r->status = ex->status;
	r->bytes_transferred = ex->bytes_transferred;
	r->qp_context = ex->qp_context;
	r->request_context = ex->request_context;
}

static void take_saved(struct ndk_kcq *cq, struct sink *s)
{
	const struct ndk_result_ex *r;

	for (; cq->head != cq->tail && s->num < s->max; cq->head++) {
		r = &cq->ring[cq->head % cq->ring_size];
		if (s->ex)
			s->ex[s->num++] = *r;
		else
			to_plain(&s->plain[s->num++], r);
	}
}

static void take(struct ndk_kcq *cq, struct sink *s)
{
	struct ib_wc wc[BATCH];
	unsigned long flags;
	int want, got, i;

	/* against those who save entries, and so against QPs that go */
	spin_lock_irqsave(&cq->lock, flags);
	if (unlikely(cq->head != cq->tail))
		take_saved(cq, s);
	while (s->num < s->max) {
		want = min_t(u32, s->max - s->num, BATCH);
		got = ndk_poll_cq(cq->cq, want, wc);
		for (i = 0; i < got; i++)
			put(s, &wc[i]);
		if (got < want)
			break;
	}
	spin_unlock_irqrestore(&cq->lock, flags);
}

u32 ndk_get_cq_results(struct ndk_kcq *cq, struct ndk_result *results, u32 max)
{
	struct sink s = { .plain = results, .max = max };

	api_assert_any_context();
	take(cq, &s);
	return s.num;
}
EXPORT_SYMBOL_GPL(ndk_get_cq_results);

u32 ndk_get_cq_results_ex(struct ndk_kcq *cq, struct ndk_result_ex *results, u32 max)
{
	struct sink s = { .ex = results, .max = max };

	api_assert_any_context();
	take(cq, &s);
	return s.num;
}
EXPORT_SYMBOL_GPL(ndk_get_cq_results_ex);

void api_cq_owe(struct ndk_kcq *cq)
{
	set_bit(API_CQ_FIRED, &cq->events);
	if (cq->cpu == WORK_CPU_UNBOUND)
		queue_work(system_bh_wq, &cq->bh);
	else
		queue_work_on(cq->cpu, system_bh_wq, &cq->bh);
}

/* The queue is of no use any more: nor are its queue pairs. */
static void fail(struct ndk_kcq *cq, int err)
{
	struct ndk_adapter *a = cq->obj.adapter;
	struct ndk_kqp *qp;
	unsigned long flags, id;

	if (cmpxchg(&cq->error, 0, err))
		return;
	xa_lock_irqsave(&a->qps, flags);
	xa_for_each(&a->qps, id, qp) {
		if ((qp->scq != cq && qp->rcq != cq) || !refcount_inc_not_zero(&qp->obj.uses))
			continue;
		api_qp_broke(qp->nqp);
		ndk_flush(qp);
		api_put(&qp->obj);
	}
	xa_unlock_irqrestore(&a->qps, flags);

	/* whoever is not waiting for it hears of it with the next arm */
	set_bit(API_CQ_FAILED, &cq->events);
	if (test_and_clear_bit(API_CQ_ARMED, &cq->events) |
	    test_and_clear_bit(API_CQ_HELD, &cq->events))
		api_cq_owe(cq);
}

/*
 * Take everything out of the verbs queue: called when entries would go, with their
 * queue pair, before the consumer has come for them.
 */
void api_cq_save(struct ndk_kcq *cq)
{
	struct ndk_result_ex r;
	struct sink s = { .ex = &r, .max = 1 };
	unsigned long flags;
	bool lost = false;
	struct ib_wc wc;

	spin_lock_irqsave(&cq->lock, flags);
	/* the indices may not wrap: the ring's size is no power of two */
	if (cq->head == cq->tail) {
		cq->head = 0;
		cq->tail = 0;
	}
	while (ndk_poll_cq(cq->cq, 1, &wc) > 0) {
		s.num = 0;
		put(&s, &wc);
		if (!s.num)
			continue;
		if (cq->tail - cq->head == cq->ring_size)
			lost = true;
		else
			cq->ring[cq->tail++ % cq->ring_size] = r;
	}
	spin_unlock_irqrestore(&cq->lock, flags);
	if (lost)
		fail(cq, -EOVERFLOW);
}

static void notify_bh(struct work_struct *work)
{
	struct ndk_kcq *cq = container_of(work, struct ndk_kcq, bh);
	int status = 0;

	if (!test_and_clear_bit(API_CQ_FIRED, &cq->events))
		return;
	if (test_and_clear_bit(API_CQ_FAILED, &cq->events))
		status = cq->error;
	/* entries from here on are new to the consumer, until it is called again */
	cq->seen = ndk_cq_puts(to_ndk_cq(cq->cq));
	if (!cq->notify || !api_event_begin(&cq->obj))
		return;
	api_cb_begin();
	cq->notify(cq->notify_context, status);
	api_cb_end();
	api_event_end(&cq->obj);
}

/*
 * An entry satisfied the arm, or there are as many now as a notification was held
 * back for. Spurious if an error was faster.
 */
static void on_entry(struct ib_cq *ibcq, void *context)
{
	struct ndk_kcq *cq = context;

	if (test_and_clear_bit(API_CQ_HELD, &cq->events))
		api_cq_owe(cq);
	else if (test_and_clear_bit(API_CQ_ARMED, &cq->events))
		api_cq_satisfied(cq);
}

static void on_event(struct ib_event *event, void *context)
{
	struct ndk_kcq *cq = context;

	fail(cq, ndk_cq_overran(to_ndk_cq(cq->cq)) ? -EOVERFLOW : -EIO);
}

static bool has_saved(struct ndk_kcq *cq)
{
	return READ_ONCE(cq->head) != READ_ONCE(cq->tail);
}

/*
 * ARMED is set before the verbs queue is asked: an entry that comes in between
 * finds it. If both that entry and we find a reason to notify, one of the two
 * clears the bit.
 */
void ndk_arm_cq(struct ndk_kcq *cq, enum ndk_cq_notify_type type)
{
	bool now = false;

	api_assert_any_context();
	set_bit(API_CQ_ARMED, &cq->events);
	if (type != NDK_CQ_NOTIFY_ERRORS)
		now = ndk_cq_arm(to_ndk_cq(cq->cq),
				 type == NDK_CQ_NOTIFY_ANY ? IB_CQ_NEXT_COMP : IB_CQ_SOLICITED,
				 READ_ONCE(cq->seen), has_saved(cq));
	if (test_bit(API_CQ_FAILED, &cq->events)) {
		if (test_and_clear_bit(API_CQ_ARMED, &cq->events))
			api_cq_owe(cq);
	} else if (now && test_and_clear_bit(API_CQ_ARMED, &cq->events)) {
		api_cq_satisfied(cq);
	}
}
EXPORT_SYMBOL_GPL(ndk_arm_cq);

static struct ndk_result_ex *alloc_ring(u32 depth)
{
	return kvcalloc(depth, sizeof(struct ndk_result_ex), GFP_KERNEL);
}

static int cq_create(struct api_obj *o)
{
	struct ndk_kcq *cq = to_api(ndk_kcq, o);
	struct ib_cq_init_attr attr = { .cqe = cq->depth + MARKERS };
	struct ib_device *dev = o->adapter->dev;

	if (cq->cpu != WORK_CPU_UNBOUND)
		attr.comp_vector = cq->cpu % dev->num_comp_vectors;
	cq->ring = alloc_ring(cq->depth);
	if (!cq->ring)
		return -ENOMEM;
	cq->ring_size = cq->depth;
	cq->cq = ib_create_cq(dev, on_entry, on_event, cq, &attr);
	if (IS_ERR(cq->cq)) {
		kvfree(cq->ring);
		return PTR_ERR(cq->cq);
	}
	return 0;
}

static void cq_destroy(struct api_obj *o)
{
	struct ndk_kcq *cq = to_api(ndk_kcq, o);

	ib_destroy_cq(cq->cq);
	/* nobody makes entries any more, so nobody starts these again */
	hrtimer_cancel(&cq->timer);
	cancel_work_sync(&cq->bh);
	kvfree(cq->ring);
}

static const struct api_type cq_type = {
	.type = NDK_OBJECT_CQ,
	.create = cq_create,
	.destroy = cq_destroy,
};

static int check_depth(struct ndk_adapter *a, u32 depth)
{
	return api_check_range(a, "cq depth", depth, 1, a->info.max_cq_depth);
}

int ndk_create_cq(struct ndk_adapter *adapter, u32 depth, ndk_cq_notify_fn *notify,
		  void *notify_context, const struct cpumask *affinity, ndk_create_fn *created,
		  void *context, struct ndk_kcq **cq)
{
	struct ndk_kcq *c;
	int err;

	api_assert_any_context();
	err = check_depth(adapter, depth);
	if (err)
		return err;
	c = api_obj_alloc(adapter, &cq_type, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->depth = depth;
	c->notify = notify;
	c->notify_context = notify_context;
	c->cpu = affinity ? cpumask_any_and(affinity, cpu_online_mask) : nr_cpu_ids;
	if (c->cpu >= nr_cpu_ids)
		c->cpu = WORK_CPU_UNBOUND;
	spin_lock_init(&c->lock);
	mutex_init(&c->drain);
	INIT_WORK(&c->bh, notify_bh);
	api_moderation_init(c);
	return api_create(&c->obj, created, context);
}
EXPORT_SYMBOL_GPL(ndk_create_cq);

int ndk_close_cq(struct ndk_kcq *cq, ndk_close_fn *closed, void *context)
{
	api_assert_any_context();
	return api_close(&cq->obj, closed, context);
}
EXPORT_SYMBOL_GPL(ndk_close_cq);

/**
 * struct resize_op - a pending ndk_resize_cq()
 * @op: the operation
 * @depth: what is wanted
 */
struct resize_op {
	struct api_op op;
	u32 depth;
};

/* The ring as long as it will be needed, so that the verbs queue can go first. */
static int resize(struct api_op *op)
{
	struct ndk_kcq *cq = to_api(ndk_kcq, op->obj);
	u32 depth = container_of(op, struct resize_op, op)->depth, n = 0, saved;
	struct ndk_result_ex *ring, *old;
	int err;

	ring = alloc_ring(depth);
	if (!ring)
		return -ENOMEM;
	spin_lock_irq(&cq->lock);
	saved = cq->tail - cq->head;
	spin_unlock_irq(&cq->lock);
	err = saved > depth ? -EINVAL : ib_resize_cq(cq->cq, depth + MARKERS);
	if (err) {
		kvfree(ring);
		return err;
	}
	spin_lock_irq(&cq->lock);
	/* more may have been saved meanwhile; then the old ring stays */
	if (cq->tail - cq->head <= depth) {
		for (; cq->head != cq->tail; cq->head++)
			ring[n++] = cq->ring[cq->head % cq->ring_size];
		old = cq->ring;
		cq->ring = ring;
		cq->ring_size = depth;
		cq->head = 0;
		cq->tail = n;
		ring = old;
	}
	cq->depth = depth;
	spin_unlock_irq(&cq->lock);
	kvfree(ring);
	return 0;
}

int ndk_resize_cq(struct ndk_kcq *cq, u32 depth, ndk_request_fn *done, void *context)
{
	struct resize_op *op;
	int err;

	api_assert_any_context();
	err = check_depth(cq->obj.adapter, depth);
	if (err)
		return err;
	op = api_op_alloc(sizeof(*op));
	if (!op)
		return -ENOMEM;
	op->depth = depth;
	return api_request(&cq->obj, &op->op, resize, done, context);
}
EXPORT_SYMBOL_GPL(ndk_resize_cq);
