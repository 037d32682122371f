// SPDX-License-Identifier: GPL-2.0
/*
 * Completion queues: wrap-around, overrun, arming, resize.
 */
#include "provider_env.h"

/* Puts @num entries with ids from @id into the send CQ of @qp. */
static void produce(struct env *e, struct ib_qp *qp, u64 id, int num)
{
	for (; num; num--, id++) {
		KUNIT_ASSERT_EQ(e->test, env_post_one(e, qp, id, SIGNAL), 0);
		KUNIT_ASSERT_EQ(e->test, mock_complete(to_mock_qp(qp), 1), 1);
	}
}

static void consume(struct env *e, u64 id, int num)
{
	for (; num; num--, id++)
		env_expect_wc(e, e->scq, id, IB_WC_SUCCESS);
}

static void small_cq(struct env *e, int cqe)
{
	e->scq = env_cq(e, cqe);
}

static void entries_survive_the_wrap(struct kunit *test)
{
	struct env *e = env_create(test);
	u64 made = 0, seen = 0;
	struct ib_qp *qp;
	int cqe, num;

	small_cq(e, 5);
	cqe = e->scq->cq->cqe;
	qp = env_rts_qp(e, 8);
	while (made < 40 * cqe && test->status == KUNIT_SUCCESS) {
		num = 1 + made % cqe;
		produce(e, qp, made, num);
		made += num;
		consume(e, seen, num);
		seen += num;
	}
	env_expect_no_wc(e, e->scq);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->scq->errors), 0);
}

static void polling_many_takes_what_is_there(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 8);
	struct ib_wc *wc = kunit_kcalloc(test, 8, sizeof(*wc), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, wc);
	produce(e, qp, 0, 5);
	KUNIT_EXPECT_EQ(test, ib_poll_cq(e->scq->cq, 2, wc), 2);
	KUNIT_EXPECT_EQ(test, ib_poll_cq(e->scq->cq, 8, wc + 2), 3);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, wc[i].wr_id, i);
	KUNIT_EXPECT_EQ(test, ib_poll_cq(e->scq->cq, 8, wc), 0);
}

static void cq_holds_what_it_says_and_then_overruns_once(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp;
	int cqe, i;

	small_cq(e, 4);
	cqe = e->scq->cq->cqe;
	KUNIT_EXPECT_GE(test, cqe, 4);
	qp = env_rts_qp(e, 8);
	produce(e, qp, 0, cqe);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->scq->errors), 0);
	produce(e, qp, 100, 3);

	KUNIT_EXPECT_EQ(test, atomic_read(&e->scq->errors), 1);
	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_CQ_OVERRUNS), 3);
	for (i = 0; i < cqe; i++)
		env_expect_wc(e, e->scq, i, IB_WC_SUCCESS);
	/* R-NDK-92: no more completions, even with room again */
	produce(e, qp, 200, 1);
	env_expect_no_wc(e, e->scq);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->scq->errors), 1);
}

/* What happens to an armed queue, and whether its handler must run. */
enum cq_act { SEND_OK, SEND_FAIL, RECV_OK, RECV_SOLICITED };

struct arm_case {
	const char *desc;
	enum ib_cq_notify_flags first;	/* 0: not armed */
	enum ib_cq_notify_flags second;	/* 0: armed once */
	enum cq_act what;
	int fires;
};

#define NEXT	IB_CQ_NEXT_COMP
#define SOL	IB_CQ_SOLICITED

static const struct arm_case arm_cases[] = {
	{ "not armed, send", 0, 0, SEND_OK, 0 },
	{ "not armed, failure", 0, 0, SEND_FAIL, 0 },
	{ "next, send", NEXT, 0, SEND_OK, 1 },
	{ "next, receive", NEXT, 0, RECV_OK, 1 },
	{ "next, failure", NEXT, 0, SEND_FAIL, 1 },
	{ "solicited, send", SOL, 0, SEND_OK, 0 },
	{ "solicited, plain receive", SOL, 0, RECV_OK, 0 },
	{ "R-NDK-90: solicited, solicited receive", SOL, 0, RECV_SOLICITED, 1 },
	{ "R-NDK-90: solicited, failure", SOL, 0, SEND_FAIL, 1 },
	{ "R-NDK-86: next then solicited stays next", NEXT, SOL, SEND_OK, 1 },
	{ "R-NDK-86: solicited then next becomes next", SOL, NEXT, SEND_OK, 1 },
	{ "R-NDK-86: solicited twice", SOL, SOL, RECV_OK, 0 },
	{ "R-NDK-86: next twice fires once", NEXT, NEXT, SEND_OK, 1 },
};

KUNIT_ARRAY_PARAM_DESC(arm, arm_cases, desc);

static void act(struct env *e, struct ib_qp *qp, enum cq_act what)
{
	switch (what) {
	case SEND_OK:
		env_post_one(e, qp, 1, SIGNAL);
		mock_complete(to_mock_qp(qp), 1);
		break;
	case SEND_FAIL:
		env_post_one(e, qp, 1, 0);
		mock_fail(to_mock_qp(qp), IB_WC_RETRY_EXC_ERR);
		break;
	case RECV_OK:
	case RECV_SOLICITED:
		env_post_recv(qp, 1);
		mock_receive(to_mock_qp(qp), 4, what == RECV_SOLICITED);
		break;
	}
}

static void armed_queue_fires_when_it_should(struct kunit *test)
{
	const struct arm_case *c = test->param_value;
	struct env *e = env_create(test);
	struct ib_qp *qp;

	/* one queue for both sides, so that every act is seen by it */
	e->rcq = e->scq;
	qp = env_rts_qp(e, 8);
	if (c->first)
		KUNIT_EXPECT_EQ(test, ib_req_notify_cq(e->scq->cq, c->first), 0);
	if (c->second)
		KUNIT_EXPECT_EQ(test, ib_req_notify_cq(e->scq->cq, c->second), 0);

	act(e, qp, c->what);

	KUNIT_EXPECT_EQ(test, atomic_read(&e->scq->fired), c->fires);
}

static void r_ndk_85_one_arm_one_event(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 8);

	ib_req_notify_cq(e->scq->cq, IB_CQ_NEXT_COMP);
	produce(e, qp, 0, 5);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->scq->fired), 1);

	ib_req_notify_cq(e->scq->cq, IB_CQ_NEXT_COMP);
	produce(e, qp, 5, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->scq->fired), 2);
}

static void arming_tells_of_entries_that_are_there(struct kunit *test)
{
	const enum ib_cq_notify_flags ask = IB_CQ_NEXT_COMP | IB_CQ_REPORT_MISSED_EVENTS;
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 8);

	KUNIT_EXPECT_EQ(test, ib_req_notify_cq(e->scq->cq, ask), 0);
	produce(e, qp, 0, 1);
	KUNIT_EXPECT_GT(test, ib_req_notify_cq(e->scq->cq, ask), 0);
	KUNIT_EXPECT_EQ(test, ib_req_notify_cq(e->scq->cq, IB_CQ_NEXT_COMP), 0);
	consume(e, 0, 1);
	KUNIT_EXPECT_EQ(test, ib_req_notify_cq(e->scq->cq, ask), 0);
}

struct chatter {
	struct env *e;
	struct ib_qp *qp;
	int left;
};

/* A consumer that arms and makes its next completion inside the handler. */
static void rearm_and_complete(struct env_cq *c)
{
	struct chatter *x = c->arg;

	if (!x->left--)
		return;
	ib_req_notify_cq(c->cq, IB_CQ_NEXT_COMP);
	env_post_one(x->e, x->qp, 7, SIGNAL);
	mock_complete(to_mock_qp(x->qp), 1);
}

static void r_ndk_89_arming_in_the_handler_never_nests_it(struct kunit *test)
{
	struct env *e = env_create(test);
	struct chatter x = { .e = e, .left = 5 };

	x.qp = env_rts_qp(e, 8);
	e->scq->on_fire = rearm_and_complete;
	e->scq->arg = &x;
	ib_req_notify_cq(e->scq->cq, IB_CQ_NEXT_COMP);
	produce(e, x.qp, 0, 1);

	KUNIT_EXPECT_EQ(test, atomic_read(&e->scq->fired), 6);
	KUNIT_EXPECT_FALSE(test, e->scq->nested);
}

static int resize(struct env *e, int cqe)
{
	return e->dev->ops.resize_cq(e->scq->cq, cqe, NULL);
}

static void r_ndk_98_resize_keeps_entries_in_order(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp;
	int lap;

	small_cq(e, 7);
	qp = env_rts_qp(e, 16);
	for (lap = 0; lap < 9; lap++) {
		/* every position in the ring, so some are wrapped */
		produce(e, qp, 0, 1);
		consume(e, 0, 1);
		produce(e, qp, 10, 5);
		KUNIT_EXPECT_EQ(test, resize(e, lap % 2 ? 7 : 30), 0);
		KUNIT_EXPECT_GE(test, e->scq->cq->cqe, lap % 2 ? 7 : 30);
		produce(e, qp, 15, 2);
		consume(e, 10, 7);
		env_expect_no_wc(e, e->scq);
	}
}

static void resize_below_what_waits_is_refused(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp;
	int cqe;

	small_cq(e, 15);
	qp = env_rts_qp(e, 16);
	cqe = e->scq->cq->cqe;
	produce(e, qp, 0, 8);

	KUNIT_EXPECT_EQ(test, resize(e, 4), -EINVAL);
	KUNIT_EXPECT_EQ(test, e->scq->cq->cqe, cqe);
	consume(e, 0, 8);
	KUNIT_EXPECT_EQ(test, resize(e, 4), 0);
}

static void resize_beyond_the_limits_is_refused(struct kunit *test)
{
	struct env *e = env_create(test);

	KUNIT_EXPECT_EQ(test, resize(e, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, resize(e, -1), -EINVAL);
	KUNIT_EXPECT_EQ(test, resize(e, MOCK_MAX_CQE + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, resize(e, MOCK_MAX_CQE), 0);
}

static void arm_survives_a_resize(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 8);

	ib_req_notify_cq(e->scq->cq, IB_CQ_NEXT_COMP);
	KUNIT_EXPECT_EQ(test, resize(e, 500), 0);
	produce(e, qp, 0, 1);

	KUNIT_EXPECT_EQ(test, atomic_read(&e->scq->fired), 1);
}

struct size_case {
	const char *desc;
	int cqe;
	int vector;
	int err;
};

static const struct size_case size_cases[] = {
	{ "no entry", 0, 0, -EINVAL },
	{ "one entry", 1, 0, 0 },
	{ "the maximum", MOCK_MAX_CQE, 0, 0 },
	{ "one more than the maximum", MOCK_MAX_CQE + 1, 0, -EINVAL },
	{ "2^32 - 1 entries", -1, 0, -EINVAL },
	{ "a vector that does not exist", 16, 1 << 20, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(size, size_cases, desc);

static void create_cq_of_each_size(struct kunit *test)
{
	const struct size_case *c = test->param_value;
	struct env *e = env_create(test);
	struct ib_cq_init_attr attr = { .cqe = c->cqe, .comp_vector = c->vector };
	struct ib_cq *cq = ib_create_cq(e->dev, NULL, NULL, NULL, &attr);

	if (c->err) {
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(cq), c->err);
	} else {
		KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(cq), "%pe", cq);
		KUNIT_EXPECT_GE(test, cq->cqe, c->cqe);
	}
	if (!IS_ERR(cq))
		ib_destroy_cq(cq);
}

static struct kunit_case provider_cq_cases[] = {
	KUNIT_CASE(entries_survive_the_wrap),
	KUNIT_CASE(polling_many_takes_what_is_there),
	KUNIT_CASE(cq_holds_what_it_says_and_then_overruns_once),
	KUNIT_CASE_PARAM(armed_queue_fires_when_it_should, arm_gen_params),
	KUNIT_CASE(r_ndk_85_one_arm_one_event),
	KUNIT_CASE(arming_tells_of_entries_that_are_there),
	KUNIT_CASE(r_ndk_89_arming_in_the_handler_never_nests_it),
	KUNIT_CASE(r_ndk_98_resize_keeps_entries_in_order),
	KUNIT_CASE(resize_below_what_waits_is_refused),
	KUNIT_CASE(resize_beyond_the_limits_is_refused),
	KUNIT_CASE(arm_survives_a_resize),
	KUNIT_CASE_PARAM(create_cq_of_each_size, size_gen_params),
	{}
};

static struct kunit_suite provider_cq_suite = {
	.name = "ndk_provider_cq",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.test_cases = provider_cq_cases,
};

kunit_test_suite(provider_cq_suite);
