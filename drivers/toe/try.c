// SPDX-License-Identifier: GPL-2.0
/*
 * A target for people to read, and a host to try the core with.
 *
 * The target keeps what it is given and gives it back: all five operations, and
 * sends that are acknowledged as soon as they are shown. The host has a small tree
 * and does what is written to debugfs ndk_toe_try/do, one command a line:
 *
 *	initiate, query, update, invalidate, terminate	on all that can take it
 *	send, defer, receive, forward	requests on the first connection
 *	data, retrieve, hint, abort, backlog, stale	what a target says of it
 *	reachability			what it asks about the first neighbor
 *	pause, resume, upload-all	what it says of itself
 *	fail				the adapter is lost
 *
 * A command is over when its write returns. What came of it is in ndk_toe_try/log,
 * which reading empties: statuses by object, and what the host was told. With the
 * faults of ndk_toe/try/fault/ that shows all the core does, without a network.
 */
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <ndk/nic.h>
#include <ndk/toe.h>
#include <ndk/toe_target.h>

#define LOG_SIZE	8192
#define CLASSES		3	/* const, cached, delegated */

/*
 * The target
 */

/* what it keeps of an object; the state structures as they came */
struct try_ctx {
	u64 handle;
	struct rcu_head rcu;
	u8 state[CLASSES][sizeof(struct toe_conn_delegated)];
};

static void try_caps(struct toe_target *t, struct toe_caps *caps)
{
	*caps = (struct toe_caps){ .ipv4 = true, .ipv6 = true, .max_conns = 16 };
}

static void take(struct try_ctx *ctx, struct toe_block *b, unsigned int cls)
{
	void *from = toe_block_state(b, cls);

	if (from)
		memcpy(ctx->state[cls - TOE_STATE_CONST], from, toe_state_size(b->layer, cls));
}

/* Sizes stand in for buffers in a query, and buffers for sizes in a terminate. */
static void give(struct try_ctx *ctx, struct toe_block *b, unsigned int cls, u8 valid_for)
{
	struct toe_conn_delegated *to = toe_block_state(b, cls);
	struct sk_buff_head *buffered;

	if (!to)
		return;
	if (b->layer != TOE_CONN || cls != TOE_STATE_DELEGATED) {
		memcpy(to, ctx->state[cls - TOE_STATE_CONST], toe_state_size(b->layer, cls));
		return;
	}
	buffered = to->buffered;
	memcpy(to, ctx->state[cls - TOE_STATE_CONST], sizeof(*to));
	to->buffered = buffered;
	to->valid_for = valid_for;
	to->send_backlog = TOE_BACKLOG_UNKNOWN;
	to->recv_backlog = TOE_BACKLOG_UNKNOWN;
}

static u32 try_store(struct toe_target *t, struct toe_block *b, void *parent, void *arg)
{
	struct try_ctx *ctx = kzalloc(sizeof(*ctx), GFP_ATOMIC);
	unsigned int cls;

	if (!ctx)
		return TOE_RESOURCES;
	ctx->handle = b->handle;
	for (cls = TOE_STATE_CONST; cls <= TOE_STATE_DELEGATED; cls++)
		take(ctx, b, cls);
	*b->ctx = ctx;
	return TOE_SUCCESS;
}

static void try_initiate(struct toe_target *t, struct toe_block *root)
{
	toe_initiate_each(t, root, try_store, NULL);
	toe_complete(t, root);
}

/* One object: the faults that were asked for, or what @type means. */
static u32 perform(struct toe_target *t, struct toe_block *b, enum toe_op_type type)
{
	u32 status = toe_fault(t, b->layer, type);
	struct try_ctx *ctx = *b->ctx;
	unsigned int cls;

	for (cls = TOE_STATE_CONST; status == TOE_SUCCESS && cls <= TOE_STATE_DELEGATED; cls++)
		if (type == TOE_UPDATE)
			take(ctx, b, cls);
		else
			give(ctx, b, cls, type == TOE_QUERY ? TOE_FOR_QUERY : TOE_FOR_TRANSFER);
	if (type == TOE_TERMINATE)
		kfree_rcu(ctx, rcu);
	return status;
}

static void operate(struct toe_target *t, struct toe_block *root, enum toe_op_type type)
{
	struct toe_walk w;

	for (toe_walk_start(&w, root); w.at; toe_walk_next(&w))
		w.at->status = toe_block_role(type, w.at) == TOE_ROLE_SUBJECT ?
			perform(t, w.at, type) : TOE_SUCCESS;
	toe_complete(t, root);
}

static void try_query(struct toe_target *t, struct toe_block *root)
{
	operate(t, root, TOE_QUERY);
}

static void try_update(struct toe_target *t, struct toe_block *root)
{
	operate(t, root, TOE_UPDATE);
}

static void try_invalidate(struct toe_target *t, struct toe_block *root)
{
	operate(t, root, TOE_INVALIDATE);
}

static void try_terminate(struct toe_target *t, struct toe_block *root)
{
	operate(t, root, TOE_TERMINATE);
}

/* A peer that is quick: everything is acknowledged in the call that shows it. */
static void try_send(struct toe_target *t, void *p, struct toe_send *first, u32 count)
{
	struct try_ctx *ctx = p;
	u32 bytes = 0;

	while (count--) {
		bytes += iov_iter_count(&first->iter);
		if (count)
			first = toe_send_next(first);
	}
	toe_send_acked(t, ctx->handle, bytes, false);
}

static const struct toe_target_ops try_target_ops = {
	.owner = THIS_MODULE,
	.kind = "example",
	.caps = try_caps,
	.initiate = try_initiate,
	.query = try_query,
	.update = try_update,
	.invalidate = try_invalidate,
	.terminate = try_terminate,
	.send = try_send,
};

static const struct ndk_nic_ops try_nic_ops = {
	.owner = THIS_MODULE,
	.kind = "example",
};

/*
 * The host
 */

/* two of each kind, children behind their parent */
static const struct plan {
	const char *name;
	enum toe_layer layer;
	s8 up;
} plan[] = {
	{ "neighbor0", TOE_NEIGH, -1 },
	{ "path4-0", TOE_PATH4, 0 },
	{ "connection0", TOE_CONN, 1 },
	{ "connection1", TOE_CONN, 1 },
	{ "path4-1", TOE_PATH4, 0 },
	{ "path6-0", TOE_PATH6, 0 },
	{ "path6-1", TOE_PATH6, 0 },
	{ "neighbor1", TOE_NEIGH, -1 },
};

#define CONNECTION0	2

static const char * const op_name[TOE_OPS] = {
	"initiate", "query", "update", "invalidate", "terminate",
};

static struct {
	struct ndk_nic *nic;
	struct toe_target *t;
	struct toe_obj *objs[ARRAY_SIZE(plan)];
	struct toe_send send;
	struct toe_recv recv;
	struct toe_forward forward;
	u8 room[16];
	struct completion over;
	struct mutex lock; /* one command at a time; the log's reader too */
	spinlock_t log_lock; /* log, used */
	char log[LOG_SIZE];
	size_t used;
	struct dentry *dir;
} try;

__printf(1, 2) static void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	spin_lock_bh(&try.log_lock);
	try.used += vscnprintf(try.log + try.used, LOG_SIZE - try.used, fmt, args);
	spin_unlock_bh(&try.log_lock);
	va_end(args);
}

static void told_offloaded(struct toe_obj *obj, void *priv, u32 status)
{
	const struct plan *p = priv;

	say("%s offloaded %s\n", p->name, toe_status_name(status));
}

static bool told_retrieve(struct toe_obj *obj, void *priv, enum toe_reason reason)
{
	const struct plan *p = priv;

	say("%s retrieve %u\n", p->name, reason);
	return false;
}

static void told_aborted(struct toe_obj *obj, void *priv)
{
	const struct plan *p = priv;

	say("%s aborted\n", p->name);
}

static void told_uploaded(struct toe_obj *obj, void *priv, struct toe_block *b)
{
	const struct plan *p = priv;

	say("%s uploaded %s\n", p->name, toe_status_name(b->status));
}

static void told_backlog(struct toe_obj *obj, void *priv, u32 bytes)
{
	const struct plan *p = priv;

	say("%s backlog %u\n", p->name, bytes);
}

static u32 told_reachability(struct toe_obj *obj, void *priv, u32 nrd)
{
	const struct plan *p = priv;

	say("%s reachability %u\n", p->name, nrd);
	return 17;
}

static const struct toe_host_ops try_host_ops = {
	.offloaded = told_offloaded,
	.retrieve = told_retrieve,
	.aborted = told_aborted,
	.uploaded = told_uploaded,
	.backlog = told_backlog,
	.reachability = told_reachability,
};

static u32 read_all(struct toe_conn *conn, void *priv, struct toe_rx *rx)
{
	LIST_HEAD(one);

	say("received %u\n", rx->length);
	list_add(&rx->link, &one);
	toe_rx_return(&one);
	return TOE_SUCCESS;
}

static const struct toe_consumer_ops try_consumer_ops = {
	.indicate = read_all,
};

#define HEADER(s)	.h = { .length = sizeof(s), .revision = TOE_REVISION }

static struct toe_obj *create(const struct plan *p, unsigned int i)
{
	struct toe_neigh_const nc = { HEADER(nc) };
	struct toe_neigh_cached nv = { HEADER(nv), .dst_len = ETH_ALEN, .dst = { 2, [5] = i } };
	struct toe_path_const pc = { HEADER(pc), .src = { 10, [3] = 1 }, .dst = { 10, [3] = i } };
	struct toe_path_cached pv = { HEADER(pv), .mtu = 1500 };
	struct toe_conn_const cc = {
		HEADER(cc), .remote_port = htons(i), .local_port = htons(5001), .remote_mss = 1460,
	};
	struct toe_conn_cached cv = { HEADER(cv), .initial_rcv_wnd = 65535, .ttl = 64 };
	struct toe_obj *up = p->up < 0 ? NULL : try.objs[p->up];
	void *priv = (void *)p;

	if (p->layer == TOE_NEIGH)
		return toe_neigh_create(try.t, &nc, &nv, &try_host_ops, priv);
	if (p->layer != TOE_CONN)
		return toe_path_create(up, p->layer, &pc, &pv, &try_host_ops, priv);
	return toe_conn_create(up, &cc, &cv, &try_host_ops, priv);
}

static void drop_objects(void)
{
	unsigned int i = ARRAY_SIZE(plan);

	while (i--) {
		toe_obj_put(try.objs[i]);
		try.objs[i] = NULL;
	}
}

static int make_objects(void)
{
	struct toe_obj *obj;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(plan); i++) {
		obj = create(&plan[i], i);
		if (IS_ERR(obj)) {
			drop_objects();
			return PTR_ERR(obj);
		}
		try.objs[i] = obj;
		if (plan[i].layer == TOE_CONN)
			toe_conn_set_consumer(toe_conn_of(obj), &try_consumer_ops, NULL);
	}
	return 0;
}

/*
 * Operations
 */

static const enum toe_class carried[TOE_OPS] = {
	[TOE_INITIATE] = TOE_STATE_ALL,
	[TOE_QUERY] = TOE_STATE_ALL,
	[TOE_UPDATE] = TOE_STATE_CACHED,
	[TOE_INVALIDATE] = TOE_STATE_NONE,
	[TOE_TERMINATE] = TOE_STATE_DELEGATED,
};

static void log_statuses(struct toe_block *b, const char *op)
{
	for (; b; b = b->next) {
		say("%s %s %s\n", op, plan[(uintptr_t)b->protocol_reserved[0]].name,
		    toe_status_name(b->status));
		log_statuses(b->dependents, op);
	}
}

static void op_over(struct toe_op *op)
{
	log_statuses(op->root, op_name[op->type]);
	complete(&try.over);
}

static struct toe_block *add(struct toe_op *op, struct toe_block *up, unsigned int i)
{
	struct toe_block *b = toe_op_add(op, up, try.objs[i], 0, carried[op->type], GFP_KERNEL);
	struct toe_conn_delegated *d;

	if (!b)
		return NULL;
	b->protocol_reserved[0] = (void *)(uintptr_t)i;
	if (plan[i].layer != TOE_CONN || op->type != TOE_INITIATE)
		return b;
	d = toe_block_state(b, TOE_STATE_DELEGATED);
	d->state = TOE_TCP_ESTABLISHED;
	d->ka_delta = TOE_TIMER_OFF;
	d->rt_delta = TOE_TIMER_OFF;
	return b;
}

/* All that are where the operation wants them; parents are there before children. */
static struct toe_op *make_op(enum toe_op_type type)
{
	enum toe_obj_state wanted = type == TOE_INITIATE ? TOE_IN_HOST : TOE_OFFLOADED;
	struct toe_op *op = toe_op_alloc(try.t, type, op_over, NULL, GFP_KERNEL);
	struct toe_block *blocks[ARRAY_SIZE(plan)] = {};
	unsigned int i;

	for (i = 0; op && i < ARRAY_SIZE(plan); i++) {
		if (toe_obj_state(try.objs[i]) != wanted)
			continue;
		blocks[i] = add(op, plan[i].up < 0 ? NULL : blocks[plan[i].up], i);
		if (!blocks[i]) {
			toe_op_free(op);
			return NULL;
		}
	}
	return op;
}

static int run_op(enum toe_op_type type)
{
	struct toe_op *op = make_op(type);
	int err;

	if (!op)
		return -ENOMEM;
	reinit_completion(&try.over);
	err = op->root ? toe_op_submit(op) : -ENOENT;
	if (!err)
		wait_for_completion(&try.over);
	/* done() is called by the worker: it has let go of the operation after this */
	toe_target_flush(try.t);
	toe_op_free(op);
	return err;
}

static void send_over(struct toe_send *s)
{
	say("send %s %u\n", toe_status_name(s->status), s->bytes);
}

static int run_send(u32 flags)
{
	static char byte[1];
	static struct kvec kv = { byte, sizeof(byte) };

	if (try.send.state)
		return -EBUSY;
	iov_iter_kvec(&try.send.iter, ITER_SOURCE, &kv, 1, sizeof(byte));
	try.send.flags = flags;
	try.send.done = send_over;
	return toe_send(toe_conn_of(try.objs[CONNECTION0]), &try.send);
}

static void recv_over(struct toe_recv *r)
{
	say("receive %s %u\n", toe_status_name(r->status), r->bytes);
}

static int run_receive(void)
{
	static struct kvec kv = { try.room, sizeof(try.room) };

	if (try.recv.state)
		return -EBUSY;
	iov_iter_kvec(&try.recv.iter, ITER_DEST, &kv, 1, sizeof(try.room));
	try.recv.done = recv_over;
	return toe_recv(toe_conn_of(try.objs[CONNECTION0]), &try.recv);
}

static struct sk_buff *segment(void)
{
	struct sk_buff *skb = alloc_skb(100, GFP_KERNEL);

	if (skb)
		skb_put_zero(skb, 100);
	return skb;
}

static void forward_over(struct toe_forward *f)
{
	say("forward %s\n", toe_status_name(f->status));
	kfree_skb(f->skb);
}

/* The target takes none, so the core answers. */
static int run_forward(void)
{
	int err;

	if (try.forward.state)
		return -EBUSY;
	try.forward.skb = segment();
	if (!try.forward.skb)
		return -ENOMEM;
	try.forward.done = forward_over;
	err = toe_forward(toe_conn_of(try.objs[CONNECTION0]), &try.forward);
	if (err)
		kfree_skb(try.forward.skb);
	return err;
}

static int run_reachability(void)
{
	u32 size = toe_block_size(TOE_NEIGH, TOE_STATE_ALL), hrd;
	struct toe_block *b = kzalloc(size, GFP_KERNEL);
	int err;

	if (!b)
		return -ENOMEM;
	b->layer = TOE_NEIGH;
	b->state_class = TOE_STATE_ALL;
	b->size = size;
	b->handle = toe_obj_handle(try.objs[0]);
	err = toe_event_reachability(try.t, b, &hrd);
	kfree(b);
	return err;
}

static int run_data(u64 handle)
{
	struct sk_buff *skb = segment();
	int err;

	if (!skb)
		return -ENOMEM;
	local_bh_disable();
	err = toe_receive(try.t, handle, skb, TOE_RX_PSH);
	local_bh_enable();
	if (err)
		kfree_skb(skb);
	return err;
}

static int run_other(const char *word)
{
	u64 handle = toe_obj_handle(try.objs[CONNECTION0]);

	if (!strcmp(word, "send"))
		return run_send(0);
	if (!strcmp(word, "defer"))
		return run_send(TOE_SEND_DEFER);
	if (!strcmp(word, "receive"))
		return run_receive();
	if (!strcmp(word, "forward"))
		return run_forward();
	if (!strcmp(word, "reachability"))
		return run_reachability();
	if (!strcmp(word, "data"))
		return run_data(handle);
	if (!strcmp(word, "pause"))
		toe_signal(try.t, TOE_PAUSE);
	else if (!strcmp(word, "resume"))
		toe_signal(try.t, TOE_RESUME);
	else if (!strcmp(word, "upload-all"))
		toe_signal(try.t, TOE_UPLOAD_ALL);
	else if (!strcmp(word, "retrieve"))
		toe_event_retrieve(try.t, handle, TOE_UPLOAD_WANTED);
	else if (!strcmp(word, "hint"))
		toe_event_retrieve(try.t, handle, TOE_LOW_ACTIVITY);
	else if (!strcmp(word, "abort"))
		toe_event_abort(try.t, handle);
	else if (!strcmp(word, "backlog"))
		toe_event_backlog(try.t, handle, 65536);
	else if (!strcmp(word, "stale"))
		toe_event_abort(try.t, ~0ULL);
	else if (!strcmp(word, "fail"))
		ndk_nic_fail(try.nic, "somebody wanted it");
	else
		return -EINVAL;
	return 0;
}

static int run(const char *word)
{
	int err, i;

	i = match_string(op_name, TOE_OPS, word);
	err = i < 0 ? run_other(word) : run_op(i);
	/* what follows from it is done, too */
	toe_target_flush(try.t);
	return err;
}

static ssize_t do_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	char word[16];
	int err;

	if (len >= sizeof(word))
		return -EINVAL;
	if (copy_from_user(word, buf, len))
		return -EFAULT;
	word[len] = '\0';
	mutex_lock(&try.lock);
	err = run(strim(word));
	mutex_unlock(&try.lock);
	return err ?: len;
}

static const struct file_operations do_fops = {
	.owner = THIS_MODULE,
	.write = do_write,
};

static int log_show(struct seq_file *m, void *v)
{
	mutex_lock(&try.lock);
	spin_lock_bh(&try.log_lock);
	seq_write(m, try.log, try.used);
	if (!seq_has_overflowed(m))
		try.used = 0;
	spin_unlock_bh(&try.log_lock);
	mutex_unlock(&try.lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(log);

static int __init try_init(void)
{
	int err = -ENOMEM;

	mutex_init(&try.lock);
	spin_lock_init(&try.log_lock);
	init_completion(&try.over);
	try.nic = ndk_nic_alloc(&try_nic_ops, NULL);
	if (!try.nic)
		return err;
	try.t = toe_target_register(try.nic, "try", &try_target_ops, NULL, NULL);
	err = PTR_ERR_OR_ZERO(try.t);
	if (err)
		goto free_nic;
	err = make_objects();
	if (err)
		goto unregister;
	try.dir = debugfs_create_dir("ndk_toe_try", NULL);
	debugfs_create_file("do", 0200, try.dir, NULL, &do_fops);
	debugfs_create_file("log", 0400, try.dir, NULL, &log_fops);
	return 0;

unregister:
	toe_target_unregister(try.t);
free_nic:
	ndk_nic_free(try.nic);
	return err;
}

static void __exit try_exit(void)
{
	debugfs_remove(try.dir);
	/* takes everything back; a deferred send has its outcome by then */
	toe_target_unregister(try.t);
	drop_objects();
	ndk_nic_free(try.nic);
	/* contexts, and objects that were dropped */
	rcu_barrier();
}

module_init(try_init);
module_exit(try_exit);

MODULE_DESCRIPTION("Example of an offload target, and a host to try it with");
MODULE_LICENSE("GPL");
