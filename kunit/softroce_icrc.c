// SPDX-License-Identifier: GPL-2.0
/*
 * ICRC against packets whose ICRC somebody else computed.
 *
 * - a CNP captured from a ConnectX-4 Lx, and a UC packet with the ICRC of its
 *   sender: both published as test vectors of Scapy's RoCE layer;
 * - packets built by hand, their ICRC computed with zlib.crc32() of Python over
 *   eight bytes 0xff and the packet with these fields set to ones (annex A17.9.3
 *   of the specification): IPv4 type of service, time to live and checksum; IPv6
 *   traffic class, flow label and hop limit; UDP checksum; resv8a of the BTH.
 *
 * The ICRC stands behind each packet as it does on the wire.
 */
#include <kunit/test.h>
#include <linux/slab.h>

#include "../drivers/softroce/softroce.h"

#define BTH_BYTES	12

static const u8 cnp_captured[] = {
	0x45, 0xc2, 0x00, 0x3c, 0x71, 0x8c, 0x40, 0x00, 0x40, 0x11, 0x91, 0x61,
	0x0a, 0x00, 0x11, 0x01, 0x0a, 0x00, 0x12, 0x01, 0x00, 0x00, 0x12, 0xb7,
	0x00, 0x28, 0x00, 0x00, 0x81, 0x00, 0xff, 0xff, 0x40, 0x00, 0x01, 0x18,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x82, 0xfd, 0x00, 0x2a,
};

static const u8 uc_captured[] = {
	0x45, 0x01, 0x00, 0x40, 0x04, 0x78, 0x40, 0x00, 0x40, 0x11, 0xb4, 0xd5,
	0xc0, 0xa8, 0x00, 0x07, 0xc0, 0xa8, 0x00, 0x07, 0xc0, 0x00, 0x12, 0xb7,
	0x00, 0x2c, 0xac, 0xa2, 0x24, 0x60, 0xff, 0xff, 0x00, 0x00, 0x00, 0xd3,
	0x00, 0xcf, 0x17, 0x10, 0x46, 0x30, 0x81, 0x8b, 0xe2, 0x89, 0x35, 0xd9,
	0x0e, 0x9a, 0x95, 0x50, 0x54, 0x01, 0xbe, 0x88, 0x5e, 0x50, 0x00, 0x00,
	0x78, 0xf3, 0x53, 0xf3,
};

/* Acknowledge, PSN 0, syndrome 0x1f, MSN 1 */
static const u8 ack_built[] = {
	0x45, 0x00, 0x00, 0x30, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0x26, 0xbb,
	0x0a, 0x00, 0x00, 0x01, 0x0a, 0x00, 0x00, 0x02, 0xc1, 0x23, 0x12, 0xb7,
	0x00, 0x1c, 0x00, 0x00, 0x11, 0x40, 0xff, 0xff, 0x00, 0x00, 0x00, 0xab,
	0x00, 0x00, 0x00, 0x00, 0x1f, 0x00, 0x00, 0x01, 0x6b, 0x6d, 0xca, 0xd2,
};

/*
 * WRITE Only with Immediate over IPv6, every masked field set to something, and
 * one byte of pad
 */
static const u8 v6_built[] = {
	0x6a, 0x51, 0x23, 0x45, 0x00, 0x34, 0x11, 0x03, 0xfe, 0x80, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
	0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x02, 0xc3, 0x50, 0x12, 0xb7, 0x00, 0x34, 0xbe, 0xef,
	0x0b, 0xd0, 0xff, 0xff, 0x40, 0x12, 0x34, 0x56, 0x80, 0xff, 0xff, 0xfe,
	0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0xa1, 0xb2, 0xc3, 0xd4,
	0x00, 0x00, 0x00, 0x07, 0xca, 0xfe, 0x00, 0x01, 0x41, 0x42, 0x43, 0x44,
	0x45, 0x46, 0x47, 0x00, 0xa1, 0x57, 0xe7, 0xa7,
};

struct icrc_case {
	const char *desc;
	const u8 *packet;
	size_t len;
	bool v6;
};

static const struct icrc_case icrc_cases[] = {
	{ "CNP captured from hardware", cnp_captured, sizeof(cnp_captured), false },
	{ "UC SEND with its sender's ICRC", uc_captured, sizeof(uc_captured), false },
	{ "Acknowledge, built by hand", ack_built, sizeof(ack_built), false },
	{ "IPv6 WRITE, built by hand", v6_built, sizeof(v6_built), true },
};

KUNIT_ARRAY_PARAM_DESC(icrc, icrc_cases, desc);

static u32 network_bytes(bool v6)
{
	return (v6 ? 40 : 20) + 8;
}

/* The whole way a packet takes; @packet ends with its ICRC. */
static u32 icrc_of(const u8 *packet, size_t len, bool v6)
{
	u32 at = network_bytes(v6), crc;

	crc = sr_icrc_prefix(packet, v6);
	crc = sr_icrc_bth(crc, (const struct sr_bth *)(packet + at));
	at += BTH_BYTES;
	return ~sr_crc(crc, packet + at, len - at - 4);
}

static bool matches(const u8 *packet, size_t len, bool v6)
{
	const u8 *sent = packet + len - 4;
	u32 crc = icrc_of(packet, len, v6);

	return sent[0] == (crc & 0xff) && sent[1] == (crc >> 8 & 0xff) &&
	       sent[2] == (crc >> 16 & 0xff) && sent[3] == crc >> 24;
}

static void known_packets_have_their_icrc(struct kunit *test)
{
	const struct icrc_case *c = test->param_value;

	KUNIT_EXPECT_TRUE_MSG(test, matches(c->packet, c->len, c->v6), "computed %08x",
			      icrc_of(c->packet, c->len, c->v6));
}

/* Is byte @i one that routers or the far end may change? */
static u8 masked_bits(size_t i, bool v6)
{
	u32 udp = v6 ? 40 : 20;

	if (i == udp + 6 || i == udp + 7 || i == udp + 8 + 4)
		return 0xff;
	if (!v6)
		return i == 1 || i == 8 || i == 10 || i == 11 ? 0xff : 0;
	if (i == 0)
		return 0x0f;
	return (i >= 1 && i <= 3) || i == 7 ? 0xff : 0;
}

/* Every single bit of every packet: either it is covered, or it may change. */
static void every_bit_counts_but_the_masked_ones(struct kunit *test)
{
	const struct icrc_case *c = test->param_value;
	u8 *p = kunit_kmalloc(test, c->len, GFP_KERNEL);
	size_t i;
	int bit;

	KUNIT_ASSERT_NOT_NULL(test, p);
	memcpy(p, c->packet, c->len);
	for (i = 0; i < c->len; i++) {
		for (bit = 0; bit < 8; bit++) {
			p[i] ^= BIT(bit);
			KUNIT_EXPECT_EQ_MSG(test, matches(p, c->len, c->v6),
					    !!(masked_bits(i, c->v6) & BIT(bit)),
					    "byte %zu bit %d", i, bit);
			p[i] ^= BIT(bit);
		}
	}
}

/*
 * A READ response of 1024 bytes: the payload is long enough for whichever CRC
 * the module chose for bulk, and however it is cut the sum is the same.
 */
static void long_payload_in_pieces(struct kunit *test)
{
	static const u8 head[] = {
		0x45, 0x00, 0x04, 0x2c, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0x22, 0xbf,
		0x0a, 0x00, 0x00, 0x02, 0x0a, 0x00, 0x00, 0x01, 0xd0, 0x00, 0x12, 0xb7,
		0x04, 0x18, 0x00, 0x00, 0x0e, 0x40, 0xff, 0xff, 0x00, 0x00, 0x00, 0x11,
		0x00, 0x00, 0x00, 0x01,
	};
	const u32 want = 0xb68a23ff;
	u8 *data = kunit_kmalloc(test, 1024, GFP_KERNEL);
	u32 start, crc, cut;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, data);
	for (i = 0; i < 1024; i++)
		data[i] = i * 7 + 3;
	start = sr_icrc_bth(sr_icrc_prefix(head, false), (const struct sr_bth *)(head + 28));

	KUNIT_EXPECT_EQ(test, ~sr_crc(start, data, 1024), want);
	for (cut = 0; cut <= 1024; cut += 31) {
		crc = sr_crc(start, data, cut);
		crc = sr_crc(crc, data + cut, 1024 - cut);
		KUNIT_EXPECT_EQ_MSG(test, ~crc, want, "cut at %u", cut);
	}
}

static struct kunit_case icrc_test_cases[] = {
	KUNIT_CASE_PARAM(known_packets_have_their_icrc, icrc_gen_params),
	KUNIT_CASE_PARAM(every_bit_counts_but_the_masked_ones, icrc_gen_params),
	KUNIT_CASE(long_payload_in_pieces),
	{}
};

static struct kunit_suite icrc_suite = {
	.name = "ndk_softroce_icrc",
	.test_cases = icrc_test_cases,
};

kunit_test_suite(icrc_suite);
