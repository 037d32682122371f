// SPDX-License-Identifier: GPL-2.0
/*
 * Driver details in `rdma resource show qp|cq|srq -dd`.
 */
#include <net/netlink.h>
#include <rdma/restrack.h>

#include "provider.h"
#include "srq.h"

static int put_u32(struct sk_buff *msg, const char *name, u32 value)
{
	return rdma_nl_put_driver_u32(msg, name, value);
}

static int put_sq(struct sk_buff *msg, const struct ndk_qp *qp)
{
	const struct ndk_defer *d = &qp->sq.defer;

	return put_u32(msg, "sq_depth", d->depth) ?:
	       put_u32(msg, "sq_accepted", READ_ONCE(d->accepted)) ?:
	       put_u32(msg, "sq_indicated", READ_ONCE(d->indicated)) ?:
	       put_u32(msg, "sq_completed", READ_ONCE(d->completed)) ?:
	       put_u32(msg, "sq_deferred", ndk_defer_pending(d)) ?:
	       put_u32(msg, "sq_longest_chain", READ_ONCE(d->longest));
}

int ndk_fill_res_qp_entry(struct sk_buff *msg, struct ib_qp *ibqp)
{
	struct nlattr *table = nla_nest_start(msg, RDMA_NLDEV_ATTR_DRIVER);

	if (!table)
		return -EMSGSIZE;
	if (put_sq(msg, to_ndk_qp(ibqp))) {
		nla_nest_cancel(msg, table);
		return -EMSGSIZE;
	}
	nla_nest_end(msg, table);
	return 0;
}

int ndk_fill_res_cq_entry(struct sk_buff *msg, struct ib_cq *ibcq)
{
	struct nlattr *table = nla_nest_start(msg, RDMA_NLDEV_ATTR_DRIVER);
	struct ndk_cq *cq = to_ndk_cq(ibcq);

	if (!table)
		return -EMSGSIZE;
	if (put_u32(msg, "armed", READ_ONCE(cq->armed)) ||
	    put_u32(msg, "overrun", READ_ONCE(cq->overrun))) {
		nla_nest_cancel(msg, table);
		return -EMSGSIZE;
	}
	nla_nest_end(msg, table);
	return 0;
}

int ndk_fill_res_srq_entry(struct sk_buff *msg, struct ib_srq *ibsrq)
{
	struct nlattr *table = nla_nest_start(msg, RDMA_NLDEV_ATTR_DRIVER);
	struct ib_srq_attr attr;

	if (!table)
		return -EMSGSIZE;
	ndk_query_srq(ibsrq, &attr);
	if (put_u32(msg, "max_wr", attr.max_wr) || put_u32(msg, "limit", attr.srq_limit)) {
		nla_nest_cancel(msg, table);
		return -EMSGSIZE;
	}
	nla_nest_end(msg, table);
	return 0;
}
