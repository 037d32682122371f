// SPDX-License-Identifier: GPL-2.0
/*
 * badpackets DEVICE CASE [COUNT [SEED]]: forged RoCEv2 packets.
 *
 * A QP is connected to a QP number that does not exist at the device's own
 * address, so whoever sends from that address with that story is its peer. Here
 * it is a raw socket.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "forge.h"
#include "hostile.h"

#define BTH		FORGE_BTH
#define ICRC		FORGE_ICRC
/* nobody: QP numbers go round, and this one is far from any */
#define PEER_QPN	0xfedcba
#define FIRST_PSN	0xfffffe

static struct world w;
static const char *device;
static unsigned long count;
static uint32_t own_ip;

static struct forged packet(uint8_t opcode, size_t len)
{
	struct forged f = { .opcode = opcode, .flags = 0x40, .pkey = 0xffff,
			    .qpn = w.a->qp_num, .psn = FIRST_PSN, .len = len };

	return f;
}

static void put_reth(struct forged *f, uint64_t va, uint32_t rkey, uint32_t len)
{
	put64(f->body, va);
	put32(f->body + 8, rkey);
	put32(f->body + 12, len);
}

/* ---- the victim ---- */

static void victim(void)
{
	struct ibv_qp_attr reset = { .qp_state = IBV_QPS_RESET };

	world_pair(&w);
	/* not to each other: the peer of @a is the raw socket */
	if (ibv_modify_qp(w.a, &reset, IBV_QP_STATE))
		die("reset: %s", strerror(errno));
	world_connect(&w, w.a, PEER_QPN, FIRST_PSN, 0x100);
}

static void post_receive(uint64_t id, uint32_t bytes)
{
	struct ibv_sge sge = { (uintptr_t)w.buf, bytes, w.mr->lkey };
	struct ibv_recv_wr *bad, wr = { .wr_id = id, .sg_list = &sge, .num_sge = 1 };

	if (ibv_post_recv(w.a, &wr, &bad))
		die("post_recv failed");
}

static uint64_t counter(const char *name)
{
	unsigned long long v;
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/infiniband/%s/ports/1/hw_counters/%s", device,
		 name);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%llu", &v) != 1)
		die("%s: %s", path, strerror(errno));
	fclose(f);
	return v;
}

/* Loopback delivers before sendto() returns, but not always: wait a little. */
static void expect_count(const char *what, const char *name, uint64_t wanted)
{
	int left;

	for (left = PATIENCE_MS; left > 0 && counter(name) < wanted; left--)
		usleep(1000);
	if (counter(name) != wanted)
		die("%s: %s is %llu, not %llu", what, name, (unsigned long long)counter(name),
		    (unsigned long long)wanted);
}

static void expect_state(const char *what, enum ibv_qp_state wanted)
{
	int left;

	for (left = PATIENCE_MS; left > 0 && world_state(w.a) != wanted; left--)
		usleep(1000);
	if (world_state(w.a) != wanted)
		die("%s: the QP is in state %d, not %d", what, world_state(w.a), wanted);
}

/* The victim still takes the message it is due. */
static void still_serves(const char *after, uint32_t psn)
{
	struct forged f = packet(0x04, 8);
	struct ibv_wc wc;

	post_receive(5, 64);
	memcpy(f.body, "message", 8);
	f.psn = psn;
	forge(&f);
	if (!world_poll(&w, &wc, PATIENCE_MS) || wc.wr_id != 5 || wc.status != IBV_WC_SUCCESS ||
	    wc.byte_len != 8 || memcmp(w.buf, "message", 8))
		die("after %s the QP does not take its next message", after);
}

/* ---- cut ---- */

static bool has_payload(unsigned int op)
{
	unsigned int low = op & 0x1f;

	return op != 0x81 && (op >= 0x20 || low < 0x0c || (low >= 0x0d && low <= 0x10) ||
			      low >= 0x16);
}

static void truncated(void)
{
	uint64_t before = counter("drop_short"), sent = 0;
	struct forged f;
	unsigned int op;
	size_t cut;

	victim();
	for (op = 0; op < 0x100; op++) {
		if (forge_header_bytes(op) < 0)
			continue;
		f = packet(op, forge_header_bytes(op));
		/* a UDP packet of nothing never reaches a tunnel socket */
		for (cut = 1; cut < BTH + f.len + ICRC; cut++) {
			forge_cut(&f, cut);
			sent++;
		}
	}
	expect_count("cut packets", "drop_short", before + sent);

	/* what the headers promise and the packet does not hold */
	before = counter("drop_length");
	sent = 0;
	for (op = 0; op < 0x100; op++) {
		int headers = forge_header_bytes(op);

		if (headers < 0)
			continue;
		f = packet(op, headers);
		f.flags |= 0x30;	/* pad of 3, no payload */
		forge(&f);
		f = packet(op, headers + 1);
		forge(&f);
		sent += 2;
		if (has_payload(op))
			continue;
		f = packet(op, headers + 4);
		forge(&f);
		sent++;
	}
	expect_count("packets of odd length", "drop_length", before + sent);
	expect_state("cut packets", IBV_QPS_RTS);
	still_serves("cut packets", FIRST_PSN);
	world_unpair(&w);
}

/* ---- not for us ---- */

static void unfit(void)
{
	struct forged f;
	unsigned int op;
	uint64_t n;

	victim();
	n = counter("drop_opcode");
	for (op = 0x15; op < 0x100; op++) {
		/* those of other transports too */
		if (op == 0x81 || op == 0x16 || op == 0x17 || op == 0x1d)
			continue;
		f = packet(op, 64);
		forge(&f);
		n++;
	}
	expect_count("unknown opcodes", "drop_opcode", n);

	n = counter("drop_version");
	for (op = 1; op < 16; op++) {
		f = packet(0x04, 8);
		f.flags |= op;
		forge(&f);
		n++;
	}
	expect_count("header versions", "drop_version", n);

	n = counter("icrc_errors");
	f = packet(0x04, 8);
	f.bad_icrc = true;
	forge(&f);
	f = packet(0x04, 1024);
	f.bad_icrc = true;
	forge(&f);
	expect_count("wrong ICRC", "icrc_errors", n + 2);

	n = counter("drop_qpn");
	f = packet(0x04, 8);
	f.qpn = PEER_QPN;
	forge(&f);
	f.qpn = 0;
	forge(&f);
	f.qpn = 0xffffff;
	forge(&f);
	expect_count("QPs nobody has", "drop_qpn", n + 3);

	n = counter("drop_pkey");
	f = packet(0x04, 8);
	f.pkey = 0x8001;
	forge(&f);
	f.pkey = 0;
	forge(&f);
	expect_count("other partitions", "drop_pkey", n + 2);

	n = counter("drop_address");
	f = packet(0x04, 8);
	f.source = htonl(ntohl(own_ip) + 1);
	forge(&f);
	expect_count("somebody else's address", "drop_address", n + 1);

	n = counter("cnp_rcvd");
	f = packet(0x81, 16);
	forge(&f);
	expect_count("a congestion notification", "cnp_rcvd", n + 1);

	expect_state("all that", IBV_QPS_RTS);
	still_serves("all that", FIRST_PSN);
	world_unpair(&w);
}

/* ---- requests ---- */

struct request {
	const char *name;
	uint8_t opcode;
	size_t len;
	void (*fill)(struct forged *f);
	const char *counter;
	bool fatal;
};

static uint64_t at(size_t offset)
{
	return (uintptr_t)w.buf + offset;
}

#define FILL(_name) static void _name(struct forged *f)

FILL(nothing)
{
	(void)f;
}

FILL(ahead)
{
	f->psn = 5;
}

FILL(behind)
{
	f->psn = FIRST_PSN - 3;
}

FILL(write_key)
{
	put_reth(f, at(0), 0xdeadbeef, 8);
}

FILL(write_end)
{
	put_reth(f, at(BUF_BYTES - 4), w.mr->rkey, 8);
}

FILL(write_wraps)
{
	put_reth(f, UINT64_MAX - 3, w.mr->rkey, 8);
}

FILL(write_short)
{
	put_reth(f, at(0), w.mr->rkey, 4);
}

FILL(write_long)
{
	put_reth(f, at(0), w.mr->rkey, 64);
}

FILL(write_huge)
{
	put_reth(f, at(0), w.mr->rkey, UINT32_MAX);
}

FILL(read_key)
{
	put_reth(f, at(0), 0, 8);
}

FILL(read_huge)
{
	put_reth(f, at(0), w.mr->rkey, 0x80000001);
}

FILL(atomic_odd)
{
	put64(f->body, at(4));
	put32(f->body + 8, w.mr->rkey);
}

FILL(atomic_key)
{
	put64(f->body, at(8));
	put32(f->body + 8, 1);
}

static const struct request request_cases[] = {
	{ "Middle without First", 0x01, 1024, nothing, "nak_inv_req_sent", true },
	{ "Last without First", 0x02, 8, nothing, "nak_inv_req_sent", true },
	{ "WRITE Middle without First", 0x07, 1024, nothing, "nak_inv_req_sent", true },
	{ "WRITE Last without First", 0x08, 8, nothing, "nak_inv_req_sent", true },
	{ "First shorter than the MTU", 0x00, 512, nothing, "nak_inv_req_sent", true },
	{ "Only longer than the MTU", 0x04, 1028, nothing, "nak_inv_req_sent", true },
	{ "WRITE with a key nobody has", 0x0a, 24, write_key, "nak_access_sent", true },
	{ "WRITE across the end", 0x0a, 24, write_end, "nak_access_sent", true },
	{ "WRITE that wraps", 0x0a, 24, write_wraps, "nak_access_sent", true },
	{ "WRITE of more than it says", 0x0a, 24, write_short, "nak_inv_req_sent", true },
	{ "WRITE of less than it says", 0x0a, 24, write_long, "nak_inv_req_sent", true },
	{ "WRITE of 4 GiB", 0x0a, 24, write_huge, "nak_inv_req_sent", true },
	{ "READ with key 0", 0x0c, 16, read_key, "nak_access_sent", true },
	{ "READ of more than 2 GiB", 0x0c, 16, read_huge, "nak_inv_req_sent", true },
	{ "misaligned atomic", 0x13, 28, atomic_odd, "nak_inv_req_sent", true },
	{ "atomic with another key", 0x14, 28, atomic_key, "nak_access_sent", true },
	{ "SEND without a receive", 0x04, 8, nothing, "rnr_nak_sent", false },
	{ "a gap", 0x04, 8, ahead, "nak_seq_sent", false },
	{ "an old SEND", 0x04, 8, behind, "duplicates", false },
	{ "an old WRITE", 0x0a, 24, behind, "duplicates", false },
	{ "an old READ of more than there was", 0x0c, 16, behind, "duplicates", false },
	{ "an old atomic nobody remembers", 0x14, 28, behind, "duplicates", false },
};

static void requests(void)
{
	uint64_t n, dropped;
	unsigned int i;
	struct forged f;

	for (i = 0; i < ARRAY_SIZE(request_cases); i++) {
		const struct request *c = &request_cases[i];

		fprintf(stderr, "%s\n", c->name);
		victim();
		memset(w.buf, 0x11, BUF_BYTES);
		f = packet(c->opcode, c->len);
		memset(f.body, 0xee, f.len);
		c->fill(&f);
		n = counter(c->counter);
		forge(&f);
		expect_count(c->name, c->counter, n + 1);
		expect_state(c->name, c->fatal ? IBV_QPS_ERR : IBV_QPS_RTS);
		for (n = 0; n < BUF_BYTES; n++)
			if (w.buf[n] != 0x11)
				die("%s: byte %llu was written", c->name, (unsigned long long)n);
		if (!c->fatal)
			still_serves(c->name, FIRST_PSN);
		world_unpair(&w);
	}

	/* one complaint per gap, however many packets come behind it */
	victim();
	n = counter("nak_seq_sent");
	dropped = counter("drop_sequence");
	for (i = 0; i < 10; i++) {
		f = packet(0x04, 8);
		f.psn = 5 + i;
		forge(&f);
	}
	expect_count("ten behind a gap", "drop_sequence", dropped + 9);
	still_serves("a gap", FIRST_PSN);
	expect_count("ten behind a gap", "nak_seq_sent", n + 1);
	world_unpair(&w);
}

/* ---- responses ---- */

static void responses(void)
{
	static const uint8_t syndromes[] = { 0x00, 0x1f, 0x20, 0x3f, 0x40, 0x60, 0x61, 0x62,
					     0x63, 0x64, 0x7f, 0x80, 0xff };
	static const uint32_t psns[] = { 0xff, 0x100, 0x101, 0x800100, 0x7fffff, 0xffffff };
	unsigned int op, s, p;
	struct forged f;

	victim();
	for (op = 0x0d; op <= 0x12; op++) {
		for (s = 0; s < sizeof(syndromes); s++) {
			for (p = 0; p < ARRAY_SIZE(psns); p++) {
				f = packet(op, forge_header_bytes(op));
				memset(f.body, 0xee, f.len);
				f.body[0] = syndromes[s];
				f.psn = psns[p];
				forge(&f);
				/* READ responses with data nobody asked for */
				if (op <= 0x10) {
					f.len += 64;
					forge(&f);
				}
			}
		}
	}
	expect_state("responses", IBV_QPS_RTS);
	if (world_drain(&w))
		die("something completed that was never posted");
	still_serves("responses", FIRST_PSN);
	world_unpair(&w);
}

/* ---- storm ---- */

static void random_packet(struct forged *f)
{
	uint64_t r = random64();
	size_t k;

	*f = packet(r % 0x15, 0);
	f->len = (r >> 24) % 1200;
	if (r & 1 << 20)
		f->len = forge_header_bytes(f->opcode) + f->len / 4 * 4;
	for (k = 0; k < f->len; k++)
		f->body[k] = random64();
	/* addresses and keys that lead somewhere, every other time */
	if (f->len >= 16 && r & 1 << 21)
		put_reth(f, at(random64() % BUF_BYTES), w.mr->rkey, random64() % 70000);
	if (f->opcode >= 0x13 && r & 1 << 22)
		put64(f->body, at(random64() % BUF_BYTES & ~7ULL));
	f->flags = 0x40 | (r >> 40 & 0xb0);
	f->psn = FIRST_PSN - 2 + random64() % 6;
	f->psn = (f->psn & 0xffffff) | (r & 1 << 23 ? 0x80000000 : 0);
}

/* Something for stray responses to hit. */
static void post_read(void)
{
	struct ibv_sge sge = { at(4096), 5000, w.mr->lkey };
	struct ibv_send_wr *bad, wr = {
		.wr_id = 3, .opcode = IBV_WR_RDMA_READ, .sg_list = &sge, .num_sge = 1,
	};

	wr.wr.rdma.remote_addr = at(0);
	if (ibv_post_send(w.a, &wr, &bad))
		die("post_send failed");
}

static void storm(void)
{
	struct forged f;
	unsigned long i;

	for (i = 0; i < count; i++) {
		if (i % 50 == 0) {
			if (i)
				world_unpair(&w);
			victim();
			post_receive(1, 3000);
			post_receive(2, 10);
			post_read();
		}
		random_packet(&f);
		if (f.opcode >= 0x0d && f.opcode <= 0x12)
			f.psn = 0x100 + random64() % 8;
		if (world_state(w.a) == IBV_QPS_RTS)
			forge(&f);
		else
			i += 50 - i % 50 - 1;
		world_drain(&w);
	}
	world_unpair(&w);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "truncated", truncated },
	{ "unfit", unfit },
	{ "requests", requests },
	{ "responses", responses },
	{ "storm", storm },
};

int main(int argc, char **argv)
{
	unsigned int i;
	uint64_t seed;

	if (argc < 3)
		die("usage: badpackets DEVICE CASE [COUNT [SEED]]");
	device = argv[1];
	count = argc > 3 ? strtoul(argv[3], NULL, 0) : 1000;
	seed = argc > 4 ? strtoull(argv[4], NULL, 0) : (uint64_t)getpid();
	random_seed(seed);
	fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
	world_open(&w, device);
	memcpy(&own_ip, w.gid.raw + 12, 4);
	forge_open(&own_ip);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (strcmp(cases[i].name, argv[2]))
			continue;
		cases[i].run();
		world_close(&w);
		return 0;
	}
	die("no case %s", argv[2]);
}
