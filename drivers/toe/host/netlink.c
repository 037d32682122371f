// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: connections are named, moved, listed.
 *
 * Requests run in parallel and may take as long as targets and the programs that
 * hold their sockets take; every wait for a target is bounded (TOE_HOST_WAIT_MS).
 *
 * Who may what
 * ------------
 * A socket is seen and moved by who has CAP_NET_ADMIN over its namespace, and by the
 * user it belongs to. Others get the answer they would get if it did not exist. The
 * user of a request is the real one of its sender: a set-user-ID program that can be
 * made to write to a netlink socket lends nobody its effective one.
 */
#include <linux/file.h>
#include <linux/net.h>
#include <net/inet_hashtables.h>
#include <net/inet6_hashtables.h>
#include <uapi/ndk/toe_live.h>

#include "netlink.h"

/* results of one message, each well below 64 bytes */
#define RESULTS_PER_MESSAGE	48
#define RESULT_ROOM		64
/* connections of one namespace-wide upload that are moved together */
#define UPLOAD_BATCH		64

/* --- who ------------------------------------------------------------------------- */

struct caller {
	bool admin;	/* in the namespace that is asked about */
	kuid_t uid;
};

static struct caller caller_in(const struct sk_buff *skb, const struct net *net)
{
	return (struct caller){
		.admin = netlink_ns_capable(skb, net->user_ns, CAP_NET_ADMIN),
		.uid = NETLINK_CREDS(skb)->uid,
	};
}

static bool may(const struct caller *c, kuid_t owner)
{
	return c->admin || uid_eq(c->uid, owner);
}

static bool may_move(const struct sk_buff *skb, const struct sock *sk)
{
	struct caller c = caller_in(skb, sock_net(sk));

	return may(&c, sk->sk_uid);
}

/* --- which ----------------------------------------------------------------------- */

static const struct nla_policy conn_policy[NDK_TOE_CONN_IFINDEX + 1] = {
	[NDK_TOE_CONN_FD] = { .type = NLA_U32 },
	[NDK_TOE_CONN_LOCAL] = { .type = NLA_BINARY, .len = 16 },
	[NDK_TOE_CONN_REMOTE] = { .type = NLA_BINARY, .len = 16 },
	[NDK_TOE_CONN_LPORT] = { .type = NLA_U16 },
	[NDK_TOE_CONN_RPORT] = { .type = NLA_U16 },
	[NDK_TOE_CONN_IFINDEX] = { .type = NLA_U32 },
};

static const struct nla_policy fault_policy[NDK_TOE_FAULT_ATTRS] = {
	[NDK_TOE_FAULT_KIND] = NLA_POLICY_MAX(NLA_U8, NDK_TOE_FAULT_KINDS - 1),
	[NDK_TOE_FAULT_LAYER] = NLA_POLICY_MAX(NLA_U8, NDK_TOE_FAULT_LAYERS - 1),
	[NDK_TOE_FAULT_VALUE] = { .type = NLA_U32 },
};

static const struct nla_policy policy[NDK_TOE_A_FAULT + 1] = {
	[NDK_TOE_A_CONN] = NLA_POLICY_NESTED(conn_policy),
	[NDK_TOE_A_TARGET] = { .type = NLA_NUL_STRING, .len = NDK_TOE_MAX_NAME - 1 },
	[NDK_TOE_A_ALL] = { .type = NLA_FLAG },
	[NDK_TOE_A_FAULT] = NLA_POLICY_NESTED(fault_policy),
};

static struct sock *by_fd(u32 fd, int *err)
{
	struct socket *sock = sockfd_lookup(fd, err);
	struct sock *sk;

	if (!sock)
		return NULL;
	sk = sock->sk;
	if (sk && sk_is_tcp(sk)) {
		sock_hold(sk);
	} else {
		*err = -EPROTOTYPE;
		sk = NULL;
	}
	sockfd_put(sock);
	return sk;
}

static struct sock *look_up(struct net *net, struct nlattr **tb, int len, int ifindex)
{
	struct inet_hashinfo *hash = net->ipv4.tcp_death_row.hashinfo;
	__be16 rport = nla_get_be16(tb[NDK_TOE_CONN_RPORT]);
	u16 lport = ntohs(nla_get_be16(tb[NDK_TOE_CONN_LPORT]));

	if (len == 4)
		return __inet_lookup_established(net, hash,
						 nla_get_in_addr(tb[NDK_TOE_CONN_REMOTE]), rport,
						 nla_get_in_addr(tb[NDK_TOE_CONN_LOCAL]), lport,
						 ifindex, 0);
#if IS_ENABLED(CONFIG_IPV6)
	if (len == 16) {
		struct in6_addr local = nla_get_in6_addr(tb[NDK_TOE_CONN_LOCAL]);
		struct in6_addr remote = nla_get_in6_addr(tb[NDK_TOE_CONN_REMOTE]);

		return __inet6_lookup_established(net, hash, &remote, rport, &local, lport,
						  ifindex, 0);
	}
#endif
	return NULL;
}

static struct sock *by_addresses(struct net *net, struct nlattr **tb, int *err)
{
	struct sock *sk;
	int len, ifindex;

	*err = -EINVAL;
	if (!tb[NDK_TOE_CONN_LOCAL] || !tb[NDK_TOE_CONN_REMOTE] || !tb[NDK_TOE_CONN_LPORT] ||
	    !tb[NDK_TOE_CONN_RPORT])
		return NULL;
	len = nla_len(tb[NDK_TOE_CONN_LOCAL]);
	if ((len != 4 && len != 16) || nla_len(tb[NDK_TOE_CONN_REMOTE]) != len)
		return NULL;
	ifindex = tb[NDK_TOE_CONN_IFINDEX] ? nla_get_u32(tb[NDK_TOE_CONN_IFINDEX]) : 0;
	*err = -ENOENT;
	sk = look_up(net, tb, len, ifindex);
	/* what waits for its last segments, or for its first */
	if (sk && !sk_fullsock(sk)) {
		sock_gen_put(sk);
		return NULL;
	}
	return sk;
}

/* The socket an attribute names, with a reference, or NULL and *@err. */
static struct sock *named(struct sk_buff *skb, struct net *net, const struct nlattr *nest, int *err)
{
	struct nlattr *tb[NDK_TOE_CONN_IFINDEX + 1];
	struct sock *sk;

	*err = nla_parse_nested(tb, NDK_TOE_CONN_IFINDEX, nest, conn_policy, NULL);
	if (*err)
		return NULL;
	sk = tb[NDK_TOE_CONN_FD] ? by_fd(nla_get_u32(tb[NDK_TOE_CONN_FD]), err) :
				   by_addresses(net, tb, err);
	if (sk && !may_move(skb, sk)) {
		*err = tb[NDK_TOE_CONN_FD] ? -EPERM : -ENOENT;
		sock_put(sk);
		return NULL;
	}
	return sk;
}

/* --- moving ---------------------------------------------------------------------- */

struct request {
	u8 cmd;
	const char *target;
	unsigned int n;
	struct toe_move *all;	/* as they were named */
	struct toe_move *some;	/* those of one namespace */
	u16 *from;		/* and where they stand in @all */
};

static unsigned int count_conns(struct genl_info *info)
{
	unsigned int n = 0;
	struct nlattr *a;
	int rem;

	nlmsg_for_each_attr_type(a, NDK_TOE_A_CONN, info->nlhdr, GENL_HDRLEN, rem)
		n++;
	return n;
}

static void request_free(struct request *r)
{
	unsigned int i;

	for (i = 0; r->all && i < r->n; i++)
		if (r->all[i].sk)
			sock_put(r->all[i].sk);
	kvfree(r->all);
	kvfree(r->some);
	kvfree(r->from);
}

static int request_make(struct request *r, struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *a;
	int rem;

	r->cmd = info->genlhdr->cmd;
	if (info->attrs[NDK_TOE_A_TARGET])
		r->target = nla_data(info->attrs[NDK_TOE_A_TARGET]);
	r->n = count_conns(info);
	if (!r->n || r->n > NDK_TOE_MAX_CONNS) {
		NL_SET_ERR_MSG_FMT(info->extack, "%u connections; 1 to %u are possible", r->n,
				   NDK_TOE_MAX_CONNS);
		return -EINVAL;
	}
	r->all = kvcalloc(r->n, sizeof(*r->all), GFP_KERNEL);
	r->some = kvcalloc(r->n, sizeof(*r->some), GFP_KERNEL);
	r->from = kvcalloc(r->n, sizeof(*r->from), GFP_KERNEL);
	if (!r->all || !r->some || !r->from)
		return -ENOMEM;
	r->n = 0;
	nlmsg_for_each_attr_type(a, NDK_TOE_A_CONN, info->nlhdr, GENL_HDRLEN, rem) {
		struct toe_move *m = &r->all[r->n++];

		m->sk = named(skb, genl_info_net(info), a, &m->err);
		if (m->sk)
			m->err = -EINPROGRESS;
	}
	return 0;
}

/* Sockets named by descriptor can live elsewhere; a batch is of one namespace. */
static unsigned int gather(struct request *r, const struct net *net)
{
	unsigned int i, n = 0;

	for (i = 0; i < r->n; i++) {
		if (r->all[i].err != -EINPROGRESS || !net_eq(sock_net(r->all[i].sk), net))
			continue;
		r->some[n] = r->all[i];
		r->some[n].err = 0;
		r->from[n++] = i;
	}
	return n;
}

static void move_namespace(struct request *r, struct net *net)
{
	unsigned int i, n = gather(r, net);

	if (r->cmd == NDK_TOE_CMD_OFFLOAD)
		toe_offload(toe_net_of(net), r->target, r->some, n);
	else
		toe_host_upload(r->some, n);
	for (i = 0; i < n; i++)
		r->all[r->from[i]] = r->some[i];
}

static void move_all(struct request *r)
{
	unsigned int i;

	for (i = 0; i < r->n; i++)
		if (r->all[i].err == -EINPROGRESS)
			move_namespace(r, sock_net(r->all[i].sk));
}

static int put_result(struct sk_buff *skb, const struct toe_move *m)
{
	struct nlattr *nest = nla_nest_start(skb, NDK_TOE_A_RESULT);

	if (!nest || nla_put_u32(skb, NDK_TOE_RESULT_ERRNO, -m->err))
		return -EMSGSIZE;
	if (m->refusal &&
	    nla_put_string(skb, NDK_TOE_RESULT_REASON, toe_refusal_name(m->refusal)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static struct sk_buff *answer_new(struct genl_info *info, size_t room, void **head)
{
	struct sk_buff *skb = genlmsg_new(room, GFP_KERNEL);

	if (!skb)
		return NULL;
	*head = genlmsg_put_reply(skb, info, &toe_nl_family, 0, info->genlhdr->cmd);
	if (*head)
		return skb;
	nlmsg_free(skb);
	return NULL;
}

static int answer_results(const struct request *r, unsigned int first, unsigned int n,
			  struct genl_info *info)
{
	struct sk_buff *skb;
	unsigned int i;
	void *head;

	skb = answer_new(info, n * RESULT_ROOM, &head);
	if (!skb)
		return -ENOMEM;
	for (i = first; i < first + n; i++) {
		if (put_result(skb, &r->all[i])) {
			nlmsg_free(skb);
			return -EMSGSIZE;
		}
	}
	genlmsg_end(skb, head);
	return genlmsg_reply(skb, info);
}

/* What was moved stays moved, also when the answer does not get through. */
static int answer_all(const struct request *r, struct genl_info *info)
{
	unsigned int at, n;
	int err = 0;

	for (at = 0; at < r->n && !err; at += n) {
		n = min(r->n - at, RESULTS_PER_MESSAGE);
		err = answer_results(r, at, n, info);
	}
	return err;
}

static int do_move(struct sk_buff *skb, struct genl_info *info)
{
	struct request r = {};
	int err;

	err = request_make(&r, skb, info);
	if (!err) {
		move_all(&r);
		err = answer_all(&r, info);
	}
	request_free(&r);
	return err;
}

/* --- taking all back ------------------------------------------------------------- */

static unsigned int upload_some(struct toe_move *m, unsigned int n)
{
	unsigned int i, done = n ? toe_host_upload(m, n) : 0;

	for (i = 0; i < n; i++)
		sock_put(m[i].sk);
	return done;
}

static bool is_out(struct toe_sock *ts)
{
	struct toe_sock_info info;

	toe_sock_info(ts, &info);
	return info.state != TOE_SOCK_HOST && info.state != TOE_SOCK_DEAD;
}

static unsigned int upload_all(struct toe_net *tn, const struct caller *c, struct toe_move *m)
{
	unsigned int n = 0, done = 0;
	struct toe_sock *ts;
	u64 pos = 0;

	while ((ts = toe_socks_next(tn, &pos))) {
		if (may(c, ts->id.uid) && is_out(ts)) {
			m[n] = (struct toe_move){ .sk = toe_sock_hold(ts) };
			if (m[n].sk && ++n == UPLOAD_BATCH) {
				done += upload_some(m, n);
				n = 0;
			}
		}
		toe_sock_put(ts);
	}
	return done + upload_some(m, n);
}

static int do_upload_all(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	struct caller c = caller_in(skb, net);
	struct sk_buff *answer;
	struct toe_move *m;
	unsigned int n;
	void *head;

	m = kcalloc(UPLOAD_BATCH, sizeof(*m), GFP_KERNEL);
	answer = m ? answer_new(info, nla_total_size(sizeof(u32)), &head) : NULL;
	if (!answer) {
		kfree(m);
		return -ENOMEM;
	}
	n = upload_all(toe_net_of(net), &c, m);
	kfree(m);
	if (nla_put_u32(answer, NDK_TOE_A_COUNT, n)) {
		nlmsg_free(answer);
		return -EMSGSIZE;
	}
	genlmsg_end(answer, head);
	return genlmsg_reply(answer, info);
}

static int do_upload(struct sk_buff *skb, struct genl_info *info)
{
	return info->attrs[NDK_TOE_A_ALL] ? do_upload_all(skb, info) : do_move(skb, info);
}

/* --- looking --------------------------------------------------------------------- */

/* Also of a socket that is back in the host. */
static struct toe_sock *known(struct sock *sk)
{
	struct toe_net *tn = toe_net_of(sock_net(sk));
	struct toe_sock *ts;
	struct sock *its;
	u64 pos = 0;

	while ((ts = toe_socks_next(tn, &pos))) {
		its = toe_sock_hold(ts);
		if (its)
			sock_put(its);
		if (its == sk)
			return ts;
		toe_sock_put(ts);
	}
	return NULL;
}

static int answer_conn(struct toe_sock *ts, struct genl_info *info)
{
	struct sk_buff *answer;
	void *head;

	answer = answer_new(info, NLMSG_DEFAULT_SIZE, &head);
	if (!answer)
		return -ENOMEM;
	if (toe_nl_put_conn(answer, NDK_TOE_A_CONN, ts, current_user_ns())) {
		nlmsg_free(answer);
		return -EMSGSIZE;
	}
	genlmsg_end(answer, head);
	return genlmsg_reply(answer, info);
}

static int do_conn(struct sk_buff *skb, struct genl_info *info)
{
	struct toe_sock *ts;
	struct sock *sk;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, NDK_TOE_A_CONN))
		return -EINVAL;
	sk = named(skb, genl_info_net(info), info->attrs[NDK_TOE_A_CONN], &err);
	if (!sk)
		return err;
	ts = known(sk);
	sock_put(sk);
	if (!ts) {
		NL_SET_ERR_MSG(info->extack, "never offloaded");
		return -ENOENT;
	}
	err = answer_conn(ts, info);
	toe_sock_put(ts);
	return err;
}

struct conn_dump {
	u64 pos;
	struct caller c;
};

static int conn_dump_start(struct netlink_callback *cb)
{
	struct conn_dump *d = (struct conn_dump *)cb->ctx;

	NL_ASSERT_DUMP_CTX_FITS(struct conn_dump);
	d->c = caller_in(cb->skb, sock_net(cb->skb->sk));
	return 0;
}

static int dump_conn(struct sk_buff *skb, struct netlink_callback *cb, struct toe_sock *ts)
{
	void *head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				 &toe_nl_family, NLM_F_MULTI, NDK_TOE_CMD_CONN);

	if (!head)
		return -EMSGSIZE;
	if (toe_nl_put_conn(skb, NDK_TOE_A_CONN, ts, sk_user_ns(NETLINK_CB(cb->skb).sk))) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return 0;
}

static int conn_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct toe_net *tn = toe_net_of(sock_net(cb->skb->sk));
	struct conn_dump *d = (struct conn_dump *)cb->ctx;
	struct toe_sock *ts;
	u64 pos = d->pos;
	int err = 0;

	while (!err && (ts = toe_socks_next(tn, &pos))) {
		if (may(&d->c, ts->id.uid))
			err = dump_conn(skb, cb, ts);
		toe_sock_put(ts);
		/* what did not fit comes again */
		if (!err)
			d->pos = pos;
	}
	return skb->len;
}

/* --- targets --------------------------------------------------------------------- */

static int put_target(struct sk_buff *skb, const struct toe_target_info *info, u32 flags)
{
	if (nla_put_string(skb, NDK_TOE_A_TARGET, info->name) ||
	    nla_put_string(skb, NDK_TOE_A_KIND, info->kind) ||
	    nla_put_u32(skb, NDK_TOE_A_FLAGS, flags) ||
	    nla_put_u32(skb, NDK_TOE_A_OFFLOADED, info->offloaded))
		return -EMSGSIZE;
	return 0;
}

static int dump_target(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct toe_target_info *info, bool paused)
{
	u32 flags = (info->paused || paused ? NDK_TOE_TARGET_PAUSED : 0) |
		    (info->leaving ? NDK_TOE_TARGET_LEAVING : 0) |
		    (info->failed ? NDK_TOE_TARGET_FAILED : 0);
	void *head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				 &toe_nl_family, NLM_F_MULTI, NDK_TOE_CMD_TARGET);

	if (!head)
		return -EMSGSIZE;
	if (put_target(skb, info, flags)) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return 0;
}

struct target_dump {
	unsigned int next;
	bool all;	/* may see those of other namespaces */
};

static int target_dump_start(struct netlink_callback *cb)
{
	struct target_dump *d = (struct target_dump *)cb->ctx;

	NL_ASSERT_DUMP_CTX_FITS(struct target_dump);
	d->all = netlink_capable(cb->skb, CAP_NET_ADMIN);
	return 0;
}

/* Before anything was offloaded in a namespace there is nothing but its pause. */
static int dump_no_target(struct sk_buff *skb, struct netlink_callback *cb, struct toe_net *tn)
{
	static const struct toe_target_info none = { .name = "", .kind = "none yet" };

	return dump_target(skb, cb, &none, toe_net_is_paused(tn));
}

static int target_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct toe_net *tn = toe_net_of(sock_net(cb->skb->sk));
	struct target_dump *d = (struct target_dump *)cb->ctx;
	struct toe_target *own = toe_net_target(tn), *t = NULL;
	unsigned int i = 1;

	if (!d->next) {
		if (!own && dump_no_target(skb, cb, tn))
			return skb->len;
		d->next = 1;
	}
	while ((t = toe_target_next(t))) {
		struct toe_target_info info;

		toe_target_describe(t, &info);
		if (i++ < d->next || !(d->all || t == own))
			continue;
		if (dump_target(skb, cb, &info, t == own && toe_net_is_paused(tn))) {
			toe_target_put(t);
			break;
		}
		d->next = i;
	}
	return skb->len;
}

static int do_pause(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);

	if (!caller_in(skb, net).admin) {
		NL_SET_ERR_MSG(info->extack, "needs CAP_NET_ADMIN in this network namespace");
		return -EPERM;
	}
	toe_net_pause(toe_net_of(net), info->genlhdr->cmd == NDK_TOE_CMD_PAUSE);
	return 0;
}

/* --- faults ---------------------------------------------------------------------- */

static_assert((int)NDK_TOE_FAULT_NEIGH == (int)TOE_NEIGH);
static_assert((int)NDK_TOE_FAULT_PATH4 == (int)TOE_PATH4);
static_assert((int)NDK_TOE_FAULT_PATH6 == (int)TOE_PATH6);
static_assert((int)NDK_TOE_FAULT_CONN == (int)TOE_CONN);
static_assert((int)NDK_TOE_FAULT_FAIL == (int)TOE_FAULT_FAIL);
static_assert((int)NDK_TOE_FAULT_EXHAUST == (int)TOE_FAULT_EXHAUST);
static_assert((int)NDK_TOE_FAULT_CORRUPT == (int)TOE_FAULT_CORRUPT);
static_assert((int)NDK_TOE_FAULT_DELAY == (int)TOE_FAULT_DELAY);

static struct toe_target *target_of(struct genl_info *info)
{
	struct toe_target *t;

	if (info->attrs[NDK_TOE_A_TARGET])
		return toe_target_find(nla_data(info->attrs[NDK_TOE_A_TARGET]));
	t = toe_net_target(toe_net_of(genl_info_net(info)));
	return t ? toe_target_get(t) : NULL;
}

static int inject(struct genl_info *info, struct toe_target *t)
{
	struct nlattr *tb[NDK_TOE_FAULT_ATTRS];
	int err;

	err = nla_parse_nested(tb, NDK_TOE_FAULT_ATTRS - 1, info->attrs[NDK_TOE_A_FAULT],
			       fault_policy, info->extack);
	if (err)
		return err;
	if (!tb[NDK_TOE_FAULT_KIND] || !tb[NDK_TOE_FAULT_VALUE]) {
		NL_SET_ERR_MSG(info->extack, "a fault has a kind and a value");
		return -EINVAL;
	}
	err = toe_target_fault(t, nla_get_u8(tb[NDK_TOE_FAULT_KIND]),
			       tb[NDK_TOE_FAULT_LAYER] ? nla_get_u8(tb[NDK_TOE_FAULT_LAYER]) :
			       TOE_CONN, nla_get_u32(tb[NDK_TOE_FAULT_VALUE]));
	if (err)
		NL_SET_ERR_MSG(info->extack, "a completion may be a minute late at most");
	return err;
}

static int do_fault(struct sk_buff *skb, struct genl_info *info)
{
	struct toe_target *t;
	int err;

	if (!netlink_capable(skb, CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG(info->extack, "needs CAP_NET_ADMIN in the first user namespace");
		return -EPERM;
	}
	if (GENL_REQ_ATTR_CHECK(info, NDK_TOE_A_FAULT))
		return -EINVAL;
	t = target_of(info);
	if (!t) {
		NL_SET_ERR_MSG(info->extack, "no such target (the first offload makes the own)");
		return -ENOENT;
	}
	err = inject(info, t);
	toe_target_put(t);
	return err;
}

/* --- family ---------------------------------------------------------------------- */

static const struct genl_ops ops[] = {
	{
		.cmd = NDK_TOE_CMD_CONN,
		.doit = do_conn,
		.start = conn_dump_start,
		.dumpit = conn_dump,
	},
	{
		.cmd = NDK_TOE_CMD_OFFLOAD,
		.doit = do_move,
	},
	{
		.cmd = NDK_TOE_CMD_UPLOAD,
		.doit = do_upload,
	},
	{
		.cmd = NDK_TOE_CMD_TARGET,
		.start = target_dump_start,
		.dumpit = target_dump,
	},
	{
		.cmd = NDK_TOE_CMD_PAUSE,
		.doit = do_pause,
	},
	{
		.cmd = NDK_TOE_CMD_RESUME,
		.doit = do_pause,
	},
	{
		.cmd = NDK_TOE_CMD_FAULT,
		.doit = do_fault,
	},
};

static const struct genl_multicast_group groups[] = {
	{ .name = NDK_TOE_EVENTS, .flags = GENL_MCAST_CAP_NET_ADMIN },
};

struct genl_family toe_nl_family __ro_after_init = {
	.name = NDK_TOE_FAMILY,
	.version = NDK_TOE_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops = true,
	.maxattr = NDK_TOE_A_FAULT,
	.policy = policy,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

int __init toe_nl_init(void)
{
	return genl_register_family(&toe_nl_family);
}

/* On return no request is running and none comes any more. */
void toe_nl_exit(void)
{
	genl_unregister_family(&toe_nl_family);
}
