// SPDX-License-Identifier: GPL-2.0
/*
 * Posting. A request is described as verbs do, on the stack, and given to the
 * provider, which copies it once and keeps the chains: nothing is stored here. The
 * request's context is the verbs cookie itself, a silent request an unsignalled
 * one.
 *
 * Nothing is locked here either: the consumer serialises calls on one queue, and
 * the provider orders them against a queue pair that goes to error.
 */
#include <linux/export.h>

#include "../provider.h"
#include "../srq.h"
#include "api.h"

#define COMMON_FLAGS	(NDK_OP_FLAG_SILENT_SUCCESS | NDK_OP_FLAG_READ_FENCE | NDK_OP_FLAG_DEFER)
#define SEND_FLAGS	(COMMON_FLAGS | NDK_OP_FLAG_SEND_AND_SOLICIT_EVENT | NDK_OP_FLAG_INLINE)
#define READ_FLAGS	(COMMON_FLAGS | NDK_OP_FLAG_RDMA_READ_LOCAL_INVALIDATE)
#define WRITE_FLAGS	(COMMON_FLAGS | NDK_OP_FLAG_INLINE)

static_assert(sizeof(struct ndk_sge) == sizeof(struct ib_sge));
static_assert(offsetof(struct ndk_sge, virtual_address) == offsetof(struct ib_sge, addr));
static_assert(offsetof(struct ndk_sge, length) == offsetof(struct ib_sge, length));
static_assert(offsetof(struct ndk_sge, memory_region_token) == offsetof(struct ib_sge, lkey));

int api_send_flags(u32 flags)
{
	return (flags & NDK_OP_FLAG_SILENT_SUCCESS ? 0 : IB_SEND_SIGNALED) |
	       (flags & NDK_OP_FLAG_READ_FENCE ? IB_SEND_FENCE : 0) |
	       (flags & NDK_OP_FLAG_SEND_AND_SOLICIT_EVENT ? IB_SEND_SOLICITED : 0) |
	       (flags & NDK_OP_FLAG_INLINE ? IB_SEND_INLINE : 0) |
	       (flags & NDK_OP_FLAG_DEFER ? NDK_SEND_DEFER : 0);
}

/**
 * api_refuse() - refuse an initiator request that the provider has not seen
 * @qp: the QP
 * @context: of the request
 * @err: why
 *
 * What was accepted deferred is indicated (R-NDK-66 to R-NDK-68).
 *
 * Return: @err.
 */
int api_refuse(struct ndk_kqp *qp, void *context, int err)
{
	struct ndk_qp *nqp = qp->nqp;
	struct ndk_post p;

	ndk_defer_begin(&nqp->sq.defer, &p);
	ndk_sq_refuse(nqp, &p, (uintptr_t)context, err);
	ndk_defer_end(&nqp->sq.defer, &p);
	return err;
}

/**
 * api_check() - may an initiator request be posted
 * @qp: the QP
 * @flags: as given
 * @allowed: flags of that request
 *
 * Return: 0 or what to refuse it with.
 */
int api_check(const struct ndk_kqp *qp, u32 flags, u32 allowed)
{
	if (unlikely(flags & ~allowed))
		return -EINVAL;
	return likely(READ_ONCE(qp->state) == API_QP_CONNECTED) ? 0 : -ENOTCONN;
}

static u64 total_length(const struct ndk_sge *sgl, u32 nsge)
{
	u64 total = 0;

	while (nsge--)
		total += sgl++->length;
	return total;
}

/* The provider refused, and has indicated what was deferred: say it in NDK's words. */
static noinline int translate(const struct ndk_kqp *qp, const struct ib_send_wr *wr, int err)
{
	u64 max = wr->send_flags & IB_SEND_INLINE ? qp->max_inline : NDK_MAX_LENGTH;

	if (err == -ENOMEM)
		return -ENOSPC;
	if (err == -EINVAL && total_length((void *)wr->sg_list, wr->num_sge) > max)
		return -E2BIG;
	return err;
}

static inline int post(struct ndk_kqp *qp, const struct ib_send_wr *wr)
{
	const struct ib_send_wr *bad;
	int err = ndk_post_send(qp->qp, wr, &bad);

	return likely(!err) ? 0 : translate(qp, bad, err);
}

int api_post(struct ndk_kqp *qp, const struct ib_send_wr *wr)
{
	return post(qp, wr);
}

/* inline data: bytes count, not pieces, and there may be more of those (R-NDK-46) */
static bool too_many(u32 nsge, u32 max, u32 flags)
{
	return unlikely(nsge > max) && (!(flags & NDK_OP_FLAG_INLINE) || nsge > INT_MAX);
}

static void fill(struct ib_send_wr *wr, void *context, const struct ndk_sge *sgl, u32 nsge,
		 u32 flags, enum ib_wr_opcode opcode)
{
	wr->next = NULL;
	wr->wr_id = (uintptr_t)context;
	wr->sg_list = (struct ib_sge *)sgl;
	wr->num_sge = nsge;
	wr->opcode = opcode;
	wr->send_flags = api_send_flags(flags);
}

static int post_send(struct ndk_kqp *qp, void *context, const struct ndk_sge *sgl, u32 nsge,
		     u32 flags, enum ib_wr_opcode opcode, u32 token)
{
	struct ib_send_wr wr;
	int err;

	api_assert_any_context();
	err = api_check(qp, flags, SEND_FLAGS);
	if (unlikely(err))
		return api_refuse(qp, context, err);
	if (too_many(nsge, qp->max_sge, flags))
		return api_refuse(qp, context, -E2BIG);
	fill(&wr, context, sgl, nsge, flags, opcode);
	wr.ex.invalidate_rkey = token;
	return post(qp, &wr);
}

int ndk_send(struct ndk_kqp *qp, void *request_context, const struct ndk_sge *sgl, u32 nsge,
	     u32 flags)
{
	return post_send(qp, request_context, sgl, nsge, flags, IB_WR_SEND, 0);
}
EXPORT_SYMBOL_GPL(ndk_send);

int ndk_send_and_invalidate(struct ndk_kqp *qp, void *request_context, const struct ndk_sge *sgl,
			    u32 nsge, u32 flags, u32 remote_token)
{
	return post_send(qp, request_context, sgl, nsge, flags, IB_WR_SEND_WITH_INV,
			 remote_token);
}
EXPORT_SYMBOL_GPL(ndk_send_and_invalidate);

static int post_rdma(struct ndk_kqp *qp, void *context, const struct ndk_sge *sgl, u32 nsge,
		     u64 address, u32 token, u32 flags, enum ib_wr_opcode opcode)
{
	struct ib_rdma_wr wr;

	fill(&wr.wr, context, sgl, nsge, flags, opcode);
	wr.wr.ex.imm_data = 0;
	wr.remote_addr = address;
	wr.rkey = token;
	return post(qp, &wr.wr);
}

/*
 * RDMA_READ_LOCAL_INVALIDATE is one of iWARP's: no adapter of ours says it can, so
 * the flag is ignored (R-NDK-52).
 */
int ndk_read(struct ndk_kqp *qp, void *request_context, const struct ndk_sge *sgl, u32 nsge,
	     u64 remote_address, u32 remote_token, u32 flags)
{
	int err;

	api_assert_any_context();
	err = api_check(qp, flags, READ_FLAGS);
	if (unlikely(err))
		return api_refuse(qp, request_context, err);
	if (unlikely(nsge > qp->max_read_sge))
		return api_refuse(qp, request_context, -E2BIG);
	return post_rdma(qp, request_context, sgl, nsge, remote_address, remote_token, flags,
			 IB_WR_RDMA_READ);
}
EXPORT_SYMBOL_GPL(ndk_read);

int ndk_write(struct ndk_kqp *qp, void *request_context, const struct ndk_sge *sgl, u32 nsge,
	      u64 remote_address, u32 remote_token, u32 flags)
{
	int err;

	api_assert_any_context();
	err = api_check(qp, flags, WRITE_FLAGS);
	if (unlikely(err))
		return api_refuse(qp, request_context, err);
	if (too_many(nsge, qp->max_sge, flags))
		return api_refuse(qp, request_context, -E2BIG);
	return post_rdma(qp, request_context, sgl, nsge, remote_address, remote_token, flags,
			 IB_WR_RDMA_WRITE);
}
EXPORT_SYMBOL_GPL(ndk_write);

static void fill_recv(struct ib_recv_wr *wr, void *context, const struct ndk_sge *sgl, u32 nsge)
{
	wr->next = NULL;
	wr->wr_id = (uintptr_t)context;
	wr->sg_list = (struct ib_sge *)sgl;
	wr->num_sge = nsge;
}

int ndk_receive(struct ndk_kqp *qp, void *request_context, const struct ndk_sge *sgl, u32 nsge)
{
	const struct ib_recv_wr *bad;
	struct ib_recv_wr wr;
	int err;

	api_assert_any_context();
	if (unlikely(qp->srq))
		return -EINVAL;
	if (unlikely(nsge > qp->max_receive_sge))
		return -E2BIG;
	/* the ring has more room than was asked for */
	if (unlikely(ndk_queue_waiting(qp->nqp->rq.q) >= qp->cap.max_recv_wr))
		return -ENOSPC;
	fill_recv(&wr, request_context, sgl, nsge);
	err = ndk_post_recv(qp->qp, &wr, &bad);
	return err == -ENOMEM ? -ENOSPC : err;
}
EXPORT_SYMBOL_GPL(ndk_receive);

int ndk_srq_receive(struct ndk_ksrq *srq, void *request_context, const struct ndk_sge *sgl,
		    u32 nsge)
{
	const struct ib_recv_wr *bad;
	struct ib_recv_wr wr;
	int err;

	api_assert_any_context();
	if (unlikely(nsge > srq->max_sge))
		return -E2BIG;
	fill_recv(&wr, request_context, sgl, nsge);
	err = ndk_post_srq_recv(srq->srq, &wr, &bad);
	return err == -ENOMEM ? -ENOSPC : err;
}
EXPORT_SYMBOL_GPL(ndk_srq_receive);
