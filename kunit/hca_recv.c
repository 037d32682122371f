// SPDX-License-Identifier: GPL-2.0
/*
 * The stacked backend's receive side, with and without a shared queue.
 */
#include "hca_env.h"

#define SRQ_DEPTH	16

static u32 lower_has(struct low_qp *low)
{
	return low->rq_head - low->rq_tail;
}

static void receives_go_down_at_once(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_qp_new(e, IB_QPT_RC, NULL);
	u64 i;

	KUNIT_ASSERT_EQ(test, hca_go_to(qp, IB_QPS_INIT), 0);
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, hca_post_recv(qp, i), 0);
	KUNIT_EXPECT_EQ(test, lower_has(hca_low_qp(qp)), 3);
	KUNIT_EXPECT_EQ(test, hca_stat(e, NDK_STAT_LOWER_RECVS), 3);
}

static void receives_complete_in_order(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct low_qp *low = hca_low_qp(qp);
	u64 i;

	ib_req_notify_cq(e->rcq->cq, IB_CQ_NEXT_COMP);
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, hca_post_recv(qp, 10 + i), 0);
	low_receive(low, 3);
	for (i = 0; i < 3; i++)
		hca_expect_wc(e, e->rcq, 10 + i, IB_WC_SUCCESS);
	hca_expect_no_wc(e, e->rcq);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->rcq->fired), 1);
	KUNIT_EXPECT_FALSE(test, e->rcq->locked);
}

/* More than the queue holds, again and again: slots are found again. */
static void receives_around_the_ring(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct low_qp *low = hca_low_qp(qp);
	u64 id, done = 0;

	for (id = 0; id < 100; id++) {
		KUNIT_ASSERT_EQ(test, hca_post_recv(qp, id), 0);
		if (id % 3)
			continue;
		low_receive(low, 16);
		while (done <= id)
			hca_expect_wc(e, e->rcq, done++, IB_WC_SUCCESS);
	}
}

static void receive_completed_twice(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct low_qp *low = hca_low_qp(qp);

	KUNIT_ASSERT_EQ(test, hca_post_recv(qp, 1), 0);
	low_receive(low, 1);
	low_complete_again(low);
	hca_expect_wc(e, e->rcq, 1, IB_WC_SUCCESS);
	hca_expect_no_wc(e, e->rcq);
	KUNIT_EXPECT_EQ(test, hca_stat(e, NDK_STAT_LOWER_STRAY), 1);
}

static void post_by_irq(struct irq_work *work);

struct late_post {
	struct irq_work work;
	struct ib_qp *qp;
	int err;
};

static void post_by_irq(struct irq_work *work)
{
	struct late_post *p = container_of(work, struct late_post, work);

	p->err = hca_post_recv(p->qp, 5);
}

static bool has_one(void *arg)
{
	return lower_has(arg) == 1;
}

static void receive_posted_in_hard_irq(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct late_post p = { .qp = hca_rts_qp(e) };

	init_irq_work(&p.work, post_by_irq);
	irq_work_queue(&p.work);
	irq_work_sync(&p.work);
	KUNIT_EXPECT_EQ(test, p.err, 0);
	KUNIT_EXPECT_TRUE(test, hca_soon(has_one, hca_low_qp(p.qp)));
}

static void on_srq_event(struct ib_event *ev, void *arg)
{
	struct hca_env *e = arg;

	if (ev->event == IB_EVENT_SRQ_LIMIT_REACHED)
		atomic_inc(&e->srq_events);
}

KUNIT_DEFINE_ACTION_WRAPPER(destroy_srq_action, ib_destroy_srq, struct ib_srq *);

static struct ib_srq *new_srq(struct hca_env *e)
{
	struct ib_srq_init_attr init = {
		.event_handler = on_srq_event,
		.srq_context = e,
		.attr = { .max_wr = SRQ_DEPTH, .max_sge = 1 },
		.srq_type = IB_SRQT_BASIC,
	};
	struct ib_srq *srq = ib_create_srq(e->pd, &init);

	KUNIT_ASSERT_FALSE_MSG(e->test, IS_ERR(srq), "ib_create_srq: %pe", srq);
	KUNIT_ASSERT_EQ(e->test, kunit_add_action_or_reset(e->test, destroy_srq_action, srq), 0);
	return srq;
}

static int post_srq(struct ib_srq *srq, u64 id)
{
	struct ib_recv_wr wr = { .wr_id = id };
	const struct ib_recv_wr *bad;

	return ib_post_srq_recv(srq, &wr, &bad);
}

static struct ib_qp *srq_qp(struct hca_env *e, struct ib_srq *srq)
{
	struct ib_qp *qp = hca_qp_new(e, IB_QPT_RC, srq);

	KUNIT_ASSERT_EQ(e->test, hca_go_to(qp, IB_QPS_RTS), 0);
	return qp;
}

static void shared_receives_serve_any_qp(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_srq *srq = new_srq(e);
	struct ib_qp *a = srq_qp(e, srq), *b = srq_qp(e, srq);
	u64 i;

	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, post_srq(srq, i), 0);
	low_receive(hca_low_qp(b), 1);
	hca_expect_wc(e, e->rcq, 0, IB_WC_SUCCESS);
	low_receive(hca_low_qp(a), 2);
	hca_expect_wc(e, e->rcq, 1, IB_WC_SUCCESS);
	hca_expect_wc(e, e->rcq, 2, IB_WC_SUCCESS);
	hca_expect_no_wc(e, e->rcq);
}

static bool limit_was_reached(void *arg)
{
	return atomic_read(&((struct hca_env *)arg)->srq_events);
}

static void limit_is_the_lower_queues(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_srq *srq = new_srq(e);
	struct ib_qp *qp = srq_qp(e, srq);
	struct ib_srq_attr attr = { .srq_limit = 3 };
	u64 i;

	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, post_srq(srq, i), 0);
	KUNIT_ASSERT_EQ(test, ib_modify_srq(srq, &attr, IB_SRQ_LIMIT), 0);
	low_receive(hca_low_qp(qp), 1);
	hca_expect_wc(e, e->rcq, 0, IB_WC_SUCCESS);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->srq_events), 0);
	low_receive(hca_low_qp(qp), 1);
	KUNIT_EXPECT_TRUE(test, hca_soon(limit_was_reached, e));
	low_receive(hca_low_qp(qp), 1);
	hca_expect_wc(e, e->rcq, 1, IB_WC_SUCCESS);
	hca_expect_wc(e, e->rcq, 2, IB_WC_SUCCESS);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&e->srq_events), 1, "once per arming");
}

static void shared_queue_keeps_its_size(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_srq *srq = new_srq(e);
	struct ib_srq_attr attr = { .max_wr = 2 * SRQ_DEPTH };

	KUNIT_EXPECT_EQ(test, ib_modify_srq(srq, &attr, IB_SRQ_MAX_WR), -EOPNOTSUPP);
}

static bool last_wqe_was_reached(void *arg)
{
	return test_bit(IB_EVENT_QP_LAST_WQE_REACHED, &((struct hca_env *)arg)->qp_events);
}

static void last_receive_reached(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_srq *srq = new_srq(e);
	struct ib_qp *qp = srq_qp(e, srq);

	KUNIT_ASSERT_EQ(test, post_srq(srq, 0), 0);
	hca_to_error(qp);
	KUNIT_EXPECT_TRUE(test, hca_soon(last_wqe_was_reached, e));
	/* it stays for others */
	hca_expect_no_wc(e, e->rcq);
	low_receive(hca_low_qp(srq_qp(e, srq)), 1);
	hca_expect_wc(e, e->rcq, 0, IB_WC_SUCCESS);
}

/* What a QP has completed and nobody polled is not lost for the shared queue. */
static void destroyed_qps_give_back_their_slots(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_srq *srq = new_srq(e);
	struct hca_srq *s = to_ndk_srq(srq)->priv;
	u32 round;

	for (round = 0; round < 2 * SRQ_DEPTH; round++) {
		struct ib_qp *qp = srq_qp(e, srq);

		KUNIT_ASSERT_EQ(test, post_srq(srq, round), 0);
		KUNIT_ASSERT_EQ_MSG(test, s->rq.used, 1, "round %u", round);
		low_receive(hca_low_qp(qp), 1);
		hca_expect_wc(e, e->rcq, round, IB_WC_SUCCESS);
		hca_to_error(qp);
	}
	KUNIT_EXPECT_EQ(test, s->rq.used, 0);
}

static void qp_events_come_up(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	int i;

	low_qp_event(hca_low_qp(qp), IB_EVENT_COMM_EST);
	low_qp_event(hca_low_qp(qp), IB_EVENT_QP_ACCESS_ERR);
	for (i = 0; i < 1000 && READ_ONCE(e->qp_events) !=
	     (BIT(IB_EVENT_COMM_EST) | BIT(IB_EVENT_QP_ACCESS_ERR)); i++)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, e->qp_events, BIT(IB_EVENT_COMM_EST) | BIT(IB_EVENT_QP_ACCESS_ERR));
	KUNIT_EXPECT_EQ(test, hca_state(qp), IB_QPS_ERR);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(receives_go_down_at_once),
	KUNIT_CASE(receives_complete_in_order),
	KUNIT_CASE(receives_around_the_ring),
	KUNIT_CASE(receive_completed_twice),
	KUNIT_CASE(receive_posted_in_hard_irq),
	KUNIT_CASE(shared_receives_serve_any_qp),
	KUNIT_CASE(limit_is_the_lower_queues),
	KUNIT_CASE(shared_queue_keeps_its_size),
	KUNIT_CASE(last_receive_reached),
	KUNIT_CASE(destroyed_qps_give_back_their_slots),
	KUNIT_CASE(qp_events_come_up),
	{}
};

static struct kunit_suite suite = {
	.name = "ndk_hca_recv",
	.suite_init = hca_suite_init,
	.suite_exit = hca_suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
