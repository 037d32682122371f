// SPDX-License-Identifier: GPL-2.0
/*
 * Faults on request, for every kind of object, and what the log says of those who
 * break the contract: one line each, with their name.
 *
 * Faults are set here the way debugfs sets them, in the target's own fields;
 * tools/tests/91-toe.sh goes through the files.
 */
#include <linux/ktime.h>
#include <trace/events/printk.h>

#include "toe_client.h"
#include "toe_env.h"

#define DELAY_MS	30

/* two of each kind, and what hangs below the first of them */
#define WORLD	"n0(p0(c0 c1) p1(c2)) n1"

static const char * const kinds[TOE_LAYERS] = { "neighbor", "path4", "path6", "connection" };

static const void *kind_gen_params(const void *prev, char *desc)
{
	const char * const *at = prev ? (const char * const *)prev + 1 : kinds;

	if (at == kinds + TOE_LAYERS)
		return NULL;
	strscpy(desc, *at, KUNIT_PARAM_DESC_SIZE);
	return at;
}

static unsigned int kind_of(struct kunit *test)
{
	return (const char * const *)test->param_value - kinds;
}

static struct toe_fault_point *point(struct tenv *e, unsigned int kind)
{
	return &e->m->t->faults.at[kind];
}

/* The test's paths are IPv4; in IPv6's turn all of them are not. */
static void make_world(struct tenv *e, unsigned int kind)
{
	e->ipv6 = kind == TOE_PATH6;
	tenv_world(e, WORLD);
}

/* What an initiate comes to if the first object of the kind is not stored. */
static const char * const first_fails[TOE_LAYERS] = {
	[TOE_NEIGH] = "FAILURE FAILURE FAILURE FAILURE FAILURE FAILURE FAILURE",
	[TOE_PATH4] = "PARTIAL_SUCCESS FAILURE FAILURE FAILURE SUCCESS SUCCESS SUCCESS",
	[TOE_PATH6] = "PARTIAL_SUCCESS FAILURE FAILURE FAILURE SUCCESS SUCCESS SUCCESS",
	[TOE_CONN] = "SUCCESS PARTIAL_SUCCESS FAILURE SUCCESS SUCCESS SUCCESS SUCCESS",
};

static void so_many_steps_fail(struct kunit *test)
{
	unsigned int kind = kind_of(test);
	struct tenv *e = test->priv;
	struct tenv_op *o;

	make_world(e, kind);
	atomic_set(&point(e, kind)->fail, 1);
	o = tenv_run(e, TOE_INITIATE, WORLD);
	EXPECT_STATUSES(e, o, first_fails[kind]);
	KUNIT_EXPECT_EQ(test, atomic_read(&point(e, kind)->fail), 0);
}

/* The same for the other operations, on the first object of the kind. */
static void any_operation_fails(struct kunit *test)
{
	static const char * const one[TOE_LAYERS] = { "n1", "p1", "p1", "c0" };
	static const enum toe_op_type types[] = {
		TOE_UPDATE, TOE_QUERY, TOE_INVALIDATE, TOE_TERMINATE,
	};
	unsigned int kind = kind_of(test);
	struct tenv *e = test->priv;
	struct tenv_op *o;
	int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		make_world(e, kind);
		tenv_run(e, TOE_INITIATE, WORLD);
		if (types[i] == TOE_TERMINATE && kind != TOE_CONN)
			tenv_run(e, TOE_TERMINATE, "c2");
		atomic_set(&point(e, kind)->fail, 1);
		o = tenv_run(e, types[i], one[kind]);
		KUNIT_EXPECT_EQ_MSG(test, o->op->root->status, TOE_FAILURE, "%s",
				    tmock_op_name(types[i]));
		tenv_flush(e);
		/* whatever failed: the object is not left with the target */
		EXPECT_STATE(e, one[kind], TOE_IN_HOST);
		KUNIT_EXPECT_EQ(test, atomic_read(&point(e, kind)->fail), 0);
		toe_signal(e->m->t, TOE_UPLOAD_ALL);
		toe_signal(e->m->t, TOE_RESUME);
		tenv_flush(e);
		EXPECT_STATE(e, "n0", TOE_IN_HOST);
	}
}

static const char * const second_is_too_much[TOE_LAYERS] = {
	[TOE_NEIGH] = "SUCCESS SUCCESS SUCCESS SUCCESS SUCCESS SUCCESS NEIGHBOR_ENTRIES",
	[TOE_PATH4] = "PARTIAL_SUCCESS SUCCESS SUCCESS SUCCESS PATH_ENTRIES FAILURE SUCCESS",
	[TOE_PATH6] = "PARTIAL_SUCCESS SUCCESS SUCCESS SUCCESS PATH_ENTRIES FAILURE SUCCESS",
	[TOE_CONN] =
	"SUCCESS PARTIAL_SUCCESS SUCCESS TCP_ENTRIES PARTIAL_SUCCESS TCP_ENTRIES SUCCESS",
};

static void the_table_is_full(struct kunit *test)
{
	unsigned int kind = kind_of(test);
	struct tenv *e = test->priv;
	struct tenv_op *o;

	make_world(e, kind);
	point(e, kind)->exhaust = 1;
	o = tenv_run(e, TOE_INITIATE, WORLD);
	EXPECT_STATUSES(e, o, second_is_too_much[kind]);
	/* and the core stops offering them until one comes back (R-TOE-32) */
	if (kind == TOE_CONN)
		KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "p0(c1)"), -ENOSPC);
}

/* The object goes, with all that hangs below it; what is beside it stays. */
static void a_query_finds_corrupt_state(struct kunit *test)
{
	static const char * const gone[TOE_LAYERS] = { "n0", "p0", "p0", "c0" };
	unsigned int kind = kind_of(test);
	struct tenv *e = test->priv;
	struct tenv_op *o;

	make_world(e, kind);
	tenv_run(e, TOE_INITIATE, WORLD);
	tlog_clear(&e->m->log);
	atomic_set(&point(e, kind)->corrupt, 1);
	o = tenv_run(e, TOE_QUERY, gone[kind]);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_FAILURE);
	EXPECT_STATE(e, gone[kind], TOE_IN_HOST);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	EXPECT_STATE(e, "c2", kind == TOE_NEIGH ? TOE_IN_HOST : TOE_OFFLOADED);
	EXPECT_STATE(e, "n1", TOE_OFFLOADED);
	if (kind == TOE_CONN) {
		KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.retrieve hardware"), 1);
		KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.aborted"), 1);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&point(e, kind)->corrupt), 0);
	/* once is once */
	o = tenv_run(e, TOE_QUERY, "n1");
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_SUCCESS);
}

/* Only trees with one of the kind are late. */
static void completions_are_late(struct kunit *test)
{
	static const char * const one[TOE_LAYERS] = { "n1", "p1", "p1", "c0" };
	unsigned int kind = kind_of(test);
	struct tenv *e = test->priv;
	ktime_t begun;

	make_world(e, kind);
	tenv_run(e, TOE_INITIATE, WORLD);
	point(e, kind)->delay_ms = DELAY_MS;
	begun = ktime_get();
	tenv_run(e, TOE_QUERY, one[kind]);
	KUNIT_EXPECT_GE(test, ktime_ms_delta(ktime_get(), begun), DELAY_MS);
	/* a minute for what it does not apply to: the test would be seen to hang */
	point(e, kind)->delay_ms = 60 * MSEC_PER_SEC;
	tenv_run(e, TOE_QUERY, kind == TOE_CONN ? "n1" : "c0");
	point(e, kind)->delay_ms = 0;
}

/*
 * What the log says. The tracepoint of the console sees every line that is
 * printed, whatever is shown of it.
 */

struct lines {
	const char *name;
	atomic_t n;
};

static void see_line(void *data, const char *text, size_t len)
{
	struct lines *l = data;

	if (strnstr(text, l->name, len))
		atomic_inc(&l->n);
}

static void watch_log(struct kunit *test, struct lines *l, const char *name)
{
	l->name = name;
	atomic_set(&l->n, 0);
	KUNIT_ASSERT_EQ(test, register_trace_console(see_line, l), 0);
}

static int stop_watching(struct lines *l)
{
	unregister_trace_console(see_line, l);
	tracepoint_synchronize_unregister();
	return atomic_read(&l->n);
}

struct wrong_case {
	const char *desc;
	enum toe_complaint kind;
	void (*wrong)(struct tenv *e);
};

static void complete_again(struct tenv *e)
{
	struct tenv_op *o = tenv_run(e, TOE_QUERY, "c0");

	toe_complete(e->m->t, o->op->root);
}

static bool leave_out(struct tmock *m, enum toe_op_type type, struct toe_block *root)
{
	if (type != TOE_UPDATE)
		return false;
	toe_complete(m->t, root);
	return true;
}

static void leave_a_status_out(struct tenv *e)
{
	e->m->on_call = leave_out;
	tenv_run(e, TOE_UPDATE, "n0");
	e->m->on_call = NULL;
}

static void use_a_stale_handle(struct tenv *e)
{
	toe_event_abort(e->m->t, 0x4711ULL << 32 | 0x4711);
}

static void never_complete(struct tenv *e)
{
	struct tenv_op *o;

	e->m->when[TOE_QUERY] = TMOCK_LATER;
	o = tenv_start(e, TOE_QUERY, "c0");
	tenv_tick(e, 1000 * (TOE_OVERDUE_SECONDS + 2));
	tmock_finish_all(e->m);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(e->test, o->done, 1);
}

static void answer_nonsense(struct tenv *e)
{
	e->answer = 0x12345678;
	e->times = 1;
	tenv_rx(e, "c0", 10, 0);
	tenv_recv(e, "c0", 0, 0);
}

static const struct wrong_case wrong_cases[] = {
	{ "completes twice", TOE_BAD_COMPLETION, complete_again },
	{ "leaves a status out", TOE_BAD_STATUS, leave_a_status_out },
	{ "uses a stale handle", TOE_BAD_HANDLE, use_a_stale_handle },
	{ "never completes", TOE_OVERDUE, never_complete },
	{ "has a consumer that answers nonsense", TOE_BAD_ANSWER, answer_nonsense },
};

KUNIT_ARRAY_PARAM_DESC(wrong, wrong_cases, desc);

/* Said once, counted always, whatever it is; and everything comes home. */
static void one_warning_names_the_target(struct kunit *test)
{
	const struct wrong_case *c = test->param_value;
	struct tenv *e = test->priv;
	struct lines lines;
	char name[40];
	int i;

	snprintf(name, sizeof(name), "target %s ", e->m->t->name);
	watch_log(test, &lines, name);
	for (i = 0; i < 3; i++) {
		tenv_offloaded(e, "n0(p0(c0))");
		c->wrong(e);
		tenv_flush(e);
		toe_signal(e->m->t, TOE_UPLOAD_ALL);
		toe_signal(e->m->t, TOE_RESUME);
		tenv_flush(e);
		EXPECT_STATE(e, "n0", TOE_IN_HOST);
	}
	KUNIT_EXPECT_EQ(test, stop_watching(&lines), 1);
	KUNIT_EXPECT_EQ(test, tenv_complaints(e, c->kind), 3);
}

static void answer_wrongly(struct tc *c)
{
	c->chained = 0x12345678;
	c->times = 1;
	tc_feed(c, 100, 0);
	KUNIT_EXPECT_EQ(c->test, tc_recv(c, 100, 0), 0);
}

static void return_twice(struct tc *c)
{
	u64 tsdu[2];

	c->chained = TOE_PENDING;
	c->times = 1;
	tc_feed(c, 100, 0);
	KUNIT_ASSERT_EQ(c->test, c->nkept, 1);
	c->nkept = 0;
	tsdu[0] = c->kept[0].tsdu;
	tsdu[1] = tsdu[0];
	toe_return_chained_receives(tsdu, 2);
}

struct clumsy_case {
	const char *desc;
	void (*wrong)(struct tc *c);
};

static const struct clumsy_case clumsy_cases[] = {
	{ "answers nonsense", answer_wrongly },
	{ "returns twice", return_twice },
};

KUNIT_ARRAY_PARAM_DESC(clumsy, clumsy_cases, desc);

static void one_warning_names_the_client(struct kunit *test)
{
	static const struct toe_endpoint_attr attr = { .name = "clumsy", .budget = TC_BUDGET };
	const struct clumsy_case *p = test->param_value;
	struct tc *c = tc_new(test, &attr, "7");
	struct lines lines;
	int i;

	watch_log(test, &lines, "client clumsy");
	for (i = 0; i < 3; i++)
		p->wrong(c);
	KUNIT_EXPECT_EQ(test, stop_watching(&lines), 1);
	KUNIT_EXPECT_EQ(test, tc_stats(c).nonsense, 3);
	KUNIT_EXPECT_EQ(test, tc_stats(c).kept, 0);
	tc_delete(c);
}

static struct kunit_case toe_fault_cases[] = {
	KUNIT_CASE_PARAM(so_many_steps_fail, kind_gen_params),
	KUNIT_CASE_PARAM(any_operation_fails, kind_gen_params),
	KUNIT_CASE_PARAM(the_table_is_full, kind_gen_params),
	KUNIT_CASE_PARAM(a_query_finds_corrupt_state, kind_gen_params),
	KUNIT_CASE_PARAM(completions_are_late, kind_gen_params),
	KUNIT_CASE_PARAM(one_warning_names_the_target, wrong_gen_params),
	KUNIT_CASE_PARAM(one_warning_names_the_client, clumsy_gen_params),
	{}
};

static struct kunit_suite toe_fault_suite = {
	.name = "ndk_toe_fault",
	.init = tenv_init,
	.exit = tenv_exit,
	.test_cases = toe_fault_cases,
};

kunit_test_suite(toe_fault_suite);
