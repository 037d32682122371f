// SPDX-License-Identifier: GPL-2.0
/*
 * Shared receive queues, and their one notification: fewer receives are left than
 * the consumer said.
 */
#include <linux/export.h>

#include "../provider.h"
#include "../srq.h"
#include "api.h"

static void notify_bh(struct work_struct *work)
{
	struct ndk_ksrq *srq = container_of(work, struct ndk_ksrq, bh);
	int owed = atomic_xchg(&srq->owed, 0);

	for (; owed && api_event_begin(&srq->obj); owed--) {
		api_cb_begin();
		srq->notify(srq->notify_context, 0);
		api_cb_end();
		api_event_end(&srq->obj);
	}
}

/*
 * Raised by whoever took a receive, perhaps inside a post of the consumer's: it is
 * called from elsewhere, as with completion queues.
 */
static void owe(struct ndk_ksrq *srq)
{
	if (!srq->notify)
		return;
	atomic_inc(&srq->owed);
	queue_work(system_bh_wq, &srq->bh);
}

static void on_event(struct ib_event *event, void *context)
{
	if (event->event == IB_EVENT_SRQ_LIMIT_REACHED)
		owe(context);
}

static int arm(struct ndk_ksrq *srq, u32 threshold)
{
	struct ib_srq_attr attr = { .srq_limit = threshold };

	return ib_modify_srq(srq->srq, &attr, IB_SRQ_LIMIT);
}

static int srq_create(struct api_obj *o)
{
	struct ndk_ksrq *srq = to_api(ndk_ksrq, o);
	struct ib_srq_init_attr init = {
		.event_handler = on_event,
		.srq_context = srq,
		.attr = { .max_wr = srq->depth, .max_sge = srq->max_sge },
		.srq_type = IB_SRQT_BASIC,
	};
	int err;

	srq->srq = ib_create_srq(srq->pd->pd, &init);
	if (IS_ERR(srq->srq))
		return PTR_ERR(srq->srq);
	to_ndk_srq(srq->srq)->most = srq->depth;
	/* it is empty, which is below: but it never was above */
	err = srq->threshold ? arm(srq, srq->threshold) : 0;
	if (err)
		ib_destroy_srq(srq->srq);
	return err;
}

static void srq_destroy(struct api_obj *o)
{
	struct ndk_ksrq *srq = to_api(ndk_ksrq, o);

	ib_destroy_srq(srq->srq);
	cancel_work_sync(&srq->bh);
}

static const struct api_type srq_type = {
	.type = NDK_OBJECT_SRQ,
	.create = srq_create,
	.destroy = srq_destroy,
};

int ndk_create_srq(struct ndk_kpd *pd, u32 depth, u32 max_sge, u32 threshold,
		   ndk_srq_notify_fn *notify, void *notify_context,
		   const struct cpumask *affinity, ndk_create_fn *created, void *context,
		   struct ndk_ksrq **srq)
{
	struct ndk_adapter *a = pd->obj.adapter;
	struct ndk_ksrq *s;
	int err;

	api_assert_any_context();
	if (!a->info.max_srq_depth)
		return -EOPNOTSUPP;
	err = api_check_range(a, "srq depth", depth, 1, a->info.max_srq_depth) ?:
	      api_check_range(a, "srq sges", max_sge, 0, a->nic->attr.max_srq_sge) ?:
	      api_check_range(a, "srq threshold", threshold, 0, depth);
	if (err)
		return err;
	s = api_obj_alloc(a, &srq_type, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->pd = pd;
	s->depth = depth;
	s->max_sge = max_sge;
	s->threshold = threshold;
	s->notify = notify;
	s->notify_context = notify_context;
	INIT_WORK(&s->bh, notify_bh);
	api_obj_on(&s->obj, &pd->obj);
	return api_create(&s->obj, created, context);
}
EXPORT_SYMBOL_GPL(ndk_create_srq);

int ndk_close_srq(struct ndk_ksrq *srq, ndk_close_fn *closed, void *context)
{
	api_assert_any_context();
	return api_close(&srq->obj, closed, context);
}
EXPORT_SYMBOL_GPL(ndk_close_srq);

/**
 * struct modify_op - a pending ndk_modify_srq()
 * @op: the operation
 * @depth: 0: keep
 * @threshold: 0: keep
 */
struct modify_op {
	struct api_op op;
	u32 depth;
	u32 threshold;
};

static int set_depth(struct ndk_ksrq *srq, u32 depth)
{
	struct ib_srq_attr attr = { .max_wr = depth };
	int err = ib_modify_srq(srq->srq, &attr, IB_SRQ_MAX_WR);

	if (err)
		return err;
	srq->depth = depth;
	/* the ring has more room than was asked for */
	WRITE_ONCE(to_ndk_srq(srq->srq)->most, depth);
	return 0;
}

/*
 * Verbs tell of the receive that leaves too few; if there are too few already, no
 * such receive may come. Armed first, so none that does is missed; of the two
 * reasons the one that disarms notifies.
 */
static int set_threshold(struct ndk_ksrq *srq, u32 threshold)
{
	int err = arm(srq, threshold);

	if (err)
		return err;
	srq->threshold = threshold;
	if (ndk_srq_disarm_below(to_ndk_srq(srq->srq)))
		owe(srq);
	return 0;
}

static int run_modify(struct api_op *op)
{
	struct modify_op *m = container_of(op, struct modify_op, op);
	struct ndk_ksrq *srq = to_api(ndk_ksrq, op->obj);
	int err = 0;

	if (m->depth)
		err = set_depth(srq, m->depth);
	if (!err && m->threshold)
		err = set_threshold(srq, m->threshold);
	return err;
}

int ndk_modify_srq(struct ndk_ksrq *srq, u32 depth, u32 threshold, ndk_request_fn *done,
		   void *context)
{
	struct ndk_adapter *a = srq->obj.adapter;
	struct modify_op *op;
	int err;

	api_assert_any_context();
	err = api_check_range(a, "srq depth", depth, 0, a->info.max_srq_depth) ?:
	      api_check_range(a, "srq threshold", threshold, 0, a->info.max_srq_depth);
	if (err)
		return err;
	op = api_op_alloc(sizeof(*op));
	if (!op)
		return -ENOMEM;
	op->depth = depth;
	op->threshold = threshold;
	return api_request(&srq->obj, &op->op, run_modify, done, context);
}
EXPORT_SYMBOL_GPL(ndk_modify_srq);
