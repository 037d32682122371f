// SPDX-License-Identifier: GPL-2.0
/*
 * Posting to a send queue: what is common to kernel and user posters (checks,
 * acceptance, refusal), and the kernel's way in.
 *
 * A request is built in the slot it will occupy if accepted, then checked
 * there, so what was checked is what will be used.
 */
#include <ndk/trace.h>

#include "provider.h"

#define SEND_FLAGS	(IB_SEND_FENCE | IB_SEND_SIGNALED | IB_SEND_SOLICITED |	\
			 IB_SEND_INLINE | NDK_SEND_DEFER)

#define ON_RC		BIT(IB_QPT_RC)
#define ON_UC		BIT(IB_QPT_UC)
#define ON_UD		(BIT(IB_QPT_UD) | BIT(IB_QPT_GSI))

/**
 * struct op_rule - what a request of one opcode may look like
 * @types: QP types that have the opcode, BIT(enum ib_qp_type)
 * @inline_ok: payload may be inline
 * @remote: has a remote address and key
 * @atomic: remote operand of 8 bytes
 * @from: who may post it; 0: everybody
 * @caps: device capabilities it needs
 */
struct op_rule {
	u32 types;
	bool inline_ok;
	bool remote;
	bool atomic;
	u8 from;
	u64 caps;
};

/* op_rule.from */
#define BY_KERNEL	1
#define BY_USER		2

static const struct op_rule op_rules[] = {
	[IB_WR_RDMA_WRITE]		= { .types = ON_RC | ON_UC, .inline_ok = 1, .remote = 1 },
	[IB_WR_RDMA_WRITE_WITH_IMM]	= { .types = ON_RC | ON_UC, .inline_ok = 1, .remote = 1 },
	[IB_WR_SEND]			= { .types = ON_RC | ON_UC | ON_UD, .inline_ok = 1 },
	[IB_WR_SEND_WITH_IMM]		= { .types = ON_RC | ON_UC | ON_UD, .inline_ok = 1 },
	[IB_WR_RDMA_READ]		= { .types = ON_RC, .remote = 1 },
	[IB_WR_ATOMIC_CMP_AND_SWP]	= { .types = ON_RC, .remote = 1, .atomic = 1 },
	[IB_WR_ATOMIC_FETCH_AND_ADD]	= { .types = ON_RC, .remote = 1, .atomic = 1 },
	/* its value comes in the entry, kernel requests have no place for it */
	[IB_WR_ATOMIC_WRITE]		= { .types = ON_RC, .inline_ok = 1, .remote = 1,
					    .atomic = 1, .from = BY_USER,
					    .caps = IB_DEVICE_ATOMIC_WRITE },
	[IB_WR_SEND_WITH_INV]		= { .types = ON_RC, .inline_ok = 1,
					    .caps = IB_DEVICE_MEM_MGT_EXTENSIONS },
	[IB_WR_LOCAL_INV]		= { .types = ON_RC,
					    .caps = IB_DEVICE_MEM_MGT_EXTENSIONS },
	[IB_WR_REG_MR]			= { .types = ON_RC, .from = BY_KERNEL,
					    .caps = IB_DEVICE_MEM_MGT_EXTENSIONS },
	[IB_WR_BIND_MW]			= { .types = ON_RC, .from = BY_USER,
					    .caps = IB_DEVICE_MEM_WINDOW },
};

/* The row of @opcode, or NULL if such a request may not be posted here. */
static const struct op_rule *rule_of(const struct ndk_qp *qp, u8 opcode)
{
	const struct op_rule *rule;

	if (opcode >= ARRAY_SIZE(op_rules))
		return NULL;
	rule = &op_rules[opcode];
	if (!(rule->types & BIT(qp->ibqp.qp_type)))
		return NULL;
	if (rule->from && rule->from != (qp->sq.user ? BY_USER : BY_KERNEL))
		return NULL;
	if (rule->caps & ~qp->nic->attr.device_cap_flags)
		return NULL;
	return rule;
}

/* A program can provoke this at will: one line per second and a few. */
void ndk_sq_complain(const struct ndk_qp *qp, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	ibdev_warn_ratelimited(qp->ibqp.device, "qp %u: send refused: %pV\n",
			       qp->ibqp.qp_num, &vaf);
	va_end(args);
}

/* posts before RTS are refused, posts in an error state are flushed */
int ndk_sq_check_state(const struct ndk_qp *qp)
{
	enum ib_qp_state state = READ_ONCE(qp->state);

	if (likely(state == IB_QPS_RTS))
		return 0;
	if (state == IB_QPS_RESET || state == IB_QPS_INIT || state == IB_QPS_RTR) {
		ndk_sq_complain(qp, "state %d is not ready to send", state);
		return -EINVAL;
	}
	return 0;
}

static int unsupported(const struct ndk_qp *qp, const struct ndk_swqe *w)
{
	ndk_sq_complain(qp, "opcode %u not supported", w->opcode);
	return -EOPNOTSUPP;
}

static int check_sges(const struct ndk_qp *qp, const struct ndk_swqe *w)
{
	u64 end;
	u32 i;

	for (i = 0; i < w->num_sge; i++) {
		if (check_add_overflow(w->sge[i].addr, (u64)w->sge[i].length, &end)) {
			ndk_sq_complain(qp, "sge[%u] %#llx + %u overflows", i,
					w->sge[i].addr, w->sge[i].length);
			return -EINVAL;
		}
	}
	return 0;
}

static int check_remote(const struct ndk_qp *qp, const struct ndk_swqe *w,
			const struct op_rule *rule)
{
	u64 end;

	if (check_add_overflow(w->remote_addr, (u64)w->length, &end)) {
		ndk_sq_complain(qp, "remote %#llx + %u overflows", w->remote_addr, w->length);
		return -EINVAL;
	}
	if (rule->atomic && w->length != sizeof(u64)) {
		ndk_sq_complain(qp, "atomic of %u bytes, not 8", w->length);
		return -EINVAL;
	}
	if (rule->atomic && w->remote_addr % sizeof(u64)) {
		ndk_sq_complain(qp, "atomic at %#llx is not aligned", w->remote_addr);
		return -EINVAL;
	}
	return 0;
}

static int check_datagram(const struct ndk_qp *qp, const struct ndk_swqe *w)
{
	if (w->remote_qpn > 0xffffff) {
		ndk_sq_complain(qp, "no QP number: %#x", w->remote_qpn);
		return -EINVAL;
	}
	if (!w->ah) {
		ndk_sq_complain(qp, "no address handle");
		return -EINVAL;
	}
	return 0;
}

/*
 * Everything but keys. SGE count and inline length were checked while the
 * request was copied, because they bound the copy.
 */
static int check(const struct ndk_qp *qp, const struct ndk_swqe *w, const struct op_rule *rule)
{
	u32 bad = w->flags & ~SEND_FLAGS;
	int err = 0;

	if (bad && !(bad == NDK_SEND_WINDOW && w->opcode == IB_WR_REG_MR)) {
		ndk_sq_complain(qp, "flags %#x not supported", bad);
		return -EINVAL;
	}
	if ((w->flags & IB_SEND_INLINE) && !rule->inline_ok) {
		ndk_sq_complain(qp, "opcode %u cannot be inline", w->opcode);
		return -EINVAL;
	}
	if (ndk_wr_is_local(w->opcode))
		return ndk_sq_check_keys(qp, w);
	if (!(w->flags & IB_SEND_INLINE))
		err = check_sges(qp, w);
	if (!err && rule->remote)
		err = check_remote(qp, w, rule);
	if (!err && ndk_qp_is_ud(qp))
		err = check_datagram(qp, w);
	return err;
}

int ndk_sq_check(const struct ndk_qp *qp, const struct ndk_swqe *w)
{
	const struct op_rule *rule = rule_of(qp, w->opcode);

	return rule ? check(qp, w, rule) : unsupported(qp, w);
}

/* In an error state nothing stays deferred. */
static bool defers(const struct ndk_qp *qp, const struct ndk_swqe *w)
{
	enum ib_qp_state state = READ_ONCE(qp->state);

	return (w->flags & NDK_SEND_DEFER) && state != IB_QPS_ERR && state != IB_QPS_SQE;
}

/* @w is in the slot at the accepted index and was checked. */
void ndk_sq_accept(struct ndk_qp *qp, struct ndk_post *p, struct ndk_swqe *w)
{
	w->signaled = qp->sq.all_signaled || (w->flags & IB_SEND_SIGNALED);
	trace_ndk_accept(qp, qp->sq.defer.accepted, w);
	ndk_defer_accept(&qp->sq.defer, p, defers(qp, w));
}

void ndk_sq_refuse(struct ndk_qp *qp, struct ndk_post *p, u64 wr_id, int err)
{
	trace_ndk_refuse(qp, wr_id, err);
	ndk_defer_refuse(&qp->sq.defer, p);
	ndk_count(qp, NDK_STAT_REFUSED_POSTS, 1);
}

/*
 * The NIC took all of a post but the last request, which the post had counted:
 * that one was never accepted.
 */
void ndk_sq_unaccept(struct ndk_qp *qp, u64 wr_id, int err)
{
	ndk_count(qp, NDK_STAT_SEND_REQUESTS, -1);
	ndk_count(qp, NDK_STAT_REFUSED_POSTS, 1);
	trace_ndk_refuse(qp, wr_id, err);
}

void ndk_sq_account(struct ndk_qp *qp, u32 accepted, u32 deferred)
{
	if (accepted)
		ndk_count(qp, NDK_STAT_SEND_REQUESTS, accepted);
	if (deferred)
		ndk_count(qp, NDK_STAT_DEFERRED_REQUESTS, deferred);
}

/* @wr->sg_list[].addr are kernel addresses; readable until the call returns. */
static int copy_inline(struct ndk_qp *qp, struct ndk_swqe *w, const struct ib_send_wr *wr)
{
	u64 total = 0;
	int i;

	for (i = 0; i < wr->num_sge; i++)
		total += wr->sg_list[i].length;
	if (total > qp->sq.max_inline) {
		ndk_sq_complain(qp, "inline bytes[%llu] greater than max[%u]", total,
				qp->sq.max_inline);
		return -EINVAL;
	}
	w->length = 0;
	w->num_sge = 0;
	for (i = 0; i < wr->num_sge; i++) {
		memcpy(w->inline_data + w->length, (void *)(uintptr_t)wr->sg_list[i].addr,
		       wr->sg_list[i].length);
		w->length += wr->sg_list[i].length;
	}
	return 0;
}

static int copy_sges(struct ndk_qp *qp, struct ndk_swqe *w, const struct ib_send_wr *wr)
{
	u64 total = 0;
	int i;

	if (wr->num_sge < 0 || wr->num_sge > qp->sq.max_sge) {
		ndk_sq_complain(qp, "sges[%d] greater than max[%u]", wr->num_sge, qp->sq.max_sge);
		return -EINVAL;
	}
	for (i = 0; i < wr->num_sge; i++) {
		w->sge[i] = wr->sg_list[i];
		total += wr->sg_list[i].length;
	}
	if (total > NDK_MAX_LENGTH) {
		ndk_sq_complain(qp, "length[%llu] greater than max[%lu]", total, NDK_MAX_LENGTH);
		return -EINVAL;
	}
	w->num_sge = wr->num_sge;
	w->length = total;
	return 0;
}

static void copy_datagram(struct ndk_swqe *w, const struct ib_send_wr *wr)
{
	w->remote_qpn = ud_wr(wr)->remote_qpn;
	w->remote_qkey = ud_wr(wr)->remote_qkey;
	w->ah = ud_wr(wr)->ah ? to_ndk_ah(ud_wr(wr)->ah)->number : 0;
}

static void copy_remote(struct ndk_swqe *w, const struct ib_send_wr *wr)
{
	switch (wr->opcode) {
	case IB_WR_RDMA_WRITE:
	case IB_WR_RDMA_WRITE_WITH_IMM:
	case IB_WR_RDMA_READ:
		w->remote_addr = rdma_wr(wr)->remote_addr;
		w->rkey = rdma_wr(wr)->rkey;
		break;
	case IB_WR_ATOMIC_CMP_AND_SWP:
	case IB_WR_ATOMIC_FETCH_AND_ADD:
		w->remote_addr = atomic_wr(wr)->remote_addr;
		w->compare_add = atomic_wr(wr)->compare_add;
		w->swap = atomic_wr(wr)->swap;
		w->rkey = atomic_wr(wr)->rkey;
		break;
	default:
		break;
	}
}

static int copy_wr(struct ndk_qp *qp, struct ndk_swqe *w, const struct ib_send_wr *wr,
		   const struct op_rule **rule)
{
	if ((u32)wr->opcode > U8_MAX) {
		ndk_sq_complain(qp, "opcode %d not supported", wr->opcode);
		return -EOPNOTSUPP;
	}
	w->wr_id = wr->wr_id;
	w->opcode = wr->opcode;
	w->flags = wr->send_flags;
	w->imm = wr->ex.imm_data;
	/* it need not even be the structure the opcode says */
	*rule = rule_of(qp, w->opcode);
	if (!*rule)
		return unsupported(qp, w);
	if (ndk_wr_is_local(w->opcode))
		return ndk_sq_copy_keys(qp, w, wr);
	if (ndk_qp_is_ud(qp))
		copy_datagram(w, wr);
	else
		copy_remote(w, wr);
	if (wr->send_flags & IB_SEND_INLINE)
		return copy_inline(qp, w, wr);
	return copy_sges(qp, w, wr);
}

static int post_one(struct ndk_qp *qp, struct ndk_post *p, const struct ib_send_wr *wr)
{
	const struct op_rule *rule;
	struct ndk_swqe *w;
	int err;

	err = ndk_sq_check_state(qp);
	if (err)
		return err;
	if (!ndk_defer_room(&qp->sq.defer))
		return -ENOMEM;
	w = ndk_sq_wqe(qp, qp->sq.defer.accepted);
	err = copy_wr(qp, w, wr, &rule);
	if (!err)
		err = check(qp, w, rule);
	if (err)
		return err;
	ndk_sq_accept(qp, p, w);
	if (w->opcode == IB_WR_REG_MR)
		ndk_sq_keys_accepted(wr);
	return 0;
}

static int post_kernel(struct ndk_qp *qp, const struct ib_send_wr *wr,
		       const struct ib_send_wr **bad_wr)
{
	u32 accepted = 0, deferred = 0;
	const struct ib_send_wr *last = NULL;
	struct ndk_post p;
	int err = 0, nic_err;

	ndk_defer_begin(&qp->sq.defer, &p);
	for (; wr; last = wr, wr = wr->next) {
		err = post_one(qp, &p, wr);
		if (err) {
			ndk_sq_refuse(qp, &p, wr->wr_id, err);
			*bad_wr = wr;
			break;
		}
		accepted++;
		deferred += !!(wr->send_flags & NDK_SEND_DEFER);
	}
	ndk_sq_account(qp, accepted, deferred);
	nic_err = ndk_defer_end(&qp->sq.defer, &p);
	if (unlikely(nic_err)) {
		ndk_sq_unaccept(qp, last->wr_id, nic_err);
		*bad_wr = last;
		err = nic_err;
	}
	return err;
}

int ndk_post_send(struct ib_qp *ibqp, const struct ib_send_wr *wr,
		  const struct ib_send_wr **bad_wr)
{
	struct ndk_qp *qp = to_ndk_qp(ibqp);
	const struct ib_send_wr *bad;

	if (!bad_wr)
		bad_wr = &bad;
	*bad_wr = wr;
	if (!qp->sq.user)
		return post_kernel(qp, wr, bad_wr);
	if (wr) {
		/* its inline addresses would be user addresses */
		ndk_sq_complain(qp, "a mapped queue takes requests through the mapping only");
		ndk_defer_flush(&qp->sq.defer);
		return -EINVAL;
	}
	return ndk_sq_post_user(qp);
}

static struct ndk_qp *defer_qp(struct ndk_defer *d)
{
	return container_of(d, struct ndk_qp, sq.defer);
}

static int sq_doorbell(struct ndk_defer *d, u32 first, u32 end, u32 *refused)
{
	struct ndk_qp *qp = defer_qp(d);

	return qp->nic->ops->doorbell(qp, first, end, refused);
}

static void sq_progress(struct ndk_defer *d)
{
	struct ndk_qp *qp = defer_qp(d);

	if (qp->nic->ops->progress)
		qp->nic->ops->progress(qp);
}

/* Whoever relies on the timer waits for it, every time: worth a word, once. */
static void warn_rescued(struct ndk_qp *qp, u32 chain)
{
	if (!qp->consumer || qp->rescued)
		return;
	qp->rescued = true;
	ibdev_warn(qp->ibqp.device,
		   "ndk: %s did not end a chain of %u on qp %u, the timer did; said once per qp\n",
		   qp->consumer, chain, qp->ibqp.qp_num);
}

static void sq_account(struct ndk_defer *d, enum ndk_db_reason reason, u32 chain)
{
	static const enum ndk_stat stat[NDK_DB_REASONS] = {
		[NDK_DB_UNDEFERRED]	= NDK_STAT_DOORBELLS_UNDEFERRED,
		[NDK_DB_REFUSED]	= NDK_STAT_DOORBELLS_REFUSED,
		[NDK_DB_BOUND]		= NDK_STAT_DOORBELLS_BOUND,
		[NDK_DB_TIMER]		= NDK_STAT_DOORBELLS_TIMER,
		[NDK_DB_FULL]		= NDK_STAT_DOORBELLS_FULL,
		[NDK_DB_FLUSH]		= NDK_STAT_DOORBELLS_FLUSH,
	};
	struct ndk_qp *qp = defer_qp(d);
	struct ndk_stats __percpu *dev = qp->nic->stats;

	ndk_count(qp, NDK_STAT_DOORBELLS, 1);
	ndk_count(qp, stat[reason], 1);
	/* a per-CPU maximum: interrupts are off, nobody else writes this one */
	if (this_cpu_read(dev->v[NDK_STAT_LONGEST_CHAIN]) < chain)
		this_cpu_write(dev->v[NDK_STAT_LONGEST_CHAIN], chain);
	trace_ndk_doorbell(qp, d->indicated, chain, reason);
	if (unlikely(reason == NDK_DB_TIMER))
		warn_rescued(qp, chain);
}

/* The NIC broke a promise: nothing behind @index will be carried out. */
static void sq_broken(struct ndk_defer *d, u32 index, int err)
{
	struct ndk_qp *qp = defer_qp(d);

	ibdev_err_ratelimited(qp->ibqp.device, "qp %u: NIC refused accepted request %u: %d\n",
			      qp->ibqp.qp_num, index, err);
	if (qp->sq.is_broken)
		return;
	qp->sq.broken_at = index;
	qp->sq.is_broken = true;
	ndk_qp_set_state(qp, IB_QPS_ERR);
	schedule_work(&qp->sq.broken);
}

const struct ndk_defer_ops ndk_sq_defer_ops = {
	.doorbell = sq_doorbell,
	.broken = sq_broken,
	.progress = sq_progress,
	.account = sq_account,
};
