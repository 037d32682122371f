// SPDX-License-Identifier: GPL-2.0
/*
 * Receive queues, and the rings below all queues: order and content over many
 * wraps, a full queue, and indices that a hostile neighbour wrote.
 */
#include <linux/random.h>
#include <linux/slab.h>

#include "provider_env.h"
#include "../drivers/ndk/queue.h"

static void receives_survive_the_wrap(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 5);
	u32 room = to_ndk_qp(qp)->attr.cap.max_recv_wr, num, i;
	u64 made = 0, seen = 0;

	while (made < 50 * room && test->status == KUNIT_SUCCESS) {
		num = 1 + made % room;
		for (i = 0; i < num; i++)
			KUNIT_ASSERT_EQ(test, env_post_recv(qp, made++), 0);
		for (i = 0; i < num; i++) {
			KUNIT_ASSERT_EQ(test, mock_receive(to_mock_qp(qp), 0, false), 1);
			env_expect_wc(e, e->rcq, seen++, IB_WC_SUCCESS);
		}
		KUNIT_ASSERT_EQ(test, mock_receive(to_mock_qp(qp), 0, false), 0);
	}
}

static void full_receive_queue_names_the_first_that_did_not_fit(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 4);
	u32 room = to_ndk_qp(qp)->attr.cap.max_recv_wr, i;
	const struct ib_recv_wr *bad = NULL;
	struct ib_recv_wr *wr;

	KUNIT_EXPECT_GE(test, room, 4);
	wr = kunit_kcalloc(test, room + 2, sizeof(*wr), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, wr);
	for (i = 0; i < room + 2; i++) {
		wr[i].wr_id = i;
		wr[i].next = i <= room ? &wr[i + 1] : NULL;
	}

	KUNIT_EXPECT_EQ(test, ib_post_recv(qp, wr, &bad), -ENOMEM);
	KUNIT_EXPECT_PTR_EQ(test, bad, (const struct ib_recv_wr *)&wr[room]);
	for (i = 0; i < room; i++) {
		KUNIT_EXPECT_EQ(test, mock_receive(to_mock_qp(qp), 0, false), 1);
		env_expect_wc(e, e->rcq, i, IB_WC_SUCCESS);
	}
	KUNIT_EXPECT_EQ(test, mock_receive(to_mock_qp(qp), 0, false), 0);
	KUNIT_EXPECT_EQ_MSG(test, env_post_recv(qp, 0), 0, "there is room again");
}

static void nic_takes_what_was_posted(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 4);
	struct ib_sge sge[MOCK_MAX_SGE] = {
		{ .addr = 0x1111, .length = 10, .lkey = 1 },
		{ .addr = 0x2222, .length = 0, .lkey = 2 },
		{ .addr = U64_MAX, .length = 30, .lkey = U32_MAX },
	};
	struct ib_recv_wr wr = { .wr_id = U64_MAX, .sg_list = sge, .num_sge = 3 };
	struct ndk_rwqe *got = kunit_kzalloc(test, sizeof(*got), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, got);
	KUNIT_ASSERT_EQ(test, ib_post_recv(qp, &wr, NULL), 0);

	KUNIT_ASSERT_EQ(test, ndk_rq_take(to_ndk_qp(qp), got, NULL), 1);
	KUNIT_EXPECT_EQ(test, got->wr_id, U64_MAX);
	KUNIT_EXPECT_EQ(test, got->length, 40);
	KUNIT_ASSERT_EQ(test, got->num_sge, 3);
	KUNIT_EXPECT_MEMEQ(test, got->sge, sge, 3 * sizeof(sge[0]));
}

/* In 32 bits the sum of lengths would be 8: room that is not there. */
static void receive_length_that_wraps_is_an_error(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 4);
	struct ib_sge sge[2] = { { .length = U32_MAX }, { .length = 9 } };
	struct ib_recv_wr wr = { .wr_id = 1, .sg_list = sge, .num_sge = 2 };
	struct ndk_rwqe *got = kunit_kzalloc(test, sizeof(*got), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, got);
	KUNIT_ASSERT_EQ(test, ib_post_recv(qp, &wr, NULL), 0);
	KUNIT_EXPECT_EQ(test, ndk_rq_take(to_ndk_qp(qp), got, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, got->wr_id, 1);
	KUNIT_EXPECT_EQ_MSG(test, ndk_rq_take(to_ndk_qp(qp), got, NULL), 0, "it was consumed");
}

/* A ring by hand: 8 slots of 64 bytes and what lies around it. */
static struct ndk_queue *hand_made(struct kunit *test)
{
	struct ndk_queue *q = kunit_kzalloc(test, sizeof(*q), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, q);
	q->mask = 7;
	q->shift = 6;
	q->size = sizeof(*q->buf) + (8 << 6);
	q->buf = kunit_kzalloc(test, q->size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, q->buf);
	return q;
}

static void no_index_leads_out_of_the_ring(struct kunit *test)
{
	static const u32 edges[] = { 0, 7, 8, 9, 0x7fffffff, 0x80000000, U32_MAX };
	struct ndk_queue *q = hand_made(test);
	void *end = (void *)q->buf + q->size;
	int i;

	for (i = 0; i < 1000; i++) {
		u32 v = i < ARRAY_SIZE(edges) ? edges[i] : get_random_u32();
		void *slot = ndk_queue_slot(q, v);

		KUNIT_ASSERT_TRUE_MSG(test, slot >= (void *)q->buf->data && slot + 64 <= end,
				      "index %#x", v);
		KUNIT_ASSERT_LE(test, ndk_queue_next(q, v), q->mask);
		q->buf->producer_index = v;
		q->buf->consumer_index = ~v;
		KUNIT_ASSERT_EQ(test, ndk_queue_producer(q), v & 7);
		KUNIT_ASSERT_EQ(test, ndk_queue_consumer(q), ~v & 7);
	}
}

static void ring_geometry_is_the_kernels_own(struct kunit *test)
{
	struct ndk_queue *q = hand_made(test);
	void *slot = ndk_queue_slot(q, 5);

	q->buf->log2_elem_size = 31;
	q->buf->index_mask = U32_MAX;

	KUNIT_EXPECT_PTR_EQ(test, ndk_queue_slot(q, 5), slot);
	KUNIT_EXPECT_EQ(test, ndk_queue_next(q, 7), 0);
	KUNIT_EXPECT_EQ(test, ndk_queue_capacity(q), 7);
}

static struct kunit_case provider_recv_cases[] = {
	KUNIT_CASE(receives_survive_the_wrap),
	KUNIT_CASE(full_receive_queue_names_the_first_that_did_not_fit),
	KUNIT_CASE(nic_takes_what_was_posted),
	KUNIT_CASE(receive_length_that_wraps_is_an_error),
	KUNIT_CASE(no_index_leads_out_of_the_ring),
	KUNIT_CASE(ring_geometry_is_the_kernels_own),
	{}
};

static struct kunit_suite provider_recv_suite = {
	.name = "ndk_provider_recv",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.test_cases = provider_recv_cases,
};

kunit_test_suite(provider_recv_suite);
