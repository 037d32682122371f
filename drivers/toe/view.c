// SPDX-License-Identifier: GPL-2.0
/*
 * What there is and where: debugfs ndk_toe/<target>/. One line per object, and a
 * file of figures.
 */
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/seq_file.h>

#include "core.h"
#include "endpoint.h"

static struct dentry *top;

static const char * const layer_name[TOE_LAYERS] = {
	[TOE_NEIGH] = "neighbor",
	[TOE_PATH4] = "path4",
	[TOE_PATH6] = "path6",
	[TOE_CONN] = "connection",
};

static const char * const state_name[TOE_OBJ_STATES] = {
	[TOE_IN_HOST] = "in-host",
	[TOE_OFFLOADING] = "offloading",
	[TOE_OFFLOADED] = "offloaded",
	[TOE_UPLOADING] = "uploading",
};

static const char * const reason_name[TOE_REASONS] = {
	[TOE_NO_REASON] = "-",
	[TOE_HARDWARE_FAILURE] = "hardware-failure",
	[TOE_INVALIDATED] = "invalidated",
	[TOE_URGENT_DATA] = "urgent-data",
	[TOE_TIMEOUT] = "timeout",
	[TOE_UPLOAD_WANTED] = "upload-wanted",
	[TOE_HIGH_DROP_RATE] = "high-drop-rate",
	[TOE_HIGH_FRAGMENTATION] = "high-fragmentation",
	[TOE_HIGH_OUT_OF_ORDER] = "high-out-of-order",
	[TOE_LOW_ACTIVITY] = "low-activity",
	[TOE_NO_PREPOSTING] = "no-preposting",
	[TOE_SMALL_IO] = "small-io",
	[TOE_RESET] = "reset",
	[TOE_OP_FAILED] = "operation-failed",
	[TOE_UPLOAD_ALL_ASKED] = "upload-all",
	[TOE_ADAPTER_FAILED] = "adapter-failed",
	[TOE_HOST_ASKED] = "host-asked",
	[TOE_CONSUMER_ASKED] = "consumer-asked",
};

const char *toe_reason_name(unsigned int reason)
{
	return reason < TOE_REASONS ? reason_name[reason] : "?";
}
EXPORT_SYMBOL_GPL(toe_reason_name);

const char *toe_layer_name(unsigned int layer)
{
	return layer_name[layer];
}

static void show_neigh(struct seq_file *m, struct toe_neigh *n)
{
	seq_printf(m, " mac %*phC vlan %u", n->v.dst_len, n->v.dst, n->c.vlan_id);
}

static void show_path(struct seq_file *m, struct toe_path *p)
{
	if (p->obj.layer == TOE_PATH6)
		seq_printf(m, " %pI6c > %pI6c", p->c.src, p->c.dst);
	else
		seq_printf(m, " %pI4 > %pI4", p->c.src, p->c.dst);
	seq_printf(m, " mtu %u", p->v.mtu);
}

static void show_conn(struct seq_file *m, struct toe_conn *c)
{
	seq_printf(m, " ports %u > %u wnd %u", ntohs(c->c.local_port), ntohs(c->c.remote_port),
		   c->v.initial_rcv_wnd);
}

static void show_flags(struct seq_file *m, const struct toe_obj *obj)
{
	static const struct {
		int bit;
		const char *name;
	} flags[] = {
		{ TOE_OBJ_INVALID, "invalid" },
		{ TOE_OBJ_STUCK, "stuck" },
		{ TOE_OBJ_LOST, "lost" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (test_bit(flags[i].bit, &obj->flags))
			seq_printf(m, " %s", flags[i].name);
}

static void show_obj(struct seq_file *m, struct toe_obj *obj)
{
	struct toe_target *t = obj->target;

	seq_printf(m, "%s %u below %u %s", layer_name[obj->layer], obj->index,
		   obj->parent ? obj->parent->index : 0, state_name[obj->state]);
	seq_printf(m, " for %u reason %s children %u/%u", (u32)toe_clock_now(t->clock) - obj->moved,
		   reason_name[obj->last_reason], obj->noffloaded, obj->nchildren);
	seq_printf(m, " ops q%u u%u i%u pins %u", obj->queries, obj->updates, obj->invalidates,
		   obj->pins);
	show_flags(m, obj);
	if (obj->layer == TOE_NEIGH)
		show_neigh(m, to_toe_neigh(obj));
	else if (obj->layer == TOE_CONN)
		show_conn(m, to_toe_conn(obj));
	else
		show_path(m, to_toe_path(obj));
	seq_putc(m, '\n');
}

/*
 * The table of handles keeps its order while objects come and go, so a reader
 * gets every object that stays exactly once, and t->lock is held for one at a
 * time only.
 */
static void *objects_start(struct seq_file *m, loff_t *pos) __acquires(RCU)
{
	struct toe_target *t = m->private;
	unsigned long index = *pos;
	struct toe_obj *obj;

	rcu_read_lock();
	obj = xa_find(&t->handles, &index, ULONG_MAX, XA_PRESENT);
	*pos = index;
	return obj;
}

static void *objects_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct toe_target *t = m->private;
	unsigned long index = *pos;
	struct toe_obj *obj;

	obj = xa_find_after(&t->handles, &index, ULONG_MAX, XA_PRESENT);
	*pos = obj ? index : *pos + 1;
	return obj;
}

static void objects_stop(struct seq_file *m, void *v) __releases(RCU)
{
	rcu_read_unlock();
}

static int objects_show(struct seq_file *m, void *v)
{
	struct toe_target *t = m->private;

	spin_lock_bh(&t->lock);
	show_obj(m, v);
	spin_unlock_bh(&t->lock);
	return 0;
}

static const struct seq_operations objects_sops = {
	.start = objects_start,
	.next = objects_next,
	.stop = objects_stop,
	.show = objects_show,
};
DEFINE_SEQ_ATTRIBUTE(objects);

static const char * const counter_name[TOE_COUNTERS] = {
	[TOE_IP_IN_RECEIVES] = "ip_in_receives",
	[TOE_IP_IN_OCTETS] = "ip_in_octets",
	[TOE_IP_IN_DELIVERS] = "ip_in_delivers",
	[TOE_IP_OUT_REQUESTS] = "ip_out_requests",
	[TOE_IP_OUT_OCTETS] = "ip_out_octets",
	[TOE_IP_IN_HDR_ERRORS] = "ip_in_hdr_errors",
	[TOE_IP_IN_TRUNCATED] = "ip_in_truncated",
	[TOE_IP_IN_DISCARDS] = "ip_in_discards",
	[TOE_IP_OUT_DISCARDS] = "ip_out_discards",
	[TOE_IP_OUT_NO_ROUTES] = "ip_out_no_routes",
	[TOE_TCP_IN_SEGS] = "tcp_in_segs",
	[TOE_TCP_OUT_SEGS] = "tcp_out_segs",
	[TOE_TCP_ESTAB_RESETS] = "tcp_estab_resets",
	[TOE_TCP_RETRANS_SEGS] = "tcp_retrans_segs",
	[TOE_TCP_IN_ERRS] = "tcp_in_errs",
	[TOE_TCP_OUT_RSTS] = "tcp_out_rsts",
};

static void show_counters(struct seq_file *m, struct toe_target *t, bool v6)
{
	u64 v[TOE_COUNTERS];
	unsigned int i;
	u32 established;

	established = toe_target_counters(t, v6, v);
	seq_printf(m, "%s tcp_curr_estab %u\n", v6 ? "ipv6" : "ipv4", established);
	for (i = 0; i < TOE_COUNTERS; i++)
		seq_printf(m, "%s %s %llu\n", v6 ? "ipv6" : "ipv4", counter_name[i], v[i]);
}

static const char * const doorbell_name[NDK_DB_REASONS] = {
	[NDK_DB_UNDEFERRED] = "undeferred",
	[NDK_DB_REFUSED] = "refused",
	[NDK_DB_BOUND] = "bound",
	[NDK_DB_TIMER] = "timer",
	[NDK_DB_FULL] = "full",
	[NDK_DB_FLUSH] = "flush",
};

static void show_doorbells(struct seq_file *m, struct toe_target *t)
{
	u64 bells[NDK_DB_REASONS] = {}, all = 0, sends = 0;
	unsigned int i;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct toe_counters *c = per_cpu_ptr(t->counters, cpu);

		sends += READ_ONCE(c->chained);
		for (i = 0; i < NDK_DB_REASONS; i++)
			bells[i] += READ_ONCE(c->doorbells[i]);
	}
	for (i = 0; i < NDK_DB_REASONS; i++)
		all += bells[i];
	seq_printf(m, "sends_shown %llu\ndoorbells %llu\n", sends, all);
	for (i = 0; i < NDK_DB_REASONS; i++)
		seq_printf(m, "doorbells_%s %llu\n", doorbell_name[i], bells[i]);
}

static int info_show(struct seq_file *m, void *v)
{
	struct toe_target *t = m->private;
	unsigned int i;

	seq_printf(m, "kind %s\nadapter %s\n", t->ops->kind, dev_name(&t->nic->ibdev.dev));
	seq_printf(m, "paused %d\nuploading_all %d\nfailed %d\n", t->paused, t->uploading_all,
		   t->failed);
	seq_printf(m, "operations_out %u\nloans %d\n", t->nout, atomic_read(&t->loans));
	for (i = 0; i < TOE_LAYERS; i++)
		seq_printf(m, "offloaded %s %u\n", layer_name[i], t->noffloaded[i]);
	seq_printf(m, "bad_completions %d\nbad_statuses %d\nbad_handles %d\n",
		   atomic_read(&t->complaints[TOE_BAD_COMPLETION]),
		   atomic_read(&t->complaints[TOE_BAD_STATUS]),
		   atomic_read(&t->complaints[TOE_BAD_HANDLE]));
	seq_printf(m, "early_events %d\noverdue %d\nbad_answers %d\n",
		   atomic_read(&t->complaints[TOE_EARLY_EVENT]),
		   atomic_read(&t->complaints[TOE_OVERDUE]),
		   atomic_read(&t->complaints[TOE_BAD_ANSWER]));
	seq_printf(m, "connection_bytes %zu\n", sizeof(struct toe_conn));
	show_doorbells(m, t);
	show_counters(m, t, false);
	show_counters(m, t, true);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(info);

void toe_view_add(struct toe_target *t)
{
	t->dir = debugfs_create_dir(t->name, top);
	debugfs_create_file("objects", 0400, t->dir, t, &objects_fops);
	debugfs_create_file("info", 0400, t->dir, t, &info_fops);
	debugfs_create_u32("defer_bound", 0600, t->dir, &t->limits.bound);
	debugfs_create_u32("defer_usecs", 0600, t->dir, &t->limits.usecs);
	toe_fault_view(t);
}

/* On return nobody reads any more. */
void toe_view_remove(struct toe_target *t)
{
	debugfs_remove_recursive(t->dir);
}

static int endpoints_show(struct seq_file *m, void *v)
{
	return toe_ep_show_all(m, v);
}
DEFINE_SHOW_ATTRIBUTE(endpoints);

void toe_view_init(void)
{
	top = debugfs_create_dir("ndk_toe", NULL);
	debugfs_create_file("endpoints", 0400, top, NULL, &endpoints_fops);
}

void toe_view_exit(void)
{
	debugfs_remove_recursive(top);
}
