// SPDX-License-Identifier: GPL-2.0
/*
 * R-NDK-85 to R-NDK-93 and R-NDK-97: notifications. Races are in rules_stress.c.
 */
#include "rules_suite.h"

#define DEPTH		32

/* A queue pair whose two queues complete to one CQ of its own. */
static struct rqp *alone(struct renv *e, u32 depth)
{
	struct rcq *cq = rcq_new(e, 4 * depth);
	struct rqp *q = rqp_on(e, depth, cq, cq);

	rqp_join(e, q, q);
	return q;
}

static void write_one(struct renv *e, struct rqp *q)
{
	KUNIT_ASSERT_EQ(e->test, rwrite(e, q, ID(1), 0), 0);
}

static void receive_one(struct renv *e, struct rqp *q, bool solicited)
{
	KUNIT_ASSERT_EQ(e->test, ndk_receive(q->qp, ID(2), NULL, 0), 0);
	KUNIT_ASSERT_EQ(e->test, mock_receive(q->m, 0, solicited), 1);
}

/* Notifications so far, all that are due having come. */
static int fired(struct renv *e, struct rcq *c)
{
	renv_settle(e);
	return atomic_read(&c->fired);
}

static void r_ndk_85_none_without_an_arm(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = alone(e, DEPTH);

	write_one(e, q);
	receive_one(e, q, true);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 0);
}

static void r_ndk_85_one_per_arm(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = alone(e, DEPTH);
	int i;

	ndk_arm_cq(q->scq->cq, NDK_CQ_NOTIFY_ANY);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 0);
	for (i = 0; i < 5; i++) {
		write_one(e, q);
		KUNIT_EXPECT_EQ(test, fired(e, q->scq), 1);
	}
	KUNIT_EXPECT_EQ(test, q->scq->status, 0);
}

static void r_ndk_85_by_the_receive_queue_too(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);

	ndk_arm_cq(e->scq->cq, NDK_CQ_NOTIFY_ANY);
	ndk_arm_cq(e->rcq->cq, NDK_CQ_NOTIFY_ANY);
	receive_one(e, q, false);
	KUNIT_EXPECT_EQ(test, fired(e, e->rcq), 1);
	KUNIT_EXPECT_EQ_MSG(test, fired(e, e->scq), 0, "another queue's");
}

/* ---- merging ---- */

struct merge {
	const char *desc;
	enum ndk_cq_notify_type first;
	enum ndk_cq_notify_type second;
	enum ndk_cq_notify_type result;
};

#define MERGE(a, b, c)							\
	{ #a " then " #b, NDK_CQ_NOTIFY_##a, NDK_CQ_NOTIFY_##b, NDK_CQ_NOTIFY_##c }

static const struct merge merges[] = {
	MERGE(ANY, ANY, ANY),
	MERGE(ANY, ERRORS, ANY),
	MERGE(ANY, SOLICITED, ANY),
	MERGE(ERRORS, ANY, ANY),
	MERGE(ERRORS, ERRORS, ERRORS),
	MERGE(ERRORS, SOLICITED, SOLICITED),
	MERGE(SOLICITED, ANY, ANY),
	MERGE(SOLICITED, ERRORS, SOLICITED),
	MERGE(SOLICITED, SOLICITED, SOLICITED),
};

KUNIT_ARRAY_PARAM_DESC(merge, merges, desc);

static void r_ndk_86_arms_merge(struct kunit *test)
{
	const struct merge *m = test->param_value;
	struct renv *e = rules(test);
	struct rqp *q = alone(e, DEPTH);

	ndk_arm_cq(q->scq->cq, m->first);
	ndk_arm_cq(q->scq->cq, m->second);
	write_one(e, q);
	receive_one(e, q, false);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), m->result == NDK_CQ_NOTIFY_ANY);
	receive_one(e, q, true);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), m->result != NDK_CQ_NOTIFY_ERRORS);
}

/* The one that was satisfied is not there to merge with. */
static void r_ndk_86_a_satisfied_arm_is_gone(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = alone(e, DEPTH);

	ndk_arm_cq(q->scq->cq, NDK_CQ_NOTIFY_ANY);
	write_one(e, q);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 1);
	ndk_arm_cq(q->scq->cq, NDK_CQ_NOTIFY_SOLICITED);
	write_one(e, q);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 1);
	receive_one(e, q, true);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 2);
}

/* ---- entries that are there already ---- */

static void r_ndk_87_entries_that_were_not_announced(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = alone(e, DEPTH);

	ndk_arm_cq(q->scq->cq, NDK_CQ_NOTIFY_ANY);
	write_one(e, q);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 1);
	write_one(e, q);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 1);
	ndk_arm_cq(q->scq->cq, NDK_CQ_NOTIFY_ANY);
	KUNIT_EXPECT_EQ_MSG(test, fired(e, q->scq), 2, "without another completion");
}

static void r_ndk_87_the_first_arm(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = alone(e, DEPTH);

	write_one(e, q);
	ndk_arm_cq(q->scq->cq, NDK_CQ_NOTIFY_ANY);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 1);
}

/* R-NDK-31 and R-NDK-87 together: the entries are in the queue, their QP is not. */
static void r_ndk_87_entries_of_a_closed_qp(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = alone(e, DEPTH);

	write_one(e, q);
	robj_close_now(e, ndk_obj(q->qp));
	ndk_arm_cq(q->scq->cq, NDK_CQ_NOTIFY_ANY);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 1);
	rexpect(e, q->scq, ID(1), 0);
}

/* Adds an entry and arms, while the first notification runs. */
static void rearm_inside(struct rcq *c)
{
	struct rqp *q = c->arg;

	if (atomic_read(&c->fired))
		return;
	rwrite(c->env, q, ID(7), 0);
	ndk_arm_cq(c->cq, NDK_CQ_NOTIFY_ANY);
}

static void r_ndk_89_armed_inside_the_notification(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = alone(e, DEPTH);

	q->scq->on_fire = rearm_inside;
	q->scq->arg = q;
	ndk_arm_cq(q->scq->cq, NDK_CQ_NOTIFY_ANY);
	write_one(e, q);
	rwait_for(e, &q->scq->fired, 2);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 2);
	KUNIT_EXPECT_FALSE(test, q->scq->nested);
}

/* What the consumer's callback is for: take everything, arm, return. */
static void drain_and_arm(struct rcq *c)
{
	struct ndk_result r[4];
	u32 got;

	while ((got = ndk_get_cq_results(c->cq, r, 4)))
		atomic_add(got, (atomic_t *)c->arg);
	ndk_arm_cq(c->cq, NDK_CQ_NOTIFY_ANY);
}

static void r_ndk_89_the_usual_callback(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = alone(e, DEPTH);
	atomic_t taken = ATOMIC_INIT(0);
	int i;

	q->scq->on_fire = drain_and_arm;
	q->scq->arg = &taken;
	ndk_arm_cq(q->scq->cq, NDK_CQ_NOTIFY_ANY);
	for (i = 0; i < 100; i++) {
		while (rwrite(e, q, ID(i), 0) == -ENOSPC)
			cond_resched();
	}
	rwait_for(e, &taken, 100);
	KUNIT_EXPECT_EQ(test, atomic_read(&taken), 100);
	KUNIT_EXPECT_FALSE(test, q->scq->nested);
	/* no callback may find the counter gone */
	robj_close_now(e, ndk_obj(q->qp));
	robj_close_now(e, ndk_obj(q->scq->cq));
}

/* ---- solicited, errors ---- */

static void r_ndk_90_solicited(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = alone(e, DEPTH);

	ndk_arm_cq(q->scq->cq, NDK_CQ_NOTIFY_SOLICITED);
	write_one(e, q);
	receive_one(e, q, false);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 0);
	receive_one(e, q, true);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 1);
}

static void r_ndk_90_an_error_of_the_initiator_queue(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);

	q->m->hold = true;
	ndk_arm_cq(e->scq->cq, NDK_CQ_NOTIFY_SOLICITED);
	KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(0), SILENT), 0);
	KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(1), 0), 0);
	mock_complete(q->m, 2);
	KUNIT_EXPECT_EQ(test, fired(e, e->scq), 0);
	KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(2), SILENT), 0);
	mock_fail(q->m, IB_WC_REM_ACCESS_ERR);
	KUNIT_EXPECT_EQ(test, fired(e, e->scq), 1);
}

static void r_ndk_90_an_error_of_the_receive_queue(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);

	ndk_arm_cq(e->rcq->cq, NDK_CQ_NOTIFY_SOLICITED);
	receive_one(e, q, false);
	KUNIT_ASSERT_EQ(test, ndk_receive(q->qp, ID(3), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, fired(e, e->rcq), 0);
	ndk_flush(q->qp);
	rwait_for(e, &e->rcq->fired, 1);
	KUNIT_EXPECT_EQ(test, fired(e, e->rcq), 1);
}

/* More completions than the queue has entries, whatever it was rounded up to. */
static struct rqp *overrun(struct renv *e, struct rcq *cq)
{
	struct rqp *q = rqp_on(e, 128, e->rcq, cq);
	int i;

	rqp_join(e, q, q);
	q->m->hold = true;
	for (i = 0; i < 128; i++)
		KUNIT_ASSERT_EQ(e->test, rwrite(e, q, ID(i), 0), 0);
	mock_complete(q->m, U32_MAX);
	return q;
}

static void r_ndk_91_errors_only(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = alone(e, DEPTH);
	struct rcq *small = rcq_new(e, 4);

	/* ordinary completions, solicited ones and errors of requests do not count */
	ndk_arm_cq(q->scq->cq, NDK_CQ_NOTIFY_ERRORS);
	write_one(e, q);
	receive_one(e, q, true);
	ndk_flush(q->qp);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 0);

	ndk_arm_cq(small->cq, NDK_CQ_NOTIFY_ERRORS);
	overrun(e, small);
	rwait_for(e, &small->fired, 1);
	KUNIT_EXPECT_EQ(test, small->status, -EOVERFLOW);
}

static void r_ndk_92_overrun(struct kunit *test)
{
	const enum ndk_cq_notify_type types[] = {
		NDK_CQ_NOTIFY_ANY, NDK_CQ_NOTIFY_SOLICITED, NDK_CQ_NOTIFY_ERRORS,
	};
	struct ndk_result_ex r;
	struct renv *e = rules(test);
	struct rcq *cq;
	struct rqp *q;
	int i, num;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		cq = rcq_new(e, 4);
		ndk_arm_cq(cq->cq, types[i]);
		q = overrun(e, cq);
		rwait_for(e, &cq->fired, 1);
		/* an ANY arm may have been used up by the first entry */
		if (!cq->status)
			ndk_arm_cq(cq->cq, NDK_CQ_NOTIFY_ERRORS);
		rwait_for(e, &cq->fired, cq->status ? 1 : 2);
		renv_settle(e);
		KUNIT_EXPECT_EQ(test, cq->status, -EOVERFLOW);
		for (num = 0; ndk_get_cq_results_ex(cq->cq, &r, 1); num++)
			;
		KUNIT_EXPECT_LT(test, num, 128);
		/* its queue pairs are of no use, nothing more comes */
		KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(1), 0), -ENOTCONN);
		renv_settle(e);
		KUNIT_EXPECT_EQ(test, ndk_get_cq_results_ex(cq->cq, &r, 1), 0);
		num = atomic_read(&cq->fired);
		ndk_arm_cq(cq->cq, NDK_CQ_NOTIFY_ERRORS);
		KUNIT_EXPECT_EQ_MSG(test, fired(e, cq), num, "told once");
	}
}

/* Nobody was waiting: the next arm brings it, of whatever type. */
static void r_ndk_92_overrun_while_not_armed(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rcq *cq = rcq_new(e, 4);

	overrun(e, cq);
	KUNIT_EXPECT_EQ(test, fired(e, cq), 0);
	ndk_arm_cq(cq->cq, NDK_CQ_NOTIFY_ERRORS);
	rwait_for(e, &cq->fired, 1);
	KUNIT_EXPECT_EQ(test, cq->status, -EOVERFLOW);
}

/* ---- moderation ---- */

struct moderation {
	const char *desc;
	u32 interval;
	u32 count;
	int err;
};

#define MAX_I	NDK_CQ_MODERATION_INTERVAL_MAX
#define MAX_C	NDK_CQ_MODERATION_COUNT_MAX

static const struct moderation moderations[] = {
	{ "no interval", 0, 10, 0 },
	{ "no interval, no limit of the count", 0, MAX_C, 0 },
	{ "count 0", 20, 0, 0 },
	{ "count 1", 20, 1, 0 },
	{ "count only", MAX_I, 8, 0 },
	{ "count is the depth", MAX_I, DEPTH, 0 },
	{ "interval only", 20, MAX_C, 0 },
	{ "interval only by a count above the depth", 20, DEPTH + 1, 0 },
	{ "both", 20, 8, 0 },
	{ "neither", MAX_I, MAX_C, -EDOM },
	{ "neither, by a count above the depth", MAX_I, DEPTH + 1, -EDOM },
};

KUNIT_ARRAY_PARAM_DESC(moderation, moderations, desc);

static void r_ndk_93_rows_of_the_table(struct kunit *test)
{
	const struct moderation *m = test->param_value;
	struct renv *e = rules(test);
	struct rcq *cq = rcq_new(e, DEPTH);
	int i;

	KUNIT_EXPECT_NE(test, e->info.adapter_flags &
			NDK_ADAPTER_FLAG_CQ_INTERRUPT_MODERATION_SUPPORTED, 0);
	/* any number of times */
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, ndk_control_cq_interrupt_moderation(cq->cq, m->interval,
									  m->count), m->err);
}

static void r_ndk_93_by_count(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = alone(e, DEPTH);
	int i;

	KUNIT_ASSERT_EQ(test, ndk_control_cq_interrupt_moderation(q->scq->cq, MAX_I, 4), 0);
	ndk_arm_cq(q->scq->cq, NDK_CQ_NOTIFY_ANY);
	for (i = 0; i < 3; i++)
		write_one(e, q);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 0);
	write_one(e, q);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 1);
}

static void r_ndk_93_by_interval(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = alone(e, DEPTH);
	ktime_t began;

	KUNIT_ASSERT_EQ(test, ndk_control_cq_interrupt_moderation(q->scq->cq, 100000, MAX_C), 0);
	ndk_arm_cq(q->scq->cq, NDK_CQ_NOTIFY_ANY);
	began = ktime_get();
	write_one(e, q);
	write_one(e, q);
	rwait_for(e, &q->scq->fired, 1);
	KUNIT_EXPECT_GE_MSG(test, ktime_ms_delta(ktime_get(), began), 99, "not held back");
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 1);
}

static void r_ndk_93_the_latest_wins(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = alone(e, DEPTH);

	KUNIT_ASSERT_EQ(test, ndk_control_cq_interrupt_moderation(q->scq->cq, MAX_I, 20), 0);
	KUNIT_ASSERT_EQ(test, ndk_control_cq_interrupt_moderation(q->scq->cq, MAX_I, 2), 0);
	ndk_arm_cq(q->scq->cq, NDK_CQ_NOTIFY_ANY);
	write_one(e, q);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 0);
	/* what is held back is so for ever no more */
	KUNIT_ASSERT_EQ(test, ndk_control_cq_interrupt_moderation(q->scq->cq, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 1);
	ndk_arm_cq(q->scq->cq, NDK_CQ_NOTIFY_ANY);
	write_one(e, q);
	KUNIT_EXPECT_EQ(test, fired(e, q->scq), 2);
}

static void moderation_does_not_hold_back_failure(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rcq *cq = rcq_new(e, 4);

	KUNIT_ASSERT_EQ(test, ndk_control_cq_interrupt_moderation(cq->cq, MAX_I, 4), 0);
	ndk_arm_cq(cq->cq, NDK_CQ_NOTIFY_ERRORS);
	overrun(e, cq);
	rwait_for(e, &cq->fired, 1);
	KUNIT_EXPECT_EQ(test, cq->status, -EOVERFLOW);
}

/* ---- shared receive queues ---- */

struct watch {
	atomic_t fired;
	int status;
	bool hard;
	bool may_sleep;
};

static void on_low(void *context, int status)
{
	struct watch *w = context;

	w->status = status;
	w->hard |= in_hardirq();
	w->may_sleep |= !softirq_count();
	atomic_inc(&w->fired);
}

static int low(struct renv *e, struct watch *w)
{
	renv_settle(e);
	return atomic_read(&w->fired);
}

static int modify(struct renv *e, struct ndk_ksrq *srq, u32 depth, u32 threshold)
{
	struct call *c = call_new(e);

	return call_wait(c, ndk_modify_srq(srq, depth, threshold, call_done, c));
}

static void take_one(struct renv *e, struct rqp *q)
{
	KUNIT_ASSERT_EQ(e->test, mock_receive(q->m, 0, false), 1);
}

static void r_ndk_97_threshold(struct kunit *test)
{
	struct watch *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	struct renv *e = rules(test);
	struct ndk_ksrq *srq;
	struct rqp *q;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	srq = rsrq_new(e, 8, 3, on_low, w);
	q = rqp_with_srq(e, 4, srq);
	rqp_join(e, q, q);
	for (i = 0; i < 6; i++)
		KUNIT_ASSERT_EQ(test, ndk_srq_receive(srq, ID(i), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, low(e, w), 0);
	for (i = 0; i < 3; i++)
		take_one(e, q);
	KUNIT_EXPECT_EQ_MSG(test, low(e, w), 0, "3 are left, not fewer");
	take_one(e, q);
	KUNIT_EXPECT_EQ(test, low(e, w), 1);
	KUNIT_EXPECT_EQ(test, w->status, 0);
	take_one(e, q);
	KUNIT_EXPECT_EQ_MSG(test, low(e, w), 1, "once");

	/* one is left: below 2 already, so at once */
	KUNIT_EXPECT_EQ(test, modify(e, srq, 0, 2), 0);
	KUNIT_EXPECT_EQ(test, low(e, w), 2);
	/* 0 keeps the state: it has fired and stays quiet */
	KUNIT_EXPECT_EQ(test, modify(e, srq, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, low(e, w), 2);
	/* armed and not below yet */
	KUNIT_EXPECT_EQ(test, modify(e, srq, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, low(e, w), 2);
	/* 0 keeps that, too */
	KUNIT_EXPECT_EQ(test, modify(e, srq, 0, 0), 0);
	take_one(e, q);
	KUNIT_EXPECT_EQ(test, low(e, w), 3);
	KUNIT_EXPECT_FALSE(test, w->hard);
	KUNIT_EXPECT_FALSE(test, w->may_sleep);
}

static void r_ndk_97_depth_changes_leave_the_threshold(struct kunit *test)
{
	struct watch *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	struct renv *e = rules(test);
	struct ndk_ksrq *srq;
	struct rqp *q;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	srq = rsrq_new(e, 4, 2, on_low, w);
	q = rqp_with_srq(e, 4, srq);
	rqp_join(e, q, q);
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, ndk_srq_receive(srq, ID(i), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_srq_receive(srq, ID(4), NULL, 0), -ENOSPC);
	KUNIT_EXPECT_EQ(test, modify(e, srq, 8, 0), 0);
	for (i = 4; i < 8; i++)
		KUNIT_ASSERT_EQ(test, ndk_srq_receive(srq, ID(i), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_srq_receive(srq, ID(8), NULL, 0), -ENOSPC);
	KUNIT_EXPECT_EQ_MSG(test, modify(e, srq, 4, 0), -EINVAL, "8 are queued");
	for (i = 0; i < 8; i++) {
		take_one(e, q);
		rexpect(e, q->rcq, ID(i), 0);
	}
	KUNIT_EXPECT_EQ(test, low(e, w), 1);
}

static struct kunit_case rules_notify_cases[] = {
	KUNIT_CASE(r_ndk_85_none_without_an_arm),
	KUNIT_CASE(r_ndk_85_one_per_arm),
	KUNIT_CASE(r_ndk_85_by_the_receive_queue_too),
	KUNIT_CASE_PARAM(r_ndk_86_arms_merge, merge_gen_params),
	KUNIT_CASE(r_ndk_86_a_satisfied_arm_is_gone),
	KUNIT_CASE(r_ndk_87_entries_that_were_not_announced),
	KUNIT_CASE(r_ndk_87_the_first_arm),
	KUNIT_CASE(r_ndk_87_entries_of_a_closed_qp),
	KUNIT_CASE(r_ndk_89_armed_inside_the_notification),
	KUNIT_CASE(r_ndk_89_the_usual_callback),
	KUNIT_CASE(r_ndk_90_solicited),
	KUNIT_CASE(r_ndk_90_an_error_of_the_initiator_queue),
	KUNIT_CASE(r_ndk_90_an_error_of_the_receive_queue),
	KUNIT_CASE(r_ndk_91_errors_only),
	KUNIT_CASE(r_ndk_92_overrun),
	KUNIT_CASE(r_ndk_92_overrun_while_not_armed),
	KUNIT_CASE_PARAM(r_ndk_93_rows_of_the_table, moderation_gen_params),
	KUNIT_CASE(r_ndk_93_by_count),
	KUNIT_CASE(r_ndk_93_by_interval),
	KUNIT_CASE(r_ndk_93_the_latest_wins),
	KUNIT_CASE(moderation_does_not_hold_back_failure),
	KUNIT_CASE(r_ndk_97_threshold),
	KUNIT_CASE(r_ndk_97_depth_changes_leave_the_threshold),
	{}
};

static struct kunit_suite rules_notify_suite = {
	.name = "ndk_rules_notify",
	.test_cases = rules_notify_cases,
};

kunit_test_suite(rules_notify_suite);
