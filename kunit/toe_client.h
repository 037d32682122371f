/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A receive client for the tests: an endpoint, handlers that answer what the test
 * says, and a log of what they were called with:
 *
 *	chained 100 NE	event 7, 100 bytes, flags NORMAL and ENTIRE_MESSAGE
 *	xchained 1 XE	event 9
 *	copy 128/300 NL	event 3, 128 of 300 bytes, NORMAL and COPY_LOOKAHEAD
 *	xcopy 1/1 XE	event 5
 *	end, abort	event 1
 *	req0 SUCCESS 10	a receive request
 *
 * Byte n of the normal stream is (u8)n, byte n of the expedited one (u8)(0x80 + n).
 */
#ifndef _TOE_CLIENT_H
#define _TOE_CLIENT_H

#include <ndk/toe_recv.h>

#include "toe_mock.h"

#define TC_KEPT		32
#define TC_REQS		32
#define TC_BUDGET	(64 * 1024)
#define TC_ALL		U32_MAX

struct tc;

/**
 * struct tc_req - a receive request
 * @req: the core's
 * @c: the client
 * @kv: its room
 * @id: in the log
 * @done: times it completed
 */
struct tc_req {
	struct toe_rcv_request req;
	struct tc *c;
	struct kvec kv;
	unsigned int id;
	unsigned int done;
};

/**
 * struct tc - the client
 * @test: the test
 * @ep: its endpoint
 * @log: what happened
 * @fed: bytes fed
 * @xfed: expedited bytes fed
 * @pos: normal bytes seen
 * @xpos: expedited bytes seen
 * @bad_bytes: bytes that were wrong
 * @bad_flags: flags that contradict each other or the context
 * @chained: what the next chained handler answers; @times counts down, then
 *	%TOE_SUCCESS
 * @copy: the same for the copy handler
 * @take: bytes the copy handler takes, or %TC_ALL
 * @times: how many answers are like this
 * @request: what %TOE_MORE_PROCESSING gives, or NULL
 * @on_call: the test's own doing in a handler, or NULL
 * @kept: what it answered %TOE_PENDING to
 * @nkept: how many
 * @reqs: requests
 * @nreqs: how many
 * @priv: the test's
 */
struct tc {
	struct kunit *test;
	struct toe_endpoint *ep;
	struct tlog log;
	u32 fed;
	u32 xfed;
	u32 pos;
	u32 xpos;
	unsigned int bad_bytes;
	unsigned int bad_flags;
	u32 chained;
	u32 copy;
	u32 take;
	unsigned int times;
	struct tc_req *request;
	void (*on_call)(struct tc *c, const struct toe_chained *ch, struct toe_indication *ind);
	struct toe_chained kept[TC_KEPT];
	unsigned int nkept;
	struct tc_req reqs[TC_REQS];
	unsigned int nreqs;
	void *priv;
};

/* which handlers; a string of event numbers: "3579" is all, "1" the disconnect */
struct tc *tc_new(struct kunit *test, const struct toe_endpoint_attr *attr, const char *events);
void tc_delete(struct tc *c);
int tc_set(struct tc *c, unsigned int event);
int tc_clear(struct tc *c, unsigned int event);
void tc_feed(struct tc *c, u32 bytes, u32 flags);
void tc_feed_x(struct tc *c, u32 bytes);
void tc_expect(struct tc *c, int line, const char *want);
struct tc_req *tc_new_req(struct tc *c, u32 bytes, u32 flags);
int tc_recv(struct tc *c, u32 bytes, u32 flags);
void tc_return_all(struct tc *c);
u32 tc_checksum(const struct toe_chained *ch);
void tc_wait(struct tc *c, u32 pos);
struct toe_endpoint_stats tc_stats(struct tc *c);
#define EXPECT_TC(c, want) tc_expect(c, __LINE__, want)

#endif /* _TOE_CLIENT_H */
