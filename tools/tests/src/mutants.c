// SPDX-License-Identifier: GPL-2.0
/*
 * mutants DEVICE [COUNT [SEED]]: sound packets with a few bits changed, for
 * three live QPs: a reliable and an unreliable connection and a datagram QP.
 *
 * Nothing is said about what becomes of a single packet. But each is accounted
 * for (received, or dropped for a reason that has a counter), memory beside the
 * region stays as it is, and afterwards all three serve as before.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "forge.h"
#include "hostile.h"

#define PEER_QPN	0xfedcba
#define FIRST_PSN	0xfffff0
#define QKEY		0x11111111
#define ROUND		32
#define RECEIVES	16
#define UD_HEADER	40

enum { RC, UC, UD, KINDS };

static const enum ibv_qp_type types[KINDS] = { IBV_QPT_RC, IBV_QPT_UC, IBV_QPT_UD };
static struct world w;
static const char *device;
static struct ibv_qp *qp[KINDS];
static uint32_t psn[KINDS];

/* ---- victims ---- */

static void modify(int k, struct ibv_qp_attr *a, enum ibv_qp_state to, int mask)
{
	a->qp_state = to;
	if (ibv_modify_qp(qp[k], a, mask | IBV_QP_STATE))
		die("QP type %d to state %d: %s", types[k], to, strerror(errno));
}

static void post_receives(int k)
{
	struct ibv_sge sge = { (uintptr_t)w.buf, 4096, w.mr->lkey };
	struct ibv_recv_wr *bad, wr = { .wr_id = k, .sg_list = &sge, .num_sge = 1 };
	int i;

	for (i = 0; i < RECEIVES; i++)
		if (ibv_post_recv(qp[k], &wr, &bad))
			die("post_recv failed");
}

static void to_init(int k)
{
	struct ibv_qp_attr a = { .port_num = 1 };
	int mask = IBV_QP_PKEY_INDEX | IBV_QP_PORT;

	if (k == UD) {
		a.qkey = QKEY;
		mask |= IBV_QP_QKEY;
	} else {
		a.qp_access_flags = IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_LOCAL_WRITE;
		if (k == RC)
			a.qp_access_flags |= IBV_ACCESS_REMOTE_READ |
					     IBV_ACCESS_REMOTE_ATOMIC;
		mask |= IBV_QP_ACCESS_FLAGS;
	}
	modify(k, &a, IBV_QPS_INIT, mask);
}

static void to_rtr(int k)
{
	struct ibv_qp_attr a = {
		.path_mtu = IBV_MTU_1024, .dest_qp_num = PEER_QPN, .rq_psn = FIRST_PSN,
		.max_dest_rd_atomic = 4, .min_rnr_timer = 1,
		.ah_attr = { .is_global = 1, .port_num = 1,
			     .grh = { .dgid = w.gid, .sgid_index = w.gid_index,
				      .hop_limit = 64 } },
	};
	int mask = IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | IBV_QP_RQ_PSN;

	if (k == RC)
		mask |= IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER;
	modify(k, &a, IBV_QPS_RTR, k == UD ? 0 : mask);
	psn[k] = FIRST_PSN;
}

static void revive(int k)
{
	struct ibv_qp_attr a = { .qp_state = IBV_QPS_RESET };

	if (ibv_modify_qp(qp[k], &a, IBV_QP_STATE))
		die("reset: %s", strerror(errno));
	world_drain(&w);
	to_init(k);
	post_receives(k);
	to_rtr(k);
}

static void make_victims(void)
{
	struct ibv_qp_init_attr init = {
		.cap = { .max_send_wr = 8, .max_recv_wr = 64, .max_send_sge = 1,
			 .max_recv_sge = 1 },
	};
	int k;

	w.cq = ibv_create_cq(w.ctx, CQ_DEPTH, NULL, NULL, 0);
	if (!w.cq)
		die("create CQ: %s", strerror(errno));
	init.send_cq = w.cq;
	init.recv_cq = w.cq;
	for (k = 0; k < KINDS; k++) {
		init.qp_type = types[k];
		qp[k] = ibv_create_qp(w.pd, &init);
		if (!qp[k])
			die("create QP: %s", strerror(errno));
		revive(k);
	}
}

static void destroy_victims(void)
{
	int k;

	for (k = 0; k < KINDS; k++)
		if (ibv_destroy_qp(qp[k]))
			die("destroy: %s", strerror(errno));
	if (ibv_destroy_cq(w.cq))
		die("destroy: %s", strerror(errno));
	world_check_canary(&w);
}

/* ---- packets ---- */

static uint64_t below(uint64_t n)
{
	return random64() % n;
}

static uint64_t somewhere(void)
{
	return (uintptr_t)w.buf + below(BUF_BYTES);
}

static const uint8_t rc_opcodes[] = {
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c,
	0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x1d,
};

static uint8_t any_opcode(int k)
{
	switch (k) {
	case RC:
		return rc_opcodes[below(sizeof(rc_opcodes))];
	case UC:
		return 0x20 + below(12);
	default:
		return 0x64 + below(2);
	}
}

/* the place in the message decides how long a packet must be */
static size_t payload_of(uint8_t opcode)
{
	unsigned int low = opcode & 0x1f;

	if (opcode >= 0x60)
		return below(256) * 4;
	if (low == 0 || low == 1 || low == 6 || low == 7 || low == 0x0d || low == 0x0e)
		return 1024;
	return low == 0x0c || (low >= 0x11 && low <= 0x14) ? 0 : 4 + below(255) * 4;
}

static struct forged sound(int k)
{
	struct forged f = { .flags = 0x40, .pkey = 0xffff, .qpn = qp[k]->qp_num };
	size_t headers, i;

	f.opcode = any_opcode(k);
	f.psn = psn[k] | (below(2) ? 0x80000000 : 0);
	headers = forge_header_bytes(f.opcode);
	f.len = headers + payload_of(f.opcode);
	for (i = headers; i < f.len; i++)
		f.body[i] = random64();
	if (k == UD) {
		put32(f.body, QKEY);
		put32(f.body + 4, PEER_QPN);
	} else if (headers >= 16) {
		put64(f.body, somewhere() & ~7ULL);
		put32(f.body + 8, w.mr->rkey);
		put32(f.body + 12, below(4) ? f.len - headers : below(8000));
	}
	return f;
}

static void mutate(struct forged *f)
{
	unsigned int left = below(4);

	while (left--) {
		uint32_t bit = 1U << below(32);

		switch (below(8)) {
		case 0:
			f->opcode ^= bit;
			break;
		case 1:
			f->flags ^= bit;
			break;
		case 2:
			f->qpn = (f->qpn ^ bit) & 0xffffff;
			break;
		case 3:
			f->psn ^= bit;
			break;
		case 4:
			f->len = below(FORGE_MAX_BODY);
			break;
		case 5:
			f->pkey ^= below(8) ? 0 : bit;
			f->bad_icrc = !below(8);
			break;
		default:
			if (f->len)
				f->body[below(f->len < 32 ? f->len : 32)] ^= bit;
		}
	}
}

/* ---- accounts ---- */

static const char *const before_qp[] = {
	"rx_packets", "icrc_errors", "drop_short", "drop_length", "drop_opcode", "drop_version",
	"drop_pkey", "drop_qpn", "drop_qp_state", "drop_address",
};

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

static uint64_t accounted(void)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(before_qp); i++)
		sum += counter(before_qp[i]);
	return sum;
}

/* The victims' answers go to nobody, at this address: they count as well. */
static void expect_accounts(uint64_t before, uint64_t sent_before, unsigned long forged)
{
	uint64_t sent = 0, seen = 0;
	int left;

	for (left = PATIENCE_MS; left > 0; left--) {
		seen = accounted() - before;
		sent = counter("tx_packets") - sent_before + forged;
		if (seen >= sent)
			return;
		usleep(1000);
	}
	die("%llu packets were sent and %llu are accounted for", (unsigned long long)sent,
	    (unsigned long long)seen);
}

/* ---- afterwards ---- */

static void still_serves(int k)
{
	static const uint8_t only[KINDS] = { 0x04, 0x24, 0x64 };
	struct forged f = { .opcode = only[k], .flags = 0x40, .pkey = 0xffff,
			    .qpn = qp[k]->qp_num, .psn = FIRST_PSN };
	size_t headers = forge_header_bytes(f.opcode);
	struct ibv_wc wc;
	size_t at;

	revive(k);
	if (k == UD)
		put32(f.body, QKEY);
	memcpy(f.body + headers, "message", 8);
	f.len = headers + 8;
	at = k == UD ? UD_HEADER : 0;
	memset(w.buf, 0, at + 8);
	forge(&f);
	if (!world_poll(&w, &wc, PATIENCE_MS) || wc.status != IBV_WC_SUCCESS ||
	    wc.byte_len != at + 8 || memcmp(w.buf + at, "message", 8))
		die("QP type %d does not take its next message", types[k]);
}

static void run(unsigned long count)
{
	uint64_t before = accounted(), sent_before = counter("tx_packets");
	struct forged f;
	unsigned long i;
	int k;

	for (i = 0; i < count; i++) {
		k = below(KINDS);
		f = sound(k);
		mutate(&f);
		forge(&f);
		psn[k] = (psn[k] + 1) & 0xffffff;
		if (i % ROUND == ROUND - 1) {
			revive(i / ROUND % KINDS);
			world_check_canary(&w);
		}
	}
	expect_accounts(before, sent_before, count);
	for (k = 0; k < KINDS; k++)
		still_serves(k);
}

int main(int argc, char **argv)
{
	unsigned long count;
	uint64_t seed;

	if (argc < 2)
		die("usage: mutants DEVICE [COUNT [SEED]]");
	device = argv[1];
	count = argc > 2 ? strtoul(argv[2], NULL, 0) : 1000;
	seed = argc > 3 ? strtoull(argv[3], NULL, 0) : (uint64_t)getpid();
	random_seed(seed);
	fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
	world_open(&w, device);
	forge_open(w.gid.raw + 12);
	make_victims();
	run(count);
	destroy_victims();
	world_close(&w);
	printf("%lu packets\n", count);
	return 0;
}
