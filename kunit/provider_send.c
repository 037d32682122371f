// SPDX-License-Identifier: GPL-2.0
/*
 * Sending through the verbs: chains and their doorbells, completions, order.
 */
#include "provider_env.h"

static void expect_bell(struct kunit *test, struct mock_qp *m, unsigned int i,
			u32 first, u32 end)
{
	KUNIT_ASSERT_GT_MSG(test, m->nbells, i, "doorbell %u did not ring", i);
	KUNIT_EXPECT_EQ_MSG(test, m->bells[i].first, first, "doorbell %u", i);
	KUNIT_EXPECT_EQ_MSG(test, m->bells[i].end, end, "doorbell %u", i);
}

static void r_ndk_64_chain_over_several_posts_rings_once(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 16);
	struct mock_qp *m = to_mock_qp(qp);
	u64 i;

	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, env_post_one(e, qp, i, SIGNAL | DEFER), 0);
	KUNIT_EXPECT_EQ(test, m->nbells, 0);
	KUNIT_EXPECT_EQ(test, env_post_one(e, qp, i, SIGNAL), 0);

	KUNIT_EXPECT_EQ(test, m->nbells, 1);
	expect_bell(test, m, 0, 0, 4);
	KUNIT_EXPECT_EQ(test, mock_complete(m, U32_MAX), 4);
	for (i = 0; i < 4; i++)
		env_expect_wc(e, e->scq, i, IB_WC_SUCCESS);
	env_expect_no_wc(e, e->scq);
}

static void r_ndk_76_every_opcode_in_one_deferred_list(struct kunit *test)
{
	static const struct post list[] = {
		{ 0, SIGNAL | DEFER, IB_WR_SEND },
		{ 1, SIGNAL | DEFER, IB_WR_RDMA_WRITE },
		{ 2, SIGNAL | DEFER, IB_WR_RDMA_READ },
		{ 3, SIGNAL | DEFER, IB_WR_ATOMIC_CMP_AND_SWP },
		{ 4, SIGNAL | DEFER, IB_WR_SEND_WITH_IMM },
		{ 5, SIGNAL | DEFER, IB_WR_ATOMIC_FETCH_AND_ADD },
		{ 6, SIGNAL, IB_WR_RDMA_WRITE_WITH_IMM },
	};
	static const enum ib_wc_opcode opcodes[] = {
		IB_WC_SEND, IB_WC_RDMA_WRITE, IB_WC_RDMA_READ, IB_WC_COMP_SWAP,
		IB_WC_SEND, IB_WC_FETCH_ADD, IB_WC_RDMA_WRITE,
	};
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 16);
	struct mock_qp *m = to_mock_qp(qp);
	struct ib_wc wc = {};
	int i;

	KUNIT_EXPECT_EQ(test, env_post(e, qp, list, ARRAY_SIZE(list), NULL), 0);

	KUNIT_EXPECT_EQ(test, m->nbells, 1);
	expect_bell(test, m, 0, 0, ARRAY_SIZE(list));
	mock_complete(m, U32_MAX);
	for (i = 0; i < ARRAY_SIZE(list); i++) {
		KUNIT_ASSERT_EQ(test, ib_poll_cq(e->scq->cq, 1, &wc), 1);
		KUNIT_EXPECT_EQ(test, wc.wr_id, i);
		KUNIT_EXPECT_EQ(test, wc.opcode, opcodes[i]);
		KUNIT_EXPECT_PTR_EQ(test, wc.qp, qp);
	}
}

static void nic_sees_what_was_posted(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 16);
	struct ib_sge sge[2] = {
		{ .addr = 0x1111, .length = 3, .lkey = 7 },
		{ .addr = 0x2222, .length = 5, .lkey = 8 },
	};
	struct ib_rdma_wr wr = {
		.wr = { .wr_id = 99, .opcode = IB_WR_RDMA_WRITE_WITH_IMM, .sg_list = sge,
			.num_sge = 2, .ex.imm_data = cpu_to_be32(0x01020304),
			.send_flags = IB_SEND_SOLICITED | IB_SEND_FENCE },
		.remote_addr = 0x1234567890abcdefULL,
		.rkey = 0xaabbccdd,
	};
	struct ndk_swqe *w;

	KUNIT_ASSERT_EQ(test, ib_post_send(qp, &wr.wr, NULL), 0);

	w = ndk_sq_wqe(to_ndk_qp(qp), 0);
	KUNIT_EXPECT_EQ(test, w->wr_id, 99);
	KUNIT_EXPECT_EQ(test, w->opcode, IB_WR_RDMA_WRITE_WITH_IMM);
	KUNIT_EXPECT_EQ(test, w->remote_addr, 0x1234567890abcdefULL);
	KUNIT_EXPECT_EQ(test, w->rkey, 0xaabbccdd);
	KUNIT_EXPECT_EQ(test, be32_to_cpu(w->imm), 0x01020304);
	KUNIT_EXPECT_EQ(test, w->flags, IB_SEND_SOLICITED | IB_SEND_FENCE);
	KUNIT_EXPECT_FALSE(test, w->signaled);
	KUNIT_EXPECT_EQ(test, w->length, 8);
	KUNIT_ASSERT_EQ(test, w->num_sge, 2);
	KUNIT_EXPECT_MEMEQ(test, w->sge, sge, sizeof(sge));
}

static void inline_data_is_taken_when_posted(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 16);
	struct ib_rdma_wr wr = {};
	struct ndk_swqe *w;
	struct ib_sge sge[2];
	u8 *data;

	data = kunit_kzalloc(test, MOCK_MAX_INLINE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	memset(data, 0x5a, MOCK_MAX_INLINE);
	sge[0] = (struct ib_sge){ .addr = (uintptr_t)data, .length = 1 };
	sge[1] = (struct ib_sge){ .addr = (uintptr_t)data, .length = MOCK_MAX_INLINE - 1 };
	wr.wr.opcode = IB_WR_RDMA_WRITE;
	wr.wr.sg_list = sge;
	wr.wr.num_sge = 2;
	wr.wr.send_flags = IB_SEND_INLINE;

	KUNIT_ASSERT_EQ(test, ib_post_send(qp, &wr.wr, NULL), 0);
	memset(data, 0, MOCK_MAX_INLINE);

	w = ndk_sq_wqe(to_ndk_qp(qp), 0);
	KUNIT_EXPECT_EQ(test, w->length, MOCK_MAX_INLINE);
	KUNIT_EXPECT_EQ(test, w->num_sge, 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(w->inline_data, 0x5a, MOCK_MAX_INLINE));
}

/* Many times round the ring: a slot that silent success leaks would stop it. */
static void r_ndk_77_silent_success_frees_its_slot(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 4);
	struct mock_qp *m = to_mock_qp(qp);
	int i;

	for (i = 0; i < 100; i++) {
		KUNIT_ASSERT_EQ(test, env_post_one(e, qp, i, i % 3 ? DEFER : 0), 0);
		mock_complete(m, U32_MAX);
	}
	env_expect_no_wc(e, e->scq);
}

static void signal_all_queue_completes_everything(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_qp_with(e, 16, IB_SIGNAL_ALL_WR);

	KUNIT_ASSERT_EQ(test, env_go_to(qp, IB_QPS_RTS), 0);
	env_post_one(e, qp, 1, DEFER);
	env_post_one(e, qp, 2, 0);
	mock_complete(to_mock_qp(qp), U32_MAX);

	env_expect_wc(e, e->scq, 1, IB_WC_SUCCESS);
	env_expect_wc(e, e->scq, 2, IB_WC_SUCCESS);
}

static void r_ndk_69_receives_neither_end_nor_start_a_chain(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 4);
	struct mock_qp *m = to_mock_qp(qp);
	int i, refused = 0;

	env_post_one(e, qp, 1, DEFER);
	for (i = 0; i < 20; i++)
		refused += !!env_post_recv(qp, i);

	KUNIT_EXPECT_GT(test, refused, 0);
	KUNIT_EXPECT_EQ(test, m->nbells, 0);
	KUNIT_EXPECT_EQ(test, ndk_defer_pending(&to_ndk_qp(qp)->sq.defer), 1);
}

static void r_ndk_70_one_qp_never_rings_another(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *a = env_rts_qp(e, 4), *b = env_rts_qp(e, 4);

	env_post_one(e, a, 1, DEFER);
	env_post_one(e, b, 2, DEFER);
	env_post_one(e, b, 3, 0);
	mock_complete(to_mock_qp(b), U32_MAX);
	env_modify(b, IB_QPS_ERR);

	KUNIT_EXPECT_EQ(test, to_mock_qp(a)->nbells, 0);
	KUNIT_EXPECT_EQ(test, to_mock_qp(b)->nbells, 1);
}

static void r_ndk_74_bound_of_the_device_rings(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 64);
	u64 i;

	e->mock->nic->limits.bound = 4;
	for (i = 0; i < 10; i++)
		env_post_one(e, qp, i, DEFER);

	KUNIT_EXPECT_EQ(test, to_mock_qp(qp)->nbells, 2);
	expect_bell(test, to_mock_qp(qp), 0, 0, 4);
	expect_bell(test, to_mock_qp(qp), 1, 4, 8);
	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_DOORBELLS_BOUND), 2);
}

static void r_ndk_75_full_queue_rings_and_refuses_the_next(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 4);
	u32 depth = to_ndk_qp(qp)->sq.defer.depth, i;

	for (i = 0; i < depth; i++)
		KUNIT_EXPECT_EQ(test, env_post_one(e, qp, i, SIGNAL | DEFER), 0);
	KUNIT_EXPECT_EQ(test, env_post_one(e, qp, i, SIGNAL | DEFER), -ENOMEM);

	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_DOORBELLS_FULL), 1);
	KUNIT_EXPECT_EQ(test, mock_complete(to_mock_qp(qp), U32_MAX), depth);
	for (i = 0; i < depth; i++)
		env_expect_wc(e, e->scq, i, IB_WC_SUCCESS);
	env_expect_no_wc(e, e->scq);
}

static void counters_say_what_happened(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 64);
	static const struct post list[] = {
		{ 0, DEFER }, { 1, DEFER }, { 2, DEFER }, { 3, DEFER }, { 4, SIGNAL },
	};
	const struct post bad = { 5, 0, IB_WR_REG_MR };

	env_post(e, qp, list, ARRAY_SIZE(list), NULL);
	env_post(e, qp, list, 2, NULL);
	env_post(e, qp, &bad, 1, NULL);
	mock_complete(to_mock_qp(qp), U32_MAX);

	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_SEND_REQUESTS), 7);
	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_DEFERRED_REQUESTS), 6);
	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_REFUSED_POSTS), 1);
	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_DOORBELLS), 2);
	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_DOORBELLS_UNDEFERRED), 1);
	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_DOORBELLS_REFUSED), 1);
	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_COMPLETIONS), 1);
	KUNIT_EXPECT_EQ(test, to_ndk_qp(qp)->sq.defer.longest, 5);
}

static struct kunit_case provider_send_cases[] = {
	KUNIT_CASE(r_ndk_64_chain_over_several_posts_rings_once),
	KUNIT_CASE(r_ndk_76_every_opcode_in_one_deferred_list),
	KUNIT_CASE(nic_sees_what_was_posted),
	KUNIT_CASE(inline_data_is_taken_when_posted),
	KUNIT_CASE(r_ndk_77_silent_success_frees_its_slot),
	KUNIT_CASE(signal_all_queue_completes_everything),
	KUNIT_CASE(r_ndk_69_receives_neither_end_nor_start_a_chain),
	KUNIT_CASE(r_ndk_70_one_qp_never_rings_another),
	KUNIT_CASE(r_ndk_74_bound_of_the_device_rings),
	KUNIT_CASE(r_ndk_75_full_queue_rings_and_refuses_the_next),
	KUNIT_CASE(counters_say_what_happened),
	{}
};

static struct kunit_suite provider_send_suite = {
	.name = "ndk_provider_send",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.test_cases = provider_send_cases,
};

kunit_test_suite(provider_send_suite);
