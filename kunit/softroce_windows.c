// SPDX-License-Identifier: GPL-2.0
/*
 * Memory windows without a device: who may bind what to what, and what the
 * window's key opens then.
 */
#include <kunit/test.h>

#include "../drivers/softroce/mw.c"

#include "softroce_keyring.h"

#define BASE	0x20000ULL
#define PAGES	3
#define SIZE	(PAGES * PAGE_SIZE)
#define RIGHTS	(KEYRING_REMOTE | IB_ACCESS_LOCAL_WRITE | IB_ACCESS_MW_BIND)

/* A region of user memory, as far as a window can tell, and a window. */
struct world {
	struct keyring *k;
	struct sr_mr *mr;
	struct ndk_mw nmw;
	struct sr_mr *mw;
	u8 *memory;
	struct ndk_swqe wqe;
};

static void world_free(void *arg)
{
	struct world *w = arg;

	if (w->mw)
		sr_dealloc_mw(&w->nmw);
	sr_table_remove(&w->k->dev.mrs, &w->mr->node);
	sr_mr_free(w->mr);
}

static struct world *world(struct kunit *test, enum ib_mw_type type)
{
	struct world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->k = keyring(test);
	w->memory = kunit_kmalloc(test, SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w->memory);
	w->mr = sr_mr_alloc(&w->k->pd, RIGHTS);
	KUNIT_ASSERT_NOT_NULL(test, w->mr);
	w->mr->iova = BASE + 16;
	w->mr->offset = 16;
	w->mr->length = SIZE - 16;
	w->mr->pages = kvmalloc_array(PAGES, sizeof(void *), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w->mr->pages);
	for (i = 0; i < PAGES; i++)
		w->mr->pages[i] = w->memory + (PAGES - 1 - i) * PAGE_SIZE;
	KUNIT_ASSERT_EQ(test, sr_mr_publish(&w->k->dev, w->mr), 0);
	w->nmw.ibmw.device = &w->k->nic.ibdev;
	w->nmw.ibmw.pd = &w->k->pd;
	w->nmw.ibmw.type = type;
	KUNIT_ASSERT_EQ(test, sr_alloc_mw(&w->nmw), 0);
	w->mw = w->nmw.priv;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, world_free, w), 0);
	w->wqe.opcode = IB_WR_BIND_MW;
	w->wqe.remote_addr = BASE + PAGE_SIZE;
	w->wqe.key_length = PAGE_SIZE + 1;
	w->wqe.mr_lkey = w->mr->key;
	w->wqe.mw_rkey = w->nmw.ibmw.rkey;
	w->wqe.rkey = ib_inc_rkey(w->nmw.ibmw.rkey);
	w->wqe.access = IB_ACCESS_REMOTE_WRITE;
	return w;
}

static int do_bind(struct world *w)
{
	int err;

	rcu_read_lock();
	local_bh_disable();
	err = sr_mw_bind(&w->k->qp[0], &w->wqe);
	local_bh_enable();
	rcu_read_unlock();
	return err;
}

static int do_inv(struct world *w, int qp, u32 key, bool remote)
{
	int err;

	rcu_read_lock();
	local_bh_disable();
	err = sr_mr_invalidate(&w->k->qp[qp], key, remote);
	local_bh_enable();
	rcu_read_unlock();
	return err;
}

static bool opens(struct world *w, int qp, u64 addr, u64 len, int access)
{
	return keyring_opens(w->k, qp, w->mw->key, addr, len, access);
}

static void window_opens_its_part_and_no_more(struct kunit *test)
{
	struct world *w = world(test, IB_MW_TYPE_1);
	u64 at = BASE + PAGE_SIZE;
	u32 len = 10;

	KUNIT_EXPECT_FALSE(test, opens(w, 0, at, 1, IB_ACCESS_REMOTE_WRITE));
	KUNIT_ASSERT_EQ(test, do_bind(w), 0);
	KUNIT_EXPECT_TRUE(test, opens(w, 0, at, PAGE_SIZE + 1, IB_ACCESS_REMOTE_WRITE));
	KUNIT_EXPECT_TRUE(test, opens(w, 1, at, PAGE_SIZE + 1, IB_ACCESS_REMOTE_WRITE));
	KUNIT_EXPECT_FALSE(test, opens(w, 0, at, PAGE_SIZE + 2, IB_ACCESS_REMOTE_WRITE));
	KUNIT_EXPECT_FALSE(test, opens(w, 0, at - 1, 1, IB_ACCESS_REMOTE_WRITE));
	KUNIT_EXPECT_FALSE(test, opens(w, 0, at, 1, IB_ACCESS_REMOTE_READ));
	KUNIT_EXPECT_PTR_EQ(test, sr_mr_span(w->mw, at + 5, &len),
			    (void *)w->memory + PAGE_SIZE + 5);
	/* its key is no lkey */
	KUNIT_EXPECT_FALSE(test, opens(w, 0, at, 1, 0));
	KUNIT_EXPECT_FALSE(test, opens(w, 0, at, 1, IB_ACCESS_LOCAL_WRITE));
}

static void type_1_moves_and_a_bind_of_nothing_unbinds_it(struct kunit *test)
{
	struct world *w = world(test, IB_MW_TYPE_1);
	u32 old;

	KUNIT_ASSERT_EQ(test, do_bind(w), 0);
	old = w->mw->key;
	w->wqe.mw_rkey = old;
	w->wqe.rkey = ib_inc_rkey(old);
	w->wqe.remote_addr = BASE + 16;
	w->wqe.key_length = 4;
	KUNIT_ASSERT_EQ(test, do_bind(w), 0);
	KUNIT_EXPECT_EQ(test, w->mr->windows, 1);
	KUNIT_EXPECT_FALSE(test, keyring_opens(w->k, 0, old, BASE + 16, 4,
					       IB_ACCESS_REMOTE_WRITE));
	KUNIT_EXPECT_TRUE(test, opens(w, 0, BASE + 16, 4, IB_ACCESS_REMOTE_WRITE));
	/* it takes a bind to unbind it */
	KUNIT_EXPECT_NE(test, do_inv(w, 0, w->mw->key, false), 0);
	KUNIT_EXPECT_NE(test, do_inv(w, 0, w->mw->key, true), 0);
	w->wqe.mw_rkey = w->mw->key;
	w->wqe.rkey = ib_inc_rkey(w->mw->key);
	w->wqe.key_length = 0;
	w->wqe.mr_lkey = 0;
	KUNIT_ASSERT_EQ(test, do_bind(w), 0);
	KUNIT_EXPECT_EQ(test, w->mw->key, w->wqe.rkey);
	KUNIT_EXPECT_FALSE(test, opens(w, 0, BASE + 16, 4, IB_ACCESS_REMOTE_WRITE));
	KUNIT_EXPECT_EQ(test, w->mr->windows, 0);
}

static void type_2_is_one_qps_and_bound_once(struct kunit *test)
{
	struct world *w = world(test, IB_MW_TYPE_2);
	u64 at = BASE + PAGE_SIZE;
	u32 key = w->wqe.rkey;

	KUNIT_ASSERT_EQ(test, do_bind(w), 0);
	KUNIT_EXPECT_TRUE(test, opens(w, 0, at, 1, IB_ACCESS_REMOTE_WRITE));
	KUNIT_EXPECT_FALSE(test, opens(w, 1, at, 1, IB_ACCESS_REMOTE_WRITE));
	w->wqe.mw_rkey = key;
	KUNIT_EXPECT_NE(test, do_bind(w), 0);
	/* the other QP's peer has no business with it */
	KUNIT_EXPECT_NE(test, do_inv(w, 1, key, true), 0);
	KUNIT_EXPECT_TRUE(test, opens(w, 0, at, 1, IB_ACCESS_REMOTE_WRITE));
	KUNIT_EXPECT_EQ(test, do_inv(w, 0, key, true), 0);
	KUNIT_EXPECT_FALSE(test, opens(w, 0, at, 1, IB_ACCESS_REMOTE_WRITE));
	KUNIT_EXPECT_EQ(test, w->mr->windows, 0);
	KUNIT_EXPECT_EQ(test, do_bind(w), 0);
	KUNIT_EXPECT_EQ(test, do_inv(w, 1, w->mw->key, false), 0);
	/* a bind of nothing is no way to unbind it */
	w->wqe.key_length = 0;
	KUNIT_EXPECT_NE(test, do_bind(w), 0);
}

static void type_2_may_count_from_0_type_1_may_not(struct kunit *test)
{
	struct world *one = world(test, IB_MW_TYPE_1), *two = world(test, IB_MW_TYPE_2);
	u32 len = 1;

	one->wqe.access |= IB_ZERO_BASED;
	two->wqe.access |= IB_ZERO_BASED;
	KUNIT_EXPECT_NE(test, do_bind(one), 0);
	KUNIT_ASSERT_EQ(test, do_bind(two), 0);
	KUNIT_EXPECT_TRUE(test, opens(two, 0, 0, PAGE_SIZE + 1, IB_ACCESS_REMOTE_WRITE));
	KUNIT_EXPECT_FALSE(test, opens(two, 0, BASE + PAGE_SIZE, 1, IB_ACCESS_REMOTE_WRITE));
	KUNIT_EXPECT_PTR_EQ(test, sr_mr_span(two->mw, 7, &len),
			    (void *)two->memory + PAGE_SIZE + 7);
}

struct bad_bind {
	const char *desc;
	void (*spoil)(struct world *w);
};

static void spoil_lkey(struct world *w)
{
	w->wqe.mr_lkey ^= 1;
}

static void spoil_lkey_slot(struct world *w)
{
	w->wqe.mr_lkey += 0x1000;
}

static void spoil_mw_key(struct world *w)
{
	w->wqe.mw_rkey ^= 1;
}

static void spoil_not_a_window(struct world *w)
{
	w->wqe.mw_rkey = w->mr->key;
	w->wqe.rkey = w->mr->key;
}

static void spoil_new_key(struct world *w)
{
	w->wqe.rkey += 256;
}

static void spoil_region_pd(struct world *w)
{
	w->mr->pd = &w->k->other_pd;
}

static void spoil_window_pd(struct world *w)
{
	w->mw->pd = &w->k->other_pd;
}

static void spoil_bind_right(struct world *w)
{
	w->mr->access &= ~IB_ACCESS_MW_BIND;
}

static void spoil_local_write(struct world *w)
{
	w->mr->access &= ~IB_ACCESS_LOCAL_WRITE;
}

static void spoil_start(struct world *w)
{
	w->wqe.remote_addr = BASE + 15;
}

static void spoil_end(struct world *w)
{
	w->wqe.key_length = SIZE - PAGE_SIZE + 1;
}

static void spoil_region_going(struct world *w)
{
	w->mr->dead = true;
}

static void spoil_window_on_window(struct world *w)
{
	w->wqe.mr_lkey = w->mw->key;
}

static const struct bad_bind bad_binds[] = {
	{ "region's key is stale", spoil_lkey },
	{ "region's key is nobody's", spoil_lkey_slot },
	{ "window's key is stale", spoil_mw_key },
	{ "window is a region", spoil_not_a_window },
	{ "new key is another window's", spoil_new_key },
	{ "region is of another PD", spoil_region_pd },
	{ "window is of another PD", spoil_window_pd },
	{ "region allows no windows", spoil_bind_right },
	{ "remote write without local write", spoil_local_write },
	{ "starts before the region", spoil_start },
	{ "ends behind the region", spoil_end },
	{ "region is being deregistered", spoil_region_going },
	{ "window on a window", spoil_window_on_window },
};

KUNIT_ARRAY_PARAM_DESC(bad_bind, bad_binds, desc);

static void bad_bind_changes_nothing(struct kunit *test)
{
	const struct bad_bind *b = test->param_value;
	struct world *w = world(test, IB_MW_TYPE_2);
	u32 key = w->mw->key;

	b->spoil(w);
	KUNIT_EXPECT_NE(test, do_bind(w), 0);
	KUNIT_EXPECT_EQ(test, w->mw->key, key);
	KUNIT_EXPECT_FALSE(test, w->mw->valid);
	KUNIT_EXPECT_EQ(test, w->mr->windows, 0);
}

static void region_stays_while_a_window_is_on_it(struct kunit *test)
{
	struct world *w = world(test, IB_MW_TYPE_2);

	KUNIT_ASSERT_EQ(test, do_bind(w), 0);
	KUNIT_EXPECT_FALSE(test, sr_mr_retire(w->mr));
	sr_dealloc_mw(&w->nmw);
	w->mw = NULL;
	KUNIT_EXPECT_EQ(test, w->mr->windows, 0);
	KUNIT_EXPECT_TRUE(test, sr_mr_retire(w->mr));
}

static struct kunit_case windows_cases[] = {
	KUNIT_CASE(window_opens_its_part_and_no_more),
	KUNIT_CASE(type_1_moves_and_a_bind_of_nothing_unbinds_it),
	KUNIT_CASE(type_2_is_one_qps_and_bound_once),
	KUNIT_CASE(type_2_may_count_from_0_type_1_may_not),
	KUNIT_CASE_PARAM(bad_bind_changes_nothing, bad_bind_gen_params),
	KUNIT_CASE(region_stays_while_a_window_is_on_it),
	{}
};

static struct kunit_suite windows_suite = {
	.name = "ndk_softroce_windows",
	.test_cases = windows_cases,
};

kunit_test_suite(windows_suite);
