// SPDX-License-Identifier: GPL-2.0
/*
 * A received segment, taken apart. Lengths are checked before anything is read.
 */
#include <net/tcp.h>
#include <linux/unaligned.h>

#include "engine.h"

static void parse_sack(struct tcpe_in *in, const u8 *opt, u8 len)
{
	unsigned int i, n = (len - TCPOLEN_SACK_BASE) / TCPOLEN_SACK_PERBLOCK;

	if ((len - TCPOLEN_SACK_BASE) % TCPOLEN_SACK_PERBLOCK)
		return;
	for (i = 0; i < n && i < TCPE_MAX_SACK; i++) {
		const u8 *p = opt + TCPOLEN_SACK_BASE + i * TCPOLEN_SACK_PERBLOCK;

		in->sack[i].start = get_unaligned_be32(p);
		in->sack[i].end = get_unaligned_be32(p + 4);
		in->nr_sack = i + 1;
	}
}

static void parse_option(struct tcpe *e, struct tcpe_in *in, const u8 *opt, u8 len)
{
	switch (opt[0]) {
	case TCPOPT_TIMESTAMP:
		if (len != TCPOLEN_TIMESTAMP || !(e->p.flags & TCPE_F_TIMESTAMPS))
			break;
		in->has_ts = true;
		in->tsval = get_unaligned_be32(opt + 2);
		in->tsecr = get_unaligned_be32(opt + 6);
		break;
	case TCPOPT_SACK:
		if (len >= TCPOLEN_SACK_BASE + TCPOLEN_SACK_PERBLOCK && (e->p.flags & TCPE_F_SACK))
			parse_sack(in, opt, len);
		break;
	default:
		in->unknown_option = true;
	}
}

/* False if an option's length is beyond the header. */
static bool parse_options(struct tcpe *e, struct tcpe_in *in, const u8 *opt, unsigned int left)
{
	while (left) {
		if (opt[0] == TCPOPT_EOL)
			break;
		if (opt[0] == TCPOPT_NOP) {
			opt++;
			left--;
			continue;
		}
		if (left < 2 || opt[1] < 2 || opt[1] > left)
			return false;
		parse_option(e, in, opt, opt[1]);
		left -= opt[1];
		opt += opt[1];
	}
	return true;
}

/**
 * tcpe_parse() - take a segment apart
 * @e: the connection
 * @skb: data at the TCP header, checksum already verified
 * @in: the result
 *
 * The buffer's linear part may become longer, its bytes do not change.
 *
 * Return: false if the segment is malformed or there is no memory.
 */
bool tcpe_parse(struct tcpe *e, struct sk_buff *skb, struct tcpe_in *in)
{
	const struct tcphdr *th;
	unsigned int head;

	memset(in, 0, sizeof(*in));
	if (!pskb_may_pull(skb, sizeof(*th)))
		return false;
	th = (const struct tcphdr *)skb->data;
	head = th->doff * 4;
	if (head < sizeof(*th) || !pskb_may_pull(skb, head))
		return false;
	th = (const struct tcphdr *)skb->data;
	in->seq = ntohl(th->seq);
	in->ack = ntohl(th->ack_seq);
	in->wnd = (u32)ntohs(th->window) << e->p.snd_scale;
	in->flags = tcp_flag_byte(th);
	in->len = skb->len - head;
	in->segs = max_t(u16, 1, skb_is_gso(skb) ? skb_shinfo(skb)->gso_segs : 1);
	return parse_options(e, in, (const u8 *)(th + 1), head - sizeof(*th));
}
