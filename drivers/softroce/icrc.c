// SPDX-License-Identifier: GPL-2.0
/*
 * The invariant CRC: Ethernet's CRC-32 over everything that routers leave
 * alone. What they may change counts as ones.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <crypto/hash.h>
#include <kunit/visibility.h>
#include <linux/crc32.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/udp.h>

#include "softroce.h"

/* Below this the set-up of the vector unit costs more than it saves. */
#define SHASH_MIN_LEN	128

/* CRC state after the eight bytes of ones that stand for a masked LRH. */
#define SEED		0xdebb20e3U

static struct crypto_shash *shash;

static u32 crc_shash(u32 crc, const void *p, size_t len)
{
	SHASH_DESC_ON_STACK(desc, shash);

	desc->tfm = shash;
	*(u32 *)shash_desc_ctx(desc) = crc;
	if (crypto_shash_update(desc, p, len))
		return crc32_le(crc, p, len);
	return *(u32 *)shash_desc_ctx(desc);
}

/**
 * sr_crc() - CRC-32, little endian, no final inversion
 * @crc: state
 * @p: bytes
 * @len: how many
 *
 * Return: the new state.
 */
u32 sr_crc(u32 crc, const void *p, size_t len)
{
	if (shash && len >= SHASH_MIN_LEN)
		return crc_shash(crc, p, len);
	return crc32_le(crc, p, len);
}
EXPORT_SYMBOL_IF_KUNIT(sr_crc);

static u32 prefix4(const struct iphdr *ip)
{
	struct {
		struct iphdr ip;
		struct udphdr udp;
	} m;

	static_assert(sizeof(m) == 28);
	memcpy(&m, ip, sizeof(m));
	m.ip.tos = 0xff;
	m.ip.ttl = 0xff;
	m.ip.check = CSUM_MANGLED_0;
	m.udp.check = CSUM_MANGLED_0;
	return crc32_le(SEED, (u8 *)&m, sizeof(m));
}

static u32 prefix6(const struct ipv6hdr *ip)
{
	struct {
		struct ipv6hdr ip;
		struct udphdr udp;
	} m;

	static_assert(sizeof(m) == 48);
	memcpy(&m, ip, sizeof(m));
	/* traffic class and flow label */
	m.ip.priority = 0xf;
	memset(m.ip.flow_lbl, 0xff, sizeof(m.ip.flow_lbl));
	m.ip.hop_limit = 0xff;
	m.udp.check = CSUM_MANGLED_0;
	return crc32_le(SEED, (u8 *)&m, sizeof(m));
}

/**
 * sr_icrc_prefix() - ICRC state behind the UDP header
 * @ip: IP header without options, UDP header behind it
 * @v6: it is IPv6
 *
 * Return: the state.
 */
u32 sr_icrc_prefix(const void *ip, bool v6)
{
	return v6 ? prefix6(ip) : prefix4(ip);
}
EXPORT_SYMBOL_IF_KUNIT(sr_icrc_prefix);

/**
 * sr_icrc_bth() - take the BTH into the ICRC
 * @crc: state behind the UDP header
 * @bth: the BTH
 *
 * Return: the new state.
 */
u32 sr_icrc_bth(u32 crc, const struct sr_bth *bth)
{
	u8 m[sizeof(*bth)];

	memcpy(m, bth, sizeof(m));
	m[SR_BTH_RESV8A_OFFSET] = 0xff;
	return crc32_le(crc, m, sizeof(m));
}
EXPORT_SYMBOL_IF_KUNIT(sr_icrc_bth);

static u64 measure(u32 (*fn)(u32, const void *, size_t), u32 *buf, size_t len)
{
	u64 best = U64_MAX;
	u32 crc = ~0;
	int i, k;

	for (i = 0; i < 5; i++) {
		u64 t = ktime_get_ns();

		for (k = 0; k < 16; k++)
			crc = fn(crc, buf, len);
		/* crc32_le() is pure: unless its result goes somewhere it is not called */
		WRITE_ONCE(*buf, crc);
		best = min(best, ktime_get_ns() - t);
	}
	return best;
}

static u32 crc_library(u32 crc, const void *p, size_t len)
{
	return crc32_le(crc, p, len);
}

static void drop_shash(void)
{
	if (shash)
		crypto_free_shash(shash);
	shash = NULL;
}

/**
 * sr_icrc_init() - choose the faster of the two CRC-32 of this machine
 *
 * The library's is table driven on x86 before 6.15, the crypto layer's may use
 * carry-less multiplication.
 *
 * Return: 0 or -ENOMEM.
 */
int sr_icrc_init(void)
{
	const size_t len = 4096;
	u64 lib, cry;
	u32 *buf;

	shash = crypto_alloc_shash("crc32", 0, 0);
	if (IS_ERR(shash)) {
		shash = NULL;
		pr_info("ICRC by crc32_le, no crypto crc32\n");
		return 0;
	}
	if (crypto_shash_descsize(shash) != sizeof(u32)) {
		drop_shash();
		return 0;
	}
	buf = kzalloc(len, GFP_KERNEL);
	if (!buf) {
		drop_shash();
		return -ENOMEM;
	}
	lib = measure(crc_library, buf, len);
	cry = measure(crc_shash, buf, len);
	kfree(buf);
	pr_info("ICRC by %s (64 KiB: crc32_le %llu ns, %s %llu ns)\n",
		cry < lib ? crypto_shash_driver_name(shash) : "crc32_le", lib,
		crypto_shash_driver_name(shash), cry);
	if (cry >= lib)
		drop_shash();
	return 0;
}

void sr_icrc_exit(void)
{
	drop_shash();
}
