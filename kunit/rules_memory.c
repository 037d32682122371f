// SPDX-License-Identifier: GPL-2.0
/*
 * R-NDK-54 to R-NDK-63: regions, windows, tokens, DMA addresses. What peers can do
 * with them is in wire_memory.c.
 */
#include <linux/vmalloc.h>

#include "rules_suite.h"

#define DEPTH		16

static void invalidate(struct renv *e, struct rqp *q, struct ndk_object *o)
{
	KUNIT_ASSERT_EQ(e->test, ndk_invalidate(q->qp, ID(80), o, 0), 0);
	rexpect_ex(e, q->scq, ID(80), 0, NDK_OPERATION_INVALIDATE, NULL);
}

/* ---- tokens ---- */

static void r_ndk_54_the_token_is_there_on_return(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_new(e, 1, true);
	u32 remote, local;

	q->m->hold = true;
	KUNIT_EXPECT_EQ(test, rreg(q, ID(0), mr, mem, NDK_OP_FLAG_ALLOW_REMOTE_READ), 0);
	remote = ndk_get_remote_token_from_mr(mr);
	local = ndk_get_local_token_from_mr(mr);
	KUNIT_EXPECT_NE(test, remote, 0);
	KUNIT_EXPECT_NE(test, local, 0);
	KUNIT_EXPECT_EQ(test, q->m->log[0].rkey, remote);
	mock_complete(q->m, U32_MAX);
	rexpect(e, q->scq, ID(0), 0);
	KUNIT_EXPECT_EQ(test, ndk_get_remote_token_from_mr(mr), remote);
	KUNIT_EXPECT_EQ(test, ndk_get_local_token_from_mr(mr), local);
}

static void r_ndk_54_also_when_deferred(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_new(e, 1, true);
	u32 remote;

	KUNIT_EXPECT_EQ(test, rreg(q, ID(0), mr, mem,
				   NDK_OP_FLAG_ALLOW_REMOTE_READ | DEFERRED), 0);
	KUNIT_EXPECT_EQ(test, q->m->nbells, 0);
	remote = ndk_get_remote_token_from_mr(mr);
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(1), 0), 0);
	KUNIT_EXPECT_EQ(test, q->m->log[0].rkey, remote);
}

static void r_ndk_54_the_token_of_a_window(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_registered(e, mem, NDK_MR_FLAG_ALLOW_LOCAL_WRITE);
	struct ndk_kmw *mw = rmw_new(e);
	u32 remote;

	KUNIT_EXPECT_EQ(test, ndk_bind(q->qp, ID(0), mr, mw, (uintptr_t)mem->va, 100,
				       NDK_OP_FLAG_ALLOW_REMOTE_READ | DEFERRED), 0);
	KUNIT_EXPECT_EQ(test, q->m->nbells, 0);
	remote = ndk_get_remote_token_from_mw(mw);
	KUNIT_EXPECT_NE(test, remote, 0);
	KUNIT_EXPECT_NE(test, remote, ndk_get_remote_token_from_mr(mr));
	KUNIT_EXPECT_EQ(test, rwrite(e, q, ID(1), 0), 0);
	KUNIT_EXPECT_EQ(test, q->m->log[0].rkey, remote);
	KUNIT_EXPECT_EQ(test, q->m->log[0].remote_addr, (uintptr_t)mem->va);
	rexpect_ex(e, q->scq, ID(0), 0, NDK_OPERATION_BIND, NULL);
}

static void r_ndk_55_every_registration_has_another_token(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_new(e, 1, true);
	u32 last = 0, token, i;

	/* more often than there are values of a byte */
	for (i = 0; i < 600; i++) {
		KUNIT_ASSERT_EQ(test, rreg(q, ID(i), mr, mem, 0), 0);
		token = ndk_get_remote_token_from_mr(mr);
		KUNIT_ASSERT_NE(test, token, last);
		rexpect(e, q->scq, ID(i), 0);
		invalidate(e, q, ndk_obj(mr));
		last = token;
	}
}

/* ---- fast registration ---- */

static void r_ndk_56_remote_rights_the_region_was_made_without(struct kunit *test)
{
	static const u32 rights[] = {
		NDK_OP_FLAG_ALLOW_REMOTE_READ, NDK_OP_FLAG_ALLOW_REMOTE_WRITE,
		NDK_OP_FLAG_ALLOW_REMOTE_READ | NDK_OP_FLAG_ALLOW_REMOTE_WRITE,
	};
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_new(e, 1, false), *with = rmr_new(e, 1, true);
	int i;

	for (i = 0; i < ARRAY_SIZE(rights); i++) {
		KUNIT_EXPECT_EQ(test, rreg(q, ID(0), mr, mem, rights[i]), -EACCES);
		KUNIT_EXPECT_EQ(test, rreg(q, ID(1), with, mem, rights[i]), 0);
		rexpect(e, q->scq, ID(1), 0);
		invalidate(e, q, ndk_obj(with));
	}
	KUNIT_EXPECT_EQ(test, rreg(q, ID(2), mr, mem, NDK_OP_FLAG_ALLOW_LOCAL_WRITE), 0);
	rexpect(e, q->scq, ID(2), 0);
	rexpect_none(e, q->scq);
}

/* A region of two pages; pages are named by their number. */
struct reach {
	const char *desc;
	u32 pages;
	u32 fbo;
	size_t length;
	u64 base;
	u32 misplaced;
	bool good;
};

#define VA	0x7000000000ULL

static const struct reach reaches[] = {
	{ "all of it", 2, 0, 2 * PAGE_SIZE, VA, 0, true },
	{ "the last byte", 2, PAGE_SIZE - 1, PAGE_SIZE + 1, VA + PAGE_SIZE - 1, 0, true },
	{ "base 0", 2, 0, 2 * PAGE_SIZE, 0, 0, true },
	{ "one byte", 1, 5, 1, VA + 5, 0, true },
	{ "one byte more", 2, 0, 2 * PAGE_SIZE + 1, VA, 0, false },
	{ "one byte more by the offset", 2, 1, 2 * PAGE_SIZE, VA + 1, 0, false },
	{ "offset and length wrap", 2, 1, SIZE_MAX, VA + 1, 0, false },
	{ "one page more than initialised", 3, 0, PAGE_SIZE, VA, 0, false },
	{ "no page", 0, 0, 1, VA, 0, false },
	{ "base not congruent", 2, 1, 8, VA, 0, false },
	{ "base not congruent the other way", 2, 0, 8, VA + 1, 0, false },
	{ "base 0 with an offset", 2, 8, 8, 0, 0, false },
	{ "base wraps", 2, 0, 2 * PAGE_SIZE, -(u64)PAGE_SIZE, 0, false },
	{ "page not aligned", 2, 0, 2 * PAGE_SIZE, VA, 8, false },
};

KUNIT_ARRAY_PARAM_DESC(reach, reaches, desc);

static void r_ndk_57_offsets_and_lengths(struct kunit *test)
{
	const struct reach *c = test->param_value;
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, 3 * PAGE_SIZE);
	struct ndk_kmr *mr = rmr_new(e, 2, true);
	u64 pages[3];
	int i, err;

	for (i = 0; i < 3; i++)
		pages[i] = mem->lam->adapter_page_array[i] + c->misplaced;
	err = ndk_fast_register(q->qp, ID(0), mr, c->pages, pages, c->fbo, c->length, c->base, 0);
	if (c->good) {
		KUNIT_ASSERT_EQ(test, err, 0);
		KUNIT_EXPECT_EQ(test, q->m->log[0].remote_addr, c->base);
		rexpect(e, q->scq, ID(0), 0);
	} else {
		KUNIT_EXPECT_EQ(test, err, -EINVAL);
	}
	rexpect_none(e, q->scq);
}

static void registered_regions_are_busy(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_new(e, 1, true);

	KUNIT_EXPECT_EQ(test, rreg(q, ID(0), mr, mem, 0), 0);
	KUNIT_EXPECT_EQ(test, rreg(q, ID(1), mr, mem, 0), -EBUSY);
	rexpect(e, q->scq, ID(0), 0);
	KUNIT_EXPECT_EQ(test, rreg(q, ID(1), mr, mem, 0), -EBUSY);
	invalidate(e, q, ndk_obj(mr));
	KUNIT_EXPECT_EQ(test, rreg(q, ID(2), mr, mem, 0), 0);
	rexpect(e, q->scq, ID(2), 0);
}

/* ---- invalidation ---- */

static void r_ndk_59_not_a_region_of_the_other_kind(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_registered(e, mem, NDK_MR_FLAG_ALLOW_LOCAL_WRITE);

	KUNIT_EXPECT_EQ(test, ndk_invalidate(q->qp, ID(0), ndk_obj(mr), 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, ndk_invalidate(q->qp, ID(0), ndk_obj(e->pd), 0), -EINVAL);
	rexpect_none(e, q->scq);
	/* and it is still registered */
	KUNIT_EXPECT_EQ(test, ndk_bind(q->qp, ID(1), mr, rmw_new(e), (uintptr_t)mem->va, 8,
				       NDK_OP_FLAG_ALLOW_REMOTE_READ), 0);
	rexpect(e, q->scq, ID(1), 0);
}

/* the peer's message that took the token back */
static void invalidated_by_peer(struct renv *e, struct rqp *q, u32 token)
{
	struct ib_wc wc = {
		.opcode = IB_WC_RECV,
		.wc_flags = IB_WC_WITH_INVALIDATE,
		.ex.invalidate_rkey = token,
	};

	KUNIT_ASSERT_EQ(e->test, ndk_receive(q->qp, ID(70), NULL, 0), 0);
	KUNIT_ASSERT_EQ(e->test, mock_receive_wc(q->m, &wc, false), 1);
	rexpect_ex(e, q->rcq, ID(70), 0, NDK_OPERATION_RECEIVE_AND_INVALIDATE, NULL);
}

static void r_ndk_60_invalidated_by_the_peer(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_new(e, 1, true);

	KUNIT_ASSERT_EQ(test, rreg(q, ID(0), mr, mem, NDK_OP_FLAG_ALLOW_REMOTE_READ), 0);
	rexpect(e, q->scq, ID(0), 0);
	invalidated_by_peer(e, q, ndk_get_remote_token_from_mr(mr));
	KUNIT_EXPECT_EQ(test, ndk_invalidate(q->qp, ID(1), ndk_obj(mr), 0), -EACCES);
	/* it can be registered again at once */
	KUNIT_EXPECT_EQ(test, rreg(q, ID(2), mr, mem, 0), 0);
	rexpect(e, q->scq, ID(2), 0);
	invalidate(e, q, ndk_obj(mr));
}

static void r_ndk_60_a_window_invalidated_by_the_peer(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_registered(e, mem, NDK_MR_FLAG_ALLOW_LOCAL_WRITE);
	struct ndk_kmw *mw = rmw_new(e);
	struct call *c = call_new(e);

	KUNIT_ASSERT_EQ(test, ndk_bind(q->qp, ID(0), mr, mw, (uintptr_t)mem->va, 8,
				       NDK_OP_FLAG_ALLOW_REMOTE_READ), 0);
	rexpect(e, q->scq, ID(0), 0);
	invalidated_by_peer(e, q, ndk_get_remote_token_from_mw(mw));
	KUNIT_EXPECT_EQ(test, ndk_invalidate(q->qp, ID(1), ndk_obj(mw), 0), -EACCES);
	/* the region has no window any more */
	KUNIT_EXPECT_EQ(test, call_wait(c, ndk_deregister_mr(mr, call_done, c)), 0);
}

/* ---- windows ---- */

struct window {
	const char *desc;
	u64 offset;
	u64 length;
	u32 rights;
	bool local_write;
	int err;
};

#define RR	NDK_OP_FLAG_ALLOW_REMOTE_READ
#define RW	NDK_OP_FLAG_ALLOW_REMOTE_WRITE

static const struct window windows[] = {
	{ "all of it", 0, PAGE_SIZE, RR | RW, true, 0 },
	{ "the last byte", PAGE_SIZE - 1, 1, RR, true, 0 },
	{ "read without local write", 0, PAGE_SIZE, RR, false, 0 },
	{ "write without local write", 0, PAGE_SIZE, RW, false, -EACCES },
	{ "both without local write", 0, PAGE_SIZE, RR | RW, false, -EACCES },
	{ "one byte more", 0, PAGE_SIZE + 1, RR, true, -EINVAL },
	{ "one byte before", -1, 2, RR, true, -EINVAL },
	{ "one byte behind", PAGE_SIZE, 1, RR, true, -EINVAL },
	{ "length wraps", 1, U64_MAX, RR, true, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(window, windows, desc);

static void r_ndk_61_where_windows_may_be(struct kunit *test)
{
	const struct window *c = test->param_value;
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_registered(e, mem,
					    c->local_write ? NDK_MR_FLAG_ALLOW_LOCAL_WRITE : 0);

	KUNIT_EXPECT_EQ(test, ndk_bind(q->qp, ID(0), mr, rmw_new(e), (uintptr_t)mem->va + c->offset,
				       c->length, c->rights), c->err);
	if (!c->err)
		rexpect_ex(e, q->scq, ID(0), 0, NDK_OPERATION_BIND, NULL);
	rexpect_none(e, q->scq);
}

static void a_window_is_bound_once_and_many_overlap(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_registered(e, mem, NDK_MR_FLAG_ALLOW_LOCAL_WRITE);
	struct ndk_kmw *one = rmw_new(e), *two = rmw_new(e);
	u64 va = (uintptr_t)mem->va;

	KUNIT_EXPECT_EQ_MSG(test, ndk_invalidate(q->qp, ID(9), ndk_obj(one), 0), -EACCES,
			    "not bound yet");
	KUNIT_EXPECT_EQ(test, ndk_bind(q->qp, ID(0), mr, one, va, 64, RR), 0);
	KUNIT_EXPECT_EQ(test, ndk_bind(q->qp, ID(1), mr, one, va, 64, RR), -EBUSY);
	KUNIT_EXPECT_EQ(test, ndk_bind(q->qp, ID(2), mr, two, va + 32, 64, RW), 0);
	rexpect(e, q->scq, ID(0), 0);
	rexpect(e, q->scq, ID(2), 0);
	invalidate(e, q, ndk_obj(one));
	KUNIT_EXPECT_EQ(test, ndk_bind(q->qp, ID(3), mr, one, va, 8, RW), 0);
	rexpect(e, q->scq, ID(3), 0);
}

static void a_window_on_a_fast_register_region(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rqp *q = rqp_joined(e, DEPTH);
	struct rmem *mem = rmem_new(e, 24, PAGE_SIZE);
	struct ndk_kmr *mr = rmr_new(e, 2, true);
	struct ndk_kmw *mw = rmw_new(e);

	KUNIT_EXPECT_EQ_MSG(test, ndk_bind(q->qp, ID(0), mr, mw, (uintptr_t)mem->va, 8, RR),
			    -EINVAL, "not registered");
	KUNIT_EXPECT_EQ(test, rreg(q, ID(1), mr, mem, NDK_OP_FLAG_ALLOW_LOCAL_WRITE), 0);
	KUNIT_EXPECT_EQ(test, ndk_bind(q->qp, ID(2), mr, mw, (uintptr_t)mem->va + 8, 8, RW), 0);
	rexpect(e, q->scq, ID(1), 0);
	rexpect(e, q->scq, ID(2), 0);
	KUNIT_EXPECT_EQ(test, q->m->log[1].remote_addr, (uintptr_t)mem->va + 8);
}

/* ---- registration without a queue pair ---- */

struct registration {
	const char *desc;
	size_t length;
	u32 flags;
	bool memory;
	int err;
};

static const struct registration registrations[] = {
	{ "plain", PAGE_SIZE, 0, true, 0 },
	{ "local write", PAGE_SIZE, NDK_MR_FLAG_ALLOW_LOCAL_WRITE, true, 0 },
	{ "remote read", PAGE_SIZE, NDK_MR_FLAG_ALLOW_REMOTE_READ, true, 0 },
	{ "remote write", PAGE_SIZE, NDK_MR_FLAG_ALLOW_REMOTE_WRITE, true, 0 },
	{ "everything", PAGE_SIZE, 0xf, true, 0 },
	{ "no byte", 0, 0, true, -EMSGSIZE },
	{ "longer than any", SIZE_MAX, 0, true, -EMSGSIZE },
	{ "unknown flag", PAGE_SIZE, 0x10, true, -EINVAL },
	{ "no memory", PAGE_SIZE, 0, false, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(registration, registrations, desc);

static void what_can_be_registered(struct kunit *test)
{
	const struct registration *r = test->param_value;
	struct renv *e = rules(test);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_mdl mdl = { .virtual_address = r->memory ? (uintptr_t)mem->va : 0 };
	struct ndk_kmr *mr = rmr_new(e, 0, false);
	struct call *c = call_new(e);

	KUNIT_EXPECT_EQ(test, call_wait(c, ndk_register_mr(mr, &mdl, r->length, r->flags,
							   call_done, c)), r->err);
	if (r->err)
		return;
	call_init(c, e);
	KUNIT_EXPECT_EQ_MSG(test, call_wait(c, ndk_register_mr(mr, &mdl, r->length, r->flags,
							       call_done, c)), -EBUSY, "twice");
	call_init(c, e);
	KUNIT_EXPECT_EQ(test, call_wait(c, ndk_deregister_mr(mr, call_done, c)), 0);
	call_init(c, e);
	KUNIT_EXPECT_EQ(test, call_wait(c, ndk_register_mr(mr, &mdl, r->length, r->flags,
							   call_done, c)), 0);
}

/* ---- DMA addresses ---- */

struct piece {
	const char *desc;
	u32 fbo;
	size_t length;
	u32 pages;
};

static const struct piece pieces[] = {
	{ "a page", 0, PAGE_SIZE, 1 },
	{ "a byte", 0, 1, 1 },
	{ "the last byte of a page", PAGE_SIZE - 1, 1, 1 },
	{ "two bytes over an edge", PAGE_SIZE - 1, 2, 2 },
	{ "a page that begins late", 8, PAGE_SIZE, 2 },
	{ "many pages", 100, 7 * PAGE_SIZE, 8 },
};

KUNIT_ARRAY_PARAM_DESC(piece, pieces, desc);

static struct ndk_lam *lam_new(struct kunit *test, u32 pages, u32 *size)
{
	struct ndk_lam *lam;

	*size = struct_size(lam, adapter_page_array, pages);
	lam = kunit_kzalloc(test, *size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, lam);
	return lam;
}

static void check_lam(struct renv *e, const struct ndk_mdl *mdl, const struct piece *c)
{
	u32 size, needed, fbo = 0, i;
	struct kunit *test = e->test;
	struct ndk_lam *lam = lam_new(test, c->pages, &needed);

	/* one short of what is needed, and nothing at all */
	size = needed - 1;
	KUNIT_EXPECT_EQ(test, ndk_build_lam(e->adapter, mdl, c->length, NULL, NULL, lam, &size,
					    &fbo), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, size, needed);
	size = 0;
	KUNIT_EXPECT_EQ(test, ndk_build_lam(e->adapter, mdl, c->length, NULL, NULL, NULL, &size,
					    &fbo), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, size, needed);

	KUNIT_ASSERT_EQ(test, ndk_build_lam(e->adapter, mdl, c->length, NULL, NULL, lam, &size,
					    &fbo), 0);
	KUNIT_EXPECT_EQ(test, lam->adapter_page_count, c->pages);
	KUNIT_EXPECT_EQ(test, fbo, c->fbo);
	for (i = 0; i < lam->adapter_page_count; i++)
		KUNIT_EXPECT_EQ(test, lam->adapter_page_array[i] % PAGE_SIZE, 0);
	ndk_release_lam(e->adapter, lam);
}

static void r_ndk_63_memory_of_the_linear_map(struct kunit *test)
{
	const struct piece *c = test->param_value;
	struct renv *e = rules(test);
	struct rmem *mem = rmem_new(e, c->fbo, c->length);
	struct ndk_mdl mdl = { .virtual_address = (uintptr_t)mem->va };

	check_lam(e, &mdl, c);
}

static void r_ndk_63_memory_of_vmalloc(struct kunit *test)
{
	const struct piece *c = test->param_value;
	struct renv *e = rules(test);
	void *base = vmalloc(c->pages * PAGE_SIZE);
	struct ndk_mdl mdl = { .virtual_address = (uintptr_t)base + c->fbo };

	KUNIT_ASSERT_NOT_NULL(test, base);
	check_lam(e, &mdl, c);
	vfree(base);
}

static void r_ndk_63_pages_of_somebody_else(struct kunit *test)
{
	const struct piece *c = test->param_value;
	struct renv *e = rules(test);
	void *base = vmalloc(c->pages * PAGE_SIZE);
	struct page *pages[8];
	struct ndk_mdl mdl = {
		.virtual_address = 0x10000 + c->fbo,
		.pages = pages,
		.npages = c->pages,
	};
	u32 i, size, fbo;
	struct ndk_lam *lam;

	KUNIT_ASSERT_NOT_NULL(test, base);
	for (i = 0; i < c->pages; i++)
		pages[i] = vmalloc_to_page(base + i * PAGE_SIZE);
	check_lam(e, &mdl, c);
	/* fewer pages than the length needs */
	mdl.npages--;
	lam = lam_new(test, c->pages, &size);
	KUNIT_EXPECT_EQ(test, ndk_build_lam(e->adapter, &mdl, c->length, NULL, NULL, lam, &size,
					    &fbo), -EINVAL);
	vfree(base);
}

static void r_ndk_63_no_memory_and_no_length(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rmem *mem = rmem_new(e, 0, PAGE_SIZE);
	struct ndk_mdl good = { .virtual_address = (uintptr_t)mem->va }, none = { };
	struct ndk_lam *lam;
	u32 size, fbo;

	lam = lam_new(test, 1, &size);
	KUNIT_EXPECT_EQ(test, ndk_build_lam(e->adapter, &good, 0, NULL, NULL, lam, &size, &fbo),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, ndk_build_lam(e->adapter, &none, 8, NULL, NULL, lam, &size, &fbo),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, ndk_build_lam(e->adapter, NULL, 8, NULL, NULL, lam, &size, &fbo),
			-EINVAL);
}

static struct kunit_case rules_memory_cases[] = {
	KUNIT_CASE(r_ndk_54_the_token_is_there_on_return),
	KUNIT_CASE(r_ndk_54_also_when_deferred),
	KUNIT_CASE(r_ndk_54_the_token_of_a_window),
	KUNIT_CASE(r_ndk_55_every_registration_has_another_token),
	KUNIT_CASE(r_ndk_56_remote_rights_the_region_was_made_without),
	KUNIT_CASE_PARAM(r_ndk_57_offsets_and_lengths, reach_gen_params),
	KUNIT_CASE(registered_regions_are_busy),
	KUNIT_CASE(r_ndk_59_not_a_region_of_the_other_kind),
	KUNIT_CASE(r_ndk_60_invalidated_by_the_peer),
	KUNIT_CASE(r_ndk_60_a_window_invalidated_by_the_peer),
	KUNIT_CASE_PARAM(r_ndk_61_where_windows_may_be, window_gen_params),
	KUNIT_CASE(a_window_is_bound_once_and_many_overlap),
	KUNIT_CASE(a_window_on_a_fast_register_region),
	KUNIT_CASE_PARAM(what_can_be_registered, registration_gen_params),
	KUNIT_CASE_PARAM(r_ndk_63_memory_of_the_linear_map, piece_gen_params),
	KUNIT_CASE_PARAM(r_ndk_63_memory_of_vmalloc, piece_gen_params),
	KUNIT_CASE_PARAM(r_ndk_63_pages_of_somebody_else, piece_gen_params),
	KUNIT_CASE(r_ndk_63_no_memory_and_no_length),
	{}
};

static struct kunit_suite rules_memory_suite = {
	.name = "ndk_rules_memory",
	.test_cases = rules_memory_cases,
};

kunit_test_suite(rules_memory_suite);
