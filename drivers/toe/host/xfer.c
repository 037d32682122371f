// SPDX-License-Identifier: GPL-2.0
/*
 * Bytes of an offloaded socket.
 *
 *	sk_write_queue -> txq -> target -> acked -> freed, snd_una moves
 *	target -> pending -> sk_receive_queue, loans -> read -> returned
 *
 * Everything left of an arrow that concerns the socket is done by toe_xfer_run(), with
 * the socket's spin lock held. The target's side only adds to @pending and @acked and
 * kicks: it may run inside of what toe_xfer_run() itself called, so it can but try the
 * lock. Whoever adds under @lock while @running is set is heard, since the runner looks
 * at the lists under that lock before he clears it.
 */
#include <linux/slab.h>

#include "access.h"
#include "net.h"

static unsigned int count_pieces(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->nr_frags + !!skb_headlen(skb);
}

static void fill_pieces(struct toe_tx *tx, struct sk_buff *skb)
{
	struct skb_shared_info *info = skb_shinfo(skb);
	unsigned int i, n = 0;

	if (skb_headlen(skb))
		bvec_set_page(&tx->bv[n++], virt_to_page(skb->data), skb_headlen(skb),
			      offset_in_page(skb->data));
	for (i = 0; i < info->nr_frags; i++)
		bvec_set_page(&tx->bv[n++], skb_frag_page(&info->frags[i]),
			      skb_frag_size(&info->frags[i]), skb_frag_off(&info->frags[i]));
	iov_iter_bvec(&tx->send.iter, ITER_SOURCE, tx->bv, n, skb->len);
}

struct toe_tx *toe_tx_make(struct toe_sock *ts, struct sk_buff *skb, u32 skip, gfp_t gfp)
{
	struct toe_tx *tx = kzalloc(struct_size(tx, bv, count_pieces(skb)), gfp | __GFP_NOWARN);

	if (!tx)
		return NULL;
	tx->ts = ts;
	tx->skb = skb;
	tx->send.done = toe_tx_done;
	fill_pieces(tx, skb);
	iov_iter_advance(&tx->send.iter, skip);
	return tx;
}

static void free_tx(struct toe_tx *tx)
{
	kfree_skb(tx->kept);
	kfree(tx);
}

/*
 * &toe_send.done. Acknowledged: it leaves the queue. Otherwise the host finishes it and
 * finds it in @txq. Without an skb the host did not wait for it (toe_abandon()).
 */
void toe_tx_done(struct toe_send *s)
{
	struct toe_tx *tx = container_of(s, struct toe_tx, send);
	struct toe_sock *ts = tx->ts;
	bool acked = s->status == TOE_SUCCESS;
	bool left;

	spin_lock_bh(&ts->lock);
	left = !tx->skb;
	if (!left && acked)
		list_move_tail(&tx->link, &ts->acked);
	spin_unlock_bh(&ts->lock);
	if (left)
		free_tx(tx);
	else if (acked)
		toe_xfer_kick(ts);
}

static u32 indicate(struct toe_conn *conn, void *priv, struct toe_rx *rx)
{
	struct toe_sock *ts = priv;
	LIST_HEAD(list);

	spin_lock_bh(&ts->lock);
	if (ts->state != TOE_SOCK_DEAD) {
		list_add_tail(&rx->link, &ts->pending);
		spin_unlock_bh(&ts->lock);
		toe_xfer_kick(ts);
		return TOE_SUCCESS;
	}
	spin_unlock_bh(&ts->lock);
	/* nobody reads any more */
	return TOE_DATA_NOT_ACCEPTED;
}

const struct toe_consumer_ops toe_sock_consumer = {
	.indicate = indicate,
};

void toe_xfer_kick(struct toe_sock *ts)
{
	struct sock *sk;

	/* pairs with the last look of toe_xfer_run() */
	spin_lock_bh(&ts->lock);
	sk = ts->running || ts->state == TOE_SOCK_DEAD ? NULL : ts->sk;
	if (sk)
		sock_hold(sk);
	spin_unlock_bh(&ts->lock);
	if (!sk)
		return;
	local_bh_disable();
	if (!spin_trylock(&sk->sk_lock.slock)) {
		toe_sock_queue(ts);
	} else {
		/* its owner runs release_cb() */
		if (!sock_owned_by_user_nocheck(sk))
			toe_xfer_run(ts, true);
		spin_unlock(&sk->sk_lock.slock);
	}
	local_bh_enable();
	sock_put(sk);
}

/* Under pressure the bytes are kept uncharged: they are acknowledged. */
static void charge(struct sock *sk, struct sk_buff *skb)
{
	skb_orphan(skb);
	if (sk_rmem_schedule(sk, skb, skb->truesize))
		skb_set_owner_r(skb, sk);
}

void toe_xfer_bytes(struct toe_sock *ts, struct sk_buff *skb)
{
	struct sock *sk = ts->sk;
	u32 len = skb->len;

	skb_dst_drop(skb);
	acc_rx_fill(skb, tcp_sk(sk)->rcv_nxt);
	charge(sk, skb);
	__skb_queue_tail(&sk->sk_receive_queue, skb);
	acc_rx_advance(sk, tcp_sk(sk)->rcv_nxt + len);
	ts->stats.rx_bytes += len;
}

/* True: there is something to read. */
static bool deliver(struct toe_sock *ts, struct sock *sk, struct list_head *pending)
{
	struct toe_rx *rx, *next;
	struct sk_buff *skb;
	bool some = false;

	list_for_each_entry_safe(rx, next, pending, link) {
		if (list_empty(&ts->loans))
			ts->loan_seq = tcp_sk(sk)->rcv_nxt;
		while ((skb = __skb_dequeue(&rx->skbs)))
			toe_xfer_bytes(ts, skb);
		list_move_tail(&rx->link, &ts->loans);
		some = true;
	}
	return some;
}

/* The window opens as the program reads. */
static void collect_read(struct toe_sock *ts, struct sock *sk, struct list_head *back)
{
	struct toe_rx *rx, *next;
	u32 read = tcp_sk(sk)->copied_seq;

	list_for_each_entry_safe(rx, next, &ts->loans, link) {
		if (before(read, ts->loan_seq + rx->length))
			break;
		ts->loan_seq += rx->length;
		list_move_tail(&rx->link, back);
	}
}

static bool reap(struct toe_sock *ts, struct sock *sk, struct list_head *acked)
{
	struct toe_tx *tx, *next;
	bool some = false;

	list_for_each_entry_safe(tx, next, acked, link) {
		list_del(&tx->link);
		acc_set_una(sk, TCP_SKB_CB(tx->skb)->end_seq);
		tcp_wmem_free_skb(sk, tx->skb);
		tx->skb = NULL;
		free_tx(tx);
		some = true;
	}
	return some;
}

/* As tcp_check_space(): who waits for room has said so. */
static void tell_writers(struct sock *sk)
{
	struct socket *sock = sk->sk_socket;
	int limit = READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_wmem[2]);

	/* pairs with tcp_poll() */
	smp_mb();
	if (!sock || !test_bit(SOCK_NOSPACE, &sock->flags))
		return;
	/* the target's windows decide how much is useful, so let it grow */
	if (!(sk->sk_userlocks & SOCK_SNDBUF_LOCK) && sk->sk_sndbuf < limit &&
	    !tcp_under_memory_pressure(sk))
		WRITE_ONCE(sk->sk_sndbuf, min(sk->sk_sndbuf * 2, limit));
	sk->sk_write_space(sk);
}

/* What can go as it is; everything else is for the host to send. */
static bool can_go(const struct sock *sk, struct sk_buff *skb)
{
	return !(TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN) && !skb_zcopy(skb) &&
	       !acc_urgent_queued(sk);
}

static int post(struct toe_sock *ts, struct sock *sk, struct sk_buff *skb)
{
	bool more = !skb_queue_is_last(&sk->sk_write_queue, skb);
	struct toe_tx *tx = toe_tx_make(ts, skb, 0, GFP_ATOMIC);
	u32 end = TCP_SKB_CB(skb)->end_seq, len = skb->len;
	int err;

	if (!tx)
		return -ENOMEM;
	tcp_unlink_write_queue(skb, sk);
	if (more)
		tx->send.flags = TOE_SEND_DEFER;
	spin_lock_bh(&ts->lock);
	list_add_tail(&tx->link, &ts->txq);
	spin_unlock_bh(&ts->lock);
	err = toe_send(toe_conn_of(ts->conn), &tx->send);
	if (err) {
		spin_lock_bh(&ts->lock);
		list_del(&tx->link);
		spin_unlock_bh(&ts->lock);
		acc_tx_ready_for_queue(skb);
		__skb_queue_head(&sk->sk_write_queue, skb);
		kfree(tx);
		return err;
	}
	/* may be acknowledged and freed already */
	WRITE_ONCE(tcp_sk(sk)->snd_nxt, end);
	ts->stats.tx_bytes += len;
	return 0;
}

static void want_upload(struct toe_sock *ts)
{
	toe_upload_later(ts, TOE_CONSUMER_ASKED);
}

static void harvest(struct toe_sock *ts, struct sock *sk)
{
	struct sk_buff *skb;
	int err = 0;

	if (!tcp_send_head(sk))
		return;
	/* an empty one at the tail is being filled */
	while (!err && (skb = tcp_send_head(sk)) && skb->len) {
		if (!can_go(sk, skb)) {
			want_upload(ts);
			break;
		}
		err = post(ts, sk, skb);
	}
	/* the last one shown may have been marked for a chain that ended here */
	if (tcp_send_head(sk))
		toe_send_flush(toe_conn_of(ts->conn));
	if (err == -ENOMEM)
		want_upload(ts);
	acc_probe_off(sk);
}

static bool is_live(const struct toe_sock *ts)
{
	return ts->state == TOE_SOCK_OFFLOADED || ts->state == TOE_SOCK_HOLD;
}

/* The host did what it cannot do with an offloaded socket, see calls.c. */
static bool strayed(const struct sock *sk)
{
	return sk->sk_state != TCP_ESTABLISHED || (sk->sk_shutdown & SEND_SHUTDOWN) ||
	       acc_urgent_queued(sk);
}

/* One turn; false: nothing was pending. */
static bool turn(struct toe_sock *ts, struct sock *sk)
{
	LIST_HEAD(pending);
	LIST_HEAD(acked);
	bool readable, room;

	spin_lock_bh(&ts->lock);
	list_splice_init(&ts->pending, &pending);
	list_splice_init(&ts->acked, &acked);
	ts->running = !list_empty(&pending) || !list_empty(&acked);
	spin_unlock_bh(&ts->lock);
	if (list_empty(&pending) && list_empty(&acked))
		return false;
	readable = deliver(ts, sk, &pending);
	room = reap(ts, sk, &acked);
	if (room)
		tell_writers(sk);
	if (readable && (tcp_epollin_ready(sk, sk->sk_rcvlowat) || sock_flag(sk, SOCK_DONE)))
		sk->sk_data_ready(sk);
	return true;
}

static void set_running(struct toe_sock *ts)
{
	spin_lock_bh(&ts->lock);
	ts->running = true;
	spin_unlock_bh(&ts->lock);
}

/* The host lets the buffer grow with the speed of the reader; the target has to know. */
static void watch_window(struct toe_sock *ts, const struct sock *sk)
{
	if (toe_window(sk) / 2 < ts->cached.initial_rcv_wnd ||
	    !is_live(ts) || work_pending(&ts->work))
		return;
	toe_sock_queue(ts);
}

void toe_xfer_run(struct toe_sock *ts, bool send)
{
	struct sock *sk = ts->sk;
	LIST_HEAD(back);

	set_running(ts);
	do {
		if (send && is_live(ts)) {
			if (strayed(sk))
				want_upload(ts);
			else
				harvest(ts, sk);
		}
		collect_read(ts, sk, &back);
		if (!list_empty(&back)) {
			toe_rx_return(&back);
			watch_window(ts, sk);
		}
	} while (turn(ts, sk));
}

/*
 * Segments that may neither go to the target nor to the host now. As many as the
 * backlog of a socket would take; the peer repeats what is beyond that.
 */
static bool hold_locked(struct toe_sock *ts, struct sk_buff *skb)
{
	struct sock *sk = ts->sk;
	u32 limit = SZ_64K;

	if (sk)
		limit += 2 * READ_ONCE(sk->sk_rcvbuf) + READ_ONCE(sk->sk_sndbuf) / 2;
	if (ts->hold_bytes + skb->truesize > limit)
		return false;
	ts->hold_bytes += skb->truesize;
	__skb_queue_tail(&ts->hold, skb);
	return true;
}

void toe_hold_segment(struct toe_sock *ts, struct sk_buff *skb)
{
	bool host = false, taken = false;

	spin_lock_bh(&ts->lock);
	if (ts->state != TOE_SOCK_DEAD)
		taken = hold_locked(ts, skb);
	host = ts->state == TOE_SOCK_HOST;
	spin_unlock_bh(&ts->lock);
	if (!taken)
		kfree_skb(skb);
	else if (host)
		toe_sock_queue(ts);
}

/* Socket owned, connection in the host. */
void toe_host_input(struct toe_sock *ts, struct sk_buff *skb)
{
	if (!pskb_may_pull(skb, sizeof(struct tcphdr)) ||
	    !pskb_may_pull(skb, tcp_hdrlen(skb))) {
		kfree_skb(skb);
		return;
	}
	acc_segment_fill(skb, ts->v6);
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	ts->base_backlog_rcv(ts->sk, skb);
}

/* The core has given them back, so the requests end here. */
void toe_txq_take(struct toe_sock *ts, struct sk_buff_head *queue)
{
	struct toe_tx *tx, *next;

	spin_lock_bh(&ts->lock);
	list_for_each_entry_safe(tx, next, &ts->txq, link) {
		list_del(&tx->link);
		__skb_queue_tail(queue, tx->skb);
		kfree(tx);
	}
	spin_unlock_bh(&ts->lock);
}

/*
 * @queue: NULL: the socket dies, its memory is no longer charged for what the target
 * may still read. Else: the skbs go to @queue, in order, and what keeps their bytes
 * is left with the requests. Socket owned, or slock.
 */
void toe_abandon(struct toe_sock *ts, struct sk_buff_head *queue)
{
	struct sock *sk = ts->sk;
	struct toe_tx *tx, *next;
	struct sk_buff *skb;

	spin_lock_bh(&ts->lock);
	ts->state = TOE_SOCK_DEAD;
	list_for_each_entry_safe(tx, next, &ts->txq, link) {
		list_del_init(&tx->link);
		skb = tx->skb;
		if (queue) {
			tx->kept = skb_clone(skb, GFP_ATOMIC | __GFP_NOFAIL);
			__skb_queue_tail(queue, skb);
		} else {
			tx->kept = skb;
			sk_wmem_queued_add(sk, -skb->truesize);
			sk_mem_uncharge(sk, skb->truesize);
		}
		/* from here on done() frees it */
		tx->skb = NULL;
	}
	spin_unlock_bh(&ts->lock);
}
