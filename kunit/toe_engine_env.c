// SPDX-License-Identifier: GPL-2.0
/*
 * The two ends, the wire and the clock.
 */
#include <linux/unaligned.h>

#include "toe_engine_env.h"

MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);

#define SCRIPT_WINDOW	0xffff

u8 te_byte(u32 offset)
{
	return offset * 7 + (offset >> 8) * 13 + (offset >> 16);
}

static struct te_end *end_of(struct tcpe *e)
{
	return container_of(e, struct te_end, e);
}

static u64 op_now(struct tcpe *e)
{
	return end_of(e)->wire->now;
}

static void put_options(u8 *p, const struct tcpe_seg *seg)
{
	unsigned int i;

	if (seg->has_ts) {
		*p++ = TCPOPT_NOP;
		*p++ = TCPOPT_NOP;
		*p++ = TCPOPT_TIMESTAMP;
		*p++ = TCPOLEN_TIMESTAMP;
		put_unaligned_be32(seg->tsval, p);
		put_unaligned_be32(seg->tsecr, p + 4);
		p += 8;
	}
	if (!seg->nr_sack)
		return;
	*p++ = TCPOPT_NOP;
	*p++ = TCPOPT_NOP;
	*p++ = TCPOPT_SACK;
	*p++ = TCPOLEN_SACK_BASE + seg->nr_sack * TCPOLEN_SACK_PERBLOCK;
	for (i = 0; i < seg->nr_sack; i++, p += 8) {
		put_unaligned_be32(seg->sack[i].start, p);
		put_unaligned_be32(seg->sack[i].end, p + 4);
	}
}

static unsigned int options_length(const struct tcpe_seg *seg)
{
	unsigned int len = seg->has_ts ? TCPOLEN_TSTAMP_ALIGNED : 0;

	if (seg->nr_sack)
		len += TCPOLEN_SACK_BASE_ALIGNED + seg->nr_sack * TCPOLEN_SACK_PERBLOCK;
	return len;
}

/* The bytes of @seg that start @at bytes behind its first one. */
static struct sk_buff *make_skb(const struct tcpe_seg *seg, u32 isn, u32 at, u32 len, u16 flags)
{
	unsigned int head = sizeof(struct tcphdr) + options_length(seg);
	struct sk_buff *skb = alloc_skb(head + len, GFP_ATOMIC);
	struct tcphdr *th;
	u32 i;
	u8 *p;

	if (!skb)
		return NULL;
	th = skb_put_zero(skb, head);
	th->seq = htonl(seg->seq + at);
	th->ack_seq = htonl(seg->ack);
	th->window = htons(seg->window);
	((u8 *)th)[13] = flags;
	th->doff = head / 4;
	put_options((u8 *)(th + 1), seg);
	p = skb_put(skb, len);
	for (i = 0; i < len; i++)
		p[i] = te_byte(seg->seq + at + i - isn);
	return skb;
}

static u32 rnd(struct te_wire *w, u32 below)
{
	return below ? prandom_u32_state(&w->rnd) % below : 0;
}

/* Sorted by arrival. */
static void put_on_wire(struct te_wire *w, struct sk_buff *skb, unsigned int to)
{
	struct te_packet *p, *other;

	if (!skb)
		return;
	w->packets_sent++;
	p = kzalloc(sizeof(*p), GFP_ATOMIC);
	if (!p || rnd(w, 1000) < w->loss) {
		kfree(p);
		kfree_skb(skb);
		return;
	}
	p->skb = skb;
	p->to = to;
	p->at = w->now + w->delay + rnd(w, w->jitter);
	list_for_each_entry_reverse(other, &w->packets, node)
		if (other->at <= p->at)
			break;
	list_add(&p->node, &other->node);
}

static void watch(struct te_end *end, const struct tcpe_seg *seg)
{
	struct te_wire *w = end->wire;
	u32 edge = seg->ack + ((u32)seg->window << end->p.rcv_scale);

	if (before(edge, w->right_edge[end->side]))
		w->shrunk++;
	else
		w->right_edge[end->side] = edge;
	if (!end->fins && seg->ack != end->peer_isn + end->received)
		w->beyond++;
	if (seg->flags & TCPHDR_RST)
		w->rsts++;
	if (!(end->p.flags & TCPE_F_TIMESTAMPS))
		return;
	if (!seg->has_ts)
		w->ts_missing++;
	if ((s32)(seg->tsval - w->last_tsval[end->side]) < 0)
		w->ts_back++;
	w->last_tsval[end->side] = seg->tsval;
}

static int op_xmit(struct tcpe *e, const struct tcpe_seg *seg)
{
	struct te_end *end = end_of(e);
	struct te_wire *w = end->wire;
	u32 at = 0, len;

	watch(end, seg);
	if (end->scripted) {
		if (end->nout < TE_MAX_OUT)
			end->out[end->nout++] = *seg;
		return 0;
	}
	do {
		bool last = seg->len - at <= seg->mss;
		u16 flags = last ? seg->flags : seg->flags & ~(TCPHDR_PSH | TCPHDR_FIN);
		struct sk_buff *skb;

		len = min_t(u32, seg->len - at, seg->mss);
		skb = make_skb(seg, end->isn, at, len, flags);
		if (skb && rnd(w, 1000) < w->twice)
			put_on_wire(w, skb_copy(skb, GFP_ATOMIC), !end->side);
		put_on_wire(w, skb, !end->side);
		at += len;
	} while (at < seg->len);
	return 0;
}

static int op_deliver(struct tcpe *e, struct sk_buff *skb, bool push)
{
	struct te_end *end = end_of(e);
	u32 i;

	if (end->refuse)
		return -ENOMEM;
	if (skb_linearize(skb))
		return -ENOMEM;
	for (i = 0; i < skb->len; i++)
		if (skb->data[i] != te_byte(end->received + i))
			end->bad_bytes++;
	end->received += skb->len;
	end->to_consume += skb->len;
	end->pushes += push;
	kfree_skb(skb);
	return 0;
}

static void op_sent(struct tcpe *e, struct tcpe_tx *tx)
{
	end_of(e)->sent += tx->len;
	kfree(tx);
}

static void op_finished(struct tcpe *e)
{
	end_of(e)->finished++;
}

static void op_peer_fin(struct tcpe *e)
{
	end_of(e)->fins++;
}

static void op_reset(struct tcpe *e)
{
	end_of(e)->resets++;
}

static void op_retrieve(struct tcpe *e, enum tcpe_reason reason)
{
	end_of(e)->retrieved[reason]++;
}

const struct tcpe_ops te_ops = {
	.now = op_now,
	.xmit = op_xmit,
	.deliver = op_deliver,
	.sent = op_sent,
	.finished = op_finished,
	.peer_fin = op_peer_fin,
	.reset = op_reset,
	.retrieve = op_retrieve,
};

static void set_params(struct te_end *end, u32 flags)
{
	end->p = (struct tcpe_params){
		.flags = flags,
		.snd_scale = 0,
		.rcv_scale = 0,
		.mss = 1000,
		.rcv_window = 60000,
		.ka_probes = 9,
		.ka_time = 7200ULL * USEC_PER_SEC,
		.ka_interval = 75ULL * USEC_PER_SEC,
		.max_rexmt = 15,
		.ack_every = 2,
		.dupacks = 3,
		.delack = 40 * USEC_PER_MSEC,
		.ts_hz = 1000,
	};
}

/**
 * te_default_handover() - an established connection on which nothing happened yet
 * @end: the end
 * @h: filled
 */
void te_default_handover(struct te_end *end, struct tcpe_handover *h)
{
	*h = (struct tcpe_handover){
		.state = TCPE_ESTABLISHED,
		.rcv_nxt = end->peer_isn,
		.rcv_wnd = min_t(u32, end->p.rcv_window, U16_MAX << end->p.rcv_scale),
		.snd_una = end->isn,
		.snd_nxt = end->isn,
		.snd_max = end->isn,
		.snd_wnd = 20000,
		.max_snd_wnd = 20000,
		.snd_wl1 = end->peer_isn,
		.cwnd = 10000,
		.ssthresh = 1 << 24,
		.ts_recent = 100,
		.ts_now = 5000,
		.rexmt_left = TCPE_NEVER,
		.ka_left = TCPE_NEVER,
	};
}

static void free_list(struct list_head *list)
{
	struct tcpe_tx *tx, *next;

	list_for_each_entry_safe(tx, next, list, node) {
		list_del(&tx->node);
		kfree(tx);
	}
}

static void end_wire(void *data)
{
	struct te_wire *w = data;
	struct te_packet *p, *next;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct tcpe_handover h;
		LIST_HEAD(left);

		if (!w->end[i].e.ops || w->end[i].e.stopped)
			continue;
		tcpe_stop(&w->end[i].e, &h, &left);
		free_list(&left);
	}
	list_for_each_entry_safe(p, next, &w->packets, node) {
		kfree_skb(p->skb);
		kfree(p);
	}
}

static struct te_wire *new_wire(struct kunit *test, u32 flags)
{
	struct te_wire *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	w->test = test;
	w->now = 1000 * USEC_PER_SEC;
	w->delay = 500;
	INIT_LIST_HEAD(&w->packets);
	prandom_seed_state(&w->rnd, 1);
	for (i = 0; i < 2; i++) {
		w->end[i].wire = w;
		w->end[i].side = i;
		/* Both wrap around soon. */
		w->end[i].isn = i ? 0xfffff000 : 0xffffe000;
		w->end[i].peer_isn = i ? 0xffffe000 : 0xfffff000;
		set_params(&w->end[i], flags);
	}
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, end_wire, w));
	return w;
}

static void start_end(struct te_end *end)
{
	struct tcpe_handover h;
	LIST_HEAD(none);

	te_default_handover(end, &h);
	end->wire->right_edge[end->side] = h.rcv_nxt + h.rcv_wnd;
	KUNIT_ASSERT_EQ(end->wire->test, 0, tcpe_start(&end->e, &te_ops, &end->p, &h, &none));
}

/**
 * te_wire() - two ends, not started: the test may change end[].p first
 * @test: the test
 * @flags: TCPE_F_* of both
 *
 * Return: the wire.
 */
struct te_wire *te_wire(struct kunit *test, u32 flags)
{
	return new_wire(test, flags);
}

/**
 * te_start() - start both ends
 * @w: the wire
 */
void te_start(struct te_wire *w)
{
	start_end(&w->end[0]);
	start_end(&w->end[1]);
}

/**
 * te_script() - one started end, whose peer is the test
 * @test: the test
 * @flags: TCPE_F_*
 *
 * Return: the end.
 */
struct te_end *te_script(struct kunit *test, u32 flags)
{
	struct te_wire *w = new_wire(test, flags);

	w->end[0].scripted = true;
	start_end(&w->end[0]);
	return &w->end[0];
}

struct tcpe_tx *te_new_tx(struct kunit *test, u32 len)
{
	struct tcpe_tx *tx = kzalloc(sizeof(*tx), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, tx);
	tx->len = len;
	return tx;
}

void te_queue(struct te_end *end, u32 len)
{
	end->queued += len;
	tcpe_queue(&end->e, te_new_tx(end->wire->test, len));
}

void te_send(struct te_end *end, u32 len)
{
	end->queued += len;
	tcpe_send(&end->e, te_new_tx(end->wire->test, len));
}

/* The application reads. */
void te_consume(struct te_end *end)
{
	u32 bytes = end->to_consume;

	if (end->keep || !bytes)
		return;
	end->to_consume = 0;
	tcpe_consumed(&end->e, bytes);
}

static bool arrive(struct te_wire *w)
{
	struct te_packet *p = list_first_entry(&w->packets, struct te_packet, node);
	struct te_end *end = &w->end[p->to];

	list_del(&p->node);
	if (tcpe_input(&end->e, p->skb) == TCPE_PASS)
		kfree_skb(p->skb);
	kfree(p);
	te_consume(end);
	return true;
}

static u64 next_arrival(struct te_wire *w)
{
	if (list_empty(&w->packets))
		return TCPE_NEVER;
	return list_first_entry(&w->packets, struct te_packet, node)->at;
}

/**
 * te_step() - let the next thing happen
 * @w: the wire
 * @until: but nothing behind this time
 *
 * Return: false if nothing was left to happen; the clock stands at @until then.
 */
bool te_step(struct te_wire *w, u64 until)
{
	u64 arrival = next_arrival(w);
	u64 at = min3(arrival, tcpe_deadline(&w->end[0].e), tcpe_deadline(&w->end[1].e));

	if (at > until) {
		w->now = until;
		return false;
	}
	w->now = max(w->now, at);
	if (arrival <= w->now)
		return arrive(w);
	tcpe_timers(&w->end[0].e);
	tcpe_timers(&w->end[1].e);
	return true;
}

/**
 * te_run() - let time pass on both ends
 * @w: the wire
 * @usecs: how much
 */
void te_run(struct te_wire *w, u64 usecs)
{
	u64 until = w->now + usecs;

	while (te_step(w, until))
		;
}

/**
 * te_pass_time() - let time pass with a script as the peer
 * @end: the end
 * @usecs: how much
 */
void te_pass_time(struct te_end *end, u64 usecs)
{
	u64 until = end->wire->now + usecs;

	while (tcpe_deadline(&end->e) <= until) {
		end->wire->now = max(end->wire->now, tcpe_deadline(&end->e));
		tcpe_timers(&end->e);
	}
	end->wire->now = until;
}

/**
 * te_restart() - give the connection back and take it again
 * @end: the end
 *
 * What the host does between two stays: acknowledged bytes of the first buffer
 * are gone, everything else is handed over as it came.
 */
void te_restart(struct te_end *end)
{
	struct tcpe_handover h;
	struct tcpe_tx *first;
	LIST_HEAD(txq);

	tcpe_stop(&end->e, &h, &txq);
	first = list_first_entry_or_null(&txq, struct tcpe_tx, node);
	if (first) {
		end->sent += first->done;
		first->len -= first->done;
	}
	KUNIT_ASSERT_EQ(end->wire->test, 0, tcpe_start(&end->e, &te_ops, &end->p, &h, &txq));
	tcpe_kick(&end->e);
}

/**
 * te_make() - a segment as the script's peer would send it
 * @to: who gets it
 * @in: what is in it
 *
 * Return: the segment.
 */
struct sk_buff *te_make(struct te_end *to, const struct te_in *in)
{
	struct tcpe_seg seg = {
		.seq = to->peer_isn + in->off,
		.ack = to->isn + in->ack,
		.window = in->zero_wnd ? 0 : in->wnd ?: SCRIPT_WINDOW,
		.has_ts = to->p.flags & TCPE_F_TIMESTAMPS,
		.tsval = in->tsval ?: 100,
		.tsecr = in->tsecr,
		.nr_sack = in->nr_sack,
	};
	struct sk_buff *skb;
	unsigned int i;

	for (i = 0; i < in->nr_sack; i++) {
		seg.sack[i].start = to->isn + in->sack[i].start;
		seg.sack[i].end = to->isn + in->sack[i].end;
	}
	skb = make_skb(&seg, to->peer_isn, 0, in->len,
		       in->flags | (in->no_ack ? 0 : TCPHDR_ACK));
	KUNIT_ASSERT_NOT_NULL(to->wire->test, skb);
	return skb;
}

/**
 * te_input() - the script sends a segment
 * @end: to whom
 * @in: what is in it
 *
 * Return: what the engine said; a segment it passed is freed.
 */
enum tcpe_verdict te_input(struct te_end *end, struct te_in in)
{
	struct sk_buff *skb = te_make(end, &in);
	enum tcpe_verdict verdict = tcpe_input(&end->e, skb);

	if (verdict == TCPE_PASS)
		kfree_skb(skb);
	te_consume(end);
	return verdict;
}

/**
 * te_out() - the next segment the engine sent
 * @end: the end
 *
 * Return: the segment, NULL if there is none.
 */
const struct tcpe_seg *te_out(struct te_end *end)
{
	return end->next_out < end->nout ? &end->out[end->next_out++] : NULL;
}

/**
 * te_forget() - do not look at what was sent so far
 * @end: the end
 */
void te_forget(struct te_end *end)
{
	end->nout = 0;
	end->next_out = 0;
}

/**
 * te_expect_none() - nothing was sent since the test last looked
 * @end: the end
 */
void te_expect_none(struct te_end *end)
{
	KUNIT_EXPECT_NULL(end->wire->test, te_out(end));
}
