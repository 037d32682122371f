// SPDX-License-Identifier: GPL-2.0
/*
 * The deferral rules as a table: what a poster does, and the doorbells that
 * must ring. Rule numbers (R-NDK-64 to R-NDK-79) stand in the descriptions.
 *
 * A script is one letter per step:
 *	d  u	a call with one deferred or undeferred request
 *	( )	one call with several requests; x inside: the next one is bad
 *	x	a call refused before it accepts anything
 *	k  q	explicit flush, and the quiet one
 *	c  1	the NIC completes everything it was shown, or one request
 *	t	the timer expires
 *	s  r	stop, reset
 *
 * A trace is what must happen:
 *	U R B T F L	and a length: a doorbell for so many requests, by reason
 *			(undeferred, refused, bound, timer, full, flush)
 *	!n		request n, accepted by an earlier call, was refused by the
 *			NIC
 *	i		the NIC's refusal is the return value of the call
 *	r		the call was refused
 */
#include "defer_queue.h"

static const char reason_letter[NDK_DB_REASONS] = {
	[NDK_DB_UNDEFERRED] = 'U',
	[NDK_DB_REFUSED] = 'R',
	[NDK_DB_BOUND] = 'B',
	[NDK_DB_TIMER] = 'T',
	[NDK_DB_FULL] = 'F',
	[NDK_DB_FLUSH] = 'L',
};

#define NEVER	-1	/* the NIC refuses nothing */
#define OFF	true	/* no timer */

struct defer_case {
	const char *desc;
	const char *script;
	const char *trace;
	u32 left;	/* still deferred at the end */
	u32 depth;
	u32 bound;
	int refuse;	/* request the NIC refuses, counted from the start */
	bool timer_off;
};

#define ROW(_desc, _depth, _bound, _refuse, _script, _trace, _left) {	\
	.desc = _desc, .depth = _depth, .bound = _bound,		\
	.refuse = _refuse, .script = _script, .trace = _trace,		\
	.left = _left }

static const struct defer_case defer_cases[] = {
	/* undeferred */
	ROW("undeferred request rings at once", 8, 8, NEVER, "u", "U1", 0),
	ROW("R-NDK-64: three deferred and one undeferred, one doorbell",
	    8, 8, NEVER, "dddu", "U4", 0),
	ROW("R-NDK-64: the same in one call", 8, 8, NEVER, "(dddu)", "U4", 0),
	ROW("several undeferred in one call, one doorbell", 8, 8, NEVER, "(uuu)", "U3", 0),
	ROW("undeferred, deferred, undeferred in one call", 8, 8, NEVER, "(udu)", "U3", 0),
	ROW("what follows the last undeferred of a call stays deferred",
	    8, 8, NEVER, "(dud)", "U2", 1),
	ROW("the next chain starts behind it", 8, 8, NEVER, "(dud)du", "U2 U3", 0),
	ROW("deferred alone rings nothing", 8, 8, NEVER, "ddd", "", 3),
	ROW("an empty call rings nothing", 8, 8, NEVER, "dd()", "", 2),
	ROW("an empty call on an empty queue", 8, 8, NEVER, "()", "", 0),
	/* refused */
	ROW("R-NDK-66: refused call shows what was deferred", 8, 8, NEVER, "ddx", "R2 r", 0),
	ROW("R-NDK-67: refused behind two of its own call", 8, 8, NEVER, "(ddx", "R2 r", 0),
	ROW("R-NDK-67: refused behind an undeferred of its call", 8, 8, NEVER, "d(ux", "R2 r", 0),
	ROW("refused with nothing deferred rings nothing", 8, 8, NEVER, "x", "r", 0),
	ROW("refused twice rings once", 8, 8, NEVER, "dxx", "R1 r r", 0),
	ROW("a chain goes on after a refusal", 8, 8, NEVER, "dxddu", "R1 r U3", 0),
	/* bound */
	ROW("R-NDK-74: the bound rings", 8, 4, NEVER, "dddd", "B4", 0),
	ROW("R-NDK-74: one below the bound does not", 8, 4, NEVER, "ddd", "", 3),
	ROW("R-NDK-74: a long chain is split", 16, 4, NEVER, "dddddddddu", "B4 B4 U2", 0),
	ROW("R-NDK-74: a long chain in one call is split",
	    16, 4, NEVER, "(dddddddddu)", "B4 B4 U2", 0),
	ROW("R-NDK-74: split exactly at its end", 16, 4, NEVER, "dddddddd", "B4 B4", 0),
	ROW("undeferred requests of one call are not split",
	    16, 4, NEVER, "(uuuuuu)", "U6", 0),
	ROW("an undeferred one counts for the bound of its chain",
	    16, 4, NEVER, "(udddd)", "B4", 1),
	ROW("undeferred at the bound ends the chain itself", 16, 4, NEVER, "dddu", "U4", 0),
	ROW("bound of one: nothing is ever deferred", 8, 1, NEVER, "dud", "B1 U1 B1", 0),
	ROW("a refusal restarts the count", 16, 4, NEVER, "dddxddd", "R3 r", 3),
	/* full */
	ROW("R-NDK-75: deferred takes the last slot", 4, 16, NEVER, "dddd", "F4", 0),
	ROW("R-NDK-75: the call that finds no slot is refused",
	    4, 16, NEVER, "ddddd", "F4 r", 0),
	ROW("R-NDK-75: chain longer than the queue, in one call",
	    4, 16, NEVER, "(dddddd)", "F4 r", 0),
	ROW("the chain goes on when slots are free again",
	    4, 16, NEVER, "ddddcdd", "F4", 2),
	ROW("one slot free again, taken by a deferred one",
	    4, 16, NEVER, "dddd1d", "F4 F1", 0),
	ROW("undeferred takes the last slot", 4, 16, NEVER, "dddu", "U4", 0),
	ROW("undeferred in the rest of the queue, deferred in the last slot",
	    4, 16, NEVER, "uuud", "U1 U1 U1 F1", 0),
	ROW("undeferred fill the queue in one call, one too many",
	    4, 16, NEVER, "(uuuuu)", "R4 r", 0),
	ROW("queue of one slot", 1, 16, NEVER, "dcucd", "F1 U1 F1", 0),
	ROW("bound and full together: the bound is named", 4, 4, NEVER, "dddd", "B4", 0),
	/* timer */
	ROW("R-NDK-79: the timer ends an abandoned chain", 8, 8, NEVER, "ddt", "T2", 0),
	ROW("the timer leaves an empty tail alone", 8, 8, NEVER, "dut", "U2", 0),
	ROW("the timer finds a younger chain and spares it once",
	    8, 8, NEVER, "dudt", "U2", 1),
	ROW("the younger chain ends at the next expiry", 8, 8, NEVER, "dudtt", "U2 T1", 0),
	ROW("a chain that only grew is not younger", 8, 8, NEVER, "dddtd", "T3", 1),
	ROW("the timer serves one abandoned chain after another",
	    8, 8, NEVER, "dtddt", "T1 T2", 0),
	ROW("two younger chains in a row", 8, 8, NEVER, "dudtkdtt", "U2 L1 T1", 0),
	ROW("the timer stops with nothing to watch", 8, 8, NEVER, "dutt", "U2", 0),
	ROW("it starts again with the next chain", 8, 8, NEVER, "dutdt", "U2 T1", 0),
	{ .desc = "timer off: an abandoned chain waits", .depth = 8, .bound = 8,
	  .refuse = NEVER, .timer_off = OFF, .script = "ddt", .trace = "", .left = 2 },
	{ .desc = "R-NDK-79: timer off, the flush recovers it", .depth = 8, .bound = 8,
	  .refuse = NEVER, .timer_off = OFF, .script = "dtk", .trace = "L1" },
	/* flush, stop, reset */
	ROW("R-NDK-72: flush shows the tail", 8, 8, NEVER, "ddk", "L2", 0),
	ROW("quiet flush shows the tail", 8, 8, NEVER, "ddq", "L2", 0),
	ROW("flush with nothing deferred rings nothing", 8, 8, NEVER, "ukq", "U1", 0),
	ROW("R-NDK-73: stop shows the tail", 8, 8, NEVER, "dds", "L2", 0),
	ROW("stop with nothing deferred rings nothing", 8, 8, NEVER, "us", "U1", 0),
	ROW("stop twice", 8, 8, NEVER, "dss", "L1", 0),
	ROW("after stop a deferred request is shown at once", 8, 8, NEVER, "sd", "L1", 0),
	ROW("after stop a call rings for both its parts", 8, 8, NEVER, "s(dud)", "U2 L1", 0),
	ROW("after stop no timer", 8, 8, NEVER, "sdt", "L1", 0),
	ROW("reset forgets the tail without a doorbell", 8, 8, NEVER, "dddr", "", 0),
	ROW("a chain after reset", 8, 8, NEVER, "ddrdu", "U2", 0),
	ROW("a chain after reset is younger than the timer", 8, 8, NEVER, "drdt", "", 1),
	ROW("and ends at the next expiry", 8, 8, NEVER, "drdtt", "T1", 0),
	/* the NIC refuses */
	ROW("NIC refuses the only request: inline", 8, 8, 0, "u", "U1 i", 0),
	ROW("NIC refuses the request that rang: inline", 8, 8, 2, "ddu", "U3 i", 0),
	ROW("the queue goes on after it", 8, 8, 0, "uudu", "U1 i U1 U2", 0),
	ROW("NIC refuses the last of one call: inline", 8, 8, 1, "(uu)", "U2 i", 0),
	ROW("R-NDK-71: NIC refuses the first of an earlier call", 8, 8, 0, "ddu", "U3 !0", 0),
	ROW("R-NDK-71: NIC refuses one in the middle", 8, 8, 1, "ddu", "U3 !1", 0),
	ROW("NIC refuses the first of the call that rang", 8, 8, 0, "(uu)", "U2 !0", 0),
	ROW("NIC refuses the due one before the tail of its call",
	    8, 8, 1, "(dud)", "U2 !1", 1),
	ROW("NIC refuses on the doorbell of a refused call", 8, 8, 1, "ddx", "R2 !1 r", 0),
	ROW("NIC refuses on the doorbell of the bound", 8, 2, 1, "dd", "B2 !1", 0),
	ROW("NIC refuses on the doorbell of a full queue", 2, 8, 1, "dd", "F2 !1", 0),
	ROW("NIC refuses on the doorbell of the timer", 8, 8, 0, "dt", "T1 !0", 0),
	ROW("NIC refuses on the doorbell of a flush", 8, 8, 0, "dk", "L1 !0", 0),
	ROW("NIC refuses on the doorbell of stop", 8, 8, 0, "ds", "L1 !0", 0),
	ROW("NIC refuses the only slot, which is free again", 1, 8, 0, "uu", "U1 i U1", 0),
};

KUNIT_ARRAY_PARAM_DESC(defer, defer_cases, desc);

/* Where indices start: nowhere special, before a sign change, before the wrap. */
static const u32 starts[] = { 0, 0x7ffffffeU, 0xfffffffeU, 0xffffffffU };

struct run {
	struct kunit *test;
	struct test_queue *q;
	char trace[128];
	unsigned int len;
	unsigned int seen;
	unsigned int refused;
	u32 longest;
	u64 rings[NDK_DB_REASONS];
};

static __printf(2, 3) void note(struct run *r, const char *fmt, ...)
{
	va_list args;

	if (r->len)
		r->len += scnprintf(r->trace + r->len, sizeof(r->trace) - r->len, " ");
	va_start(args, fmt);
	r->len += vscnprintf(r->trace + r->len, sizeof(r->trace) - r->len, fmt, args);
	va_end(args);
}

static unsigned int note_events(struct run *r)
{
	unsigned int rings = 0;

	for (; r->seen < r->q->nevents; r->seen++) {
		const struct queue_event *e = &r->q->events[r->seen];

		if (e->kind == EV_BROKEN) {
			note(r, "!%u", e->first - r->q->start);
			continue;
		}
		rings++;
		if (e->reason >= NDK_DB_REASONS) {
			KUNIT_FAIL(r->test, "a doorbell was not accounted");
			continue;
		}
		note(r, "%c%u", reason_letter[e->reason], e->end - e->first);
		r->rings[e->reason]++;
		r->longest = max(r->longest, e->end - e->first);
	}
	return rings;
}

/* The requests of one call; returns the letter behind them. */
static const char *run_call(struct run *r, const char *s)
{
	struct ndk_defer *d = &r->q->d;
	bool refused = false;
	struct ndk_post p;
	int err;

	ndk_defer_begin(d, &p);
	for (; *s == 'd' || *s == 'u'; s++) {
		refused = refused || !ndk_defer_room(d);
		if (!refused)
			ndk_defer_accept(d, &p, *s == 'd');
	}
	refused = refused || *s == 'x';
	if (refused)
		ndk_defer_refuse(d, &p);
	err = ndk_defer_end(d, &p);
	note_events(r);
	if (refused)
		note(r, "r");
	if (err)
		note(r, "i");
	r->refused += refused || err;
	return *s ? s + 1 : s;
}

static void run_one(struct run *r, char step)
{
	const char call[2] = { step, '\0' };
	struct ndk_defer *d = &r->q->d;

	switch (step) {
	case 'k':
		ndk_defer_flush(d);
		break;
	case 'q':
		ndk_defer_flush_quiet(d);
		break;
	case 'c':
		ndk_defer_complete(d, d->indicated);
		break;
	case '1':
		ndk_defer_complete(d, d->completed + 1);
		break;
	case 't':
		queue_timer_fires(r->q);
		break;
	case 's':
		ndk_defer_stop(d);
		break;
	case 'r':
		ndk_defer_reset(d);
		r->q->start = 0;
		r->q->next = 0;
		break;
	default:
		run_call(r, call);
	}
}

static void run_step(struct run *r, const char **s)
{
	unsigned int rang = r->q->nevents, progressed = r->q->progressed;
	struct ndk_defer *d = &r->q->d;
	char step = *(*s)++;

	if (step == '(')
		*s = run_call(r, *s);
	else
		run_one(r, step);
	rang = r->q->nevents - rang;
	note_events(r);

	/* Invariant 4's work follows every doorbell, once, and nothing else. */
	KUNIT_EXPECT_EQ_MSG(r->test, r->q->progressed - progressed,
			    rang && step != 'q', "progress after '%c'", step);
	KUNIT_EXPECT_LE(r->test, d->indicated - d->completed, d->depth);
	KUNIT_EXPECT_LE(r->test, d->accepted - d->indicated, d->depth);
	KUNIT_EXPECT_EQ(r->test, ndk_defer_pending(d), d->accepted - d->indicated);
	KUNIT_EXPECT_EQ(r->test, r->q->next, d->indicated);
}

static void run_script(struct kunit *test, const struct defer_case *c, u32 start)
{
	struct run r = { .test = test };
	const char *s = c->script;
	int i;

	r.q = queue_create(test, c->depth, c->bound,
			   c->timer_off ? 0 : FAR_AWAY_USECS, start);
	if (c->refuse != NEVER) {
		r.q->refusing = true;
		r.q->refuse_index = start + c->refuse;
	}

	while (*s)
		run_step(&r, &s);

	KUNIT_EXPECT_STREQ_MSG(test, r.trace, c->trace, "start %#x", start);
	KUNIT_EXPECT_EQ_MSG(test, ndk_defer_pending(&r.q->d), c->left,
			    "start %#x", start);
	for (i = 0; i < NDK_DB_REASONS; i++)
		KUNIT_EXPECT_EQ_MSG(test, r.q->d.doorbells[i], r.rings[i],
				    "counter of reason %c", reason_letter[i]);
	KUNIT_EXPECT_EQ(test, r.q->d.refused, r.refused);
	KUNIT_EXPECT_EQ(test, r.q->d.longest, r.longest);
	queue_check_fault(test, r.q);
}

static void doorbells_follow_the_rules(struct kunit *test)
{
	const struct defer_case *c = test->param_value;
	int i;

	for (i = 0; i < ARRAY_SIZE(starts); i++)
		run_script(test, c, starts[i]);
}

static void r_ndk_70_one_queue_never_rings_another(struct kunit *test)
{
	struct test_queue *a = queue_create(test, 8, 8, FAR_AWAY_USECS, 0);
	struct test_queue *b = queue_create(test, 8, 8, FAR_AWAY_USECS, 0);

	queue_post(a, true);
	queue_post(b, true);
	queue_post(b, false);
	ndk_defer_flush(&b->d);
	queue_timer_fires(b);
	ndk_defer_stop(&b->d);

	KUNIT_EXPECT_EQ(test, a->nevents, 0);
	KUNIT_EXPECT_EQ(test, ndk_defer_pending(&a->d), 1);
	KUNIT_EXPECT_EQ(test, ndk_defer_pending(&b->d), 0);
}

static void lowered_bound_rings_with_the_next_request(struct kunit *test)
{
	struct test_queue *q = queue_create(test, 16, 8, FAR_AWAY_USECS, 0);
	int i;

	for (i = 0; i < 5; i++)
		queue_post(q, true);
	q->limits.bound = 3;
	queue_post(q, true);

	KUNIT_EXPECT_EQ(test, q->nevents, 1);
	KUNIT_EXPECT_EQ(test, q->events[0].reason, NDK_DB_BOUND);
	KUNIT_EXPECT_EQ(test, q->events[0].end - q->events[0].first, 6);
}

static void room_counts_what_is_not_completed(struct kunit *test)
{
	struct test_queue *q = queue_create(test, 4, 8, FAR_AWAY_USECS, 0xfffffffd);
	u32 i;

	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, ndk_defer_room(&q->d), 4 - i);
		KUNIT_EXPECT_EQ(test, queue_post(q, false), 0);
	}
	KUNIT_EXPECT_EQ(test, queue_post(q, false), -ENOMEM);
	ndk_defer_complete(&q->d, q->start + 3);
	KUNIT_EXPECT_EQ(test, ndk_defer_room(&q->d), 3);
}

/*
 * A poster that only defers never moves @due. After 2^31 of its requests an
 * old @due would look like one in the future. The way there is walked in
 * strides: what the queue looks like between two chains does not depend on
 * how many were before.
 */
static void only_deferred_requests_for_ever(struct kunit *test)
{
	struct test_queue *q = queue_create(test, 8, 4, FAR_AWAY_USECS, 0);
	const u32 stride = 0x20000000;
	int i, k;

	for (i = 0; i < 16; i++) {
		q->nevents = 0;
		for (k = 0; k < 6; k++)
			KUNIT_EXPECT_EQ(test, queue_post(q, true), 0);
		KUNIT_EXPECT_EQ_MSG(test, q->nevents, 1, "lap %d", i);
		KUNIT_EXPECT_EQ_MSG(test, q->events[0].reason, NDK_DB_BOUND, "lap %d", i);
		KUNIT_EXPECT_EQ_MSG(test, ndk_defer_pending(&q->d), 2, "lap %d", i);
		ndk_defer_flush(&q->d);

		if (q->d.due == q->d.indicated)
			q->d.due += stride;
		q->d.accepted += stride;
		q->d.indicated += stride;
		q->next += stride;
		ndk_defer_complete(&q->d, q->d.indicated);
	}
	queue_check_fault(test, q);
}

static struct kunit_case defer_script_cases[] = {
	KUNIT_CASE_PARAM(doorbells_follow_the_rules, defer_gen_params),
	KUNIT_CASE(r_ndk_70_one_queue_never_rings_another),
	KUNIT_CASE(lowered_bound_rings_with_the_next_request),
	KUNIT_CASE(room_counts_what_is_not_completed),
	KUNIT_CASE(only_deferred_requests_for_ever),
	{}
};

static struct kunit_suite defer_script_suite = {
	.name = "ndk_defer_rules",
	.test_cases = defer_script_cases,
};

kunit_test_suite(defer_script_suite);
