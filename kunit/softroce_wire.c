// SPDX-License-Identifier: GPL-2.0
/*
 * The opcode table and the length check, against the InfiniBand architecture
 * specification, volume 1: opcodes from table "OpCode field" in 9.2.1, headers
 * per opcode from the packet formats in 9.4 and 9.5, sizes from 9.2 to 9.3. The
 * facts are typed here by hand; nothing is taken from the code under test.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <rdma/ib_verbs.h>

#include "../drivers/softroce/wire.h"

#define BTH_BYTES	12
#define RETH_BYTES	16
#define AETH_BYTES	4
#define IMM_BYTES	4
#define IETH_BYTES	4
#define ATOMIC_BYTES	28
#define ATOMIC_ACK_BYTES 8
#define CNP_BYTES	16
#define DETH_BYTES	8
#define ICRC_BYTES	4

#define REQUEST		true
#define RESPONSE	false

/* f: first, m: middle, l: last, o: only */
struct fact {
	const char *desc;
	u8 opcode;
	bool request;
	char place;
	u8 headers;	/* bytes behind the BTH */
	bool payload;
	u16 is;		/* which SR_OP_* of kind and header must be set */
};

static const struct fact facts[] = {
	{ "SEND First", 0x00, REQUEST, 'f', 0, 1, SR_OP_SEND },
	{ "SEND Middle", 0x01, REQUEST, 'm', 0, 1, SR_OP_SEND },
	{ "SEND Last", 0x02, REQUEST, 'l', 0, 1, SR_OP_SEND },
	{ "SEND Last with Immediate", 0x03, REQUEST, 'l', IMM_BYTES, 1, SR_OP_SEND | SR_OP_IMM },
	{ "SEND Only", 0x04, REQUEST, 'o', 0, 1, SR_OP_SEND },
	{ "SEND Only with Immediate", 0x05, REQUEST, 'o', IMM_BYTES, 1, SR_OP_SEND | SR_OP_IMM },
	{ "RDMA WRITE First", 0x06, REQUEST, 'f', RETH_BYTES, 1, SR_OP_WRITE | SR_OP_RETH },
	{ "RDMA WRITE Middle", 0x07, REQUEST, 'm', 0, 1, SR_OP_WRITE },
	{ "RDMA WRITE Last", 0x08, REQUEST, 'l', 0, 1, SR_OP_WRITE },
	{ "RDMA WRITE Last with Immediate", 0x09, REQUEST, 'l', IMM_BYTES, 1,
	  SR_OP_WRITE | SR_OP_IMM },
	{ "RDMA WRITE Only", 0x0a, REQUEST, 'o', RETH_BYTES, 1, SR_OP_WRITE | SR_OP_RETH },
	{ "RDMA WRITE Only with Immediate", 0x0b, REQUEST, 'o', RETH_BYTES + IMM_BYTES, 1,
	  SR_OP_WRITE | SR_OP_RETH | SR_OP_IMM },
	{ "RDMA READ Request", 0x0c, REQUEST, 'o', RETH_BYTES, 0, SR_OP_READ | SR_OP_RETH },
	{ "RDMA READ response First", 0x0d, RESPONSE, 'f', AETH_BYTES, 1,
	  SR_OP_READ | SR_OP_AETH },
	{ "RDMA READ response Middle", 0x0e, RESPONSE, 'm', 0, 1, SR_OP_READ },
	{ "RDMA READ response Last", 0x0f, RESPONSE, 'l', AETH_BYTES, 1, SR_OP_READ | SR_OP_AETH },
	{ "RDMA READ response Only", 0x10, RESPONSE, 'o', AETH_BYTES, 1, SR_OP_READ | SR_OP_AETH },
	{ "Acknowledge", 0x11, RESPONSE, 'o', AETH_BYTES, 0, SR_OP_AETH },
	{ "ATOMIC Acknowledge", 0x12, RESPONSE, 'o', AETH_BYTES + ATOMIC_ACK_BYTES, 0,
	  SR_OP_ATOMIC | SR_OP_AETH },
	{ "CmpSwap", 0x13, REQUEST, 'o', ATOMIC_BYTES, 0, SR_OP_ATOMIC },
	{ "FetchAdd", 0x14, REQUEST, 'o', ATOMIC_BYTES, 0, SR_OP_ATOMIC },
	{ "SEND Last with Invalidate", 0x16, REQUEST, 'l', IETH_BYTES, 1,
	  SR_OP_SEND | SR_OP_INV },
	{ "SEND Only with Invalidate", 0x17, REQUEST, 'o', IETH_BYTES, 1,
	  SR_OP_SEND | SR_OP_INV },
	{ "ATOMIC WRITE", 0x1d, REQUEST, 'o', RETH_BYTES, 1, SR_OP_AWRITE | SR_OP_RETH },
	{ "UC SEND First", 0x20, REQUEST, 'f', 0, 1, SR_OP_SEND },
	{ "UC SEND Middle", 0x21, REQUEST, 'm', 0, 1, SR_OP_SEND },
	{ "UC SEND Last", 0x22, REQUEST, 'l', 0, 1, SR_OP_SEND },
	{ "UC SEND Last with Immediate", 0x23, REQUEST, 'l', IMM_BYTES, 1,
	  SR_OP_SEND | SR_OP_IMM },
	{ "UC SEND Only", 0x24, REQUEST, 'o', 0, 1, SR_OP_SEND },
	{ "UC SEND Only with Immediate", 0x25, REQUEST, 'o', IMM_BYTES, 1,
	  SR_OP_SEND | SR_OP_IMM },
	{ "UC RDMA WRITE First", 0x26, REQUEST, 'f', RETH_BYTES, 1, SR_OP_WRITE | SR_OP_RETH },
	{ "UC RDMA WRITE Middle", 0x27, REQUEST, 'm', 0, 1, SR_OP_WRITE },
	{ "UC RDMA WRITE Last", 0x28, REQUEST, 'l', 0, 1, SR_OP_WRITE },
	{ "UC RDMA WRITE Last with Immediate", 0x29, REQUEST, 'l', IMM_BYTES, 1,
	  SR_OP_WRITE | SR_OP_IMM },
	{ "UC RDMA WRITE Only", 0x2a, REQUEST, 'o', RETH_BYTES, 1, SR_OP_WRITE | SR_OP_RETH },
	{ "UC RDMA WRITE Only with Immediate", 0x2b, REQUEST, 'o', RETH_BYTES + IMM_BYTES, 1,
	  SR_OP_WRITE | SR_OP_RETH | SR_OP_IMM },
	{ "UD SEND Only", 0x64, REQUEST, 'o', DETH_BYTES, 1, SR_OP_SEND | SR_OP_DETH },
	{ "UD SEND Only with Immediate", 0x65, REQUEST, 'o', DETH_BYTES + IMM_BYTES, 1,
	  SR_OP_SEND | SR_OP_DETH | SR_OP_IMM },
};

KUNIT_ARRAY_PARAM_DESC(fact, facts, desc);

#define KINDS	(SR_OP_SEND | SR_OP_WRITE | SR_OP_READ | SR_OP_ATOMIC | SR_OP_IMM |	\
		 SR_OP_RETH | SR_OP_AETH | SR_OP_DETH | SR_OP_CNP | SR_OP_INV |	\
		 SR_OP_AWRITE)

static void opcode_means_what_the_specification_says(struct kunit *test)
{
	const struct fact *f = test->param_value;
	const struct sr_opinfo *info = sr_opinfo(f->opcode);

	KUNIT_EXPECT_TRUE(test, info->flags & SR_OP_VALID);
	KUNIT_EXPECT_EQ(test, !!(info->flags & SR_OP_REQ), f->request);
	KUNIT_EXPECT_EQ(test, !!(info->flags & SR_OP_FIRST), f->place == 'f' || f->place == 'o');
	KUNIT_EXPECT_EQ(test, !!(info->flags & SR_OP_LAST), f->place == 'l' || f->place == 'o');
	KUNIT_EXPECT_EQ(test, info->hdr_len, BTH_BYTES + f->headers);
	KUNIT_EXPECT_EQ(test, !!(info->flags & SR_OP_PAYLOAD), f->payload);
	KUNIT_EXPECT_EQ(test, info->flags & KINDS, f->is);
}

static const struct fact *fact_of(u8 opcode)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(facts); i++)
		if (facts[i].opcode == opcode)
			return &facts[i];
	return NULL;
}

/* RC, UC and UD are spoken, RD and XRC are not; then there is the CNP of annex A17. */
static void every_other_opcode_is_unknown(struct kunit *test)
{
	int opcode;

	for (opcode = 0; opcode < 256; opcode++)
		KUNIT_EXPECT_EQ_MSG(test, !!sr_opinfo(opcode)->flags,
				    fact_of(opcode) || opcode == 0x81, "opcode %#x", opcode);
	KUNIT_EXPECT_EQ(test, sr_opinfo(0x81)->hdr_len, BTH_BYTES + CNP_BYTES);
}

/* The order of checks is part of the answer: each drop has its counter. */
static enum sr_verdict expected(u8 opcode, u8 flags, u32 len, u32 *payload)
{
	const struct fact *f = fact_of(opcode);
	u32 fixed = BTH_BYTES + ICRC_BYTES, pad = flags >> 4 & 3;

	if (flags & 15)
		return SR_PKT_VERSION;
	if (!f && opcode != 0x81)
		return SR_PKT_OPCODE;
	fixed += f ? f->headers : CNP_BYTES;
	if (len < fixed)
		return SR_PKT_SHORT;
	if ((len - fixed) % 4 || fixed + pad > len)
		return SR_PKT_LENGTH;
	if (len > fixed && !(f && f->payload))
		return SR_PKT_LENGTH;
	*payload = len - fixed - pad;
	return SR_PKT_OK;
}

static void every_opcode_at_every_length(struct kunit *test)
{
	/* version 0 and others, every pad, other bits that must not matter */
	static const u8 flags[] = { 0x00, 0x10, 0x20, 0x30, 0xc0, 0xf0, 0x01, 0x0f, 0x38 };
	u32 len, want, got;
	int opcode, i;

	for (opcode = 0; opcode < 256; opcode++) {
		for (len = 0; len < 128; len++) {
			for (i = 0; i < ARRAY_SIZE(flags); i++) {
				enum sr_verdict v;

				want = 0;
				got = 0;
				v = sr_check_packet(opcode, flags[i], len, &got);
				KUNIT_ASSERT_EQ_MSG(test, v,
						    expected(opcode, flags[i], len, &want),
						    "opcode %#x flags %#x len %u", opcode,
						    flags[i], len);
				if (v == SR_PKT_OK)
					KUNIT_ASSERT_EQ(test, got, want);
			}
		}
	}
}

struct made {
	const char *desc;
	u8 wr;
	int first;	/* opcodes by place in the message */
	int middle;
	int last;
	int only;
};

static const struct made makes[] = {
	{ "SEND", IB_WR_SEND, 0x00, 0x01, 0x02, 0x04 },
	{ "SEND with immediate", IB_WR_SEND_WITH_IMM, 0x00, 0x01, 0x03, 0x05 },
	{ "WRITE", IB_WR_RDMA_WRITE, 0x06, 0x07, 0x08, 0x0a },
	{ "WRITE with immediate", IB_WR_RDMA_WRITE_WITH_IMM, 0x06, 0x07, 0x09, 0x0b },
	{ "READ", IB_WR_RDMA_READ, 0x0c, 0x0c, 0x0c, 0x0c },
	{ "compare and swap", IB_WR_ATOMIC_CMP_AND_SWP, 0x13, 0x13, 0x13, 0x13 },
	{ "fetch and add", IB_WR_ATOMIC_FETCH_AND_ADD, 0x14, 0x14, 0x14, 0x14 },
	{ "local invalidate", IB_WR_LOCAL_INV, -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP,
	  -EOPNOTSUPP },
	{ "SEND with invalidate", IB_WR_SEND_WITH_INV, 0x00, 0x01, 0x16, 0x17 },
	{ "no request at all", 0xff, -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP, -EOPNOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(made, makes, desc);

static void requests_become_these_packets(struct kunit *test)
{
	const struct made *c = test->param_value;

	KUNIT_EXPECT_EQ(test, sr_request_opcode(c->wr, true, false), c->first);
	KUNIT_EXPECT_EQ(test, sr_request_opcode(c->wr, false, false), c->middle);
	KUNIT_EXPECT_EQ(test, sr_request_opcode(c->wr, false, true), c->last);
	KUNIT_EXPECT_EQ(test, sr_request_opcode(c->wr, true, true), c->only);
}

static void read_responses_are_these_packets(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, sr_read_resp_opcode(true, false), 0x0d);
	KUNIT_EXPECT_EQ(test, sr_read_resp_opcode(false, false), 0x0e);
	KUNIT_EXPECT_EQ(test, sr_read_resp_opcode(false, true), 0x0f);
	KUNIT_EXPECT_EQ(test, sr_read_resp_opcode(true, true), 0x10);
}

/* Bytes as 9.2.1 draws them, most significant first. */
static void bth_fields_lie_where_they_belong(struct kunit *test)
{
	const u8 wire[BTH_BYTES] = {
		0x0a, 0xf0, 0x12, 0x34, 0xaa, 0x01, 0x02, 0x03, 0x80, 0x0a, 0x0b, 0x0c,
	};
	const struct sr_bth *bth = (const struct sr_bth *)wire;

	KUNIT_EXPECT_EQ(test, bth->opcode, 0x0a);
	KUNIT_EXPECT_TRUE(test, bth->flags & SR_BTH_SE);
	KUNIT_EXPECT_TRUE(test, bth->flags & SR_BTH_MIGREQ);
	KUNIT_EXPECT_EQ(test, sr_bth_pad(bth->flags), 3);
	KUNIT_EXPECT_EQ(test, bth->flags & SR_BTH_TVER_MASK, 0);
	KUNIT_EXPECT_EQ(test, be16_to_cpu(bth->pkey), 0x1234);
	KUNIT_EXPECT_EQ(test, wire[SR_BTH_RESV8A_OFFSET], 0xaa);
	KUNIT_EXPECT_EQ(test, be32_to_cpu(bth->qpn) & SR_BTH_QPN_MASK, 0x010203);
	KUNIT_EXPECT_TRUE(test, be32_to_cpu(bth->apsn) & SR_BTH_ACKREQ);
	KUNIT_EXPECT_EQ(test, be32_to_cpu(bth->apsn) & SR_BTH_PSN_MASK, 0x0a0b0c);
}

static void extension_headers_lie_where_they_belong(struct kunit *test)
{
	u8 wire[ATOMIC_BYTES];
	const struct sr_reth *reth = (const struct sr_reth *)wire;
	const struct sr_atomic_eth *atomic = (const struct sr_atomic_eth *)wire;
	int i;

	for (i = 0; i < sizeof(wire); i++)
		wire[i] = i + 1;

	KUNIT_EXPECT_EQ(test, be64_to_cpu(reth->va), 0x0102030405060708ULL);
	KUNIT_EXPECT_EQ(test, be32_to_cpu(reth->rkey), 0x090a0b0c);
	KUNIT_EXPECT_EQ(test, be32_to_cpu(reth->len), 0x0d0e0f10);
	KUNIT_EXPECT_EQ(test, be64_to_cpu(atomic->va), 0x0102030405060708ULL);
	KUNIT_EXPECT_EQ(test, be32_to_cpu(atomic->rkey), 0x090a0b0c);
	KUNIT_EXPECT_EQ(test, be64_to_cpu(atomic->swap_add), 0x0d0e0f1011121314ULL);
	KUNIT_EXPECT_EQ(test, be64_to_cpu(atomic->compare), 0x15161718191a1b1cULL);
}

/* Table "AETH syndrome field" in 9.7.5.2.1 and the NAK codes behind it. */
static void syndromes_have_their_values(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, SR_AETH_ACK | SR_AETH_NO_CREDITS, 0x1f);
	KUNIT_EXPECT_EQ(test, SR_AETH_RNR_NAK, 0x20);
	KUNIT_EXPECT_EQ(test, SR_AETH_NAK | SR_NAK_PSN_SEQ, 0x60);
	KUNIT_EXPECT_EQ(test, SR_AETH_NAK | SR_NAK_INV_REQ, 0x61);
	KUNIT_EXPECT_EQ(test, SR_AETH_NAK | SR_NAK_REM_ACCESS, 0x62);
	KUNIT_EXPECT_EQ(test, SR_AETH_NAK | SR_NAK_REM_OP, 0x63);
	KUNIT_EXPECT_EQ(test, SR_AETH_NAK | SR_NAK_INV_RD, 0x64);
}

static struct kunit_case wire_cases[] = {
	KUNIT_CASE_PARAM(opcode_means_what_the_specification_says, fact_gen_params),
	KUNIT_CASE(every_other_opcode_is_unknown),
	KUNIT_CASE(every_opcode_at_every_length),
	KUNIT_CASE_PARAM(requests_become_these_packets, made_gen_params),
	KUNIT_CASE(read_responses_are_these_packets),
	KUNIT_CASE(bth_fields_lie_where_they_belong),
	KUNIT_CASE(extension_headers_lie_where_they_belong),
	KUNIT_CASE(syndromes_have_their_values),
	{}
};

static struct kunit_suite wire_suite = {
	.name = "ndk_softroce_wire",
	.test_cases = wire_cases,
};

kunit_test_suite(wire_suite);

MODULE_DESCRIPTION("KUnit tests of the software RoCEv2 NIC");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
