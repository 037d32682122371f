// SPDX-License-Identifier: GPL-2.0
/*
 * Refused posts. R-NDK-66 to R-NDK-68: whatever the cause, the earlier deferred
 * requests have been shown when the failing call returns, they complete, and
 * the refused one never does.
 */
#include "provider_env.h"

#define MAX_LENGTH	0x80000000U

struct refusal {
	const char *desc;
	void (*spoil)(struct ib_rdma_wr *wr, struct ib_sge *sge);
	int err;
};

static struct ib_atomic_wr *as_atomic(struct ib_rdma_wr *wr)
{
	/* the test's memory is that of the larger of the two */
	wr->wr.opcode = IB_WR_ATOMIC_FETCH_AND_ADD;
	return container_of(&wr->wr, struct ib_atomic_wr, wr);
}

static void spoil_opcode_reg_mr(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	wr->wr.opcode = IB_WR_REG_MR;
}

static void spoil_opcode_unknown(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	wr->wr.opcode = 0x7f;
}

/* 0x100 more than a known one: a check of the low byte would let it pass */
static void spoil_opcode_high(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	wr->wr.opcode = 0x100 + IB_WR_SEND;
}

static void spoil_opcode_negative(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	wr->wr.opcode = -1;
}

static void spoil_flag_unknown(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	wr->wr.send_flags |= BIT(29);
}

static void spoil_flag_ip_csum(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	wr->wr.send_flags |= IB_SEND_IP_CSUM;
}

static void spoil_sges_one_more(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	wr->wr.num_sge = MOCK_MAX_SGE + 1;
}

static void spoil_sges_negative(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	wr->wr.num_sge = -1;
}

static void spoil_sges_huge(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	wr->wr.num_sge = INT_MAX;
}

static void spoil_length(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	wr->wr.num_sge = 2;
	sge[0].length = MAX_LENGTH;
	sge[1].length = 1;
}

/* in 32 bits the sum would be 1 */
static void spoil_length_wraps(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	wr->wr.num_sge = 2;
	sge[0].length = U32_MAX;
	sge[1].length = 2;
}

static void spoil_sge_overflow(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	sge[0].addr = U64_MAX - 6;
	sge[0].length = 8;
}

static void spoil_remote_overflow(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	wr->remote_addr = U64_MAX - 6;
}

static void spoil_atomic_misaligned(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	as_atomic(wr)->remote_addr = 0x1004;
}

static void spoil_atomic_short(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	as_atomic(wr)->remote_addr = 0x1000;
	sge[0].length = 4;
}

static void spoil_atomic_no_room(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	as_atomic(wr)->remote_addr = 0x1000;
	wr->wr.num_sge = 0;
}

static void spoil_inline_read(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	wr->wr.opcode = IB_WR_RDMA_READ;
	wr->wr.send_flags |= IB_SEND_INLINE;
}

static void spoil_inline_long(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	wr->wr.send_flags |= IB_SEND_INLINE;
	wr->wr.num_sge = 2;
	sge[1].length = MOCK_MAX_INLINE - 7;
}

static void spoil_inline_huge(struct ib_rdma_wr *wr, struct ib_sge *sge)
{
	wr->wr.send_flags |= IB_SEND_INLINE;
	wr->wr.num_sge = 2;
	sge[0].length = U32_MAX;
	sge[1].length = 2;
}

static const struct refusal refusals[] = {
	{ "opcode of a feature the device lacks", spoil_opcode_reg_mr, -EOPNOTSUPP },
	{ "unknown opcode", spoil_opcode_unknown, -EOPNOTSUPP },
	{ "opcode above one byte", spoil_opcode_high, -EOPNOTSUPP },
	{ "negative opcode", spoil_opcode_negative, -EOPNOTSUPP },
	{ "unknown flag", spoil_flag_unknown, -EINVAL },
	{ "flag of another transport", spoil_flag_ip_csum, -EINVAL },
	{ "one SGE too many", spoil_sges_one_more, -EINVAL },
	{ "negative SGE count", spoil_sges_negative, -EINVAL },
	{ "SGE count near 2^31", spoil_sges_huge, -EINVAL },
	{ "one byte more than 2^31", spoil_length, -EINVAL },
	{ "length that wraps in 32 bits", spoil_length_wraps, -EINVAL },
	{ "local address overflows", spoil_sge_overflow, -EINVAL },
	{ "remote address overflows", spoil_remote_overflow, -EINVAL },
	{ "misaligned atomic", spoil_atomic_misaligned, -EINVAL },
	{ "atomic of four bytes", spoil_atomic_short, -EINVAL },
	{ "atomic without room for its result", spoil_atomic_no_room, -EINVAL },
	{ "inline READ", spoil_inline_read, -EINVAL },
	{ "inline one byte too long", spoil_inline_long, -EINVAL },
	{ "inline length wraps in 32 bits", spoil_inline_huge, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(refusal, refusals, desc);

/* A list of @good deferred requests and a spoiled one behind them. */
struct list {
	union {
		struct ib_rdma_wr rdma;
		struct ib_atomic_wr atomic;
	} bad, good[2], behind;
	struct ib_sge sge[MOCK_MAX_SGE + 2];
	struct ib_sge plain;
	u64 data[MOCK_MAX_INLINE / 8 + 1];
};

static struct ib_send_wr *good_wr(struct ib_rdma_wr *wr, u64 id, int flags, struct ib_sge *sge)
{
	wr->wr.wr_id = id;
	wr->wr.opcode = IB_WR_RDMA_WRITE;
	wr->wr.send_flags = flags;
	wr->wr.sg_list = sge;
	wr->wr.num_sge = 1;
	wr->remote_addr = 0x1000;
	return &wr->wr;
}

static struct list *make_list(struct kunit *test, const struct refusal *c)
{
	struct list *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, l);
	l->plain.addr = (uintptr_t)l->data;
	l->plain.length = 8;
	for (i = 0; i < ARRAY_SIZE(l->sge); i++)
		l->sge[i] = l->plain;
	for (i = 0; i < 2; i++)
		good_wr(&l->good[i].rdma, i, SIGNAL | DEFER, &l->plain);
	good_wr(&l->bad.rdma, 2, SIGNAL | DEFER, l->sge);
	good_wr(&l->behind.rdma, 3, SIGNAL, &l->plain);
	l->good[0].rdma.wr.next = &l->good[1].rdma.wr;
	l->bad.rdma.wr.next = &l->behind.rdma.wr;
	c->spoil(&l->bad.rdma, l->sge);
	return l;
}

static void expect_refusal(struct env *e, struct ib_qp *qp)
{
	struct kunit *test = e->test;
	struct mock_qp *m = to_mock_qp(qp);

	KUNIT_EXPECT_EQ(test, m->nbells, 1);
	KUNIT_EXPECT_EQ(test, m->bells[0].end, 2);
	KUNIT_EXPECT_EQ(test, ndk_defer_pending(&to_ndk_qp(qp)->sq.defer), 0);
	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_DOORBELLS_REFUSED), 1);
	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_REFUSED_POSTS), 1);
	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_SEND_REQUESTS), 2);

	mock_complete(m, U32_MAX);
	env_expect_wc(e, e->scq, 0, IB_WC_SUCCESS);
	env_expect_wc(e, e->scq, 1, IB_WC_SUCCESS);
	env_expect_no_wc(e, e->scq);
}

static void r_ndk_68_refused_in_a_later_call(struct kunit *test)
{
	const struct refusal *c = test->param_value;
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 16);
	const struct ib_send_wr *bad = NULL;
	struct list *l = make_list(test, c);

	KUNIT_ASSERT_EQ(test, ib_post_send(qp, &l->good[0].rdma.wr, &bad), 0);
	KUNIT_EXPECT_EQ(test, to_mock_qp(qp)->nbells, 0);
	KUNIT_EXPECT_EQ(test, ib_post_send(qp, &l->bad.rdma.wr, &bad), c->err);

	KUNIT_EXPECT_PTR_EQ(test, bad, (const struct ib_send_wr *)&l->bad.rdma.wr);
	expect_refusal(e, qp);
}

static void r_ndk_68_refused_in_the_middle_of_a_list(struct kunit *test)
{
	const struct refusal *c = test->param_value;
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 16);
	const struct ib_send_wr *bad = NULL;
	struct list *l = make_list(test, c);

	l->good[1].rdma.wr.next = &l->bad.rdma.wr;
	KUNIT_EXPECT_EQ(test, ib_post_send(qp, &l->good[0].rdma.wr, &bad), c->err);

	KUNIT_EXPECT_PTR_EQ(test, bad, (const struct ib_send_wr *)&l->bad.rdma.wr);
	expect_refusal(e, qp);
}

static void edges_that_are_still_accepted(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 16);
	struct ib_sge sge[MOCK_MAX_SGE] = { { .addr = 0x1000, .length = MAX_LENGTH } };
	struct ib_rdma_wr wr = {
		.wr = { .opcode = IB_WR_RDMA_WRITE, .sg_list = sge, .num_sge = MOCK_MAX_SGE },
		.remote_addr = U64_MAX - MAX_LENGTH,
	};

	KUNIT_EXPECT_EQ_MSG(test, ib_post_send(qp, &wr.wr, NULL), 0,
			    "2^31 bytes, all SGEs, up to the last address");
	sge[0].addr = U64_MAX - MAX_LENGTH;
	KUNIT_EXPECT_EQ_MSG(test, ib_post_send(qp, &wr.wr, NULL), 0, "local end");
	wr.wr.num_sge = 0;
	KUNIT_EXPECT_EQ_MSG(test, ib_post_send(qp, &wr.wr, NULL), 0, "no SGE at all");
	wr.wr.send_flags = IB_SEND_INLINE;
	KUNIT_EXPECT_EQ_MSG(test, ib_post_send(qp, &wr.wr, NULL), 0, "inline nothing");
}

struct state_case {
	const char *desc;
	enum ib_qp_state state;
	int err;
};

static const struct state_case state_cases[] = {
	{ "RESET", IB_QPS_RESET, -EINVAL },
	{ "INIT", IB_QPS_INIT, -EINVAL },
	{ "RTR", IB_QPS_RTR, -EINVAL },
	{ "RTS", IB_QPS_RTS, 0 },
	{ "SQD", IB_QPS_SQD, 0 },
	{ "SQE", IB_QPS_SQE, 0 },
	{ "ERR", IB_QPS_ERR, 0 },
};

KUNIT_ARRAY_PARAM_DESC(state, state_cases, desc);

static void post_send_in_each_state(struct kunit *test)
{
	const struct state_case *c = test->param_value;
	struct env *e = env_create(test);
	struct ib_qp *qp = env_qp(e, 16);

	KUNIT_ASSERT_EQ(test, env_go_to(qp, c->state), 0);
	KUNIT_EXPECT_EQ(test, env_post_one(e, qp, 1, SIGNAL), c->err);
	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_REFUSED_POSTS), !!c->err);
	if (c->state == IB_QPS_ERR)
		env_expect_wc(e, e->scq, 1, IB_WC_WR_FLUSH_ERR);
	env_expect_no_wc(e, e->scq);
}

static void post_recv_in_each_state(struct kunit *test)
{
	const struct state_case *c = test->param_value;
	struct env *e = env_create(test);
	struct ib_qp *qp = env_qp(e, 16);

	KUNIT_ASSERT_EQ(test, env_go_to(qp, c->state), 0);
	KUNIT_EXPECT_EQ(test, env_post_recv(qp, 1), c->state == IB_QPS_RESET ? -EINVAL : 0);
	if (c->state == IB_QPS_ERR)
		env_expect_wc(e, e->rcq, 1, IB_WC_WR_FLUSH_ERR);
	env_expect_no_wc(e, e->rcq);
}

static void nic_refuses_the_request_that_rang(struct kunit *test)
{
	static const struct post list[] = { { 0, SIGNAL | DEFER }, { 1, SIGNAL } };
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 16);
	struct mock_qp *m = to_mock_qp(qp);
	u64 bad_id = 0;

	m->refuse = 1;
	KUNIT_EXPECT_EQ(test, env_post(e, qp, list, 2, &bad_id), -EIO);

	KUNIT_EXPECT_EQ(test, bad_id, 1);
	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_SEND_REQUESTS), 1);
	KUNIT_EXPECT_EQ(test, env_stat(e, NDK_STAT_REFUSED_POSTS), 1);
	KUNIT_EXPECT_EQ(test, env_state(qp), IB_QPS_RTS);
	mock_complete(m, U32_MAX);
	env_expect_wc(e, e->scq, 0, IB_WC_SUCCESS);
	env_expect_no_wc(e, e->scq);

	KUNIT_EXPECT_EQ(test, env_post_one(e, qp, 2, SIGNAL), 0);
	mock_complete(m, U32_MAX);
	env_expect_wc(e, e->scq, 2, IB_WC_SUCCESS);
}

static void receive_with_bad_sge_count_is_refused(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 16);
	struct ib_sge sge[MOCK_MAX_SGE + 1] = {};
	struct ib_recv_wr good = { .wr_id = 1, .sg_list = sge, .num_sge = MOCK_MAX_SGE };
	struct ib_recv_wr wr = { .wr_id = 2, .sg_list = sge, .num_sge = MOCK_MAX_SGE + 1 };
	const struct ib_recv_wr *bad = NULL;

	good.next = &wr;
	KUNIT_EXPECT_EQ(test, ib_post_recv(qp, &good, &bad), -EINVAL);
	KUNIT_EXPECT_PTR_EQ(test, bad, (const struct ib_recv_wr *)&wr);
	wr.num_sge = -1;
	KUNIT_EXPECT_EQ(test, ib_post_recv(qp, &wr, &bad), -EINVAL);

	KUNIT_EXPECT_EQ(test, mock_receive(to_mock_qp(qp), 0, false), 1);
	KUNIT_EXPECT_EQ(test, mock_receive(to_mock_qp(qp), 0, false), 0);
	env_expect_wc(e, e->rcq, 1, IB_WC_SUCCESS);
}

static struct kunit_case provider_refuse_cases[] = {
	KUNIT_CASE_PARAM(r_ndk_68_refused_in_a_later_call, refusal_gen_params),
	KUNIT_CASE_PARAM(r_ndk_68_refused_in_the_middle_of_a_list, refusal_gen_params),
	KUNIT_CASE(edges_that_are_still_accepted),
	KUNIT_CASE_PARAM(post_send_in_each_state, state_gen_params),
	KUNIT_CASE_PARAM(post_recv_in_each_state, state_gen_params),
	KUNIT_CASE(nic_refuses_the_request_that_rang),
	KUNIT_CASE(receive_with_bad_sge_count_is_refused),
	{}
};

static struct kunit_suite provider_refuse_suite = {
	.name = "ndk_provider_refuse",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.test_cases = provider_refuse_cases,
};

kunit_test_suite(provider_refuse_suite);
