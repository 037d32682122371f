// SPDX-License-Identifier: GPL-2.0
/*
 * R-NDK-99 to R-NDK-105, R-NDK-117 to R-NDK-120, and what closes of connectors and
 * listeners wait for (R-NDK-22, 24, 25, 28).
 */
#include <linux/delay.h>

#include "rules_peer.h"
#include "rules_suite.h"

#define DEPTH		8
/* long enough that what must not happen would have */
#define QUIET_MS	60

static void quiet(struct renv *e)
{
	msleep(QUIET_MS);
	renv_settle(e);
}

/* A connect to @to and what came of it. */
static int connect_to(struct renv *e, struct rqp *q, const struct raddr *to)
{
	struct raddr from = raddr_with_port(to, 0);
	struct rend *a = rend_new(e, q);

	return rend_started(a, rend_start(a, &from, to));
}

/* ---- two phases ---- */

struct family {
	const char *desc;
	bool v6;
};

static const struct family families[] = {
	{ "IPv4", false },
	{ "IPv6", true },
};

KUNIT_ARRAY_PARAM_DESC(family, families, desc);

static void r_ndk_120_both_families(struct kunit *test)
{
	const struct family *f = test->param_value;
	struct renv *e = rules(test);
	struct raddr at = raddr_local(e, f->v6, 1, 0), got;
	struct rlisten *l = rlisten_on(e, &at);
	struct rend *a, *p;

	rend_pair(e, l, DEPTH, &a, &p);
	got.len = sizeof(got.ss);
	KUNIT_EXPECT_EQ(test, ndk_get_peer_address(a->conn, (struct sockaddr *)&got.ss, &got.len),
			0);
	KUNIT_EXPECT_EQ(test, got.len, at.len);
	KUNIT_EXPECT_EQ(test, raddr_port(&got), raddr_port(&l->addr));
	KUNIT_EXPECT_MEMEQ(test, &got.ss, &l->addr.ss, got.len);
	KUNIT_EXPECT_EQ(test, rwrite(e, a->q, ID(1), 0), 0);
	KUNIT_EXPECT_EQ(test, rwrite(e, p->q, ID(2), 0), 0);
	rexpect(e, e->scq, ID(1), 0);
	rexpect(e, e->scq, ID(2), 0);
	rend_disconnect_both(a, p);
}

static void r_ndk_99_connected_but_not_complete(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct raddr from = raddr_with_port(&l->addr, 0);
	struct rend *a = rend_new(e, rqp_new(e, DEPTH)), *p;

	KUNIT_EXPECT_EQ(test, rwrite(e, a->q, ID(0), 0), -ENOTCONN);
	KUNIT_ASSERT_EQ(test, rend_start(a, &from, &l->addr), -EINPROGRESS);
	KUNIT_EXPECT_EQ_MSG(test, rwrite(e, a->q, ID(0), 0), -ENOTCONN, "connecting");
	p = rlisten_next(l);
	KUNIT_ASSERT_EQ(test, rend_accept(p, rqp_new(e, DEPTH)), -EINPROGRESS);
	KUNIT_ASSERT_EQ(test, rend_started(a, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ_MSG(test, rwrite(e, a->q, ID(0), 0), -ENOTCONN, "offered");
	KUNIT_EXPECT_EQ(test, rwrite(e, a->q, ID(0), DEFERRED), -ENOTCONN);
	KUNIT_ASSERT_EQ(test, rend_complete(a), 0);
	KUNIT_EXPECT_EQ(test, rwrite(e, a->q, ID(1), 0), 0);
	rexpect(e, e->scq, ID(1), 0);
	rexpect_none(e, e->scq);
	KUNIT_ASSERT_EQ(test, rend_started(p, -EINPROGRESS), 0);
}

static void r_ndk_100_accept_pends_until_the_peer_completes(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct raddr from = raddr_with_port(&l->addr, 0);
	struct rend *a = rend_new(e, rqp_new(e, DEPTH)), *p;

	KUNIT_ASSERT_EQ(test, rend_start(a, &from, &l->addr), -EINPROGRESS);
	p = rlisten_next(l);
	KUNIT_ASSERT_EQ(test, rend_accept(p, rqp_new(e, DEPTH)), -EINPROGRESS);
	KUNIT_ASSERT_EQ(test, rend_started(a, -EINPROGRESS), 0);
	quiet(e);
	KUNIT_EXPECT_FALSE(test, call_is_over(&p->request));
	KUNIT_EXPECT_EQ(test, rwrite(e, p->q, ID(0), 0), -ENOTCONN);
	KUNIT_ASSERT_EQ(test, rend_complete(a), 0);
	KUNIT_EXPECT_EQ(test, rend_started(p, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, rwrite(e, p->q, ID(1), 0), 0);
	rexpect(e, e->scq, ID(1), 0);
}

/* What an accept whose peer goes away may end with. */
static void expect_given_up(struct kunit *test, int err)
{
	KUNIT_EXPECT_TRUE_MSG(test, err == -ECONNREFUSED || err == -ECONNABORTED, "%d", err);
}

static void r_ndk_101_the_active_side_rejects(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct raddr from = raddr_with_port(&l->addr, 0);
	struct rend *a = rend_new(e, rqp_new(e, DEPTH)), *p;

	KUNIT_ASSERT_EQ(test, rend_start(a, &from, &l->addr), -EINPROGRESS);
	p = rlisten_next(l);
	KUNIT_ASSERT_EQ(test, rend_accept(p, rqp_new(e, DEPTH)), -EINPROGRESS);
	KUNIT_ASSERT_EQ(test, rend_started(a, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, ndk_reject(a->conn, "no", 2), 0);
	expect_given_up(test, rend_started(p, -EINPROGRESS));
	KUNIT_EXPECT_EQ(test, atomic_read(&p->events), 0);
	KUNIT_EXPECT_EQ(test, ndk_reject(a->conn, NULL, 0), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, rend_complete(a), -ENOTCONN);
}

static void r_ndk_101_the_active_side_closes(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct raddr from = raddr_with_port(&l->addr, 0);
	struct rend *a = rend_new(e, rqp_new(e, DEPTH)), *p;

	KUNIT_ASSERT_EQ(test, rend_start(a, &from, &l->addr), -EINPROGRESS);
	p = rlisten_next(l);
	KUNIT_ASSERT_EQ(test, rend_accept(p, rqp_new(e, DEPTH)), -EINPROGRESS);
	KUNIT_ASSERT_EQ(test, rend_started(a, -EINPROGRESS), 0);
	rend_close_now(a);
	expect_given_up(test, rend_started(p, -EINPROGRESS));
}

static void the_passive_side_rejects(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct raddr from = raddr_with_port(&l->addr, 0);
	struct rend *a = rend_new(e, rqp_new(e, DEPTH)), *p;

	KUNIT_ASSERT_EQ(test, rend_start(a, &from, &l->addr), -EINPROGRESS);
	p = rlisten_next(l);
	KUNIT_EXPECT_EQ(test, ndk_reject(p->conn, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, rend_started(a, -EINPROGRESS), -ECONNREFUSED);
	KUNIT_EXPECT_EQ(test, ndk_reject(p->conn, NULL, 0), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, rend_complete(a), -ENOTCONN);
}

/* ---- nobody there ---- */

static void r_ndk_102_no_listener(struct kunit *test)
{
	struct renv *e = rules(test);
	struct raddr to = raddr_local(e, false, 1, 50123);

	KUNIT_EXPECT_EQ(test, connect_to(e, rqp_new(e, DEPTH), &to), -ECONNREFUSED);
}

static void r_ndk_102_a_paused_listener(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);

	ndk_control_connect_events(l->listener, true);
	KUNIT_EXPECT_EQ(test, connect_to(e, rqp_new(e, DEPTH), &l->addr), -ECONNREFUSED);
	KUNIT_EXPECT_EQ(test, atomic_read(&l->came), 0);
}

static void r_ndk_103_resumed(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct rend *a, *p;

	ndk_control_connect_events(l->listener, true);
	KUNIT_EXPECT_EQ(test, connect_to(e, rqp_new(e, DEPTH), &l->addr), -ECONNREFUSED);
	ndk_control_connect_events(l->listener, false);
	rend_pair(e, l, DEPTH, &a, &p);
	KUNIT_EXPECT_EQ(test, atomic_read(&l->came), 1);
}

static void r_ndk_104_a_closing_listener_refuses_at_once(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct call *c = call_new(e);
	struct rend *a, *p;

	rend_pair(e, l, DEPTH, &a, &p);
	robj_forget(e, ndk_obj(l->listener));
	KUNIT_ASSERT_EQ(test, ndk_close_listener(l->listener, call_closed, c), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, connect_to(e, rqp_new(e, DEPTH), &l->addr), -ECONNREFUSED);
	KUNIT_EXPECT_EQ(test, atomic_read(&l->came), 1);
	quiet(e);
	/* R-NDK-24: the accepted connector holds it, and goes on */
	KUNIT_EXPECT_FALSE(test, call_is_over(c));
	KUNIT_EXPECT_EQ(test, rwrite(e, p->q, ID(1), 0), 0);
	rexpect(e, e->scq, ID(1), 0);
	rend_close_now(a);
	KUNIT_EXPECT_FALSE(test, call_is_over(c));
	rend_close_now(p);
	KUNIT_EXPECT_EQ(test, call_wait(c, -EINPROGRESS), 0);
}

static void r_ndk_105_closing_a_delivered_connector_rejects(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct raddr from = raddr_with_port(&l->addr, 0);
	struct rend *a = rend_new(e, rqp_new(e, DEPTH)), *p;

	KUNIT_ASSERT_EQ(test, rend_start(a, &from, &l->addr), -EINPROGRESS);
	p = rlisten_next(l);
	rend_close_now(p);
	KUNIT_EXPECT_EQ(test, rend_started(a, -EINPROGRESS), -ECONNREFUSED);
}

static void close_at_once(struct rlisten *l, struct ndk_connector *conn)
{
	ndk_close_connector(conn, NULL, NULL);
}

static void r_ndk_105_inside_the_event(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);

	l->inside = close_at_once;
	KUNIT_EXPECT_EQ(test, connect_to(e, rqp_new(e, DEPTH), &l->addr), -ECONNREFUSED);
}

static void accept_at_once(struct rlisten *l, struct ndk_connector *conn)
{
	struct rend *p = l->arg;
	u32 len = 0;

	p->conn = conn;
	/* both are legal in here */
	ndk_get_connection_data(conn, NULL, NULL, NULL, &len);
	p->request.status = rend_accept(p, p->q);
}

static void accepting_inside_the_event(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct raddr from = raddr_with_port(&l->addr, 0);
	struct rend *a = rend_new(e, rqp_new(e, DEPTH));
	struct rend *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	p->env = e;
	p->q = rqp_new(e, DEPTH);
	l->inside = accept_at_once;
	l->arg = p;
	KUNIT_ASSERT_EQ(test, rend_start(a, &from, &l->addr), -EINPROGRESS);
	rend_establish(a, p);
	robj_keep(e, ndk_obj(p->conn));
}

/* ---- what closes wait for ---- */

static void r_ndk_22_qp_close_waits_for_its_connector(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct call *c = call_new(e);
	struct rend *a, *p;
	int ret;

	rend_pair(e, l, DEPTH, &a, &p);
	robj_forget(e, ndk_obj(a->q->qp));
	KUNIT_ASSERT_EQ(test, ndk_close_qp(a->q->qp, call_closed, c), -EINPROGRESS);
	quiet(e);
	KUNIT_EXPECT_FALSE(test, call_is_over(c));
	ret = rend_close(a);
	KUNIT_EXPECT_EQ(test, call_wait(&a->close, ret), 0);
	KUNIT_EXPECT_EQ(test, call_wait(c, -EINPROGRESS), 0);
	KUNIT_EXPECT_GT(test, c->began, a->close.ended);
}

static void r_ndk_24_listener_close_waits_for_an_unanswered_connector(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct raddr from = raddr_with_port(&l->addr, 0);
	struct rend *a = rend_new(e, rqp_new(e, DEPTH)), *p;
	struct call *c = call_new(e);

	KUNIT_ASSERT_EQ(test, rend_start(a, &from, &l->addr), -EINPROGRESS);
	p = rlisten_next(l);
	robj_forget(e, ndk_obj(l->listener));
	KUNIT_ASSERT_EQ(test, ndk_close_listener(l->listener, call_closed, c), -EINPROGRESS);
	quiet(e);
	KUNIT_EXPECT_FALSE(test, call_is_over(c));
	/* it can still be accepted */
	KUNIT_ASSERT_EQ(test, rend_accept(p, rqp_new(e, DEPTH)), -EINPROGRESS);
	rend_establish(a, p);
	KUNIT_EXPECT_FALSE(test, call_is_over(c));
	KUNIT_EXPECT_EQ(test, call_wait(&p->close, rend_close(p)), 0);
	KUNIT_EXPECT_EQ(test, call_wait(c, -EINPROGRESS), 0);
	KUNIT_EXPECT_GT(test, c->began, p->close.ended);
}

static void r_ndk_25_shared_endpoint_close_waits_for_its_connectors(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct raddr at = raddr_local(e, false, 1, 0);
	struct ndk_shared_endpoint *ep = rshared_new(e, &at);
	struct rend *a = rend_new(e, rqp_new(e, DEPTH)), *p;
	struct call *c = call_new(e);

	KUNIT_ASSERT_EQ(test, rend_start_shared(a, ep, &l->addr), -EINPROGRESS);
	p = rlisten_next(l);
	KUNIT_ASSERT_EQ(test, rend_accept(p, rqp_new(e, DEPTH)), -EINPROGRESS);
	rend_establish(a, p);
	robj_forget(e, ndk_obj(ep));
	KUNIT_ASSERT_EQ(test, ndk_close_shared_endpoint(ep, call_closed, c), -EINPROGRESS);
	quiet(e);
	KUNIT_EXPECT_FALSE(test, call_is_over(c));
	KUNIT_EXPECT_EQ(test, rwrite(e, a->q, ID(1), 0), 0);
	rexpect(e, e->scq, ID(1), 0);
	KUNIT_EXPECT_EQ(test, call_wait(&a->close, rend_close(a)), 0);
	KUNIT_EXPECT_EQ(test, call_wait(c, -EINPROGRESS), 0);
	KUNIT_EXPECT_GT(test, c->began, a->close.ended);
}

static void r_ndk_28_closing_a_connector_that_connects(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct raddr from = raddr_with_port(&l->addr, 0);
	struct rend *a;
	int i, err;

	/* at a different point each time */
	for (i = 0; i < 10; i++) {
		a = rend_new(e, rqp_new(e, DEPTH));
		KUNIT_ASSERT_EQ(test, rend_start(a, &from, &l->addr), -EINPROGRESS);
		if (i)
			usleep_range(200 * i, 200 * i + 50);
		KUNIT_EXPECT_EQ(test, call_wait(&a->close, rend_close(a)), 0);
		KUNIT_EXPECT_TRUE_MSG(test, call_is_over(&a->request), "connect has no end");
		err = a->request.status;
		KUNIT_EXPECT_TRUE_MSG(test, err == -ECANCELED || err == -ECONNABORTED, "%d", err);
		KUNIT_EXPECT_GT(test, a->close.began, a->request.ended);
	}
	/* those who came have nobody any more */
	while (l->taken < atomic_read(&l->came))
		rend_close_now(rlisten_next(l));
}

/* ---- states ---- */

static void r_ndk_117_complete_connect_when_idle(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rend *a = rend_new(e, rqp_new(e, DEPTH));

	KUNIT_EXPECT_EQ(test, rend_complete(a), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, ndk_reject(a->conn, NULL, 0), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, call_wait(&a->disconnect, rend_disconnect(a)), -ENOTCONN);
	KUNIT_EXPECT_EQ_MSG(test, rend_started(a, rend_accept(a, a->q)), -ENOTCONN,
			    "nobody asked");
}

static void r_ndk_118_never_again(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct raddr from = raddr_with_port(&l->addr, 0);
	struct rend *a, *p, *again;

	rend_pair(e, l, DEPTH, &a, &p);
	again = rend_new(e, a->q);
	KUNIT_EXPECT_EQ_MSG(test, rend_started(again, rend_start(again, &from, &l->addr)),
			    -EISCONN, "the queue pair is connected");
	again->q = rqp_new(e, DEPTH);
	rend_disconnect_both(a, p);
	/* the connector */
	again = a;
	again->q = rqp_new(e, DEPTH);
	KUNIT_EXPECT_LT(test, rend_started(again, rend_start(again, &from, &l->addr)), 0);
	/* the queue pair */
	again = rend_new(e, p->q);
	KUNIT_EXPECT_EQ(test, rend_started(again, rend_start(again, &from, &l->addr)),
			-ENOTCONN);
	KUNIT_EXPECT_EQ(test, atomic_read(&l->came), 1);
}

static void r_ndk_119_a_failed_connect_leaves_the_qp_usable(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct raddr from = raddr_with_port(&l->addr, 0), nobody;
	struct rqp *q = rqp_new(e, DEPTH);
	struct rend *a, *p;

	KUNIT_ASSERT_EQ(test, ndk_receive(q->qp, ID(1), NULL, 0), 0);
	nobody = raddr_local(e, false, 1, 50124);
	KUNIT_EXPECT_EQ(test, connect_to(e, q, &nobody), -ECONNREFUSED);
	ndk_control_connect_events(l->listener, true);
	KUNIT_EXPECT_EQ(test, connect_to(e, q, &l->addr), -ECONNREFUSED);
	ndk_control_connect_events(l->listener, false);

	a = rend_new(e, q);
	KUNIT_ASSERT_EQ(test, rend_start(a, &from, &l->addr), -EINPROGRESS);
	p = rlisten_next(l);
	KUNIT_ASSERT_EQ(test, rend_accept(p, rqp_new(e, DEPTH)), -EINPROGRESS);
	rend_establish(a, p);
	/* the receive is still there */
	rexpect_none(e, e->rcq);
	KUNIT_EXPECT_EQ(test, mock_receive(q->m, 0, false), 1);
	rexpect(e, e->rcq, ID(1), 0);
}

static struct kunit_case rules_connect_cases[] = {
	KUNIT_CASE_PARAM(r_ndk_120_both_families, family_gen_params),
	KUNIT_CASE(r_ndk_99_connected_but_not_complete),
	KUNIT_CASE(r_ndk_100_accept_pends_until_the_peer_completes),
	KUNIT_CASE(r_ndk_101_the_active_side_rejects),
	KUNIT_CASE(r_ndk_101_the_active_side_closes),
	KUNIT_CASE(the_passive_side_rejects),
	KUNIT_CASE(r_ndk_102_no_listener),
	KUNIT_CASE(r_ndk_102_a_paused_listener),
	KUNIT_CASE(r_ndk_103_resumed),
	KUNIT_CASE(r_ndk_104_a_closing_listener_refuses_at_once),
	KUNIT_CASE(r_ndk_105_closing_a_delivered_connector_rejects),
	KUNIT_CASE(r_ndk_105_inside_the_event),
	KUNIT_CASE(accepting_inside_the_event),
	KUNIT_CASE(r_ndk_22_qp_close_waits_for_its_connector),
	KUNIT_CASE(r_ndk_24_listener_close_waits_for_an_unanswered_connector),
	KUNIT_CASE(r_ndk_25_shared_endpoint_close_waits_for_its_connectors),
	KUNIT_CASE(r_ndk_28_closing_a_connector_that_connects),
	KUNIT_CASE(r_ndk_117_complete_connect_when_idle),
	KUNIT_CASE(r_ndk_118_never_again),
	KUNIT_CASE(r_ndk_119_a_failed_connect_leaves_the_qp_usable),
	{}
};

static struct kunit_suite rules_connect_suite = {
	.name = "ndk_rules_connect",
	.test_cases = rules_connect_cases,
};

kunit_test_suite(rules_connect_suite);
