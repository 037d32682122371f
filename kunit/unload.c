// SPDX-License-Identifier: GPL-2.0
/*
 * A consumer that is in a hurry to leave (R-NDK-122): when its module goes it
 * closes everything, waits for nothing but ndk_close_adapter(), and is gone. Its
 * callbacks take their time even when they have done what they are for: one that
 * had not returned would return to memory that is no longer there.
 *
 * tools/tests/58-unload.sh loads and unloads it in a loop.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <net/ipv6.h>
#include <rdma/ib_cache.h>

#include <ndk/ndk.h>
#include <ndk/nic.h>

static char *device = "ndk0";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "RDMA device to use");

static bool chain;
module_param(chain, bool, 0444);
MODULE_PARM_DESC(chain, "leave a deferred request behind that nobody ends");

static bool hardirq;
module_param(hardirq, bool, 0444);
MODULE_PARM_DESC(hardirq, "call from an interrupt, which is not allowed");

#define DEPTH		16
#define LINGER_MS	3

static struct ndk_adapter *adapter;
static struct ndk_kpd *pd;
static struct ndk_kcq *cq;
static struct ndk_kqp *active_qp, *passive_qp;
static struct ndk_connector *active, *passive;
static struct ndk_listener *listener;
static DECLARE_COMPLETION(came);
static struct ndk_waiter accepting;

static void linger(void)
{
	mdelay(LINGER_MS);
}

static void on_closed(void *context)
{
	linger();
}

static void on_request(void *context, int status)
{
	linger();
}

static void on_notify(void *context, int status)
{
	ndk_arm_cq(cq, NDK_CQ_NOTIFY_ANY);
	linger();
}

static void on_disconnect(void *context)
{
	linger();
}

static void on_connect(void *context, struct ndk_connector *connector)
{
	passive = connector;
	complete(&came);
	linger();
}

#define WAIT_FOR(out, call) ({					\
	struct ndk_waiter _w;					\
	int _err;						\
								\
	ndk_waiter_init(&_w);					\
	_err = ndk_wait(&_w, call(ndk_waiter_created, &_w));	\
	if (!_err && _w.object)					\
		(out) = (void *)_w.object;			\
	_err;							\
})

#define MAKE_PD(fn, w)	ndk_create_pd(adapter, fn, w, &pd)
#define MAKE_CQ(fn, w)	ndk_create_cq(adapter, 4 * DEPTH, on_notify, NULL, NULL, fn, w, &cq)
#define MAKE_QP(fn, w)							\
	ndk_create_qp(pd, cq, cq, NULL, DEPTH, DEPTH, 1, 1, 0, fn, w, &qp)
#define MAKE_CONN(fn, w) ndk_create_connector(adapter, fn, w, &active)
#define MAKE_LISTENER(fn, w)						\
	ndk_create_listener(adapter, on_connect, NULL, fn, w, &listener)

static int make_qp(struct ndk_kqp **out)
{
	struct ndk_kqp *qp = NULL;
	int err = WAIT_FOR(qp, MAKE_QP);

	*out = qp;
	return err;
}

static int make_all(void)
{
	return WAIT_FOR(pd, MAKE_PD) ?: WAIT_FOR(cq, MAKE_CQ) ?: make_qp(&active_qp) ?:
	       make_qp(&passive_qp) ?: WAIT_FOR(active, MAKE_CONN) ?:
	       WAIT_FOR(listener, MAKE_LISTENER);
}

/* The device's IPv4 address. */
static int find_address(struct ib_device *dev, struct sockaddr_in *addr)
{
	const struct ib_gid_attr *attr;
	struct in6_addr gid;
	int i;

	for (i = 0; i < 64; i++) {
		attr = rdma_get_gid_attr(dev, 1, i);
		if (IS_ERR(attr))
			continue;
		memcpy(&gid, attr->gid.raw, sizeof(gid));
		rdma_put_gid_attr(attr);
		if (!ipv6_addr_v4mapped(&gid))
			continue;
		addr->sin_family = AF_INET;
		addr->sin_addr.s_addr = gid.s6_addr32[3];
		return 0;
	}
	return -ENOENT;
}

static int listen(struct sockaddr_in *at)
{
	u32 len = sizeof(*at);
	struct ndk_waiter w;
	int err;

	ndk_waiter_init(&w);
	err = ndk_wait(&w, ndk_listen(listener, (struct sockaddr *)at, len, ndk_waiter_done, &w));
	return err ?: ndk_get_listener_address(listener, (struct sockaddr *)at, &len);
}

static int connect_both(struct sockaddr_in *to)
{
	struct sockaddr_in from = *to;
	struct ndk_waiter w;
	int err;

	from.sin_port = 0;
	ndk_waiter_init(&w);
	ndk_waiter_init(&accepting);
	err = ndk_connect(active, active_qp, (struct sockaddr *)&from, sizeof(from),
			  (struct sockaddr *)to, sizeof(*to), 1, 1, NULL, 0, ndk_waiter_done, &w);
	if (err != -EINPROGRESS)
		return err;
	if (!wait_for_completion_timeout(&came, 20 * HZ))
		return -ETIMEDOUT;
	err = ndk_accept(passive, passive_qp, 1, 1, NULL, 0, on_disconnect, NULL, ndk_waiter_done,
			 &accepting);
	if (err != -EINPROGRESS)
		return err;
	err = ndk_wait(&w, -EINPROGRESS);
	if (err)
		return err;
	ndk_waiter_init(&w);
	err = ndk_wait(&w, ndk_complete_connect(active, on_disconnect, NULL, ndk_waiter_done, &w));
	return err ?: ndk_wait(&accepting, -EINPROGRESS);
}

/* Traffic that is under way when we leave; NULL contexts, nobody looks. */
static int use_it(void)
{
	int i, err = 0;

	ndk_arm_cq(cq, NDK_CQ_NOTIFY_ANY);
	for (i = 0; !err && i < DEPTH / 2; i++)
		err = ndk_receive(passive_qp, NULL, NULL, 0);
	for (i = 0; !err && i < DEPTH / 2; i++)
		err = ndk_send(active_qp, NULL, NULL, 0, i & 1 ? NDK_OP_FLAG_DEFER : 0);
	return err;
}

static enum hrtimer_restart in_interrupt_context(struct hrtimer *t)
{
	ndk_arm_cq(cq, NDK_CQ_NOTIFY_ERRORS);
	return HRTIMER_NORESTART;
}

/* The kernel has to say so. */
static void misuse(void)
{
	struct hrtimer t;

	hrtimer_init_on_stack(&t, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	t.function = in_interrupt_context;
	hrtimer_start(&t, ms_to_ktime(1), HRTIMER_MODE_REL_HARD);
	msleep(50);
	hrtimer_cancel(&t);
	destroy_hrtimer_on_stack(&t);
}

static void close_qp(struct ndk_kqp *qp)
{
	if (qp)
		ndk_close_qp(qp, on_closed, NULL);
}

/* Antecedents first, so that much is left to be done when the last one is closed. */
static void leave(void)
{
	if (pd)
		ndk_close_pd(pd, on_closed, NULL);
	close_qp(active_qp);
	close_qp(passive_qp);
	if (listener)
		ndk_close_listener(listener, on_closed, NULL);
	if (active && active_qp)
		ndk_disconnect(active, on_request, NULL);
	if (active)
		ndk_close_connector(active, on_closed, NULL);
	if (passive)
		ndk_close_connector(passive, on_closed, NULL);
	if (cq)
		ndk_close_cq(cq, on_closed, NULL);
	ndk_close_adapter(adapter);
}

static int __init unload_init(void)
{
	struct ndk_open_params params = {
		.major = NDK_VERSION_MAJOR,
		.consumer = "ndk-unload",
	};
	struct sockaddr_in at = { };
	struct ib_device *dev;
	int err;

	dev = ib_device_get_by_name(device, RDMA_DRIVER_UNKNOWN);
	if (!dev)
		return -ENODEV;
	err = ndk_open_adapter(dev, &params, &adapter);
	if (err)
		goto out_dev;
	err = make_all() ?: find_address(dev, &at) ?: listen(&at) ?: connect_both(&at);
	if (!err && chain)
		err = ndk_send(active_qp, NULL, NULL, 0, NDK_OP_FLAG_DEFER);
	else if (!err)
		err = use_it();
	if (!err && hardirq)
		misuse();
	if (err)
		leave();
out_dev:
	ib_device_put(dev);
	return err;
}

static void __exit unload_exit(void)
{
	leave();
}

module_init(unload_init);
module_exit(unload_exit);

MODULE_DESCRIPTION("Consumer of the NDK kernel API that is unloaded in a hurry");
MODULE_LICENSE("GPL");
