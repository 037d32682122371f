// SPDX-License-Identifier: GPL-2.0
/*
 * See toe_data_env.h.
 */
#include <linux/module.h>

#include "toe_data_env.h"

unsigned int toe_data_scale = 1;
module_param_named(scale, toe_data_scale, uint, 0444);
MODULE_PARM_DESC(scale, "multiplies the counts of the random and concurrent tests");

static void fill(struct sk_buff *skb, u64 start)
{
	u32 i, len = skb->len;
	u8 byte;

	for (i = 0; i < len; i++) {
		byte = stream_byte(start + i);
		skb_store_bits(skb, i, &byte, 1);
	}
}

/* Parts may be empty if there are not enough bytes. */
static void add_frags(struct kunit *test, struct sk_buff *skb, u32 len)
{
	u32 part = DIV_ROUND_UP(len, 3), n;
	struct page *page;
	int i = 0;

	while (len) {
		n = min(part, len);
		page = alloc_pages(GFP_KERNEL | __GFP_COMP, get_order(n + 64));
		KUNIT_ASSERT_NOT_NULL(test, page);
		skb_add_rx_frag(skb, i, page, 17 * i, n, n);
		len -= n;
		i++;
	}
}

static struct sk_buff *make(struct kunit *test, u32 linear, u32 frags)
{
	struct sk_buff *skb = alloc_skb(linear + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_put(skb, linear);
	add_frags(test, skb, frags);
	return skb;
}

static void add_list(struct kunit *test, struct sk_buff *skb, u32 first, u32 second)
{
	struct sk_buff *a = make(test, first, 0), *b = make(test, 0, second);

	a->next = b;
	skb_shinfo(skb)->frag_list = a;
	skb->len += first + second;
	skb->data_len += first + second;
	skb->truesize += a->truesize + b->truesize;
}

struct sk_buff *stream_skb(struct kunit *test, u64 start, u32 len, enum skb_shape shape)
{
	u32 quarter = len / 4;
	struct sk_buff *skb;

	switch (shape) {
	case SKB_FRAGS:
		skb = make(test, quarter, len - quarter);
		break;
	case SKB_FRAG_LIST:
		skb = make(test, quarter, quarter);
		add_list(test, skb, quarter, len - 3 * quarter);
		break;
	default:
		skb = make(test, len, 0);
	}
	KUNIT_ASSERT_EQ(test, skb->len, len);
	fill(skb, start);
	return skb;
}

u32 stream_mismatch(const void *buf, u64 start, u32 len)
{
	const u8 *p = buf;
	u32 i;

	for (i = 0; i < len; i++)
		if (p[i] != stream_byte(start + i))
			break;
	return i;
}

static void note_free(struct sk_buff *skb)
{
	unsigned int *freed = (unsigned int *)skb->sk;

	++*freed;
	skb->sk = NULL;
}

void skb_watch(struct sk_buff *skb, unsigned int *freed)
{
	skb->destructor = note_free;
	skb->sk = (struct sock *)freed;
}

MODULE_DESCRIPTION("KUnit tests of the offload data path");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
