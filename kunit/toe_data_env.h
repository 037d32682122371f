/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For the tests of the data path without a connection: units whose bytes are
 * numbered, and who checks that they come in order.
 *
 * Byte n of a stream is n modulo 251, a prime, so that a unit shifted by a power
 * of two is never taken for the right one.
 */
#ifndef _TOE_DATA_ENV_H
#define _TOE_DATA_ENV_H

#include <kunit/test.h>
#include <linux/skbuff.h>

#include <ndk/toe_deliver.h>
#include <ndk/toe_recv.h>

static inline u8 stream_byte(u64 n)
{
	return n % 251;
}

extern unsigned int toe_data_scale;

/* how an skb keeps its bytes */
enum skb_shape {
	SKB_LINEAR,
	SKB_FRAGS,	/* a linear part and three fragments */
	SKB_FRAG_LIST,	/* the same, and a fragment list of two skbs */
	SKB_SHAPES
};

/* @len bytes of the stream from @start on; never NULL (the test ends). */
struct sk_buff *stream_skb(struct kunit *test, u64 start, u32 len, enum skb_shape shape);
/* First byte of @buf that is not the stream's from @start on; @len if all are. */
u32 stream_mismatch(const void *buf, u64 start, u32 len);
/* Counts in @freed when the last reference to its head goes. */
void skb_watch(struct sk_buff *skb, unsigned int *freed);

#endif /* _TOE_DATA_ENV_H */
