/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which connections a command is about.
 */
#ifndef _TOECTL_SELECT_H
#define _TOECTL_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nl.h"

/* One end. What is not given, matches all. Mapped IPv4 addresses are IPv4. */
struct end {
	uint8_t addr[16];
	uint8_t len;		/* 4, 16; 0: any address */
	uint16_t port;		/* network order; 0: any */
};

struct selector {
	struct end local, remote;
	long pid;		/* 0: by addresses */
	int fd;			/* with pid; -1: all of them */
	bool given;
};

struct conn {
	struct end local, remote;
	uint32_t ifindex;
	int fd;			/* ours, or -1: by addresses */
};

struct conns {
	struct conn *v;
	size_t n;
	size_t room;
};

/* "10.0.0.1:80", "[fe80::1]:80", ":80", "10.0.0.1"; false: none of these */
bool end_parse(const char *text, struct end *end);
bool end_matches(const struct end *wanted, const struct end *is);
/* the other way round, into a buffer of END_TEXT bytes */
#define END_TEXT 64
const char *end_text(const struct end *end, char *to);
const char *end_addr_text(const struct end *end, char *to);

/* is it one connection, named in full by its addresses? */
bool selector_is_pair(const struct selector *s);

/*
 * Every established connection it means, as of now. 0, or a negative errno with the
 * reason in words in *why.
 */
int select_conns(const struct selector *s, struct conns *to, const char **why);
void conns_free(struct conns *c);

/* as NDK_TOE_A_CONNs; the descriptors are still needed until it was sent */
void conns_put(struct msg *m, const struct conns *c, size_t first, size_t n);

#endif /* _TOECTL_SELECT_H */
