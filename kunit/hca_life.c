// SPDX-License-Identifier: GPL-2.0
/*
 * Coming and going of stacked devices: limits that are lies, creations that fail,
 * lower devices that go away.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "hca_env.h"

#define OWN_LOW		"ndklow_own"
#define OTHER_LOW	"ndklow_other"
#define OWN_UP		"ndkup_own"
/* what a stacked device allocates before it is registered with the core, and more */
#define FIRST_ONES	80

/* What a consumer makes of a device, in the order of a connection's life. */
struct objects {
	struct ib_pd *pd;
	struct ib_cq *cq;
	struct ib_srq *srq;
	struct ib_qp *qp;
	struct ib_mr *mr;
	struct ib_qp *shared_qp;
};

static int make_qp(struct objects *o, struct ib_srq *srq, struct ib_qp **qp)
{
	struct ib_qp_init_attr init = {
		.send_cq = o->cq,
		.recv_cq = o->cq,
		.srq = srq,
		.cap = {
			.max_send_wr = 8,
			.max_recv_wr = 8,
			.max_send_sge = 1,
			.max_recv_sge = 1,
			.max_inline_data = 16,
		},
		.sq_sig_type = IB_SIGNAL_REQ_WR,
		.qp_type = IB_QPT_RC,
	};

	*qp = ib_create_qp(o->pd, &init);
	return PTR_ERR_OR_ZERO(*qp);
}

static void unmake(struct objects *o)
{
	if (!IS_ERR_OR_NULL(o->shared_qp))
		ib_destroy_qp(o->shared_qp);
	if (!IS_ERR_OR_NULL(o->mr))
		ib_dereg_mr(o->mr);
	if (!IS_ERR_OR_NULL(o->qp))
		ib_destroy_qp(o->qp);
	if (!IS_ERR_OR_NULL(o->srq))
		ib_destroy_srq(o->srq);
	if (!IS_ERR_OR_NULL(o->cq))
		ib_destroy_cq(o->cq);
	if (!IS_ERR_OR_NULL(o->pd))
		ib_dealloc_pd(o->pd);
	memset(o, 0, sizeof(*o));
}

static int make(struct ib_device *up, struct objects *o)
{
	struct ib_srq_init_attr srq = { .attr = { .max_wr = 8, .max_sge = 1 } };
	struct ib_cq_init_attr cq = { .cqe = 63 };
	int err;

	memset(o, 0, sizeof(*o));
	o->pd = ib_alloc_pd(up, 0);
	err = PTR_ERR_OR_ZERO(o->pd);
	if (err)
		return err;
	o->cq = ib_create_cq(up, NULL, NULL, NULL, &cq);
	err = PTR_ERR_OR_ZERO(o->cq) ?: make_qp(o, NULL, &o->qp);
	if (err)
		return err;
	o->mr = ib_alloc_mr(o->pd, IB_MR_TYPE_MEM_REG, 4);
	err = PTR_ERR_OR_ZERO(o->mr);
	if (err)
		return err;
	o->srq = ib_create_srq(o->pd, &srq);
	return PTR_ERR_OR_ZERO(o->srq) ?: make_qp(o, o->srq, &o->shared_qp);
}

static int make_and_unmake(struct ib_device *up)
{
	struct objects o;
	int err = make(up, &o);

	unmake(&o);
	return err;
}

/* The lower device fails its first, second, third ... creation. */
static void every_lower_creation_may_fail(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	int before = low_alive(e->low), n, err = -ENOMEM;

	for (n = 1; err && n < 100; n++) {
		e->low->fail_nth = n;
		err = make_and_unmake(e->up);
		KUNIT_EXPECT_EQ_MSG(test, low_alive(e->low), before, "%d. creation fails", n);
		if (err)
			KUNIT_EXPECT_EQ(test, err, -ENOMEM);
	}
	KUNIT_EXPECT_EQ(test, err, 0);
	/* PD and the key it has for local use; CQ, QP; MR; SRQ; CQ, QP */
	KUNIT_EXPECT_EQ(test, n - 2, 8);
	e->low->fail_nth = 0;
}

static void every_step_of_making_a_device_may_fail(struct kunit *test)
{
	struct low_dev *low = hca_low_new(OWN_LOW, NULL);
	int n, err = -ENOMEM;

	KUNIT_ASSERT_NOT_NULL(test, low);
	for (n = 1; err && n < 20; n++) {
		low->fail_nth = n;
		err = hca_up_new(OWN_UP, OWN_LOW);
		KUNIT_EXPECT_EQ_MSG(test, low_alive(low), 0, "%d. creation fails", n);
	}
	low->fail_nth = 0;
	KUNIT_EXPECT_EQ(test, err, 0);
	hca_up_remove(OWN_UP);
	low_unregister(low);
}

#ifdef CONFIG_FAILSLAB
/*
 * By default only allocations that may not sleep fail. No file of debugfs can be
 * written from the kernel, so tools/guest/kunit.sh changes that.
 */
static bool all_kinds_fail(void)
{
	void *p;

	current->fail_nth = 1;
	p = kmalloc(8, GFP_KERNEL);
	current->fail_nth = 0;
	kfree(p);
	return !p;
}

/**
 * fail_each() - let the first, second, third ... allocation fail, one a time
 * @test: the test
 * @low: the lower device, which shall keep nothing of a failed attempt
 * @attempt: what is to be tried, and undone; its errno
 * @arg: for @attempt
 * @stride: behind the first ones the distance grows, by one in @stride
 *
 * Until there was no such allocation any more. Not all need have failed the attempt:
 * for some there is another way.
 */
static void fail_each(struct kunit *test, struct low_dev *low, int (*attempt)(void *arg),
		      void *arg, int stride)
{
	int before = low_alive(low), failures = 0, n, left, err = -ENOMEM;

	KUNIT_EXPECT_TRUE_MSG(test, all_kinds_fail(), "echo N >.../failslab/ignore-gfp-wait");
	for (n = 1; n < 100000; n += 1 + (n > FIRST_ONES ? n / stride : 0)) {
		current->fail_nth = n;
		err = attempt(arg);
		left = current->fail_nth;
		current->fail_nth = 0;
		KUNIT_EXPECT_EQ_MSG(test, low_alive(low), before, "%d. allocation fails", n);
		if (left)
			break;
		failures += !!err;
	}
	KUNIT_EXPECT_EQ_MSG(test, err, 0, "%d. allocation", n);
	KUNIT_EXPECT_GT(test, failures, 10);
	kunit_info(test, "%d allocations, %d attempts failed\n", n - 1, failures);
}

static int attempt_objects(void *up)
{
	return make_and_unmake(up);
}

static void every_allocation_may_fail(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);

	fail_each(test, e->low, attempt_objects, e->up, INT_MAX);
}

/* The removal is no part of it: it may not fail. */
static int attempt_device(void *arg)
{
	int err = hca_up_new(OWN_UP, OWN_LOW);
	unsigned int left = current->fail_nth;

	current->fail_nth = 0;
	if (!err)
		hca_up_remove(OWN_UP);
	current->fail_nth = left;
	return err;
}

/* Ours come first; then thousands of the core's, of which some will do. */
static void allocations_of_a_device_may_fail(struct kunit *test)
{
	struct low_dev *low = hca_low_new(OWN_LOW, NULL);

	KUNIT_ASSERT_NOT_NULL(test, low);
	fail_each(test, low, attempt_device, NULL, 2);
	low_unregister(low);
}
#else
static void every_allocation_may_fail(struct kunit *test)
{
	kunit_skip(test, "kernel without CONFIG_FAILSLAB");
}

static void allocations_of_a_device_may_fail(struct kunit *test)
{
	kunit_skip(test, "kernel without CONFIG_FAILSLAB");
}
#endif

static void no_queues(struct low_dev *low)
{
	low->attr.max_qp_wr = 0;
}

static void no_completions(struct low_dev *low)
{
	low->attr.max_cqe = 1;
}

static void negative(struct low_dev *low)
{
	low->attr.max_send_sge = -1;
}

static void more_inline_than_it_makes(struct low_dev *low)
{
	low->short_inline = LOW_MAX_INLINE;
}

static void impossible_limits_are_refused(struct kunit *test)
{
	static void (* const lies[])(struct low_dev *low) = {
		no_queues, no_completions, negative
	};
	struct low_dev *low;
	int i;

	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		low = hca_low_new(OWN_LOW, lies[i]);
		KUNIT_ASSERT_NOT_NULL(test, low);
		KUNIT_EXPECT_EQ_MSG(test, hca_up_new(OWN_UP, OWN_LOW), -EINVAL, "lie %d", i);
		KUNIT_EXPECT_EQ(test, low_alive(low), 0);
		low_unregister(low);
	}
}

static void limits_follow_what_is_granted(struct kunit *test)
{
	struct low_dev *low = hca_low_new(OWN_LOW, more_inline_than_it_makes);
	struct ib_device *up;

	KUNIT_ASSERT_NOT_NULL(test, low);
	KUNIT_ASSERT_EQ(test, hca_up_new(OWN_UP, OWN_LOW), 0);
	up = hca_up_get(OWN_UP);
	KUNIT_ASSERT_NOT_NULL(test, up);
	KUNIT_EXPECT_EQ(test, to_ndk_nic(up)->max_inline, 0);
	KUNIT_EXPECT_EQ(test, up->attrs.max_qp_wr, LOW_MAX_WR);
	KUNIT_EXPECT_EQ(test, up->attrs.max_send_sge, LOW_MAX_SGE);
	ndk_nic_unregister(to_ndk_nic(up));
	low_unregister(low);
}

static void limits_of_the_shared_device(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);

	KUNIT_EXPECT_EQ(test, e->up->attrs.max_qp_wr, LOW_MAX_WR);
	/* 512, 256 and 128 were too many */
	KUNIT_EXPECT_EQ(test, to_ndk_nic(e->up)->max_inline, 64);
	KUNIT_EXPECT_NE(test, be64_to_cpu(e->up->node_guid),
			be64_to_cpu(e->low->ibdev.node_guid));
	KUNIT_EXPECT_NE(test, be64_to_cpu(e->up->node_guid), 0ULL);
	KUNIT_EXPECT_FALSE(test, e->up->attrs.device_cap_flags & IB_DEVICE_MEM_WINDOW);
}

static void qp_that_gets_less_than_asked_is_none(struct kunit *test)
{
	struct hca_env *e = hca_env_create(test);
	int before = low_alive(e->low);

	e->low->short_wr = 1;
	KUNIT_EXPECT_EQ(test, make_and_unmake(e->up), -EINVAL);
	e->low->short_wr = 0;
	e->low->short_inline = 1;
	KUNIT_EXPECT_EQ(test, make_and_unmake(e->up), -EINVAL);
	e->low->short_inline = 0;
	KUNIT_EXPECT_EQ(test, low_alive(e->low), before);
	KUNIT_EXPECT_EQ(test, make_and_unmake(e->up), 0);
}

/* A consumer that is told of the device's going by the core, as they all are. */
struct watcher {
	struct ib_client client;
	struct objects o;
	struct ib_event_handler events;
	bool fatal;
	bool removed;
	int flushed;
	struct kunit *test;
};

static struct watcher *watcher;

static void on_event(struct ib_event_handler *h, struct ib_event *ev)
{
	if (ev->event == IB_EVENT_DEVICE_FATAL)
		watcher->fatal = true;
}

static void destroy_all(struct ib_device *dev, void *data)
{
	struct ib_wc wc;

	if (!data)
		return;
	while (ib_poll_cq(watcher->o.cq, 1, &wc) == 1)
		if (wc.status == IB_WC_WR_FLUSH_ERR)
			watcher->flushed++;
	ib_unregister_event_handler(&watcher->events);
	unmake(&watcher->o);
	watcher->removed = true;
}

static int adopt(struct ib_device *dev)
{
	int err;

	if (strcmp(dev_name(&dev->dev), OWN_UP))
		return -EOPNOTSUPP;
	err = make(dev, &watcher->o);
	if (err) {
		unmake(&watcher->o);
		return err;
	}
	INIT_IB_EVENT_HANDLER(&watcher->events, dev, on_event);
	ib_register_event_handler(&watcher->events);
	ib_set_client_data(dev, &watcher->client, watcher);
	return 0;
}

static int post_unending(struct ib_qp *qp, u64 id, int flags)
{
	struct ib_send_wr wr = {
		.wr_id = id,
		.opcode = IB_WR_SEND,
		.send_flags = flags,
	};

	return ib_post_send(qp, &wr, NULL);
}

static void watch(struct kunit *test)
{
	watcher = kunit_kzalloc(test, sizeof(*watcher), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, watcher);
	watcher->test = test;
	watcher->client.name = "ndk_hca_kunit";
	watcher->client.add = adopt;
	watcher->client.remove = destroy_all;
	KUNIT_ASSERT_EQ(test, ib_register_client(&watcher->client), 0);
}

static struct low_dev *watched_device(struct kunit *test)
{
	struct low_dev *low = hca_low_new(OWN_LOW, NULL);

	KUNIT_ASSERT_NOT_NULL(test, low);
	watch(test);
	KUNIT_EXPECT_EQ(test, hca_up_new(OWN_UP, OWN_LOW), 0);
	KUNIT_ASSERT_NOT_NULL(test, watcher->o.shared_qp);
	return low;
}

static void unwatch(struct kunit *test)
{
	struct ib_device *up = hca_up_get(OWN_UP);

	KUNIT_EXPECT_NULL(test, up);
	if (up)
		ib_device_put(up);
	ib_unregister_client(&watcher->client);
}

static void lower_device_goes_away(struct kunit *test)
{
	DECLARE_COMPLETION_ONSTACK(freed);
	struct low_dev *low = watched_device(test);

	low->freed = &freed;
	KUNIT_EXPECT_EQ(test, hca_go_to(watcher->o.qp, IB_QPS_RTS), 0);
	KUNIT_EXPECT_EQ(test, post_unending(watcher->o.qp, 0, SIGNAL), 0);
	KUNIT_EXPECT_EQ(test, post_unending(watcher->o.qp, 1, SIGNAL | DEFER), 0);
	KUNIT_EXPECT_EQ(test, hca_post_recv(watcher->o.qp, 2), 0);
	low_unregister(low);
	wait_for_completion(&freed);
	KUNIT_EXPECT_TRUE(test, watcher->removed);
	KUNIT_EXPECT_EQ(test, watcher->flushed, 3);
	unwatch(test);
}

static void lower_device_goes_away_stuck(struct kunit *test)
{
	struct low_dev *low = watched_device(test);

	KUNIT_EXPECT_EQ(test, hca_go_to(watcher->o.qp, IB_QPS_RTS), 0);
	KUNIT_EXPECT_EQ(test, post_unending(watcher->o.qp, 0, SIGNAL), 0);
	KUNIT_EXPECT_EQ(test, hca_post_recv(watcher->o.qp, 2), 0);
	low->stuck = true;
	low_unregister(low);
	KUNIT_EXPECT_EQ(test, watcher->flushed, 2);
	unwatch(test);
}

static int post_for_ever(void *arg)
{
	u64 id = 0;

	while (!kthread_should_stop() && !READ_ONCE(watcher->fatal)) {
		post_unending(watcher->o.qp, id, id % 4 ? SIGNAL | DEFER : SIGNAL);
		id++;
		cond_resched();
	}
	while (!kthread_should_stop())
		usleep_range(100, 200);
	return 0;
}

/* "Fatal" is the consumer's sign to stop posting; until then it posts. */
static void lower_device_goes_away_under_load(struct kunit *test)
{
	struct low_dev *low = watched_device(test);
	struct task_struct *task;

	low->automatic = true;
	KUNIT_EXPECT_EQ(test, hca_go_to(watcher->o.qp, IB_QPS_RTS), 0);
	task = kthread_run(post_for_ever, NULL, "hca_poster");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	msleep(20);
	low_event(low, IB_EVENT_DEVICE_FATAL);
	while (!READ_ONCE(watcher->fatal))
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, hca_state(watcher->o.qp), IB_QPS_ERR);
	kthread_stop(task);
	low_unregister(low);
	KUNIT_EXPECT_TRUE(test, watcher->removed);
	unwatch(test);
}

static int remove_up(void *arg)
{
	hca_up_remove(OWN_UP);
	complete(arg);
	return 0;
}

static void both_go_away_at_once(struct kunit *test)
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct low_dev *low = watched_device(test);

	kthread_run(remove_up, &done, "hca_remover");
	low_unregister(low);
	wait_for_completion(&done);
	KUNIT_EXPECT_TRUE(test, watcher->removed);
	unwatch(test);
}

static void port_events_come_up(struct kunit *test)
{
	struct low_dev *low = watched_device(test);
	struct ib_device *up = hca_up_get(OWN_UP);
	struct ib_port_attr attr;

	KUNIT_EXPECT_EQ(test, ib_query_port(up, 1, &attr), 0);
	KUNIT_EXPECT_EQ(test, attr.active_speed, IB_SPEED_HDR);
	KUNIT_EXPECT_EQ(test, attr.active_mtu, IB_MTU_1024);
	ib_device_put(up);
	low_event(low, IB_EVENT_PORT_ERR);
	low_event(low, IB_EVENT_PORT_ACTIVE);
	low_unregister(low);
	unwatch(test);
}

static void one_device_per_port(struct kunit *test)
{
	hca_env_create(test);
	KUNIT_EXPECT_EQ(test, hca_up_new(OWN_UP, LOW_NAME), -EEXIST);
}

static void several_lower_devices_need_a_choice(struct kunit *test)
{
	struct low_dev *other = hca_low_new(OTHER_LOW, NULL);

	hca_env_create(test);
	KUNIT_ASSERT_NOT_NULL(test, other);
	KUNIT_EXPECT_EQ(test, hca_up_new(OWN_UP, ""), -ENOTUNIQ);
	KUNIT_EXPECT_EQ(test, hca_up_new(OWN_UP, "no_such"), -ENODEV);
	/* it stands on that very netdev, too, but is of our kind */
	KUNIT_EXPECT_EQ(test, hca_up_new(OWN_UP, UP_NAME), -ENODEV);
	KUNIT_EXPECT_EQ(test, hca_up_new(OWN_UP, OTHER_LOW), 0);
	hca_up_remove(OWN_UP);
	low_unregister(other);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(every_lower_creation_may_fail),
	KUNIT_CASE(every_step_of_making_a_device_may_fail),
	KUNIT_CASE(every_allocation_may_fail),
	KUNIT_CASE(allocations_of_a_device_may_fail),
	KUNIT_CASE(impossible_limits_are_refused),
	KUNIT_CASE(limits_follow_what_is_granted),
	KUNIT_CASE(limits_of_the_shared_device),
	KUNIT_CASE(qp_that_gets_less_than_asked_is_none),
	KUNIT_CASE(lower_device_goes_away),
	KUNIT_CASE(lower_device_goes_away_stuck),
	KUNIT_CASE(lower_device_goes_away_under_load),
	KUNIT_CASE(both_go_away_at_once),
	KUNIT_CASE(port_events_come_up),
	KUNIT_CASE(one_device_per_port),
	KUNIT_CASE(several_lower_devices_need_a_choice),
	{}
};

static struct kunit_suite suite = {
	.name = "ndk_hca_life",
	.suite_init = hca_suite_init,
	.suite_exit = hca_suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
