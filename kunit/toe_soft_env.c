// SPDX-License-Identifier: GPL-2.0
/*
 * The world of the software target's tests, see toe_soft_env.h.
 */
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <net/ipv6.h>

#include "../drivers/toe/soft/l2.h"
#include "toe_soft_env.h"

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);

/* An adapter that is never registered: the target needs one to belong to. */
static void nic_release(struct ndk_nic *nic)
{
}

static const struct ndk_nic_ops nic_ops = {
	.owner = THIS_MODULE,
	.kind = "none",
	.release = nic_release,
};

static u8 byte_at(u32 offset)
{
	return offset * 5 + (offset >> 8) * 3;
}

static u32 tsval_of(const struct tcphdr *th)
{
	const u8 *opt = (const u8 *)(th + 1);

	/* the engine puts it first */
	if (th->doff < 8 || opt[2] != TCPOPT_TIMESTAMP)
		return 0;
	return get_unaligned_be32(opt + 4);
}

static void note_tcp(struct side *side, const struct sk_buff *skb, unsigned int at)
{
	const struct tcphdr *th = (const struct tcphdr *)(skb->data + at);
	struct tw_seen *seen = &side->seen;
	u32 ts = tsval_of(th);

	side->w->sent++;
	side->sent++;
	if (th->rst)
		side->w->rsts++;
	if (ts && seen->tsval && (s32)(ts - seen->tsval) < 0)
		side->ts_back = true;
	seen->seq = ntohl(th->seq);
	seen->ack = ntohl(th->ack_seq);
	seen->len = skb->len - at - th->doff * 4;
	seen->window = ntohs(th->window);
	seen->tsval = ts;
	seen->again = seen->len && before(seen->seq, side->top);
	side->again += seen->again;
	if (after(seen->seq + seen->len, side->top))
		side->top = seen->seq + seen->len;
	seen->ip_len = skb->len - at + (at ? at - ETH_HLEN : 0);
	if (skb_is_gso(skb))
		seen->ip_len -= seen->len - skb_shinfo(skb)->gso_size;
	side->max_ip_len = max(side->max_ip_len, seen->ip_len);
}

/* Onto the wire, or not. */
static void carry(struct side *side, struct sk_buff *skb)
{
	struct world *w = side->w;

	if (side->cut || prandom_u32_state(&w->rnd) % 1000 < w->loss) {
		kfree_skb(skb);
		return;
	}
	skb_queue_tail(&w->wire[!side->i], skb);
}

static void wire_xmit(struct soft_conn *sc, struct sk_buff *skb)
{
	struct side *side = sc->st->priv;

	note_tcp(side, skb, 0);
	carry(side, skb);
}

static const struct soft_wire wire = {
	.xmit = wire_xmit,
};

static unsigned int note_ip(struct tw_seen *seen, const struct sk_buff *skb)
{
	const struct iphdr *ip = (const struct iphdr *)(skb->data + ETH_HLEN);
	const struct ipv6hdr *ip6 = (const struct ipv6hdr *)ip;

	if (ip->version == 6 && ip6->nexthdr == IPPROTO_TCP) {
		seen->ttl = ip6->hop_limit;
		seen->tos = ipv6_get_dsfield(ip6);
		seen->label = ntohl(ip6_flowlabel(ip6));
		return ETH_HLEN + sizeof(*ip6);
	}
	if (ip->version != 4 || ip->protocol != IPPROTO_TCP)
		return 0;
	seen->ttl = ip->ttl;
	seen->tos = ip->tos;
	seen->id = ntohs(ip->id);
	return ETH_HLEN + sizeof(*ip);
}

/* The kernel sends on a new device, too (MLD, router solicitation): not ours. */
static netdev_tx_t dev_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct side *side = *(struct side **)netdev_priv(dev);
	const struct ethhdr *eth = (const struct ethhdr *)skb->data;
	struct tw_seen *seen = &side->seen;
	unsigned int head = note_ip(seen, skb);

	if (!head) {
		kfree_skb(skb);
		return NETDEV_TX_OK;
	}
	ether_addr_copy(seen->dst, eth->h_dest);
	ether_addr_copy(seen->src, eth->h_source);
	seen->tagged = skb_vlan_tag_present(skb);
	seen->tag = seen->tagged ? skb_vlan_tag_get(skb) : 0;
	note_tcp(side, skb, head);
	carry(side, skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops dev_ops = {
	.ndo_start_xmit = dev_xmit,
};

static void new_device(struct side *side)
{
	struct kunit *test = side->w->test;
	struct net_device *dev = alloc_etherdev(sizeof(side));

	KUNIT_ASSERT_NOT_NULL(test, dev);
	strscpy(dev->name, "toew%d");
	*(struct side **)netdev_priv(dev) = side;
	dev->netdev_ops = &dev_ops;
	/* as good a device as there is: bursts and checksums are its business */
	dev->features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO6 |
			NETIF_F_HIGHDMA | NETIF_F_HW_VLAN_CTAG_TX;
	dev->hw_features = dev->features;
	dev->priv_flags |= IFF_NO_QUEUE;
	eth_hw_addr_random(dev);
	if (register_netdev(dev)) {
		free_netdev(dev);
		kunit_skip(test, "no device");
	}
	side->dev = dev;
	rtnl_lock();
	KUNIT_EXPECT_EQ(test, 0, dev_open(dev, NULL));
	rtnl_unlock();
}

static void host_uploading(struct toe_obj *obj, void *priv, enum toe_reason reason)
{
	struct side *side = priv;

	side->reasons[reason]++;
}

static void host_uploaded(struct toe_obj *obj, void *priv, struct toe_block *b)
{
	struct toe_conn_delegated *d = toe_block_state(b, TOE_STATE_DELEGATED);
	struct side *side = priv;

	side->uploads++;
	side->up_status = b->status;
	if (b->status != TOE_SUCCESS || !d)
		return;
	side->seed = *d;
	side->seed.buffered = NULL;
	list_splice_tail_init(&b->sends, &side->backlog);
	if (d->buffered)
		skb_queue_splice_tail_init(d->buffered, &side->kept);
}

static void host_aborted(struct toe_obj *obj, void *priv)
{
	((struct side *)priv)->aborts++;
}

static void host_segment(struct toe_obj *obj, void *priv, struct sk_buff *skb)
{
	((struct side *)priv)->segments++;
	kfree_skb(skb);
}

static bool host_retrieve(struct toe_obj *obj, void *priv, enum toe_reason reason)
{
	if (toe_reason_is_hint(reason))
		((struct side *)priv)->hints++;
	return false;
}

static u32 host_reachability(struct toe_obj *obj, void *priv, u32 nrd)
{
	struct side *side = priv;

	side->asked++;
	side->nrd = nrd;
	return side->hrd;
}

static const struct toe_host_ops neigh_ops = {
	.reachability = host_reachability,
};

static const struct toe_host_ops host_ops = {
	.retrieve = host_retrieve,
	.uploading = host_uploading,
	.uploaded = host_uploaded,
	.aborted = host_aborted,
	.segment = host_segment,
};

static void check(struct side *side, struct sk_buff *skb, u32 skip)
{
	u32 i, n = skb->len - skip;
	u8 buf[64];

	for (i = 0; i < n; i++) {
		if (i % sizeof(buf) == 0)
			skb_copy_bits(skb, skip + i, buf, min_t(u32, sizeof(buf), n - i));
		if (buf[i % sizeof(buf)] != byte_at(side->got + i))
			side->bad++;
	}
	side->got += n;
}

static u32 consumer_indicate(struct toe_conn *conn, void *priv, struct toe_rx *rx)
{
	struct side *side = priv;
	u32 skip = rx->offset;
	struct sk_buff *skb;
	LIST_HEAD(back);

	if (side->refuse) {
		side->refuse--;
		return TOE_DATA_NOT_ACCEPTED;
	}
	skb_queue_walk(&rx->skbs, skb) {
		check(side, skb, min(skip, skb->len));
		skip -= min(skip, skb->len);
	}
	list_add(&rx->link, &back);
	toe_rx_return(&back);
	return TOE_SUCCESS;
}

static void consumer_disconnect(struct toe_conn *conn, void *priv)
{
	((struct side *)priv)->fins++;
}

static const struct toe_consumer_ops consumer_ops = {
	.indicate = consumer_indicate,
	.disconnect = consumer_disconnect,
};

static void piece_done(struct toe_send *s)
{
	struct piece *p = container_of(s, struct piece, s);

	p->done++;
	/* s->bytes is of this stay only; all of it may have taken several */
	if (s->status == TOE_SUCCESS)
		p->side->acked += p->kv.iov_len;
	p->side->last_status = s->status;
	if (s->status == TOE_UPLOAD_IN_PROGRESS)
		list_add_tail(&s->link, &p->side->backlog);
}

/* The MAC ends with @last. */
struct toe_obj *tw_new_neigh(struct side *side, u8 last, u16 vlan)
{
	struct toe_neigh_const c = { .h = { sizeof(c), TOE_REVISION }, .vlan_id = vlan };
	struct toe_neigh_cached v = { .h = { sizeof(v), TOE_REVISION }, .dst_len = ETH_ALEN };

	v.dst[0] = 2;
	v.dst[5] = last;
	return toe_neigh_create(side->st->t, &c, &v, &neigh_ops, side);
}

static struct toe_obj *new_path(struct side *side)
{
	struct toe_path_const c = { .h = { sizeof(c), TOE_REVISION } };
	struct toe_path_cached v = { .h = { sizeof(v), TOE_REVISION }, .mtu = 1500 };
	struct soft_tuple key = tw_key_of(side);

	if (side->w->how.mtu)
		v.mtu = side->w->how.mtu;
	memcpy(c.src, key.saddr, sizeof(c.src));
	memcpy(c.dst, key.daddr, sizeof(c.dst));
	return toe_path_create(side->neigh, key.v6 ? TOE_PATH6 : TOE_PATH4, &c, &v, NULL, NULL);
}

struct toe_obj *tw_new_conn(struct side *side, u16 sport, u16 dport)
{
	struct toe_conn_const c = {
		.h = { sizeof(c), TOE_REVISION },
		.flags = TOE_CONN_TIMESTAMP | TOE_CONN_SACK,
		.remote_mss = side->w->how.mtu ? side->w->how.mtu - 40 : 1460,
		.local_port = htons(sport),
		.remote_port = htons(dport),
	};
	struct toe_conn_cached v = {
		.h = { sizeof(v), TOE_REVISION },
		.initial_rcv_wnd = WINDOW,
		.ka_probes = 9,
		.ka_timeout = 7200000,
		.ka_interval = 75000,
		.ttl = 64,
	};

	return toe_conn_create(side->path, &c, &v, &host_ops, side);
}

static void make_objects(struct side *side)
{
	struct kunit *test = side->w->test;

	side->neigh = tw_new_neigh(side, 0x10 + side->i, side->w->how.vlan);
	KUNIT_ASSERT_FALSE(test, IS_ERR(side->neigh));
	side->path = new_path(side);
	KUNIT_ASSERT_FALSE(test, IS_ERR(side->path));
	side->conn = tw_new_conn(side, side->i ? 80 : 4000, side->i ? 4000 : 80);
	KUNIT_ASSERT_FALSE(test, IS_ERR(side->conn));
	toe_conn_set_consumer(toe_conn_of(side->conn), &consumer_ops, side);
}

static void seed(struct side *side, u32 isn, u32 peer_isn)
{
	side->seed = (struct toe_conn_delegated){
		.h = { sizeof(side->seed), TOE_REVISION },
		.state = TOE_TCP_ESTABLISHED,
		.rcv_nxt = peer_isn,
		.rcv_wnd = WINDOW,
		.snd_una = isn,
		.snd_nxt = isn,
		.snd_max = isn,
		.snd_wnd = WINDOW,
		.max_snd_wnd = WINDOW,
		.snd_wl1 = peer_isn,
		.cwnd = 14600,
		.ssthresh = U32_MAX,
		.ts_time = 1000,
		.ka_delta = TOE_TIMER_OFF,
		.rt_delta = TOE_TIMER_OFF,
	};
}

static void end_side(struct side *side)
{
	unsigned int i;

	if (side->st)
		soft_destroy(side->st);
	toe_obj_put(side->conn);
	toe_obj_put(side->path);
	toe_obj_put(side->neigh);
	if (side->dev) {
		unregister_netdev(side->dev);
		free_netdev(side->dev);
	}
	if (side->nic)
		ndk_nic_free(side->nic);
	__skb_queue_purge(&side->kept);
	for (i = 0; i < side->npieces; i++)
		kfree(side->pieces[i].kv.iov_base);
	kfree(side->pieces);
}

static void end_world(void *data)
{
	struct world *w = data;
	unsigned int i;

	for (i = 0; i < 2; i++)
		end_side(&w->side[i]);
	/* the objects' timers know the clock until they are freed */
	rcu_barrier();
	for (i = 0; i < 2; i++)
		skb_queue_purge(&w->wire[i]);
}

static void start_side(struct world *w, unsigned int i, u32 max_conns)
{
	struct side *side = &w->side[i];
	struct kunit *test = w->test;

	side->w = w;
	side->i = i;
	INIT_LIST_HEAD(&side->backlog);
	__skb_queue_head_init(&side->kept);
	side->pieces = kcalloc(MAX_SENDS, sizeof(*side->pieces), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, side->pieces);
	side->nic = ndk_nic_alloc(&nic_ops, side);
	KUNIT_ASSERT_NOT_NULL(test, side->nic);
	if (w->how.frames)
		new_device(side);
	side->st = soft_create(side->nic, i ? "soft1" : "soft0", max_conns, w->how.flags,
			       w->how.frames ? &soft_l2_wire : &wire,
			       w->how.frames ? (void *)side->dev : side, &w->clock);
	if (IS_ERR(side->st)) {
		KUNIT_FAIL(test, "target: %ld", PTR_ERR(side->st));
		side->st = NULL;
		kunit_skip(test, "no target");
	}
	make_objects(side);
	seed(side, i ? ISN1 : ISN0, i ? ISN0 : ISN1);
	side->top = side->seed.snd_nxt;
}

struct world *tw_world_of(struct kunit *test, const struct tw_setup *how)
{
	struct world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->test = test;
	w->how = *how;
	toe_clock_init(&w->clock, 1000, true);
	toe_clock_advance(&w->clock, 100000);
	prandom_seed_state(&w->rnd, 3);
	for (i = 0; i < 2; i++)
		skb_queue_head_init(&w->wire[i]);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, end_world, w));
	for (i = 0; i < 2; i++)
		start_side(w, i, 16);
	return w;
}

struct world *tw_world(struct kunit *test, u32 flags)
{
	return tw_world_of(test, &(struct tw_setup){ .flags = flags });
}

void tw_op_done(struct toe_op *op)
{
	complete(op->priv);
}

/* Tree of @side for @type: the connection, with what it hangs below as needed. */
struct toe_op *tw_tree(struct side *side, enum toe_op_type type, struct completion *done,
		       struct toe_block **conn)
{
	bool in = type == TOE_INITIATE;
	bool first = toe_obj_state(side->path) == TOE_IN_HOST;
	struct toe_block *n, *p = NULL;
	struct toe_op *op = toe_op_alloc(side->st->t, type, tw_op_done, done, GFP_KERNEL);

	if (in) {
		n = toe_op_add(op, NULL, side->neigh, 0,
			       first ? TOE_STATE_ALL : TOE_STATE_NONE, GFP_KERNEL);
		p = toe_op_add(op, n, side->path, 0, first ? TOE_STATE_ALL : TOE_STATE_NONE,
			       GFP_KERNEL);
	}
	*conn = toe_op_add(op, p, side->conn, 0, in ? TOE_STATE_ALL : TOE_STATE_DELEGATED,
			   GFP_KERNEL);
	return op;
}

/* Offers the connection, with everything that came back the last time. */
u32 tw_offload(struct side *side)
{
	struct kunit *test = side->w->test;
	DECLARE_COMPLETION_ONSTACK(done);
	struct toe_conn_delegated *d;
	struct toe_block *b;
	struct toe_op *op = tw_tree(side, TOE_INITIATE, &done, &b);
	u32 status;

	d = toe_block_state(b, TOE_STATE_DELEGATED);
	*d = side->seed;
	d->valid_for = TOE_FOR_TRANSFER;
	d->buffered = &side->kept;
	list_splice_tail_init(&side->backlog, &b->sends);
	KUNIT_ASSERT_EQ(test, 0, toe_op_submit(op));
	KUNIT_ASSERT_NE(test, 0UL, wait_for_completion_timeout(&done, 10 * HZ));
	toe_target_flush(side->st->t);
	status = b->status;
	if (status != TOE_SUCCESS)
		list_splice_tail_init(&b->sends, &side->backlog);
	else
		__skb_queue_purge(&side->kept);
	toe_op_free(op);
	return status;
}

void tw_upload(struct side *side)
{
	unsigned int before = side->uploads;
	unsigned int tries;

	KUNIT_EXPECT_EQ(side->w->test, 0, toe_upload(side->conn, TOE_HOST_ASKED));
	for (tries = 0; tries < 1000 && side->uploads == before; tries++) {
		toe_target_flush(side->st->t);
		cond_resched();
	}
	KUNIT_EXPECT_EQ(side->w->test, side->uploads, before + 1);
	KUNIT_EXPECT_EQ(side->w->test, side->up_status, TOE_SUCCESS);
}

void tw_fill(struct side *side, struct piece *p, u32 len)
{
	u32 i;
	u8 *to = kmalloc(len, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(side->w->test, to);
	for (i = 0; i < len; i++)
		to[i] = byte_at(side->posted + i);
	p->side = side;
	p->kv.iov_base = to;
	p->kv.iov_len = len;
	iov_iter_kvec(&p->s.iter, ITER_SOURCE, &p->kv, 1, len);
	p->s.done = piece_done;
	side->posted += len;
}

int tw_send(struct side *side, u32 len, u32 flags)
{
	struct piece *p;

	KUNIT_ASSERT_LT(side->w->test, side->npieces, MAX_SENDS);
	p = &side->pieces[side->npieces++];
	tw_fill(side, p, len);
	p->s.flags = flags;
	return toe_send(toe_conn_of(side->conn), &p->s);
}

struct soft_tuple tw_key_of(struct side *side)
{
	bool v6 = side->w->how.v6;
	struct soft_tuple key = {
		.sport = htons(side->i ? 80 : 4000),
		.dport = htons(side->i ? 4000 : 80),
		.v6 = v6,
	};

	key.saddr[0] = v6 ? 0xfd : 10;
	key.saddr[v6 ? 15 : 3] = 1 + side->i;
	key.daddr[0] = v6 ? 0xfd : 10;
	key.daddr[v6 ? 15 : 3] = 2 - side->i;
	return key;
}

/* From the wire into the target, which may refuse it. */
void tw_arrive(struct side *side, struct sk_buff *skb)
{
	struct soft_tuple key = tw_key_of(side);
	int err;

	local_bh_disable();
	if (side->w->how.frames) {
		skb_pull(skb, ETH_HLEN);
		skb_orphan(skb);
		err = soft_l2_rx(side->st, skb);
	} else {
		err = soft_rx(side->st, &key, skb);
	}
	if (err)
		kfree_skb(skb);
	local_bh_enable();
}

/* Everything on the wire arrives; what nobody knows is lost. */
bool tw_pump(struct world *w)
{
	bool any = false;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct sk_buff *skb = skb_dequeue(&w->wire[i]);

		if (!skb)
			continue;
		any = true;
		tw_arrive(&w->side[i], skb);
	}
	return any;
}

void tw_settle(struct world *w)
{
	do {
		while (tw_pump(w))
			cond_resched();
		toe_target_flush(w->side[0].st->t);
		toe_target_flush(w->side[1].st->t);
	} while (!skb_queue_empty(&w->wire[0]) || !skb_queue_empty(&w->wire[1]));
}

void tw_pass(struct world *w, unsigned int ticks)
{
	while (ticks--) {
		toe_clock_advance(&w->clock, 1);
		tw_settle(w);
	}
}

static bool all_there(struct world *w)
{
	return w->side[1].got == w->side[0].posted && w->side[0].got == w->side[1].posted &&
	       w->side[0].acked == w->side[0].posted && w->side[1].acked == w->side[1].posted;
}

void tw_expect_all_there(struct world *w)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(w->test, w->side[!i].got, w->side[i].posted);
		KUNIT_EXPECT_EQ(w->test, w->side[i].acked, w->side[i].posted);
		KUNIT_EXPECT_EQ(w->test, w->side[i].bad, 0);
	}
	KUNIT_EXPECT_EQ(w->test, w->rsts, 0);
}

void tw_run(struct world *w, unsigned int ticks)
{
	while (!all_there(w) && ticks) {
		unsigned int n = min(ticks, 10U);

		tw_pass(w, n);
		ticks -= n;
	}
}

void tw_both_offloaded(struct world *w)
{
	KUNIT_ASSERT_EQ(w->test, tw_offload(&w->side[0]), TOE_SUCCESS);
	KUNIT_ASSERT_EQ(w->test, tw_offload(&w->side[1]), TOE_SUCCESS);
}

/* Submits and waits. The status of @b; frees @op. */
u32 tw_run_op(struct world *w, struct toe_op *op, struct toe_block *b)
{
	DECLARE_COMPLETION_ONSTACK(done);
	u32 status;

	KUNIT_ASSERT_NOT_NULL(w->test, b);
	op->priv = &done;
	KUNIT_ASSERT_EQ(w->test, 0, toe_op_submit(op));
	KUNIT_ASSERT_NE(w->test, 0UL, wait_for_completion_timeout(&done, 10 * HZ));
	status = b->status;
	toe_op_free(op);
	return status;
}

void tw_query(struct side *side, struct toe_conn_delegated *d)
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct toe_block *b;
	struct toe_op *op = tw_tree(side, TOE_QUERY, &done, &b);

	KUNIT_ASSERT_EQ(side->w->test, 0, toe_op_submit(op));
	KUNIT_ASSERT_NE(side->w->test, 0UL, wait_for_completion_timeout(&done, 10 * HZ));
	*d = *(struct toe_conn_delegated *)toe_block_state(b, TOE_STATE_DELEGATED);
	toe_op_free(op);
}

u32 tw_update_conn(struct side *side, const struct toe_conn_cached *v)
{
	struct toe_op *op = toe_op_alloc(side->st->t, TOE_UPDATE, tw_op_done, NULL, GFP_KERNEL);
	struct toe_block *b = toe_op_add(op, NULL, side->conn, 0, TOE_STATE_CACHED, GFP_KERNEL);

	*(struct toe_conn_cached *)toe_block_state(b, TOE_STATE_CACHED) = *v;
	return tw_run_op(side->w, op, b);
}

static const struct tw_setup frames[] = {
	{ .frames = true },
	{ .frames = true, .v6 = true },
};

static void describe(const struct tw_setup *how, char *desc)
{
	strscpy(desc, how->v6 ? "IPv6" : "IPv4", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(frames, frames, describe);

const void *tw_frames_gen_params(const void *prev, char *desc)
{
	return frames_gen_params(prev, desc);
}
