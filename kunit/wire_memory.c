// SPDX-License-Identifier: GPL-2.0
/*
 * Tokens and chains, over the wire: what a peer can do with them, and doorbells.
 */
#include <linux/delay.h>

#include "wire_suite.h"

#define READ_AND_WRITE	(REMOTE_READ | REMOTE_WRITE)

/* a fails to get at @addr, and the connection ends with it */
static void expect_denied(struct wire *w, u64 addr, u32 token)
{
	struct kunit *test = w->e->test;

	KUNIT_ASSERT_EQ(test, wire_read(w, ID(1), 0, 8, addr, token, 0), 0);
	rexpect(w->e, w->a->scq, ID(1), -EACCES);
	KUNIT_EXPECT_EQ(test, wire_read(w, ID(2), 0, 8, addr, token, 0), -ENOTCONN);
}

static void expect_readable(struct wire *w, struct rmem *mem, u32 off, u32 len, u64 addr,
			    u32 token)
{
	KUNIT_ASSERT_EQ(w->e->test, wire_read(w, ID(3), 0, len, addr, token, 0), 0);
	rexpect_ex(w->e, w->a->scq, ID(3), 0, NDK_OPERATION_READ, NULL);
	wire_expect(w->e->test, w->from->va, mem->va + off, len);
}

static void r_ndk_54_wire_the_token_the_peer_uses(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_kmr *mr = rmr_new(w.e, 4, true);
	u32 token;

	/* read before anything is shown to the NIC, used when it is */
	KUNIT_ASSERT_EQ(test, rreg(w.b, ID(0), mr, w.to, READ_AND_WRITE | DEFERRED), 0);
	token = ndk_get_remote_token_from_mr(mr);
	KUNIT_ASSERT_EQ(test, ndk_receive(w.a->qp, ID(5), NULL, 0), 0);
	KUNIT_ASSERT_EQ(test, ndk_send(w.b->qp, ID(1), NULL, 0, 0), 0);
	rexpect(w.e, w.b->scq, ID(0), 0);
	rexpect(w.e, w.b->scq, ID(1), 0);
	rexpect(w.e, w.a->rcq, ID(5), 0);
	expect_readable(&w, w.to, 0, WIRE_BYTES, (uintptr_t)w.to->va, token);
}

static void r_ndk_55_wire_the_last_token_is_no_good(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_kmr *mr = rmr_new(w.e, 4, true);
	u32 old = wire_register(&w, mr, REMOTE_READ), fresh;

	KUNIT_ASSERT_EQ(test, ndk_invalidate(w.b->qp, ID(0), ndk_obj(mr), 0), 0);
	rexpect(w.e, w.b->scq, ID(0), 0);
	fresh = wire_register(&w, mr, REMOTE_READ);
	expect_readable(&w, w.to, 0, 100, (uintptr_t)w.to->va, fresh);
	expect_denied(&w, (uintptr_t)w.to->va, old);
}

static void r_ndk_58_wire_memory_that_begins_in_a_page(struct kunit *test)
{
	struct wire w = wire(test);
	u32 token = wire_register(&w, rmr_new(w.e, 4, true), READ_AND_WRITE);
	u64 base = (uintptr_t)w.to->va;

	KUNIT_ASSERT_NE(test, w.to->fbo, 0);
	expect_readable(&w, w.to, 0, WIRE_BYTES, base, token);
	expect_readable(&w, w.to, WIRE_BYTES - 1, 1, base + WIRE_BYTES - 1, token);
	wire_paint(w.from, 55);
	KUNIT_ASSERT_EQ(test, wire_write(&w, ID(0), 0, WIRE_BYTES, base, token, 0), 0);
	rexpect(w.e, w.a->scq, ID(0), 0);
	wire_expect(test, w.to->va, w.from->va, WIRE_BYTES);
	/* one byte behind it */
	expect_denied(&w, base + WIRE_BYTES - 7, token);
}

static void r_ndk_58_wire_an_address_of_the_consumers_choice(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_kmr *mr = rmr_new(w.e, 4, true);
	u64 base = 0x700000000000ULL + WIRE_FBO;

	KUNIT_ASSERT_EQ(test, ndk_fast_register(w.b->qp, ID(0), mr, w.to->lam->adapter_page_count,
						w.to->lam->adapter_page_array, WIRE_FBO, WIRE_BYTES,
						base, REMOTE_READ), 0);
	rexpect(w.e, w.b->scq, ID(0), 0);
	expect_readable(&w, w.to, 4096, 5000, base + 4096, ndk_get_remote_token_from_mr(mr));
}

/* The array of pages is the caller's again when the call returns. */
static void r_ndk_44_wire_the_page_array_may_change(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_kmr *mr = rmr_new(w.e, 4, true);
	u64 pages[4];
	u32 num = w.to->lam->adapter_page_count;

	memcpy(pages, w.to->lam->adapter_page_array, num * sizeof(pages[0]));
	KUNIT_ASSERT_EQ(test, ndk_fast_register(w.b->qp, ID(0), mr, num, pages, WIRE_FBO,
						WIRE_BYTES, (uintptr_t)w.to->va,
						REMOTE_READ | DEFERRED), 0);
	memset(pages, 0, sizeof(pages));
	KUNIT_ASSERT_EQ(test, ndk_receive(w.a->qp, ID(5), NULL, 0), 0);
	KUNIT_ASSERT_EQ(test, ndk_send(w.b->qp, ID(1), NULL, 0, 0), 0);
	rexpect(w.e, w.b->scq, ID(0), 0);
	rexpect(w.e, w.b->scq, ID(1), 0);
	expect_readable(&w, w.to, 0, WIRE_BYTES, (uintptr_t)w.to->va,
			ndk_get_remote_token_from_mr(mr));
}

static void r_ndk_60_wire_send_and_invalidate(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_kmr *mr = rmr_new(w.e, 4, true);
	u32 token = wire_register(&w, mr, READ_AND_WRITE);
	struct ndk_result_ex r = { };

	expect_readable(&w, w.to, 0, 8, (uintptr_t)w.to->va, token);
	KUNIT_ASSERT_EQ(test, wire_receive(&w, ID(5), 0, 64), 0);
	KUNIT_ASSERT_EQ(test, ndk_send_and_invalidate(w.a->qp, ID(0), NULL, 0, 0, token), 0);
	rexpect_ex(w.e, w.a->scq, ID(0), 0, NDK_OPERATION_SEND, NULL);
	rexpect_ex(w.e, w.b->rcq, ID(5), 0, NDK_OPERATION_RECEIVE_AND_INVALIDATE, &r);
	KUNIT_EXPECT_EQ(test, (u32)r.type_specific_completion_output, token);
	KUNIT_EXPECT_EQ(test, ndk_invalidate(w.b->qp, ID(1), ndk_obj(mr), 0), -EACCES);
	/* R-NDK-62, R-NDK-82: of no use to the peer either */
	expect_denied(&w, (uintptr_t)w.to->va, token);
}

static void r_ndk_82_wire_fetched_by_the_plain_call(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_kmr *mr = rmr_new(w.e, 4, true);
	u32 token = wire_register(&w, mr, READ_AND_WRITE), got = 0;
	struct ndk_result r = { };
	int i;

	KUNIT_ASSERT_EQ(test, wire_receive(&w, ID(5), 0, 64), 0);
	KUNIT_ASSERT_EQ(test, ndk_send_and_invalidate(w.a->qp, ID(0), NULL, 0, 0, token), 0);
	rexpect(w.e, w.a->scq, ID(0), 0);
	for (i = 0; !got && i < 10000; i++) {
		got = ndk_get_cq_results(w.b->rcq->cq, &r, 1);
		if (!got)
			usleep_range(50, 100);
	}
	KUNIT_ASSERT_EQ(test, got, 1);
	KUNIT_EXPECT_PTR_EQ(test, r.request_context, ID(5));
	KUNIT_EXPECT_EQ(test, ndk_invalidate(w.b->qp, ID(1), ndk_obj(mr), 0), -EACCES);
	/* and it can be used again */
	token = wire_register(&w, mr, REMOTE_READ);
	expect_readable(&w, w.to, 0, 8, (uintptr_t)w.to->va, token);
}

static void r_ndk_62_wire_an_invalidated_region(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_kmr *mr = rmr_new(w.e, 4, true);
	u32 token = wire_register(&w, mr, READ_AND_WRITE);

	KUNIT_ASSERT_EQ(test, ndk_invalidate(w.b->qp, ID(0), ndk_obj(mr), 0), 0);
	rexpect(w.e, w.b->scq, ID(0), 0);
	expect_denied(&w, (uintptr_t)w.to->va, token);
}

static struct ndk_kmw *bound(struct wire *w, struct ndk_kmr *mr, u64 addr, u64 len, u32 flags)
{
	struct ndk_kmw *mw = rmw_new(w->e);

	KUNIT_ASSERT_EQ(w->e->test, ndk_bind(w->b->qp, ID(700), mr, mw, addr, len, flags), 0);
	rexpect_ex(w->e, w->b->scq, ID(700), 0, NDK_OPERATION_BIND, NULL);
	return mw;
}

static void r_ndk_61_wire_a_window(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_kmr *mr = rmr_registered(w.e, w.to, NDK_MR_FLAG_ALLOW_LOCAL_WRITE);
	u64 va = (uintptr_t)w.to->va;
	struct ndk_kmw *mw = bound(&w, mr, va + 1000, 5000, READ_AND_WRITE);
	u32 token = ndk_get_remote_token_from_mw(mw);

	expect_readable(&w, w.to, 1000, 5000, va + 1000, token);
	wire_paint(w.from, 44);
	KUNIT_ASSERT_EQ(test, wire_write(&w, ID(0), 0, 5000, va + 1000, token, 0), 0);
	rexpect(w.e, w.a->scq, ID(0), 0);
	wire_expect(test, w.to->va + 1000, w.from->va, 5000);
	/* one byte before it */
	expect_denied(&w, va + 999, token);
}

static void r_ndk_61_wire_a_window_to_read_only(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_kmr *mr = rmr_registered(w.e, w.to, NDK_MR_FLAG_ALLOW_LOCAL_WRITE);
	struct ndk_kmw *mw = bound(&w, mr, (uintptr_t)w.to->va, WIRE_BYTES, REMOTE_READ);
	u8 was = w.to->va[0];

	KUNIT_ASSERT_EQ(test, wire_write(&w, ID(0), 0, 8, (uintptr_t)w.to->va,
					 ndk_get_remote_token_from_mw(mw), 0), 0);
	rexpect(w.e, w.a->scq, ID(0), -EACCES);
	KUNIT_EXPECT_EQ(test, w.to->va[0], was);
}

static void r_ndk_62_wire_an_invalidated_window(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_kmr *mr = rmr_registered(w.e, w.to, NDK_MR_FLAG_ALLOW_LOCAL_WRITE);
	struct ndk_kmw *mw = bound(&w, mr, (uintptr_t)w.to->va, WIRE_BYTES, REMOTE_READ);
	u32 token = ndk_get_remote_token_from_mw(mw);

	expect_readable(&w, w.to, 0, 100, (uintptr_t)w.to->va, token);
	KUNIT_ASSERT_EQ(test, ndk_invalidate(w.b->qp, ID(0), ndk_obj(mw), 0), 0);
	rexpect(w.e, w.b->scq, ID(0), 0);
	expect_denied(&w, (uintptr_t)w.to->va, token);
}

/* Regions of ndk_register_mr(): by the virtual address of their first byte. */
static void registered_without_a_queue_pair(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_kmr *mr = rmr_registered(w.e, w.to, NDK_MR_FLAG_ALLOW_REMOTE_READ |
					    NDK_MR_FLAG_ALLOW_REMOTE_WRITE);
	u32 token = ndk_get_remote_token_from_mr(mr);
	u64 va = (uintptr_t)w.to->va;
	struct call *c = call_new(w.e);

	expect_readable(&w, w.to, 0, WIRE_BYTES, va, token);
	wire_paint(w.from, 66);
	KUNIT_ASSERT_EQ(test, wire_write(&w, ID(0), 0, WIRE_BYTES, va, token, 0), 0);
	rexpect(w.e, w.a->scq, ID(0), 0);
	wire_expect(test, w.to->va, w.from->va, WIRE_BYTES);
	KUNIT_EXPECT_EQ(test, call_wait(c, ndk_deregister_mr(mr, call_done, c)), 0);
	expect_denied(&w, va, token);
}

static void registered_for_local_use(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_kmr *mr = rmr_registered(w.e, w.from, NDK_MR_FLAG_ALLOW_LOCAL_WRITE);
	struct ndk_sge sge = {
		.virtual_address = (uintptr_t)w.from->va,
		.length = WIRE_BYTES,
		.memory_region_token = ndk_get_local_token_from_mr(mr),
	};
	u32 token = wire_register(&w, rmr_new(w.e, 4, true), READ_AND_WRITE);

	KUNIT_ASSERT_EQ(test, ndk_read(w.a->qp, ID(0), &sge, 1, (uintptr_t)w.to->va, token, 0), 0);
	rexpect(w.e, w.a->scq, ID(0), 0);
	wire_expect(test, w.from->va, w.to->va, WIRE_BYTES);
	/* its token opens nothing to the peer */
	expect_denied(&w, (uintptr_t)w.from->va, ndk_get_remote_token_from_mr(mr));
}

/* ---- chains ---- */

/* The worked example again, on a NIC that carries out what it is shown. */
static void worked_example_on_the_wire(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_kmr *first = rmr_new(w.e, 4, true), *second = rmr_new(w.e, 4, false);

	KUNIT_EXPECT_EQ(test, rreg(w.b, ID(1), first, w.to, REMOTE_READ | DEFERRED), 0);
	renv_settle(w.e);
	rexpect_none(w.e, w.b->scq);
	KUNIT_EXPECT_EQ(test, rreg(w.b, ID(2), second, w.to, REMOTE_READ | DEFERRED), -EACCES);
	rexpect_ex(w.e, w.b->scq, ID(1), 0, NDK_OPERATION_FAST_REGISTER, NULL);
	renv_settle(w.e);
	rexpect_none(w.e, w.b->scq);
	expect_readable(&w, w.to, 0, 100, (uintptr_t)w.to->va,
			ndk_get_remote_token_from_mr(first));
}

static void r_ndk_64_wire_one_doorbell_per_chain(struct kunit *test)
{
	struct wire w = wire(test);
	u32 token = wire_register(&w, rmr_new(w.e, 4, true), READ_AND_WRITE), i;
	u64 addr = (uintptr_t)w.to->va, bells = wire_bells(&w);

	for (i = 0; i < 15; i++)
		KUNIT_ASSERT_EQ(test, wire_write(&w, ID(i), 100 * i, 100, addr + 100 * i, token,
						 DEFERRED), 0);
	renv_settle(w.e);
	KUNIT_EXPECT_EQ(test, wire_bells(&w), bells);
	rexpect_none(w.e, w.a->scq);
	KUNIT_ASSERT_EQ(test, wire_write(&w, ID(i), 100 * i, 100, addr + 100 * i, token, 0), 0);
	for (i = 0; i < 16; i++)
		rexpect(w.e, w.a->scq, ID(i), 0);
	KUNIT_EXPECT_EQ(test, wire_bells(&w), bells + 1);
	wire_expect(test, w.to->va, w.from->va, 1600);
}

static void r_ndk_64_wire_two_registrations_and_a_send(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_kmr *mr[2] = { rmr_new(w.e, 4, true), rmr_new(w.e, 4, true) };
	u64 bells = wire_bells(&w);
	int i;

	KUNIT_ASSERT_EQ(test, ndk_receive(w.a->qp, ID(9), NULL, 0), 0);
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, rreg(w.b, ID(i), mr[i], w.to, REMOTE_READ | DEFERRED), 0);
	KUNIT_ASSERT_EQ(test, ndk_send(w.b->qp, ID(2), NULL, 0, 0), 0);
	for (i = 0; i < 3; i++)
		rexpect(w.e, w.b->scq, ID(i), 0);
	KUNIT_EXPECT_EQ(test, wire_bells(&w), bells + 1);
	rexpect(w.e, w.a->rcq, ID(9), 0);
	for (i = 0; i < 2; i++)
		expect_readable(&w, w.to, 0, 100, (uintptr_t)w.to->va,
				ndk_get_remote_token_from_mr(mr[i]));
}

static void r_ndk_67_wire_a_refusal_shows_the_chain(struct kunit *test)
{
	struct wire w = wire(test);
	u32 token = wire_register(&w, rmr_new(w.e, 4, true), READ_AND_WRITE);
	u64 addr = (uintptr_t)w.to->va;

	KUNIT_ASSERT_EQ(test, wire_write(&w, ID(0), 0, 100, addr, token, DEFERRED), 0);
	KUNIT_ASSERT_EQ(test, wire_write(&w, ID(1), 100, 100, addr + 100, token, DEFERRED), 0);
	KUNIT_EXPECT_EQ(test, wire_write(&w, ID(2), 200, 100, addr + 200, token, BIT(30)),
			-EINVAL);
	rexpect(w.e, w.a->scq, ID(0), 0);
	rexpect(w.e, w.a->scq, ID(1), 0);
	rexpect_none(w.e, w.a->scq);
	wire_expect(test, w.to->va, w.from->va, 200);
}

static void r_ndk_76_wire_all_seven_in_one_chain(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_kmr *mine = rmr_new(w.e, 4, true), *fresh = rmr_new(w.e, 4, true);
	struct ndk_kmr *old = rmr_new(w.e, 4, true), *peers = rmr_new(w.e, 4, true);
	struct ndk_kmr *parent = rmr_registered(w.e, w.from, NDK_MR_FLAG_ALLOW_LOCAL_WRITE);
	u32 token = wire_register(&w, mine, READ_AND_WRITE);
	u32 theirs = wire_register(&w, peers, REMOTE_READ), i;
	u64 addr = (uintptr_t)w.to->va, bells;

	KUNIT_ASSERT_EQ(test, rreg(w.a, ID(90), old, w.from, REMOTE_READ), 0);
	rexpect(w.e, w.a->scq, ID(90), 0);
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, wire_receive(&w, ID(50 + i), 8192, 64), 0);
	bells = wire_bells(&w);
	KUNIT_EXPECT_EQ(test, wire_send(&w, ID(0), 0, 64, DEFERRED), 0);
	KUNIT_EXPECT_EQ(test, wire_read(&w, ID(1), 4096, 64, addr, token, DEFERRED), 0);
	KUNIT_EXPECT_EQ(test, wire_write(&w, ID(2), 0, 64, addr + 64, token, DEFERRED), 0);
	KUNIT_EXPECT_EQ(test, rreg(w.a, ID(3), fresh, w.from, REMOTE_READ | DEFERRED), 0);
	KUNIT_EXPECT_EQ(test, ndk_bind(w.a->qp, ID(4), parent, rmw_new(w.e),
				       (uintptr_t)w.from->va, 64, REMOTE_READ | DEFERRED), 0);
	KUNIT_EXPECT_EQ(test, ndk_invalidate(w.a->qp, ID(5), ndk_obj(old), DEFERRED), 0);
	KUNIT_EXPECT_EQ(test, wire_bells(&w), bells);
	KUNIT_EXPECT_EQ(test, ndk_send_and_invalidate(w.a->qp, ID(6), NULL, 0, 0, theirs), 0);
	for (i = 0; i < 7; i++)
		rexpect(w.e, w.a->scq, ID(i), 0);
	KUNIT_EXPECT_EQ(test, wire_bells(&w), bells + 1);
	rexpect_ex(w.e, w.b->rcq, ID(50), 0, NDK_OPERATION_RECEIVE, NULL);
	rexpect_ex(w.e, w.b->rcq, ID(51), 0, NDK_OPERATION_RECEIVE_AND_INVALIDATE, NULL);
	wire_expect(test, w.from->va + 4096, w.to->va, 64);
	wire_expect(test, w.to->va + 64, w.from->va, 64);
	wire_expect(test, w.to->va + 8192, w.from->va, 64);
}

static void r_ndk_77_wire_deferred_and_silent(struct kunit *test)
{
	struct wire w = wire(test);
	u32 token = wire_register(&w, rmr_new(w.e, 4, true), READ_AND_WRITE);
	u64 addr = (uintptr_t)w.to->va;

	KUNIT_ASSERT_EQ(test, wire_write(&w, ID(0), 0, 8, addr, token, DEFERRED | SILENT), 0);
	KUNIT_ASSERT_EQ(test, wire_write(&w, ID(1), 0, 8, addr, token, 0), 0);
	rexpect(w.e, w.a->scq, ID(1), 0);
	rexpect_none(w.e, w.a->scq);
	KUNIT_ASSERT_EQ(test, wire_write(&w, ID(2), 0, 8, addr, token, DEFERRED | SILENT), 0);
	KUNIT_ASSERT_EQ(test, wire_write(&w, ID(3), 0, 8, addr, token ^ 0x55, DEFERRED | SILENT),
			0);
	KUNIT_ASSERT_EQ(test, wire_write(&w, ID(4), 0, 8, addr, token, SILENT), 0);
	rexpect(w.e, w.a->scq, ID(3), -EACCES);
	rexpect(w.e, w.a->scq, ID(4), -ECANCELED);
}

static void r_ndk_78_wire_register_invalidate_register(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_kmr *mr = rmr_new(w.e, 4, true);
	struct rmem *other = rmem_new(w.e, WIRE_FBO, WIRE_BYTES);
	u32 first, second;

	wire_paint(other, 200);
	KUNIT_ASSERT_EQ(test, ndk_receive(w.a->qp, ID(9), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, rreg(w.b, ID(0), mr, w.to, REMOTE_READ | DEFERRED), 0);
	first = ndk_get_remote_token_from_mr(mr);
	KUNIT_EXPECT_EQ(test, ndk_invalidate(w.b->qp, ID(1), ndk_obj(mr), DEFERRED), 0);
	KUNIT_EXPECT_EQ(test, rreg(w.b, ID(2), mr, other, REMOTE_READ | DEFERRED), 0);
	second = ndk_get_remote_token_from_mr(mr);
	KUNIT_ASSERT_EQ(test, ndk_send(w.b->qp, ID(3), NULL, 0, 0), 0);
	rexpect(w.e, w.b->scq, ID(0), 0);
	rexpect(w.e, w.b->scq, ID(1), 0);
	rexpect(w.e, w.b->scq, ID(2), 0);
	rexpect(w.e, w.b->scq, ID(3), 0);
	/* what was mapped last, under the token of that */
	expect_readable(&w, other, 0, WIRE_BYTES, (uintptr_t)other->va, second);
	expect_denied(&w, (uintptr_t)w.to->va, first);
}

static void r_ndk_79_wire_the_timer(struct kunit *test)
{
	struct wire w = wire(test);
	struct ndk_defer_limits *limits = &to_ndk_nic(w.e->dev)->limits;
	u32 token = wire_register(&w, rmr_new(w.e, 4, true), READ_AND_WRITE);
	u64 before = renv_stat(w.e, NDK_STAT_DOORBELLS_TIMER);

	limits->usecs = 1000;
	KUNIT_ASSERT_EQ(test, wire_write(&w, ID(0), 0, 100, (uintptr_t)w.to->va, token, DEFERRED),
			0);
	rexpect(w.e, w.a->scq, ID(0), 0);
	KUNIT_EXPECT_EQ(test, renv_stat(w.e, NDK_STAT_DOORBELLS_TIMER), before + 1);
	wire_expect(test, w.to->va, w.from->va, 100);
}

static struct kunit_case wire_memory_cases[] = {
	KUNIT_CASE(worked_example_on_the_wire),
	KUNIT_CASE(r_ndk_44_wire_the_page_array_may_change),
	KUNIT_CASE(r_ndk_54_wire_the_token_the_peer_uses),
	KUNIT_CASE(r_ndk_55_wire_the_last_token_is_no_good),
	KUNIT_CASE(r_ndk_58_wire_memory_that_begins_in_a_page),
	KUNIT_CASE(r_ndk_58_wire_an_address_of_the_consumers_choice),
	KUNIT_CASE(r_ndk_60_wire_send_and_invalidate),
	KUNIT_CASE(r_ndk_61_wire_a_window),
	KUNIT_CASE(r_ndk_61_wire_a_window_to_read_only),
	KUNIT_CASE(r_ndk_62_wire_an_invalidated_region),
	KUNIT_CASE(r_ndk_62_wire_an_invalidated_window),
	KUNIT_CASE(r_ndk_82_wire_fetched_by_the_plain_call),
	KUNIT_CASE(registered_without_a_queue_pair),
	KUNIT_CASE(registered_for_local_use),
	KUNIT_CASE(r_ndk_64_wire_one_doorbell_per_chain),
	KUNIT_CASE(r_ndk_64_wire_two_registrations_and_a_send),
	KUNIT_CASE(r_ndk_67_wire_a_refusal_shows_the_chain),
	KUNIT_CASE(r_ndk_76_wire_all_seven_in_one_chain),
	KUNIT_CASE(r_ndk_77_wire_deferred_and_silent),
	KUNIT_CASE(r_ndk_78_wire_register_invalidate_register),
	KUNIT_CASE(r_ndk_79_wire_the_timer),
	{}
};

static struct kunit_suite wire_memory_suite = {
	.name = "ndk_wire_memory",
	.test_cases = wire_memory_cases,
};

kunit_test_suite(wire_memory_suite);
