/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two TCP engines, a wire between them, and a clock that moves when it is told
 * to. A script can also be one end of the wire.
 *
 * Stream bytes are a function of their offset, so nobody has to store them to
 * send or to check them.
 */
#ifndef _TOE_ENGINE_ENV_H
#define _TOE_ENGINE_ENV_H

#include <kunit/test.h>
#include <linux/prandom.h>
#include <net/tcp.h>

#include "../drivers/toe/engine/engine.h"

#define TE_MAX_OUT	256

struct te_wire;

struct te_end {
	struct tcpe e;
	struct te_wire *wire;
	unsigned int side;
	struct tcpe_params p;
	u32 isn;		/* sequence number of stream byte 0 */
	u32 peer_isn;
	u32 received;		/* stream offset of the next byte wanted */
	u32 sent;		/* buffers' bytes that came back as sent */
	u32 queued;
	u32 to_consume;
	bool keep;		/* do not consume */
	bool refuse;		/* refuse deliveries */
	unsigned int bad_bytes;
	unsigned int pushes;
	unsigned int finished;
	unsigned int fins;
	unsigned int resets;
	unsigned int retrieved[3];
	/* with a script as the peer: what was sent */
	bool scripted;
	unsigned int nout;
	unsigned int next_out;
	struct tcpe_seg out[TE_MAX_OUT];
};

struct te_packet {
	struct list_head node;
	struct sk_buff *skb;
	unsigned int to;
	u64 at;
};

struct te_wire {
	struct kunit *test;
	u64 now;
	struct te_end end[2];
	struct list_head packets;
	struct rnd_state rnd;
	u32 delay;		/* microseconds, one way */
	u32 jitter;		/* of these, at random */
	u32 loss;		/* of 1000 */
	u32 twice;		/* of 1000 */
	u32 right_edge[2];	/* highest announced, by the announcer */
	unsigned int shrunk;	/* it moved left */
	unsigned int beyond;	/* bytes acknowledged but not delivered */
	u32 last_tsval[2];
	unsigned int ts_back;
	unsigned int ts_missing;
	unsigned int rsts;
	unsigned int packets_sent;
};

extern const struct tcpe_ops te_ops;

u8 te_byte(u32 offset);
struct te_wire *te_wire(struct kunit *test, u32 flags);
struct te_end *te_script(struct kunit *test, u32 flags);
void te_start(struct te_wire *w);
void te_default_handover(struct te_end *end, struct tcpe_handover *h);
struct tcpe_tx *te_new_tx(struct kunit *test, u32 len);
void te_queue(struct te_end *end, u32 len);
void te_send(struct te_end *end, u32 len);
void te_drain(struct te_end *end);
bool te_step(struct te_wire *w, u64 until);
void te_run(struct te_wire *w, u64 usecs);
void te_pass_time(struct te_end *end, u64 usecs);
void te_consume(struct te_end *end);
void te_restart(struct te_end *end);

/**
 * struct te_in - a segment the script sends
 * @off: stream offset of its first byte
 * @ack: offset in the other direction
 * @len: payload
 * @wnd: window as in the header; 0xffff if not set
 * @flags: beyond ACK
 * @no_ack: without ACK
 * @tsval: timestamp, if the connection has them; 0: the clock's
 * @tsecr: echo
 * @nr_sack: SACK blocks, as stream offsets
 * @sack: these
 * @zero_wnd: window 0
 */
struct te_in {
	u32 off;
	u32 ack;
	u32 len;
	u16 wnd;
	u16 flags;
	bool no_ack;
	bool zero_wnd;
	u32 tsval;
	u32 tsecr;
	u8 nr_sack;
	struct tcpe_range sack[TCPE_MAX_SACK];
};

struct sk_buff *te_make(struct te_end *to, const struct te_in *in);
enum tcpe_verdict te_input(struct te_end *end, struct te_in in);
const struct tcpe_seg *te_out(struct te_end *end);
void te_forget(struct te_end *end);

#define te_expect(end_, off_, ack_, len_) do {					\
	struct te_end *__end = (end_);						\
	const struct tcpe_seg *__s = te_out(__end);				\
	KUNIT_ASSERT_NOT_NULL(__end->wire->test, __s);				\
	KUNIT_EXPECT_EQ(__end->wire->test, __s->seq - __end->isn, (u32)(off_));	\
	KUNIT_EXPECT_EQ(__end->wire->test, __s->ack - __end->peer_isn, (u32)(ack_)); \
	KUNIT_EXPECT_EQ(__end->wire->test, __s->len, (u32)(len_));		\
} while (0)

void te_expect_none(struct te_end *end);

#endif /* _TOE_ENGINE_ENV_H */
