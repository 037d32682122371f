/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Netlink, as much of it as toectl needs: messages are built in a buffer that grows,
 * answers are handed to a function one by one.
 */
#ifndef _TOECTL_NL_H
#define _TOECTL_NL_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A message that is being built. Memory that runs out ends the program. */
struct msg {
	char *data;
	size_t len;
	size_t room;
};

struct nl {
	int fd;
	uint32_t seq;
	uint16_t family;	/* of the generic kind: its number */
	uint32_t events;	/* and of its multicast group */
	char said[256];		/* what the kernel added to its last error */
};

/*
 * One answer: the header's type, and what follows the netlink header. Other than 0
 * ends nl_talk() with that value.
 */
typedef int answer_fn(uint16_t type, const void *data, size_t len, void *arg);

/* All of these: 0 or a negative errno. */
int nl_open(struct nl *nl, int protocol);
int nl_open_family(struct nl *nl, const char *name, const char *group);
int nl_talk(struct nl *nl, struct msg *m, answer_fn *answer, void *arg);
int nl_listen(struct nl *nl, int timeout_ms, answer_fn *answer, void *arg);
int nl_join(struct nl *nl, uint32_t group);
void nl_close(struct nl *nl);

void msg_start(struct msg *m, uint16_t type, uint16_t flags);
void msg_start_generic(struct msg *m, const struct nl *nl, uint8_t cmd, bool dump);
void *msg_room(struct msg *m, size_t len);
void msg_put(struct msg *m, uint16_t type, const void *data, size_t len);
void msg_put_u32(struct msg *m, uint16_t type, uint32_t value);
void msg_put_u8(struct msg *m, uint16_t type, uint8_t value);
void msg_put_string(struct msg *m, uint16_t type, const char *text);
size_t msg_nest(struct msg *m, uint16_t type);
void msg_nest_end(struct msg *m, size_t at);
void msg_free(struct msg *m);

/* attributes of an answer, one by one: the one behind @a, the first behind NULL */
const struct nlattr *attr_each(const struct nlattr *a, const void *data, size_t len);

static inline const void *attr_data(const struct nlattr *a)
{
	return (const char *)a + NLA_HDRLEN;
}

static inline size_t attr_len(const struct nlattr *a)
{
	return a->nla_len - NLA_HDRLEN;
}

static inline unsigned int attr_type(const struct nlattr *a)
{
	return a->nla_type & NLA_TYPE_MASK;
}

uint64_t attr_number(const struct nlattr *a);
void attr_string(const struct nlattr *a, char *to, size_t size);

#endif /* _TOECTL_NL_H */
