// SPDX-License-Identifier: GPL-2.0
/*
 * Fast registration without a device: every state a key can be in, and the wait
 * for who is using it when it is taken back.
 */
#include <kunit/test.h>
#include <linux/kthread.h>
#include <linux/vmalloc.h>

#include "../drivers/softroce/fastreg.c"

#include "softroce_keyring.h"

#define PAGES	4
#define LONG	(PAGES * PAGE_SIZE)
#define IOVA	0x7000012345ULL

static void keyring_free(void *arg)
{
	struct keyring *k = arg;

	xa_destroy(&k->dev.mrs.all);
	vfree(k);
}

struct keyring *keyring(struct kunit *test)
{
	struct keyring *k = vzalloc(sizeof(*k));
	int i;

	KUNIT_ASSERT_NOT_NULL(test, k);
	sr_table_init(&k->dev.mrs, k->dev.mrs_front, SR_FRONT_MRS);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, keyring_free, k), 0);
	k->nic.priv = &k->dev;
	k->dev.nic = &k->nic;
	k->pd.device = &k->nic.ibdev;
	k->other_pd.device = &k->nic.ibdev;
	for (i = 0; i < 2; i++) {
		k->nqp[i].ibqp.pd = &k->pd;
		k->qp[i].nqp = &k->nqp[i];
		k->qp[i].dev = &k->dev;
		k->qp[i].id = i + 1;
	}
	return k;
}

/* A region, the memory to put behind it, and the request to do so. */
struct region {
	struct keyring *k;
	struct ndk_mr nmr;
	struct sr_mr *mr;
	u8 *memory;
	struct scatterlist sg[PAGES];
	struct ndk_swqe wqe;
};

static void region_free(void *arg)
{
	struct region *r = arg;

	sr_table_remove(&r->k->dev.mrs, &r->mr->node);
	sr_mr_free(r->mr);
}

/* Pages from last to first, so that no two of them follow each other. */
static int map(struct region *r, u32 offset, u32 length)
{
	u32 pages = DIV_ROUND_UP(offset + length, PAGE_SIZE), i, done = 0;

	sg_init_table(r->sg, pages);
	for (i = 0; i < pages; i++) {
		u32 at = i ? 0 : offset, n = min_t(u32, PAGE_SIZE - at, length - done);

		sg_set_buf(&r->sg[i], r->memory + (PAGES - 1 - i) * PAGE_SIZE + at, n);
		sg_dma_address(&r->sg[i]) = (uintptr_t)sg_virt(&r->sg[i]);
		sg_dma_len(&r->sg[i]) = n;
		done += n;
	}
	r->nmr.ibmr.page_size = PAGE_SIZE;
	return sr_map_mr_sg(&r->nmr, r->sg, pages, NULL);
}

static void prepare(struct region *r, u32 key, u64 iova, u64 length, int access)
{
	r->wqe.opcode = IB_WR_REG_MR;
	r->wqe.remote_addr = iova;
	r->wqe.key_length = length;
	r->wqe.rkey = key;
	r->wqe.access = access;
}

static struct region *region(struct kunit *test)
{
	struct region *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->k = keyring(test);
	r->memory = kunit_kmalloc(test, LONG, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, r->memory);
	KUNIT_ASSERT_TRUE(test, PAGE_ALIGNED(r->memory));
	r->nmr.ibmr.device = &r->k->nic.ibdev;
	r->nmr.ibmr.pd = &r->k->pd;
	KUNIT_ASSERT_EQ(test, sr_alloc_mr(&r->nmr, PAGES), 0);
	r->mr = r->nmr.priv;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, region_free, r), 0);
	KUNIT_ASSERT_EQ(test, map(r, 0, LONG), PAGES);
	prepare(r, r->nmr.ibmr.rkey, IOVA, LONG, KEYRING_REMOTE | IB_ACCESS_LOCAL_WRITE);
	return r;
}

static int reg(struct region *r)
{
	int err;

	rcu_read_lock();
	local_bh_disable();
	err = sr_mr_register(&r->k->qp[0], &r->wqe);
	local_bh_enable();
	rcu_read_unlock();
	return err;
}

static int inv(struct region *r, u32 key, bool remote)
{
	int err;

	rcu_read_lock();
	local_bh_disable();
	err = sr_mr_invalidate(&r->k->qp[0], key, remote);
	local_bh_enable();
	rcu_read_unlock();
	return err;
}

static bool opens(struct region *r, u32 key)
{
	return keyring_opens(r->k, 0, key, IOVA, LONG, IB_ACCESS_REMOTE_WRITE);
}

static void key_is_good_between_registration_and_invalidation(struct kunit *test)
{
	struct region *r = region(test);
	u32 key = r->wqe.rkey;

	KUNIT_EXPECT_FALSE(test, opens(r, key));
	KUNIT_EXPECT_EQ(test, reg(r), 0);
	KUNIT_EXPECT_TRUE(test, opens(r, key));
	KUNIT_EXPECT_TRUE(test, keyring_opens(r->k, 1, key, IOVA, LONG, 0));
	KUNIT_EXPECT_FALSE(test, keyring_opens(r->k, 0, key, IOVA, LONG + 1, 0));
	KUNIT_EXPECT_FALSE(test, keyring_opens(r->k, 0, key, IOVA - 1, 1, 0));
	KUNIT_EXPECT_FALSE(test, keyring_opens(r->k, 0, key, IOVA, 1, IB_ACCESS_REMOTE_ATOMIC));
	KUNIT_EXPECT_EQ(test, inv(r, key, false), 0);
	KUNIT_EXPECT_FALSE(test, opens(r, key));
	KUNIT_EXPECT_FALSE(test, keyring_opens(r->k, 0, key, IOVA, 0, 0));
}

static void new_key_byte_replaces_the_old_one(struct kunit *test)
{
	struct region *r = region(test);
	u32 old = r->wqe.rkey, fresh = ib_inc_rkey(old);
	int i, found = 0;

	KUNIT_ASSERT_EQ(test, reg(r), 0);
	KUNIT_ASSERT_EQ(test, inv(r, old, false), 0);
	r->wqe.rkey = fresh;
	KUNIT_ASSERT_EQ(test, reg(r), 0);
	KUNIT_EXPECT_FALSE(test, opens(r, old));
	KUNIT_EXPECT_TRUE(test, opens(r, fresh));
	KUNIT_EXPECT_NE(test, inv(r, old, false), 0);
	KUNIT_EXPECT_NE(test, inv(r, old, true), 0);
	for (i = 0; i < 256; i++)
		found += opens(r, (old & ~0xffU) | i);
	KUNIT_EXPECT_EQ(test, found, 1);
}

static void registration_that_makes_no_sense_changes_nothing(struct kunit *test)
{
	struct region *r = region(test);
	u32 key = r->wqe.rkey;

	/* longer than what was mapped */
	r->wqe.key_length = LONG + 1;
	KUNIT_EXPECT_NE(test, reg(r), 0);
	KUNIT_EXPECT_FALSE(test, opens(r, key));
	r->wqe.key_length = U64_MAX - IOVA;
	KUNIT_EXPECT_NE(test, reg(r), 0);
	/* no such region, region of another PD */
	prepare(r, key + 256, IOVA, LONG, KEYRING_REMOTE);
	KUNIT_EXPECT_NE(test, reg(r), 0);
	prepare(r, key, IOVA, LONG, KEYRING_REMOTE);
	r->mr->pd = &r->k->other_pd;
	KUNIT_EXPECT_NE(test, reg(r), 0);
	KUNIT_EXPECT_NE(test, inv(r, key, false), 0);
	r->mr->pd = &r->k->pd;
	KUNIT_EXPECT_EQ(test, reg(r), 0);
	/* registered already: the key it has stays */
	prepare(r, ib_inc_rkey(key), IOVA + 1, LONG, KEYRING_REMOTE);
	KUNIT_EXPECT_NE(test, reg(r), 0);
	KUNIT_EXPECT_TRUE(test, opens(r, key));
}

static void region_never_mapped_cannot_be_registered(struct kunit *test)
{
	struct region *r = region(test);

	r->mr->staged.fresh = false;
	KUNIT_EXPECT_NE(test, reg(r), 0);
}

static void what_is_mapped_next_does_not_show(struct kunit *test)
{
	struct region *r = region(test);
	u32 key = r->wqe.rkey, len = 8;
	void *before, *after;

	KUNIT_ASSERT_EQ(test, reg(r), 0);
	before = sr_mr_span(r->mr, IOVA, &len);
	KUNIT_ASSERT_EQ(test, map(r, 100, PAGE_SIZE), 2);
	after = sr_mr_span(r->mr, IOVA, &len);
	KUNIT_EXPECT_PTR_EQ(test, before, after);
	KUNIT_EXPECT_TRUE(test, opens(r, key));

	KUNIT_ASSERT_EQ(test, inv(r, key, false), 0);
	prepare(r, key, IOVA, PAGE_SIZE, KEYRING_REMOTE);
	KUNIT_ASSERT_EQ(test, reg(r), 0);
	KUNIT_EXPECT_PTR_EQ(test, sr_mr_span(r->mr, IOVA, &len),
			    (void *)r->memory + (PAGES - 1) * PAGE_SIZE + 100);
	KUNIT_EXPECT_FALSE(test, opens(r, key));
	KUNIT_EXPECT_TRUE(test, keyring_opens(r->k, 0, key, IOVA, PAGE_SIZE, 0));

	/* registered again without mapping: the same memory */
	KUNIT_ASSERT_EQ(test, inv(r, key, false), 0);
	KUNIT_ASSERT_EQ(test, reg(r), 0);
	KUNIT_EXPECT_PTR_EQ(test, sr_mr_span(r->mr, IOVA, &len),
			    (void *)r->memory + (PAGES - 1) * PAGE_SIZE + 100);
}

static void our_side_may_invalidate_twice_the_peer_may_not(struct kunit *test)
{
	struct region *r = region(test);
	u32 key = r->wqe.rkey;

	KUNIT_EXPECT_EQ(test, inv(r, key, false), 0);
	KUNIT_EXPECT_NE(test, inv(r, key, true), 0);
	KUNIT_ASSERT_EQ(test, reg(r), 0);
	KUNIT_EXPECT_EQ(test, inv(r, key, true), 0);
	KUNIT_EXPECT_NE(test, inv(r, key, true), 0);
	KUNIT_EXPECT_EQ(test, inv(r, key, false), 0);
}

static void peer_cannot_take_back_what_it_was_not_given(struct kunit *test)
{
	struct region *r = region(test);

	r->wqe.access = IB_ACCESS_LOCAL_WRITE;
	KUNIT_ASSERT_EQ(test, reg(r), 0);
	KUNIT_EXPECT_NE(test, inv(r, r->wqe.rkey, true), 0);
	KUNIT_EXPECT_TRUE(test, keyring_opens(r->k, 0, r->wqe.rkey, IOVA, LONG,
					      IB_ACCESS_LOCAL_WRITE));
}

static void page_sizes_are_powers_of_two_from_ours_up(struct kunit *test)
{
	static const struct {
		u32 size;
		bool good;
	} sizes[] = {
		{ 0, false }, { PAGE_SIZE / 2, false }, { PAGE_SIZE, true },
		{ 3 * PAGE_SIZE, false }, { 4 * PAGE_SIZE, true }, { SZ_1G, true },
		{ SZ_2G, false },
	};
	struct region *r = region(test);
	int i;

	sg_init_one(r->sg, r->memory, 8);
	sg_dma_address(r->sg) = (uintptr_t)r->memory;
	sg_dma_len(r->sg) = 8;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		int got;

		r->nmr.ibmr.page_size = sizes[i].size;
		got = sr_map_mr_sg(&r->nmr, r->sg, 1, NULL);
		if (sizes[i].good)
			KUNIT_EXPECT_TRUE_MSG(test, got == 1 || got == -EFAULT, "size %u: %d",
					      sizes[i].size, got);
		else
			KUNIT_EXPECT_EQ_MSG(test, got, -EINVAL, "size %u", sizes[i].size);
	}
}

static void more_pages_than_there_is_room_for_are_not_mapped(struct kunit *test)
{
	struct region *r = region(test);

	r->mr->staged.max = PAGES - 1;
	KUNIT_EXPECT_EQ(test, map(r, 0, LONG), PAGES - 1);
	r->wqe.key_length = LONG;
	KUNIT_EXPECT_NE(test, reg(r), 0);
	r->wqe.key_length = r->nmr.ibmr.length;
	KUNIT_EXPECT_EQ(test, r->nmr.ibmr.length, LONG - PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, reg(r), 0);
	r->mr->staged.max = PAGES;
}

/* A peer that writes without end, as a responder on another CPU would. */
static int writer(void *arg)
{
	struct region *r = arg;

	while (!kthread_should_stop()) {
		struct sr_mr *mr;
		u32 len = LONG;
		u64 at = IOVA;

		rcu_read_lock();
		local_bh_disable();
		mr = sr_mr_find(&r->k->dev, &r->k->pd, 2, READ_ONCE(r->wqe.rkey), IOVA, LONG,
				IB_ACCESS_REMOTE_WRITE);
		while (mr && len) {
			u32 run = len;
			void *p = sr_mr_span(mr, at, &run);

			memset(p, 0xee, run);
			at += run;
			len -= run;
		}
		if (mr)
			sr_mr_put(mr);
		local_bh_enable();
		rcu_read_unlock();
		cond_resched();
	}
	return 0;
}

/* Written to without end, memory is ours from the invalidation on. */
static void nobody_writes_once_the_key_is_taken_back(struct kunit *test)
{
	struct region *r = region(test);
	u32 key = r->wqe.rkey, round, spoilt = 0, written = 0;
	struct task_struct *peer;

	peer = kthread_run(writer, r, "ndk_writer");
	KUNIT_ASSERT_FALSE(test, IS_ERR(peer));
	for (round = 0; round < 300; round++) {
		if (reg(r))
			break;
		usleep_range(5, 50);
		if (inv(r, key, round & 1))
			break;
		written += r->memory[0] == 0xee;
		memset(r->memory, round & 0x7f, LONG);
		udelay(9);
		spoilt += !!memchr_inv(r->memory, round & 0x7f, LONG);
	}
	kthread_stop(peer);
	KUNIT_EXPECT_EQ(test, round, 300);
	KUNIT_EXPECT_EQ(test, spoilt, 0);
	KUNIT_EXPECT_GT(test, written, 0);
}

static struct kunit_case fastreg_cases[] = {
	KUNIT_CASE(key_is_good_between_registration_and_invalidation),
	KUNIT_CASE(new_key_byte_replaces_the_old_one),
	KUNIT_CASE(registration_that_makes_no_sense_changes_nothing),
	KUNIT_CASE(region_never_mapped_cannot_be_registered),
	KUNIT_CASE(what_is_mapped_next_does_not_show),
	KUNIT_CASE(our_side_may_invalidate_twice_the_peer_may_not),
	KUNIT_CASE(peer_cannot_take_back_what_it_was_not_given),
	KUNIT_CASE(page_sizes_are_powers_of_two_from_ours_up),
	KUNIT_CASE(more_pages_than_there_is_room_for_are_not_mapped),
	KUNIT_CASE(nobody_writes_once_the_key_is_taken_back),
	{}
};

static struct kunit_suite fastreg_suite = {
	.name = "ndk_softroce_fastreg",
	.test_cases = fastreg_cases,
};

kunit_test_suite(fastreg_suite);
