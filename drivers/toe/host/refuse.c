// SPDX-License-Identifier: GPL-2.0
/*
 * Which sockets stay in the host, and why (toe.md 5.9). Each reason has its own number,
 * and the first that applies is told.
 */
#include <net/xfrm.h>

#include "access.h"
#include "net.h"

static int refuse_state(struct sock *sk)
{
	if (!sk_is_tcp(sk))
		return TOE_REFUSE_NOT_TCP;
	if (sk->sk_state != TCP_ESTABLISHED)
		return TOE_REFUSE_STATE;
	if (sk->sk_shutdown || sock_flag(sk, SOCK_DEAD) || !sk->sk_socket)
		return TOE_REFUSE_SHUTDOWN;
	if (sk->sk_err)
		return TOE_REFUSE_ERROR;
	return TOE_REFUSE_NONE;
}

/* Others who have their own functions on the socket. */
static int refuse_layers(struct sock *sk)
{
	const struct tcp_ulp_ops *ulp = inet_csk(sk)->icsk_ulp_ops;

	if (ulp && strcmp(ulp->name, toe_shadow_ulp.name))
		return TOE_REFUSE_ULP;
	if (sk_is_mptcp(sk) || !toe_prot_for(sk->sk_prot))
		return TOE_REFUSE_PROTO;
	if (rcu_access_pointer(__sk_user_data(sk)))
		return TOE_REFUSE_USER_DATA;
	return TOE_REFUSE_NONE;
}

static bool is_signed(struct sock *sk)
{
#ifdef CONFIG_TCP_MD5SIG
	if (rcu_access_pointer(tcp_sk(sk)->md5sig_info))
		return true;
#endif
#ifdef CONFIG_TCP_AO
	if (rcu_access_pointer(tcp_sk(sk)->ao_info))
		return true;
#endif
	return false;
}

static bool has_xfrm(struct sock *sk)
{
#ifdef CONFIG_XFRM
	return rcu_access_pointer(sk->sk_policy[0]) || rcu_access_pointer(sk->sk_policy[1]);
#else
	return false;
#endif
}

static bool has_ip_options(struct sock *sk, bool v6)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6 && rcu_access_pointer(inet6_sk(sk)->opt))
		return true;
#endif
	return rcu_access_pointer(inet_sk(sk)->inet_opt) || inet_csk(sk)->icsk_ext_hdr_len;
}

static bool has_min_ttl(struct sock *sk)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6 && inet6_sk(sk)->min_hopcount)
		return true;
#endif
	return inet_sk(sk)->min_ttl;
}

/* Features of the host stack that a target does not have. */
static int refuse_features(struct sock *sk, bool v6)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (is_signed(sk))
		return TOE_REFUSE_SIGNED;
	if (rcu_access_pointer(tp->fastopen_rsk) || tp->fastopen_req ||
	    inet_test_bit(DEFER_CONNECT, sk))
		return TOE_REFUSE_FASTOPEN;
	if (tp->repair)
		return TOE_REFUSE_REPAIR;
	if (rcu_access_pointer(sk->sk_filter))
		return TOE_REFUSE_FILTER;
	if (has_xfrm(sk))
		return TOE_REFUSE_XFRM;
	if (has_ip_options(sk, v6))
		return TOE_REFUSE_OPTIONS;
	if (has_min_ttl(sk))
		return TOE_REFUSE_MIN_TTL;
	if (tp->ecn_flags & TCP_ECN_OK)
		return TOE_REFUSE_ECN;
	if (tp->nonagle & TCP_NAGLE_CORK)
		return TOE_REFUSE_CORK;
	return TOE_REFUSE_NONE;
}

static bool can_move(struct sk_buff *skb)
{
	return !skb_zcopy(skb) && !skb_shinfo(skb)->tx_flags && !skb_has_frag_list(skb) &&
	       !TCP_SKB_CB(skb)->txstamp_ack && skb_frags_readable(skb) &&
	       !(TCP_SKB_CB(skb)->tcp_flags & (TCPHDR_SYN | TCPHDR_FIN)) &&
	       !skb_is_decrypted(skb);
}

/* What is in flight or waits to be. */
static int refuse_data(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct rb_node *p;
	struct sk_buff *skb;

	if (tp->urg_data)
		return TOE_REFUSE_URGENT_RX;
	if (after(tp->snd_up, tp->snd_una))
		return TOE_REFUSE_URGENT_TX;
	for (p = rb_first(&sk->tcp_rtx_queue); p; p = rb_next(p))
		if (!can_move(rb_to_skb(p)))
			return TOE_REFUSE_SEND_QUEUE;
	skb_queue_walk(&sk->sk_write_queue, skb)
		if (!can_move(skb))
			return TOE_REFUSE_SEND_QUEUE;
	return TOE_REFUSE_NONE;
}

static int refuse_limits(struct toe_sock *ts, struct sock *sk, const struct toe_caps *caps)
{
	if (ts->v6 ? !caps->ipv6 : !caps->ipv4)
		return TOE_REFUSE_IPV6;
	if (caps->max_rcv_wnd && tcp_full_space(sk) > caps->max_rcv_wnd)
		return TOE_REFUSE_WINDOW;
	return TOE_REFUSE_NONE;
}

static int refuse_now(struct toe_sock *ts)
{
	if (ts->state != TOE_SOCK_HOST)
		return TOE_REFUSE_ALREADY;
	if (ts->net->closed || ts->net->paused)
		return TOE_REFUSE_PAUSED;
	if (ts->pins)
		return TOE_REFUSE_BUSY;
	return TOE_REFUSE_NONE;
}

/**
 * toe_refuse() - is there a reason to leave a socket in the host
 * @ts: the socket's
 * @sk: the socket, locked
 * @caps: what the target can do
 *
 * Return: enum toe_refusal, %TOE_REFUSE_NONE if there is none.
 */
int toe_refuse(struct toe_sock *ts, struct sock *sk, const struct toe_caps *caps)
{
	int why = refuse_now(ts);

	if (!why)
		why = refuse_state(sk);
	if (!why)
		why = refuse_layers(sk);
	if (!why)
		why = refuse_features(sk, ts->v6);
	if (!why)
		why = refuse_data(sk);
	if (!why)
		why = refuse_limits(ts, sk, caps);
	return why;
}
