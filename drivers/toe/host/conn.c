// SPDX-License-Identifier: GPL-2.0
/*
 * struct toe_sock: life, look-up, the list of a namespace.
 *
 * It is made at the first offload of a socket and stays, with a reference to the
 * socket, until the socket is found closed: then what it has to tell (reason and age of
 * the last move, counters) is of no use to anybody.
 */
#include <linux/slab.h>

#include "access.h"
#include "net.h"

struct toe_sock *toe_sock_of(const struct sock *sk)
{
	const struct inet_connection_sock_af_ops *ops = READ_ONCE(inet_csk(sk)->icsk_af_ops);

	if (!ops || ops->queue_xmit != toe_queue_xmit)
		return NULL;
	return container_of(ops, struct toe_sock, af_ops);
}

struct toe_sock *toe_sock_get(struct toe_sock *ts)
{
	refcount_inc(&ts->ref);
	return ts;
}

void toe_sock_put(struct toe_sock *ts)
{
	if (!ts || !refcount_dec_and_test(&ts->ref))
		return;
	if (ts->sk)
		sock_put(ts->sk);
	kfree_rcu(ts, rcu);
}

struct sock *toe_sock_hold(struct toe_sock *ts)
{
	struct sock *sk;

	spin_lock_bh(&ts->lock);
	sk = ts->sk;
	if (sk)
		sock_hold(sk);
	spin_unlock_bh(&ts->lock);
	return sk;
}

static struct toe_sock *find(struct toe_net *tn, struct sock *sk)
{
	struct toe_sock *ts;

	hash_for_each_possible(tn->by_sk, ts, node, (unsigned long)sk)
		if (ts->sk == sk)
			return ts;
	return NULL;
}

static void fill_id(struct toe_sock *ts, struct sock *sk)
{
	struct toe_sock_id *id = &ts->id;

	id->v6 = ts->v6;
	id->lport = inet_sk(sk)->inet_sport;
	id->rport = inet_sk(sk)->inet_dport;
	id->ifindex = READ_ONCE(sk->sk_bound_dev_if);
	id->uid = sk->sk_uid;
	/* 0 until somebody asked the kernel for it */
	id->cookie = atomic64_read(&sk->sk_cookie);
#if IS_ENABLED(CONFIG_IPV6)
	if (ts->v6) {
		memcpy(id->local, &sk->sk_v6_rcv_saddr, 16);
		memcpy(id->remote, &sk->sk_v6_daddr, 16);
	}
#endif
	if (!ts->v6) {
		memcpy(id->local, &inet_sk(sk)->inet_saddr, 4);
		memcpy(id->remote, &inet_sk(sk)->inet_daddr, 4);
	}
	memcpy(ts->tuple.saddr, id->local, 16);
	memcpy(ts->tuple.daddr, id->remote, 16);
	ts->tuple.sport = id->lport;
	ts->tuple.dport = id->rport;
	ts->tuple.v6 = ts->v6;
}

static void work(struct work_struct *work)
{
	struct toe_sock *ts = container_of(work, struct toe_sock, work);
	struct sock *sk = toe_sock_hold(ts);
	u8 want;

	if (sk) {
		lock_sock(sk);
		spin_lock_bh(&ts->lock);
		want = ts->want;
		ts->want = TOE_NO_REASON;
		spin_unlock_bh(&ts->lock);
		toe_upload_work(ts, want);
		/* release_cb() moves whatever is pending */
		release_sock(sk);
		sock_put(sk);
	}
	toe_sock_put(ts);
}

void toe_sock_queue(struct toe_sock *ts)
{
	toe_sock_get(ts);
	if (!queue_work(toe_host_wq, &ts->work))
		toe_sock_put(ts);
}

static struct toe_sock *new_sock(struct toe_net *tn, struct sock *sk)
{
	struct toe_sock *ts = kzalloc(sizeof(*ts), GFP_KERNEL);

	if (!ts)
		return NULL;
	refcount_set(&ts->ref, 1);
	ts->net = tn;
	ts->v6 = sk->sk_family == AF_INET6 && !acc_is_mapped(sk);
	spin_lock_init(&ts->lock);
	INIT_LIST_HEAD(&ts->loans);
	INIT_LIST_HEAD(&ts->txq);
	INIT_LIST_HEAD(&ts->pending);
	INIT_LIST_HEAD(&ts->acked);
	__skb_queue_head_init(&ts->hold);
	__skb_queue_head_init(&ts->buffered);
	init_completion(&ts->home);
	INIT_WORK(&ts->work, work);
	fill_id(ts, sk);
	sock_hold(sk);
	ts->sk = sk;
	return ts;
}

/* The table has a reference of its own. */
static int publish(struct toe_net *tn, struct toe_sock *ts)
{
	int err;

	err = xa_alloc(&tn->socks, &ts->index, toe_sock_get(ts), xa_limit_32b, GFP_KERNEL);
	if (err) {
		toe_sock_put(ts);
		return err;
	}
	spin_lock_bh(&tn->table);
	hash_add(tn->by_sk, &ts->node, (unsigned long)ts->sk);
	spin_unlock_bh(&tn->table);
	queue_delayed_work(toe_host_wq, &tn->sweep, HZ);
	return 0;
}

static void unpublish(struct toe_net *tn, struct toe_sock *ts)
{
	spin_lock_bh(&tn->table);
	hash_del(&ts->node);
	spin_unlock_bh(&tn->table);
	xa_erase(&tn->socks, ts->index);
	toe_sock_put(ts);
}

struct toe_sock *toe_sock_make(struct toe_net *tn, struct sock *sk)
{
	struct toe_sock *ts;

	spin_lock_bh(&tn->table);
	ts = find(tn, sk);
	if (ts && ts->state == TOE_SOCK_DEAD) {
		/* taken back without an answer: the target may have it yet */
		hash_del(&ts->node);
		ts = NULL;
	}
	if (ts)
		toe_sock_get(ts);
	spin_unlock_bh(&tn->table);
	if (ts)
		return ts;
	ts = new_sock(tn, sk);
	if (ts && publish(tn, ts)) {
		toe_sock_put(ts);
		return NULL;
	}
	return ts;
}

struct toe_sock *toe_socks_next(struct toe_net *tn, u64 *pos)
{
	unsigned long index = *pos;
	struct toe_sock *ts;

	xa_lock(&tn->socks);
	ts = index > U32_MAX ? NULL : xa_find(&tn->socks, &index, U32_MAX, XA_PRESENT);
	if (ts)
		toe_sock_get(ts);
	xa_unlock(&tn->socks);
	*pos = (u64)index + 1;
	return ts;
}

/* Nobody will ask for it again. Not while its socket is offloaded. */
static bool is_over(struct toe_sock *ts)
{
	u8 state = READ_ONCE(ts->state);

	if (state == TOE_SOCK_DEAD)
		return !READ_ONCE(ts->conn);
	return state == TOE_SOCK_HOST && (sock_flag(ts->sk, SOCK_DEAD) ||
					  inet_sk_state_load(ts->sk) == TCP_CLOSE);
}

static void drop(struct toe_net *tn, struct toe_sock *ts)
{
	struct sock *sk;

	toe_nl_event(ts, TOE_HOST_EV_GONE);
	unpublish(tn, ts);
	spin_lock_bh(&ts->lock);
	sk = ts->sk;
	ts->sk = NULL;
	spin_unlock_bh(&ts->lock);
	if (sk)
		sock_put(sk);
}

/**
 * toe_sweep() - forget sockets that were closed
 * @tn: the namespace's
 * @all: those that live, too; nothing is offloaded any more
 */
void toe_sweep(struct toe_net *tn, bool all)
{
	struct toe_sock *ts;
	bool some = false;
	u64 pos = 0;

	/* what came home lately may still have segments for its toe_sock */
	if (tn->st)
		toe_target_flush(tn->st->t);
	while ((ts = toe_socks_next(tn, &pos))) {
		if (all || is_over(ts))
			drop(tn, ts);
		else
			some = true;
		toe_sock_put(ts);
		cond_resched();
	}
	if (some)
		queue_delayed_work(toe_host_wq, &tn->sweep, HZ);
}

void toe_sock_info(struct toe_sock *ts, struct toe_sock_info *info)
{
	memset(info, 0, sizeof(*info));
	spin_lock_bh(&ts->lock);
	info->state = ts->state;
	info->reason = ts->reason;
	info->refusal = ts->refusal;
	info->moved_ms = ts->moved ? ktime_ms_delta(ktime_get(), ts->moved) : U64_MAX;
	info->stats = ts->stats;
	spin_unlock_bh(&ts->lock);
	strscpy(info->target, ts->net->name, sizeof(info->target));
}
