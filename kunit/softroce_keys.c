// SPDX-License-Identifier: GPL-2.0
/*
 * Keys: the one check between a peer's key and memory (sr_mr_find), and the walk
 * over a region's pages (sr_mr_span).
 *
 * Neither is exported, so the file is compiled in here a second time, and with it
 * what frees regions.
 */
#include <kunit/test.h>
#include <linux/vmalloc.h>

#include "../drivers/softroce/dmabuf.c"
#include "../drivers/softroce/mr.c"

#define ALL	(IB_ACCESS_LOCAL_WRITE | REMOTE_ACCESS)
#define BASE	0x10000ULL
#define SIZE	0x3000ULL

struct fixture {
	struct sr_dev dev;
	struct ib_pd pd;
	struct ib_pd other_pd;
	struct sr_mr mr;
	struct ndk_mr nmr;
	void *pages[4];
	u8 memory[4 * PAGE_SIZE];
};

static void empty_table(void *arg)
{
	struct fixture *f = arg;

	xa_destroy(&f->dev.mrs.all);
	vfree(f);
}

/* A region of @length bytes at @iova. */
static struct fixture *fixture(struct kunit *test, u64 iova, u64 length, int access)
{
	struct fixture *f = vzalloc(sizeof(*f));
	int i;

	KUNIT_ASSERT_NOT_NULL(test, f);
	sr_table_init(&f->dev.mrs, f->dev.mrs_front, SR_FRONT_MRS);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, empty_table, f), 0);
	f->mr.iova = iova;
	f->mr.length = length;
	f->mr.pd = &f->pd;
	f->mr.access = access;
	f->mr.offset = iova & ~PAGE_MASK;
	f->mr.pages = f->pages;
	f->mr.page_shift = PAGE_SHIFT;
	for (i = 0; i < ARRAY_SIZE(f->pages); i++)
		f->pages[i] = f->memory + i * PAGE_SIZE;
	KUNIT_ASSERT_EQ(test, publish(&f->dev, &f->nmr, &f->mr), 0);
	return f;
}

/* What is found stays: nothing is freed before the test ends. */
static struct sr_mr *look_up(struct fixture *f, const struct ib_pd *pd, u32 key, u64 addr,
			     u64 len, int access)
{
	struct sr_mr *mr;

	rcu_read_lock();
	mr = sr_mr_find(&f->dev, pd, 1, key, addr, len, access);
	rcu_read_unlock();
	return mr;
}

static struct sr_mr *find(struct fixture *f, u64 addr, u64 len)
{
	return look_up(f, &f->pd, f->nmr.ibmr.lkey, addr, len, IB_ACCESS_REMOTE_READ);
}

struct range_case {
	const char *desc;
	u64 iova;
	u64 length;
	u64 addr;
	u64 len;
	bool inside;
};

static const struct range_case range_cases[] = {
	{ "all of it", BASE, SIZE, BASE, SIZE, true },
	{ "first byte", BASE, SIZE, BASE, 1, true },
	{ "last byte", BASE, SIZE, BASE + SIZE - 1, 1, true },
	{ "nothing at the start", BASE, SIZE, BASE, 0, true },
	{ "nothing at the end", BASE, SIZE, BASE + SIZE, 0, true },
	{ "nothing behind the end", BASE, SIZE, BASE + SIZE + 1, 0, false },
	{ "nothing before the start", BASE, SIZE, BASE - 1, 0, false },
	{ "one byte too long", BASE, SIZE, BASE, SIZE + 1, false },
	{ "one byte too early", BASE, SIZE, BASE - 1, 1, false },
	{ "one byte too late", BASE, SIZE, BASE + SIZE, 1, false },
	{ "starts before, ends inside", BASE, SIZE, BASE - 1, 2, false },
	{ "starts inside, ends behind", BASE, SIZE, BASE + SIZE - 1, 2, false },
	{ "address 0", BASE, SIZE, 0, 1, false },
	{ "last address there is", BASE, SIZE, U64_MAX, 1, false },
	{ "length wraps to the start", BASE, SIZE, BASE, U64_MAX, false },
	{ "end wraps into the region", BASE, SIZE, U64_MAX, BASE + 2, false },
	{ "end wraps to exactly its end", BASE, SIZE, BASE + 1, U64_MAX, false },
	{ "region at the top, all of it", U64_MAX - SIZE, SIZE, U64_MAX - SIZE, SIZE, true },
	{ "region at the top, one byte too long", U64_MAX - SIZE, SIZE, U64_MAX - SIZE, SIZE + 1,
	  false },
	{ "region at the top, wraps to 0", U64_MAX - SIZE, SIZE, 0, 1, false },
	{ "region at 0", 0, SIZE, 0, SIZE, true },
	{ "region at 0, behind it", 0, SIZE, SIZE, 1, false },
	{ "empty region, nothing", BASE, 0, BASE, 0, true },
	{ "empty region, one byte", BASE, 0, BASE, 1, false },
};

KUNIT_ARRAY_PARAM_DESC(range, range_cases, desc);

static void range_is_inside_or_not(struct kunit *test)
{
	const struct range_case *c = test->param_value;
	struct fixture *f = fixture(test, c->iova, c->length, ALL);

	KUNIT_EXPECT_EQ(test, !!find(f, c->addr, c->len), c->inside);
}

static void key_of_another_pd_is_refused(struct kunit *test)
{
	struct fixture *f = fixture(test, BASE, SIZE, ALL);
	u32 key = f->nmr.ibmr.lkey;

	KUNIT_EXPECT_NOT_NULL(test, look_up(f, &f->pd, key, BASE, 1, 0));
	KUNIT_EXPECT_NULL(test, look_up(f, &f->other_pd, key, BASE, 1, 0));
	KUNIT_EXPECT_NULL(test, look_up(f, NULL, key, BASE, 1, 0));
}

/* The low byte tells regions of one slot apart: 255 of 256 guesses fail. */
static void stale_key_of_the_same_slot_is_refused(struct kunit *test)
{
	struct fixture *f = fixture(test, BASE, SIZE, ALL);
	u32 key = f->nmr.ibmr.lkey;
	int i, found = 0;

	for (i = 0; i < 256; i++)
		found += !!look_up(f, &f->pd, (key & ~0xffU) | i, BASE, 1, 0);
	KUNIT_EXPECT_EQ(test, found, 1);
}

static void key_of_a_slot_that_is_empty_is_refused(struct kunit *test)
{
	struct fixture *f = fixture(test, BASE, SIZE, ALL);
	u32 key = f->nmr.ibmr.lkey;

	KUNIT_EXPECT_NULL(test, look_up(f, &f->pd, 0, BASE, 1, 0));
	KUNIT_EXPECT_NULL(test, look_up(f, &f->pd, U32_MAX, BASE, 1, 0));
	KUNIT_EXPECT_NULL(test, look_up(f, &f->pd, key + 256, BASE, 1, 0));
	sr_table_remove(&f->dev.mrs, &((struct sr_mr *)f->nmr.priv)->node);
	KUNIT_EXPECT_NULL(test, look_up(f, &f->pd, key, BASE, 1, 0));
}

/* A slot that is reserved and not yet filled looks empty. */
static void key_that_is_being_made_is_refused(struct kunit *test)
{
	struct fixture *f = fixture(test, BASE, SIZE, ALL);
	struct sr_node node;

	KUNIT_ASSERT_EQ(test, sr_table_reserve(&f->dev.mrs, &node, XA_LIMIT(1, 0xffffff)), 0);
	KUNIT_EXPECT_NULL(test, look_up(f, &f->pd, node.number << 8, BASE, 1, 0));
	xa_release(&f->dev.mrs.all, node.number);
}

static void every_access_bit_is_needed(struct kunit *test)
{
	static const int bits[] = {
		IB_ACCESS_LOCAL_WRITE, IB_ACCESS_REMOTE_WRITE, IB_ACCESS_REMOTE_READ,
		IB_ACCESS_REMOTE_ATOMIC,
	};
	int has, wants, i;

	/* every set of rights against every set of wants */
	for (has = 0; has < 16; has++) {
		struct fixture *f;
		int access = 0;

		for (i = 0; i < 4; i++)
			access |= has & BIT(i) ? bits[i] : 0;
		f = fixture(test, BASE, SIZE, access);
		for (wants = 0; wants < 16; wants++) {
			int want = 0;

			for (i = 0; i < 4; i++)
				want |= wants & BIT(i) ? bits[i] : 0;
			KUNIT_EXPECT_EQ_MSG(test,
					    !!look_up(f, &f->pd, f->nmr.ibmr.lkey, BASE, 1, want),
					    (wants & ~has) == 0, "has %#x wants %#x", access,
					    want);
		}
	}
}

static void rkey_without_remote_rights_opens_nothing(struct kunit *test)
{
	struct fixture *local = fixture(test, BASE, SIZE, IB_ACCESS_LOCAL_WRITE);
	struct fixture *remote = fixture(test, BASE, SIZE, IB_ACCESS_REMOTE_READ);

	KUNIT_EXPECT_EQ(test, local->nmr.ibmr.rkey, local->nmr.ibmr.lkey);
	KUNIT_EXPECT_NULL(test, find(local, BASE, 1));
	KUNIT_EXPECT_NOT_NULL(test, find(remote, BASE, 1));
	KUNIT_EXPECT_EQ(test, remote->nmr.ibmr.rkey, remote->nmr.ibmr.lkey);
}

static struct fixture *all_of_memory(struct kunit *test)
{
	struct fixture *f = fixture(test, 0, U64_MAX, ALL);

	f->mr.kernel = true;
	return f;
}

/* A peer's address into kernel memory must at least be memory. */
static void peer_cannot_name_an_address_without_memory(struct kunit *test)
{
	struct fixture *f = all_of_memory(test);
	u8 *real = kunit_kmalloc(test, 64, GFP_KERNEL);
	u64 at = (uintptr_t)real;

	KUNIT_ASSERT_NOT_NULL(test, real);
	KUNIT_EXPECT_NOT_NULL(test, find(f, at, 64));
	KUNIT_EXPECT_NULL(test, find(f, 0, 8));
	KUNIT_EXPECT_NULL(test, find(f, 0x1000, 8));
	KUNIT_EXPECT_NULL(test, find(f, U64_MAX - 8, 8));
	KUNIT_EXPECT_NULL(test, find(f, at, U64_MAX - at));
	KUNIT_EXPECT_NULL(test, find(f, 0x0000800000000000ULL, 8));
}

/* Reads the region piece by piece and compares with the memory behind it. */
static void walk(struct kunit *test, struct fixture *f, u64 addr, u32 len)
{
	u64 at = f->mr.offset + addr - f->mr.iova;

	while (len) {
		u32 n = len;
		void *p = sr_mr_span(&f->mr, addr, &n);
		u32 page = at >> PAGE_SHIFT;

		KUNIT_ASSERT_GT(test, n, 0);
		KUNIT_ASSERT_LE(test, n, len);
		KUNIT_ASSERT_PTR_EQ(test, p, f->pages[page] + offset_in_page(at));
		addr += n;
		at += n;
		len -= n;
	}
}

static void span_joins_pages_that_follow_each_other(struct kunit *test)
{
	struct fixture *f = fixture(test, BASE + 100, 3 * PAGE_SIZE, ALL);
	u32 n = 3 * PAGE_SIZE;

	KUNIT_EXPECT_PTR_EQ(test, sr_mr_span(&f->mr, BASE + 100, &n), (void *)f->memory + 100);
	KUNIT_EXPECT_EQ(test, n, 3 * PAGE_SIZE);
	walk(test, f, BASE + 100, 3 * PAGE_SIZE);
}

static void span_stops_where_memory_is_scattered(struct kunit *test)
{
	struct fixture *f = fixture(test, BASE + 100, 3 * PAGE_SIZE, ALL);
	u32 n = 3 * PAGE_SIZE;

	swap(f->pages[1], f->pages[2]);
	sr_mr_span(&f->mr, BASE + 100, &n);
	KUNIT_EXPECT_EQ(test, n, PAGE_SIZE - 100);
	walk(test, f, BASE + 100, 3 * PAGE_SIZE);
	walk(test, f, BASE + 100 + PAGE_SIZE + 1, PAGE_SIZE);
}

static void span_of_every_start_and_length(struct kunit *test)
{
	struct fixture *f = fixture(test, BASE + 1, 2 * PAGE_SIZE + 50, ALL);
	u32 start, len;

	swap(f->pages[0], f->pages[2]);
	for (start = 0; start < 2 * PAGE_SIZE + 50; start += 61)
		for (len = 1; start + len <= 2 * PAGE_SIZE + 50; len += 997)
			walk(test, f, BASE + 1 + start, len);
}

static struct kunit_case keys_cases[] = {
	KUNIT_CASE_PARAM(range_is_inside_or_not, range_gen_params),
	KUNIT_CASE(key_of_another_pd_is_refused),
	KUNIT_CASE(stale_key_of_the_same_slot_is_refused),
	KUNIT_CASE(key_of_a_slot_that_is_empty_is_refused),
	KUNIT_CASE(key_that_is_being_made_is_refused),
	KUNIT_CASE(every_access_bit_is_needed),
	KUNIT_CASE(rkey_without_remote_rights_opens_nothing),
	KUNIT_CASE(peer_cannot_name_an_address_without_memory),
	KUNIT_CASE(span_joins_pages_that_follow_each_other),
	KUNIT_CASE(span_stops_where_memory_is_scattered),
	KUNIT_CASE(span_of_every_start_and_length),
	{}
};

static struct kunit_suite keys_suite = {
	.name = "ndk_softroce_keys",
	.test_cases = keys_cases,
};

kunit_test_suite(keys_suite);
