/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every use of what the TCP code keeps in its structures, in one place. Built against
 * the headers of the kernel it runs on, like the rest; the checks at the end stop a
 * build on a kernel whose fields mean something else.
 *
 * Socket locked or slock held, unless a comment says otherwise.
 */
#ifndef _TOE_HOST_ACCESS_H
#define _TOE_HOST_ACCESS_H

#include <net/inet_connection_sock.h>
#include <net/tcp.h>

/* Nothing is sent through a window of no bytes: tcp_write_xmit() stops at once. */
static inline void acc_shut_window(struct sock *sk)
{
	tcp_sk(sk)->snd_wnd = 0;
}

static inline bool acc_is_mapped(const struct sock *sk)
{
#if IS_ENABLED(CONFIG_IPV6)
	return sk->sk_family == AF_INET6 && ipv6_addr_v4mapped(&sk->sk_v6_daddr);
#else
	return false;
#endif
}

/* An owed ACK would be sent twice or not at all if it moved. */
static inline void acc_send_owed_ack(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (inet_csk_ack_scheduled(sk) || tp->compressed_ack)
		__tcp_send_ack(sk, tp->rcv_nxt, 0);
}

/* Timers off; what has fired already finds nothing pending. */
static inline void acc_timers_off(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	tcp_clear_xmit_timers(sk);
	icsk->icsk_backoff = 0;
	icsk->icsk_probes_out = 0;
	icsk->icsk_retransmits = 0;
}

/* The probe timer that a send behind the closed window has armed. */
static inline void acc_probe_off(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	WRITE_ONCE(icsk->icsk_pending, 0);
	icsk->icsk_backoff = 0;
	icsk->icsk_probes_out = 0;
}

static inline unsigned long acc_left(unsigned long when)
{
	long left = when - jiffies;

	return left > 0 ? left : 0;
}

static inline unsigned long acc_keepalive_expires(const struct sock *sk)
{
	return inet_csk(sk)->icsk_keepalive_timer.expires;
}

/* Has urgent data been queued behind our back? Both are equal while offloaded. */
static inline bool acc_urgent_queued(const struct sock *sk)
{
	return tcp_sk(sk)->snd_up != tcp_sk(sk)->snd_una;
}

static inline void acc_set_una(struct sock *sk, u32 una)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->bytes_acked += una - tp->snd_una;
	/* else urgent data was queued, and the mark is the host's to send */
	if (tp->snd_up == tp->snd_una)
		tp->snd_up = una;
	/* read without a lock by tcp_v4_err() and SIOCOUTQ */
	WRITE_ONCE(tp->snd_una, una);
}

/* No segment is on its way as far as the host knows. */
static inline void acc_nothing_out(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->packets_out = 0;
	tp->retrans_out = 0;
	tp->sacked_out = 0;
	tp->lost_out = 0;
	tp->highest_sack = NULL;
	tp->undo_marker = 0;
	tp->undo_retrans = -1;
	tp->retrans_stamp = 0;
	tp->tlp_high_seq = 0;
	tp->prr_out = 0;
	tcp_clear_all_retrans_hints(tp);
	INIT_LIST_HEAD(&tp->tsorted_sent_queue);
}

/* Open state: recovery episodes end at the offload. */
static inline void acc_ca_open(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (icsk->icsk_ca_state == TCP_CA_Open)
		return;
	if (icsk->icsk_ca_ops->set_state)
		icsk->icsk_ca_ops->set_state(sk, TCP_CA_Open);
	icsk->icsk_ca_state = TCP_CA_Open;
}

/*
 * Early segments: the peer keeps them until they are acknowledged, so dropping them
 * loses nothing (RFC 2018, section 8).
 */
static inline void acc_drop_early(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct rb_node *p = rb_first(&tp->out_of_order_queue);

	while (p) {
		struct sk_buff *skb = rb_to_skb(p);

		p = rb_next(p);
		rb_erase(&skb->rbnode, &tp->out_of_order_queue);
		/* the rb_node shares memory with next, prev, dev */
		skb->next = NULL;
		skb->prev = NULL;
		skb->dev = NULL;
		kfree_skb(skb);
	}
	tp->ooo_last_skb = NULL;
	tp->rx_opt.num_sacks = 0;
	tp->rx_opt.dsack = 0;
}

/* An skb leaves a queue of the host's but stays charged to the socket. */
static inline void acc_tx_unlink_rtx(struct sock *sk, struct sk_buff *skb)
{
	tcp_rtx_queue_unlink(skb, sk);
	/* the rb_node shares memory with these */
	skb->next = NULL;
	skb->prev = NULL;
	skb->dev = NULL;
}

static inline void acc_tx_ready_for_queue(struct sk_buff *skb)
{
	INIT_LIST_HEAD(&skb->tcp_tsorted_anchor);
	tcp_skb_pcount_set(skb, 0);
	/* sent by somebody else: no round trip is measured on it */
	TCP_SKB_CB(skb)->sacked = TCPCB_REPAIRED;
	TCP_SKB_CB(skb)->tx.delivered_mstamp = 0;
}

static inline void acc_rx_fill(struct sk_buff *skb, u32 seq)
{
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	memset(cb, 0, sizeof(*cb));
	cb->seq = seq;
	cb->end_seq = seq + skb->len;
	cb->tcp_flags = TCPHDR_ACK;
	cb->has_rxtstamp = skb->tstamp || skb_hwtstamps(skb)->hwtstamp;
	skb->dev = NULL;
}

/* As tcp_v4_rcv() leaves it for whoever holds the socket. */
static inline void acc_segment_fill(struct sk_buff *skb, bool v6)
{
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	const struct tcphdr *th = (struct tcphdr *)skb->data;

	memset(cb, 0, sizeof(*cb));
	skb_reset_transport_header(skb);
	cb->seq = ntohl(th->seq);
	cb->end_seq = cb->seq + th->syn + th->fin + skb->len - th->doff * 4;
	cb->ack_seq = ntohl(th->ack_seq);
	cb->tcp_flags = tcp_flag_byte(th);
	cb->has_rxtstamp = skb->tstamp || skb_hwtstamps(skb)->hwtstamp;
#if IS_ENABLED(CONFIG_IPV6)
	if (v6) {
		cb->ip_dsfield = ipv6_get_dsfield(ipv6_hdr(skb));
		cb->header.h6.iif = skb->skb_iif;
		return;
	}
#endif
	cb->ip_dsfield = ipv4_get_dsfield(ip_hdr(skb));
	cb->header.h4.iif = skb->skb_iif;
}

/* The windows mean what they say only while the host does the work. */
static inline void acc_rx_advance(struct sock *sk, u32 rcv_nxt)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->bytes_received += rcv_nxt - tp->rcv_nxt;
	WRITE_ONCE(tp->rcv_nxt, rcv_nxt);
	tp->rcv_wup = rcv_nxt;
	/* wide: tcp_cleanup_rbuf() sees no reason to open it */
	tp->rcv_wnd = tp->window_clamp;
}

/* Lets the host send, or take as sent while in repair, what it has queued. */
static inline void acc_push(struct sock *sk, struct proto *base)
{
	local_bh_disable();
	bh_lock_sock(sk);
	if (!test_and_set_bit(TCP_TSQ_DEFERRED, &sk->sk_tsq_flags))
		sock_hold(sk);
	base->release_cb(sk);
	bh_unlock_sock(sk);
	local_bh_enable();
}

/* What is queued goes to the retransmit queue as sent, and not to the network. */
static inline void acc_push_as_sent(struct sock *sk, struct proto *base)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u8 queue = tp->repair_queue;
	bool probing = icsk->icsk_mtup.enabled;

	icsk->icsk_mtup.enabled = 0;
	tp->repair = 1;
	tp->repair_queue = TCP_SEND_QUEUE;
	acc_push(sk, base);
	tp->repair_queue = queue;
	tp->repair = 0;
	icsk->icsk_mtup.enabled = probing;
}

/* Names and meanings this file relies on. */
static_assert(sizeof_field(struct tcp_sock, snd_wnd) == 4);
static_assert(sizeof_field(struct tcp_sock, rcv_wup) == 4);
static_assert(sizeof_field(struct tcp_sock, tsoffset) == 4);
static_assert(sizeof_field(struct tcp_sock, srtt_us) == 4);
static_assert(sizeof(struct tcp_skb_cb) <= sizeof_field(struct sk_buff, cb));
static_assert(offsetof(struct tcp_sock, inet_conn) == 0);
static_assert(offsetof(struct inet_connection_sock, icsk_inet) == 0);
/* the anchor of the time-sorted list lies over destructor and dst */
static_assert(offsetof(struct sk_buff, tcp_tsorted_anchor) ==
	      offsetof(struct sk_buff, _skb_refdst));
static_assert(TCP_SEND_QUEUE != TCP_NO_QUEUE);

#endif /* _TOE_HOST_ACCESS_H */
