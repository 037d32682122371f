/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is on the wire: RoCEv2 headers as the InfiniBand architecture
 * specification (volume 1, chapter 9 and annex A17) lays them out. Everything
 * is big endian, except the ICRC, whose bytes are those of a little endian
 * CRC-32.
 *
 *	IP | UDP | BTH | [RETH | AtomicETH | AETH] | [AtomicAckETH | ImmDt | IETH]
 *	   | payload | pad | ICRC
 */
#ifndef _SR_WIRE_H
#define _SR_WIRE_H

#include <linux/build_bug.h>
#include <linux/types.h>

#define SR_ICRC_LEN		4
#define SR_CNP_PAYLOAD		16

struct sr_bth {
	u8 opcode;
	u8 flags;
	__be16 pkey;
	__be32 qpn;
	__be32 apsn;
} __packed;
static_assert(sizeof(struct sr_bth) == 12);

/* sr_bth.flags */
#define SR_BTH_SE		0x80
#define SR_BTH_MIGREQ		0x40
#define SR_BTH_PAD_SHIFT	4
#define SR_BTH_PAD_MASK		0x30
#define SR_BTH_TVER_MASK	0x0f

/* sr_bth.qpn: the top byte (FECN, BECN, reserved) is outside the ICRC */
#define SR_BTH_QPN_MASK		0xffffffU
#define SR_BTH_RESV8A_OFFSET	4

/* sr_bth.apsn */
#define SR_BTH_ACKREQ		0x80000000U
#define SR_BTH_PSN_MASK		0xffffffU

struct sr_reth {
	__be64 va;
	__be32 rkey;
	__be32 len;
} __packed;
static_assert(sizeof(struct sr_reth) == 16);

struct sr_aeth {
	__be32 smsn;
} __packed;
static_assert(sizeof(struct sr_aeth) == 4);

/* syndrome: the top byte of sr_aeth.smsn */
#define SR_AETH_SYN_SHIFT	24
#define SR_AETH_MSN_MASK	0xffffffU
#define SR_AETH_TYPE_MASK	0xe0
#define SR_AETH_ACK		0x00
#define SR_AETH_RNR_NAK		0x20
#define SR_AETH_NAK		0x60
#define SR_AETH_VALUE_MASK	0x1f
/* no end-to-end flow control: the credit field is not valid */
#define SR_AETH_NO_CREDITS	0x1f

enum sr_nak_code {
	SR_NAK_PSN_SEQ,
	SR_NAK_INV_REQ,
	SR_NAK_REM_ACCESS,
	SR_NAK_REM_OP,
	SR_NAK_INV_RD,
};

struct sr_imm {
	__be32 data;
} __packed;
static_assert(sizeof(struct sr_imm) == 4);

struct sr_ieth {
	__be32 rkey;
} __packed;
static_assert(sizeof(struct sr_ieth) == 4);

struct sr_atomic_eth {
	__be64 va;
	__be32 rkey;
	__be64 swap_add;
	__be64 compare;
} __packed;
static_assert(sizeof(struct sr_atomic_eth) == 28);

struct sr_atomic_ack {
	__be64 orig;
} __packed;
static_assert(sizeof(struct sr_atomic_ack) == 8);

struct sr_deth {
	__be32 qkey;
	__be32 sqp;	/* source QP */
} __packed;
static_assert(sizeof(struct sr_deth) == 8);

/* space in front of a datagram's payload in the receive buffer */
#define SR_GRH_LEN	40
/* QP 1 and its key are the same everywhere */
#define SR_GSI_QPN	1
#define SR_GSI_QKEY	0x80010000
#define SR_MCAST_QPN	0xffffff

/* top three bits of an opcode */
#define SR_TRANSPORT_RC	0x00
#define SR_TRANSPORT_UC	0x20
#define SR_TRANSPORT_UD	0x60
#define SR_TRANSPORT_MASK	0xe0

/*
 * RC opcodes; UC has those of SEND and WRITE with its own top bits. Then the two
 * of UD, and the CNP.
 */
enum sr_opcode {
	SR_SEND_FIRST		= 0x00,
	SR_SEND_MIDDLE		= 0x01,
	SR_SEND_LAST		= 0x02,
	SR_SEND_LAST_IMM	= 0x03,
	SR_SEND_ONLY		= 0x04,
	SR_SEND_ONLY_IMM	= 0x05,
	SR_WRITE_FIRST		= 0x06,
	SR_WRITE_MIDDLE		= 0x07,
	SR_WRITE_LAST		= 0x08,
	SR_WRITE_LAST_IMM	= 0x09,
	SR_WRITE_ONLY		= 0x0a,
	SR_WRITE_ONLY_IMM	= 0x0b,
	SR_READ_REQUEST		= 0x0c,
	SR_READ_RESP_FIRST	= 0x0d,
	SR_READ_RESP_MIDDLE	= 0x0e,
	SR_READ_RESP_LAST	= 0x0f,
	SR_READ_RESP_ONLY	= 0x10,
	SR_ACKNOWLEDGE		= 0x11,
	SR_ATOMIC_ACK		= 0x12,
	SR_COMPARE_SWAP		= 0x13,
	SR_FETCH_ADD		= 0x14,
	SR_SEND_LAST_INV	= 0x16,
	SR_SEND_ONLY_INV	= 0x17,
	SR_ATOMIC_WRITE		= 0x1d,
	SR_OPCODES		= 0x1e,
	SR_UD_SEND_ONLY		= 0x64,
	SR_UD_SEND_ONLY_IMM	= 0x65,
	SR_CNP			= 0x81,
};

/* what an opcode means, sr_opinfo.flags */
#define SR_OP_VALID		0x0001
#define SR_OP_REQ		0x0002	/* to the responder; else to the requester */
#define SR_OP_FIRST		0x0004	/* opens a message */
#define SR_OP_LAST		0x0008	/* ends a message */
#define SR_OP_SEND		0x0010
#define SR_OP_WRITE		0x0020
#define SR_OP_READ		0x0040	/* READ request or response */
#define SR_OP_ATOMIC		0x0080	/* atomic request or its acknowledge */
#define SR_OP_PAYLOAD		0x0100	/* may carry payload */
#define SR_OP_IMM		0x0200
#define SR_OP_RETH		0x0400
#define SR_OP_AETH		0x0800
#define SR_OP_CNP		0x1000
#define SR_OP_DETH		0x2000
#define SR_OP_INV		0x4000	/* has an IETH: a key to invalidate */
#define SR_OP_AWRITE		0x8000	/* ATOMIC WRITE */

/**
 * struct sr_opinfo - one row of the opcode table
 * @flags: SR_OP_*, 0 for opcodes we do not speak
 * @hdr_len: bytes from the BTH to the payload
 */
struct sr_opinfo {
	u16 flags;
	u8 hdr_len;
};

const struct sr_opinfo *sr_opinfo(u8 opcode);
int sr_request_opcode(u8 wr_opcode, bool first, bool last);
u8 sr_read_resp_opcode(bool first, bool last);

/**
 * enum sr_verdict - is a packet sane by its length and opcode alone
 * @SR_PKT_OK: yes
 * @SR_PKT_SHORT: its headers do not fit
 * @SR_PKT_LENGTH: payload where there must be none, or pad beyond payload
 * @SR_PKT_OPCODE: an opcode we do not speak
 * @SR_PKT_VERSION: transport header version is not 0
 */
enum sr_verdict {
	SR_PKT_OK,
	SR_PKT_SHORT,
	SR_PKT_LENGTH,
	SR_PKT_OPCODE,
	SR_PKT_VERSION,
};

enum sr_verdict sr_check_packet(u8 opcode, u8 flags, u32 len, u32 *payload);

static inline u8 sr_bth_pad(u8 flags)
{
	return (flags & SR_BTH_PAD_MASK) >> SR_BTH_PAD_SHIFT;
}

#endif /* _SR_WIRE_H */
