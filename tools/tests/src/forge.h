/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Forged RoCEv2 packets over IPv4, from a raw socket to the device's own
 * address. The ICRC is computed by the few lines in forge.c, not by the code
 * under test.
 */
#ifndef FORGE_H
#define FORGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FORGE_BTH	12
#define FORGE_ICRC	4
#define FORGE_MAX_BODY	1500

/**
 * struct forged - a packet
 * @opcode: from the BTH
 * @flags: solicited, migration, pad, version
 * @pkey: partition
 * @qpn: destination
 * @psn: sequence number; top bit: acknowledge wanted
 * @source: IPv4 address, network order; 0: the device's own
 * @bad_icrc: spoil the ICRC
 * @len: bytes of @body
 * @body: what is behind the BTH
 */
struct forged {
	uint8_t opcode;
	uint8_t flags;
	uint16_t pkey;
	uint32_t qpn;
	uint32_t psn;
	uint32_t source;
	bool bad_icrc;
	size_t len;
	uint8_t body[FORGE_MAX_BODY];
};

void forge_open(const void *own_ip);
void forge(const struct forged *f);
void forge_cut(const struct forged *f, size_t roce);
int forge_header_bytes(unsigned int opcode);

void put32(uint8_t *p, uint32_t v);
void put64(uint8_t *p, uint64_t v);

#endif /* FORGE_H */
