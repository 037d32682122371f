// SPDX-License-Identifier: GPL-2.0
/*
 * Connecting, accepting, rejecting, listening: R-NDK-99 to R-NDK-111, 117, 119,
 * 120, and the closes that depend on them (R-NDK-22, 24, 25, 28).
 */
#include <linux/delay.h>
#include <linux/inet.h>

#include "conn_env.h"

/* in an answer's data */
#define ROOM	256

static void r_ndk_99_connect_is_not_the_connection(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a, *p;

	conn_listen_any(e);
	a = conn_side(e);
	KUNIT_ASSERT_EQ(test, conn_start(e, a, NULL), -EINPROGRESS);
	p = conn_incoming(e);
	KUNIT_EXPECT_EQ(test, conn_accept(e, p, NULL), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->call, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_send(a->qp, a, NULL, 0, 0)), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_send(p->qp, p, NULL, 0, 0)), -ENOTCONN);
	/* R-NDK-100 */
	KUNIT_EXPECT_TRUE(test, conn_pends(&p->call));
	KUNIT_EXPECT_EQ(test, conn_complete(e, a), 0);
	KUNIT_EXPECT_EQ(test, conn_result(e, &p->call, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, conn_receive(p), 0);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_send(a->qp, a, NULL, 0, 0)), 0);
}

/* Some time later is early enough: nobody's patience ends (5.1). */
static void r_ndk_100_accept_pends_until_the_peer_completes(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a, *p;

	conn_listen_any(e);
	a = conn_side(e);
	KUNIT_ASSERT_EQ(test, conn_start(e, a, NULL), -EINPROGRESS);
	p = conn_incoming(e);
	KUNIT_EXPECT_TRUE_MSG(test, conn_pends(&a->call), "nobody accepted yet");
	KUNIT_EXPECT_EQ(test, conn_accept(e, p, NULL), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->call, -EINPROGRESS), 0);
	msleep(1500);
	KUNIT_EXPECT_TRUE(test, conn_pends(&p->call));
	KUNIT_EXPECT_EQ(test, conn_complete(e, a), 0);
	KUNIT_EXPECT_EQ(test, conn_result(e, &p->call, -EINPROGRESS), 0);
}

static void r_ndk_101_active_side_rejects(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a, *p;
	u8 data[ROOM] = {};
	u32 len = sizeof(data);

	conn_listen_any(e);
	a = conn_side(e);
	KUNIT_ASSERT_EQ(test, conn_start(e, a, NULL), -EINPROGRESS);
	p = conn_incoming(e);
	KUNIT_EXPECT_EQ(test, conn_accept(e, p, NULL), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->call, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_reject(a->c, "too few", 7)), 0);
	KUNIT_EXPECT_EQ(test, conn_result(e, &p->call, -EINPROGRESS), -ECONNABORTED);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_get_connection_data(p->c, NULL, NULL, data, &len)),
			0);
	KUNIT_EXPECT_STREQ(test, (char *)data, "too few");
	KUNIT_EXPECT_EQ(test, conn_complete(e, a), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, atomic_read(&p->events), 0);
}

static void r_ndk_101_active_side_closes(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a, *p;

	conn_listen_any(e);
	a = conn_side(e);
	KUNIT_ASSERT_EQ(test, conn_start(e, a, NULL), -EINPROGRESS);
	p = conn_incoming(e);
	KUNIT_EXPECT_EQ(test, conn_accept(e, p, NULL), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->call, -EINPROGRESS), 0);
	conn_close(e, a->c);
	KUNIT_EXPECT_EQ(test, conn_result(e, &p->call, -EINPROGRESS), -ECONNABORTED);
}

static void r_ndk_101_passive_side_gives_up(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a, *p;

	conn_listen_any(e);
	a = conn_side(e);
	KUNIT_ASSERT_EQ(test, conn_start(e, a, NULL), -EINPROGRESS);
	p = conn_incoming(e);
	KUNIT_EXPECT_EQ(test, conn_accept(e, p, NULL), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->call, -EINPROGRESS), 0);
	conn_close(e, p->c);
	KUNIT_EXPECT_EQ(test, conn_result(e, &p->call, -EINPROGRESS), -ECANCELED);
	/* it hears of it sooner or later, at the latest here */
	msleep(50);
	KUNIT_EXPECT_EQ(test, conn_complete(e, a), -ECONNABORTED);
}

static void r_ndk_102_nobody_listens(struct kunit *test)
{
	struct conn_env *e = conn_env(test);

	e->port = 9;
	KUNIT_EXPECT_EQ(test, conn_connect(e, conn_side(e), NULL), -ECONNREFUSED);
}

static void r_ndk_102_103_paused_and_resumed(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a = conn_side(e), *p;

	conn_listen_any(e);
	local_bh_disable();
	ndk_control_connect_events(e->listener, true);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, conn_connect(e, a, NULL), -ECONNREFUSED);
	KUNIT_EXPECT_EQ(test, e->nincoming, 0);
	ndk_control_connect_events(e->listener, false);
	KUNIT_EXPECT_EQ(test, conn_start(e, a, NULL), -EINPROGRESS);
	p = conn_incoming(e);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_reject(p->c, NULL, 0)), 0);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->call, -EINPROGRESS), -ECONNREFUSED);
}

/* R-NDK-24, 102, 104 */
static void r_ndk_104_closing_refuses_at_once(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a, *p, *late;
	struct conn_call *closed = kunit_kzalloc(test, sizeof(*closed), GFP_KERNEL);

	conn_pair(e, &a, &p);
	conn_close_listener(e, e->listener, closed);
	late = conn_side(e);
	KUNIT_EXPECT_EQ(test, conn_connect(e, late, NULL), -ECONNREFUSED);
	KUNIT_EXPECT_TRUE_MSG(test, conn_pends(closed), "a connector of its is open");
	/* the connection does not mind */
	KUNIT_EXPECT_EQ(test, conn_receive(p), 0);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_send(a->qp, a, NULL, 0, 0)), 0);
	conn_close(e, p->c);
	KUNIT_EXPECT_EQ(test, conn_result(e, closed, -EINPROGRESS), 0);
}

static void r_ndk_105_closing_without_an_answer_rejects(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a = conn_side(e), *p;

	conn_listen_any(e);
	KUNIT_EXPECT_EQ(test, conn_start(e, a, NULL), -EINPROGRESS);
	p = conn_incoming(e);
	conn_close(e, p->c);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->call, -EINPROGRESS), -ECONNREFUSED);
}

static void r_ndk_106_address_is_busy(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct ndk_shared_endpoint *shared;
	struct conn_side *a, *p;
	struct sockaddr_storage at;
	struct ndk_listener *l;
	struct conn_args from = { .from = &at };
	struct conn_call *closed = kunit_kzalloc(test, sizeof(*closed), GFP_KERNEL);

	conn_pair(e, &a, &p);
	at = conn_at(&e->v4, e->port);
	KUNIT_EXPECT_EQ(test, conn_listen(e, &at, &l), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, conn_shared(e, &at, &shared), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, conn_connect(e, conn_side(e), &from), -EADDRINUSE);

	/* also when the listener is closing: its connector has the address (1.8) */
	conn_close_listener(e, e->listener, closed);
	KUNIT_EXPECT_EQ(test, conn_listen(e, &at, &l), -EADDRINUSE);
	conn_close(e, p->c);
	KUNIT_EXPECT_EQ(test, conn_result(e, closed, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, conn_listen(e, &at, &l), 0);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_listen(l, (struct sockaddr *)&at, conn_len(&at),
						     conn_called, closed)), -EISCONN);
}

static void r_ndk_106_connector_has_its_port(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a, *p;
	struct sockaddr_storage at;
	struct ndk_listener *l;
	u32 len = sizeof(at);

	conn_pair(e, &a, &p);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_get_local_address(a->c, (struct sockaddr *)&at,
								&len)), 0);
	KUNIT_EXPECT_EQ(test, conn_listen(e, &at, &l), -EADDRINUSE);
	conn_close(e, a->c);
	KUNIT_EXPECT_EQ(test, conn_listen(e, &at, &l), 0);
}

static void r_ndk_107_foreign_address(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct ndk_shared_endpoint *shared;
	struct sockaddr_storage at = e->v4;
	struct conn_args from = { .from = &at };
	struct sockaddr_in *in = (struct sockaddr_in *)&at;
	static const char * const foreign[] = { "192.0.2.1", "127.0.0.1", "0.0.0.0", "224.0.0.1" };
	struct ndk_listener *l;
	int i;

	for (i = 0; i < ARRAY_SIZE(foreign); i++) {
		in->sin_addr.s_addr = in_aton(foreign[i]);
		KUNIT_EXPECT_EQ(test, conn_listen(e, &at, &l), -EADDRNOTAVAIL);
		KUNIT_EXPECT_EQ(test, conn_shared(e, &at, &shared), -EADDRNOTAVAIL);
		KUNIT_EXPECT_EQ(test, conn_connect(e, conn_side(e), &from), -EADDRNOTAVAIL);
	}
}

static void bad_address(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a = conn_side(e);
	struct sockaddr_storage at = e->v4;
	struct conn_args args = { .from = &e->v6 };
	struct ndk_listener *l;

	KUNIT_EXPECT_EQ_MSG(test, conn_connect(e, a, &args), -EINVAL, "two families");
	at.ss_family = AF_UNIX;
	args.from = &at;
	KUNIT_EXPECT_EQ(test, conn_connect(e, a, &args), -EINVAL);
	KUNIT_EXPECT_EQ(test, conn_listen(e, &at, &l), -EINVAL);
	KUNIT_EXPECT_EQ_MSG(test,
			    CONN_ATOMIC(ndk_listen(l, (struct sockaddr *)&e->v4, 4, NULL, NULL)),
			    -EINVAL, "too short");
}

static void r_ndk_107_port_is_chosen(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct ndk_shared_endpoint *shared;
	struct sockaddr_storage at;
	struct conn_side *a, *p;
	u32 len = sizeof(at);

	conn_pair(e, &a, &p);
	KUNIT_EXPECT_GE(test, e->port, 49152);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_get_local_address(a->c, (struct sockaddr *)&at,
								&len)), 0);
	KUNIT_EXPECT_EQ(test, len, sizeof(struct sockaddr_in));
	KUNIT_EXPECT_GE(test, conn_port(&at), 49152);
	/* the peer sees it, and we see the peer's */
	len = sizeof(at);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_get_peer_address(a->c, (struct sockaddr *)&at,
							       &len)), 0);
	KUNIT_EXPECT_EQ(test, conn_port(&at), e->port);
	len = sizeof(at);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_get_local_address(p->c, (struct sockaddr *)&at,
								&len)), 0);
	KUNIT_EXPECT_EQ(test, conn_port(&at), e->port);

	KUNIT_ASSERT_EQ(test, conn_shared(e, &e->v4, &shared), 0);
	len = 4;
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_get_shared_endpoint_address(shared,
									  (struct sockaddr *)&at,
									  &len)), -ENOBUFS);
	KUNIT_EXPECT_EQ(test, len, sizeof(struct sockaddr_in));
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_get_shared_endpoint_address(shared,
									  (struct sockaddr *)&at,
									  &len)), 0);
	KUNIT_EXPECT_GE(test, conn_port(&at), 49152);
}

struct many {
	struct completion done;
	atomic_t left;
	atomic_t errors;
	int error;
	atomic_t n;
	struct ndk_shared_endpoint **shared;
};

static void many_created(void *context, int status, struct ndk_object *object)
{
	struct many *m = context;

	if (status) {
		m->error = status;
		atomic_inc(&m->errors);
	} else {
		m->shared[atomic_fetch_inc(&m->n)] = (struct ndk_shared_endpoint *)object;
	}
	if (atomic_dec_and_test(&m->left))
		complete(&m->done);
}

#define PORTS	16384

static void r_ndk_107_no_port_is_left(struct kunit *test)
{
	struct conn_env *e;
	struct ndk_shared_endpoint *none;
	struct many *m;
	int i, n;

	if (conn_scale < 2)
		kunit_skip(test, "takes a minute; runs in make soak");
	e = conn_env(test);
	m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m);
	m->shared = kvcalloc(PORTS, sizeof(struct ndk_shared_endpoint *), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m->shared);
	init_completion(&m->done);
	atomic_set(&m->left, PORTS);
	for (i = 0; i < PORTS; i++) {
		if (ndk_create_shared_endpoint(e->adapter, (struct sockaddr *)&e->v4,
					       conn_len(&e->v4), many_created, m, &none) !=
		    -EINPROGRESS)
			break;
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, i, PORTS);
	if (i == PORTS)
		wait_for_completion(&m->done);
	KUNIT_EXPECT_EQ(test, atomic_read(&m->errors), 0);
	KUNIT_EXPECT_EQ(test, conn_shared(e, &e->v4, &none), -EUSERS);
	n = atomic_read(&m->n);
	for (i = 0; i < n; i++)
		ndk_close_shared_endpoint(m->shared[i], NULL, NULL);
	kvfree(m->shared);
}

/* R-NDK-25, 108 */
static void r_ndk_108_shared_endpoint(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_call *closed = kunit_kzalloc(test, sizeof(*closed), GFP_KERNEL);
	struct ndk_shared_endpoint *shared;
	struct conn_side *s[3], *p[2];
	struct sockaddr_storage to, at;
	struct ndk_listener *second;
	u16 port;
	u32 len = sizeof(at);
	int i;

	conn_listen_any(e);
	KUNIT_ASSERT_EQ(test, conn_listen(e, &e->v4, &second), 0);
	KUNIT_ASSERT_EQ(test, conn_shared(e, &e->v4, &shared), 0);
	ndk_get_shared_endpoint_address(shared, (struct sockaddr *)&at, &len);
	port = conn_port(&at);
	for (i = 0; i < 3; i++) {
		s[i] = conn_side(e);
		len = sizeof(to);
		ndk_get_listener_address(i == 1 ? second : e->listener, (struct sockaddr *)&to,
					 &len);
		conn_call_init(&s[i]->call);
		KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_connect_with_shared_endpoint(s[i]->c,
				s[i]->qp, shared, (struct sockaddr *)&to, conn_len(&to), 0, 0, NULL,
				0, conn_called, &s[i]->call)), -EINPROGRESS);
		if (i == 2)
			break;
		p[i] = conn_incoming(e);
		KUNIT_EXPECT_EQ(test, conn_accept(e, p[i], NULL), -EINPROGRESS);
		KUNIT_EXPECT_EQ(test, conn_result(e, &s[i]->call, -EINPROGRESS), 0);
		KUNIT_EXPECT_EQ(test, conn_complete(e, s[i]), 0);
		KUNIT_EXPECT_EQ(test, conn_result(e, &p[i]->call, -EINPROGRESS), 0);
		len = sizeof(at);
		ndk_get_local_address(s[i]->c, (struct sockaddr *)&at, &len);
		KUNIT_EXPECT_EQ(test, conn_port(&at), port);
		len = sizeof(at);
		ndk_get_peer_address(p[i]->c, (struct sockaddr *)&at, &len);
		KUNIT_EXPECT_EQ(test, conn_port(&at), port);
	}
	KUNIT_EXPECT_EQ_MSG(test, conn_result(e, &s[2]->call, -EINPROGRESS), -EEXIST,
			    "there is such a connection");

	conn_call_init(closed);
	for (i = 0; i < CONN_SLOTS; i++)
		e->endpoints[i] = NULL;
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_close_shared_endpoint(shared, conn_closed, closed)),
			-EINPROGRESS);
	conn_close(e, s[0]->c);
	KUNIT_EXPECT_TRUE(test, conn_pends(closed));
	at = conn_at(&e->v4, port);
	KUNIT_EXPECT_EQ(test, conn_listen(e, &at, &second), -EADDRINUSE);
	conn_close(e, s[1]->c);
	KUNIT_EXPECT_EQ(test, conn_result(e, closed, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, conn_listen(e, &at, &second), 0);
}

static void fill(u8 *data, u32 len, u8 first)
{
	while (len--)
		*data++ = first++;
}

static bool is_filled(const u8 *data, u32 len, u8 first)
{
	while (len--)
		if (*data++ != first++)
			return false;
	return true;
}

/* What the other side said is @len bytes that begin with @first. */
static void expect_data(struct conn_env *e, struct ndk_connector *c, u32 len, u8 first)
{
	u8 data[ROOM];
	u32 size = sizeof(data);

	KUNIT_EXPECT_EQ(e->test, CONN_ATOMIC(ndk_get_connection_data(c, NULL, NULL, data, &size)),
			0);
	KUNIT_EXPECT_GE(e->test, size, len);
	KUNIT_EXPECT_TRUE(e->test, is_filled(data, len, first));
	KUNIT_EXPECT_NULL_MSG(e->test, memchr_inv(data + len, 0, size - len), "zeros behind it");
}

static void r_ndk_109_private_data(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct ndk_adapter_info info;
	u32 size = sizeof(info);
	u8 *mine = kunit_kzalloc(test, 2 * ROOM, GFP_KERNEL), *yours = mine + ROOM;
	struct conn_args ask = { .data = mine }, answer = { .data = yours };
	struct conn_side *a, *p;

	KUNIT_ASSERT_NOT_NULL(test, mine);
	KUNIT_ASSERT_EQ(test, ndk_query_adapter_info(e->adapter, &info, &size), 0);
	fill(mine, ROOM, 7);
	fill(yours, ROOM, 99);
	conn_listen_any(e);
	a = conn_side(e);
	ask.len = info.max_caller_data + 1;
	KUNIT_EXPECT_EQ(test, conn_connect(e, a, &ask), -EMSGSIZE);
	ask.len--;
	KUNIT_EXPECT_EQ(test, conn_start(e, a, &ask), -EINPROGRESS);
	p = conn_incoming(e);
	expect_data(e, p->c, ask.len, 7);
	answer.len = info.max_callee_data + 1;
	KUNIT_EXPECT_EQ(test, conn_accept(e, p, &answer), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_reject(p->c, yours, answer.len)), -EMSGSIZE);
	answer.len--;
	KUNIT_EXPECT_EQ(test, conn_accept(e, p, &answer), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->call, -EINPROGRESS), 0);
	expect_data(e, a->c, answer.len, 99);
	KUNIT_EXPECT_EQ(test, conn_complete(e, a), 0);
	expect_data(e, a->c, answer.len, 99);
	KUNIT_EXPECT_EQ(test, conn_result(e, &p->call, -EINPROGRESS), 0);

	a = conn_side(e);
	KUNIT_EXPECT_EQ(test, conn_start(e, a, NULL), -EINPROGRESS);
	p = conn_incoming(e);
	expect_data(e, p->c, 0, 0);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_reject(p->c, yours, info.max_callee_data)), 0);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->call, -EINPROGRESS), -ECONNREFUSED);
	expect_data(e, a->c, info.max_callee_data, 99);
}

static void r_ndk_110_length_protocol(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	u8 mine[8], data[ROOM];
	struct conn_args ask = { .data = mine, .len = sizeof(mine) };
	struct conn_side *a = conn_side(e), *p;
	u32 len, size = 0;

	fill(mine, sizeof(mine), 1);
	conn_listen_any(e);
	len = ROOM;
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_get_connection_data(a->c, NULL, NULL, data, &len)),
			-ENOTCONN);
	KUNIT_EXPECT_EQ(test, conn_start(e, a, &ask), -EINPROGRESS);
	p = conn_incoming(e);
	/* row 1: only the size */
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_get_connection_data(p->c, NULL, NULL, NULL, &size)),
			0);
	KUNIT_EXPECT_GE(test, size, 8);
	/* row 2: nonsense */
	len = 5;
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_get_connection_data(p->c, NULL, NULL, NULL, &len)),
			-EINVAL);
	/* row 3: exactly enough, and more than enough */
	memset(data, 0xee, sizeof(data));
	len = size;
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_get_connection_data(p->c, NULL, NULL, data, &len)),
			0);
	KUNIT_EXPECT_EQ(test, len, size);
	KUNIT_EXPECT_TRUE(test, is_filled(data, sizeof(mine), 1));
	KUNIT_EXPECT_EQ(test, data[size], 0xee);
	len = ROOM;
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_get_connection_data(p->c, NULL, NULL, data, &len)),
			0);
	KUNIT_EXPECT_EQ(test, len, size);
	/* row 4: too little, as much as fits */
	memset(data, 0xee, sizeof(data));
	len = 3;
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_get_connection_data(p->c, NULL, NULL, data, &len)),
			-ENOBUFS);
	KUNIT_EXPECT_EQ(test, len, size);
	KUNIT_EXPECT_TRUE(test, is_filled(data, 3, 1));
	KUNIT_EXPECT_EQ(test, data[3], 0xee);
	/* nobody has to want everything */
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_get_connection_data(p->c, NULL, NULL, NULL, NULL)),
			0);
}

struct limits {
	const char *desc;
	u32 active_ird, active_ord, passive_ird, passive_ord;
	u32 towards_active, towards_passive;
};

#define MOST	U32_MAX

static const struct limits limits[] = {
	{ "the smaller one counts", 3, 7, 5, 2, 2, 5 },
	{ "none at all", 0, 0, 0, 0, 0, 0 },
	{ "none one way", 0, 4, 4, 0, 0, 4 },
	{ "as many as can be", MOST, MOST, MOST, MOST, MOST, MOST },
	{ "more than can be, but for one", MOST, 1, 300, 1000, MOST, 1 },
};

KUNIT_ARRAY_PARAM_DESC(limits, limits, desc);

static void expect_limits(struct conn_env *e, struct ndk_connector *c, u32 ird, u32 ord)
{
	struct ndk_adapter_info info;
	u32 size = sizeof(info), in, out;

	KUNIT_ASSERT_EQ(e->test, ndk_query_adapter_info(e->adapter, &info, &size), 0);
	KUNIT_EXPECT_EQ(e->test, CONN_ATOMIC(ndk_get_connection_data(c, &in, &out, NULL, NULL)),
			0);
	KUNIT_EXPECT_EQ(e->test, in, min(ird, info.max_inbound_read_limit));
	KUNIT_EXPECT_EQ(e->test, out, min(ord, info.max_outbound_read_limit));
}

static void r_ndk_111_read_limits(struct kunit *test)
{
	const struct limits *l = test->param_value;
	struct conn_env *e = conn_env(test);
	struct conn_args ask = { .ird = l->active_ird, .ord = l->active_ord };
	struct conn_args answer = { .ird = l->passive_ird, .ord = l->passive_ord };
	struct conn_side *a = conn_side(e), *p;

	conn_listen_any(e);
	KUNIT_EXPECT_EQ(test, conn_start(e, a, &ask), -EINPROGRESS);
	p = conn_incoming(e);
	expect_limits(e, p->c, l->active_ord, l->active_ird);
	KUNIT_EXPECT_EQ(test, conn_accept(e, p, &answer), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->call, -EINPROGRESS), 0);
	expect_limits(e, a->c, l->towards_active, l->towards_passive);
	KUNIT_EXPECT_EQ(test, conn_complete(e, a), 0);
	KUNIT_EXPECT_EQ(test, conn_result(e, &p->call, -EINPROGRESS), 0);
	expect_limits(e, a->c, l->towards_active, l->towards_passive);
	expect_limits(e, p->c, l->towards_passive, l->towards_active);
}

static void r_ndk_117_nothing_to_complete(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a = conn_side(e), *p;

	KUNIT_EXPECT_EQ(test, conn_complete(e, a), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, conn_accept(e, a, NULL), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_reject(a->c, NULL, 0)), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, conn_disconnect(a), -ENOTCONN);
	conn_pair(e, &a, &p);
	KUNIT_EXPECT_EQ(test, conn_complete(e, a), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, conn_accept(e, p, NULL), -ENOTCONN);
	KUNIT_EXPECT_EQ(test, conn_connect(e, a, NULL), -EISCONN);
}

static void r_ndk_119_failed_connect_leaves_the_qp(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a = conn_side(e), *p, *other = conn_side(e);
	struct ndk_result result;

	conn_listen_any(e);
	KUNIT_EXPECT_EQ(test, conn_receive(a), 0);
	ndk_control_connect_events(e->listener, true);
	KUNIT_EXPECT_EQ(test, conn_connect(e, a, NULL), -ECONNREFUSED);
	ndk_control_connect_events(e->listener, false);
	KUNIT_EXPECT_EQ_MSG(test, conn_results(e, &result, 1), 0, "the receive is where it was");
	/* by another connector, and its receive is served */
	other->qp = a->qp;
	KUNIT_EXPECT_EQ(test, conn_start(e, other, NULL), -EINPROGRESS);
	KUNIT_EXPECT_EQ_MSG(test, conn_connect(e, a, NULL), -EISCONN, "in use by another");
	p = conn_incoming(e);
	KUNIT_EXPECT_EQ(test, conn_accept(e, p, NULL), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, conn_result(e, &other->call, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, conn_complete(e, other), 0);
	KUNIT_EXPECT_EQ(test, conn_result(e, &p->call, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_send(p->qp, p, NULL, 0, NDK_OP_FLAG_SILENT_SUCCESS)),
			0);
	KUNIT_EXPECT_EQ(test, ({ msleep(100); conn_results(e, &result, 1); }), 1);
	KUNIT_EXPECT_EQ(test, result.status, 0);
	KUNIT_EXPECT_PTR_EQ(test, result.request_context, (void *)a);
}

static void r_ndk_120_ipv6(struct kunit *test)
{
	struct conn_env *e = conn_env(test);
	struct conn_side *a = conn_side(e), *p;
	struct sockaddr_storage at;
	struct conn_args args = { .from = &e->v6, .to = &at };
	u32 len = sizeof(at);

	KUNIT_ASSERT_EQ(test, conn_listen(e, &e->v6, &e->listener), 0);
	KUNIT_EXPECT_EQ(test, ndk_get_listener_address(e->listener, (struct sockaddr *)&at, &len),
			0);
	KUNIT_EXPECT_EQ(test, len, sizeof(struct sockaddr_in6));
	KUNIT_EXPECT_EQ(test, conn_start(e, a, &args), -EINPROGRESS);
	p = conn_incoming(e);
	KUNIT_EXPECT_EQ(test, conn_accept(e, p, NULL), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, conn_result(e, &a->call, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, conn_complete(e, a), 0);
	KUNIT_EXPECT_EQ(test, conn_result(e, &p->call, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, conn_receive(p), 0);
	KUNIT_EXPECT_EQ(test, CONN_ATOMIC(ndk_send(a->qp, a, NULL, 0, 0)), 0);
	len = sizeof(at);
	KUNIT_EXPECT_EQ(test, ndk_get_peer_address(p->c, (struct sockaddr *)&at, &len), 0);
	KUNIT_EXPECT_EQ(test, len, sizeof(struct sockaddr_in6));
}

static struct kunit_case conn_rules_cases[] = {
	KUNIT_CASE(r_ndk_99_connect_is_not_the_connection),
	KUNIT_CASE_SLOW(r_ndk_100_accept_pends_until_the_peer_completes),
	KUNIT_CASE(r_ndk_101_active_side_rejects),
	KUNIT_CASE(r_ndk_101_active_side_closes),
	KUNIT_CASE(r_ndk_101_passive_side_gives_up),
	KUNIT_CASE(r_ndk_102_nobody_listens),
	KUNIT_CASE(r_ndk_102_103_paused_and_resumed),
	KUNIT_CASE(r_ndk_104_closing_refuses_at_once),
	KUNIT_CASE(r_ndk_105_closing_without_an_answer_rejects),
	KUNIT_CASE(r_ndk_106_address_is_busy),
	KUNIT_CASE(r_ndk_106_connector_has_its_port),
	KUNIT_CASE(r_ndk_107_foreign_address),
	KUNIT_CASE(bad_address),
	KUNIT_CASE(r_ndk_107_port_is_chosen),
	KUNIT_CASE_SLOW(r_ndk_107_no_port_is_left),
	KUNIT_CASE(r_ndk_108_shared_endpoint),
	KUNIT_CASE(r_ndk_109_private_data),
	KUNIT_CASE(r_ndk_110_length_protocol),
	KUNIT_CASE_PARAM(r_ndk_111_read_limits, limits_gen_params),
	KUNIT_CASE(r_ndk_117_nothing_to_complete),
	KUNIT_CASE(r_ndk_119_failed_connect_leaves_the_qp),
	KUNIT_CASE(r_ndk_120_ipv6),
	{}
};

static struct kunit_suite conn_rules_suite = {
	.name = "ndk_conn_rules",
	.test_cases = conn_rules_cases,
};

kunit_test_suite(conn_rules_suite);
