// SPDX-License-Identifier: GPL-2.0
/*
 * Network namespaces: one socket per address family, shared by the devices of
 * a namespace, there from the first device to the last.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <net/ipv6.h>
#include <net/netns/generic.h>
#include <net/sock.h>
#include <net/udp_tunnel.h>

#include "softroce.h"

static unsigned int sr_net_id;

struct sr_net *sr_net_of(struct net *net)
{
	return net_generic(net, sr_net_id);
}

static int open_socket(struct sr_net *sn, int family, struct socket **sock)
{
	struct udp_port_cfg cfg = {
		.family = family,
		.local_udp_port = htons(SR_UDP_PORT),
		.ipv6_v6only = 1,
	};
	struct udp_tunnel_sock_cfg tunnel = {
		.sk_user_data = sn,
		.encap_type = 1,
		.encap_rcv = sr_rx,
	};
	int err = udp_sock_create(sn->net, &cfg, sock);

	if (err)
		return err;
	setup_udp_tunnel_sock(sn->net, *sock, &tunnel);
	return 0;
}

static void close_socket(struct socket **sock)
{
	if (*sock)
		udp_tunnel_sock_release(*sock);
	*sock = NULL;
}

/* IPv6 may be compiled out, not loaded, or turned off at boot. */
static int open_socket6(struct sr_net *sn)
{
	int err;

	if (!IS_ENABLED(CONFIG_IPV6) || !ipv6_mod_enabled())
		return 0;
	err = open_socket(sn, AF_INET6, &sn->sk6);
	return err == -EAFNOSUPPORT || err == -EPFNOSUPPORT ? 0 : err;
}

static int open_sockets(struct sr_net *sn)
{
	int err;

	err = open_socket(sn, AF_INET, &sn->sk4);
	if (!err)
		err = open_socket6(sn);
	if (!err)
		return 0;
	close_socket(&sn->sk4);
	if (err == -EADDRINUSE)
		pr_err("UDP port %d is taken in this network namespace (rdma_rxe?)\n",
		       SR_UDP_PORT);
	else
		pr_err("no socket on UDP port %d: error %d\n", SR_UDP_PORT, err);
	return err;
}

/**
 * sr_net_get() - one more device in this namespace
 * @sn: the namespace
 *
 * Return: 0, -EADDRINUSE if somebody else has the RoCEv2 port, or another
 * negative errno.
 */
int sr_net_get(struct sr_net *sn)
{
	int err = 0;

	mutex_lock(&sn->mutex);
	if (!sn->users)
		err = open_sockets(sn);
	if (!err)
		sn->users++;
	mutex_unlock(&sn->mutex);
	return err;
}

/**
 * sr_net_put() - one device less
 * @sn: the namespace
 */
void sr_net_put(struct sr_net *sn)
{
	mutex_lock(&sn->mutex);
	if (!--sn->users) {
		close_socket(&sn->sk6);
		close_socket(&sn->sk4);
		wake_up_all(&sn->idle);
	}
	mutex_unlock(&sn->mutex);
}

static int __net_init net_init(struct net *net)
{
	struct sr_net *sn = sr_net_of(net);

	sn->net = net;
	mutex_init(&sn->mutex);
	sr_table_init(&sn->qps, sn->qps_front, SR_FRONT_QPS);
	/* a number reused at once after a restart meets packets of its past */
	sn->qps.next = get_random_u32() & 0xffffff;
	INIT_LIST_HEAD(&sn->devs);
	INIT_LIST_HEAD(&sn->mcast);
	init_waitqueue_head(&sn->idle);
	return 0;
}

/*
 * As a subsystem we come after the netdevs are gone: their removal has queued
 * that of our devices. Wait for it, then nothing refers to the namespace.
 */
static void __net_exit net_exit(struct net *net)
{
	struct sr_net *sn = sr_net_of(net);

	sr_link_remove_all(sn);
	/* the last sr_net_put() may still hold the mutex it woke us under */
	mutex_lock(&sn->mutex);
	mutex_unlock(&sn->mutex);
	sr_table_exit(&sn->qps);
	mutex_destroy(&sn->mutex);
}

static struct pernet_operations net_ops = {
	.init = net_init,
	.exit = net_exit,
	.id = &sr_net_id,
	.size = sizeof(struct sr_net),
};

int sr_net_init(void)
{
	return register_pernet_subsys(&net_ops);
}

void sr_net_exit(void)
{
	unregister_pernet_subsys(&net_ops);
}
