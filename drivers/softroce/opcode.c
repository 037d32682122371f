// SPDX-License-Identifier: GPL-2.0
/*
 * The opcode table, read by both directions.
 */
#include <linux/kernel.h>
#include <kunit/visibility.h>
#include <rdma/ib_verbs.h>

#include "wire.h"

#define REQ	(SR_OP_VALID | SR_OP_REQ)
#define RESP	SR_OP_VALID
#define ONLY	(SR_OP_FIRST | SR_OP_LAST)
#define SEND_OP	(REQ | SR_OP_SEND | SR_OP_PAYLOAD)
#define WRITE_OP	(REQ | SR_OP_WRITE | SR_OP_PAYLOAD)
#define RDRESP	(RESP | SR_OP_READ | SR_OP_PAYLOAD)
#define LEN(x)	(12 + (x))

static const struct sr_opinfo table[SR_OPCODES] = {
	[SR_SEND_FIRST]		= { SEND_OP | SR_OP_FIRST, LEN(0) },
	[SR_SEND_MIDDLE]	= { SEND_OP, LEN(0) },
	[SR_SEND_LAST]		= { SEND_OP | SR_OP_LAST, LEN(0) },
	[SR_SEND_LAST_IMM]	= { SEND_OP | SR_OP_LAST | SR_OP_IMM, LEN(4) },
	[SR_SEND_ONLY]		= { SEND_OP | ONLY, LEN(0) },
	[SR_SEND_ONLY_IMM]	= { SEND_OP | ONLY | SR_OP_IMM, LEN(4) },
	[SR_WRITE_FIRST]	= { WRITE_OP | SR_OP_FIRST | SR_OP_RETH, LEN(16) },
	[SR_WRITE_MIDDLE]	= { WRITE_OP, LEN(0) },
	[SR_WRITE_LAST]		= { WRITE_OP | SR_OP_LAST, LEN(0) },
	[SR_WRITE_LAST_IMM]	= { WRITE_OP | SR_OP_LAST | SR_OP_IMM, LEN(4) },
	[SR_WRITE_ONLY]		= { WRITE_OP | ONLY | SR_OP_RETH, LEN(16) },
	[SR_WRITE_ONLY_IMM]	= { WRITE_OP | ONLY | SR_OP_RETH | SR_OP_IMM, LEN(20) },
	[SR_READ_REQUEST]	= { REQ | SR_OP_READ | ONLY | SR_OP_RETH, LEN(16) },
	[SR_READ_RESP_FIRST]	= { RDRESP | SR_OP_FIRST | SR_OP_AETH, LEN(4) },
	[SR_READ_RESP_MIDDLE]	= { RDRESP, LEN(0) },
	[SR_READ_RESP_LAST]	= { RDRESP | SR_OP_LAST | SR_OP_AETH, LEN(4) },
	[SR_READ_RESP_ONLY]	= { RDRESP | ONLY | SR_OP_AETH, LEN(4) },
	[SR_ACKNOWLEDGE]	= { RESP | ONLY | SR_OP_AETH, LEN(4) },
	[SR_ATOMIC_ACK]		= { RESP | ONLY | SR_OP_ATOMIC | SR_OP_AETH, LEN(12) },
	[SR_COMPARE_SWAP]	= { REQ | SR_OP_ATOMIC | ONLY, LEN(28) },
	[SR_FETCH_ADD]		= { REQ | SR_OP_ATOMIC | ONLY, LEN(28) },
	[SR_ATOMIC_WRITE]	= { REQ | SR_OP_AWRITE | SR_OP_PAYLOAD | ONLY | SR_OP_RETH,
				    LEN(16) },
	[SR_SEND_LAST_INV]	= { SEND_OP | SR_OP_LAST | SR_OP_INV, LEN(4) },
	[SR_SEND_ONLY_INV]	= { SEND_OP | ONLY | SR_OP_INV, LEN(4) },
};

static const struct sr_opinfo ud_send = { SEND_OP | ONLY | SR_OP_DETH, LEN(8) };

static const struct sr_opinfo ud_send_imm = {
	SEND_OP | ONLY | SR_OP_DETH | SR_OP_IMM, LEN(12)
};

static const struct sr_opinfo cnp = { SR_OP_VALID | SR_OP_CNP, LEN(SR_CNP_PAYLOAD) };
static const struct sr_opinfo unknown;

/**
 * sr_opinfo() - what an opcode means
 * @opcode: from the BTH, any value
 *
 * Return: its row, never NULL; flags are 0 if we do not speak it.
 */
const struct sr_opinfo *sr_opinfo(u8 opcode)
{
	u8 uc = opcode - SR_TRANSPORT_UC;

	if (opcode < ARRAY_SIZE(table))
		return &table[opcode];
	if (uc <= SR_WRITE_ONLY_IMM)
		return &table[uc];
	switch (opcode) {
	case SR_UD_SEND_ONLY:
		return &ud_send;
	case SR_UD_SEND_ONLY_IMM:
		return &ud_send_imm;
	case SR_CNP:
		return &cnp;
	default:
		return &unknown;
	}
}
EXPORT_SYMBOL_IF_KUNIT(sr_opinfo);

/**
 * sr_check_packet() - judge a packet by length and opcode
 * @opcode: from the BTH
 * @flags: from the BTH
 * @len: bytes from the BTH to the end of the ICRC
 * @payload: bytes of payload without pad, if all is well
 *
 * Everything that reads the packet later relies on this.
 *
 * Return: %SR_PKT_OK, or what is wrong.
 */
enum sr_verdict sr_check_packet(u8 opcode, u8 flags, u32 len, u32 *payload)
{
	const struct sr_opinfo *info = sr_opinfo(opcode);
	u32 pad = sr_bth_pad(flags), rest;

	if (flags & SR_BTH_TVER_MASK)
		return SR_PKT_VERSION;
	if (!info->flags)
		return SR_PKT_OPCODE;
	if (len < info->hdr_len + SR_ICRC_LEN)
		return SR_PKT_SHORT;
	rest = len - info->hdr_len - SR_ICRC_LEN;
	if (rest & 3 || pad > rest)
		return SR_PKT_LENGTH;
	if (!(info->flags & SR_OP_PAYLOAD) && rest)
		return SR_PKT_LENGTH;
	*payload = rest - pad;
	return SR_PKT_OK;
}
EXPORT_SYMBOL_IF_KUNIT(sr_check_packet);

/* rows: first, middle, last, only */
static const s8 send_ops[4] = {
	SR_SEND_FIRST, SR_SEND_MIDDLE, SR_SEND_LAST, SR_SEND_ONLY
};

static const s8 send_imm_ops[4] = {
	SR_SEND_FIRST, SR_SEND_MIDDLE, SR_SEND_LAST_IMM, SR_SEND_ONLY_IMM
};

static const s8 send_inv_ops[4] = {
	SR_SEND_FIRST, SR_SEND_MIDDLE, SR_SEND_LAST_INV, SR_SEND_ONLY_INV
};

static const s8 write_ops[4] = {
	SR_WRITE_FIRST, SR_WRITE_MIDDLE, SR_WRITE_LAST, SR_WRITE_ONLY
};

static const s8 write_imm_ops[4] = {
	SR_WRITE_FIRST, SR_WRITE_MIDDLE, SR_WRITE_LAST_IMM, SR_WRITE_ONLY_IMM
};

static unsigned int position(bool first, bool last)
{
	if (first)
		return last ? 3 : 0;
	return last ? 2 : 1;
}

/**
 * sr_request_opcode() - the opcode of a request packet
 * @wr_opcode: enum ib_wr_opcode of the work request
 * @first: it opens the message
 * @last: it ends the message
 *
 * Return: the opcode, or -EOPNOTSUPP.
 */
int sr_request_opcode(u8 wr_opcode, bool first, bool last)
{
	switch (wr_opcode) {
	case IB_WR_SEND:
		return send_ops[position(first, last)];
	case IB_WR_SEND_WITH_IMM:
		return send_imm_ops[position(first, last)];
	case IB_WR_SEND_WITH_INV:
		return send_inv_ops[position(first, last)];
	case IB_WR_RDMA_WRITE:
		return write_ops[position(first, last)];
	case IB_WR_RDMA_WRITE_WITH_IMM:
		return write_imm_ops[position(first, last)];
	case IB_WR_RDMA_READ:
		return SR_READ_REQUEST;
	case IB_WR_ATOMIC_WRITE:
		return SR_ATOMIC_WRITE;
	case IB_WR_ATOMIC_CMP_AND_SWP:
		return SR_COMPARE_SWAP;
	case IB_WR_ATOMIC_FETCH_AND_ADD:
		return SR_FETCH_ADD;
	default:
		return -EOPNOTSUPP;
	}
}
EXPORT_SYMBOL_IF_KUNIT(sr_request_opcode);

/**
 * sr_read_resp_opcode() - the opcode of a READ response packet
 * @first: it opens the response
 * @last: it ends the response
 *
 * Return: the opcode.
 */
u8 sr_read_resp_opcode(bool first, bool last)
{
	static const u8 ops[4] = {
		SR_READ_RESP_FIRST, SR_READ_RESP_MIDDLE,
		SR_READ_RESP_LAST, SR_READ_RESP_ONLY
	};

	return ops[position(first, last)];
}
EXPORT_SYMBOL_IF_KUNIT(sr_read_resp_opcode);
