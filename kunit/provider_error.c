// SPDX-License-Identifier: GPL-2.0
/*
 * Errors, flushes, and the promise behind them: an accepted request has exactly
 * one outcome, in order, whatever happens to its queue.
 */
#include <linux/delay.h>
#include <linux/random.h>

#include "provider_env.h"

static void r_ndk_72_error_state_flushes_in_order(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 16);
	u64 i;

	env_post_one(e, qp, 0, SIGNAL);
	for (i = 1; i < 4; i++)
		env_post_one(e, qp, i, DEFER);
	env_post_recv(qp, 10);
	env_post_recv(qp, 11);

	KUNIT_EXPECT_EQ(test, env_modify(qp, IB_QPS_ERR), 0);

	for (i = 0; i < 4; i++)
		env_expect_wc(e, e->scq, i, IB_WC_WR_FLUSH_ERR);
	env_expect_no_wc(e, e->scq);
	env_expect_wc(e, e->rcq, 10, IB_WC_WR_FLUSH_ERR);
	env_expect_wc(e, e->rcq, 11, IB_WC_WR_FLUSH_ERR);
	env_expect_no_wc(e, e->rcq);
	KUNIT_EXPECT_EQ(test, ndk_defer_pending(&to_ndk_qp(qp)->sq.defer), 0);
}

static void deferred_post_in_error_is_flushed_at_once(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 16);

	env_modify(qp, IB_QPS_ERR);
	KUNIT_EXPECT_EQ(test, env_post_one(e, qp, 5, DEFER), 0);

	env_expect_wc(e, e->scq, 5, IB_WC_WR_FLUSH_ERR);
	env_expect_no_wc(e, e->scq);
}

/* As SMB Direct does: post as long as there are buffers, each of which comes back. */
static void posting_in_error_runs_out_of_buffers(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 16);
	int buffers = 8, posts, ms;
	struct ib_wc wc;

	env_modify(qp, IB_QPS_ERR);
	for (posts = 0; buffers && posts < 10000; posts++) {
		KUNIT_ASSERT_EQ(test, env_post_recv(qp, posts), 0);
		buffers--;
		buffers += ib_poll_cq(e->rcq->cq, 1, &wc);
	}
	KUNIT_EXPECT_EQ(test, buffers, 0);
	/* later all of them are there */
	for (ms = 0; buffers < 8 && ms < 5000; ms++) {
		usleep_range(1000, 2000);
		while (ib_poll_cq(e->rcq->cq, 1, &wc) == 1) {
			KUNIT_EXPECT_EQ(test, wc.status, IB_WC_WR_FLUSH_ERR);
			buffers++;
		}
	}
	KUNIT_EXPECT_EQ(test, buffers, 8);
}

static void r_ndk_77_silent_failure_has_its_entry(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 16);
	struct mock_qp *m = to_mock_qp(qp);
	u64 i;

	for (i = 0; i < 3; i++)
		env_post_one(e, qp, i, i == 2 ? 0 : DEFER);
	env_post_one(e, qp, 3, DEFER);
	KUNIT_EXPECT_EQ(test, mock_complete(m, 1), 1);
	mock_fail(m, IB_WC_REM_ACCESS_ERR);

	env_expect_wc(e, e->scq, 1, IB_WC_REM_ACCESS_ERR);
	env_expect_wc(e, e->scq, 2, IB_WC_WR_FLUSH_ERR);
	env_expect_wc(e, e->scq, 3, IB_WC_WR_FLUSH_ERR);
	env_expect_no_wc(e, e->scq);
	KUNIT_EXPECT_EQ(test, env_state(qp), IB_QPS_ERR);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->qp_events), 1);
	KUNIT_EXPECT_EQ(test, e->last_qp_event, IB_EVENT_QP_FATAL);
}

/* Fetches one completion; the provider's work may need a moment for it. */
static bool poll_soon(struct env_cq *c, struct ib_wc *wc)
{
	int left;

	for (left = 5000; left > 0; left--) {
		if (ib_poll_cq(c->cq, 1, wc) == 1)
			return true;
		usleep_range(500, 1000);
	}
	return false;
}

struct broken_case {
	const char *desc;
	int refuse;	/* request of four the NIC refuses */
};

static const struct broken_case broken_cases[] = {
	{ "first of four", 0 },
	{ "second of four", 1 },
	{ "third of four", 2 },
};

KUNIT_ARRAY_PARAM_DESC(broken, broken_cases, desc);

static void r_ndk_71_nic_refuses_an_earlier_request(struct kunit *test)
{
	const struct broken_case *c = test->param_value;
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 16);
	struct mock_qp *m = to_mock_qp(qp);
	struct ib_wc wc = {};
	u64 i;

	for (i = 0; i < 3; i++)
		env_post_one(e, qp, i, DEFER);
	m->refuse = c->refuse;
	KUNIT_EXPECT_EQ(test, env_post_one(e, qp, 3, 0), 0);

	/* those before it may have been carried out or not, but silently so */
	for (i = 0; i < 4; i++) {
		KUNIT_ASSERT_TRUE_MSG(test, poll_soon(e->scq, &wc), "request %llu", i);
		KUNIT_EXPECT_EQ(test, wc.wr_id, i);
		KUNIT_EXPECT_EQ_MSG(test, wc.status,
				    i == c->refuse ? IB_WC_LOC_QP_OP_ERR : IB_WC_WR_FLUSH_ERR,
				    "request %llu: %s", i, ib_wc_status_msg(wc.status));
	}
	env_expect_no_wc(e, e->scq);
	KUNIT_EXPECT_EQ(test, env_state(qp), IB_QPS_ERR);
	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_SEND_REQUESTS), 4);
	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_REFUSED_POSTS), 0);
}

static void reset_forgets_and_the_queue_works_again(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 4);
	struct mock_qp *m = to_mock_qp(qp);
	int lap;

	for (lap = 0; lap < 3; lap++) {
		env_post_one(e, qp, 1, SIGNAL);
		env_post_one(e, qp, 2, SIGNAL | DEFER);
		env_post_recv(qp, 3);
		KUNIT_ASSERT_EQ(test, env_modify(qp, IB_QPS_RESET), 0);
		env_expect_no_wc(e, e->scq);
		env_expect_no_wc(e, e->rcq);

		KUNIT_ASSERT_EQ(test, env_go_to(qp, IB_QPS_RTS), 0);
		KUNIT_EXPECT_EQ(test, mock_receive(m, 0, false), 0);
		KUNIT_EXPECT_EQ(test, env_post_one(e, qp, 7, SIGNAL), 0);
		KUNIT_EXPECT_EQ(test, mock_complete(m, U32_MAX), 1);
		env_expect_wc(e, e->scq, 7, IB_WC_SUCCESS);
	}
}

static void reset_from_error_works_too(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 4);

	env_post_one(e, qp, 1, SIGNAL);
	mock_fail(to_mock_qp(qp), IB_WC_RETRY_EXC_ERR);
	env_expect_wc(e, e->scq, 1, IB_WC_RETRY_EXC_ERR);
	KUNIT_ASSERT_EQ(test, env_modify(qp, IB_QPS_RESET), 0);
	KUNIT_ASSERT_EQ(test, env_go_to(qp, IB_QPS_RTS), 0);

	KUNIT_EXPECT_EQ(test, env_post_one(e, qp, 2, SIGNAL), 0);
	mock_complete(to_mock_qp(qp), U32_MAX);
	env_expect_wc(e, e->scq, 2, IB_WC_SUCCESS);
}

static void nic_error_is_not_overwritten_by_modify(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 4);

	env_post_one(e, qp, 1, 0);
	mock_fail(to_mock_qp(qp), IB_WC_RETRY_EXC_ERR);

	KUNIT_EXPECT_EQ(test, env_modify(qp, IB_QPS_RTS), -EINVAL);
	KUNIT_EXPECT_EQ(test, env_state(qp), IB_QPS_ERR);
}

static void r_ndk_73_destroy_with_an_open_chain(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp_init_attr init = {
		.send_cq = e->scq->cq, .recv_cq = e->rcq->cq, .qp_type = IB_QPT_RC,
		.cap = { .max_send_wr = 8, .max_recv_wr = 8, .max_send_sge = 1,
			 .max_recv_sge = 1 },
	};
	struct ib_qp *qp = ib_create_qp(e->pd, &init);

	KUNIT_ASSERT_FALSE(test, IS_ERR(qp));
	KUNIT_ASSERT_EQ(test, env_go_to(qp, IB_QPS_RTS), 0);
	env_post_one(e, qp, 0, SIGNAL);
	mock_complete(to_mock_qp(qp), 1);
	env_post_one(e, qp, 1, SIGNAL | DEFER);
	KUNIT_EXPECT_EQ(test, ib_destroy_qp(qp), 0);

	/* an entry would hand out a pointer to a QP that is gone */
	env_expect_no_wc(e, e->scq);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->mock->qps), 0);
	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_DOORBELLS_FLUSH), 1);
}

static void destroy_leaves_other_qps_entries(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *stay = env_rts_qp(e, 8), *go;
	struct ib_qp_init_attr init = {
		.send_cq = e->scq->cq, .recv_cq = e->rcq->cq, .qp_type = IB_QPT_RC,
		.cap = { .max_send_wr = 8, .max_recv_wr = 8, .max_send_sge = 1,
			 .max_recv_sge = 1 },
	};
	int i;

	go = ib_create_qp(e->pd, &init);
	KUNIT_ASSERT_FALSE(test, IS_ERR(go));
	KUNIT_ASSERT_EQ(test, env_go_to(go, IB_QPS_RTS), 0);
	for (i = 0; i < 6; i++) {
		env_post_one(e, i % 2 ? go : stay, i, SIGNAL);
		mock_complete(to_mock_qp(i % 2 ? go : stay), 1);
	}
	ib_destroy_qp(go);

	env_expect_wc(e, e->scq, 0, IB_WC_SUCCESS);
	env_expect_wc(e, e->scq, 2, IB_WC_SUCCESS);
	env_expect_wc(e, e->scq, 4, IB_WC_SUCCESS);
	env_expect_no_wc(e, e->scq);
}

/* Random posts and completions, then an error; the model is a list of ids. */
struct owed {
	u64 id[2048];
	bool silent[2048];
	unsigned int head;
	unsigned int tail;
};

static void owed_add(struct owed *o, u64 id, bool silent)
{
	o->id[o->tail] = id;
	o->silent[o->tail++] = silent;
}

static void settle(struct env *e, struct owed *o, u32 num)
{
	for (; num; num--, o->head++)
		if (!o->silent[o->head])
			env_expect_wc(e, e->scq, o->id[o->head], IB_WC_SUCCESS);
}

static void one_random_post(struct env *e, struct ib_qp *qp, struct owed *o, u64 id)
{
	u32 dice = get_random_u32();
	const struct post p = {
		.id = id,
		.flags = (dice & 1 ? SIGNAL : 0) | (dice & 6 ? DEFER : 0),
		.op = dice >> 4 & 15 ? IB_WR_SEND : IB_WR_REG_MR,
	};

	if (!env_post(e, qp, &p, 1, NULL))
		owed_add(o, id, !(p.flags & SIGNAL));
	else
		KUNIT_EXPECT_EQ_MSG(e->test, ndk_defer_pending(&to_ndk_qp(qp)->sq.defer), 0,
				    "a refused post left requests behind");
}

static void exactly_one_outcome_in_order(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 8);
	struct owed *o = kunit_kzalloc(test, sizeof(*o), GFP_KERNEL);
	u64 id;

	KUNIT_ASSERT_NOT_NULL(test, o);
	for (id = 0; id < ARRAY_SIZE(o->id) && test->status == KUNIT_SUCCESS; id++) {
		one_random_post(e, qp, o, id);
		if (get_random_u32_below(4) == 0)
			settle(e, o, mock_complete(to_mock_qp(qp), get_random_u32_below(8)));
		env_expect_no_wc(e, e->scq);
	}
	mock_flush(to_mock_qp(qp));
	for (; o->head != o->tail; o->head++)
		env_expect_wc(e, e->scq, o->id[o->head], IB_WC_WR_FLUSH_ERR);
	env_expect_no_wc(e, e->scq);
}

static struct kunit_case provider_error_cases[] = {
	KUNIT_CASE(r_ndk_72_error_state_flushes_in_order),
	KUNIT_CASE(deferred_post_in_error_is_flushed_at_once),
	KUNIT_CASE(posting_in_error_runs_out_of_buffers),
	KUNIT_CASE(r_ndk_77_silent_failure_has_its_entry),
	KUNIT_CASE_PARAM(r_ndk_71_nic_refuses_an_earlier_request, broken_gen_params),
	KUNIT_CASE(reset_forgets_and_the_queue_works_again),
	KUNIT_CASE(reset_from_error_works_too),
	KUNIT_CASE(nic_error_is_not_overwritten_by_modify),
	KUNIT_CASE(r_ndk_73_destroy_with_an_open_chain),
	KUNIT_CASE(destroy_leaves_other_qps_entries),
	KUNIT_CASE(exactly_one_outcome_in_order),
	{}
};

static struct kunit_suite provider_error_suite = {
	.name = "ndk_provider_error",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.test_cases = provider_error_cases,
};

kunit_test_suite(provider_error_suite);
