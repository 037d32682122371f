/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Local endpoints: which address and port is in use, and by how many.
 *
 * The connection manager below forgets a port with the ID that was bound to
 * it. An NDK endpoint lives longer: as long as its listener, shared endpoint or
 * connector, and as every connector that came of it (R-NDK-106). So the layer
 * has a table of its own, one for all adapters, and binds within it.
 *
 * All of this runs in process context and may sleep.
 */
#ifndef _NDK_ENDPOINT_H
#define _NDK_ENDPOINT_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/socket.h>
#include <rdma/rdma_cm.h>

/* Where a port is taken from if the consumer leaves the choice to us. */
#define NDK_PORT_FIRST	49152
#define NDK_PORT_LAST	65535

/**
 * struct ndk_endpoint - an address and port in use
 * @node: in the table
 * @refs: who uses it
 * @net_cookie: the network namespace
 * @addr: the address, never the wildcard, and the port, never 0
 * @peers: where its connections lead; of a shared endpoint only
 */
struct ndk_endpoint {
	struct hlist_node node;
	refcount_t refs;
	u64 net_cookie;
	struct sockaddr_storage addr;
	struct list_head peers;
};

/**
 * struct ndk_endpoint_peer - the other side of a connection
 * @link: in @ndk_endpoint.peers
 * @addr: its address and port
 */
struct ndk_endpoint_peer {
	struct list_head link;
	struct sockaddr_storage addr;
};

/**
 * struct ndk_port_of - where an endpoint has to be
 * @dev: the RDMA device
 * @port: its port
 * @net: network namespace of the netdev
 * @ifindex: of the netdev, for link-local addresses
 */
struct ndk_port_of {
	struct ib_device *dev;
	u32 port;
	struct net *net;
	int ifindex;
};

int ndk_sockaddr_copy(struct sockaddr_storage *to, const struct sockaddr *from, u32 len);
int ndk_sockaddr_give(const struct sockaddr_storage *from, struct sockaddr *to, u32 *len);

int ndk_endpoint_bind(struct rdma_cm_id *id, const struct ndk_port_of *where,
		      const struct sockaddr_storage *addr, bool shared,
		      struct ndk_endpoint **ep);
int ndk_endpoint_join(struct ndk_endpoint *ep, struct rdma_cm_id *id,
		      const struct ndk_port_of *where, struct ndk_endpoint_peer *peer,
		      const struct sockaddr_storage *to);
void ndk_endpoint_leave(struct ndk_endpoint *ep, struct ndk_endpoint_peer *peer);
void ndk_endpoint_get(struct ndk_endpoint *ep);
void ndk_endpoint_put(struct ndk_endpoint *ep);

#endif /* _NDK_ENDPOINT_H */
