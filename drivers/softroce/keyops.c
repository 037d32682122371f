// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that change keys, in their place among those that send packets.
 *
 * They take no packet numbers. One that was carried out and has others before it
 * without outcome waits for them, between @una and @started of the send queue;
 * going back, the requester passes it a second time and does nothing.
 */
#include "softroce.h"

/**
 * sr_keys_pass() - the oldest request got its outcome
 * @qp: the QP
 *
 * Requests behind it that were carried out and wait for nothing else have theirs.
 */
void sr_keys_pass(struct sr_qp *qp)
{
	struct sr_send *s = &qp->s;

	while (s->una != s->started && ndk_wr_is_local(ndk_sq_wqe(qp->nqp, s->una)->opcode))
		s->una++;
}

/**
 * sr_keys_wait() - does a request behind @cur wait for the peer's acknowledge
 * @qp: the QP; the last packet of the request at @cur is being built
 * @end: index behind the last indicated request
 *
 * Return: true if nothing but requests without packets follows, and one of them
 * is signalled or cannot start before all is acknowledged.
 */
bool sr_keys_wait(struct sr_qp *qp, u32 end)
{
	struct sr_send *s = &qp->s;
	u32 i;

	for (i = s->cur + 1; i != end; i++) {
		const struct ndk_swqe *wqe = ndk_sq_wqe(qp->nqp, i);

		if (!ndk_wr_is_local(wqe->opcode))
			return false;
		if (wqe->opcode == IB_WR_LOCAL_INV)
			return true;
		s->ack_owed |= wqe->signaled;
	}
	return s->ack_owed;
}

/*
 * What was sent and not acknowledged may have to be sent again, from the memory
 * behind the key: so an invalidation waits, asked to (local invalidate fence) or
 * not.
 */
static bool may_start(struct sr_qp *qp, const struct ndk_swqe *wqe)
{
	return sr_req_may_start(qp, wqe) &&
	       (wqe->opcode != IB_WR_LOCAL_INV || qp->s.una == qp->s.cur);
}

static int carry_out(struct sr_qp *qp, const struct ndk_swqe *wqe)
{
	switch (wqe->opcode) {
	case IB_WR_REG_MR:
		return sr_mr_register(qp, wqe);
	case IB_WR_BIND_MW:
		return sr_mw_bind(qp, wqe);
	default:
		return sr_mr_invalidate(qp, wqe->inv_rkey, false);
	}
}

enum outcome {
	DONE,
	WAIT,
	FAIL,
};

static enum outcome one(struct sr_qp *qp, const struct ndk_swqe *wqe)
{
	struct sr_send *s = &qp->s;

	/* not passed for the first time: it was carried out then */
	if (s->cur == s->started) {
		if (!may_start(qp, wqe))
			return WAIT;
		if (carry_out(qp, wqe))
			return FAIL;
		s->started++;
		s->ack_owed |= wqe->signaled && s->una != s->cur;
	}
	if (s->una == s->cur)
		s->una++;
	s->cur++;
	return DONE;
}

/* Some request waits for an acknowledge that nobody has asked for. */
static bool must_ask(const struct sr_send *s, bool waits)
{
	return (waits || s->ack_owed) && s->unasked && s->next_psn == s->hi_psn &&
	       sr_outstanding(s);
}

/**
 * sr_keys_run() - requests without packets, from @cur on
 * @qp: the QP; the request at @cur is one
 * @sl: the turn
 * @n: collects events
 *
 * Return: false if there is nothing more to do now.
 */
bool sr_keys_run(struct sr_qp *qp, struct sr_slice *sl, struct ndk_notify *n)
{
	struct sr_send *s = &qp->s;
	/* pairs with the release in sr_doorbell() */
	u32 first = s->una, end = smp_load_acquire(&s->end);
	enum outcome o = DONE;

	while (o == DONE && s->cur != end && !sr_slice_over(sl)) {
		const struct ndk_swqe *wqe = ndk_sq_wqe(qp->nqp, s->cur);

		if (!ndk_wr_is_local(wqe->opcode))
			break;
		o = one(qp, wqe);
		sl->packets--;
	}
	if (s->una != first) {
		ndk_sq_complete(qp->nqp, s->una, n);
		sr_req_drained(qp, n);
	}
	if (o == FAIL) {
		sr_req_refuse(qp, IB_WC_MW_BIND_ERR, n);
		return true;
	}
	if (must_ask(s, o == WAIT) && (o == WAIT || s->cur == end)) {
		sr_req_ask(qp);
		return true;
	}
	return o == DONE;
}
