// SPDX-License-Identifier: GPL-2.0
/*
 * Random posting against a naive model of DESIGN's rules.
 *
 * The model is a list of requests, never reused, each with a word about what
 * became of it, and searches that list for everything. What it says must happen
 * is compared with what the queue did, after every step.
 */
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/vmalloc.h>

#include "defer_queue.h"

static unsigned long long seed;
module_param(seed, ullong, 0444);
MODULE_PARM_DESC(seed, "seed of the random tests, 0 takes a new one");

#define RUNS		60
#define STEPS		250
#define MAX_CALL	6
#define MAX_REQUESTS	(STEPS * MAX_CALL)

enum fate { WAITING, SHOWN, DONE };

struct request {
	enum fate fate;
	bool deferred;
	bool watched;	/* the timer has begun to count this one's age */
};

struct model {
	struct request list[MAX_REQUESTS];
	u32 count;
	u32 done;	/* those before are DONE: searches start here */
	u32 depth;
	bool stopped;
	bool timer;
	/* what the step now running must do */
	struct queue_event expect[MAX_CALL + 4];
	unsigned int nexpect;
	u64 doorbells[NDK_DB_REASONS];
	u64 refused;
};

struct pair {
	struct kunit *test;
	struct rnd_state rnd;
	struct test_queue *q;
	struct model *m;
	unsigned int step;
};

static u32 below(struct pair *x, u32 n)
{
	return prandom_u32_state(&x->rnd) % n;
}

static u32 model_count(const struct model *m, enum fate fate)
{
	u32 i, n = 0;

	for (i = m->done; i < m->count; i++)
		n += m->list[i].fate == fate;
	return n;
}

static u32 model_free(const struct model *m)
{
	return m->depth - model_count(m, WAITING) - model_count(m, SHOWN);
}

static u32 model_first_waiting(const struct model *m)
{
	u32 i;

	for (i = m->done; i < m->count; i++)
		if (m->list[i].fate == WAITING)
			break;
	return i;
}

static void model_expect(struct pair *x, enum queue_event_kind kind,
			 enum ndk_db_reason reason, u32 first, u32 end)
{
	struct queue_event *e = &x->m->expect[x->m->nexpect++];

	e->kind = kind;
	e->reason = reason;
	e->first = x->q->start + first;
	e->end = x->q->start + end;
}

/*
 * Everything that waits before @end is shown. @own: the last of it may be
 * refused by the return value. Returns whether it was.
 */
static bool model_ring(struct pair *x, u32 end, enum ndk_db_reason reason,
		       bool refusing, u32 refuse_at, bool own)
{
	struct model *m = x->m;
	u32 first = model_first_waiting(m), i;

	if (first >= end)
		return false;
	for (i = first; i < end; i++)
		m->list[i].fate = SHOWN;
	m->doorbells[reason]++;
	model_expect(x, EV_RING, reason, first, end);
	if (!refusing || refuse_at < first || refuse_at >= end)
		return false;
	if (own && refuse_at == m->count - 1) {
		m->count--;
		m->refused++;
		return true;
	}
	model_expect(x, EV_BROKEN, NDK_DB_REASONS, refuse_at, refuse_at + 1);
	return false;
}

struct call {
	unsigned int n;
	bool deferred[MAX_CALL];
	bool bad;		/* refused behind the last of them */
	bool refusing;		/* the NIC refuses one of the next ones */
	u32 refuse_at;
};

/* Behind the newest request that may not wait any more. */
static u32 model_due(const struct model *m)
{
	u32 i, due = 0;

	for (i = m->done; i < m->count; i++)
		if (m->list[i].fate == WAITING && !m->list[i].deferred)
			due = i + 1;
	return due;
}

static void model_watch(struct model *m, u32 usecs)
{
	u32 i;

	if (m->timer || !usecs || !model_count(m, WAITING))
		return;
	m->timer = true;
	for (i = m->done; i < m->count; i++)
		m->list[i].watched = true;
}

/* Returns 0, -ENOMEM for a refused call, -EIO for one the NIC refused. */
static int model_call(struct pair *x, const struct call *c)
{
	struct model *m = x->m;
	bool refused = c->bad, mine = false;
	int ret = 0;
	unsigned int i;
	u32 due;

	for (i = 0; i < c->n; i++) {
		if (!model_free(m)) {
			refused = true;
			break;
		}
		mine = !c->deferred[i];
		m->list[m->count++] = (struct request){ WAITING, c->deferred[i] };
		if (!c->deferred[i])
			continue;
		if (model_count(m, WAITING) >= x->q->limits.bound)
			model_ring(x, m->count, NDK_DB_BOUND, c->refusing, c->refuse_at, false);
		else if (!model_free(m))
			model_ring(x, m->count, NDK_DB_FULL, c->refusing, c->refuse_at, false);
	}
	if (refused) {
		m->refused++;
		ret = -ENOMEM;
		model_ring(x, m->count, NDK_DB_REFUSED, c->refusing, c->refuse_at, false);
	} else {
		due = model_due(m);
		if (model_ring(x, due, NDK_DB_UNDEFERRED, c->refusing, c->refuse_at, mine))
			ret = -EIO;
	}
	if (m->stopped)
		model_ring(x, m->count, NDK_DB_FLUSH, false, 0, false);
	model_watch(m, x->q->limits.usecs);
	return ret;
}

static int real_call(struct test_queue *q, const struct call *c)
{
	struct ndk_post p;
	bool refused = c->bad;
	unsigned int i;
	int err;

	ndk_defer_begin(&q->d, &p);
	for (i = 0; i < c->n; i++) {
		if (!ndk_defer_room(&q->d)) {
			refused = true;
			break;
		}
		ndk_defer_accept(&q->d, &p, c->deferred[i]);
	}
	if (refused)
		ndk_defer_refuse(&q->d, &p);
	err = ndk_defer_end(&q->d, &p);
	return refused ? -ENOMEM : err;
}

static void step_call(struct pair *x)
{
	struct test_queue *q = x->q;
	struct call c = { .n = below(x, MAX_CALL + 1) };
	unsigned int i;

	for (i = 0; i < c.n; i++)
		c.deferred[i] = below(x, 8) > 1;
	c.bad = !below(x, 10);
	/* A stopped queue may ring twice in a call: two refusals, too many. */
	c.refusing = !below(x, 6) && !x->m->stopped;
	c.refuse_at = model_first_waiting(x->m) + below(x, MAX_CALL);
	q->refusing = c.refusing;
	q->refuse_index = q->start + c.refuse_at;

	KUNIT_EXPECT_EQ_MSG(x->test, real_call(q, &c), model_call(x, &c),
			    "step %u", x->step);
	q->refusing = false;
}

static void step_flush(struct pair *x)
{
	ndk_defer_flush(&x->q->d);
	model_ring(x, x->m->count, NDK_DB_FLUSH, false, 0, false);
}

static void step_complete(struct pair *x)
{
	u32 n = below(x, model_count(x->m, SHOWN) + 1);

	ndk_defer_complete(&x->q->d, x->q->d.completed + n);
	while (n--)
		x->m->list[x->m->done++].fate = DONE;
}

static void step_timer(struct pair *x)
{
	struct model *m = x->m;
	u32 first = model_first_waiting(m), i;

	queue_timer_fires(x->q);
	if (!m->timer)
		return;
	m->timer = false;
	if (first == m->count || !x->q->limits.usecs)
		return;
	if (m->list[first].watched) {
		model_ring(x, m->count, NDK_DB_TIMER, false, 0, false);
		return;
	}
	m->timer = true;
	for (i = m->done; i < m->count; i++)
		m->list[i].watched = true;
}

static void step_limits(struct pair *x)
{
	x->q->limits.bound = 1 + below(x, x->m->depth + 2);
	x->q->limits.usecs = below(x, 4) ? FAR_AWAY_USECS : 0;
}

static void step_stop(struct pair *x)
{
	ndk_defer_stop(&x->q->d);
	x->m->stopped = true;
	x->m->timer = false;
	model_ring(x, x->m->count, NDK_DB_FLUSH, false, 0, false);
}

static void compare_events(struct pair *x)
{
	struct test_queue *q = x->q;
	struct model *m = x->m;
	unsigned int i;

	KUNIT_EXPECT_EQ_MSG(x->test, q->nevents, m->nexpect, "step %u", x->step);
	for (i = 0; i < min(q->nevents, m->nexpect); i++) {
		const struct queue_event *is = &q->events[i], *want = &m->expect[i];

		KUNIT_EXPECT_EQ_MSG(x->test, is->kind, want->kind, "step %u", x->step);
		KUNIT_EXPECT_EQ_MSG(x->test, is->first, want->first, "step %u", x->step);
		KUNIT_EXPECT_EQ_MSG(x->test, is->end, want->end, "step %u", x->step);
		KUNIT_EXPECT_EQ_MSG(x->test, is->reason, want->reason, "step %u", x->step);
	}
	q->nevents = 0;
	m->nexpect = 0;
}

static void compare_state(struct pair *x)
{
	struct ndk_defer *d = &x->q->d;
	struct model *m = x->m;
	int i;

	KUNIT_EXPECT_EQ_MSG(x->test, ndk_defer_pending(d), model_count(m, WAITING),
			    "step %u", x->step);
	KUNIT_EXPECT_EQ_MSG(x->test, ndk_defer_room(d), model_free(m), "step %u", x->step);
	KUNIT_EXPECT_EQ_MSG(x->test, hrtimer_active(&d->timer), m->timer, "step %u", x->step);
	KUNIT_EXPECT_EQ(x->test, d->refused, m->refused);
	for (i = 0; i < NDK_DB_REASONS; i++)
		KUNIT_EXPECT_EQ_MSG(x->test, d->doorbells[i], m->doorbells[i],
				    "reason %d, step %u", i, x->step);
	queue_check_fault(x->test, x->q);
}

static void random_step(struct pair *x)
{
	u32 dice = below(x, 100);

	if (dice < 60)
		step_call(x);
	else if (dice < 80)
		step_complete(x);
	else if (dice < 90)
		step_timer(x);
	else if (dice < 95)
		step_flush(x);
	else if (dice < 99)
		step_limits(x);
	else if (x->step > STEPS / 2)
		step_stop(x);
}

static void random_run(struct kunit *test, struct model *m, u64 run_seed)
{
	static const u32 depths[] = { 1, 2, 3, 5, 8, 16, 64 };
	static const u32 starts[] = { 0, 0xffffffffU, 0xffffff80U, 0x7fffffc0U };
	struct pair x = { .test = test, .m = m };
	u32 bound, start;

	prandom_seed_state(&x.rnd, run_seed);
	memset(m, 0, sizeof(*m));
	m->depth = depths[below(&x, ARRAY_SIZE(depths))];
	bound = 1 + below(&x, m->depth + 2);
	start = starts[below(&x, ARRAY_SIZE(starts))];
	x.q = queue_create(test, m->depth, bound, FAR_AWAY_USECS, start);

	for (x.step = 0; x.step < STEPS && test->status == KUNIT_SUCCESS; x.step++) {
		random_step(&x);
		compare_events(&x);
		compare_state(&x);
	}
	queue_destroy(test, x.q);
}

static void random_posting_agrees_with_the_naive_model(struct kunit *test)
{
	struct model *m = vzalloc(sizeof(*m));
	u64 base = seed ?: get_random_u64();
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, m);
	kunit_info(test, "seed=%llu, %u runs of %u steps", base, RUNS * defer_scale, STEPS);
	for (i = 0; i < RUNS * defer_scale && test->status == KUNIT_SUCCESS; i++) {
		random_run(test, m, base + i);
		if (test->status != KUNIT_SUCCESS)
			kunit_err(test, "to repeat the run that failed: seed=%llu", base + i);
		cond_resched();
	}
	vfree(m);
}

static struct kunit_case defer_model_cases[] = {
	KUNIT_CASE_SLOW(random_posting_agrees_with_the_naive_model),
	{}
};

static struct kunit_suite defer_model_suite = {
	.name = "ndk_defer_model",
	.test_cases = defer_model_cases,
};

kunit_test_suite(defer_model_suite);
