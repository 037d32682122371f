// SPDX-License-Identifier: GPL-2.0
/*
 * Packet numbers at the wrap, and the two time encodings. RNR timer values are
 * those of the specification's table "Encoding for RNR NAK Timer Field" (volume
 * 1, 9.7.5.2.8), typed in units of 10 microseconds.
 */
#include <kunit/test.h>
#include <linux/random.h>

#include "../drivers/softroce/psn.h"
#include "../drivers/softroce/timing.h"

#define LAST	0xffffffU
#define HALF	0x800000U

struct psn_case {
	const char *desc;
	u32 a;
	u32 b;
	int order;	/* of a against b */
	u32 dist;	/* steps from b forward to a */
};

static const struct psn_case psn_cases[] = {
	{ "equal at 0", 0, 0, 0, 0 },
	{ "equal at the end", LAST, LAST, 0, 0 },
	{ "neighbours", 6, 5, 1, 1 },
	{ "neighbours, other way", 5, 6, -1, LAST },
	{ "0 follows the last", 0, LAST, 1, 1 },
	{ "the last precedes 0", LAST, 0, -1, LAST },
	{ "across the wrap", 10, LAST - 9, 1, 20 },
	{ "across the wrap, other way", LAST - 9, 10, -1, LAST - 19 },
	{ "half minus one ahead", HALF - 1, 0, 1, HALF - 1 },
	{ "half minus one behind", 0, HALF - 1, -1, HALF + 1 },
	{ "half minus one ahead, wrapped", HALF - 2, LAST, 1, HALF - 1 },
	{ "sign change in the middle", HALF, HALF - 1, 1, 1 },
	{ "sign change in the middle, other way", HALF - 1, HALF, -1, LAST },
};

KUNIT_ARRAY_PARAM_DESC(psn, psn_cases, desc);

static int sign(s32 v)
{
	return (v > 0) - (v < 0);
}

static void psn_order_and_distance(struct kunit *test)
{
	const struct psn_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, sign(sr_psn_cmp(c->a, c->b)), c->order);
	KUNIT_EXPECT_EQ(test, sr_psn_dist(c->a, c->b), c->dist);
	KUNIT_EXPECT_EQ(test, sr_psn_add(c->b, c->dist), c->a);
}

/* Numbers that never wrap are the model. */
static void psn_agrees_with_counting(struct kunit *test)
{
	int i;

	for (i = 0; i < 20000; i++) {
		u64 b = get_random_u64() >> 20, step = get_random_u32() % HALF;
		u32 from = b & LAST, to = (b + step) & LAST;

		KUNIT_ASSERT_EQ(test, sr_psn_add(from, step), to);
		KUNIT_ASSERT_EQ(test, sr_psn_dist(to, from), step);
		KUNIT_ASSERT_EQ(test, sign(sr_psn_cmp(to, from)), step ? 1 : 0);
		KUNIT_ASSERT_EQ(test, sign(sr_psn_cmp(from, to)), step ? -1 : 0);
	}
}

/* Callers mask what they read from headers; bits above must not matter. */
static void psn_compare_ignores_bits_above_24(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, sr_psn_cmp(0xab000005, 0x00000005), 0);
	KUNIT_EXPECT_GT(test, sr_psn_cmp(0x00000006, 0xff000005), 0);
	KUNIT_EXPECT_EQ(test, sr_psn_add(0xff000005, 1), 6);
}

static void rnr_timer_is_that_of_the_table(struct kunit *test)
{
	static const u32 tens_of_us[32] = {
		65536, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384,
		512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576,
		32768, 49152,
	};
	int code;

	for (code = 0; code < 32; code++)
		KUNIT_EXPECT_EQ_MSG(test, sr_rnr_ns(code), tens_of_us[code] * 10000ULL,
				    "code %d", code);
	KUNIT_EXPECT_EQ_MSG(test, sr_rnr_ns(32 + 5), sr_rnr_ns(5), "five bits only");
}

static void ack_timeout_is_4_096_us_times_two_to_the_code(struct kunit *test)
{
	u64 ns = 4096;
	int code;

	KUNIT_EXPECT_EQ_MSG(test, sr_timeout_ns(0), 0, "0 waits for ever");
	for (code = 1; code < 32; code++) {
		ns *= 2;
		KUNIT_EXPECT_EQ_MSG(test, sr_timeout_ns(code), max_t(u64, ns, 1000000),
				    "code %d", code);
	}
	KUNIT_EXPECT_EQ_MSG(test, sr_timeout_ns(32 + 14), sr_timeout_ns(14), "five bits only");
}

static struct kunit_case numbers_cases[] = {
	KUNIT_CASE_PARAM(psn_order_and_distance, psn_gen_params),
	KUNIT_CASE(psn_agrees_with_counting),
	KUNIT_CASE(psn_compare_ignores_bits_above_24),
	KUNIT_CASE(rnr_timer_is_that_of_the_table),
	KUNIT_CASE(ack_timeout_is_4_096_us_times_two_to_the_code),
	{}
};

static struct kunit_suite numbers_suite = {
	.name = "ndk_softroce_numbers",
	.test_cases = numbers_cases,
};

kunit_test_suite(numbers_suite);
