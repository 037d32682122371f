// SPDX-License-Identifier: GPL-2.0
/*
 * Shared receive queues. There is a lower one behind each, so that any QP finds
 * the receive whatever QP needs it; the provider's ring feeds it (rq.c). The limit
 * is watched below, where the receives are.
 */
#include <linux/slab.h>

#include "hca.h"

static void on_event(struct ib_event *ev, void *arg)
{
	struct hca_srq *s = arg;

	if (ev->event != IB_EVENT_SRQ_LIMIT_REACHED)
		return;
	set_bit(0, &s->limit_reached);
	queue_work(system_bh_wq, &s->work);
}

/* Also what a poster who may not do it himself leaves to us. */
static void work_fn(struct work_struct *work)
{
	struct hca_srq *s = container_of(work, struct hca_srq, work);
	struct ndk_notify n;

	ndk_notify_init(&n);
	if (test_and_clear_bit(0, &s->limit_reached))
		ndk_srq_limit_reached(s->srq, &n);
	hca_rq_refill(&s->rq);
	ndk_notify_flush(&n);
}

static int create_lower(struct hca_srq *s, const struct ib_srq_attr *attr)
{
	struct ib_srq_init_attr init = {
		.event_handler = on_event,
		.srq_context = s,
		.attr = {
			.max_wr = min_t(u32, attr->max_wr, s->hd->nic->attr.max_srq_wr),
			.max_sge = attr->max_sge,
		},
		.srq_type = IB_SRQT_BASIC,
	};
	u32 wanted = init.attr.max_wr;
	int err;

	if (!s->hd->lower->ops.create_srq)
		return -EOPNOTSUPP;
	s->lower = ib_create_srq(hca_pd_of(s->srq->ibsrq.pd)->lower, &init);
	if (IS_ERR(s->lower))
		return PTR_ERR(s->lower);
	/* some say what they made, some leave it as it was asked */
	err = hca_rq_init(&s->rq, min(init.attr.max_wr ?: wanted, wanted));
	if (err)
		ib_destroy_srq(s->lower);
	return err;
}

int hca_srq_create(struct ndk_srq *srq, struct ib_srq_attr *attr)
{
	struct hca_srq *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	int err;

	if (!s)
		return -ENOMEM;
	s->srq = srq;
	s->hd = hca_of(srq->ibsrq.device);
	INIT_WORK(&s->work, work_fn);
	err = create_lower(s, attr);
	if (err) {
		kfree(s);
		return err;
	}
	s->rq.srq = srq;
	s->rq.lower_srq = s->lower;
	attr->max_wr = s->rq.depth;
	srq->priv = s;
	hca_rq_open(&s->rq, true);
	if (srq->ibsrq.uobject)
		hca_watch_add(&s->hd->watch, &s->rq);
	return 0;
}

void hca_srq_destroy(struct ndk_srq *srq)
{
	struct hca_srq *s = srq->priv;

	hca_watch_del(&s->hd->watch, &s->rq);
	disable_work_sync(&s->work);
	hca_rq_open(&s->rq, false);
	ib_destroy_srq(s->lower);
	hca_rq_exit(&s->rq);
	kfree(s);
}

/* What was posted counts: it goes down first. */
int hca_srq_arm(struct ndk_srq *srq, u32 limit)
{
	struct ib_srq_attr attr = { .srq_limit = limit };
	struct hca_srq *s = srq->priv;

	hca_rq_refill(&s->rq);
	return ib_modify_srq(s->lower, &attr, IB_SRQ_LIMIT);
}

void hca_srq_posted(struct ndk_srq *srq)
{
	struct hca_srq *s = srq->priv;

	if (hca_must_defer())
		queue_work(system_bh_wq, &s->work);
	else
		hca_rq_refill(&s->rq);
}
