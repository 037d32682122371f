// SPDX-License-Identifier: GPL-2.0
/*
 * Fast registration end to end: REG_MR, LOCAL_INV and SEND_WITH_INV between two
 * QPs of a real device, each test on the direct path and by wire.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>

#include "softroce_env.h"

#define PAGES	3
#define LONG	(PAGES * PAGE_SIZE)
#define RIGHTS	(IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_READ | IB_ACCESS_REMOTE_WRITE)
#define DEFER	NDK_SEND_DEFER
#define SIGNAL	IB_SEND_SIGNALED

struct way {
	const char *desc;
	bool direct;
};

static const struct way ways[] = {
	{ "direct", true },
	{ "wire", false },
};

KUNIT_ARRAY_PARAM_DESC(way, ways, desc);

/* A region of side a, mapped, and memory of side b to copy from and to. */
struct mem {
	struct sr_env *e;
	struct ib_mr *mr;
	u8 *mine;
	u8 *peers;
};

KUNIT_DEFINE_ACTION_WRAPPER(dereg_action, ib_dereg_mr, struct ib_mr *);

static void map(struct mem *m, struct ib_mr *mr, void *buf, u32 len)
{
	struct scatterlist sg;

	sg_init_one(&sg, buf, len);
	KUNIT_ASSERT_EQ(m->e->test, ib_dma_map_sg(m->e->dev, &sg, 1, DMA_BIDIRECTIONAL), 1);
	KUNIT_ASSERT_EQ(m->e->test, ib_map_mr_sg(mr, &sg, 1, NULL, PAGE_SIZE), 1);
}

static struct ib_mr *region(struct mem *m, struct ib_pd *pd)
{
	struct kunit *test = m->e->test;
	struct ib_mr *mr = ib_alloc_mr(pd, IB_MR_TYPE_MEM_REG, PAGES + 1);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(mr), "ib_alloc_mr: %pe", mr);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, dereg_action, mr), 0);
	return mr;
}

static u8 *buffer(struct kunit *test)
{
	u8 *buf = kunit_kzalloc(test, LONG + 64, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	return buf;
}

static struct mem *mem(struct kunit *test)
{
	const struct way *p = test->param_value;
	struct mem *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->mine = buffer(test);
	m->peers = buffer(test);
	m->e = sr_env(test, p->direct);
	m->mr = region(m, m->e->a.pd);
	/* not at the start of a page, and into a fourth */
	map(m, m->mr, m->mine + 24, LONG);
	return m;
}

static int post(struct sr_side *s, struct ib_send_wr *wr)
{
	return ib_post_send(s->qp, wr, NULL);
}

static struct ib_reg_wr reg_of(struct ib_mr *mr, u64 id, int flags)
{
	return (struct ib_reg_wr) {
		.wr = { .wr_id = id, .opcode = IB_WR_REG_MR, .send_flags = flags },
		.mr = mr,
		.key = mr->rkey,
		.access = RIGHTS,
	};
}

static int reg(struct mem *m, u64 id, int flags)
{
	struct ib_reg_wr wr = reg_of(m->mr, id, flags);

	return post(&m->e->a, &wr.wr);
}

static int inv(struct mem *m, u32 key, u64 id, int flags)
{
	struct ib_send_wr wr = { .wr_id = id, .opcode = IB_WR_LOCAL_INV, .send_flags = flags,
				 .ex.invalidate_rkey = key };

	return post(&m->e->a, &wr);
}

static int send(struct sr_side *s, struct ib_sge *sge, u64 id, int flags, u32 inv_key)
{
	struct ib_send_wr wr = { .wr_id = id, .opcode = IB_WR_SEND, .send_flags = flags,
				 .sg_list = sge, .num_sge = sge ? 1 : 0 };

	if (inv_key) {
		wr.opcode = IB_WR_SEND_WITH_INV;
		wr.ex.invalidate_rkey = inv_key;
	}
	return post(s, &wr);
}

static int recv(struct sr_side *s, void *buf, u32 len, u64 id)
{
	struct ib_sge sge = { .addr = (uintptr_t)buf, .length = len,
			      .lkey = s->pd->local_dma_lkey };
	struct ib_recv_wr wr = { .wr_id = id, .sg_list = &sge, .num_sge = 1 };

	return ib_post_recv(s->qp, &wr, NULL);
}

/* The peer reads or writes all of the region. */
static int rdma(struct mem *m, enum ib_wr_opcode op, u32 key, u64 at, u32 len, u64 id)
{
	struct ib_sge sge = { .addr = (uintptr_t)m->peers, .length = len,
			      .lkey = m->e->b.pd->local_dma_lkey };
	struct ib_rdma_wr wr = {
		.wr = { .wr_id = id, .opcode = op, .send_flags = SIGNAL, .sg_list = &sge,
			.num_sge = 1 },
		.remote_addr = at,
		.rkey = key,
	};

	return post(&m->e->b, &wr.wr);
}

static int write(struct mem *m, u32 key, u64 id)
{
	return rdma(m, IB_WR_RDMA_WRITE, key, m->mr->iova, LONG, id);
}

static void registered_memory_is_read_and_written(struct kunit *test)
{
	struct mem *m = mem(test);
	struct ib_wc wc = { };

	KUNIT_ASSERT_EQ(test, reg(m, 1, SIGNAL), 0);
	sr_env_wc(m->e, &m->e->a, 1, IB_WC_SUCCESS, &wc);
	KUNIT_EXPECT_EQ(test, wc.opcode, IB_WC_REG_MR);

	get_random_bytes(m->peers, LONG);
	KUNIT_ASSERT_EQ(test, write(m, m->mr->rkey, 2), 0);
	sr_env_wc(m->e, &m->e->b, 2, IB_WC_SUCCESS, NULL);
	KUNIT_EXPECT_MEMEQ(test, m->mine + 24, m->peers, LONG);
	KUNIT_EXPECT_TRUE(test, !memchr_inv(m->mine, 0, 24));
	KUNIT_EXPECT_TRUE(test, !memchr_inv(m->mine + 24 + LONG, 0, 40));

	get_random_bytes(m->mine, LONG);
	KUNIT_ASSERT_EQ(test, rdma(m, IB_WR_RDMA_READ, m->mr->rkey, m->mr->iova, LONG, 3), 0);
	sr_env_wc(m->e, &m->e->b, 3, IB_WC_SUCCESS, NULL);
	KUNIT_EXPECT_MEMEQ(test, m->mine + 24, m->peers, LONG);
}

static void registered_memory_is_sent_from(struct kunit *test)
{
	struct mem *m = mem(test);
	struct ib_sge sge = { .addr = m->mr->iova + 1, .length = LONG - 1,
			      .lkey = m->mr->lkey };

	get_random_bytes(m->mine, LONG);
	KUNIT_ASSERT_EQ(test, recv(&m->e->b, m->peers, LONG, 9), 0);
	KUNIT_ASSERT_EQ(test, reg(m, 1, DEFER), 0);
	KUNIT_ASSERT_EQ(test, send(&m->e->a, &sge, 2, DEFER, 0), 0);
	KUNIT_ASSERT_EQ(test, inv(m, m->mr->lkey, 3, SIGNAL), 0);
	sr_env_wc(m->e, &m->e->a, 3, IB_WC_SUCCESS, NULL);
	sr_env_wc(m->e, &m->e->b, 9, IB_WC_SUCCESS, NULL);
	KUNIT_EXPECT_MEMEQ(test, m->mine + 25, m->peers, LONG - 1);
	KUNIT_EXPECT_EQ(test, sr_env_bells(m->e), 1);
}

/* No timer runs: the requester itself has to ask for the acknowledge. */
static void invalidation_posted_late_waits_for_what_was_sent(struct kunit *test)
{
	struct mem *m = mem(test);
	struct ib_sge sge = { .addr = m->mr->iova, .length = 5000, .lkey = m->mr->lkey };
	struct ib_wc wc = { };
	int i;

	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, recv(&m->e->b, m->peers, LONG, 9), 0);
	KUNIT_ASSERT_EQ(test, reg(m, 1, 0), 0);
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, send(&m->e->a, &sge, 2, 0, 0), 0);
	msleep(20);
	KUNIT_ASSERT_EQ(test, inv(m, m->mr->lkey, 3, SIGNAL), 0);
	sr_env_wc(m->e, &m->e->a, 3, IB_WC_SUCCESS, &wc);
	KUNIT_EXPECT_EQ(test, wc.opcode, IB_WC_LOCAL_INV);
	for (i = 0; i < 2; i++)
		sr_env_wc(m->e, &m->e->b, 9, IB_WC_SUCCESS, NULL);
	sr_env_no_wc(m->e, &m->e->b);
}

static void registration_behind_a_silent_send_completes(struct kunit *test)
{
	struct mem *m = mem(test);

	KUNIT_ASSERT_EQ(test, recv(&m->e->b, m->peers, LONG, 9), 0);
	KUNIT_ASSERT_EQ(test, send(&m->e->a, NULL, 1, 0, 0), 0);
	KUNIT_ASSERT_EQ(test, reg(m, 2, SIGNAL), 0);
	sr_env_wc(m->e, &m->e->a, 2, IB_WC_SUCCESS, NULL);
	sr_env_wc(m->e, &m->e->b, 9, IB_WC_SUCCESS, NULL);
}

static void invalidated_key_opens_nothing(struct kunit *test)
{
	struct mem *m = mem(test);

	KUNIT_ASSERT_EQ(test, reg(m, 1, 0), 0);
	KUNIT_ASSERT_EQ(test, inv(m, m->mr->rkey, 2, SIGNAL), 0);
	sr_env_wc(m->e, &m->e->a, 2, IB_WC_SUCCESS, NULL);
	memset(m->peers, 0xaa, LONG);
	KUNIT_ASSERT_EQ(test, write(m, m->mr->rkey, 3), 0);
	sr_env_wc(m->e, &m->e->b, 3, IB_WC_REM_ACCESS_ERR, NULL);
	KUNIT_EXPECT_TRUE(test, !memchr_inv(m->mine, 0, LONG));
}

static void stale_key_byte_opens_nothing(struct kunit *test)
{
	struct mem *m = mem(test);
	u32 old = m->mr->rkey;

	KUNIT_ASSERT_EQ(test, reg(m, 1, 0), 0);
	KUNIT_ASSERT_EQ(test, inv(m, old, 2, 0), 0);
	ib_update_fast_reg_key(m->mr, ib_inc_rkey(old));
	KUNIT_ASSERT_EQ(test, reg(m, 3, SIGNAL), 0);
	sr_env_wc(m->e, &m->e->a, 3, IB_WC_SUCCESS, NULL);
	KUNIT_ASSERT_EQ(test, write(m, m->mr->rkey, 4), 0);
	sr_env_wc(m->e, &m->e->b, 4, IB_WC_SUCCESS, NULL);
	KUNIT_ASSERT_EQ(test, write(m, old, 5), 0);
	sr_env_wc(m->e, &m->e->b, 5, IB_WC_REM_ACCESS_ERR, NULL);
}

static void key_said_in_the_request_becomes_the_regions(struct kunit *test)
{
	struct mem *m = mem(test);
	struct ib_reg_wr wr = reg_of(m->mr, 1, SIGNAL);

	wr.key = ib_inc_rkey(m->mr->rkey);
	KUNIT_ASSERT_EQ(test, post(&m->e->a, &wr.wr), 0);
	KUNIT_EXPECT_EQ(test, m->mr->rkey, wr.key);
	KUNIT_EXPECT_EQ(test, m->mr->lkey, wr.key);
	sr_env_wc(m->e, &m->e->a, 1, IB_WC_SUCCESS, NULL);
	KUNIT_ASSERT_EQ(test, write(m, wr.key, 2), 0);
	sr_env_wc(m->e, &m->e->b, 2, IB_WC_SUCCESS, NULL);
}

static void access_is_what_the_request_says(struct kunit *test)
{
	struct mem *m = mem(test);
	struct ib_reg_wr wr = reg_of(m->mr, 1, SIGNAL);

	wr.access = IB_ACCESS_REMOTE_READ;
	KUNIT_ASSERT_EQ(test, post(&m->e->a, &wr.wr), 0);
	sr_env_wc(m->e, &m->e->a, 1, IB_WC_SUCCESS, NULL);
	KUNIT_ASSERT_EQ(test, rdma(m, IB_WR_RDMA_READ, m->mr->rkey, m->mr->iova, LONG, 2), 0);
	sr_env_wc(m->e, &m->e->b, 2, IB_WC_SUCCESS, NULL);
	KUNIT_ASSERT_EQ(test, write(m, m->mr->rkey, 3), 0);
	sr_env_wc(m->e, &m->e->b, 3, IB_WC_REM_ACCESS_ERR, NULL);
}

static void one_byte_too_far_is_refused(struct kunit *test)
{
	struct mem *m = mem(test);

	KUNIT_ASSERT_EQ(test, reg(m, 1, 0), 0);
	KUNIT_ASSERT_EQ(test, rdma(m, IB_WR_RDMA_WRITE, m->mr->rkey, m->mr->iova + LONG - 8, 8,
				   2), 0);
	sr_env_wc(m->e, &m->e->b, 2, IB_WC_SUCCESS, NULL);
	KUNIT_ASSERT_EQ(test, rdma(m, IB_WR_RDMA_WRITE, m->mr->rkey, m->mr->iova + LONG - 7, 8,
				   3), 0);
	sr_env_wc(m->e, &m->e->b, 3, IB_WC_REM_ACCESS_ERR, NULL);
}

static void address_said_by_the_poster_is_the_one_peers_say(struct kunit *test)
{
	struct mem *m = mem(test);

	m->mr->iova = 0x123456789;
	KUNIT_ASSERT_EQ(test, reg(m, 1, 0), 0);
	get_random_bytes(m->peers, LONG);
	KUNIT_ASSERT_EQ(test, write(m, m->mr->rkey, 2), 0);
	sr_env_wc(m->e, &m->e->b, 2, IB_WC_SUCCESS, NULL);
	KUNIT_EXPECT_MEMEQ(test, m->mine + 24, m->peers, LONG);
}

static void second_registration_fails_the_qp(struct kunit *test)
{
	struct mem *m = mem(test);

	KUNIT_ASSERT_EQ(test, reg(m, 1, DEFER), 0);
	KUNIT_ASSERT_EQ(test, reg(m, 2, DEFER), 0);
	KUNIT_ASSERT_EQ(test, send(&m->e->a, NULL, 3, 0, 0), 0);
	/* errors complete, signalled or not; what is behind is flushed */
	sr_env_wc(m->e, &m->e->a, 2, IB_WC_MW_BIND_ERR, NULL);
	sr_env_wc(m->e, &m->e->a, 3, IB_WC_WR_FLUSH_ERR, NULL);
	sr_env_no_wc(m->e, &m->e->a);
}

static void bad_key_fails_once_what_is_before_it_is_done(struct kunit *test)
{
	struct mem *m = mem(test);

	KUNIT_ASSERT_EQ(test, recv(&m->e->b, m->peers, LONG, 9), 0);
	KUNIT_ASSERT_EQ(test, send(&m->e->a, NULL, 1, SIGNAL | DEFER, 0), 0);
	KUNIT_ASSERT_EQ(test, inv(m, m->mr->rkey + 0x10000, 2, 0), 0);
	sr_env_wc(m->e, &m->e->a, 1, IB_WC_SUCCESS, NULL);
	sr_env_wc(m->e, &m->e->a, 2, IB_WC_MW_BIND_ERR, NULL);
	sr_env_wc(m->e, &m->e->b, 9, IB_WC_SUCCESS, NULL);
}

static void region_of_another_pd_is_refused(struct kunit *test)
{
	struct mem *m = mem(test);

	m->mr = region(m, m->e->b.pd);
	map(m, m->mr, m->mine, LONG);
	KUNIT_ASSERT_EQ(test, reg(m, 1, 0), 0);
	sr_env_wc(m->e, &m->e->a, 1, IB_WC_MW_BIND_ERR, NULL);
}

static void peer_invalidates_with_its_message(struct kunit *test)
{
	struct mem *m = mem(test);
	struct ib_sge sge = { .addr = (uintptr_t)m->peers, .length = 3000,
			      .lkey = m->e->b.pd->local_dma_lkey };
	u8 *got = buffer(test);
	u32 key = m->mr->rkey;
	struct ib_wc wc = { };

	get_random_bytes(m->peers, LONG);
	KUNIT_ASSERT_EQ(test, reg(m, 1, 0), 0);
	KUNIT_ASSERT_EQ(test, recv(&m->e->a, got, LONG, 8), 0);
	KUNIT_ASSERT_EQ(test, write(m, key, 2), 0);
	sr_env_wc(m->e, &m->e->b, 2, IB_WC_SUCCESS, NULL);
	KUNIT_ASSERT_EQ(test, send(&m->e->b, &sge, 3, SIGNAL, key), 0);
	sr_env_wc(m->e, &m->e->b, 3, IB_WC_SUCCESS, NULL);
	sr_env_wc(m->e, &m->e->a, 8, IB_WC_SUCCESS, &wc);
	KUNIT_EXPECT_EQ(test, wc.opcode, IB_WC_RECV);
	KUNIT_EXPECT_EQ(test, wc.wc_flags, IB_WC_WITH_INVALIDATE);
	KUNIT_EXPECT_EQ(test, wc.ex.invalidate_rkey, key);
	KUNIT_EXPECT_EQ(test, wc.byte_len, 3000);
	KUNIT_EXPECT_MEMEQ(test, got, m->peers, 3000);

	/* free again: registered anew without LOCAL_INV, with the next key */
	ib_update_fast_reg_key(m->mr, ib_inc_rkey(key));
	KUNIT_ASSERT_EQ(test, reg(m, 4, SIGNAL), 0);
	sr_env_wc(m->e, &m->e->a, 4, IB_WC_SUCCESS, NULL);
	KUNIT_ASSERT_EQ(test, write(m, m->mr->rkey, 5), 0);
	sr_env_wc(m->e, &m->e->b, 5, IB_WC_SUCCESS, NULL);
	KUNIT_ASSERT_EQ(test, write(m, key, 6), 0);
	sr_env_wc(m->e, &m->e->b, 6, IB_WC_REM_ACCESS_ERR, NULL);
}

static void peer_that_invalidates_a_wrong_key_breaks_the_connection(struct kunit *test)
{
	struct mem *m = mem(test);

	KUNIT_ASSERT_EQ(test, reg(m, 1, 0), 0);
	KUNIT_ASSERT_EQ(test, recv(&m->e->a, m->mine, LONG, 8), 0);
	KUNIT_ASSERT_EQ(test, send(&m->e->b, NULL, 2, SIGNAL, ib_inc_rkey(m->mr->rkey)), 0);
	sr_env_wc(m->e, &m->e->b, 2, IB_WC_REM_ACCESS_ERR, NULL);
	sr_env_wc(m->e, &m->e->a, 8, IB_WC_REM_INV_REQ_ERR, NULL);
}

/* What SMB Direct and NVMe do, with all they post in one chain. */
static void r_ndk_64_eight_registrations_and_a_send_ring_once(struct kunit *test)
{
	struct mem *m = mem(test);
	struct ib_mr *mr[8];
	struct ib_wc wc = { };
	int i;

	for (i = 0; i < 8; i++) {
		mr[i] = region(m, m->e->a.pd);
		map(m, mr[i], m->mine + 512 * i, 512);
	}
	KUNIT_ASSERT_EQ(test, recv(&m->e->b, m->peers, LONG, 9), 0);
	for (i = 0; i < 8; i++) {
		struct ib_reg_wr wr = reg_of(mr[i], i, SIGNAL | DEFER);

		KUNIT_ASSERT_EQ(test, post(&m->e->a, &wr.wr), 0);
	}
	KUNIT_EXPECT_EQ(test, sr_env_bells(m->e), 0);
	sr_env_no_wc(m->e, &m->e->a);
	/* deferred is not carried out */
	KUNIT_ASSERT_EQ(test, send(&m->e->a, NULL, 8, SIGNAL, 0), 0);
	KUNIT_EXPECT_EQ(test, sr_env_bells(m->e), 1);
	for (i = 0; i < 9; i++) {
		sr_env_wc(m->e, &m->e->a, i, IB_WC_SUCCESS, &wc);
		KUNIT_EXPECT_EQ(test, wc.opcode, i < 8 ? IB_WC_REG_MR : IB_WC_SEND);
	}
	sr_env_wc(m->e, &m->e->b, 9, IB_WC_SUCCESS, NULL);
	for (i = 0; i < 8; i++) {
		KUNIT_ASSERT_EQ(test, rdma(m, IB_WR_RDMA_WRITE, mr[i]->rkey, mr[i]->iova, 512,
					   20 + i), 0);
		sr_env_wc(m->e, &m->e->b, 20 + i, IB_WC_SUCCESS, NULL);
	}
}

static void r_ndk_66_refused_registration_indicates_those_before_it(struct kunit *test)
{
	struct mem *m = mem(test);
	struct ib_mr *second = region(m, m->e->a.pd);
	struct ib_reg_wr wr[4];
	const struct ib_send_wr *bad = NULL;
	int i;

	map(m, second, m->mine, 512);
	wr[0] = reg_of(m->mr, 0, SIGNAL | DEFER);
	wr[1] = reg_of(second, 1, SIGNAL | DEFER);
	wr[2] = reg_of(second, 2, SIGNAL | DEFER);
	wr[2].access = IB_ACCESS_MW_BIND;
	wr[3] = reg_of(second, 3, SIGNAL);
	for (i = 0; i < 3; i++)
		wr[i].wr.next = &wr[i + 1].wr;
	KUNIT_EXPECT_EQ(test, ib_post_send(m->e->a.qp, &wr[0].wr, &bad), -EINVAL);
	KUNIT_EXPECT_PTR_EQ(test, bad, &wr[2].wr);
	KUNIT_EXPECT_EQ(test, sr_env_bells(m->e), 1);
	sr_env_wc(m->e, &m->e->a, 0, IB_WC_SUCCESS, NULL);
	sr_env_wc(m->e, &m->e->a, 1, IB_WC_SUCCESS, NULL);
	sr_env_no_wc(m->e, &m->e->a);
	KUNIT_ASSERT_EQ(test, write(m, m->mr->rkey, 5), 0);
	sr_env_wc(m->e, &m->e->b, 5, IB_WC_SUCCESS, NULL);
}

static void refuse(struct kunit *test, struct mem *m, struct ib_reg_wr *wr)
{
	u32 lkey = m->mr->lkey, rkey = m->mr->rkey;

	KUNIT_EXPECT_EQ(test, post(&m->e->a, &wr->wr), -EINVAL);
	KUNIT_EXPECT_EQ(test, m->mr->lkey, lkey);
	KUNIT_EXPECT_EQ(test, m->mr->rkey, rkey);
	*wr = reg_of(m->mr, 1, 0);
}

static void registration_that_cannot_be_right_is_refused(struct kunit *test)
{
	struct mem *m = mem(test);
	struct ib_reg_wr wr = reg_of(m->mr, 1, 0);

	wr.mr = NULL;
	refuse(test, m, &wr);
	wr.mr = m->e->a.pd->__internal_mr;
	refuse(test, m, &wr);
	wr.key += 256;
	refuse(test, m, &wr);
	wr.access = IB_ACCESS_ON_DEMAND;
	refuse(test, m, &wr);
	wr.wr.send_flags = IB_SEND_INLINE;
	refuse(test, m, &wr);
	m->mr->iova = U64_MAX;
	refuse(test, m, &wr);
	sr_env_no_wc(m->e, &m->e->a);
}

static void as_many_pages_as_the_device_says(struct kunit *test)
{
	struct mem *m = mem(test);
	u32 max = m->e->dev->attrs.max_fast_reg_page_list_len;
	struct ib_mr *mr;

	mr = ib_alloc_mr(m->e->a.pd, IB_MR_TYPE_MEM_REG, max);
	KUNIT_ASSERT_FALSE(test, IS_ERR(mr));
	ib_dereg_mr(mr);
	mr = ib_alloc_mr(m->e->a.pd, IB_MR_TYPE_MEM_REG, max + 1);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(mr), -EINVAL);
	mr = ib_alloc_mr(m->e->a.pd, IB_MR_TYPE_MEM_REG, 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(mr), -EINVAL);
	mr = ib_alloc_mr(m->e->a.pd, IB_MR_TYPE_SG_GAPS, 1);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(mr), -EOPNOTSUPP);
}

/* Registration, use and invalidation over and over, in chains of every length. */
static void keys_come_and_go_between_messages(struct kunit *test)
{
	struct mem *m = mem(test);
	struct ib_sge sge = { .addr = m->mr->iova, .length = LONG };
	int round, i;

	for (round = 0; round < 64; round++) {
		u64 want = 100 * round;
		int flag = round % 3 ? DEFER : 0;

		memset(m->mine, round, LONG);
		ib_update_fast_reg_key(m->mr, ib_inc_rkey(m->mr->rkey));
		sge.lkey = m->mr->lkey;
		for (i = 0; i < round % 4 + 1; i++)
			KUNIT_ASSERT_EQ(test, recv(&m->e->b, m->peers, LONG, want), 0);
		KUNIT_ASSERT_EQ(test, reg(m, 1, flag), 0);
		for (i = 0; i < round % 4 + 1; i++)
			KUNIT_ASSERT_EQ(test, send(&m->e->a, &sge, 2, flag, 0), 0);
		KUNIT_ASSERT_EQ(test, inv(m, m->mr->rkey, want, SIGNAL), 0);
		sr_env_wc(m->e, &m->e->a, want, IB_WC_SUCCESS, NULL);
		for (i = 0; i < round % 4 + 1; i++)
			sr_env_wc(m->e, &m->e->b, want, IB_WC_SUCCESS, NULL);
		KUNIT_ASSERT_TRUE(test, !memchr_inv(m->peers, round, LONG - 24));
	}
}

static struct kunit_case memory_cases[] = {
	KUNIT_CASE_PARAM(registered_memory_is_read_and_written, way_gen_params),
	KUNIT_CASE_PARAM(registered_memory_is_sent_from, way_gen_params),
	KUNIT_CASE_PARAM(invalidation_posted_late_waits_for_what_was_sent, way_gen_params),
	KUNIT_CASE_PARAM(registration_behind_a_silent_send_completes, way_gen_params),
	KUNIT_CASE_PARAM(invalidated_key_opens_nothing, way_gen_params),
	KUNIT_CASE_PARAM(stale_key_byte_opens_nothing, way_gen_params),
	KUNIT_CASE_PARAM(key_said_in_the_request_becomes_the_regions, way_gen_params),
	KUNIT_CASE_PARAM(access_is_what_the_request_says, way_gen_params),
	KUNIT_CASE_PARAM(one_byte_too_far_is_refused, way_gen_params),
	KUNIT_CASE_PARAM(address_said_by_the_poster_is_the_one_peers_say, way_gen_params),
	KUNIT_CASE_PARAM(second_registration_fails_the_qp, way_gen_params),
	KUNIT_CASE_PARAM(bad_key_fails_once_what_is_before_it_is_done, way_gen_params),
	KUNIT_CASE_PARAM(region_of_another_pd_is_refused, way_gen_params),
	KUNIT_CASE_PARAM(peer_invalidates_with_its_message, way_gen_params),
	KUNIT_CASE_PARAM(peer_that_invalidates_a_wrong_key_breaks_the_connection,
			 way_gen_params),
	KUNIT_CASE_PARAM(r_ndk_64_eight_registrations_and_a_send_ring_once, way_gen_params),
	KUNIT_CASE_PARAM(r_ndk_66_refused_registration_indicates_those_before_it,
			 way_gen_params),
	KUNIT_CASE_PARAM(registration_that_cannot_be_right_is_refused, way_gen_params),
	KUNIT_CASE_PARAM(as_many_pages_as_the_device_says, way_gen_params),
	KUNIT_CASE_PARAM(keys_come_and_go_between_messages, way_gen_params),
	{}
};

static struct kunit_suite memory_suite = {
	.name = "ndk_softroce_memory",
	.suite_init = sr_env_suite_init,
	.suite_exit = sr_env_suite_exit,
	.test_cases = memory_cases,
};

kunit_test_suite(memory_suite);
