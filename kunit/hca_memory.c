// SPDX-License-Identifier: GPL-2.0
/*
 * Regions of kernel memory on a stacked device: what the lower one is told of them,
 * and those that are registered at once.
 */
#include <linux/scatterlist.h>

#include "hca_env.h"

#define PAGES		2
#define BASE		0x7654321000ULL
#define RIGHTS		(IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_READ)

static struct ib_mr *mapped_mr(struct hca_env *e)
{
	struct ib_mr *mr = ib_alloc_mr(e->pd, IB_MR_TYPE_MEM_REG, PAGES);
	void *mem = kunit_kmalloc(e->test, PAGES * PAGE_SIZE, GFP_KERNEL);
	struct scatterlist sg;

	KUNIT_ASSERT_FALSE_MSG(e->test, IS_ERR(mr), "ib_alloc_mr: %pe", mr);
	KUNIT_ASSERT_NOT_NULL(e->test, mem);
	sg_init_one(&sg, mem, PAGES * PAGE_SIZE);
	sg_dma_address(&sg) = (uintptr_t)mem;
	sg_dma_len(&sg) = PAGES * PAGE_SIZE;
	KUNIT_EXPECT_EQ(e->test, ib_map_mr_sg(mr, &sg, 1, NULL, PAGE_SIZE), 1);
	return mr;
}

static struct low_mr *lower_mr(struct ib_mr *mr)
{
	return container_of(((struct hca_mr *)to_ndk_mr(mr)->priv)->lower, struct low_mr, ibmr);
}

static int enable(struct ib_mr *mr)
{
	return to_ndk_nic(mr->device)->ops->enable_mr(to_ndk_mr(mr), RIGHTS);
}

/* A consumer may choose the address after mapping: the NDK API lets its consumers. */
static void base_address_chosen_after_mapping(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_qp *qp = hca_rts_qp(e);
	struct ib_mr *mr = mapped_mr(e);
	struct ib_reg_wr wr = {
		.wr = { .opcode = IB_WR_REG_MR, .send_flags = SIGNAL },
		.mr = mr,
		.key = mr->rkey,
		.access = RIGHTS,
	};

	e->low->automatic = true;
	mr->iova = BASE;
	KUNIT_EXPECT_EQ(test, ib_post_send(qp, &wr.wr, NULL), 0);
	hca_expect_wc(e, e->scq, 0, IB_WC_SUCCESS);
	KUNIT_EXPECT_EQ(test, lower_mr(mr)->ibmr.iova, BASE);
	KUNIT_EXPECT_EQ(test, lower_mr(mr)->ibmr.length, PAGES * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, ib_dereg_mr(mr), 0);
}

static void region_is_registered_at_once(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_mr *mr = mapped_mr(e), *other = mapped_mr(e);
	int qps = atomic_read(&e->low->qps);

	/* of a GID that the core makes a little later */
	hca_rts_qp(e);
	e->low->automatic = true;
	mr->iova = BASE;
	KUNIT_EXPECT_EQ(test, enable(mr), 0);
	KUNIT_EXPECT_TRUE(test, lower_mr(mr)->valid);
	KUNIT_EXPECT_EQ(test, lower_mr(mr)->ibmr.iova, BASE);
	KUNIT_EXPECT_EQ(test, enable(other), 0);
	KUNIT_EXPECT_TRUE(test, lower_mr(other)->valid);
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&e->low->qps), qps + 2, "one per domain");
	KUNIT_EXPECT_EQ(test, ib_dereg_mr(mr), 0);
	KUNIT_EXPECT_EQ(test, ib_dereg_mr(other), 0);
}

/* A region that is registered already: the queue pair that was told breaks. */
static void registering_twice_fails_and_the_next_does_not(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_mr *mr = mapped_mr(e), *other = mapped_mr(e);

	hca_rts_qp(e);
	e->low->automatic = true;
	KUNIT_EXPECT_EQ(test, enable(mr), 0);
	KUNIT_EXPECT_EQ(test, enable(mr), -EIO);
	KUNIT_EXPECT_EQ(test, enable(other), 0);
	KUNIT_EXPECT_EQ(test, ib_dereg_mr(mr), 0);
	KUNIT_EXPECT_EQ(test, ib_dereg_mr(other), 0);
}

static void registering_fails_as_the_lower_device_does(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_mr *mr = mapped_mr(e);
	int n, err = -ENOMEM, alive;

	hca_rts_qp(e);
	e->low->automatic = true;
	alive = low_alive(e->low);
	for (n = 1; err && n < 10; n++) {
		e->low->fail_nth = n;
		err = enable(mr);
		if (err)
			KUNIT_EXPECT_EQ_MSG(test, low_alive(e->low), alive, "%d. fails", n);
	}
	e->low->fail_nth = 0;
	/* a completion queue, a queue pair */
	KUNIT_EXPECT_EQ(test, n - 2, 2);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, ib_dereg_mr(mr), 0);
}

static struct ib_mr *user_mr(struct hca_env *e)
{
	struct ib_mr *mr = e->up->ops.reg_user_mr(e->pd, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, RIGHTS,
						  NULL);

	KUNIT_ASSERT_FALSE_MSG(e->test, IS_ERR(mr), "reg_user_mr: %pe", mr);
	return mr;
}

static void reregistration_goes_down(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	struct ib_mr *mr = user_mr(e), *low = &lower_mr(mr)->ibmr;
	struct ib_pd *other = ib_alloc_pd(e->up, 0);
	u32 key = mr->rkey;

	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	KUNIT_EXPECT_NULL(test, e->up->ops.rereg_user_mr(mr, IB_MR_REREG_PD | IB_MR_REREG_TRANS, 0,
							 PAGE_SIZE, BASE, 0, other, NULL));
	KUNIT_EXPECT_EQ(test, e->low->rereg_flags, IB_MR_REREG_PD | IB_MR_REREG_TRANS);
	KUNIT_EXPECT_PTR_EQ(test, &lower_mr(mr)->ibmr, low);
	KUNIT_EXPECT_PTR_EQ(test, low->pd, hca_pd_of(other)->lower);
	KUNIT_EXPECT_EQ(test, low->iova, BASE);
	KUNIT_EXPECT_EQ(test, mr->rkey, key);
	KUNIT_EXPECT_EQ(test, e->up->ops.dereg_mr(mr, NULL), 0);
	ib_dealloc_pd(other);
}

/* As mlx5 does when it cannot change the one there is. */
static void reregistration_may_replace_the_region(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	int before = atomic_read(&e->low->mrs);
	struct ib_mr *mr = user_mr(e);
	u32 key = mr->rkey;

	e->low->replaces = true;
	KUNIT_EXPECT_NULL(test, e->up->ops.rereg_user_mr(mr, IB_MR_REREG_ACCESS, 0, 0, 0, RIGHTS,
							 e->pd, NULL));
	KUNIT_EXPECT_NE(test, mr->rkey, key);
	KUNIT_EXPECT_EQ(test, mr->rkey, lower_mr(mr)->ibmr.rkey);
	KUNIT_EXPECT_EQ(test, lower_mr(mr)->ibmr.iova, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->low->mrs), before + 1);
	KUNIT_EXPECT_EQ(test, e->up->ops.dereg_mr(mr, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->low->mrs), before);
}

static void dmabuf_goes_down(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	int before = atomic_read(&e->low->mrs);
	struct ib_mr *mr = e->up->ops.reg_user_mr_dmabuf(e->pd, 0, PAGE_SIZE, PAGE_SIZE, 77, RIGHTS,
							 NULL);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(mr), "reg_user_mr_dmabuf: %pe", mr);
	KUNIT_EXPECT_EQ(test, e->low->dmabuf, 77);
	KUNIT_EXPECT_EQ(test, mr->rkey, lower_mr(mr)->ibmr.rkey);
	KUNIT_EXPECT_EQ(test, e->up->ops.dereg_mr(mr, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&e->low->mrs), before);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(base_address_chosen_after_mapping),
	KUNIT_CASE(region_is_registered_at_once),
	KUNIT_CASE(registering_twice_fails_and_the_next_does_not),
	KUNIT_CASE(registering_fails_as_the_lower_device_does),
	KUNIT_CASE(reregistration_goes_down),
	KUNIT_CASE(reregistration_may_replace_the_region),
	KUNIT_CASE(dmabuf_goes_down),
	{}
};

static struct kunit_suite suite = {
	.name = "ndk_hca_memory",
	.suite_init = hca_suite_init,
	.suite_exit = hca_suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
