// SPDX-License-Identifier: GPL-2.0
/*
 * Objects: making, holding, naming, and what they hang below.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "trace.h"

#include "state.h"

static struct kmem_cache *conn_cache;

int __init toe_obj_cache_init(void)
{
	conn_cache = KMEM_CACHE(toe_conn, SLAB_HWCACHE_ALIGN | SLAB_ACCOUNT);
	return conn_cache ? 0 : -ENOMEM;
}

void toe_obj_cache_exit(void)
{
	kmem_cache_destroy(conn_cache);
}

void *toe_obj_state_of(struct toe_obj *obj, unsigned int cls)
{
	bool is_const = cls == TOE_STATE_CONST;

	switch (obj->layer) {
	case TOE_NEIGH:
		return is_const ? (void *)&to_toe_neigh(obj)->c : &to_toe_neigh(obj)->v;
	case TOE_CONN:
		return is_const ? (void *)&to_toe_conn(obj)->c : &to_toe_conn(obj)->v;
	default:
		return is_const ? (void *)&to_toe_path(obj)->c : &to_toe_path(obj)->v;
	}
}

static void *container(struct toe_obj *obj)
{
	switch (obj->layer) {
	case TOE_NEIGH:
		return to_toe_neigh(obj);
	case TOE_CONN:
		return to_toe_conn(obj);
	default:
		return to_toe_path(obj);
	}
}

static struct toe_obj *alloc_obj(enum toe_layer layer)
{
	struct toe_neigh *n;
	struct toe_path *p;
	struct toe_conn *c;

	switch (layer) {
	case TOE_NEIGH:
		n = kzalloc(sizeof(*n), GFP_KERNEL_ACCOUNT);
		return n ? &n->obj : NULL;
	case TOE_CONN:
		c = kmem_cache_zalloc(conn_cache, GFP_KERNEL);
		return c ? &c->obj : NULL;
	default:
		p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
		return p ? &p->obj : NULL;
	}
}

static void free_obj(struct toe_obj *obj)
{
	if (obj->layer == TOE_CONN)
		kmem_cache_free(conn_cache, container(obj));
	else
		kfree(container(obj));
}

void toe_obj_hang(struct toe_obj *obj, struct toe_obj *parent)
{
	obj->parent = parent;
	if (!parent)
		return;
	list_add_tail(&obj->sibling, &parent->children);
	parent->nchildren++;
	if (obj->state != TOE_IN_HOST)
		parent->noffloaded++;
}

void toe_obj_unhang(struct toe_obj *obj)
{
	struct toe_obj *parent = obj->parent;

	if (!parent)
		return;
	list_del(&obj->sibling);
	parent->nchildren--;
	if (obj->state != TOE_IN_HOST)
		parent->noffloaded--;
}

/* Known to the target's lists; the index stays for the object's life. */
static int enter(struct toe_target *t, struct toe_obj *obj, struct toe_obj *parent)
{
	int err;

	err = xa_alloc_bh(&t->handles, &obj->index, obj, xa_limit_31b, GFP_KERNEL);
	if (err)
		return err;
	spin_lock_bh(&t->lock);
	if (t->going) {
		spin_unlock_bh(&t->lock);
		xa_erase_bh(&t->handles, obj->index);
		return -ESHUTDOWN;
	}
	toe_obj_hang(obj, parent);
	t->nobjects++;
	spin_unlock_bh(&t->lock);
	return 0;
}

static struct toe_obj *create(struct toe_target *t, struct toe_obj *parent, enum toe_layer layer,
			      const void *c, const void *v, const struct toe_host_ops *ops,
			      void *priv)
{
	struct toe_obj *obj;
	int err;

	if (!toe_state_ok(layer, TOE_STATE_CONST, c) || !toe_state_ok(layer, TOE_STATE_CACHED, v))
		return ERR_PTR(-EINVAL);
	obj = alloc_obj(layer);
	if (!obj)
		return ERR_PTR(-ENOMEM);
	kref_init(&obj->ref);
	obj->layer = layer;
	obj->target = t;
	obj->host = ops;
	obj->host_priv = priv;
	obj->moved = toe_clock_now(t->clock);
	obj->item.kind = TOE_ITEM_OBJ;
	INIT_LIST_HEAD(&obj->item.link);
	INIT_LIST_HEAD(&obj->children);
	INIT_LIST_HEAD(&obj->waiters);
	INIT_LIST_HEAD(&obj->joined);
	INIT_LIST_HEAD(&obj->want_link);
	memcpy(toe_obj_state_of(obj, TOE_STATE_CONST), c, toe_state_size(layer, TOE_STATE_CONST));
	memcpy(toe_obj_state_of(obj, TOE_STATE_CACHED), v, toe_state_size(layer, TOE_STATE_CACHED));
	if (layer == TOE_CONN)
		toe_dp_init(to_toe_conn(obj));
	err = enter(t, obj, parent);
	if (err) {
		if (layer == TOE_CONN)
			toe_dp_destroy(to_toe_conn(obj));
		free_obj(obj);
		return ERR_PTR(err);
	}
	toe_target_get(t);
	if (parent)
		toe_obj_get(parent);
	return obj;
}

struct toe_obj *toe_neigh_create(struct toe_target *t, const struct toe_neigh_const *c,
				 const struct toe_neigh_cached *v,
				 const struct toe_host_ops *ops, void *priv)
{
	return create(t, NULL, TOE_NEIGH, c, v, ops, priv);
}
EXPORT_SYMBOL_GPL(toe_neigh_create);

struct toe_obj *toe_path_create(struct toe_obj *neigh, enum toe_layer layer,
				const struct toe_path_const *c, const struct toe_path_cached *v,
				const struct toe_host_ops *ops, void *priv)
{
	if (neigh->layer != TOE_NEIGH || !toe_layer_is_path(layer))
		return ERR_PTR(-EINVAL);
	return create(neigh->target, neigh, layer, c, v, ops, priv);
}
EXPORT_SYMBOL_GPL(toe_path_create);

struct toe_obj *toe_conn_create(struct toe_obj *path, const struct toe_conn_const *c,
				const struct toe_conn_cached *v,
				const struct toe_host_ops *ops, void *priv)
{
	if (!toe_layer_is_path(path->layer))
		return ERR_PTR(-EINVAL);
	return create(path->target, path, TOE_CONN, c, v, ops, priv);
}
EXPORT_SYMBOL_GPL(toe_conn_create);

struct toe_obj *toe_obj_get(struct toe_obj *obj)
{
	kref_get(&obj->ref);
	return obj;
}
EXPORT_SYMBOL_GPL(toe_obj_get);

static void free_rcu_cb(struct rcu_head *rcu)
{
	struct toe_obj *obj = container_of(rcu, struct toe_obj, rcu);
	struct toe_target *t = obj->target;

	if (obj->layer == TOE_CONN)
		toe_dp_destroy(to_toe_conn(obj));
	free_obj(obj);
	toe_target_put(t);
}

static void release(struct kref *ref)
{
	struct toe_obj *obj = container_of(ref, struct toe_obj, ref);
	struct toe_obj *parent = obj->parent;
	struct toe_target *t = obj->target;

	spin_lock_bh(&t->lock);
	WARN_ON_ONCE(obj->state != TOE_IN_HOST || obj->nchildren);
	toe_obj_unhang(obj);
	t->nobjects--;
	spin_unlock_bh(&t->lock);
	xa_erase_bh(&t->handles, obj->index);
	call_rcu(&obj->rcu, free_rcu_cb);
	toe_obj_put(parent);
}

void toe_obj_put(struct toe_obj *obj)
{
	if (obj)
		kref_put(&obj->ref, release);
}
EXPORT_SYMBOL_GPL(toe_obj_put);

/*
 * A new place. Away from the host the object has a reference of its own; on the
 * way back the caller puts it once t->lock is dropped.
 */
void toe_obj_move(struct toe_obj *obj, enum toe_obj_state to)
{
	struct toe_target *t = obj->target;

	lockdep_assert_held(&t->lock);
	trace_toe_obj(obj, to);
	if (obj->state == TOE_IN_HOST) {
		toe_obj_get(obj);
		t->noffloaded[obj->layer]++;
		if (obj->parent)
			obj->parent->noffloaded++;
	}
	if (to == TOE_IN_HOST) {
		t->noffloaded[obj->layer]--;
		if (obj->parent)
			obj->parent->noffloaded--;
	}
	WRITE_ONCE(obj->state, to);
	obj->moved = toe_clock_now(t->clock);
}

struct toe_obj *toe_obj_lookup(struct toe_target *t, u64 handle)
{
	struct toe_obj *obj = xa_load(&t->handles, (u32)handle);

	/* pairs with the release in op.c where the handle is given out */
	if (obj && handle && smp_load_acquire(&obj->handle) == handle)
		return obj;
	toe_complain(t, TOE_BAD_HANDLE, "used a handle that is stale or never was");
	return NULL;
}

struct toe_conn *toe_conn_lookup(struct toe_target *t, u64 handle)
{
	struct toe_obj *obj = toe_obj_lookup(t, handle);

	if (!obj)
		return NULL;
	if (obj->layer == TOE_CONN)
		return to_toe_conn(obj);
	toe_complain(t, TOE_BAD_HANDLE, "used the handle of something that is no connection");
	return NULL;
}

unsigned int toe_obj_dependents(const struct toe_obj *obj)
{
	return READ_ONCE(obj->nchildren);
}
EXPORT_SYMBOL_GPL(toe_obj_dependents);

enum toe_obj_state toe_obj_state(const struct toe_obj *obj)
{
	return READ_ONCE(obj->state);
}
EXPORT_SYMBOL_GPL(toe_obj_state);

bool toe_obj_is_invalid(const struct toe_obj *obj)
{
	return test_bit(TOE_OBJ_INVALID, &obj->flags);
}
EXPORT_SYMBOL_GPL(toe_obj_is_invalid);

struct toe_obj *toe_obj_parent(const struct toe_obj *obj)
{
	return READ_ONCE(obj->parent);
}
EXPORT_SYMBOL_GPL(toe_obj_parent);

u64 toe_obj_handle(const struct toe_obj *obj)
{
	return READ_ONCE(obj->handle);
}
EXPORT_SYMBOL_GPL(toe_obj_handle);

const void *toe_obj_const(const struct toe_obj *obj)
{
	return toe_obj_state_of((struct toe_obj *)obj, TOE_STATE_CONST);
}
EXPORT_SYMBOL_GPL(toe_obj_const);

const void *toe_obj_cached(const struct toe_obj *obj)
{
	return toe_obj_state_of((struct toe_obj *)obj, TOE_STATE_CACHED);
}
EXPORT_SYMBOL_GPL(toe_obj_cached);

int toe_obj_set(struct toe_obj *obj, enum toe_class cls, const void *state)
{
	struct toe_target *t = obj->target;
	int err = 0;

	if (cls != TOE_STATE_CONST && cls != TOE_STATE_CACHED)
		return -EINVAL;
	if (!toe_state_ok(obj->layer, cls, state))
		return -EINVAL;
	spin_lock_bh(&t->lock);
	if (obj->state != TOE_IN_HOST)
		err = cls == TOE_STATE_CONST ? -EINVAL : -EBUSY;
	else
		memcpy(toe_obj_state_of(obj, cls), state, toe_state_size(obj->layer, cls));
	spin_unlock_bh(&t->lock);
	return err;
}
EXPORT_SYMBOL_GPL(toe_obj_set);

int toe_path_set_neigh(struct toe_obj *path, struct toe_obj *neigh)
{
	struct toe_target *t = path->target;
	struct toe_obj *old;

	if (!toe_layer_is_path(path->layer) || neigh->layer != TOE_NEIGH || neigh->target != t)
		return -EINVAL;
	spin_lock_bh(&t->lock);
	if (path->state != TOE_IN_HOST) {
		spin_unlock_bh(&t->lock);
		return -EBUSY;
	}
	old = path->parent;
	toe_obj_unhang(path);
	toe_obj_hang(path, toe_obj_get(neigh));
	spin_unlock_bh(&t->lock);
	toe_obj_put(old);
	return 0;
}
EXPORT_SYMBOL_GPL(toe_path_set_neigh);

struct toe_conn *toe_conn_of(struct toe_obj *obj)
{
	return obj->layer == TOE_CONN ? to_toe_conn(obj) : NULL;
}
EXPORT_SYMBOL_GPL(toe_conn_of);

struct toe_obj *toe_conn_obj(struct toe_conn *conn)
{
	return &conn->obj;
}
EXPORT_SYMBOL_GPL(toe_conn_obj);
