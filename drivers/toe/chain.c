// SPDX-License-Identifier: GPL-2.0
/*
 * Reading a chain: buffers one behind the other, each an skb in any of its forms
 * (linear part, page fragments, fragment list).
 */
#include <linux/export.h>
#include <linux/skbuff.h>

#include <ndk/toe_recv.h>

#include "rx.h"

/*
 * Contiguous bytes of @skb from @at on. NULL if they have no address: pages above
 * what the kernel maps, or memory of a device.
 */
static const void *skb_piece(const struct sk_buff *skb, u32 at, u32 *len)
{
	const struct sk_buff *frag_skb;
	const u8 *base;
	u32 size;
	int i;

	if (at < skb_headlen(skb)) {
		*len = skb_headlen(skb) - at;
		return skb->data + at;
	}
	at -= skb_headlen(skb);
	if (!skb_frags_readable(skb))
		return NULL;
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];

		size = skb_frag_size(frag);
		if (at >= size) {
			at -= size;
			continue;
		}
		base = skb_frag_address_safe(frag);
		*len = size - at;
		return base ? base + at : NULL;
	}
	skb_walk_frags(skb, frag_skb) {
		if (at < frag_skb->len)
			return skb_piece(frag_skb, at, len);
		at -= frag_skb->len;
	}
	return NULL;
}

const void *toe_rx_piece(const struct toe_rx *rx, u32 skip, u32 *len)
{
	u32 at = rx->offset + skip;
	const void *data;
	struct sk_buff *skb;

	skb_queue_walk(&rx->skbs, skb) {
		if (at >= skb->len) {
			at -= skb->len;
			continue;
		}
		data = skb_piece(skb, at, len);
		*len = min(*len, rx->length - skip);
		return data;
	}
	return NULL;
}

u32 toe_chain_copy(const struct toe_chained *ind, u32 skip, void *to, u32 n)
{
	u32 at, part, done = 0;
	struct sk_buff *skb;

	if (skip >= ind->length)
		return 0;
	n = min(n, ind->length - skip);
	at = ind->offset + skip;
	skb_queue_walk(ind->chain, skb) {
		if (at >= skb->len) {
			at -= skb->len;
			continue;
		}
		part = min(skb->len - at, n - done);
		if (!part || skb_copy_bits(skb, at, to + done, part))
			break;
		done += part;
		at = 0;
	}
	return done;
}
EXPORT_SYMBOL_GPL(toe_chain_copy);

void toe_chain_start(struct toe_chain_iter *it, const struct toe_chained *ind)
{
	it->chain = ind->chain;
	it->skb = skb_peek(ind->chain);
	it->at = ind->offset;
	it->left = ind->length;
}
EXPORT_SYMBOL_GPL(toe_chain_start);

u32 toe_chain_next(struct toe_chain_iter *it, const void **data)
{
	u32 n = 0;

	while (it->skb && it->at >= it->skb->len) {
		it->at -= it->skb->len;
		it->skb = skb_peek_next(it->skb, it->chain);
	}
	if (!it->skb || !it->left)
		return 0;
	*data = skb_piece(it->skb, it->at, &n);
	if (!*data)
		return 0;
	n = min(n, it->left);
	it->at += n;
	it->left -= n;
	return n;
}
EXPORT_SYMBOL_GPL(toe_chain_next);
