// SPDX-License-Identifier: GPL-2.0
/*
 * The target of the offload tests, see toe_mock.h.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "toe_mock.h"

static const char * const op_names[TOE_OPS] = {
	"initiate", "query", "update", "invalidate", "terminate",
};

static const u32 entries_code[TOE_LAYERS] = {
	[TOE_NEIGH] = TOE_NEIGHBOR_ENTRIES,
	[TOE_PATH4] = TOE_PATH_ENTRIES,
	[TOE_PATH6] = TOE_PATH_ENTRIES,
	[TOE_CONN] = TOE_TCP_ENTRIES,
};

static const struct {
	u32 status;
	const char *name;
} statuses[] = {
#define S(name) { TOE_##name, #name }
	S(SUCCESS), S(FAILURE), S(RESOURCES), S(INVALID_STATE), S(REQUEST_ABORTED),
	S(UPLOAD_IN_PROGRESS), S(REQUEST_UPLOAD), S(UPLOAD_REQUESTED), S(TCP_ENTRIES),
	S(PATH_ENTRIES), S(NEIGHBOR_ENTRIES), S(IP_ADDRESS_ENTRIES), S(HW_ADDRESS_ENTRIES),
	S(VLAN_ENTRIES), S(TCP_XMIT_BUFFER), S(TCP_RCV_BUFFER), S(TCP_RCV_WINDOW),
	S(VLAN_MISMATCH), S(DATA_NOT_ACCEPTED), S(POLICY), S(DATA_PARTIALLY_ACCEPTED),
	S(PARTIAL_SUCCESS), S(PATH_MTU), S(CONNECTION_REJECTED), S(UNWRITTEN),
	S(PENDING), S(BUFFER_OVERFLOW), S(MORE_PROCESSING),
#undef S
};

/* As the contract spells them. */
const char *tmock_status(u32 status)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].name;
	return "?";
}

const char *tmock_op_name(enum toe_op_type type)
{
	return op_names[type];
}

/* Any context. What does not fit makes the comparison fail, and is seen there. */
void tlog(struct tlog *log, const char *fmt, ...)
{
	unsigned long flags;
	char word[TLOG_WORD];
	va_list args;
	int len;

	if (READ_ONCE(log->off))
		return;
	va_start(args, fmt);
	len = vscnprintf(word, sizeof(word) - 2, fmt, args);
	va_end(args);
	word[len++] = ';';
	word[len++] = ' ';
	spin_lock_irqsave(&log->lock, flags);
	if (log->used + len < TLOG_SIZE) {
		memcpy(log->text + log->used, word, len);
		log->used += len;
		log->text[log->used] = '\0';
	}
	spin_unlock_irqrestore(&log->lock, flags);
}

void tlog_clear(struct tlog *log)
{
	unsigned long flags;

	spin_lock_irqsave(&log->lock, flags);
	log->used = 0;
	log->text[0] = '\0';
	spin_unlock_irqrestore(&log->lock, flags);
}

void tmock_call(struct tmock *m, const struct toe_obj *obj, const char *name)
{
	struct tmock_named *n;

	if (m->nnames == TMOCK_NAMES)
		return;
	n = &m->names[m->nnames];
	strscpy(n->name, name, sizeof(n->name));
	n->obj = obj;
	/* pairs with the acquire in tmock_name() */
	smp_store_release(&m->nnames, m->nnames + 1);
}

const char *tmock_name(struct tmock *m, const struct toe_obj *obj)
{
	/* pairs with the release in tmock_call() */
	unsigned int i, n = smp_load_acquire(&m->nnames);

	if (!obj)
		return "-";
	for (i = 0; i < n; i++)
		if (m->names[i].obj == obj)
			return m->names[i].name;
	return "?";
}

static void ka_expired(struct toe_timer *t)
{
	container_of(t, struct tmock_ctx, ka)->ka_fired++;
}

static void rt_expired(struct toe_timer *t)
{
	container_of(t, struct tmock_ctx, rt)->rt_fired++;
}

static void arm(struct toe_timer *t, s32 delta)
{
	if (delta != TOE_TIMER_OFF)
		toe_timer_arm(t, delta);
}

static void copy_class(struct tmock *m, struct toe_block *b, unsigned int cls, void *to)
{
	struct toe_state_header *from = toe_block_state(b, cls);

	if (!from || from->length != toe_state_size(b->layer, cls) ||
	    from->revision != TOE_REVISION) {
		m->bad_class++;
		return;
	}
	memcpy(to, from, from->length);
}

/* What the contract lets a target object to, in the order of toe.md 2.3. */
static u32 judge(struct tmock *m, struct tmock_ctx *ctx)
{
	switch (ctx->layer) {
	case TOE_NEIGH:
		if (ctx->k.n.src_len && !m->caps.source_mac)
			return TOE_HW_ADDRESS_ENTRIES;
		if (ctx->k.n.vlan_id && ctx->k.n.vlan_id != m->vlan)
			return TOE_VLAN_MISMATCH;
		return TOE_SUCCESS;
	case TOE_CONN:
		return ctx->v.c.initial_rcv_wnd > TMOCK_RCV_WND ? TOE_TCP_RCV_WINDOW : TOE_SUCCESS;
	default:
		return ctx->v.p.mtu > TMOCK_MTU ? TOE_PATH_MTU : TOE_SUCCESS;
	}
}

static u32 take_room(struct tmock *m, unsigned int layer)
{
	u32 status = TOE_SUCCESS;
	unsigned long flags;

	spin_lock_irqsave(&m->lock, flags);
	swap(status, m->refuse[layer]);
	if (status == TOE_SUCCESS && m->room[layer] >= 0 && m->live[layer] >= m->room[layer])
		status = entries_code[layer];
	if (status == TOE_SUCCESS)
		m->live[layer]++;
	spin_unlock_irqrestore(&m->lock, flags);
	return status;
}

static void give_room(struct tmock *m, unsigned int layer)
{
	unsigned long flags;

	spin_lock_irqsave(&m->lock, flags);
	m->live[layer]--;
	spin_unlock_irqrestore(&m->lock, flags);
}

static struct tmock_ctx *new_ctx(struct tmock *m, struct toe_block *b, struct tmock_ctx *parent)
{
	struct tmock_ctx *ctx = kzalloc(sizeof(*ctx), GFP_ATOMIC);

	if (!ctx)
		return NULL;
	ctx->magic = TMOCK_MAGIC;
	ctx->layer = b->layer;
	ctx->parent = parent;
	ctx->handle = b->handle;
	ctx->obj = b->object;
	copy_class(m, b, TOE_STATE_CONST, &ctx->k);
	copy_class(m, b, TOE_STATE_CACHED, &ctx->v);
	copy_class(m, b, TOE_STATE_DELEGATED, &ctx->d);
	toe_timer_init(&ctx->ka, toe_target_clock(m->t), ka_expired);
	toe_timer_init(&ctx->rt, toe_target_clock(m->t), rt_expired);
	return ctx;
}

/* For toe_initiate_each() and for walks of a test's own. */
u32 tmock_store(struct toe_target *t, struct toe_block *b, void *parent, void *arg)
{
	struct tmock *m = toe_target_priv(t);
	struct tmock_ctx *ctx = NULL;
	unsigned long flags;
	u32 status;

	if (parent && ((struct tmock_ctx *)parent)->magic != TMOCK_MAGIC)
		m->bad_ctx++;
	status = take_room(m, b->layer);
	if (status != TOE_SUCCESS)
		return status;
	ctx = new_ctx(m, b, parent);
	status = ctx ? judge(m, ctx) : TOE_RESOURCES;
	if (status != TOE_SUCCESS) {
		give_room(m, b->layer);
		kfree(ctx);
		return status;
	}
	if (b->layer == TOE_CONN) {
		/* lent sends are shown by the block, before any other */
		ctx->shown = b->nsends;
		arm(&ctx->ka, ctx->d.c.ka_delta);
		arm(&ctx->rt, ctx->d.c.rt_delta);
	}
	spin_lock_irqsave(&m->lock, flags);
	list_add_tail(&ctx->link, &m->ctxs);
	spin_unlock_irqrestore(&m->lock, flags);
	*b->ctx = ctx;
	return TOE_SUCCESS;
}

static void drop_ctx(struct tmock *m, struct tmock_ctx *ctx)
{
	unsigned long flags;

	toe_timer_stop(&ctx->ka);
	toe_timer_stop(&ctx->rt);
	spin_lock_irqsave(&m->lock, flags);
	list_del(&ctx->link);
	m->live[ctx->layer]--;
	ctx->magic = TMOCK_DEAD;
	spin_unlock_irqrestore(&m->lock, flags);
	kfree_rcu(ctx, rcu);
}

static struct tmock_ctx *check_ctx(struct tmock *m, void *p)
{
	struct tmock_ctx *ctx = p;

	/* a call that was executing when the terminate came sees a dead one */
	if (!ctx || (ctx->magic != TMOCK_MAGIC && !(m->racy && ctx->magic == TMOCK_DEAD)))
		m->bad_ctx++;
	return ctx;
}

static void fill(struct toe_block *b, struct tmock_ctx *ctx)
{
	struct toe_conn_delegated *d = toe_block_state(b, TOE_STATE_DELEGATED);
	void *k = toe_block_state(b, TOE_STATE_CONST);
	void *v = toe_block_state(b, TOE_STATE_CACHED);

	if (k)
		memcpy(k, &ctx->k, toe_state_size(b->layer, TOE_STATE_CONST));
	if (v)
		memcpy(v, &ctx->v, toe_state_size(b->layer, TOE_STATE_CACHED));
	if (!d)
		return;
	if (b->layer == TOE_CONN) {
		ctx->d.c.buffered = d->buffered;
		ctx->d.c.valid_for = d->valid_for;
		ctx->d.c.ka_delta = toe_timer_left(&ctx->ka);
		ctx->d.c.rt_delta = toe_timer_left(&ctx->rt);
	}
	memcpy(d, &ctx->d, toe_state_size(b->layer, TOE_STATE_DELEGATED));
}

static bool is_below(const struct tmock_ctx *ctx, const struct tmock_ctx *top)
{
	for (; ctx; ctx = ctx->parent)
		if (ctx == top)
			return true;
	return false;
}

static void mark_invalid(struct tmock *m, struct tmock_ctx *top)
{
	struct tmock_ctx *ctx;
	unsigned long flags;

	spin_lock_irqsave(&m->lock, flags);
	list_for_each_entry(ctx, &m->ctxs, link)
		if (is_below(ctx, top))
			ctx->invalid = true;
	spin_unlock_irqrestore(&m->lock, flags);
}

static void update_one(struct tmock *m, struct toe_walk *w, struct tmock_ctx *ctx)
{
	struct toe_block *up = toe_walk_parent(w);

	if (toe_block_state(w->at, TOE_STATE_CACHED))
		copy_class(m, w->at, TOE_STATE_CACHED, &ctx->v);
	else if (up && up->ctx)
		ctx->parent = *up->ctx;
}

static void abort_sends(struct tmock *m, struct tmock_ctx *ctx)
{
	local_bh_disable();
	toe_send_abort(m->t, ctx->handle, m->abort_sends);
	local_bh_enable();
}

static u32 perform_one(struct tmock_pending *p, struct toe_walk *w)
{
	struct tmock *m = p->m;
	struct tmock_ctx *ctx = check_ctx(m, *w->at->ctx);
	u32 status = toe_fault(m->t, w->at->layer, p->type);

	if (status == TOE_SUCCESS)
		status = m->answer[p->type];
	if (status == TOE_SUCCESS && ctx->corrupt)
		status = TOE_FAILURE;
	if (status != TOE_SUCCESS && ctx->corrupt && ctx->layer == TOE_CONN &&
	    p->nlost < TMOCK_LOST)
		p->lost[p->nlost++] = ctx->handle;
	if (p->type == TOE_TERMINATE && m->abort_sends && ctx->layer == TOE_CONN)
		abort_sends(m, ctx);
	if (status == TOE_SUCCESS)
		switch (p->type) {
		case TOE_UPDATE:
			update_one(m, w, ctx);
			break;
		case TOE_INVALIDATE:
			mark_invalid(m, ctx);
			break;
		default:
			fill(w->at, ctx);
		}
	if (p->type == TOE_TERMINATE)
		drop_ctx(m, ctx);
	return status;
}

static void perform(struct tmock_pending *p)
{
	struct tmock *m = p->m;
	enum toe_role role;
	struct toe_walk w;

	if (p->performed)
		return;
	p->performed = true;
	if (p->type == TOE_INITIATE) {
		toe_initiate_each(m->t, p->root, tmock_store, NULL);
		return;
	}
	for (toe_walk_start(&w, p->root); w.at; toe_walk_next(&w)) {
		role = toe_block_role(p->type, w.at);
		if (role == TOE_ROLE_SUBJECT)
			w.at->status = perform_one(p, &w);
		else
			w.at->status = TOE_SUCCESS;
	}
	m->answer[p->type] = TOE_SUCCESS;
}

static void raise(struct tmock_pending *p)
{
	unsigned int i;

	if (p->type == TOE_TERMINATE)
		return;
	for (i = 0; i < p->nlost; i++) {
		toe_event_retrieve(p->m->t, p->lost[i], TOE_HARDWARE_FAILURE);
		toe_event_abort(p->m->t, p->lost[i]);
	}
	p->nlost = 0;
}

/* Not on the list any more. */
static void finish(struct tmock_pending *p)
{
	struct tmock *m = p->m;

	perform(p);
	if (m->events_first)
		raise(p);
	toe_complete(m->t, p->root);
	raise(p);
	kfree_rcu(p, rcu);
}

static struct tmock_pending *find(struct tmock *m, int type, bool newest)
{
	struct tmock_pending *p, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&m->lock, flags);
	list_for_each_entry(p, &m->pending, link) {
		if (type >= 0 && p->type != type)
			continue;
		if (!found || newest)
			found = p;
	}
	if (found)
		list_del_init(&found->link);
	spin_unlock_irqrestore(&m->lock, flags);
	return found;
}

static enum hrtimer_restart finish_timer(struct hrtimer *timer)
{
	finish(container_of(timer, struct tmock_pending, timer));
	return HRTIMER_NORESTART;
}

static void finish_work(struct work_struct *work)
{
	finish(container_of(work, struct tmock_pending, work));
}

static void start_timer(struct tmock_pending *p, enum hrtimer_mode mode)
{
	hrtimer_init(&p->timer, CLOCK_MONOTONIC, mode);
	p->timer.function = finish_timer;
	hrtimer_start(&p->timer, ns_to_ktime(20 * NSEC_PER_USEC), mode);
}

static void start(struct tmock_pending *p)
{
	struct tmock *m = p->m;
	unsigned long flags;

	switch (m->when[p->type]) {
	case TMOCK_INLINE:
		finish(p);
		break;
	case TMOCK_SOFTIRQ:
		start_timer(p, HRTIMER_MODE_REL_SOFT);
		break;
	case TMOCK_HARDIRQ:
		/* only the completion call is fit for a hard interrupt */
		perform(p);
		start_timer(p, HRTIMER_MODE_REL);
		break;
	case TMOCK_WORK:
		INIT_WORK(&p->work, finish_work);
		queue_work(system_wq, &p->work);
		break;
	default:
		spin_lock_irqsave(&m->lock, flags);
		list_add_tail(&p->link, &m->pending);
		spin_unlock_irqrestore(&m->lock, flags);
	}
}

static void operation(struct toe_target *t, enum toe_op_type type, struct toe_block *root)
{
	struct tmock *m = toe_target_priv(t);
	struct tmock_pending *p;
	unsigned long flags;

	spin_lock_irqsave(&m->lock, flags);
	m->calls[type]++;
	if (in_hardirq())
		m->bad_context++;
	spin_unlock_irqrestore(&m->lock, flags);
	tlog(&m->log, "+%s %s", op_names[type], tmock_name(m, root->object));
	if (m->on_call && m->on_call(m, type, root))
		return;
	p = kzalloc(sizeof(*p), GFP_ATOMIC);
	if (WARN_ON(!p))
		return;
	p->m = m;
	p->type = type;
	p->root = root;
	INIT_LIST_HEAD(&p->link);
	/* an object is stored by the call, whenever that is completed (E3) */
	if (type == TOE_INITIATE)
		perform(p);
	start(p);
}

static void mock_initiate(struct toe_target *t, struct toe_block *root)
{
	operation(t, TOE_INITIATE, root);
}

static void mock_query(struct toe_target *t, struct toe_block *root)
{
	operation(t, TOE_QUERY, root);
}

static void mock_update(struct toe_target *t, struct toe_block *root)
{
	operation(t, TOE_UPDATE, root);
}

static void mock_invalidate(struct toe_target *t, struct toe_block *root)
{
	operation(t, TOE_INVALIDATE, root);
}

static void mock_terminate(struct toe_target *t, struct toe_block *root)
{
	operation(t, TOE_TERMINATE, root);
}

static void mock_caps(struct toe_target *t, struct toe_caps *caps)
{
	struct tmock *m = toe_target_priv(t);

	m->caps_read++;
	tlog(&m->log, "+caps");
	*caps = m->caps;
}

static void log_sends(struct tmock *m, struct tmock_ctx *ctx, struct toe_send *s, u32 count)
{
	static const char * const kind[] = { "", "+fin", "+rst", "+finrst" };
	u32 i;

	for (i = 0; i < count; i++) {
		tlog(&m->log, "+send %s %zu%s", tmock_name(m, ctx->obj), iov_iter_count(&s->iter),
		     kind[s->flags >> 1 & 3]);
		if (i + 1 < count)
			s = toe_send_next(s);
	}
}

static void mock_send(struct toe_target *t, void *p, struct toe_send *first, u32 count)
{
	struct tmock *m = toe_target_priv(t);
	struct tmock_ctx *ctx = check_ctx(m, p);

	if (!m->log.off)
		log_sends(m, ctx, first, count);
	ctx->shown += count;
	if (m->on_send)
		m->on_send(m, ctx, first, count);
}

static void mock_recv_posted(struct toe_target *t, void *p, u32 bytes)
{
	struct tmock *m = toe_target_priv(t);
	struct tmock_ctx *ctx = check_ctx(m, p);

	ctx->posted++;
	if (m->verbose)
		tlog(&m->log, "+recv %s %u", tmock_name(m, ctx->obj), bytes);
}

static void mock_consumed(struct toe_target *t, void *p, u32 bytes)
{
	struct tmock *m = toe_target_priv(t);
	struct tmock_ctx *ctx = check_ctx(m, p);

	ctx->consumed += bytes;
	if (m->verbose)
		tlog(&m->log, "+consumed %s %u", tmock_name(m, ctx->obj), bytes);
}

static void mock_forward(struct toe_target *t, void *p, struct toe_forward *f)
{
	struct tmock *m = toe_target_priv(t);
	struct tmock_ctx *ctx = check_ctx(m, p);
	unsigned long flags;

	tlog(&m->log, "+forward %s", tmock_name(m, ctx->obj));
	if (m->forward_now != TOE_UNWRITTEN) {
		toe_forward_done(t, f, m->forward_now);
		return;
	}
	spin_lock_irqsave(&m->lock, flags);
	if (m->nforwards < TMOCK_FORWARDS)
		m->forwards[m->nforwards++] = f;
	spin_unlock_irqrestore(&m->lock, flags);
}

static void mock_set_params(struct toe_target *t, const struct toe_params *params)
{
	struct tmock *m = toe_target_priv(t);

	m->params = *params;
	m->nparams++;
}

const struct toe_target_ops tmock_ops = {
	.owner = THIS_MODULE,
	.kind = "mock",
	.caps = mock_caps,
	.initiate = mock_initiate,
	.query = mock_query,
	.update = mock_update,
	.invalidate = mock_invalidate,
	.terminate = mock_terminate,
	.send = mock_send,
	.recv_posted = mock_recv_posted,
	.consumed = mock_consumed,
	.forward = mock_forward,
	.set_params = mock_set_params,
};

/* An adapter that is never registered; nothing of it but its life is needed. */
static const struct ndk_nic_ops plain_nic_ops = {
	.owner = THIS_MODULE,
	.kind = "toe-mock",
};

struct tmock *tmock_new(struct ndk_nic *nic, const struct toe_target_ops *ops)
{
	struct tmock *m = kvzalloc(sizeof(*m), GFP_KERNEL);
	static atomic_t number;
	char name[16];
	int i;

	if (!m)
		return NULL;
	snprintf(name, sizeof(name), "mock%d", atomic_inc_return(&number));
	spin_lock_init(&m->lock);
	spin_lock_init(&m->log.lock);
	INIT_LIST_HEAD(&m->ctxs);
	INIT_LIST_HEAD(&m->pending);
	for (i = 0; i < TOE_LAYERS; i++)
		m->room[i] = -1;
	m->forward_now = TOE_SUCCESS;
	m->vlan = TMOCK_VLAN;
	m->caps = (struct toe_caps){
		.ipv4 = true, .ipv6 = true, .sack = true,
		.max_conns = TMOCK_CONNS,
		.max_mtu = TMOCK_MTU,
		.max_rcv_wnd = TMOCK_RCV_WND,
	};
	toe_clock_init(&m->clock, 1000, true);
	m->own_nic = !nic;
	m->nic = nic ?: ndk_nic_alloc(&plain_nic_ops, m);
	if (m->nic)
		m->t = toe_target_register(m->nic, name, ops ?: &tmock_ops, m, &m->clock);
	if (IS_ERR_OR_NULL(m->t)) {
		if (m->own_nic && m->nic)
			ndk_nic_free(m->nic);
		kvfree(m);
		return NULL;
	}
	tlog_clear(&m->log);
	return m;
}

/* Whatever the test left undone is done now: nothing of the core waits for us. */
static void be_good(struct tmock *m)
{
	int i;

	m->on_call = NULL;
	m->on_send = NULL;
	m->events_first = false;
	for (i = 0; i < TOE_OPS; i++)
		m->when[i] = TMOCK_INLINE;
	for (i = 0; i < TOE_LAYERS; i++)
		m->refuse[i] = TOE_SUCCESS;
	tmock_finish_all(m);
}

/* Takes everything back; objects may still name the target. */
void tmock_retire(struct tmock *m)
{
	be_good(m);
	toe_target_unregister(m->t);
}

void tmock_free(struct tmock *m)
{
	if (m->own_nic)
		ndk_nic_free(m->nic);
	kvfree(m);
}

/* The root of the oldest one, which it keeps. */
struct toe_block *tmock_peek(struct tmock *m, enum toe_op_type type)
{
	struct toe_block *root = NULL;
	struct tmock_pending *p;
	unsigned long flags;

	spin_lock_irqsave(&m->lock, flags);
	list_for_each_entry(p, &m->pending, link)
		if (p->type == type && !root)
			root = p->root;
	spin_unlock_irqrestore(&m->lock, flags);
	return root;
}

unsigned int tmock_pending(struct tmock *m)
{
	unsigned long flags;
	unsigned int n;

	spin_lock_irqsave(&m->lock, flags);
	n = list_count_nodes(&m->pending);
	spin_unlock_irqrestore(&m->lock, flags);
	return n;
}

/* Completes the oldest operation of a type; false if there is none. */
bool tmock_finish(struct tmock *m, enum toe_op_type type)
{
	struct tmock_pending *p = find(m, type, false);

	if (p)
		finish(p);
	return p;
}

bool tmock_finish_newest(struct tmock *m, enum toe_op_type type)
{
	struct tmock_pending *p = find(m, type, true);

	if (p)
		finish(p);
	return p;
}

void tmock_finish_all(struct tmock *m)
{
	struct tmock_pending *p;

	while ((p = find(m, -1, false)))
		finish(p);
}

/* Performs the oldest one and leaves its completion to the test. */
struct toe_block *tmock_steal(struct tmock *m, enum toe_op_type type)
{
	struct tmock_pending *p = find(m, type, false);
	struct toe_block *root;

	if (!p)
		return NULL;
	perform(p);
	root = p->root;
	kfree_rcu(p, rcu);
	return root;
}

struct tmock_ctx *tmock_ctx(struct tmock *m, const struct toe_obj *obj)
{
	struct tmock_ctx *ctx, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&m->lock, flags);
	list_for_each_entry(ctx, &m->ctxs, link)
		if (ctx->obj == obj)
			found = ctx;
	spin_unlock_irqrestore(&m->lock, flags);
	return found;
}

struct sk_buff *tmock_skb(u32 first, u32 bytes)
{
	struct sk_buff *skb = alloc_skb(bytes, GFP_ATOMIC);
	u32 i;

	if (!skb)
		return NULL;
	for (i = 0; i < bytes; i++)
		*(u8 *)skb_put(skb, 1) = first + i;
	return skb;
}

int tmock_rx(struct tmock *m, const struct toe_obj *obj, u32 first, u32 bytes, u32 flags)
{
	struct sk_buff *skb = bytes ? tmock_skb(first, bytes) : NULL;
	int err;

	if (bytes && !skb)
		return -ENOMEM;
	local_bh_disable();
	err = toe_receive(m->t, toe_obj_handle(obj), skb, flags);
	local_bh_enable();
	if (err)
		kfree_skb(skb);
	return err;
}

void tmock_ack(struct tmock *m, const struct toe_obj *obj, u32 bytes)
{
	local_bh_disable();
	toe_send_acked(m->t, toe_obj_handle(obj), bytes, false);
	local_bh_enable();
}

MODULE_DESCRIPTION("KUnit tests of the offload core");
MODULE_LICENSE("GPL");
