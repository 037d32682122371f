// SPDX-License-Identifier: GPL-2.0
/*
 * From a target back to the host (toe.md 5.10).
 *
 * Whoever starts it, the core terminates the connection and tells by
 * toe_conn_uploaded(), in a context that may not have the socket lock. What came home is
 * kept in the toe_sock; rebuild() makes the host's state of it, in the context of who
 * holds the socket: a socket call that waits for it, or the work.
 *
 * The send queue goes home as the skbs that came: those below the highest byte sent are
 * taken by the host as sent (its own repair mode sees to the counts, the time-sorted
 * list and the timer), the rest waits in its write queue.
 */
#include <linux/skbuff_ref.h>
#include <linux/slab.h>

#include "access.h"
#include "net.h"

static void swap_out(struct toe_sock *ts, struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	/* nothing stacks on an offloaded socket: its ULP is taken, see calls.c */
	if (!WARN_ON_ONCE(!toe_prot_is_ours(sk->sk_prot)))
		WRITE_ONCE(sk->sk_prot, ts->base);
	WRITE_ONCE(sk->sk_backlog_rcv, ts->base_backlog_rcv);
	/* pairs with toe_sock_of(): who finds us no more finds the host's functions */
	smp_store_release(&icsk->icsk_af_ops, ts->base_af_ops);
	if (icsk->icsk_ulp_ops == &toe_shadow_ulp)
		icsk->icsk_ulp_ops = NULL;
	if (sk->sk_socket)
		clear_bit(SOCK_CUSTOM_SOCKOPT, &sk->sk_socket->flags);
	WRITE_ONCE(sk->sk_pacing_rate, ts->pacing);
}

/* What it is charged for stays as it is. */
static int unclone(struct sk_buff *skb)
{
	unsigned int truesize = skb->truesize;
	int err = skb_cloned(skb) ? pskb_expand_head(skb, 0, 0, GFP_KERNEL) : 0;

	skb->truesize = truesize;
	return err;
}

/* The first @len bytes of an skb of the send queue are acknowledged. */
static void trim_front(struct sk_buff *skb, u32 len)
{
	struct skb_shared_info *info;
	u32 eat, left = len;
	unsigned int i, k = 0;

	/* a clone may be on its way to the network; without memory it stays as it is */
	if (unclone(skb))
		return;
	eat = min(left, skb_headlen(skb));
	__skb_pull(skb, eat);
	left -= eat;
	info = skb_shinfo(skb);
	skb->data_len -= left;
	skb->len -= left;
	for (i = 0; i < info->nr_frags; i++) {
		u32 size = skb_frag_size(&info->frags[i]);

		if (size <= left) {
			skb_frag_unref(skb, i);
			left -= size;
			continue;
		}
		info->frags[k] = info->frags[i];
		skb_frag_off_add(&info->frags[k], left);
		skb_frag_size_sub(&info->frags[k], left);
		left = 0;
		k++;
	}
	info->nr_frags = k;
	TCP_SKB_CB(skb)->seq += len;
}

/* [@seq, end) of @skb as an skb of its own; NULL: no memory. */
static struct sk_buff *split(struct sock *sk, struct sk_buff *skb, u32 seq)
{
	u32 first = seq - TCP_SKB_CB(skb)->seq, rest = skb->len - first;
	struct sk_buff *skb2;

	if (unclone(skb))
		return NULL;
	skb2 = alloc_skb_fclone(MAX_TCP_HEADER + skb_headlen(skb), GFP_KERNEL);
	if (!skb2)
		return NULL;
	skb_reserve(skb2, MAX_TCP_HEADER);
	skb2->truesize = SKB_TRUESIZE(skb_end_offset(skb2));
	sk_wmem_queued_add(sk, skb2->truesize);
	sk_mem_charge(sk, skb2->truesize);
	skb_split(skb, skb2, first);
	skb2->ip_summed = CHECKSUM_PARTIAL;
	skb2->tstamp = skb->tstamp;
	skb2->truesize += rest;
	skb->truesize -= rest;
	*TCP_SKB_CB(skb2) = *TCP_SKB_CB(skb);
	TCP_SKB_CB(skb2)->seq = seq;
	TCP_SKB_CB(skb)->end_seq = seq;
	TCP_SKB_CB(skb)->tcp_flags &= ~TCPHDR_PSH;
	TCP_SKB_CB(skb)->eor = 0;
	return skb2;
}

/* What is acknowledged, sent, not sent. @max: the highest byte sent, plus 1. */
static void sort(struct sock *sk, struct sk_buff_head *queue, u32 una, u32 max,
		 struct sk_buff_head *sent, struct sk_buff_head *unsent)
{
	struct sk_buff *skb, *rest;

	while ((skb = __skb_dequeue(queue))) {
		struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

		if (!after(cb->end_seq, una)) {
			tcp_wmem_free_skb(sk, skb);
			continue;
		}
		if (before(cb->seq, una))
			trim_front(skb, una - cb->seq);
		rest = before(cb->seq, max) && after(cb->end_seq, max) ? split(sk, skb, max) : NULL;
		acc_tx_ready_for_queue(skb);
		/* without memory for a split: all of it counts as sent (5.4) */
		__skb_queue_tail(before(cb->seq, max) ? sent : unsent, skb);
		if (rest) {
			acc_tx_ready_for_queue(rest);
			TCP_SKB_CB(rest)->sacked = 0;
			__skb_queue_tail(unsent, rest);
		}
	}
	skb_queue_walk(unsent, skb)
		TCP_SKB_CB(skb)->sacked = 0;
}

/* Windows, sequence numbers: before the queues. */
static void restore_windows(struct toe_sock *ts, struct sock *sk)
{
	const struct toe_conn_delegated *d = &ts->d;
	struct tcp_sock *tp = tcp_sk(sk);
	u32 mss = max_t(u32, tp->mss_cache, 1);

	acc_set_una(sk, d->snd_una);
	WRITE_ONCE(tp->snd_nxt, d->snd_una);
	tp->snd_sml = d->snd_una;
	tp->pushed_seq = d->snd_una;
	tp->snd_wnd = d->snd_wnd;
	tp->max_window = max(tp->max_window, d->max_snd_wnd);
	tp->snd_wl1 = d->snd_wl1;
	tcp_snd_cwnd_set(tp, clamp_t(u32, d->cwnd / mss, 1, tp->snd_cwnd_clamp));
	tp->snd_ssthresh = d->ssthresh == U32_MAX ? TCP_INFINITE_SSTHRESH :
			   max_t(u32, d->ssthresh / mss, 2);
	tp->rcv_wup = tp->rcv_nxt;
	tp->rcv_wnd = d->rcv_wnd;
	tp->pred_flags = 0;
}

static void restore_clocks(struct toe_sock *ts, struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct toe_conn_delegated *d = &ts->d;
	struct tcp_sock *tp = tcp_sk(sk);
	struct toe_params p;
	u32 tick;

	toe_target_get_params(ts->st->t, &p);
	tick = USEC_PER_SEC / p.ticks_per_second;
	/* in ticks they are less than the host knows by itself, if nothing was measured */
	if (!ts->same_rtt && d->srtt && (d->srtt > 1 || !tp->srtt_us)) {
		tp->srtt_us = d->srtt * tick;
		tp->rttvar_us = max_t(u32, d->rttvar * tick, tcp_rto_min_us(sk));
		tp->mdev_us = d->rttvar * tick;
		tp->mdev_max_us = tp->rttvar_us;
	}
	if (tp->srtt_us)
		icsk->icsk_rto = min_t(u32, __tcp_set_rto(tp), TCP_RTO_MAX);
	if (tp->rx_opt.tstamp_ok) {
		tp->rx_opt.ts_recent = d->ts_recent;
		tp->rx_opt.ts_recent_stamp = ktime_get_seconds() -
					     d->ts_recent_age / p.ticks_per_second;
		tp->tsoffset = d->ts_time - tcp_clock_ts(tp->tcp_usec_ts);
	}
	tp->rcv_tstamp = tcp_jiffies32;
	tp->lsndtime = tcp_jiffies32;
}

/*
 * The target gave no state. Every byte not acknowledged and every byte received is here;
 * bytes that may have been sent count as sent (5.4).
 */
static void guess(struct toe_sock *ts, struct sock *sk)
{
	struct toe_conn_delegated *d = &ts->d;
	struct tcp_sock *tp = tcp_sk(sk);
	struct toe_tx *tx = list_first_entry_or_null(&ts->txq, struct toe_tx, link);
	u32 una = tp->snd_una, space = max(tcp_space(sk), 0), max;

	/* an ended request has been advanced by what was acknowledged of it */
	if (tx && tx->send.bytes)
		una = TCP_SKB_CB(tx->skb)->end_seq - iov_iter_count(&tx->send.iter);
	if (before(una, tp->snd_una))
		una = tp->snd_una;
	max = una + max(tp->max_window, ts->snd_wnd);
	if (after(max, tp->snd_nxt))
		max = tp->snd_nxt;
	*d = (struct toe_conn_delegated){
		.snd_una = una,
		.snd_max = max,
		.snd_wnd = max_t(u32, ts->snd_wnd, tp->mss_cache),
		.max_snd_wnd = tp->max_window,
		.snd_wl1 = tp->rcv_nxt - 1,
		.cwnd = 10 * tp->mss_cache,
		.ssthresh = U32_MAX,
		.rcv_wnd = after(ts->edge, tp->rcv_nxt + space) ? ts->edge - tp->rcv_nxt : space,
		.ts_recent = tp->rx_opt.ts_recent,
		.ts_time = tcp_clock_ts(tp->tcp_usec_ts) + tp->tsoffset,
		.rt_delta = TOE_TIMER_OFF,
		.ka_delta = TOE_TIMER_OFF,
	};
	ts->stats.rebuilt++;
}

static void restart_timers(struct toe_sock *ts, struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct toe_conn_delegated *d = &ts->d;
	struct toe_params p;
	u64 ms;

	toe_target_get_params(ts->st->t, &p);
	if (sock_flag(sk, SOCK_KEEPOPEN) && sk->sk_state != TCP_CLOSE)
		inet_csk_reset_keepalive_timer(sk, keepalive_time_when(tcp_sk(sk)));
	if (tcp_sk(sk)->packets_out && d->rt_delta != TOE_TIMER_OFF) {
		ms = div_u64((u64)d->rt_delta * MSEC_PER_SEC, p.ticks_per_second);
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS,
					  max(msecs_to_jiffies(ms), 1UL), TCP_RTO_MAX);
	} else if (!tcp_sk(sk)->packets_out && tcp_send_head(sk) && !icsk->icsk_pending) {
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0, tcp_probe0_base(sk), TCP_RTO_MAX);
	}
}

/* Send queue and send state. Socket owned, its pointers are the host's again. */
static void restore_send(struct toe_sock *ts, struct sock *sk, struct sk_buff_head *queue)
{
	struct sk_buff_head sent, unsent, rest;
	struct tcp_sock *tp = tcp_sk(sk);

	__skb_queue_head_init(&sent);
	__skb_queue_head_init(&unsent);
	__skb_queue_head_init(&rest);
	acc_probe_off(sk);
	acc_nothing_out(sk);
	sort(sk, queue, ts->d.snd_una, ts->d.snd_max, &sent, &unsent);
	restore_windows(ts, sk);
	restore_clocks(ts, sk);
	acc_ca_open(sk);
	skb_queue_splice_init(&sk->sk_write_queue, &rest);
	if (!skb_queue_empty(&sent)) {
		skb_queue_splice_tail_init(&sent, &sk->sk_write_queue);
		acc_push_as_sent(sk, ts->base);
		WARN_ON_ONCE(tcp_send_head(sk) && sk->sk_state != TCP_CLOSE);
	}
	tp->high_seq = tp->snd_nxt;
	tp->rtt_seq = tp->snd_nxt;
	skb_queue_splice_tail_init(&unsent, &sk->sk_write_queue);
	skb_queue_splice_tail_init(&rest, &sk->sk_write_queue);
	if (sk->sk_state == TCP_CLOSE)
		return;
	if (tcp_send_head(sk))
		acc_push(sk, ts->base);
	restart_timers(ts, sk);
}

static void return_loans(struct toe_sock *ts)
{
	LIST_HEAD(back);

	list_splice_init(&ts->loans, &back);
	toe_rx_return(&back);
}

static void restore_recv(struct toe_sock *ts, struct sock *sk)
{
	struct sk_buff *skb;
	bool some = false;

	toe_xfer_run(ts, false);
	while ((skb = __skb_dequeue(&ts->buffered))) {
		toe_xfer_bytes(ts, skb);
		some = true;
	}
	return_loans(ts);
	if (ts->d_ok && ts->d.rcv_nxt != tcp_sk(sk)->rcv_nxt)
		pr_warn_ratelimited("toe: %s returned a connection at %u, delivered up to %u\n",
				    ts->net->name, ts->d.rcv_nxt, tcp_sk(sk)->rcv_nxt);
	if (some)
		sk->sk_data_ready(sk);
}

/* What waited for the socket to be the host's. Socket owned. */
static void feed(struct toe_sock *ts)
{
	struct sk_buff_head hold;
	struct sk_buff *skb;

	__skb_queue_head_init(&hold);
	spin_lock_bh(&ts->lock);
	skb_queue_splice_init(&ts->hold, &hold);
	ts->hold_bytes = 0;
	spin_unlock_bh(&ts->lock);
	while ((skb = __skb_dequeue(&hold))) {
		if (ts->sk->sk_state == TCP_CLOSE) {
			kfree_skb(skb);
			continue;
		}
		ts->stats.passed_up++;
		toe_host_input(ts, skb);
	}
}

static void forget_objects(struct toe_sock *ts)
{
	struct toe_route *r = ts->route;

	toe_obj_put(ts->conn);
	ts->conn = NULL;
	ts->route = NULL;
	if (r)
		toe_route_put(r);
}

/* Socket owned, @home complete. */
static void rebuild(struct toe_sock *ts)
{
	struct sk_buff_head queue;
	struct sock *sk = ts->sk;

	__skb_queue_head_init(&queue);
	restore_recv(ts, sk);
	if (!ts->d_ok)
		guess(ts, sk);
	swap_out(ts, sk);
	toe_txq_take(ts, &queue);
	restore_send(ts, sk, &queue);
	spin_lock_bh(&ts->lock);
	ts->state = TOE_SOCK_HOST;
	ts->running = false;
	ts->moved = ktime_get();
	ts->stats.uploads++;
	spin_unlock_bh(&ts->lock);
	feed(ts);
	if (!ts->d_ok && sk->sk_state == TCP_ESTABLISHED)
		__tcp_send_ack(sk, tcp_sk(sk)->rcv_nxt, 0);
	forget_objects(ts);
	if (sk->sk_socket && test_bit(SOCK_NOSPACE, &sk->sk_socket->flags))
		sk->sk_write_space(sk);
	toe_nl_event(ts, TOE_HOST_EV_UPLOADED);
}

/*
 * The target does not answer in time. The host goes on without it; what the target has
 * of the connection stays its until it does answer. The toe_sock stays with that, the
 * socket gets a new one at its next offload.
 */
static void rebuild_alone(struct toe_sock *ts)
{
	struct sk_buff_head queue;
	struct sock *sk = ts->sk;

	pr_warn_ratelimited("toe: %s does not return a connection, going on without it\n",
			    ts->net->name);
	__skb_queue_head_init(&queue);
	toe_nl_event(ts, TOE_HOST_EV_STUCK);
	ts->d_ok = false;
	restore_recv(ts, sk);
	guess(ts, sk);
	swap_out(ts, sk);
	toe_abandon(ts, &queue);
	/* what came until then */
	toe_xfer_run(ts, false);
	return_loans(ts);
	restore_send(ts, sk, &queue);
	ts->moved = ktime_get();
	ts->stats.uploads++;
	feed(ts);
	if (sk->sk_state == TCP_ESTABLISHED)
		__tcp_send_ack(sk, tcp_sk(sk)->rcv_nxt, 0);
	toe_nl_event(ts, TOE_HOST_EV_UPLOADED);
}

static bool begin(struct toe_sock *ts, enum toe_reason reason)
{
	bool away;

	spin_lock_bh(&ts->lock);
	away = ts->state >= TOE_SOCK_HOLD && ts->state <= TOE_SOCK_UPLOADING;
	if (away && ts->state != TOE_SOCK_UPLOADING) {
		ts->state = TOE_SOCK_UPLOADING;
		ts->reason = reason;
	}
	spin_unlock_bh(&ts->lock);
	return away;
}

void toe_upload_locked(struct toe_sock *ts, enum toe_reason reason)
{
	if (!begin(ts, reason))
		return;
	toe_upload(ts->conn, reason);
	if (wait_for_completion_timeout(&ts->home, msecs_to_jiffies(TOE_HOST_WAIT_MS)))
		rebuild(ts);
	else
		rebuild_alone(ts);
}

void toe_upload_work(struct toe_sock *ts, enum toe_reason want)
{
	u8 state = READ_ONCE(ts->state);

	if (state == TOE_SOCK_DEAD) {
		if (ts->conn && completion_done(&ts->home))
			forget_objects(ts);
		return;
	}
	if (want)
		toe_upload_locked(ts, want);
	else if (state >= TOE_SOCK_HOLD && state <= TOE_SOCK_UPLOADING &&
		 completion_done(&ts->home))
		rebuild(ts);
	state = READ_ONCE(ts->state);
	if (state == TOE_SOCK_HOST)
		feed(ts);
	else if (state == TOE_SOCK_OFFLOADED)
		toe_cached_update(ts);
}

void toe_upload_later(struct toe_sock *ts, enum toe_reason reason)
{
	spin_lock_bh(&ts->lock);
	if (!ts->want)
		ts->want = reason;
	spin_unlock_bh(&ts->lock);
	toe_sock_queue(ts);
}

void toe_conn_uploading(struct toe_obj *obj, void *priv, enum toe_reason reason)
{
	begin(priv, reason);
}

void toe_conn_uploaded(struct toe_obj *obj, void *priv, struct toe_block *b)
{
	struct toe_conn_delegated *d = toe_block_state(b, TOE_STATE_DELEGATED);
	struct toe_sock *ts = priv;

	spin_lock_bh(&ts->lock);
	/* of a dead one the requests end by their done() */
	if (ts->state != TOE_SOCK_DEAD) {
		LIST_HEAD(mine);

		list_splice_init(&b->sends, &mine);
		while (!list_empty(&mine))
			list_del_init(mine.next);
		ts->same_rtt = d->srtt == ts->d.srtt && d->rttvar == ts->d.rttvar;
		ts->d = *d;
		ts->d.buffered = NULL;
		ts->d_ok = b->status == TOE_SUCCESS;
		if (ts->d_ok && d->buffered)
			skb_queue_splice_tail_init(d->buffered, &ts->buffered);
	}
	spin_unlock_bh(&ts->lock);
	toe_conn_gone(ts);
}

void toe_conn_gone(struct toe_sock *ts)
{
	complete_all(&ts->home);
	toe_sock_queue(ts);
	/* what the core had */
	toe_sock_put(ts);
}

void toe_conn_segment(struct toe_obj *obj, void *priv, struct sk_buff *skb)
{
	toe_hold_segment(priv, skb);
}

void toe_conn_stuck(struct toe_obj *obj, void *priv, enum toe_op_type type)
{
	toe_nl_event(priv, TOE_HOST_EV_STUCK);
}

/* Socket locked, nothing of it has moved. */
void toe_offload_overdue(struct toe_sock *ts)
{
	struct toe_tx *tx, *next;

	spin_lock_bh(&ts->lock);
	ts->state = TOE_SOCK_DEAD;
	ts->refusal = TOE_REFUSE_TIMEOUT;
	list_for_each_entry_safe(tx, next, &ts->txq, link) {
		list_del_init(&tx->link);
		tx->kept = skb_clone(tx->skb, GFP_ATOMIC | __GFP_NOFAIL);
		tx->skb = NULL;
	}
	spin_unlock_bh(&ts->lock);
	toe_upload(ts->conn, TOE_HOST_ASKED);
	toe_nl_event(ts, TOE_HOST_EV_STUCK);
}

/* From the socket's destroy(): slock, or owned by nobody else. Must not sleep. */
void toe_sock_destroyed(struct toe_sock *ts)
{
	struct sock *sk = ts->sk;

	toe_xfer_run(ts, false);
	swap_out(ts, sk);
	toe_abandon(ts, NULL);
	toe_xfer_run(ts, false);
	return_loans(ts);
	spin_lock_bh(&ts->lock);
	ts->reason = TOE_HOST_ASKED;
	__skb_queue_purge(&ts->hold);
	ts->hold_bytes = 0;
	__skb_queue_purge(&ts->buffered);
	spin_unlock_bh(&ts->lock);
	toe_upload(ts->conn, TOE_HOST_ASKED);
	toe_sock_queue(ts);
}

unsigned int toe_host_upload(struct toe_move *m, unsigned int n)
{
	unsigned int i, moved = 0;

	for (i = 0; i < n; i++) {
		struct sock *sk = m[i].sk;
		struct toe_sock *ts;

		m[i].err = -ENOTCONN;
		m[i].refusal = TOE_REFUSE_NONE;
		if (!sk_is_tcp(sk))
			continue;
		lock_sock(sk);
		ts = toe_sock_of(sk);
		if (ts) {
			toe_upload_locked(ts, TOE_HOST_ASKED);
			m[i].err = 0;
			moved++;
		}
		release_sock(sk);
	}
	return moved;
}

static bool goes_by(struct toe_sock *ts, const struct net_device *dev)
{
	return !dev || (ts->route && toe_route_dev(ts->route) == dev);
}

void toe_upload_net(struct toe_net *tn, const struct net_device *dev, enum toe_reason reason)
{
	struct toe_sock *ts;
	struct sock *sk;
	u64 pos = 0;

	while ((ts = toe_socks_next(tn, &pos))) {
		sk = READ_ONCE(ts->state) == TOE_SOCK_HOST ? NULL : toe_sock_hold(ts);
		if (sk) {
			lock_sock(sk);
			if (goes_by(ts, dev))
				toe_upload_locked(ts, reason);
			release_sock(sk);
			sock_put(sk);
		}
		toe_sock_put(ts);
	}
}
