// SPDX-License-Identifier: GPL-2.0
/*
 * R-NDK-106 to R-NDK-111: addresses and ports, private data, read limits.
 */
#include <linux/delay.h>
#include <linux/inet.h>
#include <linux/slab.h>

#include "rules_peer.h"
#include "rules_suite.h"

#define DEPTH		8
#define PORT		50200
#define FIRST_PORT	49152
#define LAST_PORT	65535

static int connect_from(struct renv *e, const struct raddr *from, const struct raddr *to)
{
	struct rend *a = rend_new(e, rqp_new(e, DEPTH));

	return rend_started(a, rend_start(a, from, to));
}

/* ---- who has an address ---- */

static void r_ndk_106_taken_by_a_listener(struct kunit *test)
{
	struct renv *e = rules(test);
	struct raddr at = raddr_local(e, false, 1, PORT);
	struct raddr other = raddr_local(e, false, 2, PORT);
	struct raddr nobody = raddr_local(e, false, 1, PORT + 1);
	struct rlisten *l = rlisten_on(e, &at);

	KUNIT_EXPECT_EQ(test, rlisten_try(e, &at), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, rshared_try(e, &at), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, connect_from(e, &at, &nobody), -EADDRINUSE);
	KUNIT_EXPECT_EQ_MSG(test, rlisten_try(e, &other), 0, "another address, same port");
	robj_close_now(e, ndk_obj(l->listener));
	KUNIT_EXPECT_EQ(test, rlisten_try(e, &at), 0);
}

static void r_ndk_106_taken_by_a_shared_endpoint(struct kunit *test)
{
	struct renv *e = rules(test);
	struct raddr at = raddr_local(e, false, 1, PORT);
	struct raddr nobody = raddr_local(e, false, 1, PORT + 1);
	struct ndk_shared_endpoint *ep = rshared_new(e, &at);

	KUNIT_EXPECT_EQ(test, rlisten_try(e, &at), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, rshared_try(e, &at), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, connect_from(e, &at, &nobody), -EADDRINUSE);
	robj_close_now(e, ndk_obj(ep));
	KUNIT_EXPECT_EQ(test, rshared_try(e, &at), 0);
}

/* Another adapter on the same device is no way around. */
static void r_ndk_106_taken_by_another_consumer(struct kunit *test)
{
	struct renv *e = rules(test), *other = rules(test);
	struct raddr at = raddr_local(e, false, 1, PORT);

	rlisten_on(e, &at);
	KUNIT_EXPECT_EQ(test, rlisten_try(other, &at), -EADDRINUSE);
}

static void r_ndk_106_until_the_last_accepted_connector_goes(struct kunit *test)
{
	struct renv *e = rules(test);
	struct raddr at = raddr_local(e, false, 1, PORT);
	struct rlisten *l = rlisten_on(e, &at);
	struct call *c = call_new(e);
	struct rend *a[2], *p[2];
	int i;

	for (i = 0; i < 2; i++)
		rend_pair(e, l, DEPTH, &a[i], &p[i]);
	robj_forget(e, ndk_obj(l->listener));
	KUNIT_ASSERT_EQ(test, ndk_close_listener(l->listener, call_closed, c), -EINPROGRESS);
	for (i = 0; i < 2; i++) {
		renv_settle(e);
		KUNIT_EXPECT_EQ(test, rlisten_try(e, &at), -EADDRINUSE);
		rend_close_now(a[i]);
		rend_close_now(p[i]);
	}
	KUNIT_EXPECT_EQ(test, call_wait(c, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, rlisten_try(e, &at), 0);
}

static void r_ndk_106_until_the_active_connector_goes(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct raddr from = raddr_local(e, false, 1, PORT), got;
	struct rend *a = rend_new(e, rqp_new(e, DEPTH)), *p;

	KUNIT_ASSERT_EQ(test, rend_start(a, &from, &l->addr), -EINPROGRESS);
	p = rlisten_next(l);
	KUNIT_ASSERT_EQ(test, rend_accept(p, rqp_new(e, DEPTH)), -EINPROGRESS);
	rend_establish(a, p);
	got.len = sizeof(got.ss);
	KUNIT_EXPECT_EQ(test, ndk_get_local_address(a->conn, (struct sockaddr *)&got.ss, &got.len),
			0);
	KUNIT_EXPECT_EQ(test, raddr_port(&got), PORT);
	got.len = sizeof(got.ss);
	KUNIT_EXPECT_EQ(test, ndk_get_peer_address(p->conn, (struct sockaddr *)&got.ss, &got.len),
			0);
	KUNIT_EXPECT_EQ(test, raddr_port(&got), PORT);
	KUNIT_EXPECT_EQ(test, rlisten_try(e, &from), -EADDRINUSE);
	rend_disconnect_both(a, p);
	KUNIT_EXPECT_EQ_MSG(test, rlisten_try(e, &from), -EADDRINUSE, "the connector is there");
	rend_close_now(a);
	KUNIT_EXPECT_EQ(test, rlisten_try(e, &from), 0);
}

/* ---- which addresses and ports ---- */

static struct raddr foreign(void)
{
	struct raddr a = { .len = sizeof(struct sockaddr_in) };

	inet_pton_with_scope(&init_net, AF_INET, "10.97.1.1", "50201", &a.ss);
	return a;
}

static void r_ndk_107_not_our_address(struct kunit *test)
{
	struct renv *e = rules(test);
	struct raddr at = foreign(), nobody = raddr_local(e, false, 1, PORT);

	KUNIT_EXPECT_EQ(test, rlisten_try(e, &at), -EADDRNOTAVAIL);
	KUNIT_EXPECT_EQ(test, rshared_try(e, &at), -EADDRNOTAVAIL);
	KUNIT_EXPECT_EQ(test, connect_from(e, &at, &nobody), -EADDRNOTAVAIL);
	inet_pton_with_scope(&init_net, AF_INET, "127.0.0.1", "50201", &at.ss);
	KUNIT_EXPECT_EQ(test, rlisten_try(e, &at), -EADDRNOTAVAIL);
}

static void r_ndk_107_no_address(struct kunit *test)
{
	struct renv *e = rules(test);
	struct raddr good = raddr_local(e, false, 1, PORT), bad = good;

	((struct sockaddr_in *)&bad.ss)->sin_addr.s_addr = htonl(INADDR_ANY);
	KUNIT_EXPECT_LT(test, rlisten_try(e, &bad), 0);
	KUNIT_EXPECT_LT(test, connect_from(e, &bad, &good), 0);
	bad = good;
	bad.len--;
	KUNIT_EXPECT_EQ(test, rlisten_try(e, &bad), -EINVAL);
	KUNIT_EXPECT_EQ(test, connect_from(e, &bad, &good), -EINVAL);
	KUNIT_EXPECT_EQ(test, connect_from(e, &good, &bad), -EINVAL);
	bad = good;
	bad.ss.ss_family = AF_UNIX;
	KUNIT_EXPECT_EQ(test, rlisten_try(e, &bad), -EINVAL);
	KUNIT_EXPECT_EQ(test, rshared_try(e, &bad), -EINVAL);
}

static void expect_ephemeral(struct kunit *test, const struct raddr *a)
{
	KUNIT_EXPECT_GE(test, raddr_port(a), FIRST_PORT);
	KUNIT_EXPECT_LE(test, raddr_port(a), LAST_PORT);
}

static void r_ndk_107_port_0(struct kunit *test)
{
	struct renv *e = rules(test);
	struct raddr any = raddr_local(e, false, 1, 0), got;
	struct ndk_shared_endpoint *ep = rshared_new(e, &any);
	struct rlisten *l = rlisten_on(e, &any);
	struct rend *a, *p;

	expect_ephemeral(test, &l->addr);
	got.len = sizeof(got.ss);
	KUNIT_EXPECT_EQ(test, ndk_get_shared_endpoint_address(ep, (struct sockaddr *)&got.ss,
							      &got.len), 0);
	expect_ephemeral(test, &got);
	KUNIT_EXPECT_NE(test, raddr_port(&got), raddr_port(&l->addr));
	rend_pair(e, l, DEPTH, &a, &p);
	got.len = sizeof(got.ss);
	KUNIT_EXPECT_EQ(test, ndk_get_local_address(a->conn, (struct sockaddr *)&got.ss, &got.len),
			0);
	expect_ephemeral(test, &got);
}

static void short_buffers_for_addresses(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct rend *a = rend_new(e, rqp_new(e, DEPTH)), *p;
	struct sockaddr_in got = { };
	u32 len = sizeof(got) - 1;

	KUNIT_EXPECT_EQ(test, ndk_get_listener_address(l->listener, (struct sockaddr *)&got, &len),
			-ENOBUFS);
	KUNIT_EXPECT_EQ(test, len, sizeof(got));
	KUNIT_EXPECT_EQ(test, ndk_get_listener_address(l->listener, (struct sockaddr *)&got, &len),
			0);
	KUNIT_EXPECT_EQ_MSG(test, ndk_get_local_address(a->conn, (struct sockaddr *)&got, &len),
			    -ENOTCONN, "it has none yet");
	rend_pair(e, l, DEPTH, &a, &p);
	len = 0;
	KUNIT_EXPECT_EQ(test, ndk_get_local_address(p->conn, NULL, &len), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, len, sizeof(got));
	len = 3;
	KUNIT_EXPECT_EQ(test, ndk_get_peer_address(p->conn, (struct sockaddr *)&got, &len),
			-ENOBUFS);
	KUNIT_EXPECT_EQ(test, len, sizeof(got));
}

/* every port of the range taken */
static void r_ndk_107_no_port_left(struct kunit *test)
{
	struct renv *e = rules(test);
	struct raddr any = raddr_local(e, false, 2, 0);
	int i, err = 0;

	if (rules_scale < 2)
		kunit_skip(test, "16,384 endpoints: in make soak only (scale > 1)");
	for (i = 0; !err && i <= LAST_PORT - FIRST_PORT + 1; i++)
		err = rshared_try(e, &any);
	KUNIT_EXPECT_EQ(test, err, -EUSERS);
	/* others may hold a few, which is no reason to fail earlier by much */
	KUNIT_EXPECT_GE(test, i, LAST_PORT - FIRST_PORT - 16);
	KUNIT_EXPECT_EQ(test, rlisten_try(e, &any), -EUSERS);
	any = raddr_local(e, false, 1, 0);
	KUNIT_EXPECT_EQ_MSG(test, rlisten_try(e, &any), 0, "another address has its own");
}

/* ---- sharing ---- */

static void r_ndk_108_one_port_for_two_peers(struct kunit *test)
{
	struct renv *e = rules(test);
	struct raddr at = raddr_local(e, false, 1, PORT), got;
	struct ndk_shared_endpoint *ep = rshared_new(e, &at);
	struct rlisten *l[2] = { rlisten_new(e), rlisten_new(e) };
	struct rend *a[2], *p[2];
	int i;

	for (i = 0; i < 2; i++) {
		a[i] = rend_new(e, rqp_new(e, DEPTH));
		KUNIT_ASSERT_EQ(test, rend_start_shared(a[i], ep, &l[i]->addr), -EINPROGRESS);
		p[i] = rlisten_next(l[i]);
		KUNIT_ASSERT_EQ(test, rend_accept(p[i], rqp_new(e, DEPTH)), -EINPROGRESS);
		rend_establish(a[i], p[i]);
		got.len = sizeof(got.ss);
		KUNIT_EXPECT_EQ(test, ndk_get_local_address(a[i]->conn,
							    (struct sockaddr *)&got.ss, &got.len),
				0);
		KUNIT_EXPECT_EQ(test, raddr_port(&got), PORT);
	}
	KUNIT_EXPECT_EQ(test, rwrite(e, a[0]->q, ID(0), 0), 0);
	KUNIT_EXPECT_EQ(test, rwrite(e, a[1]->q, ID(1), 0), 0);
	rexpect(e, e->scq, ID(0), 0);
	rexpect(e, e->scq, ID(1), 0);
}

static void r_ndk_108_the_same_four_again(struct kunit *test)
{
	struct renv *e = rules(test);
	struct raddr at = raddr_local(e, false, 1, PORT);
	struct ndk_shared_endpoint *ep = rshared_new(e, &at);
	struct rlisten *l = rlisten_new(e);
	struct rend *a = rend_new(e, rqp_new(e, DEPTH)), *b = rend_new(e, rqp_new(e, DEPTH)), *p;

	KUNIT_ASSERT_EQ(test, rend_start_shared(a, ep, &l->addr), -EINPROGRESS);
	p = rlisten_next(l);
	KUNIT_ASSERT_EQ(test, rend_accept(p, rqp_new(e, DEPTH)), -EINPROGRESS);
	rend_establish(a, p);
	KUNIT_EXPECT_EQ(test, rend_started(b, rend_start_shared(b, ep, &l->addr)), -EEXIST);
	rend_disconnect_both(a, p);
	rend_close_now(a);
	rend_close_now(p);
	/* it was, so it may be again */
	b = rend_new(e, rqp_new(e, DEPTH));
	KUNIT_ASSERT_EQ(test, rend_start_shared(b, ep, &l->addr), -EINPROGRESS);
	p = rlisten_next(l);
	KUNIT_ASSERT_EQ(test, rend_accept(p, rqp_new(e, DEPTH)), -EINPROGRESS);
	rend_establish(b, p);
}

/* ---- private data ---- */

static u8 *pattern(struct kunit *test, u32 len, u8 first)
{
	u8 *p = kunit_kzalloc(test, len + 1, GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (i = 0; i < len; i++)
		p[i] = first + i;
	return p;
}

/* What the peer sent is at the beginning, zeros are behind. */
static void expect_data(struct renv *e, struct ndk_connector *conn, const u8 *sent, u32 num)
{
	struct kunit *test = e->test;
	u32 len = 0, i;
	u8 *got;

	KUNIT_ASSERT_EQ(test, ndk_get_connection_data(conn, NULL, NULL, NULL, &len), 0);
	KUNIT_ASSERT_GE(test, len, num);
	got = kunit_kzalloc(test, len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, got);
	KUNIT_ASSERT_EQ(test, ndk_get_connection_data(conn, NULL, NULL, got, &len), 0);
	KUNIT_EXPECT_MEMEQ(test, got, sent, num);
	for (i = num; i < len; i++)
		KUNIT_EXPECT_EQ(test, got[i], 0);
}

struct meet {
	struct rlisten *l;
	struct rend *a;
	struct rend *p;
};

/* A peer that came, with @num bytes of private data. */
static struct meet meet(struct renv *e, const u8 *data, u32 num)
{
	struct meet m = { .l = rlisten_new(e) };
	struct raddr from = raddr_with_port(&m.l->addr, 0);

	m.a = rend_new(e, rqp_new(e, DEPTH));
	KUNIT_ASSERT_EQ(e->test, rend_start_data(m.a, &from, &m.l->addr, 4, 4, data, num),
			-EINPROGRESS);
	m.p = rlisten_next(m.l);
	return m;
}

static int accept_data(struct renv *e, struct rend *p, u32 ird, u32 ord, const u8 *data, u32 num)
{
	p->q = rqp_new(e, DEPTH);
	call_init(&p->request, e);
	return ndk_accept(p->conn, p->q->qp, ird, ord, data, num, NULL, NULL, call_done,
			  &p->request);
}

static void r_ndk_109_connect_and_accept_data(struct kunit *test)
{
	struct renv *e = rules(test);
	u32 caller = e->info.max_caller_data, callee = e->info.max_callee_data;
	u8 *to = pattern(test, caller, 1), *back = pattern(test, callee, 100);
	struct meet m = meet(e, to, caller);

	expect_data(e, m.p->conn, to, caller);
	KUNIT_EXPECT_EQ_MSG(test, rend_started(m.p, accept_data(e, m.p, 4, 4, back, callee + 1)),
			    -EMSGSIZE, "one byte more");
	KUNIT_ASSERT_EQ(test, accept_data(e, m.p, 4, 4, back, callee), -EINPROGRESS);
	KUNIT_ASSERT_EQ(test, rend_started(m.a, -EINPROGRESS), 0);
	expect_data(e, m.a->conn, back, callee);
	KUNIT_ASSERT_EQ(test, rend_complete(m.a), 0);
	KUNIT_ASSERT_EQ(test, rend_started(m.p, -EINPROGRESS), 0);
	/* for as long as there is a connector */
	expect_data(e, m.a->conn, back, callee);
	expect_data(e, m.p->conn, to, caller);
}

static void r_ndk_109_reject_data(struct kunit *test)
{
	struct renv *e = rules(test);
	u32 callee = e->info.max_callee_data;
	u8 *why = pattern(test, callee, 33);
	struct meet m = meet(e, NULL, 0);

	KUNIT_EXPECT_EQ(test, ndk_reject(m.p->conn, why, callee + 1), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, ndk_reject(m.p->conn, why, callee), 0);
	KUNIT_EXPECT_EQ(test, rend_started(m.a, -EINPROGRESS), -ECONNREFUSED);
	expect_data(e, m.a->conn, why, callee);
}

static void r_ndk_109_one_byte_more_to_connect(struct kunit *test)
{
	struct renv *e = rules(test);
	u32 caller = e->info.max_caller_data;
	u8 *to = pattern(test, caller + 1, 1);
	struct rlisten *l = rlisten_new(e);
	struct raddr from = raddr_with_port(&l->addr, 0);
	struct rend *a = rend_new(e, rqp_new(e, DEPTH));

	KUNIT_EXPECT_EQ(test, rend_started(a, rend_start_data(a, &from, &l->addr, 4, 4, to,
							      caller + 1)), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, rend_started(a, rend_start_data(a, &from, &l->addr, 4, 4, to,
							      U32_MAX)), -EMSGSIZE);
	renv_settle(e);
	KUNIT_EXPECT_EQ(test, atomic_read(&l->came), 0);
}

static void r_ndk_110_length_protocol(struct kunit *test)
{
	struct renv *e = rules(test);
	static const u8 sent[4] = { 1, 2, 3, 4 };
	struct meet m = meet(e, sent, 4);
	u8 *got = kunit_kzalloc(test, 512, GFP_KERNEL);
	u32 need = 0, len;

	KUNIT_ASSERT_NOT_NULL(test, got);
	/* nowhere, nothing */
	KUNIT_EXPECT_EQ(test, ndk_get_connection_data(m.p->conn, NULL, NULL, NULL, &need), 0);
	KUNIT_ASSERT_GE(test, need, 4);
	/* room for more */
	len = 512;
	KUNIT_EXPECT_EQ(test, ndk_get_connection_data(m.p->conn, NULL, NULL, got, &len), 0);
	KUNIT_EXPECT_EQ(test, len, need);
	KUNIT_EXPECT_MEMEQ(test, got, sent, 4);
	/* exactly */
	memset(got, 0xff, 512);
	len = need;
	KUNIT_EXPECT_EQ(test, ndk_get_connection_data(m.p->conn, NULL, NULL, got, &len), 0);
	KUNIT_EXPECT_EQ(test, len, need);
	KUNIT_EXPECT_EQ(test, got[need], 0xff);
	/* too short: what fits */
	memset(got, 0xff, 512);
	len = 3;
	KUNIT_EXPECT_EQ(test, ndk_get_connection_data(m.p->conn, NULL, NULL, got, &len), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, len, need);
	KUNIT_EXPECT_MEMEQ(test, got, sent, 3);
	KUNIT_EXPECT_EQ(test, got[3], 0xff);
	/* somewhere, but no room at all */
	len = 0;
	KUNIT_EXPECT_EQ(test, ndk_get_connection_data(m.p->conn, NULL, NULL, got, &len), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, len, need);
	/* before there is any */
	len = 0;
	KUNIT_EXPECT_EQ(test, ndk_get_connection_data(rend_new(e, NULL)->conn, NULL, NULL, NULL,
						      &len), -ENOTCONN);
}

/* ---- read limits ---- */

struct limits {
	const char *desc;
	/* what the active side asks for, what the passive one does */
	u32 ird, ord, peer_ird, peer_ord;
	/* what comes of it */
	u32 a_in, a_out, p_in, p_out;
};

static const struct limits limits[] = {
	{ "the same", 4, 4, 4, 4, 4, 4, 4, 4 },
	{ "the passive side wants less", 8, 8, 2, 3, 3, 2, 2, 3 },
	{ "the active side wants less", 2, 3, 8, 8, 2, 3, 3, 2 },
	{ "none", 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "none in one direction", 0, 5, 5, 5, 0, 5, 5, 0 },
	{ "more than there are", 1000, U32_MAX, U32_MAX, 1000,
	  MOCK_MAX_RD, MOCK_MAX_RD, MOCK_MAX_RD, MOCK_MAX_RD },
};

KUNIT_ARRAY_PARAM_DESC(limits, limits, desc);

static void expect_limits(struct kunit *test, struct ndk_connector *conn, u32 in, u32 out)
{
	u32 got_in = 77, got_out = 78, len = 0;

	KUNIT_EXPECT_EQ(test, ndk_get_connection_data(conn, &got_in, &got_out, NULL, &len), 0);
	KUNIT_EXPECT_EQ(test, got_in, in);
	KUNIT_EXPECT_EQ(test, got_out, out);
}

static void r_ndk_111_effective_limits(struct kunit *test)
{
	const struct limits *c = test->param_value;
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct raddr from = raddr_with_port(&l->addr, 0);
	struct rend *a = rend_new(e, rqp_new(e, DEPTH)), *p;

	KUNIT_ASSERT_EQ(test, rend_start_data(a, &from, &l->addr, c->ird, c->ord, NULL, 0),
			-EINPROGRESS);
	p = rlisten_next(l);
	KUNIT_ASSERT_EQ(test, accept_data(e, p, c->peer_ird, c->peer_ord, NULL, 0), -EINPROGRESS);
	KUNIT_ASSERT_EQ(test, rend_started(a, -EINPROGRESS), 0);
	expect_limits(test, a->conn, c->a_in, c->a_out);
	KUNIT_ASSERT_EQ(test, rend_complete(a), 0);
	KUNIT_ASSERT_EQ(test, rend_started(p, -EINPROGRESS), 0);
	expect_limits(test, a->conn, c->a_in, c->a_out);
	expect_limits(test, p->conn, c->p_in, c->p_out);
}

static struct kunit_case rules_address_cases[] = {
	KUNIT_CASE(r_ndk_106_taken_by_a_listener),
	KUNIT_CASE(r_ndk_106_taken_by_a_shared_endpoint),
	KUNIT_CASE(r_ndk_106_taken_by_another_consumer),
	KUNIT_CASE(r_ndk_106_until_the_last_accepted_connector_goes),
	KUNIT_CASE(r_ndk_106_until_the_active_connector_goes),
	KUNIT_CASE(r_ndk_107_not_our_address),
	KUNIT_CASE(r_ndk_107_no_address),
	KUNIT_CASE(r_ndk_107_port_0),
	KUNIT_CASE(short_buffers_for_addresses),
	KUNIT_CASE_SLOW(r_ndk_107_no_port_left),
	KUNIT_CASE(r_ndk_108_one_port_for_two_peers),
	KUNIT_CASE(r_ndk_108_the_same_four_again),
	KUNIT_CASE(r_ndk_109_connect_and_accept_data),
	KUNIT_CASE(r_ndk_109_reject_data),
	KUNIT_CASE(r_ndk_109_one_byte_more_to_connect),
	KUNIT_CASE(r_ndk_110_length_protocol),
	KUNIT_CASE_PARAM(r_ndk_111_effective_limits, limits_gen_params),
	{}
};

static struct kunit_suite rules_address_suite = {
	.name = "ndk_rules_address",
	.test_cases = rules_address_cases,
};

kunit_test_suite(rules_address_suite);
