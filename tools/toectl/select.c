// SPDX-License-Identifier: GPL-2.0
/*
 * Which connections a command is about: by addresses, from the kernel's own list of
 * sockets, or by process and file descriptor.
 *
 * A descriptor of another process is duplicated into this one for as long as one
 * request takes, so that the kernel is only ever given descriptors of the one who
 * asks. Where that is forbidden (Yama), the addresses behind the descriptor do.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <ndk/toe_live.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "select.h"

/* --- ends ------------------------------------------------------------------------ */

static void end_set(struct end *end, int family, const void *addr)
{
	const uint8_t *bytes = addr;

	if (family == AF_INET) {
		end->len = 4;
	} else if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)addr)) {
		end->len = 4;
		bytes += 12;
	} else {
		end->len = 16;
	}
	memcpy(end->addr, bytes, end->len);
}

static bool parse_port(const char *text, struct end *end)
{
	unsigned long port;
	char *rest;

	port = strtoul(text, &rest, 10);
	if (rest == text || *rest || *text == '-' || !port || port > 65535)
		return false;
	end->port = htons(port);
	return true;
}

static bool parse_addr(const char *text, struct end *end)
{
	uint8_t addr[16];

	if (!*text || !strcmp(text, "*"))
		return true;
	if (inet_pton(AF_INET, text, addr) == 1)
		end_set(end, AF_INET, addr);
	else if (inet_pton(AF_INET6, text, addr) == 1)
		end_set(end, AF_INET6, addr);
	else
		return false;
	return true;
}

bool end_parse(const char *text, struct end *end)
{
	char copy[END_TEXT];
	char *addr = copy, *port = NULL, *close;

	*end = (struct end){ 0 };
	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return false;
	if (*addr == '[') {
		close = strchr(addr, ']');
		if (!close || (close[1] && close[1] != ':'))
			return false;
		port = close[1] ? close + 2 : NULL;
		*close = 0;
		addr++;
	} else if (strchr(addr, ':') == strrchr(addr, ':')) {
		/* with several it is an IPv6 address and no port */
		port = strchr(addr, ':');
		if (port)
			*port++ = 0;
	}
	if (port && *port && strcmp(port, "*") && !parse_port(port, end))
		return false;
	return parse_addr(addr, end) && (end->len || end->port);
}

bool end_matches(const struct end *wanted, const struct end *is)
{
	if (wanted->port && wanted->port != is->port)
		return false;
	return !wanted->len || (wanted->len == is->len &&
				!memcmp(wanted->addr, is->addr, is->len));
}

const char *end_addr_text(const struct end *end, char *to)
{
	if (!end->len)
		snprintf(to, END_TEXT, "*");
	else
		inet_ntop(end->len == 4 ? AF_INET : AF_INET6, end->addr, to, END_TEXT);
	return to;
}

const char *end_text(const struct end *end, char *to)
{
	char addr[END_TEXT];

	end_addr_text(end, addr);
	snprintf(to, END_TEXT, end->len == 16 ? "[%.46s]:%u" : "%.46s:%u", addr, ntohs(end->port));
	return to;
}

bool selector_is_pair(const struct selector *s)
{
	return s->local.len && s->local.port && s->remote.len && s->remote.port;
}

/* --- lists ----------------------------------------------------------------------- */

static struct conn *conns_add(struct conns *c)
{
	struct conn *one;

	if (c->n == c->room) {
		c->room = c->room * 2 + 16;
		c->v = realloc(c->v, c->room * sizeof(*c->v));
		if (!c->v) {
			perror("toectl");
			exit(1);
		}
	}
	one = &c->v[c->n++];
	*one = (struct conn){ .fd = -1 };
	return one;
}

void conns_free(struct conns *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (c->v[i].fd >= 0)
			close(c->v[i].fd);
	free(c->v);
	*c = (struct conns){ 0 };
}

static void conn_put(struct msg *m, const struct conn *c)
{
	size_t nest = msg_nest(m, NDK_TOE_A_CONN);

	if (c->fd >= 0) {
		msg_put_u32(m, NDK_TOE_CONN_FD, c->fd);
	} else {
		msg_put(m, NDK_TOE_CONN_LOCAL, c->local.addr, c->local.len);
		msg_put(m, NDK_TOE_CONN_REMOTE, c->remote.addr, c->remote.len);
		msg_put(m, NDK_TOE_CONN_LPORT, &c->local.port, sizeof(c->local.port));
		msg_put(m, NDK_TOE_CONN_RPORT, &c->remote.port, sizeof(c->remote.port));
		if (c->ifindex)
			msg_put_u32(m, NDK_TOE_CONN_IFINDEX, c->ifindex);
	}
	msg_nest_end(m, nest);
}

void conns_put(struct msg *m, const struct conns *c, size_t first, size_t n)
{
	size_t i;

	for (i = first; i < first + n; i++)
		conn_put(m, &c->v[i]);
}

/* --- by address ------------------------------------------------------------------ */

struct diag {
	const struct selector *s;
	struct conns *to;
	uint32_t inode;		/* 0: any */
};

static int take_socket(uint16_t type, const void *data, size_t len, void *arg)
{
	const struct inet_diag_msg *d = data;
	const struct diag *diag = arg;
	struct end local = { .port = d->id.idiag_sport };
	struct end remote = { .port = d->id.idiag_dport };
	struct conn *c;

	(void)type;
	if (len < sizeof(*d))
		return 0;
	end_set(&local, d->idiag_family, d->id.idiag_src);
	end_set(&remote, d->idiag_family, d->id.idiag_dst);
	if (diag->inode ? d->idiag_inode != diag->inode :
	    !end_matches(&diag->s->local, &local) || !end_matches(&diag->s->remote, &remote))
		return 0;
	c = conns_add(diag->to);
	c->local = local;
	c->remote = remote;
	c->ifindex = d->id.idiag_if;
	return 0;
}

static int diag_family(struct nl *nl, int family, struct diag *diag)
{
	struct inet_diag_req_v2 *req;
	struct msg m = { 0 };
	int err;

	msg_start(&m, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
	req = msg_room(&m, sizeof(*req));
	req->sdiag_family = family;
	req->sdiag_protocol = IPPROTO_TCP;
	req->idiag_states = 1 << TCP_ESTABLISHED;
	err = nl_talk(nl, &m, take_socket, diag);
	msg_free(&m);
	return err;
}

static int by_diag(const struct selector *s, uint32_t inode, struct conns *to, const char **why)
{
	struct diag diag = { .s = s, .to = to, .inode = inode };
	struct nl nl;
	int err;

	*why = "the kernel does not list its sockets (module tcp_diag)";
	err = nl_open(&nl, NETLINK_SOCK_DIAG);
	if (err)
		return err;
	err = diag_family(&nl, AF_INET, &diag);
	if (!err)
		err = diag_family(&nl, AF_INET6, &diag);
	nl_close(&nl);
	return err;
}

/* --- by process ------------------------------------------------------------------ */

static bool is_tcp(int fd)
{
	socklen_t len = sizeof(int);
	int protocol;

	return !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) &&
	       protocol == IPPROTO_TCP;
}

static bool is_connected(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	return is_tcp(fd) && !getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) &&
	       info.tcpi_state == TCP_ESTABLISHED;
}

/* what it is, for a descriptor that may be looked at but not duplicated */
static uint32_t inode_of(long pid, int fd)
{
	char path[64], name[64];
	unsigned long inode;
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%ld/fd/%d", pid, fd);
	len = readlink(path, name, sizeof(name) - 1);
	if (len < 0)
		return 0;
	name[len] = 0;
	return sscanf(name, "socket:[%lu]", &inode) == 1 ? inode : 0;
}

static int add_by_inode(const struct selector *s, int fd, struct conns *to, const char **why)
{
	uint32_t inode = inode_of(s->pid, fd);

	if (!inode) {
		*why = "the process does not show that descriptor, or it is no socket";
		return errno == EACCES ? -EPERM : -ENOTSOCK;
	}
	return by_diag(s, inode, to, why);
}

static int add_fd(const struct selector *s, int pidfd, int fd, struct conns *to, const char **why)
{
	int ours = syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	if (ours < 0 && (errno == EPERM || errno == ENOSYS))
		return add_by_inode(s, fd, to, why);
	if (ours < 0) {
		*why = "the process has no such descriptor";
		return -errno;
	}
	if (!(s->fd >= 0 ? is_tcp(ours) : is_connected(ours))) {
		close(ours);
		*why = "the descriptor is no TCP socket";
		return -ENOTSOCK;
	}
	conns_add(to)->fd = ours;
	return 0;
}

static int add_all_fds(const struct selector *s, int pidfd, struct conns *to, const char **why)
{
	struct dirent *entry;
	char path[64];
	int err = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%ld/fd", s->pid);
	dir = opendir(path);
	if (!dir) {
		*why = "the process does not show its descriptors";
		return errno == EACCES ? -EPERM : -errno;
	}
	while ((entry = readdir(dir)) && !err) {
		if (*entry->d_name == '.' || !inode_of(s->pid, atoi(entry->d_name)))
			continue;
		err = add_fd(s, pidfd, atoi(entry->d_name), to, why);
		/* what was closed meanwhile, and what is no connection */
		if (err == -EBADF || err == -ENOTSOCK)
			err = 0;
	}
	closedir(dir);
	return err;
}

static int by_process(const struct selector *s, struct conns *to, const char **why)
{
	int pidfd = syscall(SYS_pidfd_open, s->pid, 0);
	int err;

	if (pidfd < 0) {
		*why = "there is no such process";
		return -errno;
	}
	err = s->fd >= 0 ? add_fd(s, pidfd, s->fd, to, why) : add_all_fds(s, pidfd, to, why);
	close(pidfd);
	return err;
}

int select_conns(const struct selector *s, struct conns *to, const char **why)
{
	struct conn *c;

	*why = "";
	if (s->pid)
		return by_process(s, to, why);
	/* what is named in full needs no list; only a socket bound to a device does */
	if (!selector_is_pair(s))
		return by_diag(s, 0, to, why);
	c = conns_add(to);
	c->local = s->local;
	c->remote = s->remote;
	return 0;
}
