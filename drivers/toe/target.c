// SPDX-License-Identifier: GPL-2.0
/*
 * Targets: registration, global parameters, counters, and what is said of one
 * that breaks the contract.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "trace.h"

#include "core.h"

/* A target that has not answered by then when it is unregistered never will. */
#define GOODBYE_SECONDS	30

static LIST_HEAD(targets);
static DEFINE_MUTEX(targets_lock);

/* Defaults of toe.md 2.10 and of the host stack, in seconds where they are times. */
static void default_params(struct toe_params *p)
{
	u32 second = 1000;

	*p = (struct toe_params){
		.ticks_per_second = second,
		.ack_frequency = 2,
		.delayed_ack = second / 5,
		.max_retransmissions = 15,
		.doubt_retransmissions = 3,
		.sws_prevention = second * 5,
		.dup_ack_threshold = 3,
		.push = second / 2,
		.nce_stale = second * 30,
	};
}

static const char * const complaint_name[] = {
	[TOE_BAD_COMPLETION] = "completion",
	[TOE_BAD_STATUS] = "status",
	[TOE_BAD_HANDLE] = "handle",
	[TOE_EARLY_EVENT] = "event",
	[TOE_OVERDUE] = "overdue",
	[TOE_BAD_ANSWER] = "answer",
};

/* Counted always, said once per target and kind. */
void toe_complain(struct toe_target *t, enum toe_complaint what, const char *how)
{
	trace_toe_complaint(t, what, how);
	if (atomic_inc_return(&t->complaints[what]) == 1)
		pr_warn("ndk_toe: target %s (%s) %s; further ones are only counted (%s)\n",
			t->name, t->ops->kind, how, complaint_name[what]);
}

static void watch_fired(struct toe_timer *timer)
{
	struct toe_target *t = container_of(timer, struct toe_target, watch);

	WRITE_ONCE(t->watch_due, true);
	toe_kick(t);
}

/* Every connection goes through retrieve and abort, and everything comes back. */
static void adapter_failed(struct ndk_nic_client *client, const char *reason)
{
	struct toe_target *t = container_of(client, struct toe_target, client);
	struct toe_obj *obj;
	unsigned long i;

	pr_err("ndk_toe: target %s: adapter failed: %s\n", t->name, reason);
	spin_lock_bh(&t->lock);
	t->failed = true;
	rcu_read_lock();
	xa_for_each(&t->handles, i, obj) {
		if (obj->state == TOE_IN_HOST)
			continue;
		if (obj->layer == TOE_CONN) {
			toe_event_mark(obj, TOE_HARDWARE_FAILURE);
			toe_event_mark(obj, TOE_EV_ABORT);
		} else {
			toe_event_mark(obj, TOE_ADAPTER_FAILED);
		}
	}
	rcu_read_unlock();
	spin_unlock_bh(&t->lock);
}

static int check_target(const char *name, const struct toe_target_ops *ops)
{
	if (!name || !*name || strlen(name) >= sizeof_field(struct toe_target, name))
		return -EINVAL;
	if (!ops || !ops->caps || !ops->initiate || !ops->terminate || !ops->kind)
		return -EINVAL;
	return 0;
}

static void init_target(struct toe_target *t, const struct toe_target_ops *ops, void *priv)
{
	kref_init(&t->ref);
	t->ops = ops;
	t->priv = priv;
	spin_lock_init(&t->lock);
	spin_lock_init(&t->qlock);
	xa_init_flags(&t->handles, XA_FLAGS_ALLOC1 | XA_FLAGS_LOCK_BH);
	INIT_LIST_HEAD(&t->retry);
	INIT_LIST_HEAD(&t->wanted);
	INIT_LIST_HEAD(&t->queue);
	INIT_LIST_HEAD(&t->link);
	hash_init(t->out);
	t->signal_item.kind = TOE_ITEM_SIGNAL;
	INIT_LIST_HEAD(&t->signal_item.link);
	INIT_WORK(&t->work, toe_worker);
	init_waitqueue_head(&t->idle);
	default_params(&t->params);
	t->limits.bound = 64;
	t->limits.usecs = 1000;
}

static struct toe_target *find(const char *name)
{
	struct toe_target *t;

	list_for_each_entry(t, &targets, link)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

static int publish(struct toe_target *t)
{
	int err = 0;

	mutex_lock(&targets_lock);
	if (find(t->name))
		err = -EEXIST;
	else
		list_add_tail(&t->link, &targets);
	mutex_unlock(&targets_lock);
	return err;
}

struct toe_target *toe_target_register(struct ndk_nic *nic, const char *name,
				       const struct toe_target_ops *ops, void *priv,
				       struct toe_clock *clock)
{
	struct toe_target *t;
	int err;

	err = nic ? check_target(name, ops) : -EINVAL;
	if (err)
		return ERR_PTR(err);
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return ERR_PTR(-ENOMEM);
	init_target(t, ops, priv);
	strscpy(t->name, name, sizeof(t->name));
	t->nic = nic;
	toe_clock_init(&t->own_clock, t->params.ticks_per_second, false);
	t->clock = clock ?: &t->own_clock;
	t->params.ticks_per_second = t->clock->ticks_per_second;
	toe_timer_init(&t->watch, t->clock, watch_fired);

	err = -ENOMEM;
	t->counters = alloc_percpu(struct toe_counters);
	if (!t->counters)
		goto free_target;
	t->wq = alloc_ordered_workqueue("ndk_toe/%s", WQ_HIGHPRI | WQ_MEM_RECLAIM, t->name);
	if (!t->wq)
		goto free_counters;
	ops->caps(t, &t->caps);
	err = publish(t);
	if (err)
		goto free_wq;
	toe_view_add(t);
	t->client.fail = adapter_failed;
	ndk_nic_add_client(nic, &t->client);
	return t;

free_wq:
	destroy_workqueue(t->wq);
free_counters:
	free_percpu(t->counters);
free_target:
	toe_timer_stop(&t->watch);
	kfree(t);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(toe_target_register);

/* Does the target owe nothing any more? */
static bool has_answered(struct toe_target *t)
{
	bool all;

	spin_lock_bh(&t->lock);
	all = !t->noffloaded[TOE_NEIGH] && !t->noffloaded[TOE_PATH4] &&
	      !t->noffloaded[TOE_PATH6] && !t->noffloaded[TOE_CONN];
	spin_unlock_bh(&t->lock);
	return all && !READ_ONCE(t->nout);
}

static bool is_idle(struct toe_target *t)
{
	return has_answered(t) && !atomic_read(&t->loans);
}

/* Loans are waited for as long as it takes: they are memory of the target. */
static bool wait_until_idle(struct toe_target *t)
{
	while (!wait_event_timeout(t->idle, is_idle(t), GOODBYE_SECONDS * HZ)) {
		pr_err("ndk_toe: target %s leaves with %u objects, %u operations, %d loans out\n",
		       t->name, t->nobjects, t->nout, atomic_read(&t->loans));
		if (!has_answered(t))
			return false;
	}
	return true;
}

void toe_target_unregister(struct toe_target *t)
{
	mutex_lock(&targets_lock);
	list_del_init(&t->link);
	mutex_unlock(&targets_lock);
	ndk_nic_remove_client(t->nic, &t->client);
	toe_view_remove(t);

	spin_lock_bh(&t->lock);
	t->going = true;
	toe_want_all(t, TOE_UPLOAD_ALL_ASKED);
	spin_unlock_bh(&t->lock);
	toe_kick(t);
	/* what never answered may still do so: it keeps its worker */
	if (!wait_until_idle(t))
		return;
	toe_timer_stop(&t->watch);
	destroy_workqueue(t->wq);
	/* whoever was in one of its functions has left it */
	synchronize_rcu();
	toe_target_put(t);
}
EXPORT_SYMBOL_GPL(toe_target_unregister);

static void release_target(struct kref *ref)
{
	struct toe_target *t = container_of(ref, struct toe_target, ref);

	xa_destroy(&t->handles);
	free_percpu(t->counters);
	kfree(t);
}

struct toe_target *toe_target_get(struct toe_target *t)
{
	kref_get(&t->ref);
	return t;
}
EXPORT_SYMBOL_GPL(toe_target_get);

void toe_target_put(struct toe_target *t)
{
	if (t)
		kref_put(&t->ref, release_target);
}
EXPORT_SYMBOL_GPL(toe_target_put);

struct toe_target *toe_target_find(const char *name)
{
	struct toe_target *t;

	mutex_lock(&targets_lock);
	t = find(name);
	if (t)
		toe_target_get(t);
	mutex_unlock(&targets_lock);
	return t;
}
EXPORT_SYMBOL_GPL(toe_target_find);

/* One that was unregistered is its own neighbour: there is no way on from it. */
static struct toe_target *behind(struct toe_target *t)
{
	if (!t)
		return list_first_entry_or_null(&targets, struct toe_target, link);
	if (list_empty(&t->link) || list_is_last(&t->link, &targets))
		return NULL;
	return list_next_entry(t, link);
}

struct toe_target *toe_target_next(struct toe_target *t)
{
	struct toe_target *next;

	mutex_lock(&targets_lock);
	next = behind(t);
	if (next)
		toe_target_get(next);
	mutex_unlock(&targets_lock);
	toe_target_put(t);
	return next;
}
EXPORT_SYMBOL_GPL(toe_target_next);

void toe_target_describe(struct toe_target *t, struct toe_target_info *info)
{
	spin_lock_bh(&t->lock);
	*info = (struct toe_target_info){
		.name = t->name,
		.kind = t->ops->kind,
		.offloaded = t->noffloaded[TOE_CONN],
		.paused = t->paused,
		.leaving = t->uploading_all || t->going,
		.failed = t->failed,
	};
	spin_unlock_bh(&t->lock);
}
EXPORT_SYMBOL_GPL(toe_target_describe);

void *toe_target_priv(const struct toe_target *t)
{
	return t->priv;
}
EXPORT_SYMBOL_GPL(toe_target_priv);

struct toe_clock *toe_target_clock(struct toe_target *t)
{
	return t->clock;
}
EXPORT_SYMBOL_GPL(toe_target_clock);

struct toe_caps toe_target_caps(struct toe_target *t)
{
	struct toe_caps caps;

	spin_lock_bh(&t->lock);
	caps = t->caps;
	spin_unlock_bh(&t->lock);
	return caps;
}
EXPORT_SYMBOL_GPL(toe_target_caps);

bool toe_target_is_paused(struct toe_target *t)
{
	return READ_ONCE(t->paused);
}
EXPORT_SYMBOL_GPL(toe_target_is_paused);

void toe_target_flush(struct toe_target *t)
{
	flush_work(&t->work);
}
EXPORT_SYMBOL_GPL(toe_target_flush);

void toe_target_get_params(struct toe_target *t, struct toe_params *p)
{
	spin_lock_bh(&t->lock);
	*p = t->params;
	spin_unlock_bh(&t->lock);
}
EXPORT_SYMBOL_GPL(toe_target_get_params);

static bool params_ok(const struct toe_target *t, const struct toe_params *p)
{
	if (p->ticks_per_second != 10 && p->ticks_per_second != 100 &&
	    p->ticks_per_second != 1000)
		return false;
	/* a clock that a test brought keeps its own pace */
	if (t->clock != &t->own_clock && p->ticks_per_second != t->clock->ticks_per_second)
		return false;
	return p->ack_frequency && p->max_retransmissions && p->dup_ack_threshold;
}

int toe_target_set_params(struct toe_target *t, const struct toe_params *p)
{
	unsigned int i;
	int err = 0;

	if (!params_ok(t, p))
		return -EINVAL;
	spin_lock_bh(&t->lock);
	for (i = 0; i < TOE_LAYERS; i++)
		if (t->noffloaded[i])
			err = -EBUSY;
	if (!err) {
		t->params = *p;
		t->clock->ticks_per_second = p->ticks_per_second;
	}
	spin_unlock_bh(&t->lock);
	if (!err && t->ops->set_params)
		t->ops->set_params(t, p);
	return err;
}
EXPORT_SYMBOL_GPL(toe_target_set_params);

void toe_count(struct toe_target *t, bool v6, enum toe_counter c, u64 n)
{
	this_cpu_add(t->counters->v[v6][c], n);
}
EXPORT_SYMBOL_GPL(toe_count);

void toe_count_established(struct toe_target *t, bool v6, int by)
{
	atomic_add(by, &t->established[v6]);
}
EXPORT_SYMBOL_GPL(toe_count_established);

u32 toe_target_counters(struct toe_target *t, bool v6, u64 v[TOE_COUNTERS])
{
	unsigned int i;
	int cpu;

	memset(v, 0, TOE_COUNTERS * sizeof(*v));
	for_each_possible_cpu(cpu)
		for (i = 0; i < TOE_COUNTERS; i++)
			v[i] += READ_ONCE(per_cpu_ptr(t->counters, cpu)->v[v6][i]);
	return atomic_read(&t->established[v6]);
}
EXPORT_SYMBOL_GPL(toe_target_counters);

void toe_target_reset_counters(struct toe_target *t)
{
	int cpu;

	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(t->counters, cpu), 0, sizeof(struct toe_counters));
}
EXPORT_SYMBOL_GPL(toe_target_reset_counters);
