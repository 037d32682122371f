// SPDX-License-Identifier: GPL-2.0
/*
 * Local endpoints: the table, binding, and who shares one.
 */
#include <linux/hashtable.h>
#include <linux/inet.h>
#include <linux/jhash.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

#include "endpoint.h"

static DEFINE_HASHTABLE(table, 10);
static DEFINE_MUTEX(table_lock);

static size_t sockaddr_size(const struct sockaddr *addr)
{
	switch (addr->sa_family) {
	case AF_INET:
		return sizeof(struct sockaddr_in);
	case AF_INET6:
		return sizeof(struct sockaddr_in6);
	default:
		return 0;
	}
}

/**
 * ndk_sockaddr_copy() - take an address from the consumer
 * @to: our copy, nothing but what the address needs
 * @from: the consumer's
 * @len: bytes at @from
 *
 * Context: any.
 * Return: 0, or -EINVAL: family unknown, or too short for it.
 */
int ndk_sockaddr_copy(struct sockaddr_storage *to, const struct sockaddr *from, u32 len)
{
	size_t size;

	if (!from || len < offsetofend(struct sockaddr, sa_family))
		return -EINVAL;
	size = sockaddr_size(from);
	if (!size || len < size)
		return -EINVAL;
	memset(to, 0, sizeof(*to));
	memcpy(to, from, size);
	return 0;
}

/**
 * ndk_sockaddr_give() - hand an address to the consumer
 * @from: ours
 * @to: where it goes
 * @len: bytes at @to; what the address needs on return
 *
 * Context: any.
 * Return: 0, or -ENOBUFS: nothing was written but @len.
 */
int ndk_sockaddr_give(const struct sockaddr_storage *from, struct sockaddr *to, u32 *len)
{
	u32 room = *len;

	*len = sockaddr_size((const struct sockaddr *)from);
	if (!to || room < *len)
		return -ENOBUFS;
	memcpy(to, from, *len);
	return 0;
}

static u16 port_of(const struct sockaddr_storage *addr)
{
	return be16_to_cpu(addr->ss_family == AF_INET6 ?
			   ((const struct sockaddr_in6 *)addr)->sin6_port :
			   ((const struct sockaddr_in *)addr)->sin_port);
}

static void set_port(struct sockaddr_storage *addr, u16 port)
{
	if (addr->ss_family == AF_INET6)
		((struct sockaddr_in6 *)addr)->sin6_port = cpu_to_be16(port);
	else
		((struct sockaddr_in *)addr)->sin_port = cpu_to_be16(port);
}

static bool same_sockaddr(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in6 *a6 = (const void *)a, *b6 = (const void *)b;
	const struct sockaddr_in *a4 = (const void *)a, *b4 = (const void *)b;

	if (a->ss_family != b->ss_family || port_of(a) != port_of(b))
		return false;
	if (a->ss_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return ipv6_addr_equal(&a6->sin6_addr, &b6->sin6_addr) &&
	       a6->sin6_scope_id == b6->sin6_scope_id;
}

/* No wildcard, no group: an NDK endpoint is an address of the adapter (5.3). */
static bool is_unicast(const struct sockaddr_storage *addr)
{
	const struct sockaddr_in6 *a6 = (const void *)addr;
	const struct sockaddr_in *a4 = (const void *)addr;

	if (addr->ss_family == AF_INET)
		return a4->sin_addr.s_addr != htonl(INADDR_ANY) &&
		       !ipv4_is_multicast(a4->sin_addr.s_addr);
	return !ipv6_addr_any(&a6->sin6_addr) && !ipv6_addr_is_multicast(&a6->sin6_addr) &&
	       !ipv6_addr_v4mapped(&a6->sin6_addr);
}

/* A link-local address means the one on the adapter's link. */
static void fill_scope(struct sockaddr_storage *addr, int ifindex)
{
	struct sockaddr_in6 *a6 = (void *)addr;

	if (addr->ss_family != AF_INET6)
		return;
	if (!(ipv6_addr_type(&a6->sin6_addr) & IPV6_ADDR_LINKLOCAL))
		a6->sin6_scope_id = 0;
	else if (!a6->sin6_scope_id)
		a6->sin6_scope_id = ifindex;
}

static u32 bucket_of(u64 cookie, u16 port)
{
	return jhash_2words(port, (u32)cookie, 0);
}

static struct ndk_endpoint *find(u64 cookie, const struct sockaddr_storage *addr)
{
	struct ndk_endpoint *ep;

	hash_for_each_possible(table, ep, node, bucket_of(cookie, port_of(addr)))
		if (ep->net_cookie == cookie && same_sockaddr(&ep->addr, addr))
			return ep;
	return NULL;
}

static int ignore_event(struct rdma_cm_id *id, struct rdma_cm_event *event)
{
	return 0;
}

static bool is_bound_to(const struct rdma_cm_id *id, const struct ndk_port_of *where)
{
	return id->device == where->dev && id->port_num == where->port;
}

/*
 * Is the address one of the adapter's? Asked when a bind fails, whose errno
 * says the same of an address that is elsewhere and of a port that is in use.
 */
static bool is_here(const struct ndk_port_of *where, const struct sockaddr_storage *addr)
{
	struct sockaddr_storage any_port = *addr;
	struct rdma_cm_id *id;
	bool here;

	id = rdma_create_id(where->net, ignore_event, NULL, RDMA_PS_TCP, IB_QPT_RC);
	if (IS_ERR(id))
		return true;
	set_port(&any_port, 0);
	here = !rdma_bind_addr(id, (struct sockaddr *)&any_port) && is_bound_to(id, where);
	rdma_destroy_id(id);
	return here;
}

static int bind_error(const struct ndk_port_of *where, const struct sockaddr_storage *addr,
		      int err)
{
	if (err == -ENOMEM)
		return err;
	return is_here(where, addr) ? -EADDRINUSE : -EADDRNOTAVAIL;
}

static int bind_id(struct rdma_cm_id *id, const struct ndk_port_of *where,
		   const struct sockaddr_storage *addr)
{
	int err = rdma_bind_addr(id, (struct sockaddr *)addr);

	if (err)
		return bind_error(where, addr, err);
	/* the address may be there and belong to another adapter */
	return is_bound_to(id, where) ? 0 : -EADDRNOTAVAIL;
}

/*
 * The first free port from a random one on. Ports that others have bound at
 * the connection manager are not in our table; those cost a failed bind.
 */
static int bind_any(struct rdma_cm_id *id, const struct ndk_port_of *where,
		    struct sockaddr_storage *addr)
{
	u32 count = NDK_PORT_LAST - NDK_PORT_FIRST + 1;
	u32 start = get_random_u32_below(count), i;
	int err;

	for (i = 0; i < count; i++) {
		set_port(addr, NDK_PORT_FIRST + (start + i) % count);
		if (find(where->net->net_cookie, addr))
			continue;
		err = bind_id(id, where, addr);
		if (err != -EADDRINUSE)
			return err;
		cond_resched();
	}
	return -EUSERS;
}

static int bind_locked(struct rdma_cm_id *id, const struct ndk_port_of *where,
		       struct ndk_endpoint *ep)
{
	int err;

	if (!port_of(&ep->addr))
		err = bind_any(id, where, &ep->addr);
	else if (find(ep->net_cookie, &ep->addr))
		err = -EADDRINUSE;
	else
		err = bind_id(id, where, &ep->addr);
	if (!err)
		hash_add(table, &ep->node, bucket_of(ep->net_cookie, port_of(&ep->addr)));
	return err;
}

/**
 * ndk_endpoint_bind() - take an address and port
 * @id: what is bound to it at the connection manager; not bound yet
 * @where: the adapter it has to be on
 * @addr: address and port; port 0 leaves the choice to us
 * @shared: others will join
 * @ep: the endpoint, one reference the caller's
 *
 * If it fails, @id may be bound to something: the caller destroys it.
 *
 * Return: 0, or -EADDRINUSE, -EADDRNOTAVAIL (not an address of the adapter),
 * -EUSERS (port 0 and none is free), -ENOMEM.
 */
int ndk_endpoint_bind(struct rdma_cm_id *id, const struct ndk_port_of *where,
		      const struct sockaddr_storage *addr, bool shared,
		      struct ndk_endpoint **ep)
{
	struct ndk_endpoint *new;
	int err;

	if (!is_unicast(addr))
		return -EADDRNOTAVAIL;
	if (shared) {
		err = rdma_set_reuseaddr(id, 1);
		if (err)
			return err;
	}
	new = kzalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	refcount_set(&new->refs, 1);
	INIT_LIST_HEAD(&new->peers);
	new->net_cookie = where->net->net_cookie;
	new->addr = *addr;
	fill_scope(&new->addr, where->ifindex);

	mutex_lock(&table_lock);
	err = bind_locked(id, where, new);
	mutex_unlock(&table_lock);
	if (err) {
		kfree(new);
		return err;
	}
	*ep = new;
	return 0;
}

/**
 * ndk_endpoint_join() - one more connection over a shared endpoint
 * @ep: the endpoint; the caller's reference on it is what keeps it
 * @id: of the connection, not bound yet
 * @where: the adapter
 * @peer: in the list of the endpoint's peers until ndk_endpoint_leave()
 * @to: the other side
 *
 * Return: 0, -EEXIST if there is a connection to the same address and port
 * (R-NDK-108), or as ndk_endpoint_bind().
 */
int ndk_endpoint_join(struct ndk_endpoint *ep, struct rdma_cm_id *id,
		      const struct ndk_port_of *where, struct ndk_endpoint_peer *peer,
		      const struct sockaddr_storage *to)
{
	struct ndk_endpoint_peer *other;
	int err;

	err = rdma_set_reuseaddr(id, 1);
	if (err)
		return err;
	peer->addr = *to;
	mutex_lock(&table_lock);
	list_for_each_entry(other, &ep->peers, link)
		if (same_sockaddr(&other->addr, to))
			err = -EEXIST;
	if (!err)
		err = bind_id(id, where, &ep->addr);
	if (!err)
		list_add(&peer->link, &ep->peers);
	mutex_unlock(&table_lock);
	return err;
}

/**
 * ndk_endpoint_leave() - a connection over a shared endpoint is gone
 * @ep: the endpoint
 * @peer: as joined
 */
void ndk_endpoint_leave(struct ndk_endpoint *ep, struct ndk_endpoint_peer *peer)
{
	mutex_lock(&table_lock);
	list_del_init(&peer->link);
	mutex_unlock(&table_lock);
}

/**
 * ndk_endpoint_get() - one more user
 * @ep: the endpoint
 */
void ndk_endpoint_get(struct ndk_endpoint *ep)
{
	refcount_inc(&ep->refs);
}

/**
 * ndk_endpoint_put() - one user less; the last one frees address and port
 * @ep: the endpoint
 */
void ndk_endpoint_put(struct ndk_endpoint *ep)
{
	if (!refcount_dec_and_mutex_lock(&ep->refs, &table_lock))
		return;
	hash_del(&ep->node);
	mutex_unlock(&table_lock);
	WARN_ON(!list_empty(&ep->peers));
	kfree(ep);
}
