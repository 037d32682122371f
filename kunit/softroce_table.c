// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers to objects: what is in the table is found, and nothing else, also where
 * several numbers share a place in front of it.
 */
#include <kunit/test.h>
#include <linux/prandom.h>

#include "../drivers/softroce/table.h"

#define NODES	64
#define ROUNDS	20000
#define SR_FRONT	64

struct fixture {
	struct sr_table table;
	struct sr_node __rcu *front[SR_FRONT];
	struct sr_node node[NODES];
	bool in[NODES];
};

static void empty_table(void *arg)
{
	struct fixture *f = arg;

	xa_destroy(&f->table.all);
}

static struct fixture *fixture(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	sr_table_init(&f->table, f->front, SR_FRONT);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, empty_table, f), 0);
	return f;
}

static struct sr_node *find(struct fixture *f, u32 number)
{
	struct sr_node *node;

	rcu_read_lock();
	node = sr_table_find(&f->table, number);
	rcu_read_unlock();
	return node;
}

/* Node @i under a number of our choice. */
static void add_as(struct kunit *test, struct fixture *f, int i, u32 number)
{
	struct sr_node *n = &f->node[i];

	KUNIT_ASSERT_EQ(test, sr_table_reserve(&f->table, n, XA_LIMIT(number, number)), 0);
	KUNIT_ASSERT_EQ(test, n->number, number);
	sr_table_add(&f->table, n);
}

static void number_that_is_reserved_names_nothing(struct kunit *test)
{
	struct fixture *f = fixture(test);

	KUNIT_ASSERT_EQ(test, sr_table_reserve(&f->table, &f->node[0], XA_LIMIT(5, 9)), 0);
	KUNIT_EXPECT_EQ(test, f->node[0].number, 5);
	KUNIT_EXPECT_NULL(test, find(f, 5));
	sr_table_add(&f->table, &f->node[0]);
	KUNIT_EXPECT_PTR_EQ(test, find(f, 5), &f->node[0]);
	sr_table_remove(&f->table, &f->node[0]);
	KUNIT_EXPECT_NULL(test, find(f, 5));
}

static void number_given_back_is_not_the_next(struct kunit *test)
{
	struct fixture *f = fixture(test);
	u32 first;

	KUNIT_ASSERT_EQ(test, sr_table_reserve(&f->table, &f->node[0], XA_LIMIT(5, 7)), 0);
	first = f->node[0].number;
	sr_table_add(&f->table, &f->node[0]);
	sr_table_remove(&f->table, &f->node[0]);
	KUNIT_ASSERT_EQ(test, sr_table_reserve(&f->table, &f->node[0], XA_LIMIT(5, 7)), 0);
	KUNIT_EXPECT_NE(test, f->node[0].number, first);
}

static void full_range_is_refused(struct kunit *test)
{
	struct fixture *f = fixture(test);

	add_as(test, f, 0, 3);
	KUNIT_EXPECT_LT(test, sr_table_reserve(&f->table, &f->node[1], XA_LIMIT(3, 3)), 0);
}

static void numbers_that_share_a_place_are_all_found(struct kunit *test)
{
	struct fixture *f = fixture(test);
	int i;

	for (i = 0; i < 3; i++)
		add_as(test, f, i, 7 + i * SR_FRONT);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_PTR_EQ(test, find(f, 7 + i * SR_FRONT), &f->node[i]);
	KUNIT_EXPECT_NULL(test, find(f, 7 + 3 * SR_FRONT));

	/* the one in front goes, then one behind it */
	sr_table_remove(&f->table, &f->node[2]);
	KUNIT_EXPECT_NULL(test, find(f, f->node[2].number));
	KUNIT_EXPECT_PTR_EQ(test, find(f, 7), &f->node[0]);
	sr_table_remove(&f->table, &f->node[0]);
	KUNIT_EXPECT_NULL(test, find(f, 7));
	KUNIT_EXPECT_PTR_EQ(test, find(f, 7 + SR_FRONT), &f->node[1]);
}

/* One behind the front goes: the one in front stays. */
static void removal_leaves_others_in_front(struct kunit *test)
{
	struct fixture *f = fixture(test);

	add_as(test, f, 0, 7);
	add_as(test, f, 1, 7 + SR_FRONT);
	sr_table_remove(&f->table, &f->node[0]);
	KUNIT_EXPECT_PTR_EQ(test, rcu_access_pointer(f->table.front[7]), &f->node[1]);
	KUNIT_EXPECT_NULL(test, find(f, 7));
}

static void another_takes_the_place(struct kunit *test)
{
	struct fixture *f = fixture(test);

	add_as(test, f, 0, 7);
	add_as(test, f, 1, 7 + SR_FRONT);
	f->node[2].number = 7;
	sr_table_add(&f->table, &f->node[2]);
	KUNIT_EXPECT_PTR_EQ(test, find(f, 7), &f->node[2]);
	KUNIT_EXPECT_PTR_EQ(test, find(f, 7 + SR_FRONT), &f->node[1]);
	sr_table_remove(&f->table, &f->node[2]);
	KUNIT_EXPECT_NULL(test, find(f, 7));
}

/* Against a list, with numbers that share four places. */
static void random_walk(struct kunit *test)
{
	struct fixture *f = fixture(test);
	struct rnd_state rnd;
	int round, i;

	prandom_seed_state(&rnd, 11);
	for (round = 0; round < ROUNDS; round++) {
		i = prandom_u32_state(&rnd) % NODES;
		if (f->in[i])
			sr_table_remove(&f->table, &f->node[i]);
		else
			add_as(test, f, i, 1 + i / 4 * SR_FRONT + i % 4);
		f->in[i] = !f->in[i];
		i = prandom_u32_state(&rnd) % NODES;
		KUNIT_ASSERT_PTR_EQ(test, find(f, 1 + i / 4 * SR_FRONT + i % 4),
				    f->in[i] ? &f->node[i] : NULL);
	}
}

static struct kunit_case table_cases[] = {
	KUNIT_CASE(number_that_is_reserved_names_nothing),
	KUNIT_CASE(number_given_back_is_not_the_next),
	KUNIT_CASE(full_range_is_refused),
	KUNIT_CASE(numbers_that_share_a_place_are_all_found),
	KUNIT_CASE(removal_leaves_others_in_front),
	KUNIT_CASE(another_takes_the_place),
	KUNIT_CASE(random_walk),
	{}
};

static struct kunit_suite table_suite = {
	.name = "ndk_softroce_table",
	.test_cases = table_cases,
};

kunit_test_suite(table_suite);
