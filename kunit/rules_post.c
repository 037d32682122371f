// SPDX-License-Identifier: GPL-2.0
/*
 * R-NDK-41 to R-NDK-53: posting. What is refused, what is copied, what the NIC is
 * told. Several contexts at once are in rules_stress.c.
 */
#include "rules_suite.h"

#define DEPTH		16

/* ---- all seven ---- */

enum kind { K_SEND, K_SEND_INV, K_READ, K_WRITE, K_BIND, K_FAST_REGISTER, K_INVALIDATE };

/**
 * struct stuff - what the seven requests need
 * @mem: memory
 * @sge: 8 bytes of it
 * @fresh: fast-register region, not registered
 * @registered: fast-register region, registered
 * @parent: registered the other way, for windows
 * @mw: window, not bound
 */
struct stuff {
	struct rmem *mem;
	struct ndk_sge sge;
	struct ndk_kmr *fresh;
	struct ndk_kmr *registered;
	struct ndk_kmr *parent;
	struct ndk_kmw *mw;
};

static void register_it(struct renv *e, struct rqp *q, struct stuff *s)
{
	KUNIT_ASSERT_EQ(e->test, rreg(q, ID(90), s->registered, s->mem, 0), 0);
	rexpect(e, q->scq, ID(90), 0);
}

static struct stuff stuff(struct renv *e, struct rqp *helper)
{
	struct stuff s;

	s.mem = rmem_new(e, 0, PAGE_SIZE);
	s.sge = rmem_sge(e, s.mem, 0, 8);
	s.fresh = rmr_new(e, 1, true);
	s.registered = rmr_new(e, 1, true);
	s.parent = rmr_registered(e, s.mem, NDK_MR_FLAG_ALLOW_LOCAL_WRITE);
	s.mw = rmw_new(e);
	register_it(e, helper, &s);
	return s;
}

static int post(struct rqp *q, enum kind k, void *context, struct stuff *s, u32 flags)
{
	u64 va = (uintptr_t)s->mem->va;

	switch (k) {
	case K_SEND:
		return ndk_send(q->qp, context, &s->sge, 1, flags);
	case K_SEND_INV:
		return ndk_send_and_invalidate(q->qp, context, &s->sge, 1, flags, 1);
	case K_READ:
		return ndk_read(q->qp, context, &s->sge, 1, 0x1000, 1, flags);
	case K_WRITE:
		return ndk_write(q->qp, context, &s->sge, 1, 0x1000, 1, flags);
	case K_BIND:
		return ndk_bind(q->qp, context, s->parent, s->mw, va, 8,
				flags | NDK_OP_FLAG_ALLOW_REMOTE_READ);
	case K_FAST_REGISTER:
		return rreg(q, context, s->fresh, s->mem, flags);
	case K_INVALIDATE:
		return ndk_invalidate(q->qp, context, ndk_obj(s->registered), flags);
	}
	return -EINVAL;
}

/* After one that was accepted: as it was before. */
static void undo(struct renv *e, struct rqp *q, enum kind k, struct stuff *s)
{
	struct ndk_object *o = k == K_BIND ? ndk_obj(s->mw) : ndk_obj(s->fresh);

	if (k == K_INVALIDATE)
		register_it(e, q, s);
	if (k != K_BIND && k != K_FAST_REGISTER)
		return;
	KUNIT_ASSERT_EQ(e->test, ndk_invalidate(q->qp, ID(91), o, 0), 0);
	rexpect(e, q->scq, ID(91), 0);
}

#define ALL		(NDK_OP_FLAG_SILENT_SUCCESS | NDK_OP_FLAG_READ_FENCE | NDK_OP_FLAG_DEFER)

struct request {
	const char *desc;
	enum kind kind;
	u32 flags;
};

static const struct request requests[] = {
	{ "send", K_SEND, ALL | NDK_OP_FLAG_SEND_AND_SOLICIT_EVENT | NDK_OP_FLAG_INLINE },
	{ "send and invalidate", K_SEND_INV,
	  ALL | NDK_OP_FLAG_SEND_AND_SOLICIT_EVENT | NDK_OP_FLAG_INLINE },
	{ "read", K_READ, ALL | NDK_OP_FLAG_RDMA_READ_LOCAL_INVALIDATE },
	{ "write", K_WRITE, ALL | NDK_OP_FLAG_INLINE },
	{ "bind", K_BIND, ALL | NDK_OP_FLAG_ALLOW_REMOTE_READ | NDK_OP_FLAG_ALLOW_REMOTE_WRITE },
	{ "fast register", K_FAST_REGISTER,
	  ALL | NDK_OP_FLAG_ALLOW_REMOTE_READ | NDK_OP_FLAG_ALLOW_REMOTE_WRITE |
	  NDK_OP_FLAG_ALLOW_LOCAL_WRITE | NDK_OP_FLAG_RDMA_READ_SINK },
	{ "invalidate", K_INVALIDATE, ALL },
};

KUNIT_ARRAY_PARAM_DESC(request, requests, desc);

static void r_ndk_41_unconnected(struct kunit *test)
{
	const struct request *r = test->param_value;
	struct renv *e = rules(test);
	struct rqp *q = rqp_new(e, DEPTH);
	struct stuff s = stuff(e, rqp_joined(e, DEPTH));

	KUNIT_EXPECT_EQ(test, post(q, r->kind, ID(1), &s, 0), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, post(q, r->kind, ID(1), &s, DEFERRED), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, post(q, r->kind, ID(1), &s, SILENT), -ENOTCONN);
	renv_settle(e);
	rexpect_none(e, q->scq);
	KUNIT_EXPECT_EQ(test, q->m->nlog, 0);
}

/* What was refused changed nothing: the keys are as they were. */
static void r_ndk_41_unconnected_changes_no_keys(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_new(e, DEPTH), *good = rqp_joined(e, DEPTH);
	struct stuff s = stuff(e, good);

	KUNIT_EXPECT_EQ(test, post(q, K_INVALIDATE, ID(1), &s, 0), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, post(q, K_FAST_REGISTER, ID(1), &s, 0), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, post(q, K_BIND, ID(1), &s, NDK_OP_FLAG_ALLOW_REMOTE_READ), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, post(good, K_INVALIDATE, ID(1), &s, 0), 0);
	KUNIT_EXPECT_EQ(test, post(good, K_FAST_REGISTER, ID(2), &s, 0), 0);
	KUNIT_EXPECT_EQ(test, post(good, K_BIND, ID(3), &s, NDK_OP_FLAG_ALLOW_REMOTE_READ), 0);
	rexpect(e, good->scq, ID(1), 0);
	rexpect(e, good->scq, ID(2), 0);
	rexpect(e, good->scq, ID(3), 0);
}

static void r_ndk_42_receives_before_connecting(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_new(e, DEPTH);

	KUNIT_EXPECT_EQ(test, ndk_receive(q->qp, ID(1), NULL, 0), 0);
	rqp_join(e, q, q);
	KUNIT_EXPECT_EQ(test, mock_receive(q->m, 5, false), 1);
	rexpect_ex(e, q->rcq, ID(1), 0, NDK_OPERATION_RECEIVE, NULL);
}

static void r_ndk_43_refused_never_and_accepted_always(struct kunit *test)
{
	const struct request *r = test->param_value;
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct stuff s = stuff(e, q);
	int i;

	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, post(q, r->kind, ID(1), &s, BIT(31)), -EINVAL);
		rexpect_none(e, q->scq);
		KUNIT_EXPECT_EQ(test, post(q, r->kind, ID(2), &s, 0), 0);
		rexpect(e, q->scq, ID(2), 0);
		rexpect_none(e, q->scq);
		undo(e, q, r->kind, &s);
	}
	KUNIT_EXPECT_EQ(test, post(q, r->kind, ID(3), &s, SILENT), 0);
	renv_settle(e);
	rexpect_none(e, q->scq);
}

/* Published values; two of them have a bit in common. */
static const u32 known_flags[] = {
	0x0001, 0x0002, 0x0004, 0x0008, 0x0010, 0x0030, 0x0040, 0x0080, 0x0100, 0x0200,
};

static void flags_that_do_not_belong_are_refused(struct kunit *test)
{
	const struct request *r = test->param_value;
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct stuff s = stuff(e, q);
	int i, err;

	/* inline addresses are the kernel's own */
	s.sge.virtual_address = (uintptr_t)s.mem->va;
	for (i = 0; i < ARRAY_SIZE(known_flags); i++) {
		u32 f = known_flags[i];
		bool belongs = (r->flags & f) == f;

		/* part of remote write, which a window can be given */
		if (r->kind == K_BIND && f == NDK_OP_FLAG_ALLOW_LOCAL_WRITE)
			belongs = false;
		err = post(q, r->kind, ID(1), &s, f);
		KUNIT_EXPECT_EQ_MSG(test, err, belongs ? 0 : -EINVAL, "flag %#x", f);
		if (err)
			continue;
		if (f & DEFERRED)
			KUNIT_ASSERT_EQ(test, rwrite(e, q, ID(2), SILENT), 0);
		if (!(f & SILENT))
			rexpect(e, q->scq, ID(1), 0);
		undo(e, q, r->kind, &s);
	}
	for (i = 10; i < 32; i++)
		KUNIT_EXPECT_EQ_MSG(test, post(q, r->kind, ID(1), &s, BIT(i)), -EINVAL, "bit %d",
				    i);
	rexpect_none(e, q->scq);
}

static void published_values_of_flags(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, NDK_OP_FLAG_SILENT_SUCCESS, 0x1);
	KUNIT_EXPECT_EQ(test, NDK_OP_FLAG_READ_FENCE, 0x2);
	KUNIT_EXPECT_EQ(test, NDK_OP_FLAG_SEND_AND_SOLICIT_EVENT, 0x4);
	KUNIT_EXPECT_EQ(test, NDK_OP_FLAG_ALLOW_REMOTE_READ, 0x8);
	KUNIT_EXPECT_EQ(test, NDK_OP_FLAG_ALLOW_LOCAL_WRITE, 0x10);
	KUNIT_EXPECT_EQ(test, NDK_OP_FLAG_ALLOW_REMOTE_WRITE, 0x30);
	KUNIT_EXPECT_EQ(test, NDK_OP_FLAG_INLINE, 0x40);
	KUNIT_EXPECT_EQ(test, NDK_OP_FLAG_RDMA_READ_SINK, 0x80);
	KUNIT_EXPECT_EQ(test, NDK_OP_FLAG_RDMA_READ_LOCAL_INVALIDATE, 0x100);
	KUNIT_EXPECT_EQ(test, NDK_OP_FLAG_DEFER, 0x200);
	KUNIT_EXPECT_EQ(test, NDK_MR_FLAG_ALLOW_LOCAL_READ, 0);
	KUNIT_EXPECT_EQ(test, NDK_MR_FLAG_ALLOW_LOCAL_WRITE, 0x1);
	KUNIT_EXPECT_EQ(test, NDK_MR_FLAG_ALLOW_REMOTE_READ, 0x2);
	KUNIT_EXPECT_EQ(test, NDK_MR_FLAG_ALLOW_REMOTE_WRITE, 0x5);
	KUNIT_EXPECT_EQ(test, NDK_MR_FLAG_RDMA_READ_SINK, 0x8);
}

/* ---- what is copied ---- */

static void r_ndk_44_the_sge_array_may_change(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_sge sge = rmem_sge(e, mem, 16, 8), was = sge;

	KUNIT_EXPECT_EQ(test, ndk_send(q->qp, ID(0), &sge, 1, DEFERRED), 0);
	memset(&sge, 0xff, sizeof(sge));
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(1), 0), 0);
	KUNIT_EXPECT_EQ(test, q->m->log[0].addr, was.logical_address);
	KUNIT_EXPECT_EQ(test, q->m->log[0].lkey, was.memory_region_token);
	KUNIT_EXPECT_EQ(test, q->m->log[0].length, 8);
}

static void r_ndk_45_the_inline_payload_may_change(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	u64 data = 0x1122334455667788ULL, was = data;
	struct ndk_sge sge = { .virtual_address = (uintptr_t)&data, .length = sizeof(data) };
	u32 flags = NDK_OP_FLAG_INLINE | DEFERRED;

	KUNIT_EXPECT_EQ(test, ndk_send(q->qp, ID(0), &sge, 1, flags), 0);
	KUNIT_EXPECT_EQ(test, ndk_write(q->qp, ID(1), &sge, 1, 0x1000, 1, flags), 0);
	KUNIT_EXPECT_EQ(test, ndk_send_and_invalidate(q->qp, ID(2), &sge, 1, flags, 1), 0);
	data = 0;
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(3), 0), 0);
	KUNIT_EXPECT_MEMEQ(test, q->m->log[0].payload, &was, sizeof(was));
	KUNIT_EXPECT_MEMEQ(test, q->m->log[1].payload, &was, sizeof(was));
	KUNIT_EXPECT_MEMEQ(test, q->m->log[2].payload, &was, sizeof(was));
}

#define PIECES		16

static void r_ndk_46_inline_counts_bytes_not_sges(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct ndk_sge sge[PIECES + 1];
	u8 data[PIECES + 1][4];
	int i;

	KUNIT_ASSERT_GT(test, PIECES, e->info.max_initiator_request_sge);
	for (i = 0; i <= PIECES; i++) {
		memset(data[i], i + 1, sizeof(data[i]));
		sge[i] = (struct ndk_sge){ .virtual_address = (uintptr_t)data[i], .length = 4 };
	}
	/* the queue pair was made for 64 bytes */
	KUNIT_EXPECT_EQ(test, ndk_send(q->qp, ID(0), sge, PIECES, NDK_OP_FLAG_INLINE), 0);
	KUNIT_EXPECT_EQ(test, q->m->log[0].length, 64);
	KUNIT_EXPECT_MEMEQ(test, q->m->log[0].payload, data, MOCK_FIRST);
	rexpect(e, q->scq, ID(0), 0);
	sge[PIECES].length = 1;
	KUNIT_EXPECT_EQ(test, ndk_send(q->qp, ID(1), sge, PIECES + 1, NDK_OP_FLAG_INLINE),
			-E2BIG);
	KUNIT_EXPECT_EQ(test, ndk_write(q->qp, ID(1), sge, PIECES + 1, 0x1000, 1,
					NDK_OP_FLAG_INLINE), -E2BIG);
	/* in 32 bits the sum would be small */
	sge[0].length = U32_MAX;
	KUNIT_EXPECT_EQ(test, ndk_send(q->qp, ID(1), sge, 2, NDK_OP_FLAG_INLINE), -E2BIG);
	rexpect_none(e, q->scq);
}

static void r_ndk_47_inline_ignores_tokens(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	u64 data = 0x1122334455667788ULL;
	struct ndk_sge sge = {
		.virtual_address = (uintptr_t)&data,
		.length = sizeof(data),
		.memory_region_token = 0xdeadbeef,
	};

	KUNIT_EXPECT_EQ(test, ndk_send(q->qp, ID(0), &sge, 1, NDK_OP_FLAG_INLINE), 0);
	KUNIT_EXPECT_MEMEQ(test, q->m->log[0].payload, &data, sizeof(data));
	rexpect(e, q->scq, ID(0), 0);
}

/* ---- what the NIC is told ---- */

static void r_ndk_48_the_privileged_token_is_the_local_key_of_all_memory(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 100, 8);
	struct ndk_sge sge = rmem_sge(e, mem, 0, 8);

	KUNIT_EXPECT_EQ(test, ndk_write(q->qp, ID(0), &sge, 1, 0x1000, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, q->m->log[0].addr, mem->lam->adapter_page_array[0] + 100);
	KUNIT_EXPECT_EQ(test, q->m->log[0].lkey, e->token);
	rexpect(e, q->scq, ID(0), 0);
}

static u32 rights(struct renv *e, u32 flags)
{
	struct rqp *q = rqp_joined(e, DEPTH);

	KUNIT_ASSERT_EQ(e->test, rreg(q, ID(0), rmr_new(e, 1, true), rmem_new(e, 0, PAGE_SIZE),
				      flags), 0);
	rexpect(e, q->scq, ID(0), 0);
	/* the union of this with the key to invalidate */
	return q->m->log[0].inv_rkey & (IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE |
					IB_ACCESS_REMOTE_READ);
}

static void r_ndk_49_remote_write_is_two_bits(struct kunit *test)
{
	struct renv *e = rules(test);
	u32 local = IB_ACCESS_LOCAL_WRITE, both = local | IB_ACCESS_REMOTE_WRITE;

	KUNIT_EXPECT_EQ(test, rights(e, 0), 0);
	KUNIT_EXPECT_EQ(test, rights(e, NDK_OP_FLAG_ALLOW_LOCAL_WRITE), local);
	KUNIT_EXPECT_EQ(test, rights(e, NDK_OP_FLAG_ALLOW_REMOTE_WRITE), both);
	KUNIT_EXPECT_EQ(test, rights(e, NDK_OP_FLAG_ALLOW_REMOTE_READ), IB_ACCESS_REMOTE_READ);
	KUNIT_EXPECT_EQ(test, rights(e, NDK_OP_FLAG_ALLOW_REMOTE_READ |
				     NDK_OP_FLAG_ALLOW_LOCAL_WRITE),
			local | IB_ACCESS_REMOTE_READ);
}

/* A region without remote rights may be written to by us. */
static void r_ndk_49_local_write_is_no_remote_right(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct ndk_kmr *mr = rmr_new(e, 1, false);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, rreg(q, ID(0), mr, mem, NDK_OP_FLAG_ALLOW_REMOTE_WRITE), -EACCES);
	KUNIT_EXPECT_EQ(test, rreg(q, ID(0), mr, mem, NDK_OP_FLAG_ALLOW_LOCAL_WRITE), 0);
	rexpect(e, q->scq, ID(0), 0);
}

static void r_ndk_51_the_fence_reaches_the_nic(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_sge sge = rmem_sge(e, mem, 0, 8);

	KUNIT_EXPECT_EQ(test, ndk_read(q->qp, ID(0), &sge, 1, 0x1000, 1, DEFERRED), 0);
	KUNIT_EXPECT_EQ(test, ndk_write(q->qp, ID(1), &sge, 1, 0x1000, 1, FENCE | DEFERRED), 0);
	KUNIT_EXPECT_EQ(test, ndk_write(q->qp, ID(2), &sge, 1, 0x1000, 1, 0), 0);
	KUNIT_EXPECT_EQ(test, q->m->log[0].flags & IB_SEND_FENCE, 0);
	KUNIT_EXPECT_EQ(test, q->m->log[1].flags & IB_SEND_FENCE, IB_SEND_FENCE);
	KUNIT_EXPECT_EQ(test, q->m->log[2].flags & IB_SEND_FENCE, 0);
}

static void solicit_reaches_the_nic(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);

	KUNIT_EXPECT_EQ(test, rsend(e, q, ID(0), NDK_OP_FLAG_SEND_AND_SOLICIT_EVENT), 0);
	KUNIT_EXPECT_EQ(test, rsend(e, q, ID(1), 0), 0);
	KUNIT_EXPECT_EQ(test, q->m->log[0].flags & IB_SEND_SOLICITED, IB_SEND_SOLICITED);
	KUNIT_EXPECT_EQ(test, q->m->log[1].flags & IB_SEND_SOLICITED, 0);
}

static void r_ndk_52_read_with_local_invalidate_is_a_plain_read(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_sge sge = rmem_sge(e, mem, 0, 8);

	KUNIT_EXPECT_EQ(test, e->info.adapter_flags &
			NDK_ADAPTER_FLAG_RDMA_READ_LOCAL_INVALIDATE_SUPPORTED, 0);
	KUNIT_EXPECT_EQ(test, ndk_read(q->qp, ID(0), &sge, 1, 0x1000, 1,
				       NDK_OP_FLAG_RDMA_READ_LOCAL_INVALIDATE), 0);
	KUNIT_EXPECT_EQ(test, q->m->log[0].opcode, IB_WR_RDMA_READ);
	rexpect_ex(e, q->scq, ID(0), 0, NDK_OPERATION_READ, NULL);
}

static void r_ndk_53_the_read_sink_flag_fails_nothing(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);

	KUNIT_EXPECT_NE(test, e->info.adapter_flags &
			NDK_ADAPTER_FLAG_RDMA_READ_SINK_NOT_REQUIRED, 0);
	/* also on a region that was made without remote rights */
	KUNIT_EXPECT_EQ(test, rreg(q, ID(0), rmr_new(e, 1, false), mem,
				   NDK_OP_FLAG_RDMA_READ_SINK | NDK_OP_FLAG_ALLOW_LOCAL_WRITE),
			0);
	rexpect(e, q->scq, ID(0), 0);
	rmr_registered(e, mem, NDK_MR_FLAG_RDMA_READ_SINK | NDK_MR_FLAG_ALLOW_LOCAL_WRITE);
	rmr_registered(e, mem, NDK_MR_FLAG_RDMA_READ_SINK);
}

/* ---- misuse ---- */

static void a_receive_on_a_qp_with_an_srq_is_refused(struct kunit *test)
{
	struct renv *e = rules(test);
	struct ndk_ksrq *srq = rsrq_new(e, 4, 0, NULL, NULL);
	struct rqp *q = rqp_with_srq(e, 4, srq);
	struct ndk_sge sge[2] = { };

	KUNIT_EXPECT_EQ(test, ndk_receive(q->qp, ID(0), NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, ndk_srq_receive(srq, ID(0), sge, 2), -E2BIG);
	KUNIT_EXPECT_EQ(test, ndk_srq_receive(srq, ID(0), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_srq_receive(srq, ID(0), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_srq_receive(srq, ID(0), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_srq_receive(srq, ID(0), NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, ndk_srq_receive(srq, ID(0), NULL, 0), -ENOSPC);
}

static struct kunit_case rules_post_cases[] = {
	KUNIT_CASE_PARAM(r_ndk_41_unconnected, request_gen_params),
	KUNIT_CASE(r_ndk_41_unconnected_changes_no_keys),
	KUNIT_CASE(r_ndk_42_receives_before_connecting),
	KUNIT_CASE_PARAM(r_ndk_43_refused_never_and_accepted_always, request_gen_params),
	KUNIT_CASE_PARAM(flags_that_do_not_belong_are_refused, request_gen_params),
	KUNIT_CASE(published_values_of_flags),
	KUNIT_CASE(r_ndk_44_the_sge_array_may_change),
	KUNIT_CASE(r_ndk_45_the_inline_payload_may_change),
	KUNIT_CASE(r_ndk_46_inline_counts_bytes_not_sges),
	KUNIT_CASE(r_ndk_47_inline_ignores_tokens),
	KUNIT_CASE(r_ndk_48_the_privileged_token_is_the_local_key_of_all_memory),
	KUNIT_CASE(r_ndk_49_remote_write_is_two_bits),
	KUNIT_CASE(r_ndk_49_local_write_is_no_remote_right),
	KUNIT_CASE(r_ndk_51_the_fence_reaches_the_nic),
	KUNIT_CASE(solicit_reaches_the_nic),
	KUNIT_CASE(r_ndk_52_read_with_local_invalidate_is_a_plain_read),
	KUNIT_CASE(r_ndk_53_the_read_sink_flag_fails_nothing),
	KUNIT_CASE(a_receive_on_a_qp_with_an_srq_is_refused),
	{}
};

static struct kunit_suite rules_post_suite = {
	.name = "ndk_rules_post",
	.test_cases = rules_post_cases,
};

kunit_test_suite(rules_post_suite);
