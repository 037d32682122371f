/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Units of received bytes, struct toe_rx: memory, copying, and the way back from
 * a consumer.
 */
#ifndef _TOE_RX_H
#define _TOE_RX_H

#include <ndk/toe.h>

int toe_rx_init(void);
/* deliver.c */
void toe_deliver_exit(void);
void toe_rx_exit(void);

/* Any context. The unit owns @skb (may be NULL) from here on. */
struct toe_rx *toe_rx_alloc(struct sk_buff *skb, u32 flags, gfp_t gfp);
/* Any context; one that nobody has on loan. */
void toe_rx_free(struct toe_rx *rx);
void toe_rx_free_list(struct list_head *units);

/* Another unit with the same bytes; those are freed with the last one. */
struct toe_rx *toe_rx_view(struct toe_rx *rx, gfp_t gfp);

/* Bytes [@skip, @skip + @n) of the unit to @to; returns how many. */
size_t toe_rx_copy(const struct toe_rx *rx, u32 skip, size_t n, struct iov_iter *to);

/*
 * chain.c: contiguous bytes from @skip on and how many; NULL if they cannot be
 * addressed.
 */
const void *toe_rx_piece(const struct toe_rx *rx, u32 skip, u32 *len);

/* The consumer gets the unit, or did not want it. @d counts it meanwhile. */
void toe_rx_lend(struct toe_rx *rx, struct toe_conn *conn, struct toe_deliver *d);
void toe_rx_unlend(struct toe_rx *rx);

#endif /* _TOE_RX_H */
