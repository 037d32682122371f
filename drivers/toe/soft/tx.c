// SPDX-License-Identifier: GPL-2.0
/*
 * From send requests to segments.
 *
 * A request's pages are put into the segment where they may be (ITER_BVEC of
 * pages that can be shared), its bytes are copied otherwise.
 */
#include <linux/bvec.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

#include "soft.h"

/**
 * struct soft_tx - a send request on its way
 * @tx: the engine's part
 * @send: the request; the core's once all of it is acknowledged
 */
struct soft_tx {
	struct tcpe_tx tx;
	struct toe_send *send;
};

static struct kmem_cache *tx_cache;

int soft_tx_init(void)
{
	tx_cache = KMEM_CACHE(soft_tx, 0);
	return tx_cache ? 0 : -ENOMEM;
}

void soft_tx_exit(void)
{
	kmem_cache_destroy(tx_cache);
}

static struct soft_tx *of(struct tcpe_tx *tx)
{
	return container_of(tx, struct soft_tx, tx);
}

void soft_tx_free(struct tcpe_tx *tx)
{
	kmem_cache_free(tx_cache, of(tx));
}

void soft_tx_free_list(struct list_head *txq)
{
	struct tcpe_tx *tx, *next;

	list_for_each_entry_safe(tx, next, txq, node) {
		list_del(&tx->node);
		soft_tx_free(tx);
	}
}

static unsigned int put_timestamp(u8 *p, const struct tcpe_seg *seg)
{
	if (!seg->has_ts)
		return 0;
	p[0] = TCPOPT_NOP;
	p[1] = TCPOPT_NOP;
	p[2] = TCPOPT_TIMESTAMP;
	p[3] = TCPOLEN_TIMESTAMP;
	put_unaligned_be32(seg->tsval, p + 4);
	put_unaligned_be32(seg->tsecr, p + 8);
	return TCPOLEN_TSTAMP_ALIGNED;
}

static unsigned int put_sack(u8 *p, const struct tcpe_seg *seg)
{
	unsigned int i;

	if (!seg->nr_sack)
		return 0;
	p[0] = TCPOPT_NOP;
	p[1] = TCPOPT_NOP;
	p[2] = TCPOPT_SACK;
	p[3] = TCPOLEN_SACK_BASE + seg->nr_sack * TCPOLEN_SACK_PERBLOCK;
	for (i = 0; i < seg->nr_sack; i++) {
		put_unaligned_be32(seg->sack[i].start, p + 4 + i * 8);
		put_unaligned_be32(seg->sack[i].end, p + 8 + i * 8);
	}
	return TCPOLEN_SACK_BASE_ALIGNED + seg->nr_sack * TCPOLEN_SACK_PERBLOCK;
}

static void put_header(struct soft_conn *sc, struct sk_buff *skb, const struct tcpe_seg *seg)
{
	struct tcphdr *th = skb_put_zero(skb, sizeof(*th) + MAX_TCP_OPTION_SPACE);
	u8 *p = (u8 *)(th + 1);

	p += put_timestamp(p, seg);
	p += put_sack(p, seg);
	th->source = sc->tuple.sport;
	th->dest = sc->tuple.dport;
	th->seq = htonl(seg->seq);
	th->ack_seq = htonl(seg->ack);
	th->doff = (p - (u8 *)th) / 4;
	th->window = htons(seg->window);
	th->ack = !!(seg->flags & TCPHDR_ACK);
	th->psh = !!(seg->flags & TCPHDR_PSH);
	th->fin = !!(seg->flags & TCPHDR_FIN);
	th->rst = !!(seg->flags & TCPHDR_RST);
	skb_trim(skb, p - skb->data);
}

/*
 * How many bytes from @offset of @page on one fragment may name: to the end of the
 * compound page, whose head one reference holds.
 */
static size_t in_one_page(struct page *page, size_t offset)
{
	struct page *head = compound_head(page);
	size_t at = ((page - head) << PAGE_SHIFT) + offset;

	return page_size(head) > at ? page_size(head) - at : 0;
}

static void add_fragment(struct sk_buff *skb, struct page *page, u32 offset, u32 len)
{
	unsigned int n = skb_shinfo(skb)->nr_frags;

	if (skb_can_coalesce(skb, n, page, offset)) {
		skb_frag_size_add(&skb_shinfo(skb)->frags[n - 1], len);
	} else {
		get_page(page);
		skb_fill_page_desc(skb, n, page, offset, len);
	}
	skb->len += len;
	skb->data_len += len;
	skb->truesize += len;
}

/* Pages the request lends, as far as they can be shared. Returns bytes added. */
static u32 share(struct sk_buff *skb, struct iov_iter *it, u32 want)
{
	u32 done = 0;

	while (done < want && iov_iter_is_bvec(it)) {
		struct bio_vec bv = mp_bvec_iter_bvec(it->bvec, ((struct bvec_iter){
			.bi_size = it->count, .bi_bvec_done = it->iov_offset }));
		struct page *page = bv.bv_page;
		size_t offset = bv.bv_offset, room = in_one_page(page, offset);
		u32 len;

		if (!room) {
			/* pages that lie side by side and are not one */
			page += offset / PAGE_SIZE;
			offset %= PAGE_SIZE;
			room = in_one_page(page, offset);
		}
		len = min3(bv.bv_len, want - done, (u32)min_t(size_t, room, U32_MAX));
		if (!len || !sendpage_ok(page))
			break;
		if (skb_shinfo(skb)->nr_frags == MAX_SKB_FRAGS &&
		    !skb_can_coalesce(skb, MAX_SKB_FRAGS, page, offset))
			break;
		add_fragment(skb, page, offset, len);
		iov_iter_advance(it, len);
		done += len;
	}
	return done;
}

/* Fresh pages for bytes that cannot be shared. Returns bytes added. */
static u32 copy(struct sk_buff *skb, struct iov_iter *it, u32 want)
{
	u32 done = 0;

	while (done < want) {
		unsigned int n = skb_shinfo(skb)->nr_frags;
		u32 len = min_t(u32, want - done, PAGE_SIZE);
		struct page *page;

		if (n == MAX_SKB_FRAGS)
			break;
		page = alloc_page(GFP_ATOMIC | __GFP_NOWARN);
		if (!page)
			break;
		len = copy_page_from_iter(page, 0, len, it);
		if (!len) {
			__free_page(page);
			break;
		}
		skb_fill_page_desc(skb, n, page, 0, len);
		skb->len += len;
		skb->data_len += len;
		skb->truesize += PAGE_SIZE;
		done += len;
	}
	return done;
}

/* Payload of @skb: @len bytes of the send queue from @seq on. Returns how many fit. */
static u32 fill(struct soft_conn *sc, struct sk_buff *skb, u32 seq, u32 len)
{
	u32 offset, done = 0, part, got;
	struct tcpe_tx *tx = tcpe_tx_at(&sc->e, seq, &offset);

	while (done < len && tx && !list_entry_is_head(tx, &sc->e.txq, node)) {
		struct iov_iter it = of(tx)->send->iter;

		iov_iter_advance(&it, offset);
		part = min(len - done, tx->len - offset);
		got = share(skb, &it, part);
		if (got < part)
			got += copy(skb, &it, part - got);
		done += got;
		if (got < part)
			break;
		offset = 0;
		tx = list_next_entry(tx, node);
	}
	return done;
}

static void set_gso(struct soft_conn *sc, struct sk_buff *skb, u32 len, u16 mss)
{
	struct skb_shared_info *info = skb_shinfo(skb);

	if (len <= mss)
		return;
	info->gso_size = mss;
	info->gso_segs = DIV_ROUND_UP(len, mss);
	info->gso_type = sc->tuple.v6 ? SKB_GSO_TCPV6 : SKB_GSO_TCPV4;
}

static void set_checksum(struct soft_conn *sc, struct sk_buff *skb)
{
	struct tcphdr *th = tcp_hdr(skb);

	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct tcphdr, check);
	if (sc->tuple.v6)
		th->check = ~tcp_v6_check(skb->len, (struct in6_addr *)sc->tuple.saddr,
					  (struct in6_addr *)sc->tuple.daddr, 0);
	else
		th->check = ~tcp_v4_check(skb->len, get_unaligned((__be32 *)sc->tuple.saddr),
					  get_unaligned((__be32 *)sc->tuple.daddr), 0);
}

static void count(struct soft_conn *sc, const struct tcpe_seg *seg, u32 bytes)
{
	u32 segs = bytes > seg->mss ? DIV_ROUND_UP(bytes, seg->mss) : 1;
	struct toe_target *t = sc->st->t;
	bool v6 = sc->tuple.v6;

	toe_count(t, v6, TOE_IP_OUT_REQUESTS, segs);
	toe_count(t, v6, seg->again ? TOE_TCP_RETRANS_SEGS : TOE_TCP_OUT_SEGS, segs);
	if (seg->flags & TCPHDR_RST)
		toe_count(t, v6, TOE_TCP_OUT_RSTS, 1);
}

/* Nothing leaves over what was invalidated, data, acknowledgment or probe. */
static bool may_send(struct soft_conn *sc)
{
	struct soft_neigh *n;
	bool may;

	rcu_read_lock();
	n = rcu_dereference(sc->path->neigh);
	may = !sc->invalid && !READ_ONCE(sc->path->invalid) && !READ_ONCE(n->invalid);
	if (may)
		soft_neigh_before_xmit(sc->st, n);
	rcu_read_unlock();
	return may;
}

/**
 * soft_xmit() - &tcpe_ops.xmit
 * @e: the engine
 * @seg: what to send
 *
 * Return: 0, -ENOMEM, or -ENETDOWN over an invalidated path.
 */
int soft_xmit(struct tcpe *e, const struct tcpe_seg *seg)
{
	struct soft_conn *sc = soft_conn_of(e);
	struct sk_buff *skb;
	u32 bytes;

	if (!may_send(sc)) {
		sc->owed |= SOFT_OWE_RETRIEVE(TOE_INVALIDATED);
		return -ENETDOWN;
	}
	skb = alloc_skb(MAX_TCP_HEADER, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		goto no_memory;
	skb_reserve(skb, MAX_TCP_HEADER - sizeof(struct tcphdr) - MAX_TCP_OPTION_SPACE);
	skb_reset_transport_header(skb);
	put_header(sc, skb, seg);
	bytes = fill(sc, skb, seg->seq, seg->len);
	/* What does not fit is as good as lost; half a FIN there is not. */
	if (bytes < seg->len) {
		if (!bytes)
			goto free;
		tcp_hdr(skb)->fin = 0;
	}
	set_gso(sc, skb, bytes, seg->mss);
	set_checksum(sc, skb);
	count(sc, seg, bytes);
	sc->st->wire->xmit(sc, skb);
	return 0;

free:
	kfree_skb(skb);
no_memory:
	toe_count(sc->st->t, sc->tuple.v6, TOE_IP_OUT_DISCARDS, 1);
	return -ENOMEM;
}

static struct soft_tx *new_tx(struct toe_send *s)
{
	struct soft_tx *tx = kmem_cache_alloc(tx_cache, GFP_ATOMIC | __GFP_NOWARN);

	if (!tx)
		return NULL;
	tx->send = s;
	tx->tx.len = iov_iter_count(&s->iter);
	return tx;
}

/* False: there was no memory, the connection has to go back. */
static bool queue_send(struct soft_conn *sc, struct toe_send *s)
{
	struct soft_tx *tx;

	if (s->flags & TOE_SEND_RST) {
		tcpe_abort(&sc->e);
		sc->owed |= SOFT_OWE_FIN_ACKED;
		return true;
	}
	if (iov_iter_count(&s->iter)) {
		tx = new_tx(s);
		if (!tx)
			return false;
		tcpe_queue(&sc->e, &tx->tx);
	}
	if (s->flags & TOE_SEND_FIN)
		tcpe_close(&sc->e);
	return true;
}

/**
 * soft_send() - &toe_target_ops.send
 * @t: the target
 * @ctx: the connection
 * @first: oldest new request
 * @count: how many
 *
 * One look at the windows for all of them.
 */
void soft_send(struct toe_target *t, void *ctx, struct toe_send *first, u32 count)
{
	struct soft_conn *sc = ctx;
	struct toe_send *s = first;

	soft_lock(sc);
	/* Once asked back, requests wait for the host (R-TOE-155). */
	while (count-- && !sc->gone && !sc->e.asked) {
		if (!queue_send(sc, s)) {
			sc->e.asked = true;
			sc->owed |= SOFT_OWE_RETRIEVE(TOE_UPLOAD_WANTED);
			break;
		}
		if (count)
			s = toe_send_next(s);
	}
	if (!sc->gone && !sc->e.asked)
		tcpe_kick(&sc->e);
	soft_unlock(sc);
}

/**
 * soft_tx_adopt() - requests lent with an initiate
 * @sc: the connection
 * @first: oldest
 * @count: how many
 * @txq: gets the engine's part of them
 *
 * Return: false if there is no memory; @txq is empty then.
 */
bool soft_tx_adopt(struct soft_conn *sc, struct toe_send *first, u32 count,
		   struct list_head *txq)
{
	struct toe_send *s = first;
	struct soft_tx *tx;

	while (count--) {
		if (iov_iter_count(&s->iter)) {
			tx = new_tx(s);
			if (!tx) {
				soft_tx_free_list(txq);
				return false;
			}
			list_add_tail(&tx->tx.node, txq);
		}
		if (count)
			s = toe_send_next(s);
	}
	return true;
}
