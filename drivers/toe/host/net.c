// SPDX-License-Identifier: GPL-2.0
/*
 * Per network namespace: the software target, made with the first offload, the hook,
 * and the end of all of it.
 *
 * A target of its own for each, since addresses and ports mean different connections in
 * different namespaces.
 */
#include <linux/slab.h>
#include <linux/suspend.h>
#include <net/netns/generic.h>

#include <ndk/nic.h>

#include "net.h"

/* Connections one namespace may have offloaded. */
#define MAX_CONNS	65536

/* How long an exit waits for targets that did not answer. */
#define EXIT_WAIT_MS	15000

static unsigned int net_id;

struct workqueue_struct *toe_host_wq;

struct toe_net *toe_net_of(const struct net *net)
{
	return net_generic(net, net_id);
}

struct net *toe_net_ns(const struct toe_net *tn)
{
	return tn->net;
}

void toe_net_pause(struct toe_net *tn, bool pause)
{
	WRITE_ONCE(tn->paused, pause);
}

bool toe_net_is_paused(const struct toe_net *tn)
{
	return READ_ONCE(tn->paused);
}

/* The wire of the software target: the IP layer. */
static void xmit(struct soft_conn *sc, struct sk_buff *skb)
{
	toe_host_xmit(sc, sc->host, skb);
}

static const struct soft_wire wire = {
	.xmit = xmit,
};

static void nic_release(struct ndk_nic *nic)
{
}

static const struct ndk_nic_ops nic_ops = {
	.owner = THIS_MODULE,
	.kind = "software",
	.release = nic_release,
};

static int make_target(struct toe_net *tn)
{
	struct soft_target *st;
	int err;

	tn->nic = ndk_nic_alloc(&nic_ops, tn);
	if (!tn->nic)
		return -ENOMEM;
	st = soft_create(tn->nic, tn->name, MAX_CONNS, 0, &wire, tn, NULL);
	if (IS_ERR(st)) {
		err = PTR_ERR(st);
		goto free_nic;
	}
	err = toe_routes_init(tn);
	if (err)
		goto destroy;
	err = toe_hooks_register(tn->net);
	if (err)
		goto routes;
	/* pairs with toe_net_target() */
	smp_store_release(&tn->st, st);
	return 0;

routes:
	toe_routes_exit(tn);
destroy:
	soft_destroy(st);
free_nic:
	ndk_nic_free(tn->nic);
	tn->nic = NULL;
	return err;
}

struct soft_target *toe_net_soft(struct toe_net *tn)
{
	int err = 0;

	/* pairs with make_target() */
	if (smp_load_acquire(&tn->st))
		return tn->st;
	mutex_lock(&tn->lock);
	if (!tn->st)
		err = make_target(tn);
	mutex_unlock(&tn->lock);
	if (err)
		pr_warn_ratelimited("toe: no software target %s (%d)\n", tn->name, err);
	return tn->st;
}

struct toe_target *toe_net_target(struct toe_net *tn)
{
	/* pairs with make_target() */
	struct soft_target *st = smp_load_acquire(&tn->st);

	return st ? st->t : NULL;
}

static void sweep_work(struct work_struct *work)
{
	toe_sweep(container_of(to_delayed_work(work), struct toe_net, sweep), false);
}

static int __net_init net_init(struct net *net)
{
	struct toe_net *tn = toe_net_of(net);

	tn->net = net;
	mutex_init(&tn->lock);
	mutex_init(&tn->routes);
	xa_init_flags(&tn->socks, XA_FLAGS_ALLOC);
	spin_lock_init(&tn->table);
	hash_init(tn->by_sk);
	INIT_DELAYED_WORK(&tn->sweep, sweep_work);
	if (net_eq(net, &init_net))
		strscpy(tn->name, "soft", sizeof(tn->name));
	else
		snprintf(tn->name, sizeof(tn->name), "soft-%u", net->ns.inum);
	return 0;
}

/* Anything a target still has? */
static bool some_away(struct toe_net *tn)
{
	struct toe_sock *ts;
	bool away = false;
	u64 pos = 0;

	while (!away && (ts = toe_socks_next(tn, &pos))) {
		away = READ_ONCE(ts->conn);
		toe_sock_put(ts);
	}
	return away;
}

static void come_home(struct toe_net *tn)
{
	unsigned long end = jiffies + msecs_to_jiffies(EXIT_WAIT_MS);

	WRITE_ONCE(tn->closed, true);
	do {
		toe_upload_net(tn, NULL, TOE_HOST_ASKED);
		flush_workqueue(toe_host_wq);
		if (!some_away(tn))
			return;
		schedule_timeout_uninterruptible(HZ / 50);
	} while (time_before(jiffies, end));
	pr_warn("toe: %s does not return everything\n", tn->name);
}

static void __net_exit net_exit(struct net *net)
{
	struct toe_net *tn = toe_net_of(net);

	if (tn->st) {
		come_home(tn);
		toe_hooks_unregister(net);
		toe_routes_exit(tn);
	}
	cancel_delayed_work_sync(&tn->sweep);
	toe_sweep(tn, true);
	flush_workqueue(toe_host_wq);
	if (tn->st) {
		soft_destroy(tn->st);
		ndk_nic_free(tn->nic);
		tn->st = NULL;
	}
	xa_destroy(&tn->socks);
}

static struct pernet_operations net_ops = {
	.init = net_init,
	.exit = net_exit,
	.id = &net_id,
	.size = sizeof(struct toe_net),
};

/* A device that stops takes nothing with it. */
static int device_event(struct notifier_block *nb, unsigned long event, void *arg)
{
	struct net_device *dev = netdev_notifier_info_to_dev(arg);
	struct toe_net *tn = toe_net_of(dev_net(dev));

	if ((event == NETDEV_GOING_DOWN || event == NETDEV_UNREGISTER) && tn->st)
		toe_upload_net(tn, dev, TOE_HOST_ASKED);
	return NOTIFY_DONE;
}

static struct notifier_block devices = {
	.notifier_call = device_event,
};

static void each_net(bool close)
{
	struct net *net;

	down_read(&net_rwsem);
	for_each_net(net) {
		struct toe_net *tn = toe_net_of(net);

		if (close)
			WRITE_ONCE(tn->closed, true);
		if (READ_ONCE(tn->st))
			toe_upload_net(tn, NULL, TOE_HOST_ASKED);
	}
	up_read(&net_rwsem);
}

void toe_net_close_all(void)
{
	each_net(true);
}

static int power_event(struct notifier_block *nb, unsigned long event, void *arg)
{
	if (event == PM_SUSPEND_PREPARE || event == PM_HIBERNATION_PREPARE)
		each_net(false);
	return NOTIFY_DONE;
}

static struct notifier_block power = {
	.notifier_call = power_event,
};

int toe_net_init(void)
{
	int err = -ENOMEM;

	toe_host_wq = alloc_workqueue("ndk_toe_host", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!toe_host_wq)
		return err;
	err = register_pernet_subsys(&net_ops);
	if (err)
		goto wq;
	err = register_netdevice_notifier(&devices);
	if (err)
		goto pernet;
	err = register_pm_notifier(&power);
	if (err)
		goto netdevice;
	return 0;

netdevice:
	unregister_netdevice_notifier(&devices);
pernet:
	unregister_pernet_subsys(&net_ops);
wq:
	destroy_workqueue(toe_host_wq);
	return err;
}

void toe_net_exit(void)
{
	unregister_pm_notifier(&power);
	unregister_netdevice_notifier(&devices);
	unregister_pernet_subsys(&net_ops);
	destroy_workqueue(toe_host_wq);
}
