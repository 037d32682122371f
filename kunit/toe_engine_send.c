// SPDX-License-Identifier: GPL-2.0
/*
 * The engine's sending side: one end, the script is the peer.
 */
#include "toe_engine_env.h"

#define PLAIN		TCPE_F_NODELAY
#define SACK		(PLAIN | TCPE_F_SACK)

#define in(...)		((struct te_in){ __VA_ARGS__ })

/* What one burst holds, segment by segment, is the caller's to cut. */
static u32 bytes_out(struct te_end *e)
{
	const struct tcpe_seg *s;
	u32 bytes = 0;

	while ((s = te_out(e)))
		bytes += s->len;
	return bytes;
}

static void sends_within_both_windows(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	te_send(e, 30000);
	KUNIT_EXPECT_EQ(test, bytes_out(e), 10000);
	/* slow start: each acknowledged segment lets out two */
	te_input(e, in(.ack = 2000, .wnd = 20000));
	KUNIT_EXPECT_EQ(test, bytes_out(e), 4000);
	/* the peer's window is the limit now */
	te_input(e, in(.ack = 4000, .wnd = 8000));
	KUNIT_EXPECT_EQ(test, bytes_out(e), 0);
}

static void a_buffer_ends_with_push(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);
	const struct tcpe_seg *s;

	te_queue(e, 1500);
	te_queue(e, 1500);
	tcpe_kick(&e->e);
	s = te_out(e);
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_EQ(test, s->len, 2000);
	KUNIT_EXPECT_TRUE(test, s->flags & TCPHDR_PSH);
	s = te_out(e);
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_EQ(test, s->len, 1000);
	KUNIT_EXPECT_TRUE(test, s->flags & TCPHDR_PSH);
}

static void sent_means_acknowledged(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	te_queue(e, 100);
	te_queue(e, 200);
	te_queue(e, 300);
	tcpe_kick(&e->e);
	KUNIT_EXPECT_EQ(test, e->sent, 0);
	te_input(e, in(.ack = 99));
	KUNIT_EXPECT_EQ(test, e->sent, 0);
	te_input(e, in(.ack = 300));
	KUNIT_EXPECT_EQ(test, e->sent, 300);
	te_input(e, in(.ack = 450));
	KUNIT_EXPECT_EQ(test, e->sent, 300);
	te_input(e, in(.ack = 600));
	KUNIT_EXPECT_EQ(test, e->sent, 600);
	KUNIT_EXPECT_TRUE(test, list_empty(&e->e.txq));
}

static void nagle_waits_for_the_acknowledgment(struct kunit *test)
{
	struct te_end *e = te_script(test, 0);

	te_send(e, 10);
	te_expect(e, 0, 0, 10);
	te_send(e, 10);
	te_expect_none(e);
	te_send(e, 20);
	te_expect_none(e);
	te_input(e, in(.ack = 10));
	te_expect(e, 10, 0, 30);
	te_send(e, 970);
	te_expect_none(e);
	te_send(e, 30);
	te_expect(e, 40, 0, 1000);
}

static void nodelay_does_not_wait(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	te_send(e, 10);
	te_expect(e, 0, 0, 10);
	te_send(e, 10);
	te_expect(e, 10, 0, 10);
}

static void third_duplicate_ack_resends(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	te_send(e, 10000);
	te_forget(e);
	te_input(e, in(.ack = 0, .wnd = 20000));
	te_input(e, in(.ack = 0, .wnd = 20000));
	te_expect_none(e);
	te_input(e, in(.ack = 0, .wnd = 20000));
	te_expect(e, 0, 0, 1000);
	te_expect_none(e);
	KUNIT_EXPECT_TRUE(test, e->e.in_recovery);
	KUNIT_EXPECT_EQ(test, e->e.ssthresh, 5000);
	/* a partial acknowledgment tells of the next hole */
	te_input(e, in(.ack = 1000, .wnd = 20000));
	te_expect(e, 1000, 0, 1000);
	te_input(e, in(.ack = 10000, .wnd = 20000));
	KUNIT_EXPECT_FALSE(test, e->e.in_recovery);
	KUNIT_EXPECT_LE(test, e->e.cwnd, 5000);
	KUNIT_EXPECT_EQ(test, e->sent, 10000);
}

static void window_update_is_no_duplicate(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);
	unsigned int i;

	te_send(e, 10000);
	te_forget(e);
	for (i = 0; i < 6; i++)
		te_input(e, in(.ack = 0, .wnd = 20000 + i));
	KUNIT_EXPECT_LE(test, e->e.dupacks, 1);
	KUNIT_EXPECT_FALSE(test, e->e.in_recovery);
}

static void sack_resends_the_holes_only(struct kunit *test)
{
	struct te_end *e = te_script(test, SACK);
	const struct tcpe_seg *s;
	u32 resent = 0;

	te_send(e, 10000);
	te_forget(e);
	/* 0 and 4 are missing */
	te_input(e, in(.ack = 0, .wnd = 20000, .nr_sack = 1, .sack = { { 1000, 4000 } }));
	te_input(e, in(.ack = 0, .wnd = 20000, .nr_sack = 2,
		       .sack = { { 5000, 10000 }, { 1000, 4000 } }));
	while ((s = te_out(e))) {
		if (!s->again)
			continue;
		resent += s->len;
		KUNIT_EXPECT_TRUE(test, s->seq == e->isn || s->seq == e->isn + 4000);
	}
	KUNIT_EXPECT_EQ(test, resent, 2000);
	te_input(e, in(.ack = 10000, .wnd = 20000));
	KUNIT_EXPECT_EQ(test, e->sent, 10000);
	KUNIT_EXPECT_EQ(test, e->e.sacked.n, 0);
}

static void nonsense_in_sack_is_ignored(struct kunit *test)
{
	struct te_end *e = te_script(test, SACK);

	te_send(e, 5000);
	te_forget(e);
	te_input(e, in(.ack = 0, .nr_sack = 3,
		       .sack = { { 2000, 1000 }, { 4000, 60000 }, { 3000, 3000 } }));
	KUNIT_EXPECT_EQ(test, e->e.sacked.n, 0);
	te_input(e, in(.ack = 1000, .nr_sack = 1, .sack = { { -100, 500 } }));
	KUNIT_EXPECT_EQ(test, e->e.sacked.n, 0);
}

static void timeout_backs_off(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);
	unsigned int i;
	u64 wait = USEC_PER_SEC;

	te_send(e, 10000);
	te_forget(e);
	for (i = 0; i < 6; i++, wait *= 2) {
		te_pass_time(e, wait - 1);
		te_expect_none(e);
		te_pass_time(e, 1);
		te_expect(e, 0, 0, 1000);
		te_expect_none(e);
	}
	KUNIT_EXPECT_EQ(test, e->e.cwnd, 1000);
	/* all is well again: everything that was out is sent anew, in order */
	te_input(e, in(.ack = 1000, .wnd = 20000));
	te_expect(e, 1000, 0, 2000);
	te_input(e, in(.ack = 10000, .wnd = 20000));
	KUNIT_EXPECT_EQ(test, e->e.rexmt_count, 0);
	KUNIT_EXPECT_EQ(test, e->sent, 10000);
}

static void retransmission_gives_up_by_count(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);
	unsigned int sent = 0;

	e->e.p.max_rexmt = 4;
	te_send(e, 100);
	te_pass_time(e, 3600 * USEC_PER_SEC);
	while (te_out(e))
		sent++;
	KUNIT_EXPECT_EQ(test, sent, 5);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_TIMEOUT], 1);
	KUNIT_EXPECT_EQ(test, e->wire->rsts, 0);
	KUNIT_EXPECT_EQ(test, e->sent, 0);
}

static void retransmission_gives_up_by_time(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	e->e.p.max_rt = 10 * USEC_PER_SEC;
	te_send(e, 100);
	te_pass_time(e, 9 * USEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_TIMEOUT], 0);
	te_pass_time(e, 10 * USEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_TIMEOUT], 1);
}

static void retransmission_may_go_on_for_ever(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	e->e.p.max_rt = TCPE_NEVER;
	te_send(e, 100);
	te_pass_time(e, 24 * 3600 * USEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_TIMEOUT], 0);
	te_forget(e);
	te_pass_time(e, 120 * USEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, bytes_out(e), 100);
}

static void round_trip_time_is_measured(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	te_send(e, 100);
	te_pass_time(e, 80 * USEC_PER_MSEC);
	te_input(e, in(.ack = 100));
	KUNIT_EXPECT_EQ(test, e->e.srtt >> 3, 80 * USEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, e->e.rttvar >> 2, 40 * USEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, tcpe_rto(&e->e), 240 * USEC_PER_MSEC);
}

static void repeated_segment_is_no_sample(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	te_send(e, 100);
	te_pass_time(e, 1500 * USEC_PER_MSEC);
	te_input(e, in(.ack = 100));
	KUNIT_EXPECT_EQ(test, e->e.srtt, 0);
}

/* R-TOE-167 */
static void r_toe_167_persist_rounds(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);
	u64 rto = USEC_PER_SEC;

	te_send(e, 1000);
	te_input(e, in(.ack = 1000, .zero_wnd = true));
	te_forget(e);
	te_send(e, 500);
	te_expect_none(e);
	KUNIT_EXPECT_TRUE(test, e->e.persisting);
	rto = tcpe_rto(&e->e);
	/* round 0: first after RTO, then RTO << count */
	te_pass_time(e, rto - 1);
	te_expect_none(e);
	te_pass_time(e, 1);
	te_expect(e, 999, 0, 0);
	te_pass_time(e, rto);
	te_expect(e, 999, 0, 0);
	te_pass_time(e, 2 * rto - 1);
	te_expect_none(e);
	te_pass_time(e, 1);
	te_expect(e, 999, 0, 0);
	/* still zero, says the peer: round 1 */
	te_input(e, in(.ack = 1000, .zero_wnd = true));
	KUNIT_EXPECT_EQ(test, e->e.persist_round, 1);
	te_pass_time(e, 2 * rto - 1);
	te_expect_none(e);
	te_pass_time(e, 1);
	te_expect(e, 999, 0, 0);
	/* open */
	te_input(e, in(.ack = 1000));
	te_expect(e, 1000, 0, 500);
	KUNIT_EXPECT_FALSE(test, e->e.persisting);
}

static void persist_gives_up(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	e->e.p.max_rexmt = 5;
	te_send(e, 1000);
	te_input(e, in(.ack = 1000, .zero_wnd = true));
	te_send(e, 500);
	te_pass_time(e, 3600 * USEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_TIMEOUT], 1);
	KUNIT_EXPECT_EQ(test, e->sent, 1000);
}

static void a_small_window_is_used_in_the_end(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);

	te_send(e, 1000);
	te_input(e, in(.ack = 1000, .wnd = 100));
	te_forget(e);
	te_send(e, 5000);
	te_expect_none(e);
	te_pass_time(e, 2 * USEC_PER_SEC);
	te_expect(e, 1000, 0, 100);
}

static void keepalive_probes_and_gives_up(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN | TCPE_F_KEEPALIVE);
	unsigned int probes = 0;

	e->e.p.ka_probes = 3;
	e->e.p.ka_time = 100 * USEC_PER_SEC;
	e->e.p.ka_interval = 10 * USEC_PER_SEC;
	te_input(e, in(.ack = 0));
	te_pass_time(e, 99 * USEC_PER_SEC);
	te_expect_none(e);
	te_pass_time(e, 1 * USEC_PER_SEC);
	te_expect(e, -1, 0, 0);
	/* answered: from the start */
	te_input(e, in(.ack = 0));
	te_pass_time(e, 99 * USEC_PER_SEC);
	te_expect_none(e);
	te_pass_time(e, 40 * USEC_PER_SEC);
	while (te_out(e))
		probes++;
	KUNIT_EXPECT_EQ(test, probes, 3);
	KUNIT_EXPECT_EQ(test, e->retrieved[TCPE_R_TIMEOUT], 1);
	KUNIT_EXPECT_EQ(test, e->wire->rsts, 0);
}

static void fin_follows_the_last_byte(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);
	const struct tcpe_seg *s;

	te_queue(e, 100);
	tcpe_close(&e->e);
	s = te_out(e);
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_EQ(test, s->len, 100);
	KUNIT_EXPECT_TRUE(test, s->flags & TCPHDR_FIN);
	te_expect_none(e);
	te_input(e, in(.ack = 100));
	KUNIT_EXPECT_EQ(test, e->finished, 0);
	/* the FIN was lost */
	te_pass_time(e, USEC_PER_SEC);
	s = te_out(e);
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_EQ(test, s->len, 0);
	KUNIT_EXPECT_EQ(test, s->seq - e->isn, 100);
	KUNIT_EXPECT_TRUE(test, s->flags & TCPHDR_FIN);
	te_input(e, in(.ack = 101));
	KUNIT_EXPECT_EQ(test, e->finished, 1);
	KUNIT_EXPECT_EQ(test, e->e.state, TCPE_FIN_WAIT2);
}

static void fin_waits_for_the_window(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);
	const struct tcpe_seg *s;

	te_queue(e, 15000);
	tcpe_close(&e->e);
	while ((s = te_out(e)))
		KUNIT_EXPECT_FALSE(test, s->flags & TCPHDR_FIN);
	te_input(e, in(.ack = 10000));
	s = te_out(e);
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_EQ(test, s->len, 5000);
	KUNIT_EXPECT_TRUE(test, s->flags & TCPHDR_FIN);
}

static void abort_sends_one_reset(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);
	const struct tcpe_seg *s;

	te_send(e, 100);
	te_forget(e);
	tcpe_abort(&e->e);
	s = te_out(e);
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_TRUE(test, s->flags & TCPHDR_RST);
	te_pass_time(e, 600 * USEC_PER_SEC);
	te_expect_none(e);
	KUNIT_EXPECT_EQ(test, te_input(e, in(.len = 10)), TCPE_PASS);
}

static void resends_first_what_was_handed_over_so(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);
	struct tcpe_handover h;
	LIST_HEAD(txq);

	tcpe_stop(&e->e, &h, &txq);
	te_default_handover(e, &h);
	h.snd_nxt = h.snd_una + 1000;
	h.snd_max = h.snd_una + 3000;
	list_add_tail(&te_new_tx(test, 5000)->node, &txq);
	KUNIT_ASSERT_EQ(test, 0, tcpe_start(&e->e, &te_ops, &e->p, &h, &txq));
	KUNIT_EXPECT_TRUE(test, list_empty(&txq));
	tcpe_kick(&e->e);
	te_expect(e, 1000, 0, 2000);
	te_expect(e, 3000, 0, 2000);
	te_expect_none(e);
}

static void missing_bytes_are_refused(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);
	struct tcpe_handover h;
	struct tcpe *again = kunit_kzalloc(test, sizeof(*again), GFP_KERNEL);
	LIST_HEAD(txq);

	KUNIT_ASSERT_NOT_NULL(test, again);

	te_default_handover(e, &h);
	h.snd_max = h.snd_una + 3000;
	list_add_tail(&te_new_tx(test, 2999)->node, &txq);
	KUNIT_EXPECT_EQ(test, -EINVAL, tcpe_start(again, &te_ops, &e->p, &h, &txq));
	KUNIT_EXPECT_FALSE(test, list_empty(&txq));
	kfree(list_first_entry(&txq, struct tcpe_tx, node));
	h.snd_max = h.snd_una;
	h.snd_nxt = h.snd_una + 1;
	INIT_LIST_HEAD(&txq);
	KUNIT_EXPECT_EQ(test, -EINVAL, tcpe_start(again, &te_ops, &e->p, &h, &txq));
}

static void what_is_given_back_can_be_taken_again(struct kunit *test)
{
	struct te_end *e = te_script(test, TCPE_F_TIMESTAMPS | TCPE_F_SACK | PLAIN);
	struct tcpe_handover a, b;
	LIST_HEAD(txq);

	te_send(e, 5000);
	te_pass_time(e, 30 * USEC_PER_MSEC);
	te_input(e, in(.ack = 1500, .len = 700, .wnd = 9000, .tsval = 300));
	tcpe_send_ack(&e->e);
	tcpe_get(&e->e, &a);
	te_restart(e);
	tcpe_get(&e->e, &b);
	KUNIT_EXPECT_MEMEQ(test, &a, &b, sizeof(a));
}

static void a_zero_timer_is_due_at_once(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);
	struct tcpe_handover h;
	LIST_HEAD(txq);

	tcpe_stop(&e->e, &h, &txq);
	te_default_handover(e, &h);
	h.snd_nxt = h.snd_una + 500;
	h.snd_max = h.snd_una + 500;
	h.rexmt_left = 0;
	list_add_tail(&te_new_tx(test, 500)->node, &txq);
	KUNIT_ASSERT_EQ(test, 0, tcpe_start(&e->e, &te_ops, &e->p, &h, &txq));
	te_pass_time(e, 0);
	te_expect(e, 0, 0, 500);
}

static void query_changes_nothing(struct kunit *test)
{
	struct te_end *e = te_script(test, PLAIN);
	struct tcpe_handover h;
	struct tcpe *before = kunit_kzalloc(test, sizeof(*before), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, before);
	te_send(e, 3000);
	te_input(e, in(.ack = 1000, .len = 10));
	*before = e->e;
	tcpe_get(&e->e, &h);
	KUNIT_EXPECT_MEMEQ(test, before, &e->e, sizeof(*before));
}

static struct kunit_case send_cases[] = {
	KUNIT_CASE(sends_within_both_windows),
	KUNIT_CASE(a_buffer_ends_with_push),
	KUNIT_CASE(sent_means_acknowledged),
	KUNIT_CASE(nagle_waits_for_the_acknowledgment),
	KUNIT_CASE(nodelay_does_not_wait),
	KUNIT_CASE(third_duplicate_ack_resends),
	KUNIT_CASE(window_update_is_no_duplicate),
	KUNIT_CASE(sack_resends_the_holes_only),
	KUNIT_CASE(nonsense_in_sack_is_ignored),
	KUNIT_CASE(timeout_backs_off),
	KUNIT_CASE(retransmission_gives_up_by_count),
	KUNIT_CASE(retransmission_gives_up_by_time),
	KUNIT_CASE(retransmission_may_go_on_for_ever),
	KUNIT_CASE(round_trip_time_is_measured),
	KUNIT_CASE(repeated_segment_is_no_sample),
	KUNIT_CASE(r_toe_167_persist_rounds),
	KUNIT_CASE(persist_gives_up),
	KUNIT_CASE(a_small_window_is_used_in_the_end),
	KUNIT_CASE(keepalive_probes_and_gives_up),
	KUNIT_CASE(fin_follows_the_last_byte),
	KUNIT_CASE(fin_waits_for_the_window),
	KUNIT_CASE(abort_sends_one_reset),
	KUNIT_CASE(resends_first_what_was_handed_over_so),
	KUNIT_CASE(missing_bytes_are_refused),
	KUNIT_CASE(what_is_given_back_can_be_taken_again),
	KUNIT_CASE(a_zero_timer_is_due_at_once),
	KUNIT_CASE(query_changes_nothing),
	{}
};

static struct kunit_suite send_suite = {
	.name = "toe_engine_send",
	.test_cases = send_cases,
};

kunit_test_suite(send_suite);
