// SPDX-License-Identifier: GPL-2.0
/*
 * R-NDK-33 to R-NDK-40: limits. What the adapter says is the most there is works;
 * one more does not.
 */
#include "rules_suite.h"

/* A create that is only tried: what came of it. */
static int tried(struct renv *e, struct call *c, int ret, void *out)
{
	int err = call_wait(c, ret);

	if (!err)
		robj_keep(e, ret == -EINPROGRESS ? c->object : out);
	return err;
}

static int try_cq(struct renv *e, u32 depth)
{
	struct call *c = call_new(e);
	struct ndk_kcq *cq = NULL;
	int ret = ndk_create_cq(e->adapter, depth, NULL, NULL, NULL, call_created, c, &cq);

	return tried(e, c, ret, cq);
}

static void r_ndk_33_depth_of_a_cq(struct kunit *test)
{
	struct renv *e = rules(test);

	KUNIT_EXPECT_EQ(test, try_cq(e, 1), 0);
	KUNIT_EXPECT_EQ(test, try_cq(e, e->info.max_cq_depth), 0);
	KUNIT_EXPECT_EQ(test, try_cq(e, e->info.max_cq_depth + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_cq(e, U32_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_cq(e, 0), -EINVAL);
}

static void r_ndk_33_a_cq_holds_its_depth(struct kunit *test)
{
	struct renv *e = rules(test);
	u32 depth = 64, i;
	struct rcq *cq = rcq_new(e, depth);
	struct rqp *q = rqp_on(e, depth, cq, cq);

	rqp_join(e, q, q);
	for (i = 0; i < depth; i++)
		KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(i), 0), 0);
	for (i = 0; i < depth; i++)
		rexpect(e, cq, ID(i), 0);
	rexpect_none(e, cq);
}

/* ---- queue pairs ---- */

struct sizes {
	u32 receive_depth;
	u32 initiator_depth;
	u32 receive_sge;
	u32 initiator_sge;
	u32 inline_size;
};

static struct sizes largest(struct renv *e)
{
	return (struct sizes){
		.receive_depth = e->info.max_receive_queue_depth,
		.initiator_depth = e->info.max_initiator_queue_depth,
		.receive_sge = e->info.max_receive_request_sge,
		.initiator_sge = e->info.max_initiator_request_sge,
		.inline_size = e->info.max_inline_data_size,
	};
}

static int try_qp(struct renv *e, const struct sizes *s)
{
	struct call *c = call_new(e);
	struct ndk_kqp *qp = NULL;
	int ret = ndk_create_qp(e->pd, e->rcq->cq, e->scq->cq, NULL, s->receive_depth,
				s->initiator_depth, s->receive_sge, s->initiator_sge,
				s->inline_size, call_created, c, &qp);

	return tried(e, c, ret, qp);
}

static int try_qp_with_srq(struct renv *e, struct ndk_ksrq *srq, const struct sizes *s)
{
	struct call *c = call_new(e);
	struct ndk_kqp *qp = NULL;
	int ret = ndk_create_qp_with_srq(e->pd, e->rcq->cq, e->scq->cq, srq, NULL,
					 s->initiator_depth, s->initiator_sge, s->inline_size,
					 call_created, c, &qp);

	return tried(e, c, ret, qp);
}

struct size {
	const char *desc;
	size_t at;
	bool shared;
};

static const struct size sizes[] = {
	{ "receive depth", offsetof(struct sizes, receive_depth), false },
	{ "initiator depth", offsetof(struct sizes, initiator_depth), true },
	{ "receive SGEs", offsetof(struct sizes, receive_sge), false },
	{ "initiator SGEs", offsetof(struct sizes, initiator_sge), true },
	{ "inline size", offsetof(struct sizes, inline_size), true },
};

KUNIT_ARRAY_PARAM_DESC(size, sizes, desc);

static void r_ndk_34_everything_at_its_maximum(struct kunit *test)
{
	struct renv *e = rules(test);
	struct sizes s = largest(e);
	struct ndk_ksrq *srq = rsrq_new(e, 4, 0, NULL, NULL);

	KUNIT_EXPECT_EQ(test, try_qp(e, &s), 0);
	KUNIT_EXPECT_EQ(test, try_qp_with_srq(e, srq, &s), 0);
}

static void r_ndk_34_one_more_of_each(struct kunit *test)
{
	const struct size *size = test->param_value;
	struct renv *e = rules(test);
	struct ndk_ksrq *srq = rsrq_new(e, 4, 0, NULL, NULL);
	struct sizes s = largest(e);
	u32 *v = (void *)&s + size->at;

	*v += 1;
	KUNIT_EXPECT_EQ(test, try_qp(e, &s), -EINVAL);
	if (size->shared)
		KUNIT_EXPECT_EQ(test, try_qp_with_srq(e, srq, &s), -EINVAL);
	*v = U32_MAX;
	KUNIT_EXPECT_EQ(test, try_qp(e, &s), -EINVAL);
	if (size->shared)
		KUNIT_EXPECT_EQ(test, try_qp_with_srq(e, srq, &s), -EINVAL);
}

static void r_ndk_34_the_largest_takes_as_many_requests(struct kunit *test)
{
	struct renv *e = rules(test);
	u32 depth = e->info.max_initiator_queue_depth, i;
	struct rcq *cq = rcq_new(e, depth);
	struct rqp *q = rqp_on(e, min(depth, e->info.max_receive_queue_depth), e->rcq, cq);

	rqp_join(e, q, q);
	q->m->hold = true;
	for (i = 0; i < min(depth, e->info.max_receive_queue_depth); i++) {
		KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(i), DEFERRED | SILENT), 0);
		KUNIT_ASSERT_EQ(test, ndk_receive(q->qp, ID(i), NULL, 0), 0);
	}
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(i), 0), -ENOSPC);
	KUNIT_EXPECT_EQ(test, ndk_receive(q->qp, ID(i), NULL, 0), -ENOSPC);
}

static void a_qp_of_objects_of_another_adapter_is_refused(struct kunit *test)
{
	struct renv *e = rules(test);
	struct ndk_adapter *other = renv_open_another(e);
	struct ndk_kpd *pd = rpd_new(e, other);
	struct call *c = call_new(e);
	struct ndk_kqp *qp = NULL;
	int ret = ndk_create_qp(pd, e->rcq->cq, e->scq->cq, NULL, 1, 1, 1, 1, 0, call_created, c,
				&qp);

	KUNIT_EXPECT_EQ(test, tried(e, c, ret, qp), -EINVAL);
}

/* ---- shared receive queues ---- */

static int try_srq(struct renv *e, u32 depth, u32 sges)
{
	struct call *c = call_new(e);
	struct ndk_ksrq *srq = NULL;
	int ret = ndk_create_srq(e->pd, depth, sges, 0, NULL, NULL, NULL, call_created, c, &srq);

	return tried(e, c, ret, srq);
}

static void r_ndk_35_depth_and_sges_of_an_srq(struct kunit *test)
{
	struct renv *e = rules(test);
	u32 depth = e->info.max_srq_depth, sges = e->info.max_receive_request_sge;

	KUNIT_EXPECT_EQ(test, try_srq(e, depth, sges), 0);
	KUNIT_EXPECT_EQ(test, try_srq(e, depth + 1, sges), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_srq(e, depth, sges + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_srq(e, U32_MAX, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_srq(e, 1, U32_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, try_srq(e, 0, 1), -EINVAL);
}

static void r_ndk_35_modify_to_more_than_there_is(struct kunit *test)
{
	struct renv *e = rules(test);
	struct ndk_ksrq *srq = rsrq_new(e, 4, 0, NULL, NULL);
	struct call *c = call_new(e);

	KUNIT_EXPECT_EQ(test, call_wait(c, ndk_modify_srq(srq, e->info.max_srq_depth + 1, 0,
							  call_done, c)), -EINVAL);
	call_init(c, e);
	KUNIT_EXPECT_EQ(test, call_wait(c, ndk_modify_srq(srq, e->info.max_srq_depth, 0,
							  call_done, c)), 0);
}

/* ---- regions ---- */

static int try_init(struct renv *e, u32 pages)
{
	struct call *c = call_new(e);
	struct ndk_kmr *mr = NULL;
	int ret = ndk_create_mr(e->pd, true, call_created, c, &mr);

	KUNIT_ASSERT_EQ(e->test, tried(e, c, ret, mr), 0);
	mr = ret == -EINPROGRESS ? (struct ndk_kmr *)c->object : mr;
	call_init(c, e);
	return call_wait(c, ndk_initialize_fast_register_mr(mr, pages, true, call_done, c));
}

static void r_ndk_36_pages_of_a_fast_register_region(struct kunit *test)
{
	struct renv *e = rules(test);

	KUNIT_EXPECT_EQ(test, try_init(e, 1), 0);
	KUNIT_EXPECT_EQ(test, try_init(e, MOCK_MAX_PAGES), 0);
	KUNIT_EXPECT_EQ(test, try_init(e, MOCK_MAX_PAGES + 1), -ERANGE);
	KUNIT_EXPECT_EQ(test, try_init(e, U32_MAX), -ERANGE);
}

static void r_ndk_36_misuse_of_initialisation(struct kunit *test)
{
	struct renv *e = rules(test);
	struct ndk_kmr *normal = rmr_new(e, 0, false), *fast = rmr_new(e, 2, true);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_mdl mdl = { .virtual_address = (uintptr_t)mem->va };
	struct call *c = call_new(e);

	KUNIT_EXPECT_LT(test, try_init(e, 0), 0);
	KUNIT_EXPECT_EQ_MSG(test, call_wait(c, ndk_initialize_fast_register_mr(normal, 1, true,
									       call_done, c)),
			    -EINVAL, "not such a region");
	call_init(c, e);
	KUNIT_EXPECT_EQ_MSG(test, call_wait(c, ndk_initialize_fast_register_mr(fast, 1, true,
									       call_done, c)),
			    -EINVAL, "twice");
	call_init(c, e);
	KUNIT_EXPECT_EQ_MSG(test, call_wait(c, ndk_register_mr(fast, &mdl, PAGE_SIZE, 0,
							       call_done, c)),
			    -EINVAL, "a fast-register region");
	call_init(c, e);
	KUNIT_EXPECT_EQ_MSG(test, call_wait(c, ndk_deregister_mr(normal, call_done, c)),
			    -EINVAL, "not registered");
}

/* ---- depth in use ---- */

static void r_ndk_37_one_request_more_than_the_depth(struct kunit *test)
{
	struct renv *e = rules(test);
	/* not a power of two: what is asked for counts, not what there is room for */
	u32 depth = 10, i;
	struct rqp *q = rqp_joined(e, depth);

	q->m->hold = true;
	for (i = 0; i < depth; i++)
		KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(i), i & 1 ? SILENT : 0), 0);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(99), 0), -ENOSPC);
	KUNIT_EXPECT_EQ(test, rsend(e, q, ID(99), SILENT), -ENOSPC);
	mock_complete(q->m, 1);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(depth), 0), 0);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(99), 0), -ENOSPC);
	mock_complete(q->m, U32_MAX);
	for (i = 0; i <= depth; i += 2)
		rexpect(e, q->scq, ID(i), 0);
	rexpect_none(e, q->scq);
}

static void r_ndk_37_one_receive_more_than_the_depth(struct kunit *test)
{
	struct renv *e = rules(test);
	u32 depth = 10, i;
	struct rqp *q = rqp_joined(e, depth);

	for (i = 0; i < depth; i++)
		KUNIT_ASSERT_EQ(test, ndk_receive(q->qp, ID(i), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_receive(q->qp, ID(99), NULL, 0), -ENOSPC);
	KUNIT_EXPECT_EQ(test, mock_receive(q->m, 0, false), 1);
	KUNIT_EXPECT_EQ(test, ndk_receive(q->qp, ID(i), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_receive(q->qp, ID(99), NULL, 0), -ENOSPC);
}

static void r_ndk_38_silent_requests_never_fill_the_queue_for_good(struct kunit *test)
{
	struct renv *e = rules(test);
	u32 depth = 16, round, i;
	struct rqp *q = rqp_joined(e, depth);

	q->m->hold = true;
	for (round = 0; round < 4; round++) {
		for (i = 0; i < depth - 1; i++)
			KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(i), SILENT), 0);
		KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(100 + round), 0), 0);
		mock_complete(q->m, U32_MAX);
		rexpect(e, q->scq, ID(100 + round), 0);
	}
	rexpect_none(e, q->scq);
}

static void r_ndk_38_not_one_that_is_seen(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, 8);
	u32 i;

	for (i = 0; i < 64; i++)
		KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(i), SILENT), 0);
	renv_settle(e);
	rexpect_none(e, q->scq);
}

/* A NIC whose reads have fewer SGEs than its writes. */
static void r_ndk_39_a_read_has_its_own_limit(struct kunit *test)
{
	struct renv *e = rules_unopened(test);
	struct ib_device_attr *attr = &e->mock->nic->attr;
	struct ndk_sge sge[MOCK_MAX_SGE] = { };
	struct rqp *q;
	u32 was = attr->max_sge_rd;
	int i;

	attr->max_sge_rd = 2;
	e = rules(test);
	attr->max_sge_rd = was;
	KUNIT_EXPECT_EQ(test, e->info.max_read_request_sge, 2);
	KUNIT_EXPECT_EQ(test, e->info.max_initiator_request_sge, MOCK_MAX_SGE);
	q = rqp_joined(e, 8);
	for (i = 0; i < MOCK_MAX_SGE; i++)
		sge[i] = (struct ndk_sge){ .length = 1, .memory_region_token = e->token };
	KUNIT_EXPECT_EQ(test, ndk_write(q->qp, ID(0), sge, MOCK_MAX_SGE, 0x1000, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_read(q->qp, ID(1), sge, 2, 0x1000, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_read(q->qp, ID(2), sge, 3, 0x1000, 1, 0), -E2BIG);
	rexpect(e, q->scq, ID(0), 0);
	rexpect(e, q->scq, ID(1), 0);
	rexpect_none(e, q->scq);
}

/* One SGE per initiator request was asked for. */
static struct rqp *one_sge(struct renv *e)
{
	struct rqp *q = rqp_with_srq(e, 8, rsrq_new(e, 8, 0, NULL, NULL));

	rqp_join(e, q, q);
	return q;
}

/* The adapter's limit is instead of the queue pair's, not beside it. */
static void r_ndk_39_a_read_may_have_more_than_the_queue_pair(struct kunit *test)
{
	struct renv *e = rules(test);
	struct ndk_sge sge[MOCK_MAX_SGE + 1] = { };
	struct rqp *q = one_sge(e);
	u8 inl[1] = { };
	int i;

	for (i = 0; i <= MOCK_MAX_SGE; i++)
		sge[i] = (struct ndk_sge){ .length = 1, .memory_region_token = e->token };
	KUNIT_EXPECT_EQ(test, ndk_read(q->qp, ID(0), sge, MOCK_MAX_SGE, 0x1000, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_read(q->qp, ID(1), sge, MOCK_MAX_SGE + 1, 0x1000, 1, 0), -E2BIG);
	KUNIT_EXPECT_EQ(test, ndk_write(q->qp, ID(2), sge, 2, 0x1000, 1, 0), -E2BIG);
	KUNIT_EXPECT_EQ(test, ndk_send(q->qp, ID(3), sge, 2, 0), -E2BIG);
	/* nor is what the queue has room for then a limit of inline data */
	sge[0].virtual_address = (uintptr_t)inl;
	KUNIT_EXPECT_EQ(test, ndk_send(q->qp, ID(4), sge, 1, NDK_OP_FLAG_INLINE), -E2BIG);
	KUNIT_EXPECT_EQ(test, q->m->log[0].num_sge, MOCK_MAX_SGE);
	rexpect(e, q->scq, ID(0), 0);
	rexpect_none(e, q->scq);
}

/* Hardware may not have a queue that deep for SGEs that many. */
static void r_ndk_39_a_nic_without_the_room(struct kunit *test)
{
	struct renv *e = rules(test);
	struct ndk_sge sge[2] = { };
	struct rqp *q;

	e->mock->room_sge = 1;
	q = one_sge(e);
	e->mock->room_sge = 0;
	sge[0] = (struct ndk_sge){ .length = 1, .memory_region_token = e->token };
	sge[1] = sge[0];
	KUNIT_EXPECT_EQ(test, ndk_read(q->qp, ID(0), sge, 1, 0x1000, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_read(q->qp, ID(1), sge, 2, 0x1000, 1, 0), -E2BIG);
	rexpect(e, q->scq, ID(0), 0);
	rexpect_none(e, q->scq);
}

static void r_ndk_40_no_sges(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, 8);
	int i;

	KUNIT_EXPECT_EQ(test, ndk_receive(q->qp, ID(9), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_send(q->qp, ID(0), NULL, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_read(q->qp, ID(1), NULL, 0, 0x1000, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_write(q->qp, ID(2), NULL, 0, 0x1000, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_send(q->qp, ID(3), NULL, 0, NDK_OP_FLAG_INLINE), 0);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, q->m->log[i].num_sge, 0);
		KUNIT_EXPECT_EQ(test, q->m->log[i].length, 0);
		rexpect(e, q->scq, ID(i), 0);
	}
	KUNIT_EXPECT_EQ(test, mock_receive(q->m, 0, false), 1);
	rexpect(e, q->rcq, ID(9), 0);
}

static struct kunit_case rules_limits_cases[] = {
	KUNIT_CASE(r_ndk_33_depth_of_a_cq),
	KUNIT_CASE(r_ndk_33_a_cq_holds_its_depth),
	KUNIT_CASE(r_ndk_34_everything_at_its_maximum),
	KUNIT_CASE_PARAM(r_ndk_34_one_more_of_each, size_gen_params),
	KUNIT_CASE(r_ndk_34_the_largest_takes_as_many_requests),
	KUNIT_CASE(a_qp_of_objects_of_another_adapter_is_refused),
	KUNIT_CASE(r_ndk_35_depth_and_sges_of_an_srq),
	KUNIT_CASE(r_ndk_35_modify_to_more_than_there_is),
	KUNIT_CASE(r_ndk_36_pages_of_a_fast_register_region),
	KUNIT_CASE(r_ndk_36_misuse_of_initialisation),
	KUNIT_CASE(r_ndk_37_one_request_more_than_the_depth),
	KUNIT_CASE(r_ndk_37_one_receive_more_than_the_depth),
	KUNIT_CASE(r_ndk_38_silent_requests_never_fill_the_queue_for_good),
	KUNIT_CASE(r_ndk_38_not_one_that_is_seen),
	KUNIT_CASE(r_ndk_39_a_read_has_its_own_limit),
	KUNIT_CASE(r_ndk_39_a_read_may_have_more_than_the_queue_pair),
	KUNIT_CASE(r_ndk_39_a_nic_without_the_room),
	KUNIT_CASE(r_ndk_40_no_sges),
	{}
};

static struct kunit_suite rules_limits_suite = {
	.name = "ndk_rules_limits",
	.test_cases = rules_limits_cases,
};

kunit_test_suite(rules_limits_suite);
