// SPDX-License-Identifier: GPL-2.0
/*
 * R-NDK-19 to R-NDK-32: what a close waits for, and that it is the last word. What
 * is about connectors and listeners is in rules_connect.c and rules_peer.c, races
 * are in rules_stress.c.
 */
#include <linux/delay.h>
#include <linux/workqueue.h>

#include "rules_suite.h"

/*
 * Closes @first, sees that it waits, then closes @second and sees both end: the
 * close callback of the one that depends on the other comes, and returns, first.
 */
static void second_ends_first(struct renv *e, struct ndk_object *first,
			      struct ndk_object *second)
{
	struct call *one = call_new(e), *two = call_new(e);
	struct kunit *test = e->test;
	int ret;

	robj_forget(e, first);
	robj_forget(e, second);
	KUNIT_ASSERT_EQ(test, robj_close(first, call_closed, one), -EINPROGRESS);
	renv_settle(e);
	KUNIT_EXPECT_FALSE_MSG(test, call_is_over(one), "something still depends on it");
	ret = robj_close(second, call_closed, two);
	KUNIT_EXPECT_EQ(test, call_wait(two, ret), 0);
	KUNIT_EXPECT_EQ(test, call_wait(one, -EINPROGRESS), 0);
	if (ret == -EINPROGRESS)
		KUNIT_EXPECT_GT(test, one->began, two->ended);
}

static struct ndk_object *a_qp(struct renv *e)
{
	return ndk_obj(rqp_new(e, 4)->qp);
}

static struct ndk_object *a_fast_mr(struct renv *e)
{
	return ndk_obj(rmr_new(e, 2, true));
}

static struct ndk_object *an_mr(struct renv *e)
{
	return ndk_obj(rmr_registered(e, rmem_new(e, 0, PAGE_SIZE),
				      NDK_MR_FLAG_ALLOW_LOCAL_WRITE));
}

static struct ndk_object *an_mw(struct renv *e)
{
	return ndk_obj(rmw_new(e));
}

static struct ndk_object *an_srq(struct renv *e)
{
	return ndk_obj(rsrq_new(e, 4, 0, NULL, NULL));
}

struct child {
	const char *desc;
	struct ndk_object *(*make)(struct renv *e);
};

static const struct child children[] = {
	{ "QP", a_qp },
	{ "fast-register MR", a_fast_mr },
	{ "MR", an_mr },
	{ "MW", an_mw },
	{ "SRQ", an_srq },
};

KUNIT_ARRAY_PARAM_DESC(child, children, desc);

static void r_ndk_19_pd_close_waits_for_its_children(struct kunit *test)
{
	const struct child *c = test->param_value;
	struct renv *e = rules(test);

	second_ends_first(e, ndk_obj(e->pd), c->make(e));
}

static void r_ndk_19_pd_close_waits_for_the_last_child(struct kunit *test)
{
	struct ndk_object *o[ARRAY_SIZE(children)];
	struct renv *e = rules(test);
	struct call *pd = call_new(e);
	int i;

	for (i = 0; i < ARRAY_SIZE(children); i++)
		o[i] = children[i].make(e);
	robj_forget(e, ndk_obj(e->pd));
	KUNIT_ASSERT_EQ(test, ndk_close_pd(e->pd, call_closed, pd), -EINPROGRESS);
	for (i = 0; i < ARRAY_SIZE(children); i++) {
		renv_settle(e);
		KUNIT_EXPECT_FALSE_MSG(test, call_is_over(pd), "%d of them left",
				       (int)ARRAY_SIZE(children) - i);
		robj_close_now(e, o[i]);
	}
	KUNIT_EXPECT_EQ(test, call_wait(pd, -EINPROGRESS), 0);
}

static void r_ndk_20_receive_cq_close_waits_for_its_qp(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_new(e, 4);

	second_ends_first(e, ndk_obj(e->rcq->cq), ndk_obj(q->qp));
}

static void r_ndk_20_initiator_cq_close_waits_for_its_qp(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, 4);

	second_ends_first(e, ndk_obj(e->scq->cq), ndk_obj(q->qp));
}

static void r_ndk_20_one_cq_for_both_queues(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_on(e, 4, e->scq, e->scq);

	second_ends_first(e, ndk_obj(e->scq->cq), ndk_obj(q->qp));
}

static void r_ndk_21_srq_close_waits_for_its_qp(struct kunit *test)
{
	struct renv *e = rules(test);
	struct ndk_ksrq *srq = rsrq_new(e, 4, 0, NULL, NULL);
	struct rqp *q = rqp_with_srq(e, 4, srq);

	second_ends_first(e, ndk_obj(srq), ndk_obj(q->qp));
}

static struct ndk_kmw *bound(struct renv *e, struct rqp *q, struct ndk_kmr *mr, struct rmem *mem)
{
	struct ndk_kmw *mw = rmw_new(e);

	KUNIT_ASSERT_EQ(e->test, ndk_bind(q->qp, ID(1), mr, mw, (uintptr_t)mem->va, PAGE_SIZE,
					  NDK_OP_FLAG_ALLOW_REMOTE_READ), 0);
	rexpect_ex(e, q->scq, ID(1), 0, NDK_OPERATION_BIND, NULL);
	return mw;
}

static void r_ndk_23_mr_close_waits_for_windows(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, 4);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_registered(e, mem, NDK_MR_FLAG_ALLOW_LOCAL_WRITE);
	struct ndk_kmw *mw = bound(e, q, mr, mem);

	second_ends_first(e, ndk_obj(mr), ndk_obj(mw));
}

static void r_ndk_23_invalidating_the_window_is_enough(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, 4);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_registered(e, mem, NDK_MR_FLAG_ALLOW_LOCAL_WRITE);
	struct ndk_kmw *mw = bound(e, q, mr, mem);
	struct call *c = call_new(e);

	robj_forget(e, ndk_obj(mr));
	KUNIT_ASSERT_EQ(test, ndk_close_mr(mr, call_closed, c), -EINPROGRESS);
	renv_settle(e);
	KUNIT_EXPECT_FALSE(test, call_is_over(c));
	KUNIT_EXPECT_EQ(test, ndk_invalidate(q->qp, ID(2), ndk_obj(mw), 0), 0);
	rexpect(e, q->scq, ID(2), 0);
	KUNIT_EXPECT_EQ(test, call_wait(c, -EINPROGRESS), 0);
}

static void deregistering_with_a_window_is_refused(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, 4);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_registered(e, mem, NDK_MR_FLAG_ALLOW_LOCAL_WRITE);
	struct ndk_kmw *mw = bound(e, q, mr, mem);
	struct call *c = call_new(e);

	KUNIT_EXPECT_EQ(test, call_wait(c, ndk_deregister_mr(mr, call_done, c)), -EBUSY);
	/* and the window stays what it was */
	KUNIT_EXPECT_EQ(test, ndk_invalidate(q->qp, ID(2), ndk_obj(mw), 0), 0);
	rexpect(e, q->scq, ID(2), 0);
	call_init(c, e);
	KUNIT_EXPECT_EQ(test, call_wait(c, ndk_deregister_mr(mr, call_done, c)), 0);
}

/* ---- order of callbacks ---- */

/* A successor's close callback that takes its time. */
static void dawdle(struct call *c)
{
	mdelay(20);
}

static void antecedent_waits_for_a_slow_callback(struct renv *e, struct ndk_object *first,
						 struct ndk_object *second)
{
	struct call *one = call_new(e), *two = call_new(e);
	int ret;

	robj_forget(e, first);
	robj_forget(e, second);
	two->inside = dawdle;
	ret = robj_close(second, call_closed, two);
	KUNIT_ASSERT_EQ(e->test, ret, -EINPROGRESS);
	ret = robj_close(first, call_closed, one);
	KUNIT_EXPECT_EQ(e->test, call_wait(one, ret), 0);
	KUNIT_EXPECT_EQ(e->test, call_wait(two, -EINPROGRESS), 0);
	KUNIT_EXPECT_GT_MSG(e->test, one->began, two->ended,
			    "the successor's callback had not returned");
}

static void r_ndk_26_after_the_successors_callback_has_returned(struct kunit *test)
{
	const struct child *c = test->param_value;
	struct renv *e = rules(test);

	antecedent_waits_for_a_slow_callback(e, ndk_obj(e->pd), c->make(e));
}

static void r_ndk_26_the_cq_after_its_qp(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_new(e, 4);

	antecedent_waits_for_a_slow_callback(e, ndk_obj(e->scq->cq), ndk_obj(q->qp));
}

/* ---- the adapter ---- */

struct closer {
	struct work_struct work;
	struct ndk_adapter *adapter;
	struct completion closed;
};

static void close_adapter(struct work_struct *work)
{
	struct closer *c = container_of(work, struct closer, work);

	ndk_close_adapter(c->adapter);
	complete(&c->closed);
}

static void r_ndk_27_adapter_close_waits_for_every_callback(struct kunit *test)
{
	struct renv *e = rules(test);
	struct closer *closer = kunit_kzalloc(test, sizeof(*closer), GFP_KERNEL);
	struct call *c = call_new(e);
	struct ndk_kpd *pd;

	KUNIT_ASSERT_NOT_NULL(test, closer);
	closer->adapter = renv_open_another(e);
	/* closed by the work item */
	renv_adopt_adapter(e, closer->adapter);
	pd = rpd_new(e, closer->adapter);
	robj_forget(e, ndk_obj(pd));
	init_completion(&closer->closed);
	INIT_WORK(&closer->work, close_adapter);
	schedule_work(&closer->work);
	KUNIT_EXPECT_EQ_MSG(test, wait_for_completion_timeout(&closer->closed, HZ / 10), 0,
			    "a PD is open");
	c->inside = dawdle;
	KUNIT_ASSERT_EQ(test, ndk_close_pd(pd, call_closed, c), -EINPROGRESS);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&closer->closed, RULES_WAIT), 0);
	KUNIT_EXPECT_NE_MSG(test, READ_ONCE(c->ended), 0, "the callback had not returned");
	flush_work(&closer->work);
}

/* ---- notifications ---- */

static void notify_dawdle(struct rcq *c)
{
	atomic_inc((atomic_t *)c->arg);
	mdelay(20);
}

static void r_ndk_29_cq_close_waits_for_a_running_notification(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, 4);
	struct call *c = call_new(e);
	atomic_t started = ATOMIC_INIT(0);
	int at_close;

	e->scq->on_fire = notify_dawdle;
	e->scq->arg = &started;
	ndk_arm_cq(e->scq->cq, NDK_CQ_NOTIFY_ANY);
	KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(1), 0), 0);
	rwait_for(e, &started, 1);
	robj_close_now(e, ndk_obj(q->qp));
	robj_forget(e, ndk_obj(e->scq->cq));
	KUNIT_ASSERT_EQ(test, call_wait(c, ndk_close_cq(e->scq->cq, call_closed, c)), 0);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&e->scq->inside), 0, "the notification runs");
	at_close = atomic_read(&e->scq->fired);
	KUNIT_EXPECT_EQ(test, at_close, 1);
	renv_settle(e);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->scq->fired), at_close);
}

static void r_ndk_29_an_armed_cq_that_is_closed_does_not_fire(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, 4);
	struct call *c = call_new(e);

	q->m->hold = true;
	KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(1), 0), 0);
	robj_close_now(e, ndk_obj(q->qp));
	renv_settle(e);
	/* taken out, so that the arm below has nothing to fire for */
	while (ndk_get_cq_results(e->scq->cq, &(struct ndk_result){ }, 1))
		;
	ndk_arm_cq(e->scq->cq, NDK_CQ_NOTIFY_ERRORS);
	robj_forget(e, ndk_obj(e->scq->cq));
	KUNIT_ASSERT_EQ(test, call_wait(c, ndk_close_cq(e->scq->cq, call_closed, c)), 0);
	renv_settle(e);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->scq->fired), 0);
}

/* ---- what is being closed still works for others ---- */

static void r_ndk_30_closing_antecedents_still_serve(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, 8);
	struct ndk_object *going[] = { ndk_obj(e->pd), ndk_obj(e->rcq->cq) };
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_new(e, 1, true);
	struct call *c[ARRAY_SIZE(going)];
	int i;

	for (i = 0; i < ARRAY_SIZE(going); i++) {
		c[i] = call_new(e);
		robj_forget(e, going[i]);
		KUNIT_ASSERT_EQ(test, robj_close(going[i], call_closed, c[i]), -EINPROGRESS);
	}
	KUNIT_EXPECT_EQ(test, rreg(q, ID(1), mr, mem, 0), 0);
	rexpect(e, q->scq, ID(1), 0);
	KUNIT_EXPECT_EQ(test, ndk_receive(q->qp, ID(2), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, mock_receive(q->m, 0, false), 1);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(3), DEFERRED), 0);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(4), 0), 0);
	rexpect(e, q->scq, ID(3), 0);
	rexpect(e, q->scq, ID(4), 0);
	for (i = 0; i < ARRAY_SIZE(going); i++)
		KUNIT_EXPECT_FALSE(test, call_is_over(c[i]));
	robj_close_now(e, ndk_obj(mr));
	robj_close_now(e, ndk_obj(q->qp));
	for (i = 0; i < ARRAY_SIZE(going); i++)
		KUNIT_EXPECT_EQ(test, call_wait(c[i], -EINPROGRESS), 0);
}

/* ---- results of what is gone ---- */

static void r_ndk_31_results_of_a_closed_qp(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, 8), *other = rqp_joined(e, 8);
	struct ndk_result_ex r = { };
	u32 i, seen = 0;

	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(i), 0), 0);
	q->m->hold = true;
	KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(4), 0), 0);
	robj_close_now(e, ndk_obj(q->qp));
	KUNIT_ASSERT_EQ(test, rwrite(e, other, ID(90), 0), 0);

	/* four that were done, the fifth cancelled, then the other queue pair's */
	while (ndk_get_cq_results_ex(e->scq->cq, &r, 1)) {
		if (r.qp_context == other)
			break;
		KUNIT_EXPECT_PTR_EQ(test, r.qp_context, (void *)q);
		KUNIT_EXPECT_PTR_EQ(test, r.request_context, ID(seen));
		KUNIT_EXPECT_EQ(test, r.status, seen < 4 ? 0 : -ECANCELED);
		seen++;
	}
	KUNIT_EXPECT_GE_MSG(test, seen, 4, "what was done before the close");
	KUNIT_EXPECT_PTR_EQ(test, r.request_context, ID(90));
}

static void r_ndk_31_receives_of_a_closed_qp(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, 8);
	struct ndk_result_ex r = { };

	KUNIT_ASSERT_EQ(test, ndk_receive(q->qp, ID(7), NULL, 0), 0);
	KUNIT_ASSERT_EQ(test, mock_receive(q->m, 11, false), 1);
	robj_close_now(e, ndk_obj(q->qp));
	KUNIT_ASSERT_EQ(test, ndk_get_cq_results_ex(e->rcq->cq, &r, 1), 1);
	KUNIT_EXPECT_PTR_EQ(test, r.qp_context, (void *)q);
	KUNIT_EXPECT_PTR_EQ(test, r.request_context, ID(7));
	KUNIT_EXPECT_EQ(test, r.status, 0);
	KUNIT_EXPECT_EQ(test, r.bytes_transferred, 11);
}

/* ---- the close callback is the last ---- */

static void r_ndk_32_nothing_after_the_close_callback(struct kunit *test)
{
	struct renv *e = rules(test);
	struct ndk_kmr *mr = rmr_new(e, 0, false);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_mdl mdl = { .virtual_address = (uintptr_t)mem->va };
	struct call *request = call_new(e), *close = call_new(e);

	robj_forget(e, ndk_obj(mr));
	/* closed while the request pends */
	request->inside = dawdle;
	KUNIT_ASSERT_EQ(test, ndk_register_mr(mr, &mdl, PAGE_SIZE, 0, call_done, request),
			-EINPROGRESS);
	KUNIT_ASSERT_EQ(test, ndk_close_mr(mr, call_closed, close), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, call_wait(close, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&request->calls), 1, "the request was not ended");
	KUNIT_EXPECT_GT(test, close->began, request->ended);
	renv_settle(e);
	KUNIT_EXPECT_EQ(test, atomic_read(&request->calls), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&close->calls), 1);
}

static struct kunit_case rules_close_cases[] = {
	KUNIT_CASE_PARAM(r_ndk_19_pd_close_waits_for_its_children, child_gen_params),
	KUNIT_CASE(r_ndk_19_pd_close_waits_for_the_last_child),
	KUNIT_CASE(r_ndk_20_receive_cq_close_waits_for_its_qp),
	KUNIT_CASE(r_ndk_20_initiator_cq_close_waits_for_its_qp),
	KUNIT_CASE(r_ndk_20_one_cq_for_both_queues),
	KUNIT_CASE(r_ndk_21_srq_close_waits_for_its_qp),
	KUNIT_CASE(r_ndk_23_mr_close_waits_for_windows),
	KUNIT_CASE(r_ndk_23_invalidating_the_window_is_enough),
	KUNIT_CASE(deregistering_with_a_window_is_refused),
	KUNIT_CASE_PARAM(r_ndk_26_after_the_successors_callback_has_returned, child_gen_params),
	KUNIT_CASE(r_ndk_26_the_cq_after_its_qp),
	KUNIT_CASE(r_ndk_27_adapter_close_waits_for_every_callback),
	KUNIT_CASE(r_ndk_29_cq_close_waits_for_a_running_notification),
	KUNIT_CASE(r_ndk_29_an_armed_cq_that_is_closed_does_not_fire),
	KUNIT_CASE(r_ndk_30_closing_antecedents_still_serve),
	KUNIT_CASE(r_ndk_31_results_of_a_closed_qp),
	KUNIT_CASE(r_ndk_31_receives_of_a_closed_qp),
	KUNIT_CASE(r_ndk_32_nothing_after_the_close_callback),
	{}
};

static struct kunit_suite rules_close_suite = {
	.name = "ndk_rules_close",
	.test_cases = rules_close_cases,
};

kunit_test_suite(rules_close_suite);
