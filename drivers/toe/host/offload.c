// SPDX-License-Identifier: GPL-2.0
/*
 * From the host to a target (toe.md 5.9).
 *
 *	look	socket locked: refusals, route, the connection's object, one block
 *	ask	one initiate for all of a batch, waited for
 *	commit	queues and pointers change hands, the hook holds segments
 *	grace	one grace period: whoever had passed the hook is in the backlog
 *	release	backlog, then what the hook held, then the stream
 *
 * Up to the commit nothing of the socket has changed, so a refusal has nothing to undo.
 * Sockets of a batch are all locked at the same time; since two batches would lock them
 * in any order, they are only tried, and one that is in use goes by itself afterwards.
 */
#include <linux/slab.h>
#include <net/inet_sock.h>

#include "access.h"
#include "net.h"

/* Sockets locked at the same time: lockdep knows of 48 locks, and we are not alone. */
#define BATCH	(IS_ENABLED(CONFIG_LOCKDEP) ? 24 : 256)

/* One socket of a batch. */
struct mover {
	struct toe_move *m;
	struct toe_sock *ts;
	struct toe_block *b;
	bool locked;
	bool committed;
};

/* All of them, and the operation. Lives until done() was called. */
struct batch {
	struct toe_net *tn;
	struct soft_target *st;
	struct toe_caps caps;
	struct toe_params params;
	struct toe_op *op;
	struct toe_block *paths[BATCH];
	unsigned int npaths;
	struct mover v[BATCH];
	unsigned int n;
	unsigned int blocks;
	bool again;
	struct completion done;
	refcount_t ref;
};

static u32 to_ticks(const struct batch *b, unsigned long j)
{
	return jiffies_to_msecs(j) * b->params.ticks_per_second / MSEC_PER_SEC;
}

static u16 rtt_to_ticks(const struct batch *b, u32 usecs)
{
	u32 tick = USEC_PER_SEC / b->params.ticks_per_second;

	return usecs ? clamp_t(u32, usecs / tick, 1, U16_MAX) : 0;
}

static void fill_const(struct toe_sock *ts, struct sock *sk, struct toe_conn_const *c)
{
	struct tcp_sock *tp = tcp_sk(sk);

	*c = (struct toe_conn_const){
		.remote_mss = min_t(u32, tp->rx_opt.mss_clamp, U16_MAX),
		.remote_port = ts->id.rport,
		.local_port = ts->id.lport,
		.hash = sk->sk_txhash,
	};
	c->h.length = sizeof(*c);
	c->h.revision = TOE_REVISION;
	if (tp->rx_opt.tstamp_ok)
		c->flags |= TOE_CONN_TIMESTAMP;
	if (tcp_is_sack(tp))
		c->flags |= TOE_CONN_SACK;
	if (tp->rx_opt.wscale_ok) {
		c->flags |= TOE_CONN_WSCALE;
		c->snd_wscale = tp->rx_opt.snd_wscale;
		c->rcv_wscale = tp->rx_opt.rcv_wscale;
	}
}

static void fill_windows(struct sock *sk, struct toe_conn_delegated *d)
{
	struct tcp_sock *tp = tcp_sk(sk);

	d->rcv_nxt = tp->rcv_nxt;
	d->rcv_wnd = tcp_receive_window(tp);
	d->snd_una = tp->snd_una;
	d->snd_nxt = tp->snd_nxt;
	d->snd_max = tp->snd_nxt;
	d->snd_wnd = tp->snd_wnd;
	d->max_snd_wnd = max(tp->max_window, tp->snd_wnd);
	d->snd_wl1 = tp->snd_wl1;
	d->cwnd = min_t(u64, (u64)tcp_snd_cwnd(tp) * tp->mss_cache, U32_MAX);
	d->ssthresh = tp->snd_ssthresh >= TCP_INFINITE_SSTHRESH ? U32_MAX :
		      min_t(u64, (u64)tp->snd_ssthresh * tp->mss_cache, U32_MAX - 1);
}

static void fill_clocks(const struct batch *b, struct sock *sk, struct toe_conn_delegated *d)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 age = ktime_get_seconds() - tp->rx_opt.ts_recent_stamp;

	d->srtt = rtt_to_ticks(b, tp->srtt_us);
	d->rttvar = rtt_to_ticks(b, tp->rttvar_us);
	d->ts_recent = tp->rx_opt.ts_recent;
	d->ts_recent_age = tp->rx_opt.ts_recent_stamp ?
			   min_t(u64, (u64)age * b->params.ticks_per_second, U32_MAX) : 0;
	d->ts_time = tcp_clock_ts(tp->tcp_usec_ts) + tp->tsoffset;
	d->rt_delta = TOE_TIMER_OFF;
	d->ka_delta = TOE_TIMER_OFF;
	if (icsk->icsk_pending)
		d->rt_delta = to_ticks(b, acc_left(icsk->icsk_timeout));
	if (sock_flag(sk, SOCK_KEEPOPEN))
		d->ka_delta = to_ticks(b, acc_left(acc_keepalive_expires(sk)));
	if (icsk->icsk_pending == ICSK_TIME_PROBE0)
		d->rt_count = icsk->icsk_probes_out;
	else
		d->rt_count = icsk->icsk_retransmits;
}

static void fill_delegated(const struct batch *b, struct sock *sk, struct toe_conn_delegated *d)
{
	*d = (struct toe_conn_delegated){
		.h = d->h,
		.state = TOE_TCP_ESTABLISHED,
		.valid_for = TOE_FOR_TRANSFER,
	};
	fill_windows(sk, d);
	fill_clocks(b, sk, d);
}

static int build_send(struct toe_sock *ts, struct sk_buff *skb, u32 skip, struct list_head *sends)
{
	struct toe_tx *tx = toe_tx_make(ts, skb, skip, GFP_KERNEL);

	if (!tx)
		return -ENOMEM;
	list_add_tail(&tx->link, &ts->txq);
	list_add_tail(&tx->send.link, sends);
	return 0;
}

/* Requests for what is in the queues; the queues themselves stay as they are. */
static int build_sends(struct toe_sock *ts, struct sock *sk, struct list_head *sends)
{
	u32 una = tcp_sk(sk)->snd_una, skip;
	struct sk_buff *skb;
	struct rb_node *p;
	int err = 0;

	for (p = rb_first(&sk->tcp_rtx_queue); p && !err; p = rb_next(p)) {
		skb = rb_to_skb(p);
		skip = before(TCP_SKB_CB(skb)->seq, una) ? una - TCP_SKB_CB(skb)->seq : 0;
		err = build_send(ts, skb, skip, sends);
	}
	skb_queue_walk(&sk->sk_write_queue, skb) {
		if (err)
			break;
		if (skb->len)
			err = build_send(ts, skb, 0, sends);
	}
	return err;
}

/* They belong to nobody: the target never had them, or gave them back. */
static void drop_sends(struct toe_sock *ts)
{
	struct toe_tx *tx, *next;

	list_for_each_entry_safe(tx, next, &ts->txq, link) {
		list_del(&tx->link);
		kfree(tx);
	}
}

/* The block of the path, made when the first socket of it comes. */
static struct toe_block *path_block(struct batch *b, struct toe_obj *path)
{
	struct toe_obj *neigh = toe_obj_parent(path);
	struct toe_block *nb, *pb;
	unsigned int i;

	for (i = 0; i < b->npaths; i++)
		if (b->paths[i]->object == path)
			return b->paths[i];
	for (nb = b->op->root; nb; nb = nb->next)
		if (nb->object == neigh)
			break;
	if (!nb)
		nb = toe_op_add(b->op, NULL, neigh, TOE_NEIGH, TOE_STATE_NONE, GFP_KERNEL);
	pb = nb ? toe_op_add(b->op, nb, path, 0, TOE_STATE_NONE, GFP_KERNEL) : NULL;
	if (pb)
		b->paths[b->npaths++] = pb;
	return pb;
}

static void offloaded(struct toe_obj *obj, void *priv, u32 status)
{
	struct toe_sock *ts = priv;

	ts->came_status = status;
	/* nobody waits any more, and it will not come home */
	if (READ_ONCE(ts->state) == TOE_SOCK_DEAD && !toe_status_is_stored(status))
		toe_conn_gone(ts);
}

static const struct toe_host_ops conn_ops = {
	.offloaded = offloaded,
	.uploading = toe_conn_uploading,
	.uploaded = toe_conn_uploaded,
	.segment = toe_conn_segment,
	.stuck = toe_conn_stuck,
};

static int make_object(struct batch *b, struct mover *v, struct sock *sk)
{
	struct toe_sock *ts = v->ts;
	struct toe_conn_const c;
	struct toe_obj *conn;

	fill_const(ts, sk, &c);
	toe_cached_fill(ts, &ts->cached);
	/* the object has a reference to us as long as it may call */
	conn = toe_conn_create(toe_route_path(ts->route), &c, &ts->cached, &conn_ops, ts);
	if (IS_ERR(conn))
		return PTR_ERR(conn) == -ENOMEM ? TOE_REFUSE_MEMORY : TOE_REFUSE_TARGET;
	toe_conn_set_consumer(toe_conn_of(conn), &toe_sock_consumer, ts);
	ts->conn = conn;
	return TOE_REFUSE_NONE;
}

static int make_block(struct batch *b, struct mover *v, struct sock *sk)
{
	struct toe_block *pb;
	LIST_HEAD(sends);

	if (build_sends(v->ts, sk, &sends))
		return TOE_REFUSE_MEMORY;
	pb = path_block(b, toe_route_path(v->ts->route));
	if (!pb)
		return TOE_REFUSE_MEMORY;
	/* from here on nothing fails: a block cannot be taken out again */
	v->b = toe_op_add(b->op, pb, v->ts->conn, 0, TOE_STATE_ALL, GFP_KERNEL);
	if (!v->b)
		return TOE_REFUSE_MEMORY;
	list_splice(&sends, &v->b->sends);
	v->b->protocol_reserved[0] = v->ts;
	fill_delegated(b, sk, toe_block_state(v->b, TOE_STATE_DELEGATED));
	v->ts->d = *(struct toe_conn_delegated *)toe_block_state(v->b, TOE_STATE_DELEGATED);
	b->blocks++;
	return TOE_REFUSE_NONE;
}

/* Everything but the operation of one socket is undone. Socket locked. */
static void give_up(struct mover *v, int why)
{
	struct toe_sock *ts = v->ts;

	drop_sends(ts);
	toe_obj_put(ts->conn);
	ts->conn = NULL;
	if (ts->route)
		toe_route_put(ts->route);
	ts->route = NULL;
	spin_lock_bh(&ts->lock);
	ts->state = TOE_SOCK_HOST;
	ts->refusal = why;
	spin_unlock_bh(&ts->lock);
	v->m->refusal = why;
	toe_nl_event(ts, TOE_HOST_EV_REFUSED);
}

static const int errnos[TOE_REFUSE_REASONS] = {
	[TOE_REFUSE_ALREADY] = -EALREADY,
	[TOE_REFUSE_STATE] = -ENOTCONN,
	[TOE_REFUSE_SHUTDOWN] = -ENOTCONN,
	[TOE_REFUSE_NO_ROUTE] = -EHOSTUNREACH,
	[TOE_REFUSE_NEIGHBOUR] = -EHOSTUNREACH,
	[TOE_REFUSE_FULL] = -ENOSPC,
	[TOE_REFUSE_TIMEOUT] = -ETIMEDOUT,
	[TOE_REFUSE_PAUSED] = -EAGAIN,
	[TOE_REFUSE_MEMORY] = -ENOMEM,
	[TOE_REFUSE_BUSY] = -EBUSY,
	[TOE_REFUSE_NETNS] = -EXDEV,
};

static int refusal_errno(unsigned int why)
{
	if (why == TOE_REFUSE_NONE)
		return 0;
	return errnos[why] ?: -EOPNOTSUPP;
}

/* Socket locked. False: it stays, and is unlocked by the caller. */
static bool look(struct batch *b, struct mover *v)
{
	struct sock *sk = v->m->sk;
	struct toe_sock *ts;
	int why;

	if (!sk_is_tcp(sk) || sock_net(sk) != b->tn->net) {
		v->m->refusal = sk_is_tcp(sk) ? TOE_REFUSE_NETNS : TOE_REFUSE_NOT_TCP;
		return false;
	}
	/* the addresses of one that is not connected say nothing */
	if (sk->sk_state != TCP_ESTABLISHED) {
		v->m->refusal = TOE_REFUSE_STATE;
		return false;
	}
	ts = toe_sock_make(b->tn, sk);
	if (!ts) {
		v->m->refusal = TOE_REFUSE_MEMORY;
		return false;
	}
	v->ts = ts;
	why = toe_refuse(ts, sk, &b->caps);
	if (why == TOE_REFUSE_ALREADY) {
		v->m->refusal = why;
		return false;
	}
	acc_send_owed_ack(sk);
	if (!why)
		why = toe_route_get(b->tn, b->st->t, sk, ts->v6, &ts->route);
	if (!why)
		why = make_object(b, v, sk);
	if (!why) {
		ts->state = TOE_SOCK_MOVING;
		reinit_completion(&ts->home);
		ts->came_status = TOE_UNWRITTEN;
		why = make_block(b, v, sk);
	}
	if (why)
		give_up(v, why);
	return !why;
}

static void batch_put(struct batch *b)
{
	if (!refcount_dec_and_test(&b->ref))
		return;
	toe_op_free(b->op);
	kvfree(b);
}

static void done(struct toe_op *op)
{
	struct batch *b = op->priv;

	complete(&b->done);
	batch_put(b);
}

static struct batch *batch_new(struct toe_net *tn, struct soft_target *st)
{
	struct batch *b = kvzalloc(sizeof(*b), GFP_KERNEL);

	if (!b)
		return NULL;
	b->tn = tn;
	b->st = st;
	b->caps = toe_target_caps(st->t);
	toe_target_get_params(st->t, &b->params);
	init_completion(&b->done);
	refcount_set(&b->ref, 1);
	b->op = toe_op_alloc(st->t, TOE_INITIATE, done, b, GFP_KERNEL);
	if (b->op)
		return b;
	kvfree(b);
	return NULL;
}

static int refusal_of_errno(int err)
{
	switch (err) {
	case -EAGAIN:
		return TOE_REFUSE_PAUSED;
	case -ENOSPC:
		return TOE_REFUSE_FULL;
	case -EOPNOTSUPP:
		return TOE_REFUSE_IPV6;
	default:
		return TOE_REFUSE_TARGET;
	}
}

static int refusal_of_status(u32 status)
{
	switch (status) {
	case TOE_TCP_ENTRIES:
	case TOE_PATH_ENTRIES:
	case TOE_NEIGHBOR_ENTRIES:
		return TOE_REFUSE_FULL;
	case TOE_TCP_RCV_WINDOW:
		return TOE_REFUSE_WINDOW;
	case TOE_RESOURCES:
	case TOE_TCP_XMIT_BUFFER:
		return TOE_REFUSE_MEMORY;
	default:
		return TOE_REFUSE_TARGET;
	}
}

/* The host's queues become the module's; the bytes stay charged. */
static void take_queues(struct toe_sock *ts, struct sock *sk)
{
	struct toe_tx *tx;

	while (!RB_EMPTY_ROOT(&sk->tcp_rtx_queue))
		acc_tx_unlink_rtx(sk, rb_to_skb(rb_first(&sk->tcp_rtx_queue)));
	list_for_each_entry(tx, &ts->txq, link)
		if (tx->skb->next)
			tcp_unlink_write_queue(tx->skb, sk);
	acc_nothing_out(sk);
	acc_drop_early(sk);
	WRITE_ONCE(tcp_sk(sk)->snd_nxt, tcp_sk(sk)->write_seq);
	tcp_sk(sk)->snd_up = tcp_sk(sk)->snd_una;
	tcp_sk(sk)->pred_flags = 0;
	acc_shut_window(sk);
}

static void swap_in(struct toe_sock *ts, struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	ts->base = sk->sk_prot;
	ts->base_af_ops = icsk->icsk_af_ops;
	ts->base_backlog_rcv = sk->sk_backlog_rcv;
	ts->af_ops = *icsk->icsk_af_ops;
	ts->af_ops.queue_xmit = toe_queue_xmit;
	ts->pacing = sk->sk_pacing_rate;
	WRITE_ONCE(sk->sk_pacing_rate, ~0UL);
	/* pairs with toe_sock_of(): whoever finds it finds it filled in */
	smp_store_release(&icsk->icsk_af_ops, &ts->af_ops);
	WRITE_ONCE(sk->sk_backlog_rcv, toe_backlog_rcv);
	WRITE_ONCE(sk->sk_prot, toe_prot_for(ts->base));
	if (!icsk->icsk_ulp_ops)
		icsk->icsk_ulp_ops = &toe_shadow_ulp;
	set_bit(SOCK_CUSTOM_SOCKOPT, &sk->sk_socket->flags);
}

/* Socket locked, the target has it. From here on there is no way back but upload. */
static void commit(struct mover *v)
{
	struct toe_sock *ts = v->ts;
	struct sock *sk = ts->sk;

	ts->edge = tcp_sk(sk)->rcv_nxt + tcp_receive_window(tcp_sk(sk));
	ts->snd_wnd = tcp_sk(sk)->snd_wnd;
	acc_timers_off(sk);
	take_queues(ts, sk);
	spin_lock_bh(&ts->lock);
	ts->st = ts->net->st;
	ts->state = TOE_SOCK_HOLD;
	ts->refusal = TOE_REFUSE_NONE;
	ts->moved = ktime_get();
	ts->stats.offloads++;
	spin_unlock_bh(&ts->lock);
	swap_in(ts, sk);
	v->committed = true;
}

/* The target's answer did not come. The objects are its until it does. */
static void leave_behind(struct batch *b)
{
	unsigned int i;

	for (i = 0; i < b->n; i++) {
		struct mover *v = &b->v[i];

		if (v->b)
			toe_offload_overdue(v->ts);
		v->m->refusal = TOE_REFUSE_TIMEOUT;
	}
}

static bool ask(struct batch *b)
{
	unsigned int i;
	int err;

	if (!b->blocks)
		return false;
	for (i = 0; i < b->n; i++)
		if (b->v[i].b)
			toe_sock_get(b->v[i].ts);	/* the core's, until it is home */
	refcount_inc(&b->ref);
	err = toe_op_submit(b->op);
	if (!err) {
		if (wait_for_completion_timeout(&b->done, msecs_to_jiffies(TOE_HOST_WAIT_MS)))
			return true;
		leave_behind(b);
		return false;
	}
	refcount_dec(&b->ref);
	for (i = 0; i < b->n; i++) {
		if (!b->v[i].b)
			continue;
		toe_sock_put(b->v[i].ts);
		give_up(&b->v[i], refusal_of_errno(err));
	}
	/* one that is not wanted now refuses all: then each by itself */
	b->again = b->n > 1;
	return false;
}

static bool judge(struct batch *b)
{
	bool some = false;
	unsigned int i;

	for (i = 0; i < b->n; i++) {
		struct mover *v = &b->v[i];

		if (!v->b)
			continue;
		if (toe_status_is_stored(v->ts->came_status)) {
			commit(v);
			some = true;
		} else {
			toe_sock_put(v->ts);	/* the core's */
			give_up(v, refusal_of_status(v->ts->came_status));
		}
	}
	return some;
}

static unsigned int run(struct batch *b)
{
	unsigned int i, moved = 0;

	if (ask(b) && judge(b))
		/* stragglers that had passed the hook are in the backlogs now (5.5) */
		synchronize_net();
	for (i = 0; i < b->n; i++) {
		struct mover *v = &b->v[i];

		v->m->err = b->again ? -EINPROGRESS : refusal_errno(v->m->refusal);
		if (v->committed) {
			v->m->err = 0;
			v->m->refusal = TOE_REFUSE_NONE;
			toe_nl_event(v->ts, TOE_HOST_EV_OFFLOADED);
			moved++;
		}
		if (v->locked)
			release_sock(v->m->sk);
		toe_sock_put(v->ts);
	}
	return moved;
}

/* Only tried: see at the top. */
static bool try_lock(struct sock *sk)
{
	bool got;

	spin_lock_bh(&sk->sk_lock.slock);
	got = !sk->sk_lock.owned;
	if (got) {
		sk->sk_lock.owned = 1;
		mutex_acquire(&sk->sk_lock.dep_map, 0, 1, _RET_IP_);
	}
	spin_unlock_bh(&sk->sk_lock.slock);
	return got;
}

static unsigned int offload_one(struct toe_net *tn, struct soft_target *st, struct toe_move *m,
				bool locked)
{
	struct batch *b = batch_new(tn, st);
	unsigned int moved = 0;

	m->refusal = TOE_REFUSE_MEMORY;
	m->err = -ENOMEM;
	if (!b)
		return 0;
	if (!locked)
		lock_sock(m->sk);
	b->v[0].m = m;
	m->refusal = TOE_REFUSE_NONE;
	if (look(b, &b->v[0])) {
		b->v[0].locked = !locked;
		b->n = 1;
		moved = run(b);
	} else {
		m->err = refusal_errno(m->refusal);
		toe_sock_put(b->v[0].ts);
		if (!locked)
			release_sock(m->sk);
	}
	batch_put(b);
	return moved;
}

/* Sockets that are in use are left with -EINPROGRESS. */
static unsigned int offload_some(struct toe_net *tn, struct soft_target *st,
				 struct toe_move *m, unsigned int n)
{
	struct batch *b = batch_new(tn, st);
	unsigned int i, moved;

	for (i = 0; i < n; i++) {
		struct mover *v = b ? &b->v[b->n] : NULL;

		m[i].err = -EINPROGRESS;
		m[i].refusal = TOE_REFUSE_NONE;
		if (!b || !try_lock(m[i].sk))
			continue;
		*v = (struct mover){ .m = &m[i] };
		if (look(b, v)) {
			v->locked = true;
			b->n++;
			continue;
		}
		m[i].err = refusal_errno(m[i].refusal);
		toe_sock_put(v->ts);
		release_sock(m[i].sk);
	}
	if (!b)
		return 0;
	moved = run(b);
	batch_put(b);
	return moved;
}

static struct soft_target *find_target(struct toe_net *tn, const char *name)
{
	struct soft_target *st = toe_net_soft(tn);

	if (!st || (name && strcmp(name, tn->name)))
		return NULL;
	return st;
}

unsigned int toe_offload(struct toe_net *tn, const char *target, struct toe_move *m,
			 unsigned int n)
{
	struct soft_target *st = tn->closed ? NULL : find_target(tn, target);
	unsigned int i, k, part, moved = 0;

	for (i = 0; i < n && !st; i++) {
		m[i].refusal = TOE_REFUSE_NO_TARGET;
		m[i].err = -ENODEV;
	}
	if (!st)
		return 0;
	for (i = 0; i < n; i += part) {
		part = min_t(unsigned int, n - i, BATCH);
		if (part > 1)
			moved += offload_some(tn, st, &m[i], part);
		for (k = i; k < i + part; k++)
			if (part == 1 || m[k].err == -EINPROGRESS)
				moved += offload_one(tn, st, &m[k], false);
	}
	return moved;
}

int toe_offload_locked(struct sock *sk, u8 *refusal)
{
	struct toe_net *tn = toe_net_of(sock_net(sk));
	struct toe_move m = { .sk = sk };
	struct soft_target *st;

	st = tn->closed ? NULL : toe_net_soft(tn);
	if (!st) {
		*refusal = TOE_REFUSE_NO_TARGET;
		return -ENODEV;
	}
	offload_one(tn, st, &m, true);
	*refusal = m.refusal;
	return m.err;
}
