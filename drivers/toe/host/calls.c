// SPDX-License-Identifier: GPL-2.0
/*
 * Socket calls of an offloaded socket (toe.md 5.11).
 *
 * Most are the host's own, see host.h. What is here takes the socket back first, tells
 * the target of changed options, or keeps the host from acting for the connection.
 *
 * A call that was on its way into the host's own function when the socket was offloaded
 * is not seen here. It finds no way to the network but for a reset, and release_cb()
 * notices what it did (xfer.c, strayed()).
 *
 * While a socket is offloaded its upper-layer protocol is ours, so kTLS and sockmap
 * refuse it instead of putting their functions on top; setting a ULP uploads first.
 */
#include <linux/bpf.h>
#include <linux/filter.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/transp_v6.h>

#include "access.h"
#include "net.h"

/* calls of this module that are executing: the sum, since one may change its CPU */
static DEFINE_PER_CPU(long, executing);

static struct proto prot4;
#if IS_ENABLED(CONFIG_IPV6)
static struct proto prot6;
#endif

bool toe_prot_is_ours(const struct proto *prot)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (prot == &prot6)
		return true;
#endif
	return prot == &prot4;
}

/* NULL: not one we know the functions of. */
struct proto *toe_prot_for(const struct proto *base)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (base == &tcpv6_prot)
		return &prot6;
#endif
	return base == &tcp_prot ? &prot4 : NULL;
}

static struct proto *base_of(const struct sock *sk)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		return &tcpv6_prot;
#endif
	return &tcp_prot;
}

static void enter(void)
{
	this_cpu_inc(executing);
}

static void leave(void)
{
	this_cpu_dec(executing);
}

static void wait_for_calls(void)
{
	long n;
	int cpu;

	for (;;) {
		n = 0;
		for_each_possible_cpu(cpu)
			n += per_cpu(executing, cpu);
		if (!n)
			return;
		schedule_timeout_uninterruptible(HZ / 100);
	}
}

/*
 * Every socket has the host's functions again. Who loaded one of ours before, and who is
 * at the return instruction, is covered by the grace periods: both do not sleep there.
 * After the first of them nobody enters, so the sum only falls.
 */
void toe_calls_quiesce(void)
{
	synchronize_rcu();
#ifdef CONFIG_TASKS_RCU
	synchronize_rcu_tasks();
#endif
	wait_for_calls();
#ifdef CONFIG_TASKS_RCU
	synchronize_rcu_tasks();
#endif
}

/* Takes the socket back and keeps it in the host until unpin(). */
static struct toe_sock *pin_locked(struct sock *sk)
{
	struct toe_sock *ts = toe_sock_of(sk);

	if (!ts)
		return NULL;
	toe_sock_get(ts);
	ts->pins++;
	toe_upload_locked(ts, TOE_CONSUMER_ASKED);
	return ts;
}

static struct toe_sock *pin(struct sock *sk)
{
	struct toe_sock *ts;

	lock_sock(sk);
	ts = pin_locked(sk);
	release_sock(sk);
	return ts;
}

static void unpin(struct sock *sk, struct toe_sock *ts)
{
	if (!ts)
		return;
	lock_sock(sk);
	ts->pins--;
	release_sock(sk);
	toe_sock_put(ts);
}

/* The pin stays: it is not offloaded again. */
static void toe_close(struct sock *sk, long timeout)
{
	struct proto *base = base_of(sk);

	enter();
	toe_sock_put(pin(sk));
	base->close(sk, timeout);
	leave();
}

/* Socket locked by the caller. */
static void toe_shutdown(struct sock *sk, int how)
{
	struct toe_sock *ts;

	enter();
	ts = how & SEND_SHUTDOWN ? pin_locked(sk) : NULL;
	base_of(sk)->shutdown(sk, how);
	if (ts) {
		ts->pins--;
		toe_sock_put(ts);
	}
	leave();
}

/* Socket locked by the caller. */
static int toe_disconnect_call(struct sock *sk, int flags)
{
	struct toe_sock *ts;
	int err;

	enter();
	ts = pin_locked(sk);
	err = base_of(sk)->disconnect(sk, flags);
	if (ts) {
		ts->pins--;
		toe_sock_put(ts);
	}
	leave();
	return err;
}

static int toe_diag_destroy(struct sock *sk, int err)
{
	struct toe_sock *ts;

	enter();
	/* BPF has it locked and may not wait: destroy() cleans up */
	ts = has_current_bpf_ctx() ? NULL : pin(sk);
	err = base_of(sk)->diag_destroy(sk, err);
	if (ts)
		unpin(sk, ts);
	leave();
	return err;
}

/* slock, or socket owned: the state is CLOSE, nothing will be sent any more. */
static void toe_destroy(struct sock *sk)
{
	struct toe_sock *ts;

	enter();
	ts = toe_sock_of(sk);
	if (ts)
		toe_sock_destroyed(ts);
	base_of(sk)->destroy(sk);
	leave();
}

/* slock held, the owner lets go. */
static void toe_release_cb(struct sock *sk)
{
	struct toe_sock *ts;

	enter();
	ts = toe_sock_of(sk);
	if (ts) {
		if (READ_ONCE(ts->state) == TOE_SOCK_HOLD)
			toe_hook_open(ts);
		toe_xfer_run(ts, true);
	}
	base_of(sk)->release_cb(sk);
	leave();
}

/* The host's keepalive timer stays off; socket locked. */
static void toe_keepalive(struct sock *sk, int val)
{
	/* SOCK_KEEPOPEN is set by the caller afterwards: toe_setsockopt() tells the target */
}

/* Options with no counterpart on a target, or for somebody who takes over. */
static bool needs_host(int level, int optname)
{
	switch (level) {
	case SOL_SOCKET:
		return optname == SO_ATTACH_FILTER || optname == SO_ATTACH_BPF ||
		       optname == SO_LOCK_FILTER || optname == SO_ZEROCOPY ||
		       optname == SO_BINDTODEVICE || optname == SO_BINDTOIFINDEX ||
		       optname == SO_MARK || optname == SO_TIMESTAMPING_OLD ||
		       optname == SO_TIMESTAMPING_NEW;
	case SOL_TCP:
		return optname != TCP_NODELAY && optname != TCP_KEEPIDLE &&
		       optname != TCP_KEEPINTVL && optname != TCP_KEEPCNT &&
		       optname != TCP_USER_TIMEOUT && optname != TCP_QUICKACK &&
		       optname != TCP_INQ && optname != TCP_NOTSENT_LOWAT &&
		       optname != TCP_LINGER2;
	case SOL_IP:
		return optname != IP_TTL && optname != IP_TOS;
	case SOL_IPV6:
		return optname != IPV6_UNICAST_HOPS && optname != IPV6_TCLASS;
	default:
		return true;
	}
}

static int base_setsockopt(struct sock *sk, int level, int optname, sockptr_t optval,
			   unsigned int optlen)
{
	if (level == SOL_SOCKET)
		return sock_setsockopt(sk->sk_socket, level, optname, optval, optlen);
	return base_of(sk)->setsockopt(sk, level, optname, optval, optlen);
}

static void options_changed(struct sock *sk)
{
	struct toe_sock *ts;

	lock_sock(sk);
	ts = toe_sock_of(sk);
	if (ts)
		toe_cached_update(ts);
	release_sock(sk);
}

static int toe_setsockopt(struct sock *sk, int level, int optname, sockptr_t optval,
			  unsigned int optlen)
{
	struct toe_sock *ts = NULL;
	int err;

	enter();
	if (needs_host(level, optname))
		ts = pin(sk);
	if (level == SOL_TCP && optname == TCP_ULP) {
		/* may be ours, which offloads it again */
		unpin(sk, ts);
		ts = NULL;
	}
	err = base_setsockopt(sk, level, optname, optval, optlen);
	if (ts)
		unpin(sk, ts);
	else
		options_changed(sk);
	leave();
	return err;
}

/*
 * Every transmission of the host's ends here. ACKs are the target's business: what it
 * needs to know, that bytes were read, release_cb() tells it. A reset comes from a call
 * that was on its way when the socket was offloaded, and is meant.
 */
int toe_queue_xmit(struct sock *sk, struct sk_buff *skb, struct flowi *fl)
{
	struct toe_sock *ts = toe_sock_of(sk);

	if (ts && tcp_hdr(skb)->rst)
		return ts->base_af_ops->queue_xmit(sk, skb, fl);
	consume_skb(skb);
	return NET_XMIT_SUCCESS;
}

/* A request to take a segment of the backlog (R-LNX-06). */
struct backlog {
	struct toe_forward f;
	struct toe_sock *ts;
};

static void forwarded(struct toe_forward *f)
{
	struct backlog *b = container_of(f, struct backlog, f);

	if (f->status == TOE_UPLOAD_IN_PROGRESS)
		toe_hold_segment(b->ts, f->skb);
	else
		kfree_skb(f->skb);
	toe_sock_put(b->ts);
	kfree(b);
}

/* Without memory the segment is lost, and the peer repeats it. */
static void forward(struct toe_sock *ts, struct sk_buff *skb)
{
	struct backlog *b = kzalloc(sizeof(*b), GFP_KERNEL);

	if (!b) {
		kfree_skb(skb);
		return;
	}
	b->ts = toe_sock_get(ts);
	b->f.skb = skb;
	b->f.done = forwarded;
	ts->stats.forwards++;
	if (!toe_forward(toe_conn_of(ts->conn), &b->f))
		return;
	toe_hold_segment(ts, skb);
	toe_sock_put(ts);
	kfree(b);
}

/* Segments that came while the socket was locked, TCP header first. Socket owned. */
int toe_backlog_rcv(struct sock *sk, struct sk_buff *skb)
{
	struct toe_sock *ts;

	enter();
	ts = toe_sock_of(sk);
	if (!ts) {
		sk->sk_backlog_rcv(sk, skb);
	} else {
		skb_dst_drop(skb);
		skb_orphan(skb);
		if (READ_ONCE(ts->state) == TOE_SOCK_UPLOADING)
			toe_hold_segment(ts, skb);
		else
			forward(ts, skb);
	}
	leave();
	return 0;
}

/* Socket locked; with a route. */
static void fill_hops(struct toe_sock *ts, struct sock *sk, struct toe_conn_cached *v)
{
	struct dst_entry *dst = __sk_dst_get(sk);

	v->tos = inet_sk(sk)->tos;
	v->ttl = 64;
#if IS_ENABLED(CONFIG_IPV6)
	if (ts->v6) {
		int limit = READ_ONCE(inet6_sk(sk)->hop_limit);

		v->tos = inet6_sk(sk)->tclass;
		v->flow_label = ntohl(inet6_sk(sk)->flow_label & IPV6_FLOWLABEL_MASK);
		if (limit < 0 && dst)
			limit = ip6_dst_hoplimit(dst);
		if (limit > 0)
			v->ttl = limit;
		return;
	}
#endif
	if (READ_ONCE(inet_sk(sk)->uc_ttl) >= 0)
		v->ttl = inet_sk(sk)->uc_ttl;
	else if (dst)
		v->ttl = ip4_dst_hoplimit(dst);
}

static u32 ticks_of(unsigned long j, const struct toe_params *p)
{
	return min_t(u64, (u64)jiffies_to_msecs(j) * p->ticks_per_second / MSEC_PER_SEC,
		     S32_MAX);
}

/* As the host would announce it with an empty queue. */
u32 toe_window(const struct sock *sk)
{
	u32 full = max_t(u32, tcp_full_space(sk), SOCK_MIN_RCVBUF);

	return min(full, tcp_sk(sk)->window_clamp);
}

/* Cached state as the socket's options say it. Socket locked. */
void toe_cached_fill(struct toe_sock *ts, struct toe_conn_cached *v)
{
	struct sock *sk = ts->sk;
	struct tcp_sock *tp = tcp_sk(sk);
	struct toe_params p;

	toe_target_get_params(ts->net->st->t, &p);
	*v = (struct toe_conn_cached){
		.initial_rcv_wnd = toe_window(sk),
		.ka_timeout = ticks_of(keepalive_time_when(tp), &p),
		.ka_interval = ticks_of(keepalive_intvl_when(tp), &p),
		.ka_probes = min(keepalive_probes(tp), (int)U8_MAX),
		.max_rt = READ_ONCE(inet_csk(sk)->icsk_user_timeout) ?
			  ticks_of(msecs_to_jiffies(inet_csk(sk)->icsk_user_timeout), &p) :
			  TOE_MAX_RT_COUNT,
		.priority = min_t(u32, READ_ONCE(sk->sk_priority), 7),
	};
	v->h.length = sizeof(*v);
	v->h.revision = TOE_REVISION;
	if (!(tp->nonagle & TCP_NAGLE_OFF))
		v->flags |= TOE_CONN_NAGLE;
	if (sock_flag(sk, SOCK_KEEPOPEN))
		v->flags |= TOE_CONN_KEEPALIVE;
	fill_hops(ts, sk, v);
}

static void updated(struct toe_op *op)
{
	toe_sock_put(op->priv);
	toe_op_free(op);
}

/* Socket locked. What could not be told is told with the next change, or never. */
void toe_cached_update(struct toe_sock *ts)
{
	struct toe_conn_cached v;
	struct toe_block *b;
	struct toe_op *op;

	if (READ_ONCE(ts->state) != TOE_SOCK_OFFLOADED)
		return;
	/* some options start it */
	inet_csk_delete_keepalive_timer(ts->sk);
	toe_cached_fill(ts, &v);
	if (!memcmp(&v, &ts->cached, sizeof(v)))
		return;
	op = toe_op_alloc(ts->st->t, TOE_UPDATE, updated, ts, GFP_KERNEL);
	b = op ? toe_op_add(op, NULL, ts->conn, 0, TOE_STATE_CACHED, GFP_KERNEL) : NULL;
	if (!b) {
		toe_op_free(op);
		return;
	}
	ts->cached = v;
	if (v.initial_rcv_wnd != ((struct toe_conn_cached *)
				  toe_block_state(b, TOE_STATE_CACHED))->initial_rcv_wnd)
		v.flags |= TOE_CONN_UPDATE_RCV_WND;
	memcpy(toe_block_state(b, TOE_STATE_CACHED), &v, sizeof(v));
	toe_sock_get(ts);
	if (toe_op_submit(op)) {
		toe_sock_put(ts);
		toe_op_free(op);
	}
}

static void fill_prot(struct proto *p, const struct proto *base)
{
	*p = *base;
	/* never registered: objects are counted where they were made (sk_prot_creator) */
	p->close = toe_close;
	p->shutdown = toe_shutdown;
	p->disconnect = toe_disconnect_call;
	p->setsockopt = toe_setsockopt;
	p->keepalive = toe_keepalive;
	p->release_cb = toe_release_cb;
	p->destroy = toe_destroy;
	p->diag_destroy = toe_diag_destroy;
	p->backlog_rcv = toe_backlog_rcv;
}

int toe_calls_init(void)
{
	fill_prot(&prot4, &tcp_prot);
#if IS_ENABLED(CONFIG_IPV6)
	fill_prot(&prot6, &tcpv6_prot);
#endif
	return 0;
}
