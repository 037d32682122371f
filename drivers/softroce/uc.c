// SPDX-License-Identifier: GPL-2.0
/*
 * The responder of an unreliable connection: carries out messages that arrive
 * whole and in order, and forgets the others. Nothing is ever answered.
 */
#include "softroce.h"

static void drop(struct sr_qp *qp, enum ndk_stat why)
{
	/* a receive request that was taken serves the next message */
	qp->r.op = 0;
	ndk_count(qp->nqp, why, 1);
}

static void refused(struct sr_qp *qp, enum sr_result res, struct ndk_notify *n)
{
	switch (res) {
	case SR_RNR:
		drop(qp, NDK_STAT_DROP_NO_RECV);
		break;
	case SR_LEN:
	case SR_REM_OP:
		/* our own receive request was at fault, and has failed */
		sr_resp_error(qp, SR_REM_OP, n);
		break;
	default:
		drop(qp, NDK_STAT_DROP_ACCESS);
		break;
	}
}

/*
 * Is the packet one to look at? A gap ends the message that has it; the next
 * one is waited for.
 */
static bool in_order(struct sr_qp *qp, const struct sr_pkt *pkt)
{
	struct sr_recv *r = &qp->r;
	bool gap = pkt->psn != r->epsn;

	r->epsn = sr_psn_add(pkt->psn, 1);
	if (gap)
		r->op = 0;
	if (r->op || pkt->flags & SR_OP_FIRST)
		return true;
	/* the rest of a message whose beginning was lost */
	ndk_count(qp->nqp, NDK_STAT_DROP_SEQUENCE, 1);
	return false;
}

/**
 * sr_uc_packet() - a packet for the responder of an unreliable connection
 * @qp: the QP
 * @skb: the packet, stays the caller's
 * @n: collects events
 */
void sr_uc_packet(struct sr_qp *qp, struct sk_buff *skb, struct ndk_notify *n)
{
	struct sr_pkt *pkt = sr_pkt(skb);
	enum sr_result res = SR_INV_REQ;
	struct sr_msg m;

	sr_resp_established(qp, n);
	if (!in_order(qp, pkt))
		return;
	/* a first packet also ends what was not finished */
	if (pkt->flags & SR_OP_FIRST)
		qp->r.op = 0;
	sr_resp_get_msg(skb, &m);
	if (sr_resp_payload_fits(qp, pkt))
		res = sr_resp_data(qp, &m, n);
	if (res != SR_DONE)
		refused(qp, res, n);
}
