// SPDX-License-Identifier: GPL-2.0
/*
 * Two engines on one wire that loses, repeats and reorders. Every byte is
 * checked, and what the wire may never show is counted: a window that moved
 * left, an acknowledgment of a byte that was not delivered, a reset, a timestamp
 * that went back or was missing.
 */
#include "toe_engine_env.h"

#define ALL	(TCPE_F_NODELAY | TCPE_F_SACK | TCPE_F_TIMESTAMPS)

struct row {
	const char *name;
	u32 flags;
	u16 mss;
	u8 scale;
	u32 loss;
	u32 twice;
	u32 jitter;
	bool both;
	bool moves;
};

static const struct row rows[] = {
	{ "clean", ALL, 1460, 0, 0, 0, 0 },
	{ "both_ways", ALL, 1460, 7, 0, 0, 0, true },
	{ "plain", 0, 1460, 0, 0, 0, 0 },
	{ "small_segments", ALL, 536, 0, 0, 0, 0 },
	{ "large_segments", ALL, 9000, 14, 0, 0, 0 },
	{ "reordered", ALL, 1460, 7, 0, 0, 2000, true },
	{ "repeated", ALL, 1460, 7, 0, 200, 500, true },
	{ "loss_1", ALL, 1460, 7, 10, 0, 0, true },
	{ "loss_5", ALL, 1460, 7, 50, 10, 800, true },
	{ "loss_5_no_sack", TCPE_F_NODELAY | TCPE_F_TIMESTAMPS, 1460, 7, 50, 10, 800, true },
	{ "loss_5_no_stamps", TCPE_F_NODELAY | TCPE_F_SACK, 1460, 7, 50, 10, 800, true },
	{ "loss_20", ALL, 1460, 7, 200, 50, 800, true },
	{ "moved", ALL, 1460, 7, 0, 0, 0, true, true },
	{ "moved_loss_1", ALL, 1460, 7, 10, 10, 800, true, true },
	{ "moved_loss_5", ALL, 536, 7, 50, 10, 800, true, true },
	{ "moved_loss_5_no_sack", TCPE_F_TIMESTAMPS, 1460, 7, 50, 10, 800, true, true },
};

KUNIT_ARRAY_PARAM_DESC(pair, rows, name);

#define PIECE		5000U
#define TOTAL		400000U

static struct te_wire *wire_of(struct kunit *test, const struct row *row)
{
	struct te_wire *w = te_wire(test, row->flags);
	unsigned int i;

	w->loss = row->loss;
	w->twice = row->twice;
	w->jitter = row->jitter;
	for (i = 0; i < 2; i++) {
		w->end[i].p.mss = row->mss;
		w->end[i].p.snd_scale = row->scale;
		w->end[i].p.rcv_scale = row->scale;
		w->end[i].p.rcv_window = row->scale ? 200000 : 60000;
	}
	te_start(w);
	return w;
}

static bool done(const struct te_wire *w, bool both)
{
	return w->end[1].received == TOTAL && w->end[0].sent == TOTAL &&
	       (!both || (w->end[0].received == TOTAL && w->end[1].sent == TOTAL));
}

static void expect_clean_wire(struct te_wire *w)
{
	struct kunit *test = w->test;

	KUNIT_EXPECT_EQ(test, w->end[0].bad_bytes, 0);
	KUNIT_EXPECT_EQ(test, w->end[1].bad_bytes, 0);
	KUNIT_EXPECT_EQ(test, w->shrunk, 0);
	KUNIT_EXPECT_EQ(test, w->beyond, 0);
	KUNIT_EXPECT_EQ(test, w->rsts, 0);
	KUNIT_EXPECT_EQ(test, w->ts_back, 0);
	KUNIT_EXPECT_EQ(test, w->ts_missing, 0);
}

static void every_byte_arrives(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct te_wire *w = wire_of(test, row);
	u64 limit = w->now + 3600 * USEC_PER_SEC, move = w->now + 3000;
	bool news = false;
	u32 i;

	for (i = 0; i < TOTAL; i += PIECE) {
		te_queue(&w->end[0], PIECE);
		if (row->both)
			te_queue(&w->end[1], PIECE);
	}
	tcpe_kick(&w->end[0].e);
	tcpe_kick(&w->end[1].e);
	while (!done(w, row->both) && w->now < limit) {
		/* once while both wait for a timer, not every three milliseconds of it */
		if (row->moves && news && w->now >= move) {
			te_restart(&w->end[0]);
			te_restart(&w->end[1]);
			move = w->now + 3000;
			news = false;
		}
		news |= te_step(w, row->moves && news ? move : limit);
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, w->end[1].received, TOTAL);
	KUNIT_EXPECT_EQ(test, w->end[0].sent, TOTAL);
	if (row->both) {
		KUNIT_EXPECT_EQ(test, w->end[0].received, TOTAL);
		KUNIT_EXPECT_EQ(test, w->end[1].sent, TOTAL);
	}
	expect_clean_wire(w);
	if (!row->loss && !row->moves && !row->jitter)
		KUNIT_EXPECT_EQ(test, w->end[0].e.count.rexmt_segs, 0);
}

/* A reader who takes a nap closes the window; nobody hangs. */
static void slow_reader_does_not_stall(struct kunit *test)
{
	struct te_wire *w = te_wire(test, ALL);
	u64 limit = w->now + 3600 * USEC_PER_SEC;
	u32 i;

	te_start(w);
	w->end[1].keep = true;
	for (i = 0; i < 40; i++)
		te_queue(&w->end[0], PIECE);
	tcpe_kick(&w->end[0].e);
	while (w->end[1].received < 40 * PIECE && w->now < limit) {
		te_run(w, 5 * USEC_PER_SEC);
		KUNIT_EXPECT_LE(test, w->end[1].to_consume, 60000);
		w->end[1].keep = false;
		te_consume(&w->end[1]);
		w->end[1].keep = true;
	}
	KUNIT_EXPECT_EQ(test, w->end[1].received, 40 * PIECE);
	expect_clean_wire(w);
}

/* The window update is lost: the persist timer finds out. */
static void lost_window_update_does_not_stall(struct kunit *test)
{
	struct te_wire *w = te_wire(test, ALL);
	u32 i;

	te_start(w);
	w->end[1].keep = true;
	for (i = 0; i < 20; i++)
		te_queue(&w->end[0], PIECE);
	tcpe_kick(&w->end[0].e);
	te_run(w, 2 * USEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, w->end[1].received, 60000);
	w->loss = 1000;
	w->end[1].keep = false;
	te_consume(&w->end[1]);
	w->loss = 0;
	te_run(w, 300 * USEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, w->end[1].received, 20 * PIECE);
	expect_clean_wire(w);
}

static void both_close(struct kunit *test)
{
	struct te_wire *w = te_wire(test, ALL | TCPE_F_HANDLE_FIN);

	te_start(w);
	te_queue(&w->end[0], 3000);
	tcpe_close(&w->end[0].e);
	te_run(w, USEC_PER_SEC);
	KUNIT_EXPECT_EQ(test, w->end[1].received, 3000);
	KUNIT_EXPECT_EQ(test, w->end[1].fins, 1);
	KUNIT_EXPECT_EQ(test, w->end[0].finished, 1);
	KUNIT_EXPECT_EQ(test, w->end[0].e.state, TCPE_FIN_WAIT2);
	te_queue(&w->end[1], 500);
	tcpe_close(&w->end[1].e);
	te_run(w, 100 * USEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, w->end[0].received, 0);
	/* data and FIN come together, and the last FIN is the host's */
	KUNIT_EXPECT_EQ(test, w->end[0].retrieved[TCPE_R_UNUSUAL], 1);
	expect_clean_wire(w);
}

/* Requests and answers, the pattern of most connections. */
static void ping_pong(struct kunit *test)
{
	struct te_wire *w = te_wire(test, TCPE_F_SACK | TCPE_F_TIMESTAMPS);
	u64 start;
	u32 i;

	te_start(w);
	start = w->now;
	for (i = 1; i <= 200; i++) {
		te_send(&w->end[0], 100);
		while (w->end[1].received < i * 100)
			if (!te_step(w, w->now + USEC_PER_SEC))
				break;
		te_send(&w->end[1], 300);
		while (w->end[0].received < i * 300)
			if (!te_step(w, w->now + USEC_PER_SEC))
				break;
	}
	KUNIT_EXPECT_EQ(test, w->end[0].received, 200 * 300);
	/* two ways of 500 us each, and no timer in between */
	KUNIT_EXPECT_EQ(test, w->now - start, 200 * 1000);
	expect_clean_wire(w);
}

static struct kunit_case pair_cases[] = {
	KUNIT_CASE_PARAM(every_byte_arrives, pair_gen_params),
	KUNIT_CASE(slow_reader_does_not_stall),
	KUNIT_CASE(lost_window_update_does_not_stall),
	KUNIT_CASE(both_close),
	KUNIT_CASE(ping_pong),
	{}
};

static struct kunit_suite pair_suite = {
	.name = "toe_engine_pair",
	.test_cases = pair_cases,
};

kunit_test_suite(pair_suite);
