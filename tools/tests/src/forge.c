// SPDX-License-Identifier: GPL-2.0
/*
 * Forged packets, see forge.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "forge.h"
#include "hostile.h"

#define PORT	4791

static int raw = -1;
static uint32_t own_ip;

/* bytes of headers behind the BTH by opcode, from the specification */
static const int8_t header_bytes[0x18] = {
	0, 0, 0, 4, 0, 4, 16, 0, 0, 4, 16, 20, 16, 4, 0, 4, 4, 4, 12, 28, 28, -1, 4, 4,
};

/* -1: an opcode nobody speaks */
int forge_header_bytes(unsigned int opcode)
{
	if (opcode < sizeof(header_bytes))
		return header_bytes[opcode];
	if (opcode >= 0x20 && opcode <= 0x2b)
		return header_bytes[opcode - 0x20];
	switch (opcode) {
	case 0x1d:
		return 16;
	case 0x64:
		return 8;
	case 0x65:
		return 12;
	case 0x81:
		return 16;
	default:
		return -1;
	}
}

void forge_open(const void *ip)
{
	memcpy(&own_ip, ip, sizeof(own_ip));
	raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (raw < 0)
		die("raw socket: %s", strerror(errno));
}

static uint32_t crc_byte(uint32_t crc, uint8_t byte)
{
	int i;

	crc ^= byte;
	for (i = 0; i < 8; i++)
		crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	return crc;
}

static bool masked(size_t i)
{
	/* type of service, time to live, IP checksum; UDP checksum; resv8a */
	return i == 1 || i == 8 || i == 10 || i == 11 || i == 26 || i == 27 || i == 32;
}

static uint32_t icrc(const uint8_t *packet, size_t len)
{
	uint32_t crc = UINT32_MAX;
	size_t i;

	for (i = 0; i < 8; i++)
		crc = crc_byte(crc, 0xff);
	for (i = 0; i < len; i++)
		crc = crc_byte(crc, masked(i) ? 0xff : packet[i]);
	return ~crc;
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

void put64(uint8_t *p, uint64_t v)
{
	put32(p, v >> 32);
	put32(p + 4, v);
}

static void transmit(const uint8_t *packet, size_t len)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = own_ip };

	if (sendto(raw, packet, len, 0, (struct sockaddr *)&to, sizeof(to)) != (ssize_t)len)
		die("raw socket: %s", strerror(errno));
}

/* Sends the first @roce bytes of what stands behind the UDP header. */
void forge_cut(const struct forged *f, size_t roce)
{
	uint8_t p[20 + 8 + FORGE_BTH + FORGE_MAX_BODY + FORGE_ICRC] = { 0x45 };
	size_t full = FORGE_BTH + f->len + FORGE_ICRC;
	uint32_t crc;

	put16(p + 2, 28 + roce);
	put16(p + 4, 1);
	put16(p + 6, 0x4000);
	p[8] = 64;
	p[9] = IPPROTO_UDP;
	memcpy(p + 12, f->source ? &f->source : &own_ip, 4);
	memcpy(p + 16, &own_ip, 4);
	put16(p + 20, 0xc123);
	put16(p + 22, PORT);
	put16(p + 24, 8 + roce);
	p[28] = f->opcode;
	p[29] = f->flags;
	put16(p + 30, f->pkey);
	put32(p + 32, f->qpn);
	put32(p + 36, f->psn);
	memcpy(p + 40, f->body, f->len);
	/* right for the length it has, as far as there is room for it */
	if (roce >= FORGE_ICRC) {
		crc = icrc(p, 28 + roce - FORGE_ICRC) ^ f->bad_icrc;
		p[28 + roce - 4] = crc;
		p[28 + roce - 3] = crc >> 8;
		p[28 + roce - 2] = crc >> 16;
		p[28 + roce - 1] = crc >> 24;
	}
	if (roce > full)
		die("cut behind the end");
	transmit(p, 28 + roce);
}

void forge(const struct forged *f)
{
	forge_cut(f, FORGE_BTH + f->len + FORGE_ICRC);
}
