// SPDX-License-Identifier: GPL-2.0
/*
 * Damaged frames between the valid ones of a stream: nothing breaks, and both ends
 * still agree on every byte.
 */
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "toe_soft_env.h"

static unsigned int scale = 1;
module_param(scale, uint, 0444);
MODULE_PARM_DESC(scale, "multiplies the counts of the random tests");

#define DAMAGED		5000U
#define SENDS		100U

/* As a wire would carry it: one packet, its checksum in it, in one piece. */
static struct sk_buff *plain_copy(struct sk_buff *skb)
{
	struct sk_buff *copy = skb_copy(skb, GFP_KERNEL);

	if (!copy)
		return NULL;
	if (copy->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(copy)) {
		kfree_skb(copy);
		return NULL;
	}
	return copy;
}

/* A checksum of 16 bits misses one change in 65,536: such are not damaged enough. */
static bool passes(const struct sk_buff *skb)
{
	const struct iphdr *ip = (const struct iphdr *)(skb->data + ETH_HLEN);
	const struct ipv6hdr *ip6 = (const struct ipv6hdr *)ip;
	int len, head;

	if (skb->len < ETH_HLEN + (int)sizeof(*ip))
		return false;
	if (ip->version == 4) {
		head = ETH_HLEN + sizeof(*ip);
		len = ntohs(ip->tot_len) - (int)sizeof(*ip);
		if (len < 0 || head + len > skb->len || ip_fast_csum(ip, 5))
			return false;
		return !csum_tcpudp_magic(ip->saddr, ip->daddr, len, IPPROTO_TCP,
					  skb_checksum(skb, head, len, 0));
	}
	head = ETH_HLEN + sizeof(*ip6);
	if (ip->version != 6 || skb->len < head)
		return false;
	len = ntohs(ip6->payload_len);
	if (head + len > skb->len)
		return false;
	return !csum_ipv6_magic(&ip6->saddr, &ip6->daddr, len, IPPROTO_TCP,
				skb_checksum(skb, head, len, 0));
}

static void damage(struct rnd_state *rnd, struct sk_buff *skb)
{
	u32 room = skb->len - ETH_HLEN, n;

	switch (prandom_u32_state(rnd) % 4) {
	case 0:
		skb_trim(skb, ETH_HLEN + prandom_u32_state(rnd) % room);
		return;
	case 1:
		/* the headers */
		skb->data[ETH_HLEN + prandom_u32_state(rnd) % min(room, 60U)] ^=
			1 << prandom_u32_state(rnd) % 8;
		return;
	case 2:
		skb->data[ETH_HLEN + prandom_u32_state(rnd) % room] ^=
			1 << prandom_u32_state(rnd) % 8;
		return;
	default:
		for (n = 1 + prandom_u32_state(rnd) % 16; n; n--)
			skb->data[ETH_HLEN + prandom_u32_state(rnd) % room] =
				prandom_u32_state(rnd);
	}
}

static unsigned int offer_damaged(struct world *w, struct side *to, struct sk_buff *valid,
				  unsigned int n)
{
	unsigned int done = 0;
	struct sk_buff *skb;

	for (; n; n--) {
		skb = plain_copy(valid);
		KUNIT_ASSERT_NOT_NULL(w->test, skb);
		damage(&w->rnd, skb);
		if (skb->len < ETH_HLEN + 1 || passes(skb)) {
			kfree_skb(skb);
			continue;
		}
		tw_arrive(to, skb);
		done++;
	}
	return done;
}

static void damaged_frames_change_nothing(struct kunit *test)
{
	struct world *w = tw_world_of(test, test->param_value);
	unsigned int i, copies = DIV_ROUND_UP(DAMAGED * scale, SENDS), sends, done = 0;

	tw_both_offloaded(w);
	for (sends = 0; sends < SENDS; sends++) {
		for (i = 0; i < 2; i++) {
			struct side *to = &w->side[!i];
			struct sk_buff *skb;

			tw_send(&w->side[i], 200 + prandom_u32_state(&w->rnd) % 1000, 0);
			skb = skb_peek(&w->wire[!i]);
			if (skb && !skb_is_gso(skb))
				done += offer_damaged(w, to, skb, copies / 2);
			tw_pass(w, 1);
		}
		cond_resched();
	}
	tw_run(w, 60000);
	tw_expect_all_there(w);
	KUNIT_EXPECT_GE(test, done, DAMAGED * scale / 2);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, w->side[i].uploads, 0);
		KUNIT_EXPECT_EQ(test, w->side[i].segments, 0);
		KUNIT_EXPECT_EQ(test, w->side[i].aborts, 0);
	}
	kunit_info(test, "%u damaged frames\n", done);
}

/* Every length a frame can be cut down to. */
static void truncated_frames_change_nothing(struct kunit *test)
{
	struct world *w = tw_world_of(test, test->param_value);
	struct side *to = &w->side[1];
	struct sk_buff *valid, *skb;
	u32 len;

	tw_both_offloaded(w);
	tw_send(&w->side[0], 900, 0);
	valid = skb_peek(&w->wire[1]);
	KUNIT_ASSERT_NOT_NULL(test, valid);
	for (len = ETH_HLEN + 1; len < valid->len; len++) {
		skb = plain_copy(valid);
		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb_trim(skb, len);
		tw_arrive(to, skb);
	}
	KUNIT_EXPECT_EQ(test, to->got, 0);
	KUNIT_EXPECT_EQ(test, to->sent, 0);
	tw_run(w, 1000);
	tw_expect_all_there(w);
}

static struct kunit_case hostile_cases[] = {
	KUNIT_CASE_PARAM(truncated_frames_change_nothing, tw_frames_gen_params),
	KUNIT_CASE_PARAM(damaged_frames_change_nothing, tw_frames_gen_params),
	{}
};

static struct kunit_suite hostile_suite = {
	.name = "toe_wire_hostile",
	.test_cases = hostile_cases,
};

kunit_test_suite(hostile_suite);
