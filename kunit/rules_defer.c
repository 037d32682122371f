// SPDX-License-Identifier: GPL-2.0
/*
 * R-NDK-64 to R-NDK-79: deferral, through the API. The provider's own suites have
 * the same rules below, through verbs.
 */
#include "rules_suite.h"

#define DEPTH		32

static void expect_bell(struct kunit *test, struct rqp *q, unsigned int n, u32 first, u32 end)
{
	KUNIT_ASSERT_GT(test, q->m->nbells, n);
	KUNIT_EXPECT_EQ(test, q->m->bells[n].first, first);
	KUNIT_EXPECT_EQ(test, q->m->bells[n].end, end);
}

/* The NIC was shown requests 0 to @num - 1, in this order, and no other. */
static void expect_shown(struct kunit *test, struct rqp *q, u32 num)
{
	u32 i;

	KUNIT_ASSERT_EQ(test, q->m->nlog, num);
	for (i = 0; i < num; i++)
		KUNIT_EXPECT_EQ(test, q->m->log[i].wr_id, i);
}

static void expect_results(struct renv *e, struct rqp *q, u32 first, u32 end, int status)
{
	u32 i;

	for (i = first; i < end; i++)
		rexpect(e, q->scq, ID(i), status);
}

static void defer_writes(struct renv *e, struct rqp *q, u32 first, u32 end, u32 flags)
{
	u32 i;

	for (i = first; i < end; i++)
		KUNIT_ASSERT_EQ(e->test, rwrite(e, q, ID(i), DEFERRED | flags), 0);
}

/* ---- the worked example ---- */

/*
 * Two fast registrations and a send. The second one is refused, so the send is
 * not posted and nobody ends the chain: the first one is shown while the refusal
 * is returned, and completes; the second one never does.
 */
static void worked_example_of_the_deferral_contract(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, 2 * PAGE_SIZE);
	struct ndk_kmr *first = rmr_new(e, 2, true), *second = rmr_new(e, 2, false);

	q->m->hold = true;
	KUNIT_EXPECT_EQ(test, rreg(q, ID(1), first, mem,
				   NDK_OP_FLAG_ALLOW_REMOTE_READ | DEFERRED), 0);
	KUNIT_EXPECT_EQ_MSG(test, q->m->nbells, 0, "deferred, not shown");
	KUNIT_EXPECT_EQ(test, rreg(q, ID(2), second, mem,
				   NDK_OP_FLAG_ALLOW_REMOTE_READ | DEFERRED), -EACCES);
	KUNIT_EXPECT_EQ_MSG(test, q->m->nbells, 1, "shown when the refusal was returned");
	KUNIT_ASSERT_EQ(test, q->m->nlog, 1);
	KUNIT_EXPECT_EQ(test, q->m->log[0].opcode, IB_WR_REG_MR);
	KUNIT_EXPECT_EQ(test, q->m->log[0].rkey, ndk_get_remote_token_from_mr(first));

	mock_complete(q->m, U32_MAX);
	rexpect_ex(e, q->scq, ID(1), 0, NDK_OPERATION_FAST_REGISTER, NULL);
	renv_settle(e);
	rexpect_none(e, q->scq);
}

/* ---- doorbells ---- */

static const struct length {
	const char *desc;
	u32 deferred;
} lengths[] = {
	{ "none deferred", 0 },
	{ "1 deferred", 1 },
	{ "2 deferred", 2 },
	{ "15 deferred", 15 },
	{ "the queue but one", DEPTH - 2 },
};

KUNIT_ARRAY_PARAM_DESC(length, lengths, desc);

static void r_ndk_64_one_doorbell_per_chain(struct kunit *test)
{
	const struct length *c = test->param_value;
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);

	q->m->hold = true;
	defer_writes(e, q, 0, c->deferred, 0);
	KUNIT_EXPECT_EQ(test, q->m->nbells, 0);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(c->deferred), 0), 0);

	KUNIT_EXPECT_EQ(test, q->m->nbells, 1);
	expect_bell(test, q, 0, 0, c->deferred + 1);
	expect_shown(test, q, c->deferred + 1);
	rexpect_none(e, q->scq);
	mock_complete(q->m, U32_MAX);
	expect_results(e, q, 0, c->deferred + 1, 0);
	rexpect_none(e, q->scq);
}

/* A few chains; returns the doorbells. */
static unsigned int run_script(struct renv *e, struct rqp *q, struct ndk_result_ex *r)
{
	static const u32 flags[] = {
		DEFERRED, DEFERRED | SILENT, DEFERRED, 0, SILENT, DEFERRED, FENCE, DEFERRED, 0,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		KUNIT_ASSERT_EQ(e->test, rwrite(e, q, ID(i), flags[i]), 0);
	/* one of them refused */
	KUNIT_ASSERT_EQ(e->test, rwrite(e, q, ID(i), DEFERRED), 0);
	KUNIT_ASSERT_EQ(e->test, rwrite(e, q, ID(i + 1), DEFERRED | BIT(31)), -EINVAL);
	mock_complete(q->m, U32_MAX);
	KUNIT_EXPECT_EQ(e->test, ndk_get_cq_results_ex(q->scq->cq, r, 16), 8);
	return q->m->nbells;
}

static void r_ndk_65_ringing_at_once_changes_nothing_else(struct kunit *test)
{
	struct ndk_result_ex *r = kunit_kcalloc(test, 32, sizeof(*r), GFP_KERNEL);
	struct renv *e = rules(test);
	struct rqp *q[2] = { rqp_joined(e, DEPTH), rqp_joined(e, DEPTH) };
	unsigned int bells[2];
	int i;

	KUNIT_ASSERT_NOT_NULL(test, r);
	for (i = 0; i < 2; i++) {
		/* a bound of 1: no request ever waits */
		e->mock->nic->limits.bound = i ? 64 : 1;
		q[i]->m->hold = true;
		bells[i] = run_script(e, q[i], r + 16 * i);
	}
	KUNIT_EXPECT_EQ(test, bells[0], 10);
	KUNIT_EXPECT_EQ(test, bells[1], 5);
	for (i = 0; i < 16; i++) {
		KUNIT_EXPECT_PTR_EQ(test, r[i].request_context, r[i + 16].request_context);
		KUNIT_EXPECT_EQ(test, r[i].status, r[i + 16].status);
		KUNIT_EXPECT_EQ(test, r[i].type, r[i + 16].type);
	}
}

/* ---- refusals ---- */

static void refused_behind_two(struct kunit *test, u32 flags)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);

	q->m->hold = true;
	defer_writes(e, q, 0, 2, 0);
	KUNIT_EXPECT_EQ(test, q->m->nbells, 0);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(2), flags | BIT(31)), -EINVAL);
	KUNIT_EXPECT_EQ(test, q->m->nbells, 1);
	expect_shown(test, q, 2);
	mock_complete(q->m, U32_MAX);
	expect_results(e, q, 0, 2, 0);
	rexpect_none(e, q->scq);

	/* and the queue pair goes on as if nothing had been */
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(3), 0), 0);
	mock_complete(q->m, U32_MAX);
	rexpect(e, q->scq, ID(3), 0);
}

static void r_ndk_66_a_deferred_request_is_refused(struct kunit *test)
{
	refused_behind_two(test, DEFERRED);
}

static void r_ndk_67_an_undeferred_request_is_refused(struct kunit *test)
{
	refused_behind_two(test, 0);
}

/**
 * struct cause - a request that must be refused
 * @desc: why
 * @err: with what
 * @post: posts it
 */
struct cause {
	const char *desc;
	int err;
	int (*post)(struct renv *e, struct rqp *q, u32 flags);
};

static int unknown_flag(struct renv *e, struct rqp *q, u32 flags)
{
	return rsend(e, q, ID(99), flags | BIT(10));
}

static int flag_of_another_request(struct renv *e, struct rqp *q, u32 flags)
{
	return rwrite(e, q, ID(99), flags | NDK_OP_FLAG_SEND_AND_SOLICIT_EVENT);
}

static int rights_on_a_send(struct renv *e, struct rqp *q, u32 flags)
{
	return rsend(e, q, ID(99), flags | NDK_OP_FLAG_ALLOW_REMOTE_READ);
}

static int too_many_sges(struct renv *e, struct rqp *q, u32 flags)
{
	struct ndk_sge sge[8] = { };

	return ndk_write(q->qp, ID(99), sge, 5, 0x1000, 1, flags);
}

static int too_many_sges_to_read_into(struct renv *e, struct rqp *q, u32 flags)
{
	u32 num = e->info.max_read_request_sge + 1;
	struct ndk_sge *sge = kunit_kcalloc(e->test, num, sizeof(*sge), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(e->test, sge);
	return ndk_read(q->qp, ID(99), sge, num, 0x1000, 1, flags);
}

static int too_many_bytes(struct renv *e, struct rqp *q, u32 flags)
{
	struct ndk_sge sge[2] = {
		{ .length = e->info.max_transfer_length, .memory_region_token = e->token },
		{ .length = 1, .memory_region_token = e->token },
	};

	return ndk_send(q->qp, ID(99), sge, 2, flags);
}

static int too_many_inline_bytes(struct renv *e, struct rqp *q, u32 flags)
{
	struct ndk_sge sge = { .virtual_address = (uintptr_t)e, .length = 65 };

	return ndk_send(q->qp, ID(99), &sge, 1, flags | NDK_OP_FLAG_INLINE);
}

static int region_not_initialised(struct renv *e, struct rqp *q, u32 flags)
{
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct call *c = call_new(e);
	struct ndk_kmr *mr = NULL;
	int ret = ndk_create_mr(e->pd, true, call_created, c, &mr);

	KUNIT_ASSERT_EQ(e->test, call_wait(c, ret), 0);
	mr = ret ? (struct ndk_kmr *)c->object : mr;
	robj_keep(e, ndk_obj(mr));
	return rreg(q, ID(99), mr, mem, flags);
}

static int rights_the_region_lacks(struct renv *e, struct rqp *q, u32 flags)
{
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);

	return rreg(q, ID(99), rmr_new(e, 1, false), mem, flags | NDK_OP_FLAG_ALLOW_REMOTE_WRITE);
}

static int too_many_pages(struct renv *e, struct rqp *q, u32 flags)
{
	return rreg(q, ID(99), rmr_new(e, 1, true), rmem_new(e, 0, 2 * PAGE_SIZE), flags);
}

static int nothing_to_invalidate(struct renv *e, struct rqp *q, u32 flags)
{
	return ndk_invalidate(q->qp, ID(99), ndk_obj(rmr_new(e, 1, true)), flags);
}

static int no_region_to_invalidate(struct renv *e, struct rqp *q, u32 flags)
{
	return ndk_invalidate(q->qp, ID(99), ndk_obj(q->qp), flags);
}

static int bind_outside(struct renv *e, struct rqp *q, u32 flags)
{
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_registered(e, mem, NDK_MR_FLAG_ALLOW_LOCAL_WRITE);

	return ndk_bind(q->qp, ID(99), mr, rmw_new(e), (uintptr_t)mem->va + 1, PAGE_SIZE,
			flags | NDK_OP_FLAG_ALLOW_REMOTE_READ);
}

static int not_connected(struct renv *e, struct rqp *q, u32 flags)
{
	api_qp_disconnect(q->qp);
	return rsend(e, q, ID(99), flags);
}

static const struct cause causes[] = {
	{ "unknown flag", -EINVAL, unknown_flag },
	{ "flag of another request", -EINVAL, flag_of_another_request },
	{ "rights on a send", -EINVAL, rights_on_a_send },
	{ "too many SGEs", -E2BIG, too_many_sges },
	{ "too many SGEs of a read", -E2BIG, too_many_sges_to_read_into },
	{ "too many bytes", -E2BIG, too_many_bytes },
	{ "too many inline bytes", -E2BIG, too_many_inline_bytes },
	{ "region not initialised", -EINVAL, region_not_initialised },
	{ "rights the region lacks", -EACCES, rights_the_region_lacks },
	{ "too many pages", -EINVAL, too_many_pages },
	{ "nothing to invalidate", -EACCES, nothing_to_invalidate },
	{ "not a region", -EINVAL, no_region_to_invalidate },
	{ "bind outside of the region", -EINVAL, bind_outside },
	{ "not connected any more", -ENOTCONN, not_connected },
};

KUNIT_ARRAY_PARAM_DESC(cause, causes, desc);

static void refused_for_a_cause(struct kunit *test, u32 flags)
{
	const struct cause *c = test->param_value;
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);

	q->m->hold = true;
	defer_writes(e, q, 0, 3, 0);
	KUNIT_EXPECT_EQ(test, c->post(e, q, flags), c->err);
	KUNIT_EXPECT_EQ(test, q->m->nbells, 1);
	expect_shown(test, q, 3);
	mock_complete(q->m, U32_MAX);
	expect_results(e, q, 0, 3, 0);
	rexpect_none(e, q->scq);
}

static void r_ndk_68_every_cause_of_refusal_rings(struct kunit *test)
{
	refused_for_a_cause(test, 0);
}

static void r_ndk_68_every_cause_of_refusal_rings_deferred(struct kunit *test)
{
	refused_for_a_cause(test, DEFERRED);
}

static void r_ndk_75_a_chain_longer_than_the_queue(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);

	q->m->hold = true;
	defer_writes(e, q, 0, DEPTH, 0);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(DEPTH), DEFERRED), -ENOSPC);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(DEPTH), 0), -ENOSPC);
	expect_shown(test, q, DEPTH);
	mock_complete(q->m, U32_MAX);
	expect_results(e, q, 0, DEPTH, 0);
	rexpect_none(e, q->scq);
}

static void r_ndk_75_full_by_silent_and_undeferred_ones(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	u32 i;

	q->m->hold = true;
	for (i = 0; i < DEPTH - 2; i++)
		KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(i), i & 1 ? SILENT : 0), 0);
	defer_writes(e, q, DEPTH - 2, DEPTH, SILENT);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(DEPTH), DEFERRED), -ENOSPC);
	expect_shown(test, q, DEPTH);
	mock_complete(q->m, U32_MAX);
	for (i = 0; i < DEPTH - 2; i += 2)
		rexpect(e, q->scq, ID(i), 0);
	rexpect_none(e, q->scq);
}

/* ---- what does not end a chain ---- */

static void r_ndk_69_receives_neither_end_a_chain_nor_ring(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct ndk_sge sge[8] = { };

	q->m->hold = true;
	defer_writes(e, q, 0, 3, 0);
	KUNIT_EXPECT_EQ(test, ndk_receive(q->qp, ID(50), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_receive(q->qp, ID(51), sge, 5), -E2BIG);
	KUNIT_EXPECT_EQ(test, mock_receive(q->m, 0, false), 1);
	rexpect_ex(e, q->rcq, ID(50), 0, NDK_OPERATION_RECEIVE, NULL);
	KUNIT_EXPECT_EQ(test, q->m->nbells, 0);

	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(3), 0), 0);
	expect_bell(test, q, 0, 0, 4);
}

static void r_ndk_70_queue_pairs_do_not_ring_for_each_other(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *a = rqp_joined(e, DEPTH), *b = rqp_joined(e, DEPTH);
	int i;

	a->m->hold = true;
	defer_writes(e, a, 0, 2, 0);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, rwrite(e, b, ID(100 + i), 0), 0);
		KUNIT_EXPECT_EQ(test, rwrite(e, b, ID(200), BIT(31)), -EINVAL);
		rexpect(e, b->scq, ID(100 + i), 0);
	}
	ndk_flush(b->qp);
	renv_settle(e);
	KUNIT_EXPECT_EQ(test, a->m->nbells, 0);
	KUNIT_EXPECT_EQ(test, rwrite(e, a, ID(2), 0), 0);
	KUNIT_EXPECT_EQ(test, a->m->nbells, 1);
	expect_shown(test, a, 3);
}

/* ---- the NIC goes back on what was accepted ---- */

static void r_ndk_71_the_nic_refuses_what_was_accepted(struct kunit *test)
{
	struct ndk_result_ex r = { };
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	int last;

	q->m->hold = true;
	defer_writes(e, q, 0, 4, SILENT);
	q->m->refuse = 1;
	last = rwrite(e, q, ID(4), SILENT);

	/* it was shown before the one that failed, and nobody completed it */
	rexpect_ex(e, q->scq, ID(0), -ECANCELED, NDK_OPERATION_WRITE, NULL);
	rexpect_ex(e, q->scq, ID(1), -EPROTO, NDK_OPERATION_WRITE, &r);
	expect_results(e, q, 2, 4, -ECANCELED);
	if (!last)
		rexpect(e, q->scq, ID(4), -ECANCELED);
	renv_settle(e);
	rexpect_none(e, q->scq);
	KUNIT_EXPECT_NE(test, rwrite(e, q, ID(5), 0), 0);
}

static void r_ndk_71_the_nic_refuses_the_request_that_rang(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);

	q->m->hold = true;
	defer_writes(e, q, 0, 2, 0);
	q->m->refuse = 2;
	KUNIT_EXPECT_LT(test, rwrite(e, q, ID(2), 0), 0);
	mock_complete(q->m, U32_MAX);
	expect_results(e, q, 0, 2, 0);
	rexpect_none(e, q->scq);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(3), 0), 0);
	mock_complete(q->m, U32_MAX);
	rexpect(e, q->scq, ID(3), 0);
}

/* ---- ends that nobody posted ---- */

static void r_ndk_72_flush_cancels_an_unended_chain_in_order(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);

	q->m->hold = true;
	/* two shown, three not */
	KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(0), 0), 0);
	KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(1), SILENT), 0);
	defer_writes(e, q, 2, 5, 0);
	ndk_flush(q->qp);
	expect_results(e, q, 0, 5, -ECANCELED);
	renv_settle(e);
	rexpect_none(e, q->scq);
}

static void r_ndk_73_close_with_an_unended_chain(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct ndk_result_ex r;
	u32 next = 0;

	q->m->hold = true;
	defer_writes(e, q, 0, 5, 0);
	/* waits; a hang would be noticed */
	robj_close_now(e, ndk_obj(q->qp));
	while (ndk_get_cq_results_ex(q->scq->cq, &r, 1)) {
		KUNIT_EXPECT_EQ(test, r.status, -ECANCELED);
		KUNIT_EXPECT_PTR_EQ(test, r.request_context, ID(next));
		KUNIT_EXPECT_PTR_EQ(test, r.qp_context, (void *)q);
		next++;
	}
	KUNIT_EXPECT_TRUE_MSG(test, next == 0 || next == 5, "%u results of 5", next);
}

static void r_ndk_74_a_chain_longer_than_the_bound_is_split(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);

	q->m->hold = true;
	e->mock->nic->limits.bound = 8;
	defer_writes(e, q, 0, 20, 0);
	KUNIT_EXPECT_EQ(test, q->m->nbells, 2);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(20), 0), 0);
	KUNIT_EXPECT_EQ(test, q->m->nbells, 3);
	expect_bell(test, q, 0, 0, 8);
	expect_bell(test, q, 1, 8, 16);
	expect_bell(test, q, 2, 16, 21);
	expect_shown(test, q, 21);
	mock_complete(q->m, U32_MAX);
	expect_results(e, q, 0, 21, 0);
	rexpect_none(e, q->scq);
}

/* ---- all kinds ---- */

struct seven {
	struct rmem *mem;
	struct ndk_kmr *fresh;
	struct ndk_kmr *registered;
	struct ndk_kmr *parent;
	struct ndk_kmw *mw;
};

static void prepare_seven(struct renv *e, struct rqp *q, struct seven *s)
{
	s->mem = rmem_new(e, 0, 2 * PAGE_SIZE);
	s->fresh = rmr_new(e, 2, true);
	s->registered = rmr_new(e, 2, true);
	s->parent = rmr_registered(e, s->mem, NDK_MR_FLAG_ALLOW_LOCAL_WRITE);
	s->mw = rmw_new(e);
	KUNIT_ASSERT_EQ(e->test, rreg(q, ID(90), s->registered, s->mem,
				      NDK_OP_FLAG_ALLOW_LOCAL_WRITE), 0);
	rexpect(e, q->scq, ID(90), 0);
}

static const struct {
	u8 opcode;
	u32 type;
} seven_kinds[] = {
	{ IB_WR_SEND, NDK_OPERATION_SEND },
	{ IB_WR_RDMA_READ, NDK_OPERATION_READ },
	{ IB_WR_RDMA_WRITE, NDK_OPERATION_WRITE },
	{ IB_WR_REG_MR, NDK_OPERATION_FAST_REGISTER },
	/* a window is a region of its own here */
	{ IB_WR_REG_MR, NDK_OPERATION_BIND },
	{ IB_WR_LOCAL_INV, NDK_OPERATION_INVALIDATE },
	{ IB_WR_SEND_WITH_INV, NDK_OPERATION_SEND },
};

static void post_seven(struct renv *e, struct rqp *q, struct seven *s, u32 more)
{
	struct ndk_sge sge = rmem_sge(e, s->mem, 0, 8);
	const u32 flags = DEFERRED | more;
	struct kunit *test = e->test;

	KUNIT_EXPECT_EQ(test, ndk_send(q->qp, ID(0), &sge, 1, flags), 0);
	KUNIT_EXPECT_EQ(test, ndk_read(q->qp, ID(1), &sge, 1, 0x1000, 1, flags), 0);
	KUNIT_EXPECT_EQ(test, ndk_write(q->qp, ID(2), &sge, 1, 0x1000, 1, flags), 0);
	KUNIT_EXPECT_EQ(test, rreg(q, ID(3), s->fresh, s->mem, flags), 0);
	KUNIT_EXPECT_EQ(test, ndk_bind(q->qp, ID(4), s->parent, s->mw, (uintptr_t)s->mem->va, 8,
				       flags | NDK_OP_FLAG_ALLOW_REMOTE_READ), 0);
	KUNIT_EXPECT_EQ(test, ndk_invalidate(q->qp, ID(5), ndk_obj(s->registered), flags), 0);
	KUNIT_EXPECT_EQ(test, q->m->nbells, 0);
	KUNIT_EXPECT_EQ(test, ndk_send_and_invalidate(q->qp, ID(6), &sge, 1, more, 0x77), 0);
}

static void r_ndk_76_all_seven_requests_in_one_chain(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct seven s;
	int i;

	prepare_seven(e, q, &s);
	q->m->hold = true;
	q->m->nbells = 0;
	q->m->nlog = 0;
	post_seven(e, q, &s, 0);
	KUNIT_EXPECT_EQ(test, q->m->nbells, 1);
	expect_shown(test, q, 7);
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_EQ(test, q->m->log[i].opcode, seven_kinds[i].opcode);
	KUNIT_EXPECT_EQ(test, q->m->log[6].inv_rkey, 0x77);
	mock_complete(q->m, U32_MAX);
	for (i = 0; i < 7; i++)
		rexpect_ex(e, q->scq, ID(i), 0, seven_kinds[i].type, NULL);
	rexpect_none(e, q->scq);
}

static void r_ndk_77_deferred_and_silent_success_is_unseen(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct seven s;

	prepare_seven(e, q, &s);
	q->m->hold = true;
	q->m->nbells = 0;
	post_seven(e, q, &s, SILENT);
	mock_complete(q->m, U32_MAX);
	renv_settle(e);
	rexpect_none(e, q->scq);
}

static void r_ndk_77_deferred_and_silent_failure_is_seen(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct seven s;
	int i;

	prepare_seven(e, q, &s);
	q->m->hold = true;
	q->m->nbells = 0;
	post_seven(e, q, &s, SILENT);
	mock_complete(q->m, 2);
	rexpect_none(e, q->scq);
	mock_fail(q->m, IB_WC_REM_ACCESS_ERR);
	rexpect_ex(e, q->scq, ID(2), -EACCES, NDK_OPERATION_WRITE, NULL);
	for (i = 3; i < 7; i++)
		rexpect_ex(e, q->scq, ID(i), -ECANCELED, seven_kinds[i].type, NULL);
	rexpect_none(e, q->scq);
}

static void r_ndk_78_register_invalidate_register_in_one_chain(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *one = rmem_new(e, 0, PAGE_SIZE), *two = rmem_new(e, 0, 2 * PAGE_SIZE);
	struct ndk_kmr *mr = rmr_new(e, 2, true);
	u32 first, second;

	q->m->hold = true;
	KUNIT_EXPECT_EQ(test, rreg(q, ID(0), mr, one, NDK_OP_FLAG_ALLOW_REMOTE_READ | DEFERRED),
			0);
	first = ndk_get_remote_token_from_mr(mr);
	KUNIT_EXPECT_EQ(test, ndk_invalidate(q->qp, ID(1), ndk_obj(mr), DEFERRED), 0);
	KUNIT_EXPECT_EQ(test, rreg(q, ID(2), mr, two, NDK_OP_FLAG_ALLOW_REMOTE_READ | DEFERRED),
			0);
	second = ndk_get_remote_token_from_mr(mr);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(3), 0), 0);

	KUNIT_EXPECT_NE(test, first, second);
	expect_shown(test, q, 4);
	KUNIT_EXPECT_EQ(test, q->m->log[0].rkey, first);
	KUNIT_EXPECT_EQ(test, q->m->log[0].remote_addr, (uintptr_t)one->va);
	KUNIT_EXPECT_EQ(test, q->m->log[1].inv_rkey, first);
	KUNIT_EXPECT_EQ(test, q->m->log[2].rkey, second);
	KUNIT_EXPECT_EQ(test, q->m->log[2].remote_addr, (uintptr_t)two->va);
	mock_complete(q->m, U32_MAX);
	expect_results(e, q, 0, 4, 0);
	/* it is registered, so not once more */
	KUNIT_EXPECT_EQ(test, rreg(q, ID(4), mr, one, 0), -EBUSY);
}

/* ---- chains left alone ---- */

static void r_ndk_79_the_timer_shows_a_chain_left_alone(struct kunit *test)
{
	u64 before;
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);

	before = renv_stat(e, NDK_STAT_DOORBELLS_TIMER);
	e->mock->nic->limits.usecs = 1000;
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(0), DEFERRED), 0);
	rexpect(e, q->scq, ID(0), 0);
	KUNIT_EXPECT_EQ(test, renv_stat(e, NDK_STAT_DOORBELLS_TIMER), before + 1);
}

static void r_ndk_79_flush_recovers_a_chain_left_alone(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);

	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(0), DEFERRED), 0);
	renv_settle(e);
	rexpect_none(e, q->scq);
	ndk_flush(q->qp);
	rexpect(e, q->scq, ID(0), -ECANCELED);
}

static struct kunit_case rules_defer_cases[] = {
	KUNIT_CASE(worked_example_of_the_deferral_contract),
	KUNIT_CASE_PARAM(r_ndk_64_one_doorbell_per_chain, length_gen_params),
	KUNIT_CASE(r_ndk_65_ringing_at_once_changes_nothing_else),
	KUNIT_CASE(r_ndk_66_a_deferred_request_is_refused),
	KUNIT_CASE(r_ndk_67_an_undeferred_request_is_refused),
	KUNIT_CASE_PARAM(r_ndk_68_every_cause_of_refusal_rings, cause_gen_params),
	KUNIT_CASE_PARAM(r_ndk_68_every_cause_of_refusal_rings_deferred, cause_gen_params),
	KUNIT_CASE(r_ndk_69_receives_neither_end_a_chain_nor_ring),
	KUNIT_CASE(r_ndk_70_queue_pairs_do_not_ring_for_each_other),
	KUNIT_CASE(r_ndk_71_the_nic_refuses_what_was_accepted),
	KUNIT_CASE(r_ndk_71_the_nic_refuses_the_request_that_rang),
	KUNIT_CASE(r_ndk_72_flush_cancels_an_unended_chain_in_order),
	KUNIT_CASE(r_ndk_73_close_with_an_unended_chain),
	KUNIT_CASE(r_ndk_74_a_chain_longer_than_the_bound_is_split),
	KUNIT_CASE(r_ndk_75_a_chain_longer_than_the_queue),
	KUNIT_CASE(r_ndk_75_full_by_silent_and_undeferred_ones),
	KUNIT_CASE(r_ndk_76_all_seven_requests_in_one_chain),
	KUNIT_CASE(r_ndk_77_deferred_and_silent_success_is_unseen),
	KUNIT_CASE(r_ndk_77_deferred_and_silent_failure_is_seen),
	KUNIT_CASE(r_ndk_78_register_invalidate_register_in_one_chain),
	KUNIT_CASE(r_ndk_79_the_timer_shows_a_chain_left_alone),
	KUNIT_CASE(r_ndk_79_flush_recovers_a_chain_left_alone),
	{}
};

static struct kunit_suite rules_defer_suite = {
	.name = "ndk_rules_defer",
	.test_cases = rules_defer_cases,
};

kunit_test_suite(rules_defer_suite);
