// SPDX-License-Identifier: GPL-2.0
/*
 * Shared receive queues: several QPs take from one ring, a limit speaks once,
 * a resize loses nothing, and a QP in error leaves the others theirs.
 */
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "provider_env.h"
#include "../drivers/ndk/srq.h"

#define QPS	4

/**
 * struct env_srq - a shared receive queue and what its handler saw
 * @srq: the queue
 * @limits: events of its limit
 * @others: events of any other kind
 */
struct env_srq {
	struct ib_srq *srq;
	atomic_t limits;
	atomic_t others;
};

KUNIT_DEFINE_ACTION_WRAPPER(destroy_srq_action, ib_destroy_srq, struct ib_srq *);
KUNIT_DEFINE_ACTION_WRAPPER(destroy_srq_qp_action, ib_destroy_qp, struct ib_qp *);

static void on_srq_event(struct ib_event *ev, void *arg)
{
	struct env_srq *s = arg;

	atomic_inc(ev->event == IB_EVENT_SRQ_LIMIT_REACHED ? &s->limits : &s->others);
}

static void on_qp_event(struct ib_event *ev, void *arg)
{
	struct env *e = arg;

	atomic_inc(&e->qp_events);
	e->last_qp_event = ev->event;
}

static struct ib_srq *try_srq(struct env *e, u32 max_wr, u32 max_sge, struct env_srq *s)
{
	struct ib_srq_init_attr init = {
		.event_handler = on_srq_event,
		.srq_context = s,
		.attr = { .max_wr = max_wr, .max_sge = max_sge, .srq_limit = 3 },
		.srq_type = IB_SRQT_BASIC,
	};

	return ib_create_srq(e->pd, &init);
}

static struct env_srq *env_srq(struct env *e, u32 max_wr)
{
	struct kunit *test = e->test;
	struct env_srq *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	s->srq = try_srq(e, max_wr, MOCK_MAX_SGE, s);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(s->srq), "ib_create_srq: %pe", s->srq);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, destroy_srq_action, s->srq), 0);
	return s;
}

static struct ib_qp *srq_qp(struct env *e, struct env_srq *s)
{
	struct ib_qp_init_attr init = {
		.event_handler = on_qp_event,
		.qp_context = e,
		.send_cq = e->scq->cq,
		.recv_cq = e->rcq->cq,
		.srq = s->srq,
		/* what has no meaning with an SRQ may be anything */
		.cap = { .max_send_wr = 4, .max_send_sge = 1, .max_recv_wr = U32_MAX,
			 .max_recv_sge = U32_MAX },
		.qp_type = IB_QPT_RC,
	};
	struct kunit *test = e->test;
	struct ib_qp *qp = ib_create_qp(e->pd, &init);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(qp), "ib_create_qp: %pe", qp);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, destroy_srq_qp_action, qp), 0);
	KUNIT_EXPECT_EQ(test, init.cap.max_recv_wr, 0);
	KUNIT_ASSERT_EQ(test, env_go_to(qp, IB_QPS_RTS), 0);
	return qp;
}

static int post(struct env_srq *s, u64 id)
{
	struct ib_recv_wr wr = { .wr_id = id };

	return ib_post_srq_recv(s->srq, &wr, NULL);
}

static int receive(struct ib_qp *qp)
{
	return mock_receive(to_mock_qp(qp), 0, false);
}

static int arm(struct env_srq *s, u32 limit)
{
	struct ib_srq_attr attr = { .srq_limit = limit };

	return ib_modify_srq(s->srq, &attr, IB_SRQ_LIMIT);
}

static int resize(struct env_srq *s, u32 max_wr)
{
	struct ib_srq_attr attr = { .max_wr = max_wr };

	return ib_modify_srq(s->srq, &attr, IB_SRQ_MAX_WR);
}

static struct ib_srq_attr query(struct env *e, struct env_srq *s)
{
	struct ib_srq_attr attr = {};

	KUNIT_EXPECT_EQ(e->test, ib_query_srq(s->srq, &attr), 0);
	return attr;
}

struct create_case {
	const char *desc;
	u32 max_wr;
	u32 max_sge;
	int err;
};

static const struct create_case create_cases[] = {
	{ "one of everything", 1, 1, 0 },
	{ "the most of everything", MOCK_MAX_WR, MOCK_MAX_SGE, 0 },
	{ "requests without memory", 4, 0, 0 },
	{ "no request", 0, 1, -EINVAL },
	{ "a request too many", MOCK_MAX_WR + 1, 1, -EINVAL },
	{ "a negative number", U32_MAX, 1, -EINVAL },
	{ "an SGE too many", 4, MOCK_MAX_SGE + 1, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(create, create_cases, desc);

static void a_queue_is_as_large_as_asked_for(struct kunit *test)
{
	const struct create_case *c = test->param_value;
	struct env *e = env_create(test);
	struct ib_srq *srq = try_srq(e, c->max_wr, c->max_sge, NULL);
	struct ib_srq_attr attr;

	if (c->err) {
		KUNIT_EXPECT_PTR_EQ(test, srq, (struct ib_srq *)ERR_PTR(c->err));
		return;
	}
	KUNIT_ASSERT_FALSE(test, IS_ERR(srq));
	KUNIT_EXPECT_EQ(test, ib_query_srq(srq, &attr), 0);
	KUNIT_EXPECT_GE(test, attr.max_wr, c->max_wr);
	KUNIT_EXPECT_EQ(test, attr.max_sge, c->max_sge);
	KUNIT_EXPECT_EQ_MSG(test, attr.srq_limit, 0, "nothing is armed at creation");
	ib_destroy_srq(srq);
}

static void other_kinds_of_queue_are_not_supported(struct kunit *test)
{
	struct ib_srq_init_attr init = { .attr = { .max_wr = 4 }, .srq_type = IB_SRQT_TM };
	struct env *e = env_create(test);

	init.ext.cq = e->rcq->cq;
	KUNIT_EXPECT_PTR_EQ(test, ib_create_srq(e->pd, &init),
			    (struct ib_srq *)ERR_PTR(-EOPNOTSUPP));
}

static void qps_take_in_the_order_of_posting(struct kunit *test)
{
	struct env *e = env_create(test);
	struct env_srq *s = env_srq(e, 16);
	struct ib_qp *qp[QPS];
	int i;

	for (i = 0; i < QPS; i++)
		qp[i] = srq_qp(e, s);
	for (i = 0; i < 4 * QPS - 1; i++)
		KUNIT_ASSERT_EQ(test, post(s, i), 0);
	for (i = 0; i < 4 * QPS - 1; i++) {
		KUNIT_EXPECT_EQ(test, receive(qp[i % QPS]), 1);
		env_expect_wc(e, e->rcq, i, IB_WC_SUCCESS);
	}
	KUNIT_EXPECT_EQ(test, receive(qp[0]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->limits), 0);
}

static void posts_are_refused_where_they_belong_elsewhere(struct kunit *test)
{
	struct env *e = env_create(test);
	struct env_srq *s = env_srq(e, 4);
	struct ib_qp *qp = srq_qp(e, s);
	struct ib_sge sge[MOCK_MAX_SGE + 1] = {};
	struct ib_recv_wr many = { .wr_id = 2, .sg_list = sge, .num_sge = ARRAY_SIZE(sge) };
	struct ib_recv_wr good = { .wr_id = 1, .next = &many };
	const struct ib_recv_wr *bad = NULL;

	KUNIT_EXPECT_EQ_MSG(test, env_post_recv(qp, 1), -EINVAL, "it has no receive queue");
	KUNIT_EXPECT_EQ(test, ib_post_srq_recv(s->srq, &good, &bad), -EINVAL);
	KUNIT_EXPECT_PTR_EQ(test, bad, (const struct ib_recv_wr *)&many);
	many.num_sge = -1;
	KUNIT_EXPECT_EQ(test, ib_post_srq_recv(s->srq, &many, &bad), -EINVAL);
	KUNIT_EXPECT_EQ(test, receive(qp), 1);
	env_expect_wc(e, e->rcq, 1, IB_WC_SUCCESS);
	KUNIT_EXPECT_EQ(test, receive(qp), 0);
}

static void a_full_queue_is_an_error(struct kunit *test)
{
	struct env *e = env_create(test);
	struct env_srq *s = env_srq(e, 5);
	struct ib_qp *qp = srq_qp(e, s);
	u32 room = query(e, s).max_wr, i;

	for (i = 0; i < room; i++)
		KUNIT_EXPECT_EQ(test, post(s, i), 0);
	KUNIT_EXPECT_EQ(test, post(s, room), -ENOMEM);
	KUNIT_EXPECT_EQ(test, receive(qp), 1);
	KUNIT_EXPECT_EQ_MSG(test, post(s, room), 0, "there is room again");
}

static void limit_event_comes_once(struct kunit *test)
{
	struct env *e = env_create(test);
	struct env_srq *s = env_srq(e, 16);
	struct ib_qp *qp = srq_qp(e, s), *other = srq_qp(e, s);
	int i;

	for (i = 0; i < 10; i++)
		KUNIT_ASSERT_EQ(test, post(s, i), 0);
	KUNIT_ASSERT_EQ(test, arm(s, 8), 0);
	KUNIT_EXPECT_EQ(test, query(e, s).srq_limit, 8);
	receive(qp);
	receive(other);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&s->limits), 0, "8 are left, not fewer");
	receive(other);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->limits), 1);
	KUNIT_EXPECT_EQ_MSG(test, query(e, s).srq_limit, 0, "it is disarmed");
	for (i = 3; i < 10; i++)
		receive(qp);
	KUNIT_EXPECT_EQ(test, receive(qp), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->limits), 1);

	KUNIT_ASSERT_EQ(test, arm(s, 2), 0);
	KUNIT_ASSERT_EQ(test, post(s, 10), 0);
	KUNIT_EXPECT_EQ(test, receive(qp), 1);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&s->limits), 2, "armed again");
	KUNIT_EXPECT_EQ(test, atomic_read(&s->others), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->qp_events), 0);
}

/* Both armings are before the first delivery: the collection is flushed late. */
static void every_arming_has_its_event(struct kunit *test)
{
	struct env *e = env_create(test);
	struct env_srq *s = env_srq(e, 16);
	struct ib_qp *qp = srq_qp(e, s);
	struct ndk_rwqe *wqe = kunit_kzalloc(test, sizeof(*wqe), GFP_KERNEL);
	struct ndk_notify n;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, wqe);
	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_EQ(test, post(s, i), 0);
	ndk_notify_init(&n);
	for (i = 0; i < 4; i++) {
		KUNIT_ASSERT_EQ(test, arm(s, 8), 0);
		KUNIT_ASSERT_EQ(test, ndk_rq_take(to_ndk_qp(qp), wqe, &n), 1);
	}
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&s->limits), 0, "not before locks are dropped");
	ndk_notify_flush(&n);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->limits), 4);
	ndk_notify_flush(&n);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->limits), 4);
}

static void disarmed_limit_is_silent(struct kunit *test)
{
	struct env *e = env_create(test);
	struct env_srq *s = env_srq(e, 16);
	struct ib_qp *qp = srq_qp(e, s);

	KUNIT_ASSERT_EQ(test, post(s, 1), 0);
	KUNIT_ASSERT_EQ(test, arm(s, 10), 0);
	KUNIT_ASSERT_EQ(test, arm(s, 0), 0);
	KUNIT_EXPECT_EQ(test, receive(qp), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&s->limits), 0);
}

static void bad_attributes_change_nothing(struct kunit *test)
{
	struct ib_srq_attr both = { .max_wr = 64, .srq_limit = 65 };
	struct env *e = env_create(test);
	struct env_srq *s = env_srq(e, 16);
	u32 room = query(e, s).max_wr;

	KUNIT_EXPECT_EQ(test, arm(s, room + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, resize(s, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, resize(s, MOCK_MAX_WR + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, ib_modify_srq(s->srq, &both, IB_SRQ_LIMIT | IB_SRQ_MAX_WR),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, ib_modify_srq(s->srq, &both, 1 << 5), -EINVAL);
	KUNIT_EXPECT_EQ(test, query(e, s).max_wr, room);
	KUNIT_EXPECT_EQ(test, query(e, s).srq_limit, 0);

	KUNIT_EXPECT_EQ(test, arm(s, room), 0);
	KUNIT_EXPECT_EQ_MSG(test, resize(s, room - 1), -EINVAL, "below what is armed");
	both.srq_limit = 64;
	KUNIT_EXPECT_EQ(test, ib_modify_srq(s->srq, &both, IB_SRQ_LIMIT | IB_SRQ_MAX_WR), 0);
	KUNIT_EXPECT_EQ(test, query(e, s).srq_limit, 64);
	KUNIT_EXPECT_GE(test, query(e, s).max_wr, 64);
}

static void resize_keeps_what_waits(struct kunit *test)
{
	static const u32 sizes[] = { 100, 10, MOCK_MAX_WR, 7, 7, 15 };
	struct env *e = env_create(test);
	struct env_srq *s = env_srq(e, 15);
	struct ib_qp *qp = srq_qp(e, s);
	u64 made = 0, seen = 0;
	int i, k;

	for (i = 0; i < 7; i++)
		KUNIT_ASSERT_EQ(test, post(s, made++), 0);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_EXPECT_EQ(test, resize(s, sizes[i]), 0);
		KUNIT_EXPECT_GE(test, query(e, s).max_wr, sizes[i]);
		for (k = 0; k < 5; k++) {
			KUNIT_ASSERT_EQ(test, receive(qp), 1);
			env_expect_wc(e, e->rcq, seen++, IB_WC_SUCCESS);
			KUNIT_ASSERT_EQ(test, post(s, made++), 0);
		}
	}
	KUNIT_EXPECT_EQ_MSG(test, resize(s, 3), -EINVAL, "7 wait");
	while (seen < made) {
		KUNIT_ASSERT_EQ(test, receive(qp), 1);
		env_expect_wc(e, e->rcq, seen++, IB_WC_SUCCESS);
	}
	KUNIT_EXPECT_EQ(test, receive(qp), 0);
	KUNIT_EXPECT_EQ(test, resize(s, 3), 0);
}

static struct rxe_recv_wqe *entry(struct env_srq *s, u32 ahead)
{
	struct ndk_queue *q = to_ndk_srq(s->srq)->q;

	return ndk_queue_slot(q, q->index + ahead);
}

static void bad_entry_fails_one_qp_only(struct kunit *test)
{
	static const u32 wild[] = { MOCK_MAX_SGE + 1, 1000, 0x10000, U32_MAX };
	struct env *e = env_create(test);
	struct env_srq *s = env_srq(e, 8);
	struct ib_qp *qp = srq_qp(e, s), *other = srq_qp(e, s);
	int i;

	for (i = 0; i < ARRAY_SIZE(wild); i++) {
		KUNIT_ASSERT_EQ(test, post(s, 1), 0);
		KUNIT_ASSERT_EQ(test, post(s, 2), 0);
		entry(s, 0)->dma.num_sge = wild[i];
		KUNIT_EXPECT_EQ(test, receive(qp), -EINVAL);
		env_expect_wc(e, e->rcq, 1, IB_WC_LOC_QP_OP_ERR);
		KUNIT_EXPECT_EQ(test, receive(other), 1);
		env_expect_wc(e, e->rcq, 2, IB_WC_SUCCESS);
	}
}

static void wild_indices_stay_in_the_ring(struct kunit *test)
{
	struct env *e = env_create(test);
	struct env_srq *s = env_srq(e, 8);
	struct ib_qp *qp = srq_qp(e, s);
	struct ndk_rwqe *wqe = kunit_kzalloc(test, sizeof(*wqe), GFP_KERNEL);
	struct ndk_queue *q;
	struct ndk_notify n;
	int i, resized = 0;

	KUNIT_ASSERT_NOT_NULL(test, wqe);
	ndk_notify_init(&n);
	for (i = 0; i < 200; i++) {
		q = to_ndk_srq(s->srq)->q;
		q->buf->producer_index = get_random_u32();
		q->buf->consumer_index = get_random_u32();
		q->buf->index_mask = get_random_u32();
		q->buf->log2_elem_size = get_random_u32();
		ndk_rq_take(to_ndk_qp(qp), wqe, &n);
		arm(s, 1 + i % 8);
		if (i % 16 == 0)
			resized += !resize(s, 8 << (i / 16 % 4));
	}
	ndk_notify_flush(&n);
	KUNIT_EXPECT_GT(test, resized, 0);
}

static void error_leaves_the_queue_to_the_others(struct kunit *test)
{
	struct env *e = env_create(test);
	struct env_srq *s = env_srq(e, 8);
	struct ib_qp *qp = srq_qp(e, s), *other = srq_qp(e, s);
	int i;

	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, post(s, i), 0);
	KUNIT_ASSERT_EQ(test, env_modify(qp, IB_QPS_ERR), 0);
	env_expect_no_wc(e, e->rcq);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->qp_events), 1);
	KUNIT_EXPECT_EQ(test, e->last_qp_event, IB_EVENT_QP_LAST_WQE_REACHED);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, receive(other), 1);
		env_expect_wc(e, e->rcq, i, IB_WC_SUCCESS);
	}
}

static void last_wqe_is_reached_once(struct kunit *test)
{
	struct env *e = env_create(test);
	struct env_srq *s = env_srq(e, 8);
	struct ib_qp *qp = srq_qp(e, s);

	/* a mock's error brings an event of its own */
	mock_fail(to_mock_qp(qp), IB_WC_RETRY_EXC_ERR);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->qp_events), 2);
	KUNIT_EXPECT_EQ(test, env_modify(qp, IB_QPS_ERR), 0);
	mock_flush(to_mock_qp(qp));
	KUNIT_EXPECT_EQ(test, atomic_read(&e->qp_events), 2);

	KUNIT_ASSERT_EQ(test, env_modify(qp, IB_QPS_RESET), 0);
	KUNIT_ASSERT_EQ(test, env_go_to(qp, IB_QPS_ERR), 0);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&e->qp_events), 3, "a new life, a new end");
}

static void qp_without_shared_queue_has_no_last_wqe(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 4);

	KUNIT_ASSERT_EQ(test, env_modify(qp, IB_QPS_ERR), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->qp_events), 0);
}

static void keys_are_those_of_the_queue(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_pd *pd = ib_alloc_pd(e->dev, 0), *own = e->pd;
	struct env_srq *s;
	struct ib_qp *qp;

	KUNIT_ASSERT_FALSE(test, IS_ERR(pd));
	e->pd = pd;
	s = env_srq(e, 8);
	e->pd = own;
	qp = srq_qp(e, s);
	KUNIT_EXPECT_PTR_EQ(test, ndk_rq_pd(to_ndk_qp(qp)), pd);
	KUNIT_EXPECT_PTR_EQ(test, ndk_rq_pd(to_ndk_qp(env_qp(e, 4))), own);
	/* in the order their use allows, before the test's own end */
	kunit_release_action(test, destroy_srq_qp_action, qp);
	kunit_release_action(test, destroy_srq_action, s->srq);
	ib_dealloc_pd(pd);
}

static void queue_in_use_stays(struct kunit *test)
{
	struct env *e = env_create(test);
	struct env_srq *s = env_srq(e, 8);

	srq_qp(e, s);
	KUNIT_EXPECT_EQ(test, ib_destroy_srq_user(s->srq, NULL), -EBUSY);
	KUNIT_EXPECT_EQ(test, post(s, 1), 0);
}

/* ---- everything at once ---- */

#define IDS	30000

struct load {
	struct env_srq *s;
	unsigned long *seen;
	atomic_t left;
	atomic_t twice;
	atomic_t disorder;
	u32 arms;
	u32 resized;
};

struct taker {
	struct load *l;
	struct ndk_qp *qp;
	struct ndk_rwqe wqe;
};

/* One per QP, as the backend's lock would have it. */
static int taker_main(void *arg)
{
	struct taker *t = arg;
	struct ndk_notify n;
	s64 last = -1;
	int got;

	ndk_notify_init(&n);
	while (atomic_read(&t->l->left) && !kthread_should_stop()) {
		local_bh_disable();
		got = ndk_rq_take(t->qp, &t->wqe, &n);
		local_bh_enable();
		ndk_notify_flush(&n);
		if (!got) {
			usleep_range(10, 30);
			continue;
		}
		if (got < 0 || t->wqe.wr_id >= IDS ||
		    test_and_set_bit(t->wqe.wr_id, t->l->seen))
			atomic_inc(&t->l->twice);
		if ((s64)t->wqe.wr_id <= last)
			atomic_inc(&t->l->disorder);
		last = t->wqe.wr_id;
		atomic_dec(&t->l->left);
	}
	return 0;
}

static int resizer_main(void *arg)
{
	static const u32 sizes[] = { 100, 8, MOCK_MAX_WR, 30 };
	struct load *l = arg;
	u32 i;

	for (i = 0; atomic_read(&l->left) && !kthread_should_stop(); i++) {
		l->resized += !resize(l->s, sizes[i % ARRAY_SIZE(sizes)]);
		usleep_range(20, 200);
	}
	return 0;
}

static int armer_main(void *arg)
{
	struct load *l = arg;
	struct ib_srq_attr attr;

	while (atomic_read(&l->left) && !kthread_should_stop()) {
		if (!ib_query_srq(l->s->srq, &attr) && !attr.srq_limit)
			l->arms += !arm(l->s, 5);
		usleep_range(10, 50);
	}
	return 0;
}

static struct task_struct *start(struct kunit *test, int (*fn)(void *), void *arg)
{
	struct task_struct *t = kthread_create(fn, arg, "ndk-srq");

	KUNIT_ASSERT_FALSE(test, IS_ERR(t));
	get_task_struct(t);
	wake_up_process(t);
	return t;
}

static void post_all(struct kunit *test, struct load *l)
{
	u64 id = 0;
	int patience = 200000, err;

	while (id < IDS && patience) {
		err = post(l->s, id);
		if (!err)
			id++;
		else
			usleep_range(20, 50);
		patience -= !!err;
	}
	KUNIT_EXPECT_EQ_MSG(test, id, IDS, "takers are stuck");
	for (; patience && atomic_read(&l->left); patience--)
		usleep_range(20, 50);
}

static void finish(struct task_struct *t)
{
	kthread_stop(t);
	put_task_struct(t);
}

static void takers_posters_and_resizes_at_once(struct kunit *test)
{
	struct load *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	struct taker *t = kunit_kcalloc(test, QPS, sizeof(*t), GFP_KERNEL);
	struct env *e = env_create(test);
	struct task_struct *tasks[QPS + 2];
	int i;

	KUNIT_ASSERT_NOT_NULL(test, l);
	KUNIT_ASSERT_NOT_NULL(test, t);
	l->s = env_srq(e, 64);
	l->seen = kunit_kcalloc(test, BITS_TO_LONGS(IDS), sizeof(long), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, l->seen);
	atomic_set(&l->left, IDS);
	for (i = 0; i < QPS; i++) {
		t[i].l = l;
		t[i].qp = to_ndk_qp(srq_qp(e, l->s));
	}
	for (i = 0; i < QPS; i++)
		tasks[i] = start(test, taker_main, &t[i]);
	tasks[i++] = start(test, resizer_main, l);
	tasks[i++] = start(test, armer_main, l);
	post_all(test, l);
	while (i)
		finish(tasks[--i]);

	KUNIT_EXPECT_EQ(test, atomic_read(&l->left), 0);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&l->twice), 0, "taken twice, or never posted");
	KUNIT_EXPECT_EQ(test, atomic_read(&l->disorder), 0);
	KUNIT_EXPECT_TRUE_MSG(test, bitmap_full(l->seen, IDS), "some were lost");
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&l->s->limits),
			    l->arms - !!query(e, l->s).srq_limit, "one event per arming");
	KUNIT_EXPECT_GT(test, l->arms, 1);
	KUNIT_EXPECT_GT(test, l->resized, 1);
	kunit_info(test, "%u armings, %u resizes", l->arms, l->resized);
}

static struct kunit_case provider_srq_cases[] = {
	KUNIT_CASE_PARAM(a_queue_is_as_large_as_asked_for, create_gen_params),
	KUNIT_CASE(other_kinds_of_queue_are_not_supported),
	KUNIT_CASE(qps_take_in_the_order_of_posting),
	KUNIT_CASE(posts_are_refused_where_they_belong_elsewhere),
	KUNIT_CASE(a_full_queue_is_an_error),
	KUNIT_CASE(limit_event_comes_once),
	KUNIT_CASE(every_arming_has_its_event),
	KUNIT_CASE(disarmed_limit_is_silent),
	KUNIT_CASE(bad_attributes_change_nothing),
	KUNIT_CASE(resize_keeps_what_waits),
	KUNIT_CASE(bad_entry_fails_one_qp_only),
	KUNIT_CASE(wild_indices_stay_in_the_ring),
	KUNIT_CASE(error_leaves_the_queue_to_the_others),
	KUNIT_CASE(last_wqe_is_reached_once),
	KUNIT_CASE(qp_without_shared_queue_has_no_last_wqe),
	KUNIT_CASE(keys_are_those_of_the_queue),
	KUNIT_CASE(queue_in_use_stays),
	KUNIT_CASE_SLOW(takers_posters_and_resizes_at_once),
	{}
};

static struct kunit_suite provider_srq_suite = {
	.name = "ndk_provider_srq",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.test_cases = provider_srq_cases,
};

kunit_test_suite(provider_srq_suite);
