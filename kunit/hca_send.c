// SPDX-License-Identifier: GPL-2.0
/*
 * The stacked backend's send side: what the lower device is given, and what
 * becomes of what it does.
 */
#include <linux/scatterlist.h>

#include "hca_env.h"

#define CHAIN		4
#define DEPTH		16

static void chain_is_one_lower_post(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct low_qp *low = hca_low_qp(qp);
	u64 i;

	for (i = 0; i < CHAIN - 1; i++)
		KUNIT_ASSERT_EQ(test, hca_post(e, qp, i, SIGNAL | DEFER), 0);
	KUNIT_EXPECT_EQ(test, low->rings, 0);
	KUNIT_ASSERT_EQ(test, hca_post(e, qp, i, SIGNAL), 0);
	KUNIT_EXPECT_EQ(test, low->rings, 1);
	KUNIT_EXPECT_EQ(test, low->list[0], CHAIN);
	KUNIT_EXPECT_EQ(test, hca_stat(e, NDK_STAT_LOWER_POSTS), 1);
	KUNIT_EXPECT_EQ_MSG(test, low->bad_flags, 0, "flags %#x reached the NIC", low->bad_flags);
	low_complete(low, CHAIN, IB_WC_SUCCESS);
	for (i = 0; i < CHAIN; i++)
		hca_expect_wc(e, e->scq, i, IB_WC_SUCCESS);
	hca_expect_no_wc(e, e->scq);
}

static void undeferred_posts_ring_each(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	u64 i;

	e->low->automatic = true;
	for (i = 0; i < CHAIN; i++)
		KUNIT_ASSERT_EQ(test, hca_post(e, qp, i, SIGNAL), 0);
	KUNIT_EXPECT_EQ(test, hca_low_qp(qp)->rings, CHAIN);
	for (i = 0; i < CHAIN; i++)
		hca_expect_wc(e, e->scq, i, IB_WC_SUCCESS);
}

/* More rounds than slots: links of the prebuilt lists are mended every time. */
static void chains_around_the_ring(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct low_qp *low = hca_low_qp(qp);
	u64 id = 0;
	int round, i;

	e->low->automatic = true;
	for (round = 0; round < 3 * DEPTH; round++) {
		int num = 1 + round % 7;

		for (i = 0; i < num; i++)
			KUNIT_ASSERT_EQ(test, hca_post(e, qp, id + i,
						       SIGNAL | (i < num - 1 ? DEFER : 0)), 0);
		KUNIT_ASSERT_EQ(test, low->rings, round + 1);
		KUNIT_ASSERT_EQ(test, low->list[round % LOW_LISTS], num);
		for (i = 0; i < num; i++)
			hca_expect_wc(e, e->scq, id++, IB_WC_SUCCESS);
	}
}

static void numbers_and_keys_are_the_lower_ones(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct low_qp *low = hca_low_qp(qp);
	struct hca_pd *pd = to_ndk_pd(e->pd)->priv;

	KUNIT_EXPECT_EQ(test, qp->qp_num, low->ibqp.qp_num);
	KUNIT_EXPECT_EQ(test, e->pd->local_dma_lkey, pd->lower->local_dma_lkey);
	KUNIT_ASSERT_EQ(test, hca_post(e, qp, 7, SIGNAL), 0);
	KUNIT_EXPECT_EQ(test, low->sq[0].rkey, 0x55);
	KUNIT_EXPECT_EQ(test, low->sq[0].remote, 0x1007);
	KUNIT_EXPECT_EQ(test, low->sq[0].sge.lkey, pd->lower->local_dma_lkey);
	KUNIT_EXPECT_EQ(test, low->sq[0].sge.length, 8);
}

static void deferred_inline_data_is_copied_at_accept(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	u8 data[LOW_DATA];
	struct ib_sge sge = { .addr = (uintptr_t)data, .length = sizeof(data) };
	struct ib_send_wr wr = {
		.opcode = IB_WR_SEND,
		.send_flags = SIGNAL | DEFER | IB_SEND_INLINE,
		.sg_list = &sge,
		.num_sge = 1,
	};
	struct low_wqe *w = &hca_low_qp(qp)->sq[0];
	int i;

	memset(data, 0xa5, sizeof(data));
	KUNIT_ASSERT_EQ(test, ib_post_send(qp, &wr, NULL), 0);
	memset(data, 0, sizeof(data));
	memset(&sge, 0, sizeof(sge));
	KUNIT_ASSERT_EQ(test, hca_post(e, qp, 1, SIGNAL), 0);
	KUNIT_EXPECT_EQ(test, w->sge.length, LOW_DATA);
	for (i = 0; i < LOW_DATA; i++)
		KUNIT_ASSERT_EQ_MSG(test, w->data[i], 0xa5, "byte %d", i);
}

/* Some drivers take inline data of no bytes for a mistake. */
static void inline_of_nothing_is_not_inline(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct ib_send_wr wr = {
		.opcode = IB_WR_SEND,
		.send_flags = SIGNAL | IB_SEND_INLINE,
	};

	KUNIT_ASSERT_EQ(test, ib_post_send(qp, &wr, NULL), 0);
	KUNIT_EXPECT_EQ(test, hca_low_qp(qp)->sq[0].num_sge, 0);
	KUNIT_EXPECT_FALSE(test, hca_low_qp(qp)->sq[0].flags & IB_SEND_INLINE);
}

/* Invariant 5: the first is carried out, the second fails, the others are flushed. */
static void refusal_in_mid_chain(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct low_qp *low = hca_low_qp(qp);
	u64 i;

	low->refuse = 1;
	low->refuse_with = -EINVAL;
	for (i = 0; i < CHAIN; i++)
		KUNIT_ASSERT_EQ(test, hca_post(e, qp, i, SIGNAL | (i < CHAIN - 1 ? DEFER : 0)), 0);
	KUNIT_EXPECT_EQ(test, low->rings, 1);
	KUNIT_EXPECT_EQ(test, low->list[0], 1);
	KUNIT_EXPECT_EQ(test, hca_stat(e, NDK_STAT_LOWER_REFUSED), 1);
	/* the one it took: whatever it has, it has before the others */
	hca_expect_wc(e, e->scq, 0, IB_WC_WR_FLUSH_ERR);
	hca_expect_wc(e, e->scq, 1, IB_WC_LOC_QP_OP_ERR);
	hca_expect_wc(e, e->scq, 2, IB_WC_WR_FLUSH_ERR);
	hca_expect_wc(e, e->scq, 3, IB_WC_WR_FLUSH_ERR);
	hca_expect_no_wc(e, e->scq);
	KUNIT_EXPECT_EQ(test, hca_state(qp), IB_QPS_ERR);
}

/* The lower device has done it and said nothing; those behind it must not wait. */
static void refusal_behind_a_silent_request(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct low_qp *low = hca_low_qp(qp);

	e->low->automatic = true;
	low->refuse = 1;
	low->refuse_with = -EINVAL;
	KUNIT_ASSERT_EQ(test, hca_post(e, qp, 0, DEFER), 0);
	KUNIT_ASSERT_EQ(test, hca_post(e, qp, 1, SIGNAL | DEFER), 0);
	KUNIT_ASSERT_EQ(test, hca_post(e, qp, 2, SIGNAL), 0);
	hca_expect_wc(e, e->scq, 1, IB_WC_LOC_QP_OP_ERR);
	hca_expect_wc(e, e->scq, 2, IB_WC_WR_FLUSH_ERR);
	hca_expect_no_wc(e, e->scq);
	KUNIT_EXPECT_EQ(test, hca_state(qp), IB_QPS_ERR);
	KUNIT_EXPECT_EQ(test, hca_stat(e, NDK_STAT_LOWER_STRAY), 0);
}

static void refusal_of_the_ringing_request_is_inline(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct low_qp *low = hca_low_qp(qp);

	low->refuse = 1;
	low->refuse_with = -ENOMEM;
	KUNIT_ASSERT_EQ(test, hca_post(e, qp, 0, SIGNAL | DEFER), 0);
	KUNIT_EXPECT_EQ(test, hca_post(e, qp, 1, SIGNAL), -ENOMEM);
	/* the QP goes on as if the second had never been */
	KUNIT_ASSERT_EQ(test, hca_post(e, qp, 2, SIGNAL), 0);
	low_complete(low, DEPTH, IB_WC_SUCCESS);
	hca_expect_wc(e, e->scq, 0, IB_WC_SUCCESS);
	hca_expect_wc(e, e->scq, 2, IB_WC_SUCCESS);
	hca_expect_no_wc(e, e->scq);
	KUNIT_EXPECT_EQ(test, hca_state(qp), IB_QPS_RTS);
}

static void handlers_run_outside_hard_irq(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);

	KUNIT_ASSERT_EQ(test, ib_req_notify_cq(e->scq->cq, IB_CQ_NEXT_COMP), 0);
	KUNIT_ASSERT_EQ(test, hca_post(e, qp, 0, SIGNAL), 0);
	low_complete(hca_low_qp(qp), 1, IB_WC_SUCCESS);
	hca_expect_wc(e, e->scq, 0, IB_WC_SUCCESS);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->scq->fired), 1);
	KUNIT_EXPECT_FALSE(test, e->scq->locked);
}

/* The lower device would forget the stronger arm; we never give it a weaker one. */
static void r_ndk_86_solicited_arm_does_not_weaken(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct low_qp *low = hca_low_qp(qp);

	ib_req_notify_cq(e->scq->cq, IB_CQ_NEXT_COMP);
	ib_req_notify_cq(e->scq->cq, IB_CQ_SOLICITED);
	KUNIT_ASSERT_EQ(test, hca_post(e, qp, 0, SIGNAL), 0);
	low_complete(low, 1, IB_WC_SUCCESS);
	hca_expect_wc(e, e->scq, 0, IB_WC_SUCCESS);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->scq->fired), 1);
	KUNIT_EXPECT_FALSE(test, to_low_cq(low->ibqp.send_cq)->solicited_arms);
}

static void silent_requests_free_their_slots(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	int i, tries;

	e->low->automatic = true;
	for (i = 0; i < 4 * DEPTH; i++) {
		for (tries = 0; tries < 1000 && hca_post(e, qp, i, 0); tries++)
			usleep_range(100, 200);
		KUNIT_ASSERT_LT_MSG(test, tries, 1000, "request %d finds no slot", i);
	}
	hca_expect_no_wc(e, e->scq);
}

static void completes_twice(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct low_qp *low = hca_low_qp(qp);

	KUNIT_ASSERT_EQ(test, hca_post(e, qp, 0, SIGNAL), 0);
	KUNIT_ASSERT_EQ(test, hca_post(e, qp, 1, SIGNAL), 0);
	low_complete(low, 1, IB_WC_SUCCESS);
	low_complete_again(low);
	low_complete_unknown(low);
	hca_expect_wc(e, e->scq, 0, IB_WC_SUCCESS);
	hca_expect_no_wc(e, e->scq);
	KUNIT_EXPECT_EQ(test, hca_stat(e, NDK_STAT_LOWER_STRAY), 2);
	low_complete(low, 1, IB_WC_SUCCESS);
	hca_expect_wc(e, e->scq, 1, IB_WC_SUCCESS);
	KUNIT_EXPECT_EQ(test, hca_state(qp), IB_QPS_RTS);
}

static void error_takes_the_qp_and_flushes_in_order(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct low_qp *low = hca_low_qp(qp);
	u64 i;

	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, hca_post(e, qp, i, i == 1 ? SIGNAL : 0), 0);
	/* deferred: the lower device has not seen them */
	KUNIT_ASSERT_EQ(test, hca_post(e, qp, 3, DEFER), 0);
	KUNIT_ASSERT_EQ(test, hca_post_recv(qp, 100), 0);
	low_complete(low, 1, IB_WC_SUCCESS);
	low_complete(low, 1, IB_WC_REM_ACCESS_ERR);
	hca_expect_wc(e, e->scq, 1, IB_WC_REM_ACCESS_ERR);
	hca_expect_wc(e, e->scq, 2, IB_WC_WR_FLUSH_ERR);
	hca_expect_wc(e, e->scq, 3, IB_WC_WR_FLUSH_ERR);
	hca_expect_wc(e, e->rcq, 100, IB_WC_WR_FLUSH_ERR);
	KUNIT_EXPECT_EQ(test, hca_state(qp), IB_QPS_ERR);
	/* posts in error are accepted and flushed */
	KUNIT_ASSERT_EQ(test, hca_post(e, qp, 4, SIGNAL | DEFER), 0);
	hca_expect_wc(e, e->scq, 4, IB_WC_WR_FLUSH_ERR);
	KUNIT_ASSERT_EQ(test, hca_post_recv(qp, 101), 0);
	hca_expect_wc(e, e->rcq, 101, IB_WC_WR_FLUSH_ERR);
	hca_expect_no_wc(e, e->scq);
	hca_expect_no_wc(e, e->rcq);
	KUNIT_EXPECT_EQ(test, hca_stat(e, NDK_STAT_LOWER_STRAY), 0);
}

static void modify_to_error_flushes_everything(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	u64 i;

	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, hca_post(e, qp, i, i == 2 ? DEFER : 0), 0);
	hca_to_error(qp);
	for (i = 0; i < 3; i++)
		hca_expect_wc(e, e->scq, i, IB_WC_WR_FLUSH_ERR);
	hca_expect_no_wc(e, e->scq);
	KUNIT_EXPECT_EQ(test, hca_stat(e, NDK_STAT_LOWER_STRAY), 0);
}

/* A lower QP that does not go to error: nothing hangs, what it completes is late. */
static void lower_qp_that_is_stuck_is_abandoned(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct low_qp *low = hca_low_qp(qp);

	KUNIT_ASSERT_EQ(test, hca_post(e, qp, 0, SIGNAL), 0);
	KUNIT_ASSERT_EQ(test, hca_post_recv(qp, 100), 0);
	e->low->stuck = true;
	hca_to_error(qp);
	hca_expect_wc(e, e->scq, 0, IB_WC_WR_FLUSH_ERR);
	hca_expect_wc(e, e->rcq, 100, IB_WC_WR_FLUSH_ERR);
	low_complete(low, 1, IB_WC_SUCCESS);
	low_receive(low, 1);
	hca_expect_no_wc(e, e->scq);
	hca_expect_no_wc(e, e->rcq);
	KUNIT_EXPECT_EQ(test, hca_stat(e, NDK_STAT_LOWER_STRAY), 2);
	e->low->stuck = false;
}

static void reset_forgets(struct kunit *test)
{
	struct ib_qp_attr attr = { .qp_state = IB_QPS_RESET };
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct low_qp *low = hca_low_qp(qp);

	KUNIT_ASSERT_EQ(test, hca_post(e, qp, 0, SIGNAL), 0);
	KUNIT_ASSERT_EQ(test, hca_post_recv(qp, 100), 0);
	KUNIT_ASSERT_EQ(test, ib_modify_qp(qp, &attr, IB_QP_STATE), 0);
	KUNIT_ASSERT_EQ(test, hca_go_to(qp, IB_QPS_RTS), 0);
	/* of the life before */
	low->last_wr_id = 0;
	low_complete_again(low);
	KUNIT_ASSERT_EQ(test, hca_post(e, qp, 1, SIGNAL), 0);
	low_complete(low, 1, IB_WC_SUCCESS);
	hca_expect_wc(e, e->scq, 1, IB_WC_SUCCESS);
	hca_expect_no_wc(e, e->scq);
	hca_expect_no_wc(e, e->rcq);
	KUNIT_EXPECT_EQ(test, hca_stat(e, NDK_STAT_LOWER_STRAY), 1);
}

static int post_reg(struct ib_qp *qp, struct ib_mr *mr, u64 id)
{
	struct ib_reg_wr wr = {
		.wr = {
			.wr_id = id,
			.opcode = IB_WR_REG_MR,
			.send_flags = SIGNAL,
		},
		.mr = mr,
		.key = mr->rkey,
		.access = IB_ACCESS_REMOTE_READ,
	};

	return ib_post_send(qp, &wr.wr, NULL);
}

static int post_inv(struct ib_qp *qp, u32 key, u64 id)
{
	struct ib_send_wr wr = {
		.wr_id = id,
		.opcode = IB_WR_LOCAL_INV,
		.send_flags = SIGNAL,
		.ex.invalidate_rkey = key,
	};

	return ib_post_send(qp, &wr, NULL);
}

static struct ib_mr *mapped_mr(struct hca_env *e)
{
	struct ib_mr *mr = ib_alloc_mr(e->pd, IB_MR_TYPE_MEM_REG, 1);
	void *page = kunit_kmalloc(e->test, PAGE_SIZE, GFP_KERNEL);
	struct scatterlist sg;

	KUNIT_ASSERT_FALSE_MSG(e->test, IS_ERR(mr), "ib_alloc_mr: %pe", mr);
	KUNIT_ASSERT_NOT_NULL(e->test, page);
	sg_init_one(&sg, page, PAGE_SIZE);
	sg_dma_address(&sg) = (uintptr_t)page;
	sg_dma_len(&sg) = PAGE_SIZE;
	KUNIT_EXPECT_EQ(e->test, ib_map_mr_sg(mr, &sg, 1, NULL, PAGE_SIZE), 1);
	return mr;
}

static void registration_needs_invalidation_first(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct ib_mr *mr = mapped_mr(e);
	struct low_qp *low = hca_low_qp(qp);

	e->low->automatic = true;
	ib_update_fast_reg_key(mr, 0x33);
	KUNIT_EXPECT_EQ(test, post_reg(qp, mr, 0), 0);
	hca_expect_wc(e, e->scq, 0, IB_WC_SUCCESS);
	KUNIT_EXPECT_EQ(test, low->sq[0].rkey, mr->rkey);
	KUNIT_EXPECT_EQ(test, low->sq[0].mr->ibmr.rkey, mr->rkey);
	KUNIT_EXPECT_EQ(test, low->sq[0].mr->ibmr.iova, mr->iova);
	KUNIT_EXPECT_EQ(test, post_inv(qp, mr->rkey, 1), 0);
	hca_expect_wc(e, e->scq, 1, IB_WC_SUCCESS);
	KUNIT_EXPECT_EQ(test, low->sq[1].inv_rkey, mr->rkey);
	KUNIT_EXPECT_EQ(test, post_reg(qp, mr, 2), 0);
	hca_expect_wc(e, e->scq, 2, IB_WC_SUCCESS);
	KUNIT_EXPECT_EQ(test, post_reg(qp, mr, 3), 0);
	hca_expect_wc(e, e->scq, 3, IB_WC_MW_BIND_ERR);
	KUNIT_EXPECT_EQ(test, hca_state(qp), IB_QPS_ERR);
	KUNIT_EXPECT_EQ(test, ib_dereg_mr(mr), 0);
}

/* A deferred request may outlive what it names: it fails, with those behind it. */
static void registration_of_a_region_that_is_gone(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct ib_mr *mr = mapped_mr(e);
	struct ib_reg_wr wr = {
		.wr = {
			.wr_id = 0,
			.opcode = IB_WR_REG_MR,
			.send_flags = SIGNAL | DEFER,
		},
		.mr = mr,
		.key = mr->rkey,
	};

	KUNIT_EXPECT_EQ(test, ib_post_send(qp, &wr.wr, NULL), 0);
	KUNIT_EXPECT_EQ(test, ib_dereg_mr(mr), 0);
	KUNIT_EXPECT_EQ(test, hca_post(e, qp, 1, SIGNAL), 0);
	hca_expect_wc(e, e->scq, 0, IB_WC_LOC_QP_OP_ERR);
	hca_expect_wc(e, e->scq, 1, IB_WC_WR_FLUSH_ERR);
	KUNIT_EXPECT_EQ(test, hca_low_qp(qp)->rings, 0);
}

static void registration_that_fails_behind_a_silent_request(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct ib_mr *mr = mapped_mr(e);
	struct ib_reg_wr wr = {
		.wr = {
			.wr_id = 1,
			.opcode = IB_WR_REG_MR,
			.send_flags = SIGNAL | DEFER,
		},
		.mr = mr,
		.key = mr->rkey,
	};

	e->low->automatic = true;
	KUNIT_EXPECT_EQ(test, hca_post(e, qp, 0, DEFER), 0);
	KUNIT_EXPECT_EQ(test, ib_post_send(qp, &wr.wr, NULL), 0);
	KUNIT_EXPECT_EQ(test, ib_dereg_mr(mr), 0);
	KUNIT_EXPECT_EQ(test, hca_post(e, qp, 2, SIGNAL), 0);
	hca_expect_wc(e, e->scq, 1, IB_WC_LOC_QP_OP_ERR);
	hca_expect_wc(e, e->scq, 2, IB_WC_WR_FLUSH_ERR);
	KUNIT_EXPECT_EQ(test, hca_low_qp(qp)->rings, 1);
}

static void unknown_flags_do_not_reach_the_nic(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);

	KUNIT_EXPECT_EQ(test, hca_post(e, qp, 0, SIGNAL | BIT(26)), -EINVAL);
	KUNIT_EXPECT_EQ(test, hca_post(e, qp, 1, SIGNAL | IB_SEND_IP_CSUM), -EINVAL);
	KUNIT_EXPECT_EQ(test, hca_post(e, qp, 2, SIGNAL | IB_SEND_FENCE | IB_SEND_SOLICITED), 0);
	KUNIT_EXPECT_EQ(test, hca_low_qp(qp)->rings, 1);
	KUNIT_EXPECT_EQ(test, hca_low_qp(qp)->bad_flags, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(chain_is_one_lower_post),
	KUNIT_CASE(undeferred_posts_ring_each),
	KUNIT_CASE(chains_around_the_ring),
	KUNIT_CASE(numbers_and_keys_are_the_lower_ones),
	KUNIT_CASE(deferred_inline_data_is_copied_at_accept),
	KUNIT_CASE(inline_of_nothing_is_not_inline),
	KUNIT_CASE(refusal_in_mid_chain),
	KUNIT_CASE(refusal_behind_a_silent_request),
	KUNIT_CASE(refusal_of_the_ringing_request_is_inline),
	KUNIT_CASE(handlers_run_outside_hard_irq),
	KUNIT_CASE(r_ndk_86_solicited_arm_does_not_weaken),
	KUNIT_CASE(silent_requests_free_their_slots),
	KUNIT_CASE(completes_twice),
	KUNIT_CASE(error_takes_the_qp_and_flushes_in_order),
	KUNIT_CASE(modify_to_error_flushes_everything),
	KUNIT_CASE(lower_qp_that_is_stuck_is_abandoned),
	KUNIT_CASE(reset_forgets),
	KUNIT_CASE(registration_needs_invalidation_first),
	KUNIT_CASE(registration_of_a_region_that_is_gone),
	KUNIT_CASE(registration_that_fails_behind_a_silent_request),
	KUNIT_CASE(unknown_flags_do_not_reach_the_nic),
	{}
};

static struct kunit_suite suite = {
	.name = "ndk_hca_send",
	.suite_init = hca_suite_init,
	.suite_exit = hca_suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
