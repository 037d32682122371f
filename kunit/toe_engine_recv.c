// SPDX-License-Identifier: GPL-2.0
/*
 * The engine's receiving side and what it does with odd segments: one end, the
 * script is the peer.
 */
#include "toe_engine_env.h"

#define PLAIN		TCPE_F_NODELAY
#define SACK		(PLAIN | TCPE_F_SACK)
#define STAMPS		(PLAIN | TCPE_F_TIMESTAMPS)

#define in(...)		((struct te_in){ __VA_ARGS__ })

static void second_segment_is_acknowledged_at_once(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	te_input(e, in(.off = 0, .len = 1000));
	te_expect_none(e);
	te_input(e, in(.off = 1000, .len = 1000));
	te_expect(e, 0, 2000, 0);
	KUNIT_EXPECT_EQ(test, e->received, 2000);
}

static void lone_segment_is_acknowledged_by_timer(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	te_input(e, in(.len = 10));
	te_pass_time(e, 39 * USEC_PER_MSEC);
	te_expect_none(e);
	te_pass_time(e, 1 * USEC_PER_MSEC);
	te_expect(e, 0, 10, 0);
	te_pass_time(e, USEC_PER_SEC);
	te_expect_none(e);
}

static void early_segment_is_sacked_and_kept(struct kunit *test)
{
	struct te_end *e = te_script(test, SACK);
	const struct tcpe_seg *s;

	te_input(e, in(.off = 1000, .len = 1000));
	s = te_out(e);
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_EQ(test, s->ack - e->peer_isn, 0);
	KUNIT_ASSERT_EQ(test, s->nr_sack, 1);
	KUNIT_EXPECT_EQ(test, s->sack[0].start - e->peer_isn, 1000);
	KUNIT_EXPECT_EQ(test, s->sack[0].end - e->peer_isn, 2000);
	KUNIT_EXPECT_EQ(test, e->received, 0);

	te_input(e, in(.off = 0, .len = 1000));
	te_expect(e, 0, 2000, 0);
	KUNIT_EXPECT_EQ(test, e->received, 2000);
	KUNIT_EXPECT_EQ(test, e->bad_bytes, 0);
}

static void newest_block_comes_first(struct kunit *test)
{
	struct te_end *e = te_script(test, SACK);
	const struct tcpe_seg *s = NULL, *next;

	te_input(e, in(.off = 2000, .len = 1000));
	te_input(e, in(.off = 6000, .len = 1000));
	te_input(e, in(.off = 4000, .len = 1000));
	while ((next = te_out(e)))
		s = next;
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_ASSERT_EQ(test, s->nr_sack, 3);
	KUNIT_EXPECT_EQ(test, s->sack[0].start - e->peer_isn, 4000);
	KUNIT_EXPECT_EQ(test, s->sack[1].start - e->peer_isn, 2000);
	KUNIT_EXPECT_EQ(test, s->sack[2].start - e->peer_isn, 6000);
}

static void without_sack_no_blocks(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);
	const struct tcpe_seg *s;

	te_input(e, in(.off = 1000, .len = 1000));
	s = te_out(e);
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_EQ(test, s->nr_sack, 0);
}

static void repeated_bytes_are_delivered_once(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	te_input(e, in(.off = 0, .len = 1000));
	te_input(e, in(.off = 0, .len = 1000));
	te_expect(e, 0, 1000, 0);
	te_input(e, in(.off = 500, .len = 1000));
	te_input(e, in(.off = 1200, .len = 800));
	KUNIT_EXPECT_EQ(test, e->received, 2000);
	KUNIT_EXPECT_EQ(test, e->bad_bytes, 0);
}

static void early_segments_may_overlap(struct kunit *test)
{
	struct te_end *e = te_script(test, SACK);

	te_input(e, in(.off = 3000, .len = 1000));
	te_input(e, in(.off = 2500, .len = 1000));
	te_input(e, in(.off = 3500, .len = 200));
	te_input(e, in(.off = 2000, .len = 3000));
	te_input(e, in(.off = 1000, .len = 1500));
	te_input(e, in(.off = 0, .len = 1100));
	KUNIT_EXPECT_EQ(test, e->received, 5000);
	KUNIT_EXPECT_EQ(test, e->bad_bytes, 0);
	KUNIT_EXPECT_EQ(test, e->e.ooo_bytes, 0);
	KUNIT_EXPECT_TRUE(test, skb_queue_empty(&e->e.ooo));
}

static void what_the_owner_refuses_is_not_acknowledged(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);
	const struct tcpe_seg *s;

	e->refuse = true;
	te_input(e, in(.off = 0, .len = 1000));
	te_input(e, in(.off = 0, .len = 1000));
	te_pass_time(e, USEC_PER_SEC);
	while ((s = te_out(e)))
		KUNIT_EXPECT_EQ(test, s->ack, e->peer_isn);
	e->refuse = false;
	te_forget(e);
	te_input(e, in(.off = 0, .len = 1000));
	te_input(e, in(.off = 1000, .len = 1000));
	te_expect(e, 0, 2000, 0);
}

static void refused_early_segments_stay_queued(struct kunit *test)
{
	struct te_end *e = te_script(test, SACK);

	te_input(e, in(.off = 1000, .len = 1000));
	e->refuse = true;
	te_input(e, in(.off = 0, .len = 1000));
	KUNIT_EXPECT_EQ(test, e->received, 0);
	KUNIT_EXPECT_EQ(test, skb_queue_len(&e->e.ooo), 1);
	e->refuse = false;
	te_input(e, in(.off = 0, .len = 1000));
	KUNIT_EXPECT_EQ(test, e->received, 2000);
	KUNIT_EXPECT_EQ(test, e->bad_bytes, 0);
}

static void bytes_beyond_the_window_are_cut(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);
	const struct tcpe_seg *s, *last = NULL;

	e->keep = true;
	te_input(e, in(.off = 0, .len = 50000));
	te_input(e, in(.off = 50000, .len = 11000));
	KUNIT_EXPECT_EQ(test, e->received, 60000);
	te_input(e, in(.off = 60000, .len = 1000));
	KUNIT_EXPECT_EQ(test, e->received, 60000);
	while ((s = te_out(e)))
		last = s;
	KUNIT_ASSERT_NOT_NULL(test, last);
	KUNIT_EXPECT_EQ(test, last->window, 0);
	KUNIT_EXPECT_EQ(test, last->ack - e->peer_isn, 60000);
	/* the reader comes: the window opens by itself */
	te_forget(e);
	e->keep = false;
	te_consume(e);
	s = te_out(e);
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_EQ(test, s->window, 60000);
}

static void window_never_moves_left(struct kunit *test)
{
	static const u8 scales[] = { 0, 7, 14 };
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(scales); i++) {
		struct te_end *e = te_script(test, PLAIN);
		struct rnd_state *rnd = &e->wire->rnd;
		u32 off = 0;

		e->p.rcv_scale = scales[i];
		e->e.p.rcv_scale = scales[i];
		e->keep = true;
		for (k = 0; k < 2000; k++) {
			u32 len = 1 + prandom_u32_state(rnd) % 1400;
			u32 room = e->e.rcv_adv - e->e.rcv_nxt;

			len = min(len, room);
			if (len) {
				te_input(e, in(.off = off, .len = len));
				off += len;
			}
			if (prandom_u32_state(rnd) % 3 == 0) {
				u32 part = prandom_u32_state(rnd) % (e->to_consume + 1);

				e->to_consume -= part;
				tcpe_consumed(&e->e, part);
			}
			te_forget(e);
		}
		KUNIT_EXPECT_EQ(test, e->wire->shrunk, 0);
		KUNIT_EXPECT_EQ(test, e->wire->beyond, 0);
		KUNIT_EXPECT_EQ(test, e->bad_bytes, 0);
	}
}

static void old_timestamp_is_dropped(struct kunit *test)
{
	struct te_end *e = te_script(test, STAMPS);

	te_input(e, in(.off = 0, .len = 100, .tsval = 200));
	te_forget(e);
	te_input(e, in(.off = 100, .len = 100, .tsval = 199));
	KUNIT_EXPECT_EQ(test, e->received, 100);
	te_expect(e, 0, 100, 0);
	KUNIT_EXPECT_EQ(test, e->e.count.paws_drops, 1);
	te_input(e, in(.off = 100, .len = 100, .tsval = 200));
	KUNIT_EXPECT_EQ(test, e->received, 200);
}

static void every_segment_carries_a_timestamp(struct kunit *test)
{
	struct te_end *e = te_script(test, STAMPS);
	const struct tcpe_seg *s;

	te_input(e, in(.off = 0, .len = 100, .tsval = 777));
	te_send(e, 100);
	te_pass_time(e, 2 * USEC_PER_SEC);
	s = te_out(e);
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_EQ(test, s->tsecr, 777);
	/* as handed over, no time has passed since */
	KUNIT_EXPECT_EQ(test, s->tsval, 5000);
	KUNIT_EXPECT_EQ(test, e->wire->ts_missing, 0);
}

static void urgent_data_goes_to_the_host(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	KUNIT_EXPECT_EQ(test, te_input(e, in(.off = 0, .len = 10, .flags = TCPHDR_URG)), TCPE_PASS);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_URGENT], 1);
	KUNIT_EXPECT_EQ(test, te_input(e, in(.off = 10, .len = 10)), TCPE_PASS);
	te_pass_time(e, 10 * USEC_PER_SEC);
	te_expect_none(e);
	KUNIT_EXPECT_EQ(test, e->received, 0);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_URGENT], 1);
}

static void urgent_data_out_of_window_is_dropped(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	KUNIT_EXPECT_EQ(test, te_input(e, in(.off = 70000, .len = 10, .flags = TCPHDR_URG)),
			TCPE_DONE);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_URGENT], 0);
	te_expect_none(e);
}

static void exact_reset_goes_to_the_host(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	KUNIT_EXPECT_EQ(test, te_input(e, in(.flags = TCPHDR_RST)), TCPE_PASS);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_UNUSUAL], 1);
	KUNIT_EXPECT_EQ(test, e->resets, 0);
	te_expect_none(e);
}

static void exact_reset_is_handled_if_wanted(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN | TCPE_F_HANDLE_RST);

	KUNIT_EXPECT_EQ(test, te_input(e, in(.flags = TCPHDR_RST)), TCPE_DONE);
	KUNIT_EXPECT_EQ(test, e->resets, 1);
	KUNIT_EXPECT_EQ(test, e->e.state, TCPE_CLOSED);
	KUNIT_EXPECT_EQ(test, te_input(e, in(.off = 0, .len = 10)), TCPE_PASS);
	te_pass_time(e, 600 * USEC_PER_SEC);
	te_expect_none(e);
}

static void blind_reset_is_challenged_once(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	te_input(e, in(.off = 100, .flags = TCPHDR_RST));
	te_expect(e, 0, 0, 0);
	te_input(e, in(.off = 100, .flags = TCPHDR_RST));
	te_expect_none(e);
	te_input(e, in(.off = 0));
	te_input(e, in(.off = 100, .flags = TCPHDR_RST));
	te_expect(e, 0, 0, 0);
	te_input(e, in(.off = 70000, .flags = TCPHDR_RST));
	te_expect_none(e);
	KUNIT_EXPECT_EQ(test, e->e.count.challenge_acks, 2);
}

static void blind_reset_is_looked_into_after_five_minutes(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);
	unsigned int probes = 0;

	e->e.p.ka_probes = 10;
	e->e.p.ka_interval = USEC_PER_SEC;
	te_input(e, in(.off = 100, .flags = TCPHDR_RST));
	te_forget(e);
	te_pass_time(e, 299 * USEC_PER_SEC);
	te_expect_none(e);
	te_pass_time(e, 12 * USEC_PER_SEC);
	while (te_out(e))
		probes++;
	KUNIT_EXPECT_EQ(test, probes, 10);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_TIMEOUT], 1);
	KUNIT_EXPECT_EQ(test, e->e.state, TCPE_CLOSED);
}

static void acceptable_segment_ends_the_suspicion(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	te_input(e, in(.off = 100, .flags = TCPHDR_RST));
	te_forget(e);
	te_pass_time(e, 200 * USEC_PER_SEC);
	te_input(e, in(.off = 0));
	te_pass_time(e, 1000 * USEC_PER_SEC);
	te_expect_none(e);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_TIMEOUT], 0);
}

static void exact_syn_closes(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN | TCPE_F_HANDLE_RST);

	KUNIT_EXPECT_EQ(test, te_input(e, in(.flags = TCPHDR_SYN)), TCPE_PASS);
	KUNIT_EXPECT_EQ(test, e->e.state, TCPE_CLOSED);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_UNUSUAL], 1);
}

static void blind_syn_is_challenged_every_three_seconds(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	te_input(e, in(.off = 50, .flags = TCPHDR_SYN));
	te_expect(e, 0, 0, 0);
	te_input(e, in(.off = 50, .flags = TCPHDR_SYN));
	te_expect_none(e);
	te_pass_time(e, 3 * USEC_PER_SEC);
	te_input(e, in(.off = 50, .flags = TCPHDR_SYN));
	te_expect(e, 0, 0, 0);
	te_input(e, in(.off = 70000, .flags = TCPHDR_SYN));
	te_expect(e, 0, 0, 0);
}

static void segment_without_ack_is_dropped(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	te_input(e, in(.len = 10, .no_ack = true));
	KUNIT_EXPECT_EQ(test, e->received, 0);
	te_expect_none(e);
}

static void ack_of_nothing_sent_is_answered(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	te_input(e, in(.len = 10, .ack = 1));
	KUNIT_EXPECT_EQ(test, e->received, 0);
	te_expect(e, 0, 0, 0);
}

static void keepalive_probe_of_the_peer_is_answered(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	te_input(e, in(.off = -1));
	te_expect(e, 0, 0, 0);
}

static void fin_goes_to_the_host(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	KUNIT_EXPECT_EQ(test, te_input(e, in(.len = 10, .flags = TCPHDR_FIN)), TCPE_PASS);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_UNUSUAL], 1);
	KUNIT_EXPECT_EQ(test, e->received, 0);
	te_expect_none(e);
}

static void fin_is_taken_if_wanted(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN | TCPE_F_HANDLE_FIN);

	te_input(e, in(.len = 10, .flags = TCPHDR_FIN));
	te_expect(e, 0, 11, 0);
	KUNIT_EXPECT_EQ(test, e->fins, 1);
	KUNIT_EXPECT_EQ(test, e->received, 10);
	KUNIT_EXPECT_EQ(test, e->e.state, TCPE_CLOSE_WAIT);
	/* repeated: acknowledged, not indicated */
	te_input(e, in(.len = 10, .flags = TCPHDR_FIN));
	te_expect(e, 0, 11, 0);
	KUNIT_EXPECT_EQ(test, e->fins, 1);
	/* our half goes on */
	te_send(e, 100);
	te_expect(e, 0, 11, 100);
}

static void early_fin_waits_for_what_is_missing(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN | TCPE_F_HANDLE_FIN);

	te_input(e, in(.off = 10, .len = 10, .flags = TCPHDR_FIN));
	KUNIT_EXPECT_EQ(test, e->fins, 0);
	te_input(e, in(.off = 0, .len = 10));
	KUNIT_EXPECT_EQ(test, e->received, 20);
	KUNIT_EXPECT_EQ(test, e->fins, 0);
	te_forget(e);
	te_input(e, in(.off = 10, .len = 10, .flags = TCPHDR_FIN));
	KUNIT_EXPECT_EQ(test, e->fins, 1);
	te_expect(e, 0, 21, 0);
}

static void both_fins_cross(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN | TCPE_F_HANDLE_FIN);

	tcpe_close(&e->e);
	te_expect(e, 0, 0, 0);
	te_input(e, in(.flags = TCPHDR_FIN));
	te_expect(e, 1, 1, 0);
	KUNIT_EXPECT_EQ(test, e->e.state, TCPE_CLOSING);
	/* what follows is TIME_WAIT, which is the host's */
	KUNIT_EXPECT_EQ(test, te_input(e, in(.off = 1, .ack = 1)), TCPE_PASS);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_UNUSUAL], 1);
}

static void last_fin_goes_to_the_host(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN | TCPE_F_HANDLE_FIN);

	tcpe_close(&e->e);
	te_input(e, in(.ack = 1));
	KUNIT_EXPECT_EQ(test, e->finished, 1);
	KUNIT_EXPECT_EQ(test, e->e.state, TCPE_FIN_WAIT2);
	te_forget(e);
	KUNIT_EXPECT_EQ(test, te_input(e, in(.ack = 1, .flags = TCPHDR_FIN)), TCPE_PASS);
	te_expect_none(e);
}

static void fin_wait_2_ends_after_two_minutes(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN | TCPE_F_HANDLE_FIN);

	tcpe_close(&e->e);
	te_input(e, in(.ack = 1));
	te_pass_time(e, 119 * USEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_TIMEOUT], 0);
	/* a segment starts it anew */
	te_input(e, in(.ack = 1, .len = 10));
	te_pass_time(e, 119 * USEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_TIMEOUT], 0);
	te_pass_time(e, 1 * USEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_TIMEOUT], 1);
	KUNIT_EXPECT_EQ(test, e->e.state, TCPE_CLOSED);
	KUNIT_EXPECT_EQ(test, e->wire->rsts, 0);
}

static void unknown_option_goes_to_the_host(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);
	struct sk_buff *skb;

	/* a timestamp is one where none was negotiated */
	e->p.flags |= TCPE_F_TIMESTAMPS;
	skb = te_make(e, &in(.len = 10));
	skb->data[22] = 253;
	KUNIT_EXPECT_EQ(test, tcpe_input(&e->e, skb), TCPE_PASS);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_UNUSUAL], 1);
}

/* Every length a valid segment can be cut down to. */
static void truncated_segments_do_no_harm(struct kunit *test)
{
	struct te_end *e = te_script(test, SACK | STAMPS);
	struct te_in seg = in(.off = 0, .len = 20, .nr_sack = 2,
			      .sack = { { 0, 10 }, { 20, 30 } });
	struct sk_buff *whole = te_make(e, &seg);
	unsigned int len;

	for (len = 0; len < whole->len; len++) {
		struct sk_buff *skb = skb_copy(whole, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb_trim(skb, len);
		if (tcpe_input(&e->e, skb) == TCPE_PASS)
			kfree_skb(skb);
		te_consume(e);
	}
	kfree_skb(whole);
	KUNIT_EXPECT_LE(test, e->received, 20);
	KUNIT_EXPECT_EQ(test, e->bad_bytes, 0);
	KUNIT_EXPECT_EQ(test, e->wire->beyond, 0);
}

static int scale = 1;
module_param(scale, int, 0444);
MODULE_PARM_DESC(scale, "multiplies the counts of the long tests");

static bool sane(const struct te_end *e)
{
	const struct tcpe *t = &e->e;

	return !before(t->snd_nxt, t->snd_una) && !after(t->snd_nxt, t->snd_max) &&
	       !after(t->snd_max, t->snd_end + 1) && !before(t->rcv_adv, t->rcv_nxt) &&
	       t->rcv_nxt - e->peer_isn == e->received + t->fin_rcvd;
}

/* Valid segments with a few bits turned over. */
static void mutated_segments_do_no_harm(struct kunit *test)
{
	unsigned int i, k, rounds = 5000 * scale;
	struct te_end *e = NULL;

	for (i = 0; i < rounds; i++) {
		struct rnd_state *rnd;
		struct sk_buff *skb;

		if (!e || e->e.asked || e->e.state == TCPE_CLOSED || i % 500 == 0) {
			e = te_script(test, SACK | STAMPS | TCPE_F_HANDLE_FIN | TCPE_F_HANDLE_RST);
			prandom_seed_state(&e->wire->rnd, i);
			te_send(e, 5000);
		}
		rnd = &e->wire->rnd;
		skb = te_make(e, &in(.off = e->received, .len = prandom_u32_state(rnd) % 100,
				     .ack = prandom_u32_state(rnd) % 5000, .nr_sack = 1,
				     .sack = { { 1000, 2000 } }));
		for (k = prandom_u32_state(rnd) % 4; k; k--)
			skb->data[prandom_u32_state(rnd) % 52] ^= 1 << prandom_u32_state(rnd) % 8;
		if (tcpe_input(&e->e, skb) == TCPE_PASS)
			kfree_skb(skb);
		te_consume(e);
		te_forget(e);
		if (!sane(e)) {
			KUNIT_FAIL(test, "round %u: state contradicts itself", i);
			return;
		}
		cond_resched();
	}
}

static struct kunit_case recv_cases[] = {
	KUNIT_CASE(second_segment_is_acknowledged_at_once),
	KUNIT_CASE(lone_segment_is_acknowledged_by_timer),
	KUNIT_CASE(early_segment_is_sacked_and_kept),
	KUNIT_CASE(newest_block_comes_first),
	KUNIT_CASE(without_sack_no_blocks),
	KUNIT_CASE(repeated_bytes_are_delivered_once),
	KUNIT_CASE(early_segments_may_overlap),
	KUNIT_CASE(what_the_owner_refuses_is_not_acknowledged),
	KUNIT_CASE(refused_early_segments_stay_queued),
	KUNIT_CASE(bytes_beyond_the_window_are_cut),
	KUNIT_CASE(window_never_moves_left),
	KUNIT_CASE(old_timestamp_is_dropped),
	KUNIT_CASE(every_segment_carries_a_timestamp),
	KUNIT_CASE(urgent_data_goes_to_the_host),
	KUNIT_CASE(urgent_data_out_of_window_is_dropped),
	KUNIT_CASE(exact_reset_goes_to_the_host),
	KUNIT_CASE(exact_reset_is_handled_if_wanted),
	KUNIT_CASE(blind_reset_is_challenged_once),
	KUNIT_CASE(blind_reset_is_looked_into_after_five_minutes),
	KUNIT_CASE(acceptable_segment_ends_the_suspicion),
	KUNIT_CASE(exact_syn_closes),
	KUNIT_CASE(blind_syn_is_challenged_every_three_seconds),
	KUNIT_CASE(segment_without_ack_is_dropped),
	KUNIT_CASE(ack_of_nothing_sent_is_answered),
	KUNIT_CASE(keepalive_probe_of_the_peer_is_answered),
	KUNIT_CASE(fin_goes_to_the_host),
	KUNIT_CASE(fin_is_taken_if_wanted),
	KUNIT_CASE(early_fin_waits_for_what_is_missing),
	KUNIT_CASE(both_fins_cross),
	KUNIT_CASE(last_fin_goes_to_the_host),
	KUNIT_CASE(fin_wait_2_ends_after_two_minutes),
	KUNIT_CASE(unknown_option_goes_to_the_host),
	KUNIT_CASE(truncated_segments_do_no_harm),
	KUNIT_CASE_SLOW(mutated_segments_do_no_harm),
	{}
};

static struct kunit_suite recv_suite = {
	.name = "toe_engine_recv",
	.test_cases = recv_cases,
};

kunit_test_suite(recv_suite);

MODULE_DESCRIPTION("KUnit suites of the software target's TCP engine");
MODULE_LICENSE("GPL");
