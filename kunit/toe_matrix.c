// SPDX-License-Identifier: GPL-2.0
/*
 * Every state of an object with everything that can happen to it (toe.md 2.2,
 * and the state machine of Documentation/toe.md): what the host asks for, what
 * the target says of an object, completes, and says of itself, what ends
 * everything, and that nothing happens at all.
 *
 * KUnit is given every pair of a state and an event, so a pair without a cell in
 * its table is a test that fails. The words for states and events are those of
 * the document, and tools/lib/rules.py compares the two.
 */
#include "toe_env.h"

enum state {
	HOST, OFFLOADING, OFFLOADED, QUERIED, UPDATED, INVALIDATED, INVALID, UPLOADING, ASKED, BACK,
	STATES
};

static const char * const state_names[STATES] = {
	[HOST] = "in the host",
	[OFFLOADING] = "being offloaded",
	[OFFLOADED] = "offloaded",
	[QUERIED] = "being queried",
	[UPDATED] = "being updated",
	[INVALIDATED] = "being invalidated",
	[INVALID] = "invalid",
	[UPLOADING] = "being uploaded",
	[ASKED] = "an upload waits for a query",
	[BACK] = "back in the host",
};

enum ask {
	INITIATE, QUERY, UPDATE, INVALIDATE, TERMINATE, UPLOAD, SEND, RECV, FORWARD, FIN, RST, SET,
	ASKS
};

static const char * const ask_names[ASKS] = {
	"initiate", "query", "update", "invalidate", "terminate", "upload", "send", "receive",
	"forward", "disconnect", "reset", "set",
};

/* how often the target was called for it */
static const char * const ask_words[ASKS] = {
	"+initiate p0", "+query c0", "+update c0", "+invalidate c0", "+terminate c0",
	"+terminate c0", "+send c0", "+recv c0", "+forward c0", "+send c0", "+send c0", "+nothing",
};

/*
 * What comes of it. An errno: refused, the target is not called. Else it is
 * accepted, and the target
 */
#define NOW	1	/* is called before anything else ends */
#define HELD	2	/* is called when what is in progress has ended, not before */
#define NEVER	3	/* is not called: it is done, or part of what is in progress */

static const s8 asks[STATES][ASKS] = {
	/*		 initiate query update invalidate terminate upload */
	/*		 send recv forward fin rst set */
	[HOST] = {	 NOW, -ENOTCONN, -ENOTCONN, -ENOTCONN, -ENOTCONN, -ENOTCONN,
			 -ENOTCONN, -ENOTCONN, -ENOTCONN, -ENOTCONN, -ENOTCONN, NEVER },
	[OFFLOADING] = { -EALREADY, HELD, HELD, HELD, HELD, HELD,
			 HELD, HELD, HELD, HELD, HELD, -EBUSY },
	[OFFLOADED] = {	 -EISCONN, NOW, NOW, NOW, NOW, NOW,
			 NOW, NOW, NOW, NOW, NOW, -EBUSY },
	[QUERIED] = {	 -EISCONN, NOW, NOW, NOW, HELD, HELD,
			 NOW, NOW, NOW, NOW, NOW, -EBUSY },
	[UPDATED] = {	 -EISCONN, NOW, HELD, HELD, HELD, HELD,
			 NOW, NOW, NOW, NOW, NOW, -EBUSY },
	[INVALIDATED] = { -EISCONN, NOW, -EINVAL, HELD, HELD, HELD,
			 NEVER, NOW, NOW, NEVER, NEVER, -EBUSY },
	[INVALID] = {	 -EISCONN, NOW, -EINVAL, NOW, NOW, NOW,
			 NEVER, NOW, NOW, NEVER, NEVER, -EBUSY },
	[UPLOADING] = {	 -ESHUTDOWN, -ESHUTDOWN, -ESHUTDOWN, -ESHUTDOWN, NEVER, NEVER,
			 -ESHUTDOWN, -ESHUTDOWN, -ESHUTDOWN, -ESHUTDOWN, -ESHUTDOWN, -EBUSY },
	/* one terminate is owed, the one that waits */
	[ASKED] = {	 -ESHUTDOWN, -ESHUTDOWN, -ESHUTDOWN, -ESHUTDOWN, HELD, HELD,
			 -ESHUTDOWN, -ESHUTDOWN, -ESHUTDOWN, -ESHUTDOWN, -ESHUTDOWN, -EBUSY },
	[BACK] = {	 NOW, -ENOTCONN, -ENOTCONN, -ENOTCONN, -ENOTCONN, -ENOTCONN,
			 -ENOTCONN, -ENOTCONN, -ENOTCONN, -ENOTCONN, -ENOTCONN, NEVER },
};

enum say {
	RETRIEVE, HINT, ABORT, BACKLOG, SEGMENT, DATA, END,
	SAYS
};

static const char * const say_names[SAYS] = {
	"retrieve", "hint", "abort", "backlog", "segment", "data", "end of stream",
};

static const char * const say_words[SAYS] = {
	"c0.retrieve timeout", "c0.retrieve idle", "c0.aborted", "c0.backlog", "c0.segment",
	"c0.rx", "c0.eof",
};

/* NOW: the host hears of it at once; HELD: later; NEVER: it is ignored */
static const s8 says[STATES][SAYS] = {
	/*		  retrieve hint abort backlog segment data end */
	[HOST] =	{ NEVER, NEVER, NEVER, NEVER, NEVER, NEVER, NEVER },
	[OFFLOADING] =	{ HELD, HELD, HELD, HELD, HELD, HELD, HELD },
	[OFFLOADED] =	{ NOW, NOW, NOW, NOW, NOW, NOW, NOW },
	[QUERIED] =	{ NOW, NOW, NOW, NOW, NOW, NOW, NOW },
	[UPDATED] =	{ NOW, NOW, NOW, NOW, NOW, NOW, NOW },
	[INVALIDATED] =	{ NOW, NOW, NOW, NOW, NOW, NOW, NOW },
	[INVALID] =	{ NOW, NOW, NOW, NOW, NOW, NOW, NOW },
	/* on its way back: there is nothing left to ask for, but bytes still arrive */
	[UPLOADING] =	{ NEVER, NEVER, NEVER, NEVER, HELD, NOW, NOW },
	[ASKED] =	{ NOW, NOW, NOW, NOW, HELD, NOW, NOW },
	[BACK] =	{ NEVER, NEVER, NEVER, NEVER, NEVER, NEVER, NEVER },
};

/* n0(p0) is with the target */
static void go_on_to(struct tenv *e, enum state s)
{
	tenv_world(e, "n0(p0(c0))");
	if (s == OFFLOADING)
		e->m->when[TOE_INITIATE] = TMOCK_LATER;
	if (s != HOST)
		tenv_start(e, TOE_INITIATE, "p0(c0)");
	tenv_flush(e);
	e->m->when[TOE_QUERY] = TMOCK_LATER;
	e->m->when[TOE_UPDATE] = TMOCK_LATER;
	e->m->when[TOE_INVALIDATE] = s == INVALID ? TMOCK_INLINE : TMOCK_LATER;
	e->m->when[TOE_TERMINATE] = s == BACK ? TMOCK_INLINE : TMOCK_LATER;
	if (s == QUERIED || s == ASKED)
		tenv_start(e, TOE_QUERY, "c0");
	if (s == UPDATED)
		tenv_start(e, TOE_UPDATE, "c0");
	if (s == INVALIDATED || s == INVALID)
		tenv_start(e, TOE_INVALIDATE, "c0");
	if (s == UPLOADING || s == ASKED || s == BACK)
		tenv_start(e, TOE_TERMINATE, "c0");
	tenv_flush(e);
	e->m->verbose = true;
}

static void go_to(struct tenv *e, enum state s)
{
	tenv_offloaded(e, "n0(p0)");
	go_on_to(e, s);
}

static void settle(struct tenv *e)
{
	int i;

	for (i = 0; i < 4; i++) {
		tmock_finish_all(e->m);
		tenv_flush(e);
	}
}

static int ask(struct tenv *e, enum ask what)
{
	struct toe_conn_cached v = tenv_conn_cached();
	int err = 0;

	switch (what) {
	case INITIATE:
		return tenv_try(e, TOE_INITIATE, "p0(c0a)");
	case QUERY:
		return tenv_try(e, TOE_QUERY, "c0");
	case UPDATE:
		return tenv_try(e, TOE_UPDATE, "c0");
	case INVALIDATE:
		return tenv_try(e, TOE_INVALIDATE, "c0");
	case TERMINATE:
		return tenv_try(e, TOE_TERMINATE, "c0");
	case UPLOAD:
		return toe_upload(tenv_o(e, "c0"), TOE_HOST_ASKED);
	case SEND:
		return tenv_send(e, "c0", 10, 0);
	case RECV:
		return tenv_recv(e, "c0", 10, 0);
	case FORWARD:
		tenv_forward(e, "c0", &err);
		return err;
	case FIN:
		return tenv_fin(e, "c0", 0, false);
	case RST:
		return tenv_fin(e, "c0", 0, true);
	default:
		return toe_obj_set(tenv_o(e, "c0"), TOE_STATE_CACHED, &v);
	}
}

static void pass_up(struct tenv *e, u64 handle)
{
	struct sk_buff *skb = tmock_skb(0, 20);

	KUNIT_ASSERT_NOT_NULL(e->test, skb);
	if (toe_pass_up(e->m->t, handle, skb))
		kfree_skb(skb);
}

static void say(struct tenv *e, enum say what, u64 handle)
{
	switch (what) {
	case RETRIEVE:
		toe_event_retrieve(e->m->t, handle, TOE_TIMEOUT);
		break;
	case HINT:
		toe_event_retrieve(e->m->t, handle, TOE_LOW_ACTIVITY);
		break;
	case ABORT:
		toe_event_abort(e->m->t, handle);
		break;
	case BACKLOG:
		toe_event_backlog(e->m->t, handle, 1234);
		break;
	case SEGMENT:
		pass_up(e, handle);
		break;
	case DATA:
		tmock_rx(e->m, tenv_o(e, "c0"), 0, 10, 0);
		break;
	default:
		tmock_rx(e->m, tenv_o(e, "c0"), 0, 0, TOE_RX_FIN);
	}
}

static void judge(struct tenv *e, int want, int before, int now, int after)
{
	switch (want) {
	case NOW:
		KUNIT_EXPECT_EQ(e->test, now, before + 1);
		KUNIT_EXPECT_EQ(e->test, after, before + 1);
		break;
	case HELD:
		KUNIT_EXPECT_EQ(e->test, now, before);
		KUNIT_EXPECT_EQ(e->test, after, before + 1);
		break;
	default:
		KUNIT_EXPECT_EQ(e->test, now, before);
		KUNIT_EXPECT_EQ(e->test, after, before);
	}
}

/* The completions that are owed; any other is of what the target does not have. */
static bool is_owed(enum state s, enum toe_op_type type)
{
	static const s8 owed[STATES] = {
		[HOST] = -1,
		[OFFLOADING] = TOE_INITIATE,
		[OFFLOADED] = -1,
		[QUERIED] = TOE_QUERY,
		[UPDATED] = TOE_UPDATE,
		[INVALIDATED] = TOE_INVALIDATE,
		[INVALID] = -1,
		[UPLOADING] = TOE_TERMINATE,
		[ASKED] = TOE_QUERY,
		[BACK] = -1,
	};

	return owed[s] == (int)type;
}

enum complete {
	INITIATED, QUERY_DONE, UPDATE_DONE, INVALIDATE_DONE, TERMINATED,
	NOT_STORED, QUERY_FAILED, UPDATE_FAILED, INVALIDATE_FAILED, LOST,
	COMPLETES
};

static const char * const complete_names[COMPLETES] = {
	"initiate completes", "query completes", "update completes", "invalidate completes",
	"terminate completes", "initiate completes FAILURE", "query completes FAILURE",
	"update completes FAILURE", "invalidate completes FAILURE", "terminate completes FAILURE",
};

/* where an owed completion leads; in the end, with everything finished */
static const struct {
	enum toe_obj_state to;
	bool corrupt;	/* the host hears of a hardware failure, and of an abort */
} completes[COMPLETES] = {
	[INITIATED] = { TOE_OFFLOADED },
	[QUERY_DONE] = { TOE_OFFLOADED },
	[UPDATE_DONE] = { TOE_OFFLOADED },
	[INVALIDATE_DONE] = { TOE_OFFLOADED },
	[TERMINATED] = { TOE_IN_HOST },
	[NOT_STORED] = { TOE_IN_HOST },
	[QUERY_FAILED] = { TOE_IN_HOST, true },
	[UPDATE_FAILED] = { TOE_IN_HOST },
	[INVALIDATE_FAILED] = { TOE_IN_HOST, true },
	[LOST] = { TOE_IN_HOST },
};

/* what the target says of itself, but for "upload all", which ends everything */
enum signal {
	PAUSE, RESUME,
	SIGNALS
};

static const char * const signal_names[SIGNALS] = { "pause", "resume" };

static const char * const quiet_names[] = { "time passes" };

/* what ends everything at once */
enum end {
	ALL_BACK, ADAPTER,
	ENDS
};

static const char * const end_names[ENDS] = { "upload all", "the adapter fails" };

struct pair {
	u8 state;
	u8 event;
};

/* KUnit wants a list; this is the next of it. */
static const void *next_pair(const void *prev, char *desc, const char * const *names,
			     unsigned int events)
{
	static struct pair at;

	if (!prev)
		at = (struct pair){};
	else if (++at.event == events)
		at = (struct pair){ .state = at.state + 1 };
	if (at.state == STATES)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s: %s", state_names[at.state], names[at.event]);
	return &at;
}

static const void *ask_gen_params(const void *prev, char *desc)
{
	return next_pair(prev, desc, ask_names, ASKS);
}

static const void *say_gen_params(const void *prev, char *desc)
{
	return next_pair(prev, desc, say_names, SAYS);
}

static const void *complete_gen_params(const void *prev, char *desc)
{
	return next_pair(prev, desc, complete_names, COMPLETES);
}

static const void *signal_gen_params(const void *prev, char *desc)
{
	return next_pair(prev, desc, signal_names, SIGNALS);
}

static const void *quiet_gen_params(const void *prev, char *desc)
{
	return next_pair(prev, desc, quiet_names, ARRAY_SIZE(quiet_names));
}

static const void *end_gen_params(const void *prev, char *desc)
{
	return next_pair(prev, desc, end_names, ENDS);
}

static void every_state_with_every_request_of_the_host(struct kunit *test)
{
	const struct pair *p = test->param_value;
	struct tenv *e = test->priv;
	int want = asks[p->state][p->event];
	int before, now, err;

	KUNIT_ASSERT_NE_MSG(test, want, 0, "nobody has said what happens");
	go_to(e, p->state);
	before = tenv_count(e, ask_words[p->event]);
	err = ask(e, p->event);
	tenv_flush(e);
	now = tenv_count(e, ask_words[p->event]);
	settle(e);
	KUNIT_EXPECT_EQ(test, err, want < 0 ? want : 0);
	judge(e, want, before, now, tenv_count(e, ask_words[p->event]));
}

static void every_state_with_every_event_of_the_target(struct kunit *test)
{
	const struct pair *p = test->param_value;
	struct tenv *e = test->priv;
	int want = says[p->state][p->event];
	int before, now;
	u64 handle;

	KUNIT_ASSERT_NE_MSG(test, want, 0, "nobody has said what happens");
	go_to(e, p->state);
	handle = toe_obj_handle(tenv_o(e, "c0"));
	before = tenv_count(e, say_words[p->event]);
	say(e, p->event, handle);
	tenv_flush(e);
	now = tenv_count(e, say_words[p->event]);
	settle(e);
	/* however many causes: no object is asked back twice */
	KUNIT_EXPECT_LE(test, e->m->calls[TOE_TERMINATE], 1);
	judge(e, want, before, now, tenv_count(e, say_words[p->event]));
}

static void fail_next(struct tenv *e, enum toe_op_type type)
{
	if (type == TOE_INITIATE)
		e->m->refuse[TOE_CONN] = TOE_FAILURE;
	else
		e->m->answer[type] = TOE_FAILURE;
}

/* A completion that is owed has its effect; one that is not is counted, and no more. */
static void complete_owed(struct tenv *e, enum state s, enum complete what)
{
	struct kunit *test = e->test;
	bool corrupt = completes[what].corrupt && s != ASKED;

	KUNIT_EXPECT_TRUE(test, tmock_finish(e->m, what % TOE_OPS));
	settle(e);
	/* the terminate that waited for the query follows, whatever the query said */
	EXPECT_STATE(e, "c0", s == ASKED ? TOE_IN_HOST : completes[what].to);
	if (s != ASKED) {
		KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.retrieve hardware"), corrupt);
		KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.aborted"), corrupt);
	}
	KUNIT_EXPECT_EQ(test, tenv_complaints(e, TOE_BAD_COMPLETION), 0);
	KUNIT_EXPECT_LE(test, e->m->calls[TOE_TERMINATE], 1);
}

static void complete_unasked(struct tenv *e, enum complete what)
{
	enum toe_obj_state was = toe_obj_state(tenv_o(e, "c0"));
	struct tenv_op *o = tenv_tree(e, what % TOE_OPS, "c0");

	toe_set_status(o->op->root, what < NOT_STORED ? TOE_SUCCESS : TOE_FAILURE);
	tlog_clear(&e->m->log);
	toe_complete(e->m->t, o->op->root);
	EXPECT_LOG(e, "");
	EXPECT_STATE(e, "c0", was);
	KUNIT_EXPECT_EQ(e->test, o->done, 0);
	KUNIT_EXPECT_EQ(e->test, tenv_complaints(e, TOE_BAD_COMPLETION), 1);
	settle(e);
}

static void every_state_with_every_completion(struct kunit *test)
{
	const struct pair *p = test->param_value;
	enum toe_op_type type = p->event % TOE_OPS;
	struct tenv *e = test->priv;

	BUILD_BUG_ON((int)NOT_STORED != (int)TOE_OPS);
	tenv_world(e, "n0(p0)");
	tenv_run(e, TOE_INITIATE, "n0(p0)");
	if (p->event >= NOT_STORED && is_owed(p->state, type))
		fail_next(e, type);
	go_on_to(e, p->state);
	if (is_owed(p->state, type))
		complete_owed(e, p->state, p->event);
	else
		complete_unasked(e, p->event);
}

/* A pause stops what has not begun, and nothing else; a resume ends it. */
static void every_state_with_every_signal(struct kunit *test)
{
	const struct pair *p = test->param_value;
	struct tenv *e = test->priv;
	enum toe_obj_state was;

	go_to(e, p->state);
	tenv_world(e, "p0(c1)");
	was = toe_obj_state(tenv_o(e, "c0"));
	toe_signal(e->m->t, TOE_PAUSE);
	tenv_flush(e);
	KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "p0(c1)"), -EAGAIN);
	EXPECT_STATE(e, "c0", was);
	if (p->event == RESUME) {
		toe_signal(e->m->t, TOE_RESUME);
		tenv_flush(e);
		KUNIT_EXPECT_EQ(test, tenv_try(e, TOE_INITIATE, "p0(c1)"), 0);
		EXPECT_STATE(e, "c0", was);
	}
	settle(e);
	/* what was in progress came to its end all the same */
	EXPECT_STATE(e, "c0", p->state == HOST || p->state == UPLOADING || p->state == ASKED ||
		     p->state == BACK ? TOE_IN_HOST : TOE_OFFLOADED);
	KUNIT_EXPECT_EQ(test, e->m->calls[TOE_TERMINATE], was == TOE_UPLOADING ||
			p->state == ASKED || p->state == BACK);
}

/* Whatever the target owes for too long the host is told of, once. */
static void every_state_with_nothing_happening(struct kunit *test)
{
	const struct pair *p = test->param_value;
	struct tenv *e = test->priv;
	bool owes;
	int i;

	go_to(e, p->state);
	owes = tmock_pending(e->m);
	for (i = 0; i < 3 * TOE_OVERDUE_SECONDS; i++)
		tenv_tick(e, 1000);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "c0.stuck"), owes);
	KUNIT_EXPECT_EQ(test, tenv_complaints(e, TOE_OVERDUE), owes);
	settle(e);
}

/* From wherever it is: back, once, children first, with an outcome for everything. */
static void every_state_comes_home(struct kunit *test)
{
	const struct pair *p = test->param_value;
	struct tenv *e = test->priv;
	bool send, recv;

	go_to(e, p->state);
	send = !tenv_send(e, "c0", 10, 0);
	recv = !tenv_recv(e, "c0", 10, 0);
	if (p->event == ALL_BACK)
		toe_signal(e->m->t, TOE_UPLOAD_ALL);
	else
		ndk_nic_fail(e->m->nic, "the test says so");
	tenv_flush(e);
	settle(e);
	EXPECT_STATE(e, "c0", TOE_IN_HOST);
	EXPECT_STATE(e, "p0", TOE_IN_HOST);
	EXPECT_STATE(e, "n0", TOE_IN_HOST);
	KUNIT_EXPECT_LE(test, tenv_count(e, "+terminate c0"), 1);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "send0 "), send);
	KUNIT_EXPECT_EQ(test, tenv_count(e, "recv0 "), recv);
	KUNIT_EXPECT_TRUE(test, list_empty(&e->m->ctxs));
}

/* The states by their names: what a tool or a person sees. */
static void states_are_what_they_are_called(struct kunit *test)
{
	static const u8 want[STATES] = {
		[HOST] = TOE_IN_HOST,
		[OFFLOADING] = TOE_OFFLOADING,
		[OFFLOADED] = TOE_OFFLOADED,
		[QUERIED] = TOE_OFFLOADED,
		[UPDATED] = TOE_OFFLOADED,
		[INVALIDATED] = TOE_OFFLOADED,
		[INVALID] = TOE_OFFLOADED,
		[UPLOADING] = TOE_UPLOADING,
		[ASKED] = TOE_OFFLOADED,
		[BACK] = TOE_IN_HOST,
	};
	struct tenv *e;
	int s;

	for (s = 0; s < STATES; s++) {
		e = tenv_create(test, NULL, NULL);
		KUNIT_ASSERT_NOT_NULL(test, e);
		go_to(e, s);
		KUNIT_EXPECT_EQ_MSG(test, toe_obj_state(tenv_o(e, "c0")), want[s], "%s",
				    state_names[s]);
		KUNIT_EXPECT_EQ(test, toe_obj_handle(tenv_o(e, "c0")) == 0, s == HOST || s == BACK);
		settle(e);
		tenv_delete(e);
	}
}

static struct kunit_case toe_matrix_cases[] = {
	KUNIT_CASE_PARAM(every_state_with_every_request_of_the_host, ask_gen_params),
	KUNIT_CASE_PARAM(every_state_with_every_event_of_the_target, say_gen_params),
	KUNIT_CASE_PARAM(every_state_with_every_completion, complete_gen_params),
	KUNIT_CASE_PARAM(every_state_with_every_signal, signal_gen_params),
	KUNIT_CASE_PARAM(every_state_with_nothing_happening, quiet_gen_params),
	KUNIT_CASE_PARAM(every_state_comes_home, end_gen_params),
	{}
};

static struct kunit_suite toe_matrix_suite = {
	.name = "ndk_toe_matrix",
	.init = tenv_init,
	.exit = tenv_exit,
	.test_cases = toe_matrix_cases,
};

static struct kunit_case toe_states_cases[] = {
	KUNIT_CASE(states_are_what_they_are_called),
	{}
};

static struct kunit_suite toe_states_suite = {
	.name = "ndk_toe_states",
	.test_cases = toe_states_cases,
};

kunit_test_suites(&toe_matrix_suite, &toe_states_suite);
