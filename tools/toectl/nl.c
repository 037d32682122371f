// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink messages and generic netlink families.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nl.h"

/* --- messages -------------------------------------------------------------------- */

void *msg_room(struct msg *m, size_t len)
{
	size_t all = m->len + NLMSG_ALIGN(len);
	void *at;

	if (all > m->room) {
		m->room = all * 2 + 256;
		m->data = realloc(m->data, m->room);
		if (!m->data) {
			perror("toectl");
			exit(1);
		}
	}
	at = m->data + m->len;
	memset(at, 0, NLMSG_ALIGN(len));
	m->len = all;
	((struct nlmsghdr *)m->data)->nlmsg_len = all;
	return at;
}

void msg_start(struct msg *m, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h;

	m->len = 0;
	h = msg_room(m, sizeof(*h));
	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
}

void msg_start_generic(struct msg *m, const struct nl *nl, uint8_t cmd, bool dump)
{
	struct genlmsghdr *g;

	msg_start(m, nl->family, dump ? NLM_F_DUMP : NLM_F_ACK);
	g = msg_room(m, sizeof(*g));
	g->cmd = cmd;
	g->version = 1;
}

void msg_put(struct msg *m, uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = msg_room(m, NLA_HDRLEN + len);

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)a + NLA_HDRLEN, data, len);
}

void msg_put_u32(struct msg *m, uint16_t type, uint32_t value)
{
	msg_put(m, type, &value, sizeof(value));
}

void msg_put_u8(struct msg *m, uint16_t type, uint8_t value)
{
	msg_put(m, type, &value, sizeof(value));
}

void msg_put_string(struct msg *m, uint16_t type, const char *text)
{
	msg_put(m, type, text, strlen(text) + 1);
}

size_t msg_nest(struct msg *m, uint16_t type)
{
	size_t at = m->len;

	msg_put(m, type | NLA_F_NESTED, NULL, 0);
	return at;
}

void msg_nest_end(struct msg *m, size_t at)
{
	((struct nlattr *)(m->data + at))->nla_len = m->len - at;
}

void msg_free(struct msg *m)
{
	free(m->data);
	*m = (struct msg){ 0 };
}

/* --- attributes ------------------------------------------------------------------ */

const struct nlattr *attr_each(const struct nlattr *a, const void *data, size_t len)
{
	const char *at = a ? (const char *)a + NLA_ALIGN(a->nla_len) : data;
	long left = (const char *)data + len - at;

	a = (const struct nlattr *)at;
	if (left < (long)NLA_HDRLEN || a->nla_len < NLA_HDRLEN || a->nla_len > left)
		return NULL;
	return a;
}

uint64_t attr_number(const struct nlattr *a)
{
	uint64_t v64 = 0;
	uint32_t v32;
	uint16_t v16;

	switch (attr_len(a)) {
	case 1:
		return *(const uint8_t *)attr_data(a);
	case 2:
		memcpy(&v16, attr_data(a), sizeof(v16));
		return v16;
	case 4:
		memcpy(&v32, attr_data(a), sizeof(v32));
		return v32;
	case 8:
		memcpy(&v64, attr_data(a), sizeof(v64));
		return v64;
	default:
		return 0;
	}
}

void attr_string(const struct nlattr *a, char *to, size_t size)
{
	snprintf(to, size, "%.*s", (int)attr_len(a), (const char *)attr_data(a));
}

/* --- talking --------------------------------------------------------------------- */

int nl_open(struct nl *nl, int protocol)
{
	int on = 1;

	*nl = (struct nl){ .fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol) };
	if (nl->fd < 0)
		return -errno;
	/* old kernels know neither: errors come without words, that is all */
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return 0;
}

void nl_close(struct nl *nl)
{
	if (nl->fd >= 0)
		close(nl->fd);
	nl->fd = -1;
}

static void keep_words(struct nl *nl, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);
	const char *data = (const char *)(e + 1);
	const struct nlattr *a = NULL;
	size_t len;

	nl->said[0] = 0;
	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		data += NLMSG_ALIGN(e->msg.nlmsg_len - sizeof(e->msg));
	if (data >= (const char *)h + h->nlmsg_len)
		return;
	len = (const char *)h + h->nlmsg_len - data;
	while ((a = attr_each(a, data, len)))
		if (attr_type(a) == NLMSGERR_ATTR_MSG)
			attr_string(a, nl->said, sizeof(nl->said));
}

/* One datagram, whole, in a buffer that is the caller's to free. */
static int receive(struct nl *nl, char **to, size_t *len)
{
	ssize_t got;

	do
		got = recv(nl->fd, NULL, 0, MSG_PEEK | MSG_TRUNC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	*to = malloc(got ? got : 1);
	if (!*to)
		return -ENOMEM;
	got = recv(nl->fd, *to, got, 0);
	if (got < 0) {
		free(*to);
		return -errno;
	}
	*len = got;
	return 0;
}

/* 1: more to come; 0: the end; negative: the error it told */
static int handle(struct nl *nl, const struct nlmsghdr *h, answer_fn *answer, void *arg)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);
	int err;

	switch (h->nlmsg_type) {
	case NLMSG_NOOP:
		return 1;
	case NLMSG_ERROR:
		keep_words(nl, h);
		return e->error;
	case NLMSG_DONE:
		err = 0;
		if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(err)))
			memcpy(&err, NLMSG_DATA(h), sizeof(err));
		return err < 0 ? err : 0;
	default:
		err = answer ? answer(h->nlmsg_type, NLMSG_DATA(h), NLMSG_PAYLOAD(h, 0), arg) : 0;
		return err ? err : 1;
	}
}

/* As handle(), for all messages of a datagram that are meant for us. */
static int handle_all(struct nl *nl, const char *data, size_t left, uint32_t seq,
		      answer_fn *answer, void *arg)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)data;
	int more = 1;

	for (; NLMSG_OK(h, left) && more > 0; h = NLMSG_NEXT(h, left))
		if (h->nlmsg_seq == seq)
			more = handle(nl, h, answer, arg);
	return more;
}

static int receive_all(struct nl *nl, uint32_t seq, answer_fn *answer, void *arg)
{
	char *data = NULL;
	size_t len = 0;
	int more;

	more = receive(nl, &data, &len);
	if (more)
		return more;
	more = handle_all(nl, data, len, seq, answer, arg);
	free(data);
	return more;
}

int nl_talk(struct nl *nl, struct msg *m, answer_fn *answer, void *arg)
{
	struct nlmsghdr *h = (struct nlmsghdr *)m->data;
	int more;

	h->nlmsg_seq = ++nl->seq;
	nl->said[0] = 0;
	if (send(nl->fd, m->data, m->len, 0) < 0)
		return -errno;
	do
		more = receive_all(nl, nl->seq, answer, arg);
	while (more > 0);
	return more;
}

int nl_join(struct nl *nl, uint32_t group)
{
	int size = 1 << 20;

	/* as much as we may: events come in bursts */
	setsockopt(nl->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(nl->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		return -errno;
	return 0;
}

/* Events have sequence number 0. -EAGAIN: the time is over. */
int nl_listen(struct nl *nl, int timeout_ms, answer_fn *answer, void *arg)
{
	struct pollfd p = { .fd = nl->fd, .events = POLLIN };
	int n = poll(&p, 1, timeout_ms);

	if (n < 0)
		return -errno;
	if (!n)
		return -EAGAIN;
	n = receive_all(nl, 0, answer, arg);
	return n > 0 ? 0 : n;
}

/* --- families -------------------------------------------------------------------- */

struct family {
	struct nl *nl;
	const char *group;
};

static void take_group(struct family *f, const struct nlattr *list)
{
	const struct nlattr *one = NULL;

	while ((one = attr_each(one, attr_data(list), attr_len(list)))) {
		const struct nlattr *a = NULL;
		char name[GENL_NAMSIZ] = "";
		uint32_t id = 0;

		while ((a = attr_each(a, attr_data(one), attr_len(one)))) {
			if (attr_type(a) == CTRL_ATTR_MCAST_GRP_NAME)
				attr_string(a, name, sizeof(name));
			else if (attr_type(a) == CTRL_ATTR_MCAST_GRP_ID)
				id = attr_number(a);
		}
		if (!strcmp(name, f->group))
			f->nl->events = id;
	}
}

static int take_family(uint16_t type, const void *data, size_t len, void *arg)
{
	struct family *f = arg;
	const struct nlattr *a = NULL;

	(void)type;
	if (len < GENL_HDRLEN)
		return 0;
	while ((a = attr_each(a, (const char *)data + GENL_HDRLEN, len - GENL_HDRLEN))) {
		if (attr_type(a) == CTRL_ATTR_FAMILY_ID)
			f->nl->family = attr_number(a);
		else if (attr_type(a) == CTRL_ATTR_MCAST_GROUPS)
			take_group(f, a);
	}
	return 0;
}

int nl_open_family(struct nl *nl, const char *name, const char *group)
{
	struct family f = { .nl = nl, .group = group };
	struct msg m = { 0 };
	int err;

	err = nl_open(nl, NETLINK_GENERIC);
	if (err)
		return err;
	nl->family = GENL_ID_CTRL;
	msg_start_generic(&m, nl, CTRL_CMD_GETFAMILY, false);
	msg_put_string(&m, CTRL_ATTR_FAMILY_NAME, name);
	err = nl_talk(nl, &m, take_family, &f);
	msg_free(&m);
	if (err)
		nl_close(nl);
	return err;
}
