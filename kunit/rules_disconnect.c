// SPDX-License-Identifier: GPL-2.0
/*
 * R-NDK-112 to R-NDK-116 and R-NDK-121: how connections end.
 */
#include <linux/delay.h>
#include <linux/kthread.h>

#include "rules_peer.h"
#include "rules_suite.h"

#define DEPTH		8
#define QUIET_MS	60
#define GONE_NAME	"ndkgone"

static void quiet(struct renv *e)
{
	msleep(QUIET_MS);
	renv_settle(e);
}

struct couple {
	struct renv *e;
	struct rlisten *l;
	struct rend *a;
	struct rend *p;
};

static struct couple couple_on(struct renv *e)
{
	struct couple c = { .e = e, .l = rlisten_new(e) };

	rend_pair(e, c.l, DEPTH, &c.a, &c.p);
	return c;
}

static struct couple couple(struct kunit *test)
{
	return couple_on(rules(test));
}

/* ---- disconnect ---- */

static void r_ndk_112_waits_for_the_peers_disconnect(struct kunit *test)
{
	struct couple c = couple(test);

	KUNIT_ASSERT_EQ(test, rend_disconnect(c.a), -EINPROGRESS);
	rwait_for(c.e, &c.p->events, 1);
	quiet(c.e);
	KUNIT_EXPECT_FALSE(test, call_is_over(&c.a->disconnect));
	KUNIT_EXPECT_EQ(test, call_wait(&c.p->disconnect, rend_disconnect(c.p)), 0);
	KUNIT_EXPECT_EQ(test, call_wait(&c.a->disconnect, -EINPROGRESS), 0);
}

static void r_ndk_112_or_for_its_close(struct kunit *test)
{
	struct couple c = couple(test);

	KUNIT_ASSERT_EQ(test, rend_disconnect(c.a), -EINPROGRESS);
	quiet(c.e);
	KUNIT_EXPECT_FALSE(test, call_is_over(&c.a->disconnect));
	rend_close_now(c.p);
	call_wait(&c.a->disconnect, -EINPROGRESS);
	/* however it ended, the connection is gone */
	KUNIT_EXPECT_EQ(test, rwrite(c.e, c.a->q, ID(0), 0), -ENOTCONN);
}

static void r_ndk_112_waits_for_the_nic(struct kunit *test)
{
	struct couple c = couple(test);

	c.a->q->m->hold = true;
	KUNIT_ASSERT_EQ(test, rwrite(c.e, c.a->q, ID(0), SILENT), 0);
	KUNIT_ASSERT_EQ(test, rend_disconnect(c.a), -EINPROGRESS);
	/* well below the time after which it would no longer wait, and be abortive */
	msleep(QUIET_MS);
	KUNIT_EXPECT_FALSE_MSG(test, call_is_over(&c.a->disconnect), "the NIC may still read");
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&c.p->events), 0, "nor is the peer told");
	mock_complete(c.a->q->m, U32_MAX);
	rwait_for(c.e, &c.p->events, 1);
	KUNIT_ASSERT_EQ(test, call_wait(&c.p->disconnect, rend_disconnect(c.p)), 0);
	KUNIT_EXPECT_EQ(test, call_wait(&c.a->disconnect, -EINPROGRESS), 0);
	rexpect_none(c.e, c.e->scq);
}

static void r_ndk_113_then_cancels_what_is_outstanding(struct kunit *test)
{
	struct couple c = couple(test);

	KUNIT_ASSERT_EQ(test, ndk_receive(c.a->q->qp, ID(1), NULL, 0), 0);
	KUNIT_ASSERT_EQ(test, ndk_receive(c.a->q->qp, ID(2), NULL, 0), 0);
	KUNIT_ASSERT_EQ(test, rend_disconnect(c.a), -EINPROGRESS);
	KUNIT_EXPECT_EQ_MSG(test, rwrite(c.e, c.a->q, ID(0), 0), -ENOTCONN, "disconnecting");
	quiet(c.e);
	rexpect_none(c.e, c.e->rcq);
	KUNIT_ASSERT_EQ(test, call_wait(&c.p->disconnect, rend_disconnect(c.p)), 0);
	KUNIT_ASSERT_EQ(test, call_wait(&c.a->disconnect, -EINPROGRESS), 0);
	/* there when it is done */
	rexpect(c.e, c.e->rcq, ID(1), -ECANCELED);
	rexpect(c.e, c.e->rcq, ID(2), -ECANCELED);
}

static void disconnecting_twice(struct kunit *test)
{
	struct couple c = couple(test);
	struct call *again = call_new(c.e);

	KUNIT_ASSERT_EQ(test, rend_disconnect(c.a), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, call_wait(again, ndk_disconnect(c.a->conn, call_done, again)),
			-ENOTCONN);
	KUNIT_ASSERT_EQ(test, call_wait(&c.p->disconnect, rend_disconnect(c.p)), 0);
	KUNIT_ASSERT_EQ(test, call_wait(&c.a->disconnect, -EINPROGRESS), 0);
	call_init(again, c.e);
	KUNIT_EXPECT_EQ(test, call_wait(again, ndk_disconnect(c.a->conn, call_done, again)),
			-ENOTCONN);
}

/* ---- events ---- */

static void r_ndk_114_the_peers_disconnect_flushes_nothing(struct kunit *test)
{
	struct couple c = couple(test);

	c.p->q->m->hold = true;
	KUNIT_ASSERT_EQ(test, ndk_receive(c.p->q->qp, ID(1), NULL, 0), 0);
	KUNIT_ASSERT_EQ(test, rwrite(c.e, c.p->q, ID(2), 0), 0);
	KUNIT_ASSERT_EQ(test, rend_disconnect(c.a), -EINPROGRESS);
	rwait_for(c.e, &c.p->events, 1);
	quiet(c.e);
	KUNIT_EXPECT_EQ(test, atomic_read(&c.p->events), 1);
	rexpect_none(c.e, c.e->rcq);
	rexpect_none(c.e, c.e->scq);
	/* what was outstanding may still end well */
	mock_complete(c.p->q->m, U32_MAX);
	rexpect(c.e, c.e->scq, ID(2), 0);
	KUNIT_EXPECT_EQ(test, mock_receive(c.p->q->m, 4, false), 1);
	rexpect(c.e, c.e->rcq, ID(1), 0);
	rend_disconnect(c.p);
	KUNIT_EXPECT_EQ(test, call_wait(&c.p->disconnect, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, call_wait(&c.a->disconnect, -EINPROGRESS), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&c.p->events), 1);
}

static void r_ndk_115_no_event_for_who_disconnects_first(struct kunit *test)
{
	struct couple c = couple(test);

	KUNIT_ASSERT_EQ(test, rend_disconnect(c.a), -EINPROGRESS);
	rwait_for(c.e, &c.p->events, 1);
	KUNIT_ASSERT_EQ(test, call_wait(&c.p->disconnect, rend_disconnect(c.p)), 0);
	KUNIT_ASSERT_EQ(test, call_wait(&c.a->disconnect, -EINPROGRESS), 0);
	quiet(c.e);
	KUNIT_EXPECT_EQ(test, atomic_read(&c.a->events), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&c.p->events), 1);
}

static void r_ndk_115_at_most_one_when_both_do(struct kunit *test)
{
	struct couple c = couple(test);

	rend_disconnect_both(c.a, c.p);
	quiet(c.e);
	KUNIT_EXPECT_LE(test, atomic_read(&c.a->events), 1);
	KUNIT_EXPECT_LE(test, atomic_read(&c.p->events), 1);
}

static void r_ndk_115_none_after_close(struct kunit *test)
{
	struct couple c = couple(test);

	KUNIT_ASSERT_EQ(test, call_wait(&c.p->close, rend_close(c.p)), 0);
	rend_close_now(c.a);
	quiet(c.e);
	KUNIT_EXPECT_EQ(test, atomic_read(&c.p->events), 0);
}

static void r_ndk_115_one_for_a_broken_queue_pair(struct kunit *test)
{
	struct couple c = couple(test);

	c.a->q->m->hold = true;
	KUNIT_ASSERT_EQ(test, rwrite(c.e, c.a->q, ID(0), 0), 0);
	mock_fail(c.a->q->m, IB_WC_RETRY_EXC_ERR);
	rexpect(c.e, c.e->scq, ID(0), -ETIMEDOUT);
	rwait_for(c.e, &c.a->events, 1);
	quiet(c.e);
	KUNIT_EXPECT_EQ(test, atomic_read(&c.a->events), 1);
	rend_close_now(c.a);
	rwait_for(c.e, &c.p->events, 1);
	quiet(c.e);
	KUNIT_EXPECT_EQ(test, atomic_read(&c.p->events), 1);
}

static void r_ndk_116_no_callback_is_legal(struct kunit *test)
{
	struct renv *e = rules(test);
	struct rlisten *l = rlisten_new(e);
	struct raddr from = raddr_with_port(&l->addr, 0);
	struct rend *a = rend_new(e, rqp_new(e, DEPTH)), *p;

	KUNIT_ASSERT_EQ(test, rend_start(a, &from, &l->addr), -EINPROGRESS);
	p = rlisten_next(l);
	rend_use(p, rqp_new(e, DEPTH));
	KUNIT_ASSERT_EQ(test, ndk_accept(p->conn, p->q->qp, 1, 1, NULL, 0, NULL, NULL, call_done,
					 &p->request), -EINPROGRESS);
	KUNIT_ASSERT_EQ(test, rend_started(a, -EINPROGRESS), 0);
	KUNIT_ASSERT_EQ(test, call_wait(&a->complete,
					ndk_complete_connect(a->conn, NULL, NULL, call_done,
							     &a->complete)), 0);
	KUNIT_ASSERT_EQ(test, rend_started(p, -EINPROGRESS), 0);
	KUNIT_ASSERT_EQ(test, rend_disconnect(a), -EINPROGRESS);
	quiet(e);
	KUNIT_EXPECT_EQ(test, call_wait(&p->disconnect, rend_disconnect(p)), 0);
	KUNIT_EXPECT_EQ(test, call_wait(&a->disconnect, -EINPROGRESS), 0);
}

static void plain_event(void *context)
{
	atomic_inc((atomic_t *)context);
}

/* NDKPI 1.x callbacks, without a reason */
static void events_without_reason(struct kunit *test)
{
	struct renv *e = rules(test);
	atomic_t *events = kunit_kzalloc(test, sizeof(*events), GFP_KERNEL);
	struct rlisten *l = rlisten_new(e);
	struct raddr from = raddr_with_port(&l->addr, 0);
	struct rend *a = rend_new(e, rqp_new(e, DEPTH)), *p;

	KUNIT_ASSERT_NOT_NULL(test, events);
	KUNIT_ASSERT_EQ(test, rend_start(a, &from, &l->addr), -EINPROGRESS);
	p = rlisten_next(l);
	rend_use(p, rqp_new(e, DEPTH));
	KUNIT_ASSERT_EQ(test, ndk_accept(p->conn, p->q->qp, 1, 1, NULL, 0, plain_event, events,
					 call_done, &p->request), -EINPROGRESS);
	rend_establish(a, p);
	KUNIT_ASSERT_EQ(test, rend_disconnect(a), -EINPROGRESS);
	rwait_for(e, events, 1);
	rend_close_now(p);
	call_wait(&a->disconnect, -EINPROGRESS);
	rend_close_now(a);
	KUNIT_EXPECT_EQ(test, atomic_read(events), 1);
}

/* R-NDK-73 for a connector: its close ends the chain that nobody ended. */
static void r_ndk_73_connector_close_with_an_unended_chain(struct kunit *test)
{
	struct couple c = couple(test);
	struct ndk_result_ex r;
	u32 next = 0, i;

	c.a->q->m->hold = true;
	for (i = 0; i < 5; i++)
		KUNIT_ASSERT_EQ(test, rwrite(c.e, c.a->q, ID(i), DEFERRED), 0);
	rend_close_now(c.a);
	while (ndk_get_cq_results_ex(c.e->scq->cq, &r, 1)) {
		KUNIT_EXPECT_EQ(test, r.status, -ECANCELED);
		KUNIT_EXPECT_PTR_EQ(test, r.request_context, ID(next));
		next++;
	}
	KUNIT_EXPECT_EQ(test, next, 5);
}

static void r_ndk_72_disconnect_cancels_an_unended_chain(struct kunit *test)
{
	struct couple c = couple(test);
	u32 i;

	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, rwrite(c.e, c.a->q, ID(i), DEFERRED), 0);
	rend_disconnect_both(c.a, c.p);
	/* shown and done, or cancelled: each has its result, in order */
	for (i = 0; i < 3; i++) {
		struct ndk_result_ex r = { };

		KUNIT_ASSERT_EQ(test, ndk_get_cq_results_ex(c.e->scq->cq, &r, 1), 1);
		KUNIT_EXPECT_PTR_EQ(test, r.request_context, ID(i));
		KUNIT_EXPECT_TRUE(test, !r.status || r.status == -ECANCELED);
	}
	rexpect_none(c.e, c.e->scq);
}

/* ---- the device goes ---- */

struct removal {
	struct mock_nic *mock;
	struct completion asked;
	struct completion done;
};

static void on_removal(void *context)
{
	struct removal *r = context;

	complete(&r->asked);
}

static int remove_device(void *arg)
{
	struct removal *r = arg;

	mock_nic_remove(r->mock);
	complete(&r->done);
	return 0;
}

static struct mock_nic *another_mock(struct kunit *test)
{
	struct mock_nic *mock = mock_nic_up(GONE_NAME);

	KUNIT_ASSERT_FALSE(test, IS_ERR(mock));
	return mock;
}

static void delete_mock(void *mock)
{
	mock_nic_delete(mock);
}

static void r_ndk_115_one_for_an_adapter_that_fails(struct kunit *test)
{
	struct mock_nic *mock = another_mock(test);
	struct couple c;

	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, delete_mock, mock), 0);
	c = couple_on(renv_open(test, NULL, mock));
	KUNIT_ASSERT_EQ(test, ndk_receive(c.a->q->qp, ID(1), NULL, 0), 0);
	ndk_nic_fail(mock->nic, "a test says so");
	rexpect(c.e, c.e->rcq, ID(1), -ECANCELED);
	rwait_for(c.e, &c.a->events, 1);
	rwait_for(c.e, &c.p->events, 1);
	quiet(c.e);
	KUNIT_EXPECT_EQ(test, atomic_read(&c.a->events), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&c.p->events), 1);
	KUNIT_EXPECT_EQ(test, rwrite(c.e, c.a->q, ID(0), 0), -ENOTCONN);
}

static void r_ndk_121_the_device_goes(struct kunit *test)
{
	struct removal *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	struct ndk_open_params params = {
		.major = NDK_VERSION_MAJOR,
		.consumer = "ndk-rules",
		.removal = on_removal,
		.removal_context = r,
	};
	struct mock_nic *mock = another_mock(test);
	struct ndk_adapter *second = NULL;
	struct task_struct *thread;
	struct couple c;

	KUNIT_ASSERT_NOT_NULL(test, r);
	r->mock = mock;
	init_completion(&r->asked);
	init_completion(&r->done);
	c = couple_on(renv_open(test, NULL, mock));
	KUNIT_ASSERT_EQ(test, ndk_open_adapter(&mock->nic->ibdev, &params, &second), 0);

	thread = kthread_run(remove_device, r, "ndk-removal");
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread));
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&r->asked, RULES_WAIT), 0);
	rwait_for(c.e, &c.a->events, 1);
	rwait_for(c.e, &c.p->events, 1);
	KUNIT_EXPECT_EQ_MSG(test, rwrite(c.e, c.a->q, ID(0), 0), -ENOTCONN, "the device goes");
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&r->done, HZ / 10), 0);
	ndk_close_adapter(second);

	/* everything can be closed as ever */
	rend_close_now(c.a);
	rend_close_now(c.p);
	robj_close_now(c.e, ndk_obj(c.l->listener));
	robj_close_now(c.e, ndk_obj(c.a->q->qp));
	robj_close_now(c.e, ndk_obj(c.p->q->qp));
	robj_close_now(c.e, ndk_obj(c.e->scq->cq));
	robj_close_now(c.e, ndk_obj(c.e->rcq->cq));
	robj_close_now(c.e, ndk_obj(c.e->pd));
	KUNIT_EXPECT_EQ(test, atomic_read(&c.a->events), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&c.p->events), 1);
	renv_close_adapter(c.e, c.e->adapter);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&r->done, RULES_WAIT), 0);
	mock_nic_delete(mock);
}

static struct kunit_case rules_disconnect_cases[] = {
	KUNIT_CASE(r_ndk_112_waits_for_the_peers_disconnect),
	KUNIT_CASE(r_ndk_112_or_for_its_close),
	KUNIT_CASE(r_ndk_112_waits_for_the_nic),
	KUNIT_CASE(r_ndk_113_then_cancels_what_is_outstanding),
	KUNIT_CASE(disconnecting_twice),
	KUNIT_CASE(r_ndk_114_the_peers_disconnect_flushes_nothing),
	KUNIT_CASE(r_ndk_115_no_event_for_who_disconnects_first),
	KUNIT_CASE(r_ndk_115_at_most_one_when_both_do),
	KUNIT_CASE(r_ndk_115_none_after_close),
	KUNIT_CASE(r_ndk_115_one_for_a_broken_queue_pair),
	KUNIT_CASE(r_ndk_115_one_for_an_adapter_that_fails),
	KUNIT_CASE(r_ndk_116_no_callback_is_legal),
	KUNIT_CASE(events_without_reason),
	KUNIT_CASE(r_ndk_73_connector_close_with_an_unended_chain),
	KUNIT_CASE(r_ndk_72_disconnect_cancels_an_unended_chain),
	KUNIT_CASE_SLOW(r_ndk_121_the_device_goes),
	{}
};

static struct kunit_suite rules_disconnect_suite = {
	.name = "ndk_rules_disconnect",
	.test_cases = rules_disconnect_cases,
};

kunit_test_suite(rules_disconnect_suite);
