// SPDX-License-Identifier: GPL-2.0
/*
 * R-NDK-80 to R-NDK-84 and R-NDK-94 to R-NDK-96, R-NDK-98: results, flush, resize.
 */
#include "rules_suite.h"

#define DEPTH		16

/* ---- what a result says ---- */

static void r_ndk_80_fields(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *a = rqp_joined(e, DEPTH), *b = rqp_joined(e, DEPTH);
	struct ndk_result plain = { };
	struct ndk_result_ex r = { };

	KUNIT_EXPECT_EQ(test, rwrite(e, a, ID(1), 0), 0);
	KUNIT_EXPECT_EQ(test, rwrite(e, b, NULL, 0), 0);
	rexpect_ex(e, e->scq, ID(1), 0, NDK_OPERATION_WRITE, &r);
	KUNIT_EXPECT_PTR_EQ(test, r.qp_context, (void *)a);
	KUNIT_EXPECT_EQ(test, r.provider_error_code, 0);
	rexpect_ex(e, e->scq, NULL, 0, NDK_OPERATION_WRITE, &r);
	KUNIT_EXPECT_PTR_EQ(test, r.qp_context, (void *)b);

	KUNIT_EXPECT_EQ(test, ndk_receive(b->qp, ID(U64_MAX), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, mock_receive(b->m, 12345, false), 1);
	KUNIT_ASSERT_EQ(test, ndk_get_cq_results(e->rcq->cq, &plain, 1), 1);
	KUNIT_EXPECT_EQ(test, plain.status, 0);
	KUNIT_EXPECT_EQ(test, plain.bytes_transferred, 12345);
	KUNIT_EXPECT_PTR_EQ(test, plain.qp_context, (void *)b);
	KUNIT_EXPECT_PTR_EQ(test, plain.request_context, ID(U64_MAX));
}

struct status {
	const char *desc;
	enum ib_wc_status wc;
	int err;
};

static const struct status statuses[] = {
	{ "local length", IB_WC_LOC_LEN_ERR, -E2BIG },
	{ "local protection", IB_WC_LOC_PROT_ERR, -EACCES },
	{ "local access", IB_WC_LOC_ACCESS_ERR, -EACCES },
	{ "window", IB_WC_MW_BIND_ERR, -EACCES },
	{ "remote access", IB_WC_REM_ACCESS_ERR, -EACCES },
	{ "malformed", IB_WC_LOC_QP_OP_ERR, -EPROTO },
	{ "no answer", IB_WC_RETRY_EXC_ERR, -ETIMEDOUT },
	{ "no receive", IB_WC_RNR_RETRY_EXC_ERR, -ETIMEDOUT },
	{ "response too late", IB_WC_RESP_TIMEOUT_ERR, -ETIMEDOUT },
	{ "remote operation", IB_WC_REM_OP_ERR, -EREMOTEIO },
	{ "remote, invalid request", IB_WC_REM_INV_REQ_ERR, -EREMOTEIO },
	{ "remote abort", IB_WC_REM_ABORT_ERR, -EREMOTEIO },
	{ "fatal", IB_WC_FATAL_ERR, -EIO },
	{ "general", IB_WC_GENERAL_ERR, -EIO },
};

KUNIT_ARRAY_PARAM_DESC(status, statuses, desc);

/* The NIC's statuses become those of the contract; what is behind is cancelled. */
static void r_ndk_43_a_failure_has_its_status(struct kunit *test)
{
	const struct status *s = test->param_value;
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);

	q->m->hold = true;
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(0), SILENT), 0);
	KUNIT_EXPECT_EQ(test, rsend(e, q, ID(1), SILENT), 0);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(2), DEFERRED), 0);
	mock_complete(q->m, 1);
	mock_fail(q->m, s->wc);
	rexpect_ex(e, q->scq, ID(1), s->err, NDK_OPERATION_SEND, NULL);
	rexpect_ex(e, q->scq, ID(2), -ECANCELED, NDK_OPERATION_WRITE, NULL);
	renv_settle(e);
	rexpect_none(e, q->scq);
	/* and the connection is over */
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(3), 0), -ENOTCONN);
}

static void a_message_longer_than_its_receive(struct kunit *test)
{
	struct ib_wc wc = { .opcode = IB_WC_RECV, .status = IB_WC_LOC_LEN_ERR };
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);

	KUNIT_ASSERT_EQ(test, ndk_receive(q->qp, ID(1), NULL, 0), 0);
	KUNIT_ASSERT_EQ(test, mock_receive_wc(q->m, &wc, false), 1);
	rexpect_ex(e, q->rcq, ID(1), -EOVERFLOW, NDK_OPERATION_RECEIVE, NULL);
}

static void r_ndk_81_type_values(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, NDK_OPERATION_RECEIVE, 1);
	KUNIT_EXPECT_EQ(test, NDK_OPERATION_SEND, 2);
	KUNIT_EXPECT_EQ(test, NDK_OPERATION_FAST_REGISTER, 4);
	KUNIT_EXPECT_EQ(test, NDK_OPERATION_BIND, 8);
	KUNIT_EXPECT_EQ(test, NDK_OPERATION_INVALIDATE, 16);
	KUNIT_EXPECT_EQ(test, NDK_OPERATION_READ, 32);
	KUNIT_EXPECT_EQ(test, NDK_OPERATION_WRITE, 64);
	KUNIT_EXPECT_EQ(test, NDK_OPERATION_RECEIVE_AND_INVALIDATE, 0x8001);
	KUNIT_EXPECT_NE(test, NDK_OPERATION_RECEIVE_AND_INVALIDATE & NDK_OPERATION_RECEIVE, 0);
}

static void r_ndk_81_types_of_results(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_sge sge = rmem_sge(e, mem, 0, 8);
	struct ndk_kmr *mr = rmr_new(e, 1, true);
	struct ndk_kmw *mw = rmw_new(e);
	static const u32 types[] = { 2, 2, 32, 64, 4, 8, 16, 16 };
	u64 va = (uintptr_t)mem->va;
	int i;

	KUNIT_EXPECT_EQ(test, ndk_send(q->qp, ID(0), &sge, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_send_and_invalidate(q->qp, ID(1), &sge, 1, 0, 7), 0);
	KUNIT_EXPECT_EQ(test, ndk_read(q->qp, ID(2), &sge, 1, 0x1000, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_write(q->qp, ID(3), &sge, 1, 0x1000, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, rreg(q, ID(4), mr, mem, NDK_OP_FLAG_ALLOW_LOCAL_WRITE), 0);
	KUNIT_EXPECT_EQ(test, ndk_bind(q->qp, ID(5), mr, mw, va, 8,
				       NDK_OP_FLAG_ALLOW_REMOTE_WRITE), 0);
	KUNIT_EXPECT_EQ(test, ndk_invalidate(q->qp, ID(6), ndk_obj(mw), 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_invalidate(q->qp, ID(7), ndk_obj(mr), 0), 0);
	for (i = 0; i < ARRAY_SIZE(types); i++)
		rexpect_ex(e, q->scq, ID(i), 0, types[i], NULL);
	KUNIT_EXPECT_EQ(test, ndk_receive(q->qp, ID(8), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, mock_receive(q->m, 0, false), 1);
	rexpect_ex(e, q->rcq, ID(8), 0, 1, NULL);
}

static struct ib_wc with_invalidate(u32 token)
{
	return (struct ib_wc){
		.opcode = IB_WC_RECV,
		.byte_len = 3,
		.wc_flags = IB_WC_WITH_INVALIDATE,
		.ex.invalidate_rkey = token,
	};
}

static void r_ndk_82_receive_and_invalidate(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *one = rmr_new(e, 1, true), *two = rmr_new(e, 1, true);
	struct ndk_result plain = { };
	struct ndk_result_ex ex = { };
	struct ib_wc wc;

	KUNIT_ASSERT_EQ(test, rreg(q, ID(0), one, mem, NDK_OP_FLAG_ALLOW_REMOTE_READ), 0);
	KUNIT_ASSERT_EQ(test, rreg(q, ID(1), two, mem, NDK_OP_FLAG_ALLOW_REMOTE_READ), 0);
	rexpect(e, q->scq, ID(0), 0);
	rexpect(e, q->scq, ID(1), 0);
	KUNIT_ASSERT_EQ(test, ndk_receive(q->qp, ID(10), NULL, 0), 0);
	KUNIT_ASSERT_EQ(test, ndk_receive(q->qp, ID(11), NULL, 0), 0);
	wc = with_invalidate(ndk_get_remote_token_from_mr(one));
	KUNIT_ASSERT_EQ(test, mock_receive_wc(q->m, &wc, false), 1);
	wc = with_invalidate(ndk_get_remote_token_from_mr(two));
	KUNIT_ASSERT_EQ(test, mock_receive_wc(q->m, &wc, false), 1);

	rexpect_ex(e, q->rcq, ID(10), 0, NDK_OPERATION_RECEIVE_AND_INVALIDATE, &ex);
	KUNIT_EXPECT_EQ(test, (u32)ex.type_specific_completion_output,
			ndk_get_remote_token_from_mr(one));
	KUNIT_EXPECT_EQ(test, ex.bytes_transferred, 3);
	KUNIT_ASSERT_EQ(test, ndk_get_cq_results(q->rcq->cq, &plain, 1), 1);
	KUNIT_EXPECT_PTR_EQ(test, plain.request_context, ID(11));
	KUNIT_EXPECT_EQ(test, plain.status, 0);
	/* invalid, whichever way it was fetched */
	KUNIT_EXPECT_EQ(test, ndk_invalidate(q->qp, ID(2), ndk_obj(one), 0), -EACCES);
	KUNIT_EXPECT_EQ(test, ndk_invalidate(q->qp, ID(2), ndk_obj(two), 0), -EACCES);
}

static void r_ndk_83_both_calls_mixed(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, 64);
	struct ndk_result plain[3];
	struct ndk_result_ex ex[3];
	u32 next = 0, got, i, round;

	for (i = 0; i < 50; i++)
		KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(i), 0), 0);
	for (round = 0; next < 50 && round < 100; round++) {
		if (round & 1)
			got = ndk_get_cq_results(q->scq->cq, plain, 1 + round % 3);
		else
			got = ndk_get_cq_results_ex(q->scq->cq, ex, 1 + round % 3);
		for (i = 0; i < got; i++, next++)
			KUNIT_EXPECT_PTR_EQ(test, round & 1 ? plain[i].request_context :
					    ex[i].request_context, ID(next));
	}
	KUNIT_EXPECT_EQ(test, next, 50);
	rexpect_none(e, q->scq);
}

static void fewer_than_asked_says_empty(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, 64);
	struct ndk_result r[20];
	int i;

	KUNIT_EXPECT_EQ(test, ndk_get_cq_results(q->scq->cq, r, 20), 0);
	KUNIT_EXPECT_EQ(test, ndk_get_cq_results(q->scq->cq, r, 0), 0);
	for (i = 0; i < 25; i++)
		KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(i), 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_get_cq_results(q->scq->cq, r, 20), 20);
	KUNIT_EXPECT_EQ(test, ndk_get_cq_results(q->scq->cq, r, 20), 5);
}

static void r_ndk_84_in_post_order(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *a = rqp_joined(e, 64), *b = rqp_joined(e, 64);
	u32 next[2] = { }, i;
	struct ndk_result r;

	a->m->hold = true;
	b->m->hold = true;
	for (i = 0; i < 40; i++) {
		KUNIT_ASSERT_EQ(test, rwrite(e, a, ID(i), i % 3 ? DEFERRED : 0), 0);
		KUNIT_ASSERT_EQ(test, rsend(e, b, ID(i), i % 5 ? DEFERRED : 0), 0);
	}
	KUNIT_ASSERT_EQ(test, rwrite(e, a, ID(i), 0), 0);
	KUNIT_ASSERT_EQ(test, rsend(e, b, ID(i), 0), 0);
	while (mock_complete(b->m, 3) | mock_complete(a->m, 4))
		;
	while (ndk_get_cq_results(e->scq->cq, &r, 1)) {
		u32 *n = &next[r.qp_context == b];

		KUNIT_EXPECT_PTR_EQ(test, r.request_context, ID(*n));
		*n += 1;
	}
	KUNIT_EXPECT_EQ(test, next[0], 41);
	KUNIT_EXPECT_EQ(test, next[1], 41);
}

/* ---- flush ---- */

static void r_ndk_94_flush_cancels_both_queues(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH), *other = rqp_joined(e, DEPTH);
	int i;

	q->m->hold = true;
	other->m->hold = true;
	for (i = 0; i < 4; i++) {
		KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(i), 0), 0);
		KUNIT_ASSERT_EQ(test, ndk_receive(q->qp, ID(i), NULL, 0), 0);
		KUNIT_ASSERT_EQ(test, ndk_receive(other->qp, ID(50 + i), NULL, 0), 0);
	}
	KUNIT_ASSERT_EQ(test, rwrite(e, other, ID(50), 0), 0);
	ndk_flush(q->qp);
	for (i = 0; i < 4; i++) {
		rexpect(e, q->scq, ID(i), -ECANCELED);
		rexpect(e, q->rcq, ID(i), -ECANCELED);
	}
	renv_settle(e);
	rexpect_none(e, e->scq);
	rexpect_none(e, e->rcq);
	/* the other one lives */
	mock_complete(other->m, U32_MAX);
	rexpect(e, e->scq, ID(50), 0);
	KUNIT_EXPECT_EQ(test, mock_receive(other->m, 0, false), 1);
	rexpect(e, e->rcq, ID(50), 0);
}

static void after_a_flush_the_qp_is_of_no_use(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);

	ndk_flush(q->qp);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(0), 0), -ENOTCONN);
	renv_settle(e);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(0), DEFERRED), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, ndk_receive(q->qp, ID(1), NULL, 0), 0);
	rexpect(e, q->rcq, ID(1), -ECANCELED);
	/* again does no harm */
	ndk_flush(q->qp);
	renv_settle(e);
	rexpect_none(e, q->scq);
	rexpect_none(e, q->rcq);
}

static void flush_leaves_the_srq_alone(struct kunit *test)
{
	struct renv *e = rules(test);
	struct ndk_ksrq *srq = rsrq_new(e, 4, 0, NULL, NULL);
	struct rqp *q = rqp_with_srq(e, 4, srq), *other = rqp_with_srq(e, 4, srq);

	rqp_join(e, q, q);
	rqp_join(e, other, other);
	KUNIT_ASSERT_EQ(test, ndk_srq_receive(srq, ID(1), NULL, 0), 0);
	ndk_flush(q->qp);
	renv_settle(e);
	rexpect_none(e, q->rcq);
	KUNIT_EXPECT_EQ(test, mock_receive(other->m, 9, false), 1);
	rexpect(e, e->rcq, ID(1), 0);
}

static void r_ndk_95_flush_before_connecting(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_new(e, DEPTH);

	KUNIT_ASSERT_EQ(test, ndk_receive(q->qp, ID(1), NULL, 0), 0);
	KUNIT_ASSERT_EQ(test, ndk_receive(q->qp, ID(2), NULL, 0), 0);
	ndk_flush(q->qp);
	rexpect(e, q->rcq, ID(1), -ECANCELED);
	rexpect(e, q->rcq, ID(2), -ECANCELED);
	renv_settle(e);
	rexpect_none(e, q->rcq);
}

static void r_ndk_96_silent_and_flushed(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	int i;

	q->m->hold = true;
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(i), SILENT | (i & 1 ? DEFERRED : 0)), 0);
	ndk_flush(q->qp);
	for (i = 0; i < 4; i++)
		rexpect(e, q->scq, ID(i), -ECANCELED);
}

/* ---- resize ---- */

static int resize(struct renv *e, struct rcq *c, u32 depth)
{
	struct call *call = call_new(e);

	return call_wait(call, ndk_resize_cq(c->cq, depth, call_done, call));
}

static void r_ndk_98_resize_keeps_every_entry(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rcq *cq = rcq_new(e, 40);
	struct rqp *q = rqp_on(e, 32, cq, cq);
	int i;

	rqp_join(e, q, q);
	for (i = 0; i < 10; i++)
		KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(i), 0), 0);
	KUNIT_EXPECT_EQ(test, resize(e, cq, 200), 0);
	for (; i < 15; i++)
		KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(i), 0), 0);
	KUNIT_EXPECT_EQ(test, resize(e, cq, 20), 0);
	for (i = 0; i < 15; i++)
		rexpect(e, cq, ID(i), 0);
	rexpect_none(e, cq);
}

static void r_ndk_98_also_those_of_a_closed_qp(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, 32);
	struct ndk_result_ex r = { };
	int i;

	for (i = 0; i < 10; i++)
		KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(i), 0), 0);
	robj_close_now(e, ndk_obj(q->qp));
	KUNIT_EXPECT_EQ(test, resize(e, e->scq, 100), 0);
	for (i = 0; i < 10; i++) {
		rexpect_ex(e, e->scq, ID(i), 0, NDK_OPERATION_WRITE, &r);
		KUNIT_EXPECT_PTR_EQ(test, r.qp_context, (void *)q);
	}
}

static void r_ndk_98_resize_to_what_cannot_be(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, 32);
	int i;

	KUNIT_EXPECT_EQ(test, resize(e, e->scq, e->info.max_cq_depth), 0);
	KUNIT_EXPECT_EQ(test, resize(e, e->scq, e->info.max_cq_depth + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, resize(e, e->scq, 0), -EINVAL);
	for (i = 0; i < 30; i++)
		KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(i), 0), 0);
	KUNIT_EXPECT_EQ_MSG(test, resize(e, e->scq, 8), -EINVAL, "30 wait in it");
	for (i = 0; i < 30; i++)
		rexpect(e, e->scq, ID(i), 0);
}

static struct kunit_case rules_results_cases[] = {
	KUNIT_CASE(r_ndk_80_fields),
	KUNIT_CASE_PARAM(r_ndk_43_a_failure_has_its_status, status_gen_params),
	KUNIT_CASE(a_message_longer_than_its_receive),
	KUNIT_CASE(r_ndk_81_type_values),
	KUNIT_CASE(r_ndk_81_types_of_results),
	KUNIT_CASE(r_ndk_82_receive_and_invalidate),
	KUNIT_CASE(r_ndk_83_both_calls_mixed),
	KUNIT_CASE(fewer_than_asked_says_empty),
	KUNIT_CASE(r_ndk_84_in_post_order),
	KUNIT_CASE(r_ndk_94_flush_cancels_both_queues),
	KUNIT_CASE(after_a_flush_the_qp_is_of_no_use),
	KUNIT_CASE(flush_leaves_the_srq_alone),
	KUNIT_CASE(r_ndk_95_flush_before_connecting),
	KUNIT_CASE(r_ndk_96_silent_and_flushed),
	KUNIT_CASE(r_ndk_98_resize_keeps_every_entry),
	KUNIT_CASE(r_ndk_98_also_those_of_a_closed_qp),
	KUNIT_CASE(r_ndk_98_resize_to_what_cannot_be),
	{}
};

static struct kunit_suite rules_results_suite = {
	.name = "ndk_rules_results",
	.test_cases = rules_results_cases,
};

kunit_test_suite(rules_results_suite);
