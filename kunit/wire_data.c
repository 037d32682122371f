// SPDX-License-Identifier: GPL-2.0
/*
 * Data, over the wire: what the peer sees of what was posted.
 */
#include <linux/delay.h>

#include "wire_suite.h"

/* ---- posting ---- */

static void r_ndk_38_wire_silent_requests(struct kunit *test)
{
	struct wire w = wire(test);
	u32 token = wire_register(&w, rmr_new(w.e, 4, true), REMOTE_WRITE), i;
	u64 addr = (uintptr_t)w.to->va;
	int err;

	for (i = 0; i < 4 * WIRE_DEPTH; i++) {
		do {
			err = wire_write(&w, ID(i), i, 1, addr + i, token, SILENT);
			/* full for a while, not for good */
			if (err == -ENOSPC)
				usleep_range(20, 50);
		} while (err == -ENOSPC);
		KUNIT_ASSERT_EQ(test, err, 0);
	}
	do {
		err = wire_write(&w, ID(i), i, 1, addr + i, token, 0);
	} while (err == -ENOSPC);
	KUNIT_ASSERT_EQ(test, err, 0);
	rexpect_ex(w.e, w.a->scq, ID(i), 0, NDK_OPERATION_WRITE, NULL);
	rexpect_none(w.e, w.a->scq);
	wire_expect(test, w.to->va, w.from->va, i + 1);
}

static void r_ndk_40_wire_no_bytes(struct kunit *test)
{
	struct wire w = wire(test);
	u32 token = wire_register(&w, rmr_new(w.e, 4, true), REMOTE_READ | REMOTE_WRITE);
	u64 addr = (uintptr_t)w.to->va;
	struct ndk_result_ex r;

	KUNIT_EXPECT_EQ(test, ndk_receive(w.b->qp, ID(9), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_send(w.a->qp, ID(0), NULL, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_read(w.a->qp, ID(1), NULL, 0, addr, token, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_write(w.a->qp, ID(2), NULL, 0, addr, token, 0), 0);
	rexpect(w.e, w.a->scq, ID(0), 0);
	rexpect(w.e, w.a->scq, ID(1), 0);
	rexpect(w.e, w.a->scq, ID(2), 0);
	rexpect_ex(w.e, w.b->rcq, ID(9), 0, NDK_OPERATION_RECEIVE, &r);
	KUNIT_EXPECT_EQ(test, r.bytes_transferred, 0);
}

static void r_ndk_44_wire_the_sge_array_may_change(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_sge sge = rmem_sge(w.e, w.from, 8, 64);

	KUNIT_EXPECT_EQ(test, wire_receive(&w, ID(1), 0, 64), 0);
	KUNIT_EXPECT_EQ(test, ndk_send(w.a->qp, ID(0), &sge, 1, DEFERRED), 0);
	memset(&sge, 0xff, sizeof(sge));
	KUNIT_EXPECT_EQ(test, ndk_receive(w.b->qp, ID(2), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_send(w.a->qp, ID(3), NULL, 0, 0), 0);
	rexpect(w.e, w.a->scq, ID(0), 0);
	rexpect(w.e, w.b->rcq, ID(1), 0);
	wire_expect(test, w.to->va, w.from->va + 8, 64);
}

static void r_ndk_45_wire_the_inline_payload_may_change(struct kunit *test)
{
	struct wire w = wire(test);
	u8 data[32], was[32];
	struct ndk_sge sge = { .virtual_address = (uintptr_t)data, .length = sizeof(data) };

	memset(data, 0x3c, sizeof(data));
	memcpy(was, data, sizeof(was));
	KUNIT_EXPECT_EQ(test, wire_receive(&w, ID(1), 0, 32), 0);
	KUNIT_EXPECT_EQ(test, wire_receive(&w, ID(2), 32, 32), 0);
	KUNIT_EXPECT_EQ(test, ndk_send(w.a->qp, ID(0), &sge, 1, NDK_OP_FLAG_INLINE | DEFERRED),
			0);
	memset(data, 0xc3, sizeof(data));
	KUNIT_EXPECT_EQ(test, ndk_send(w.a->qp, ID(1), &sge, 1, NDK_OP_FLAG_INLINE), 0);
	rexpect(w.e, w.b->rcq, ID(1), 0);
	rexpect(w.e, w.b->rcq, ID(2), 0);
	wire_expect(test, w.to->va, was, 32);
	wire_expect(test, w.to->va + 32, data, 32);
}

static void r_ndk_46_wire_inline_of_many_pieces(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_sge sge[64];
	u8 data[64];
	int i;

	/* R-NDK-47: the tokens are garbage */
	for (i = 0; i < 64; i++) {
		data[i] = 7 * i;
		sge[i] = (struct ndk_sge){
			.virtual_address = (uintptr_t)&data[i],
			.length = 1,
			.memory_region_token = 0xbad00000 + i,
		};
	}
	KUNIT_EXPECT_EQ(test, wire_receive(&w, ID(1), 0, 64), 0);
	KUNIT_EXPECT_EQ(test, ndk_send(w.a->qp, ID(0), sge, 64, NDK_OP_FLAG_INLINE), 0);
	rexpect(w.e, w.a->scq, ID(0), 0);
	rexpect(w.e, w.b->rcq, ID(1), 0);
	wire_expect(test, w.to->va, data, 64);
}

static void r_ndk_47_wire_inline_write(struct kunit *test)
{
	struct wire w = wire(test);
	u32 token = wire_register(&w, rmr_new(w.e, 4, true), REMOTE_WRITE);
	u64 data = 0x0123456789abcdefULL;
	struct ndk_sge sge = {
		.virtual_address = (uintptr_t)&data,
		.length = 8,
		.memory_region_token = 0xffffffff,
	};

	KUNIT_EXPECT_EQ(test, ndk_write(w.a->qp, ID(0), &sge, 1, (uintptr_t)w.to->va, token,
					NDK_OP_FLAG_INLINE), 0);
	rexpect(w.e, w.a->scq, ID(0), 0);
	wire_expect(test, w.to->va, (u8 *)&data, 8);
}

static void r_ndk_48_wire_the_privileged_token_is_no_remote_token(struct kunit *test)
{
	struct wire w = wire(test);
	u8 was = w.to->va[0];

	KUNIT_EXPECT_EQ(test, wire_write(&w, ID(0), 0, 8, (uintptr_t)w.to->va, w.e->token, 0), 0);
	rexpect(w.e, w.a->scq, ID(0), -EACCES);
	KUNIT_EXPECT_EQ(test, w.to->va[0], was);
}

static void r_ndk_49_wire_local_write_is_no_remote_write(struct kunit *test)
{
	struct wire w = wire(test);
	u32 token = wire_register(&w, rmr_new(w.e, 4, true),
				  NDK_OP_FLAG_ALLOW_LOCAL_WRITE | REMOTE_READ);
	u8 was = w.to->va[0];

	KUNIT_EXPECT_EQ(test, wire_read(&w, ID(0), 0, 8, (uintptr_t)w.to->va, token, 0), 0);
	rexpect(w.e, w.a->scq, ID(0), 0);
	KUNIT_EXPECT_EQ(test, wire_write(&w, ID(1), 0, 8, (uintptr_t)w.to->va, token, 0), 0);
	rexpect(w.e, w.a->scq, ID(1), -EACCES);
	KUNIT_EXPECT_EQ(test, w.to->va[0], was);
}

/* Pages longer than a packet, written behind a read of the same place. */
static void r_ndk_51_wire_a_fenced_write_is_behind_the_read(struct kunit *test)
{
	struct wire w = wire(test);
	u32 token = wire_register(&w, rmr_new(w.e, 4, true), REMOTE_READ | REMOTE_WRITE);
	u64 addr = (uintptr_t)w.to->va;
	u8 *was = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, was);
	memcpy(was, w.to->va, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, wire_read(&w, ID(0), 0, PAGE_SIZE, addr, token, DEFERRED), 0);
	/* what was just read goes back to another place: only right if it has come */
	KUNIT_EXPECT_EQ(test, wire_write(&w, ID(1), 0, PAGE_SIZE, addr + PAGE_SIZE, token, FENCE),
			0);
	rexpect(w.e, w.a->scq, ID(0), 0);
	rexpect(w.e, w.a->scq, ID(1), 0);
	wire_expect(test, w.from->va, was, PAGE_SIZE);
	wire_expect(test, w.to->va + PAGE_SIZE, was, PAGE_SIZE);
}

static void r_ndk_53_wire_the_privileged_token_as_read_sink(struct kunit *test)
{
	struct wire w = wire(test);
	u32 token = wire_register(&w, rmr_new(w.e, 4, true), REMOTE_READ);

	KUNIT_EXPECT_NE(test, w.e->info.adapter_flags &
			NDK_ADAPTER_FLAG_RDMA_READ_SINK_NOT_REQUIRED, 0);
	KUNIT_EXPECT_EQ(test, wire_read(&w, ID(0), 0, WIRE_BYTES, (uintptr_t)w.to->va, token, 0),
			0);
	rexpect(w.e, w.a->scq, ID(0), 0);
	wire_expect(test, w.from->va, w.to->va, WIRE_BYTES);
}

/* ---- results ---- */

static void r_ndk_80_wire_bytes_of_receives(struct kunit *test)
{
	static const u32 sizes[] = { 1, 100, 1024, 1025, WIRE_BYTES };
	struct wire w = wire(test);
	struct ndk_result_ex r;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_ASSERT_EQ(test, wire_receive(&w, ID(i), 0, WIRE_BYTES), 0);
		KUNIT_ASSERT_EQ(test, wire_send(&w, ID(i), 0, sizes[i], 0), 0);
		rexpect(w.e, w.a->scq, ID(i), 0);
		rexpect_ex(w.e, w.b->rcq, ID(i), 0, NDK_OPERATION_RECEIVE, &r);
		KUNIT_EXPECT_EQ(test, r.bytes_transferred, sizes[i]);
		KUNIT_EXPECT_PTR_EQ(test, r.qp_context, (void *)w.b);
		wire_expect(test, w.to->va, w.from->va, sizes[i]);
	}
}

static void r_ndk_43_wire_a_receive_that_is_too_small(struct kunit *test)
{
	struct wire w = wire(test);

	KUNIT_ASSERT_EQ(test, wire_receive(&w, ID(1), 0, 64), 0);
	KUNIT_ASSERT_EQ(test, wire_receive(&w, ID(2), 0, 64), 0);
	KUNIT_ASSERT_EQ(test, wire_send(&w, ID(0), 0, 65, SILENT), 0);
	rexpect(w.e, w.b->rcq, ID(1), -EOVERFLOW);
	rexpect(w.e, w.b->rcq, ID(2), -ECANCELED);
	rexpect(w.e, w.a->scq, ID(0), -EREMOTEIO);
}

static void r_ndk_43_wire_nobody_receives(struct kunit *test)
{
	struct wire w = wire(test);

	KUNIT_ASSERT_EQ(test, wire_send(&w, ID(0), 0, 8, 0), 0);
	rexpect(w.e, w.a->scq, ID(0), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, wire_send(&w, ID(1), 0, 8, 0), -ENOTCONN);
}

static void r_ndk_84_wire_in_post_order(struct kunit *test)
{
	struct wire w = wire(test);
	u32 token = wire_register(&w, rmr_new(w.e, 4, true), REMOTE_READ | REMOTE_WRITE), i;
	u64 addr = (uintptr_t)w.to->va;

	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_EQ(test, wire_receive(&w, ID(i), 0, 64), 0);
	for (i = 0; i < 24; i++) {
		u32 flags = i % 4 ? DEFERRED : 0;
		int err;

		if (i % 3 == 0)
			err = wire_send(&w, ID(i), 0, 64, flags);
		else if (i % 3 == 1)
			err = wire_read(&w, ID(i), 0, 3000, addr, token, flags);
		else
			err = wire_write(&w, ID(i), 0, 3000, addr, token, flags);
		KUNIT_ASSERT_EQ(test, err, 0);
	}
	KUNIT_ASSERT_EQ(test, wire_read(&w, ID(i), 0, 8, addr, token, 0), 0);
	for (i = 0; i <= 24; i++)
		rexpect(w.e, w.a->scq, ID(i), 0);
	for (i = 0; i < 8; i++)
		rexpect(w.e, w.b->rcq, ID(i), 0);
}

static void r_ndk_90_wire_solicited(struct kunit *test)
{
	struct wire w = wire(test);
	int i;

	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, wire_receive(&w, ID(i), 0, 64), 0);
	ndk_arm_cq(w.e->rcq->cq, NDK_CQ_NOTIFY_SOLICITED);
	KUNIT_ASSERT_EQ(test, wire_send(&w, ID(0), 0, 64, 0), 0);
	rexpect(w.e, w.a->scq, ID(0), 0);
	renv_settle(w.e);
	KUNIT_EXPECT_EQ(test, atomic_read(&w.e->rcq->fired), 0);
	KUNIT_ASSERT_EQ(test, wire_send(&w, ID(1), 0, 64, NDK_OP_FLAG_SEND_AND_SOLICIT_EVENT), 0);
	rwait_for(w.e, &w.e->rcq->fired, 1);
	KUNIT_EXPECT_FALSE(test, w.e->rcq->may_sleep);
	rexpect(w.e, w.a->scq, ID(1), 0);
	/* an error of this side's initiator queue satisfies it, too */
	ndk_arm_cq(w.e->scq->cq, NDK_CQ_NOTIFY_SOLICITED);
	renv_settle(w.e);
	i = atomic_read(&w.e->scq->fired);
	KUNIT_ASSERT_EQ(test, wire_write(&w, ID(2), 0, 8, 0x1000, 0x12345600, SILENT), 0);
	rwait_for(w.e, &w.e->scq->fired, i + 1);
}

static void r_ndk_94_wire_flush(struct kunit *test)
{
	struct wire w = wire(test);
	int i;

	for (i = 0; i < 4; i++) {
		KUNIT_ASSERT_EQ(test, wire_receive(&w, ID(i), 0, 64), 0);
		KUNIT_ASSERT_EQ(test, ndk_receive(w.a->qp, ID(50 + i), NULL, 0), 0);
	}
	ndk_flush(w.b->qp);
	for (i = 0; i < 4; i++)
		rexpect(w.e, w.e->rcq, ID(i), -ECANCELED);
	renv_settle(w.e);
	rexpect_none(w.e, w.e->rcq);
	ndk_flush(w.a->qp);
	for (i = 0; i < 4; i++)
		rexpect(w.e, w.e->rcq, ID(50 + i), -ECANCELED);
}

static struct kunit_case wire_data_cases[] = {
	KUNIT_CASE(r_ndk_38_wire_silent_requests),
	KUNIT_CASE(r_ndk_40_wire_no_bytes),
	KUNIT_CASE(r_ndk_43_wire_a_receive_that_is_too_small),
	KUNIT_CASE(r_ndk_43_wire_nobody_receives),
	KUNIT_CASE(r_ndk_44_wire_the_sge_array_may_change),
	KUNIT_CASE(r_ndk_45_wire_the_inline_payload_may_change),
	KUNIT_CASE(r_ndk_46_wire_inline_of_many_pieces),
	KUNIT_CASE(r_ndk_47_wire_inline_write),
	KUNIT_CASE(r_ndk_48_wire_the_privileged_token_is_no_remote_token),
	KUNIT_CASE(r_ndk_49_wire_local_write_is_no_remote_write),
	KUNIT_CASE(r_ndk_51_wire_a_fenced_write_is_behind_the_read),
	KUNIT_CASE(r_ndk_53_wire_the_privileged_token_as_read_sink),
	KUNIT_CASE(r_ndk_80_wire_bytes_of_receives),
	KUNIT_CASE(r_ndk_84_wire_in_post_order),
	KUNIT_CASE(r_ndk_90_wire_solicited),
	KUNIT_CASE(r_ndk_94_wire_flush),
	{}
};

static struct kunit_suite wire_data_suite = {
	.name = "ndk_wire_data",
	.test_cases = wire_data_cases,
};

kunit_test_suite(wire_data_suite);
