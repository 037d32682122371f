// SPDX-License-Identifier: GPL-2.0
/*
 * Segments that arrive for offloaded connections: taken at the end of LOCAL_IN, after
 * defragmentation, options, conntrack and filter (toe.md 5.5). Registered per
 * namespace, with its first offload.
 *
 * A socket's look-up and its state are read in one RCU read section; the offload waits
 * for those to end before it lets go of the socket, so a segment that was left to the
 * host is in the backlog by then.
 */
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>

#include "access.h"
#include "net.h"

/* False: it has just been terminated, the segment waits for the host. */
static bool give(struct toe_sock *ts, struct sk_buff *skb)
{
	if (!soft_rx(ts->st, &ts->tuple, skb))
		return true;
	toe_hold_segment(ts, skb);
	return false;
}

/* What the host's tcp_filter() and IP layer would have seen to. */
static struct sk_buff *prepare(struct sock *sk, struct sk_buff *skb, unsigned int header)
{
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb_orphan(skb);
	__skb_pull(skb, header);
	skb_reset_transport_header(skb);
	if (sk_filter_trim_cap(sk, skb, tcp_hdrlen(skb))) {
		kfree_skb(skb);
		return NULL;
	}
	skb_dst_drop(skb);
	nf_reset_ct(skb);
	skb_ext_reset(skb);
	skb->dev = NULL;
	return skb;
}

/* True: in the state it has now, segments are not the host's. */
static bool takes(struct toe_sock *ts)
{
	u8 state = READ_ONCE(ts->state);

	return state >= TOE_SOCK_HOLD && state <= TOE_SOCK_UPLOADING;
}

/* Header of @header bytes in front. False: nothing that the host would look at. */
static bool is_sound(struct sk_buff *skb, unsigned int header, u8 family)
{
	const struct tcphdr *th;

	if (!pskb_may_pull(skb, header + sizeof(*th)))
		return false;
	th = (struct tcphdr *)(skb->data + header);
	if (th->doff < sizeof(*th) / 4 || !pskb_may_pull(skb, header + th->doff * 4))
		return false;
	return !nf_checksum(skb, NF_INET_LOCAL_IN, header, IPPROTO_TCP, family);
}

static unsigned int take(struct toe_sock *ts, struct sock *sk, struct sk_buff *skb,
			 unsigned int header, u8 family)
{
	bool wait;

	if (!is_sound(skb, header, family)) {
		toe_count(ts->st->t, ts->v6, TOE_TCP_IN_ERRS, 1);
		return NF_DROP;
	}
	skb = prepare(sk, skb, header);
	if (!skb)
		return NF_STOLEN;
	spin_lock_bh(&ts->lock);
	wait = ts->state != TOE_SOCK_OFFLOADED;
	spin_unlock_bh(&ts->lock);
	if (wait)
		toe_hold_segment(ts, skb);
	else
		give(ts, skb);
	return NF_STOLEN;
}

/* @found: with a reference, or the one the segment has already. */
static unsigned int look(struct sock *sk, bool found, struct sk_buff *skb, unsigned int header,
			 u8 family)
{
	unsigned int verdict = NF_ACCEPT;
	struct toe_sock *ts;

	if (!sk)
		return NF_ACCEPT;
	if (sk_fullsock(sk) && sk->sk_protocol == IPPROTO_TCP) {
		ts = toe_sock_of(sk);
		if (ts && takes(ts)) {
			/* the segment's own reference ends when it is prepared */
			if (!found)
				sock_hold(sk);
			verdict = take(ts, sk, skb, header, family);
			if (!found)
				sock_put(sk);
		}
	}
	if (found)
		sock_gen_put(sk);
	return verdict;
}

static struct sock *find4(struct net *net, struct sk_buff *skb, unsigned int header)
{
	const struct iphdr *ip = ip_hdr(skb);
	struct tcphdr _th, *th = skb_header_pointer(skb, header, sizeof(_th), &_th);

	if (!th)
		return NULL;
	return __inet_lookup_established(net, net->ipv4.tcp_death_row.hashinfo, ip->saddr,
					 th->source, ip->daddr, ntohs(th->dest),
					 skb->skb_iif, inet_sdif(skb));
}

static unsigned int local_in4(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	unsigned int header = ip_hdrlen(skb);

	if (ip_hdr(skb)->protocol != IPPROTO_TCP || ip_is_fragment(ip_hdr(skb)))
		return NF_ACCEPT;
	if (skb->sk)
		return look(skb->sk, false, skb, header, NFPROTO_IPV4);
	return look(find4(state->net, skb, header), true, skb, header, NFPROTO_IPV4);
}

#if IS_ENABLED(CONFIG_IPV6)
static struct sock *find6(struct net *net, struct sk_buff *skb, unsigned int header)
{
	const struct ipv6hdr *ip = ipv6_hdr(skb);
	struct tcphdr _th, *th = skb_header_pointer(skb, header, sizeof(_th), &_th);

	if (!th)
		return NULL;
	return __inet6_lookup_established(net, net->ipv4.tcp_death_row.hashinfo, &ip->saddr,
					  th->source, &ip->daddr, ntohs(th->dest),
					  inet6_iif(skb), inet6_sdif(skb));
}

/* Extension headers are the host's to look at: refused at the offload, rare after it. */
static unsigned int local_in6(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	unsigned int header = sizeof(struct ipv6hdr);
	u8 next = ipv6_hdr(skb)->nexthdr;
	__be16 frag;
	int at;

	if (next != IPPROTO_TCP) {
		at = ipv6_skip_exthdr(skb, header, &next, &frag);
		if (at < 0 || next != IPPROTO_TCP || frag & htons(~7))
			return NF_ACCEPT;
		header = at;
	}
	if (skb->sk)
		return look(skb->sk, false, skb, header, NFPROTO_IPV6);
	return look(find6(state->net, skb, header), true, skb, header, NFPROTO_IPV6);
}
#endif

static const struct nf_hook_ops hooks[] = {
	{
		.hook = local_in4,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = NF_IP_PRI_LAST,
	},
#if IS_ENABLED(CONFIG_IPV6)
	{
		.hook = local_in6,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = NF_IP6_PRI_LAST,
	},
#endif
};

int toe_hooks_register(struct net *net)
{
	return nf_register_net_hooks(net, hooks, ARRAY_SIZE(hooks));
}

void toe_hooks_unregister(struct net *net)
{
	nf_unregister_net_hooks(net, hooks, ARRAY_SIZE(hooks));
}

void toe_hook_open(struct toe_sock *ts)
{
	struct sk_buff_head hold;
	struct sk_buff *skb;
	bool there = true;

	__skb_queue_head_init(&hold);
	spin_lock_bh(&ts->lock);
	/* what soft_rx() brings must not come here again: toe_xfer_run() is next */
	ts->running = true;
	while (there && ts->state == TOE_SOCK_HOLD && !skb_queue_empty(&ts->hold)) {
		skb_queue_splice_init(&ts->hold, &hold);
		ts->hold_bytes = 0;
		spin_unlock_bh(&ts->lock);
		while ((skb = __skb_dequeue(&hold)))
			there &= give(ts, skb);
		spin_lock_bh(&ts->lock);
	}
	if (ts->state == TOE_SOCK_HOLD)
		ts->state = TOE_SOCK_OFFLOADED;
	spin_unlock_bh(&ts->lock);
}
