// SPDX-License-Identifier: GPL-2.0
/*
 * Sends, disconnects and forwarded segments: R-TOE-102 to R-TOE-115, R-TOE-141 to
 * R-TOE-143, R-TOE-155, and deferral, which is the same as a QP's (R-NDK-64 to
 * R-NDK-79).
 */
#include "toe_env.h"

static void r_toe_102_success_is_acknowledgement(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 100, 0), 0);
	EXPECT_LOG(e, "+send c0 100");
	tmock_ack(e->m, tenv_o(e, "c0"), 99);
	EXPECT_LOG(e, "");
	tmock_ack(e->m, tenv_o(e, "c0"), 1);
	EXPECT_LOG(e, "send0 SUCCESS 100");
}

/* A send of nothing has nothing to wait for but those before it. */
static void r_toe_102_empty_send(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 100, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 0, 0), 0);
	KUNIT_EXPECT_EQ(test, e->sends[1].done, 0);
	tmock_ack(e->m, tenv_o(e, "c0"), 100);
	KUNIT_EXPECT_EQ(test, e->sends[0].done, 1);
	KUNIT_EXPECT_EQ(test, e->sends[1].done, 1);
	KUNIT_EXPECT_EQ(test, e->sends[1].s.status, TOE_SUCCESS);
}

static void r_toe_103_order(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, TOE_SEND_DEFER), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 20, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 30, 0), 0);
	EXPECT_LOG(e, "+send c0 10; +send c0 20; +send c0 30");
	tmock_ack(e->m, tenv_o(e, "c0"), 10);
	tmock_ack(e->m, tenv_o(e, "c0"), 20);
	tmock_ack(e->m, tenv_o(e, "c0"), 30);
	EXPECT_LOG(e, "send0 SUCCESS 10; send1 SUCCESS 20; send2 SUCCESS 30");
}

static void r_toe_104_one_acknowledgement_for_several(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 20, 0), 0);
	tlog_clear(&e->m->log);
	tmock_ack(e->m, tenv_o(e, "c0"), 30);
	EXPECT_LOG(e, "send0 SUCCESS 10; send1 SUCCESS 20");
}

struct failure_case {
	const char *desc;
	u32 acked;
	u32 status;
	const char *want;
};

static const struct failure_case failure_cases[] = {
	{ "R-TOE-105: failure at the second", 100, TOE_REQUEST_ABORTED,
	  "send0 SUCCESS 100; send1 REQUEST_ABORTED 0; send2 REQUEST_ABORTED 0" },
	{ "R-TOE-106: part of one", 130, TOE_UPLOAD_IN_PROGRESS,
	  "send0 SUCCESS 100; send1 UPLOAD_IN_PROGRESS 30; send2 UPLOAD_IN_PROGRESS 0" },
	{ "part of the first", 1, TOE_REQUEST_ABORTED,
	  "send0 REQUEST_ABORTED 1; send1 REQUEST_ABORTED 0; send2 REQUEST_ABORTED 0" },
	{ "a driver in between has no memory", 0, TOE_REQUEST_UPLOAD,
	  "send0 REQUEST_UPLOAD 0; send1 UPLOAD_REQUESTED 0; send2 UPLOAD_REQUESTED 0" },
};

KUNIT_ARRAY_PARAM_DESC(failure, failure_cases, desc);

static void r_toe_105_failure_takes_the_rest_along(struct kunit *test)
{
	const struct failure_case *c = test->param_value;
	struct tenv *e = test->priv;
	int i;

	tenv_offloaded(e, "n0(p0(c0))");
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 100, 0), 0);
	tlog_clear(&e->m->log);
	if (c->acked)
		tmock_ack(e->m, tenv_o(e, "c0"), c->acked);
	local_bh_disable();
	toe_send_abort(e->m->t, toe_obj_handle(tenv_o(e, "c0")), c->status);
	local_bh_enable();
	KUNIT_EXPECT_NOT_NULL(test, strstr(e->m->log.text, c->want));
}

static void r_toe_106_at_most_one_is_partly_done(struct kunit *test)
{
	struct tenv *e = test->priv;
	unsigned int i, part = 0;

	tenv_offloaded(e, "n0(p0(c0))");
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	tmock_ack(e->m, tenv_o(e, "c0"), 37);
	local_bh_disable();
	toe_send_abort(e->m->t, toe_obj_handle(tenv_o(e, "c0")), TOE_REQUEST_ABORTED);
	local_bh_enable();
	for (i = 0; i < 10; i++) {
		const struct toe_send *s = &e->sends[i].s;

		KUNIT_EXPECT_EQ(test, e->sends[i].done, 1);
		KUNIT_EXPECT_EQ(test, s->bytes, i < 3 ? 10 : i == 3 ? 7 : 0);
		if (s->bytes && s->bytes < 10) {
			part++;
			KUNIT_EXPECT_NE(test, s->status, TOE_SUCCESS);
		}
	}
	KUNIT_EXPECT_EQ(test, part, 1);
}

/* The completion of every send in every test checks it; here are the edges. */
static void r_toe_107_data_start_advances(struct kunit *test)
{
	struct tenv *e = test->priv;
	u8 byte;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 100, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 100, 0), 0);
	tmock_ack(e->m, tenv_o(e, "c0"), 133);
	local_bh_disable();
	toe_send_abort(e->m->t, toe_obj_handle(tenv_o(e, "c0")), TOE_UPLOAD_IN_PROGRESS);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, iov_iter_count(&e->sends[0].s.iter), 0);
	KUNIT_EXPECT_EQ(test, iov_iter_count(&e->sends[1].s.iter), 67);
	/* the remainder begins at its first byte */
	KUNIT_EXPECT_EQ(test, copy_from_iter(&byte, 1, &e->sends[1].s.iter), 1);
	KUNIT_EXPECT_EQ(test, byte, 33);
}

static void r_toe_109_urgent_sends_are_not_for_a_target(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 1, TOE_SEND_URGENT), -ESHUTDOWN);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "+send"), 0);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.uploading consumer"), 1);
	KUNIT_EXPECT_EQ(test, e->sends[0].done, 0);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
}

static void r_toe_110_graceful_disconnect(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_fin(e, "c0", 100, false), 0);
	EXPECT_LOG(e, "+send c0 100+fin");
	tmock_ack(e->m, tenv_o(e, "c0"), 100);
	EXPECT_LOG(e, "");
	/* receiving goes on */
	tenv_rx(e, "c0", 25, 0);
	EXPECT_LOG(e, "c0.rx 25@0");
	/* and sending does not */
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 1, 0), -EPIPE);
	local_bh_disable();
	toe_send_acked(e->m->t, toe_obj_handle(tenv_o(e, "c0")), 0, true);
	local_bh_enable();
	EXPECT_LOG(e, "send0 SUCCESS 100");
}

static void r_toe_111_earlier_sends_first(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 20, TOE_SEND_DEFER), 0);
	KUNIT_EXPECT_EQ(test, tenv_fin(e, "c0", 0, false), 0);
	EXPECT_LOG(e, "+send c0 10; +send c0 20; +send c0 0+fin");
	local_bh_disable();
	toe_send_acked(e->m->t, toe_obj_handle(tenv_o(e, "c0")), 30, true);
	local_bh_enable();
	EXPECT_LOG(e, "send0 SUCCESS 10; send1 SUCCESS 20; send2 SUCCESS 0");
}

/* A reset does not wait for what was posted before it. */
static void rst_at_once(struct tmock *m, struct tmock_ctx *ctx, struct toe_send *first, u32 count)
{
	while (--count)
		first = toe_send_next(first);
	if (first->flags & TOE_SEND_RST)
		tlog(&m->log, "RST");
}

static void r_toe_112_abortive_disconnect(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->on_send = rst_at_once;
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 20, TOE_SEND_DEFER), 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 20, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_fin(e, "c0", 0, true), 0);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "RST"), 1);
	local_bh_disable();
	toe_send_acked(e->m->t, toe_obj_handle(tenv_o(e, "c0")), 0, true);
	local_bh_enable();
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send0 REQUEST_ABORTED"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send1 REQUEST_ABORTED"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send2 SUCCESS 0"), 1);
	/* nothing that arrives is delivered */
	tlog_clear(&e->m->log);
	KUNIT_EXPECT_EQ(test, tmock_rx(e->m, tenv_o(e, "c0"), 0, 10, 0), -EPIPE);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.rx"), 0);
}

static void r_toe_113_abortive_disconnect_with_data(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_fin(e, "c0", 1, true), -EINVAL);
	EXPECT_LOG(e, "");
	/* it was no disconnect */
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_fin(e, "c0", 1, false), 0);
}

static void r_toe_114_disconnect_while_uploading(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_fin(e, "c0", 7, false), 0);
	tmock_ack(e->m, tenv_o(e, "c0"), 10);
	tlog_clear(&e->m->log);
	KUNIT_EXPECT_EQ(test, toe_upload(tenv_o(e, "c0"), TOE_HOST_ASKED), 0);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send1 UPLOAD_IN_PROGRESS 0"), 1);
	/* the host is told which one it was, and ends the connection itself */
	KUNIT_EXPECT_TRUE(test, e->sends[1].s.flags & TOE_SEND_FIN);
}

static void r_toe_115_context_stays_behind_a_disconnect(struct kunit *test)
{
	struct tenv *e = test->priv;
	struct tenv_op *o;

	tenv_offloaded(e, "n0(p0(c0))");
	KUNIT_EXPECT_EQ(test, tenv_fin(e, "c0", 0, false), 0);
	local_bh_disable();
	toe_send_acked(e->m->t, toe_obj_handle(tenv_o(e, "c0")), 0, true);
	local_bh_enable();
	tenv_rx(e, "c0", 0, TOE_RX_FIN);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_CONN], 1);
	o = tenv_run(e, TOE_QUERY, "c0");
	KUNIT_EXPECT_EQ(test, o->op->root->status, TOE_SUCCESS);
	tenv_run(e, TOE_TERMINATE, "c0");
	KUNIT_EXPECT_EQ(test, e->m->live[TOE_CONN], 0);
}

struct defer_case {
	const char *desc;
	u32 bound;
	const char *script;	/* d deferred, u undeferred, x refused, k kick, t time passes */
	const char *want;	/* +: a call of the target, with how many */
	s8 reason;		/* the doorbell is counted by; -1: none rang */
};

/* as many as may be outstanding in these tests */
#define DEPTH	8

static const struct defer_case defer_cases[] = {
	{ "one undeferred", 64, "u", "+1 ", NDK_DB_UNDEFERRED },
	{ "deferred alone", 64, "ddd", "", -1 },
	{ "R-NDK-64: three deferred and one", 64, "dddu", "+4 ", NDK_DB_UNDEFERRED },
	{ "R-NDK-66: a refused call shows what was deferred", 64, "ddx", "+2 ", NDK_DB_REFUSED },
	{ "R-NDK-74: the bound", 4, "ddddd", "+4 ", NDK_DB_BOUND },
	{ "R-NDK-79: an abandoned chain", 64, "dt", "+2 ", NDK_DB_TIMER },
	{ "the last place", 64, "dddddddd", "+8 ", NDK_DB_FULL },
	{ "a kick", 64, "ddk", "+2 ", NDK_DB_FLUSH },
	{ "a kick of nothing", 64, "uk", "+1 ", NDK_DB_UNDEFERRED },
};

KUNIT_ARRAY_PARAM_DESC(defer, defer_cases, desc);

static void note_count(struct tmock *m, struct tmock_ctx *ctx, struct toe_send *first, u32 count)
{
	char *text = m->priv;

	snprintf(text + strlen(text), 64 - strlen(text), "+%u ", count);
}

static u64 doorbells(struct tenv *e, int reason)
{
	u64 n = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		n += per_cpu_ptr(e->m->t->counters, cpu)->doorbells[reason];
	return n;
}

static void wait_for_doorbell(struct tenv *e, int reason)
{
	int left;

	e->m->t->limits.usecs = 1000;
	/* looked at by the next call: it arms the timer of a chain that stays open */
	KUNIT_EXPECT_EQ(e->test, tenv_send(e, "c0", 10, TOE_SEND_DEFER), 0);
	for (left = 5000; left && !doorbells(e, reason); left--)
		usleep_range(500, 1000);
}

/* The rules, the code and the counters of a QP's send queue (include/ndk/defer.h). */
static void r_toe_103_deferral(struct kunit *test)
{
	const struct defer_case *c = test->param_value;
	struct tenv *e = test->priv;
	char calls[64] = "";
	const char *s;
	int reason;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->t->limits.bound = c->bound;
	e->m->t->limits.usecs = 0;
	tenv_conn(e, "c0")->dp.sq.depth = DEPTH;
	e->m->priv = calls;
	e->m->on_send = note_count;
	for (s = c->script; *s; s++)
		switch (*s) {
		case 'x':
			KUNIT_EXPECT_NE(test, tenv_send(e, "c0", 10, 1U << 31), 0);
			break;
		case 'k':
			toe_send_flush(tenv_conn(e, "c0"));
			break;
		case 't':
			wait_for_doorbell(e, c->reason);
			break;
		default:
			KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10,
							*s == 'd' ? TOE_SEND_DEFER : 0), 0);
		}
	KUNIT_EXPECT_STREQ(test, calls, c->want);
	for (reason = 0; reason < NDK_DB_REASONS; reason++)
		KUNIT_EXPECT_EQ_MSG(test, doorbells(e, reason), reason == c->reason, "reason %d",
				    reason);
	e->m->on_send = NULL;
}

/* Receives neither defer nor end a chain; another connection's send does not. */
static void r_toe_103_a_chain_is_its_connection_s(struct kunit *test)
{
	struct tenv *e = test->priv;

	tenv_offloaded(e, "n0(p0(c0 c1))");
	e->m->t->limits.usecs = 0;
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, TOE_SEND_DEFER), 0);
	KUNIT_EXPECT_EQ(test, tenv_recv(e, "c0", 10, 0), 0);
	KUNIT_EXPECT_EQ(test, tenv_send(e, "c1", 20, 0), 0);
	EXPECT_LOG(e, "+send c1 20");
	/* an upload shows it, or brings it back: it is not forgotten */
	tenv_run(e, TOE_TERMINATE, "c0");
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send0 "), 1);
}

static void r_toe_141_forwarded_segment(struct kunit *test)
{
	struct tenv *e = test->priv;
	int err;

	tenv_offloaded(e, "n0(p0(c0))");
	tenv_forward(e, "c0", &err);
	KUNIT_EXPECT_EQ(test, err, 0);
	EXPECT_LOG(e, "+forward c0; forward SUCCESS");
}

static void r_toe_142_forward_while_uploading(struct kunit *test)
{
	struct tenv *e = test->priv;
	int err;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->forward_now = TOE_UNWRITTEN;
	tenv_forward(e, "c0", &err);
	KUNIT_EXPECT_EQ(test, err, 0);
	tlog_clear(&e->m->log);
	tenv_run(e, TOE_TERMINATE, "c0");
	KUNIT_EXPECT_EQ(test, tenv_count(e, "forward UPLOAD_IN_PROGRESS"), 1);
	tenv_forward(e, "c0", &err);
	KUNIT_EXPECT_EQ(test, err, -ENOTCONN);
}

static void r_toe_143_forward_on_a_reset_connection(struct kunit *test)
{
	struct tenv *e = test->priv;
	int err;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->forward_now = TOE_UNWRITTEN;
	tenv_forward(e, "c0", &err);
	KUNIT_EXPECT_EQ(test, err, 0);
	toe_event_abort(e->m->t, toe_obj_handle(tenv_o(e, "c0")));
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "forward REQUEST_ABORTED"), 1);
}

static void r_toe_155_sends_behind_an_upload_request(struct kunit *test)
{
	struct tenv *e = test->priv;
	u32 i, done = 0;

	tenv_offloaded(e, "n0(p0(c0))");
	e->m->abort_sends = TOE_UPLOAD_IN_PROGRESS;
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, tenv_send(e, "c0", 10, 0), 0);
	toe_event_retrieve(e->m->t, toe_obj_handle(tenv_o(e, "c0")), TOE_UPLOAD_WANTED);
	/* the worker has not run, perhaps: accepted or refused, never lost */
	for (; i < 10; i++)
		tenv_send(e, "c0", 10, 0);
	tenv_flush(e);
	for (i = 0; i < 10; i++) {
		done += e->sends[i].done;
		if (e->sends[i].done)
			KUNIT_EXPECT_EQ(test, e->sends[i].s.status, TOE_UPLOAD_IN_PROGRESS);
	}
	KUNIT_EXPECT_GE(test, done, 5);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
}

static struct kunit_case toe_send_cases[] = {
	KUNIT_CASE(r_toe_102_success_is_acknowledgement),
	KUNIT_CASE(r_toe_102_empty_send),
	KUNIT_CASE(r_toe_103_order),
	KUNIT_CASE_PARAM(r_toe_103_deferral, defer_gen_params),
	KUNIT_CASE(r_toe_103_a_chain_is_its_connection_s),
	KUNIT_CASE(r_toe_104_one_acknowledgement_for_several),
	KUNIT_CASE_PARAM(r_toe_105_failure_takes_the_rest_along, failure_gen_params),
	KUNIT_CASE(r_toe_106_at_most_one_is_partly_done),
	KUNIT_CASE(r_toe_107_data_start_advances),
	KUNIT_CASE(r_toe_109_urgent_sends_are_not_for_a_target),
	KUNIT_CASE(r_toe_110_graceful_disconnect),
	KUNIT_CASE(r_toe_111_earlier_sends_first),
	KUNIT_CASE(r_toe_112_abortive_disconnect),
	KUNIT_CASE(r_toe_113_abortive_disconnect_with_data),
	KUNIT_CASE(r_toe_114_disconnect_while_uploading),
	KUNIT_CASE(r_toe_115_context_stays_behind_a_disconnect),
	KUNIT_CASE(r_toe_141_forwarded_segment),
	KUNIT_CASE(r_toe_142_forward_while_uploading),
	KUNIT_CASE(r_toe_143_forward_on_a_reset_connection),
	KUNIT_CASE(r_toe_155_sends_behind_an_upload_request),
	{}
};

static struct kunit_suite toe_send_suite = {
	.name = "ndk_toe_send",
	.init = tenv_init,
	.exit = tenv_exit,
	.test_cases = toe_send_cases,
};

kunit_test_suite(toe_send_suite);
