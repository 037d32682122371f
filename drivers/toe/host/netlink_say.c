// SPDX-License-Identifier: GPL-2.0
/*
 * What is said of a connection: in answers, in events, and to `ss -ti`.
 */
#include <linux/user_namespace.h>
#include <uapi/ndk/toe_live.h>

#include "netlink.h"

/* Room for one connection in an event; an answer has a page or more. */
#define EVENT_ROOM	1024

static_assert((int)NDK_TOE_EV_OFFLOADED == (int)TOE_HOST_EV_OFFLOADED);
static_assert((int)NDK_TOE_EV_UPLOADED == (int)TOE_HOST_EV_UPLOADED);
static_assert((int)NDK_TOE_EV_REFUSED == (int)TOE_HOST_EV_REFUSED);
static_assert((int)NDK_TOE_EV_GONE == (int)TOE_HOST_EV_GONE);
static_assert((int)NDK_TOE_EV_STUCK == (int)TOE_HOST_EV_STUCK);

/* The host side has more states than matter to people. */
static u8 said_state(unsigned int state)
{
	switch (state) {
	case TOE_SOCK_MOVING:
		return NDK_TOE_OFFLOADING;
	case TOE_SOCK_HOLD:
	case TOE_SOCK_OFFLOADED:
		return NDK_TOE_OFFLOADED;
	case TOE_SOCK_UPLOADING:
		return NDK_TOE_UPLOADING;
	default:
		return NDK_TOE_IN_HOST;
	}
}

static int put_u64(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, NDK_TOE_CONN_PAD);
}

static int put_where(struct sk_buff *skb, const struct toe_sock_info *info)
{
	if (nla_put_u8(skb, NDK_TOE_CONN_STATE, said_state(info->state)) ||
	    nla_put_string(skb, NDK_TOE_CONN_TARGET, info->target) ||
	    nla_put_string(skb, NDK_TOE_CONN_REASON, toe_reason_name(info->reason)))
		return -EMSGSIZE;
	if (info->refusal &&
	    nla_put_string(skb, NDK_TOE_CONN_REFUSAL, toe_refusal_name(info->refusal)))
		return -EMSGSIZE;
	if (info->moved_ms != U64_MAX && put_u64(skb, NDK_TOE_CONN_AGE, info->moved_ms))
		return -EMSGSIZE;
	return 0;
}

static int put_stats(struct sk_buff *skb, const struct toe_sock_stats *s)
{
	if (put_u64(skb, NDK_TOE_CONN_OFFLOADS, s->offloads) ||
	    put_u64(skb, NDK_TOE_CONN_UPLOADS, s->uploads) ||
	    put_u64(skb, NDK_TOE_CONN_TX_BYTES, s->tx_bytes) ||
	    put_u64(skb, NDK_TOE_CONN_RX_BYTES, s->rx_bytes) ||
	    put_u64(skb, NDK_TOE_CONN_FORWARDED, s->forwards) ||
	    put_u64(skb, NDK_TOE_CONN_PASSED_UP, s->passed_up) ||
	    put_u64(skb, NDK_TOE_CONN_REBUILT, s->rebuilt))
		return -EMSGSIZE;
	return 0;
}

static int put_id(struct sk_buff *skb, const struct toe_sock_id *id, struct user_namespace *ns)
{
	int len = id->v6 ? 16 : 4;

	if (nla_put(skb, NDK_TOE_CONN_LOCAL, len, id->local) ||
	    nla_put(skb, NDK_TOE_CONN_REMOTE, len, id->remote) ||
	    nla_put_be16(skb, NDK_TOE_CONN_LPORT, id->lport) ||
	    nla_put_be16(skb, NDK_TOE_CONN_RPORT, id->rport) ||
	    nla_put_u32(skb, NDK_TOE_CONN_IFINDEX, id->ifindex) ||
	    nla_put_u32(skb, NDK_TOE_CONN_UID, from_kuid_munged(ns, id->uid)) ||
	    put_u64(skb, NDK_TOE_CONN_COOKIE, id->cookie))
		return -EMSGSIZE;
	return 0;
}

int toe_nl_put_conn(struct sk_buff *skb, int attr, struct toe_sock *ts, struct user_namespace *ns)
{
	struct toe_sock_info info;
	struct nlattr *nest;

	toe_sock_info(ts, &info);
	nest = nla_nest_start(skb, attr);
	if (!nest)
		return -EMSGSIZE;
	if (put_id(skb, &ts->id, ns) || put_where(skb, &info) || put_stats(skb, &info.stats)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* --- events ---------------------------------------------------------------------- */

static int fill_event(struct sk_buff *skb, struct toe_sock *ts, enum toe_host_event ev)
{
	void *head = genlmsg_put(skb, 0, 0, &toe_nl_family, 0, NDK_TOE_CMD_EVENT);

	if (!head || nla_put_u8(skb, NDK_TOE_A_EVENT, ev) ||
	    toe_nl_put_conn(skb, NDK_TOE_A_CONN, ts, toe_net_ns(ts->net)->user_ns))
		return -EMSGSIZE;
	genlmsg_end(skb, head);
	return 0;
}

void toe_nl_event(struct toe_sock *ts, enum toe_host_event ev)
{
	struct net *net = toe_net_ns(ts->net);
	struct sk_buff *skb;

	/* a namespace that is going away loses its netlink socket before its last TCP one */
	if (!net->genl_sock || !genl_has_listeners(&toe_nl_family, net, 0))
		return;
	skb = genlmsg_new(EVENT_ROOM, GFP_ATOMIC);
	if (!skb || fill_event(skb, ts, ev)) {
		nlmsg_free(skb);
		/* who listens is told that something is missing */
		genl_set_err(&toe_nl_family, net, 0, 0, -ENOBUFS);
		return;
	}
	genlmsg_multicast_netns(&toe_nl_family, net, skb, 0, 0, GFP_ATOMIC);
}

/* --- ss -ti ---------------------------------------------------------------------- */

/* Called with the socket as it is: moved by others meanwhile, but not freed. */
int toe_nl_ulp_info(struct sock *sk, struct sk_buff *skb)
{
	struct toe_sock_info info;
	struct toe_sock *ts;
	struct nlattr *nest;

	rcu_read_lock();
	ts = toe_sock_of(sk);
	if (ts)
		toe_sock_info(ts, &info);
	rcu_read_unlock();
	if (!ts)
		return 0;
	nest = nla_nest_start(skb, NDK_TOE_ULP_INFO);
	if (!nest)
		return -EMSGSIZE;
	if (put_where(skb, &info) || put_stats(skb, &info.stats)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

size_t toe_nl_ulp_info_size(const struct sock *sk)
{
	/* the nest; state, target, reason, refusal, age; seven counters */
	return nla_total_size(0) + nla_total_size(1) + 3 * nla_total_size(32) +
	       8 * nla_total_size_64bit(sizeof(u64));
}
