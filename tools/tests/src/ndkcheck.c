// SPDX-License-Identifier: GPL-2.0
/*
 * ndkcheck: moves data between two QPs and verifies every byte.
 *
 * One thread holds both ends, on one device or on two (which may live in two
 * network namespaces: RDMA devices are visible in all of them by default). It
 * posts SEND, WRITE, READ and atomics of random size, signalled and not,
 * inline and not, deferred and not, in both directions at once. Each message
 * has a slot of its own on both sides; when its outcome is known the slot is
 * compared with what it must hold, the bytes behind the message included.
 */
#include <errno.h>
#include <getopt.h>
#include <infiniband/verbs.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "device.h"

#define DEFER		(1U << 30)
#define GUARD		64
#define FILL		0x5a
#define MAX_INLINE	128

enum op { SEND, SEND_IMM, WRITE, WRITE_IMM, READ, CAS, ADD, OPS };

static const char *const op_name[OPS] = {
	"send", "send_imm", "write", "write_imm", "read", "cas", "add"
};

static struct {
	const char *dev[2];
	int gid[2];
	unsigned long messages;
	unsigned int size, depth, chain, seed, seconds, timeout, rounds, pairs, duration;
	enum ibv_mtu mtu;
	bool ops[OPS];
	bool quiet;
} opt = {
	.gid = { -1, -1 }, .messages = 1000, .size = 20000, .depth = 16, .chain = 0,
	.seed = 1, .seconds = 120, .timeout = 14, .rounds = 1, .pairs = 1, .mtu = IBV_MTU_1024,
};

/* one message on its way */
struct slot {
	bool busy, signaled, wants_recv, got_recv;
	enum op op;
	uint32_t len, imm;
	uint64_t value, operand, swap;
};

struct side {
	struct ibv_context *ctx;
	struct ibv_pd *pd;
	struct ibv_cq *cq;
	struct ibv_qp *qp;
	struct ibv_mr *mr;
	char *buf;
	union ibv_gid gid;
	int gid_index;
	uint32_t psn;
	struct slot *slots;		/* of messages this side initiates */
	unsigned long posted, done;	/* this side's messages */
	unsigned long recvs_posted, recvs_done;
	unsigned int *recv_order;	/* slots of messages that take a receive */
	unsigned int since_end;		/* deferred requests in the open chain */
};

/* one pair of QPs a thread, which knows of no other */
static __thread struct side side[2];
static __thread unsigned long verified;
static __thread unsigned long goal;	/* messages each way, so far */
static __thread unsigned int number;	/* of the pair */

#define die(...) do {						\
	fprintf(stderr, "ndkcheck: " __VA_ARGS__);		\
	fputc('\n', stderr);					\
	exit(1);						\
} while (0)

static uint32_t rnd(uint32_t below)
{
	static __thread uint64_t x;

	if (!x)
		x = (opt.seed + number) * 0x9e3779b97f4a7c15ULL + 1;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return below ? (x >> 20) % below : 0;
}

static unsigned char pattern(int s, unsigned int slot, uint64_t seq, uint32_t i)
{
	return (unsigned char)(seq * 131 + slot * 17 + s * 7 + i * 3 + (i >> 8));
}

/*
 * A side's memory: for each slot of its own messages a local area, for each
 * slot of the peer's messages a remote area.
 */
static size_t area(void)
{
	return opt.size + GUARD;
}

static char *local_area(int s, unsigned int slot)
{
	return side[s].buf + slot * area();
}

static char *remote_area(int s, unsigned int slot)
{
	return side[!s].buf + (opt.depth + slot) * area();
}

/* ---- set-up ---- */

static int usable_gid(struct ibv_context *ctx, int want, union ibv_gid *gid)
{
	struct ibv_gid_entry e;
	int i, best = -1;

	for (i = 0; i < 64; i++) {
		if (want >= 0 && i != want)
			continue;
		if (ibv_query_gid_ex(ctx, 1, i, &e, 0) || e.gid_type != IBV_GID_TYPE_ROCE_V2)
			continue;
		/* an IPv4 or global address is better than a link-local one */
		if (best < 0 || e.gid.raw[0] != 0xfe) {
			best = i;
			*gid = e.gid;
		}
		if (e.gid.raw[0] != 0xfe)
			break;
	}
	return best;
}

static void make_side(int s)
{
	struct ibv_qp_init_attr init = {
		.cap = { .max_send_wr = opt.depth, .max_recv_wr = opt.depth, .max_send_sge = 2,
			 .max_recv_sge = 2, .max_inline_data = MAX_INLINE },
		.qp_type = IBV_QPT_RC,
	};
	size_t bytes = 2 * opt.depth * area();
	struct side *x = &side[s];

	x->ctx = open_device(opt.dev[s]);
	if (!x->ctx)
		die("no device %s", opt.dev[s]);
	x->gid_index = usable_gid(x->ctx, opt.gid[s], &x->gid);
	if (x->gid_index < 0)
		die("%s has no RoCEv2 GID", opt.dev[s]);
	x->pd = ibv_alloc_pd(x->ctx);
	x->cq = ibv_create_cq(x->ctx, 4 * opt.depth, NULL, NULL, 0);
	x->buf = aligned_alloc(4096, (bytes + 4095) & ~4095UL);
	x->slots = calloc(opt.depth, sizeof(*x->slots));
	x->recv_order = calloc(opt.depth, sizeof(*x->recv_order));
	if (!x->pd || !x->cq || !x->buf || !x->slots || !x->recv_order)
		die("%s: no memory", opt.dev[s]);
	memset(x->buf, FILL, bytes);
	x->mr = ibv_reg_mr(x->pd, x->buf, bytes, IBV_ACCESS_LOCAL_WRITE |
			   IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ |
			   IBV_ACCESS_REMOTE_ATOMIC);
	init.send_cq = x->cq;
	init.recv_cq = x->cq;
	x->qp = x->mr ? ibv_create_qp(x->pd, &init) : NULL;
	if (!x->qp)
		die("%s: %s", opt.dev[s], strerror(errno));
	/* near the wrap-around, to cross it */
	x->psn = 0xffff00 + rnd(200);
}

static void modify(struct ibv_qp *qp, struct ibv_qp_attr *attr, int mask, const char *what)
{
	int err = ibv_modify_qp(qp, attr, mask);

	if (err)
		die("to %s: %s", what, strerror(err));
}

static void connect_side(int s)
{
	struct side *x = &side[s], *y = &side[!s];
	struct ibv_qp_attr a = { .qp_state = IBV_QPS_INIT, .port_num = 1 };

	a.qp_access_flags = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE |
			    IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_ATOMIC;
	modify(x->qp, &a, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS,
	       "INIT");

	a = (struct ibv_qp_attr){
		.qp_state = IBV_QPS_RTR, .path_mtu = opt.mtu, .dest_qp_num = y->qp->qp_num,
		.rq_psn = y->psn, .max_dest_rd_atomic = 16, .min_rnr_timer = 1,
		.ah_attr = { .is_global = 1, .port_num = 1,
			     .grh = { .dgid = y->gid, .sgid_index = x->gid_index,
				      .hop_limit = 64 } },
	};
	modify(x->qp, &a, IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN |
	       IBV_QP_RQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER, "RTR");

	a = (struct ibv_qp_attr){
		.qp_state = IBV_QPS_RTS, .timeout = opt.timeout, .retry_cnt = 7, .rnr_retry = 7,
		.sq_psn = x->psn, .max_rd_atomic = 16,
	};
	modify(x->qp, &a, IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY |
	       IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC, "RTS");
}

/* ---- posting ---- */

static bool takes_recv(enum op op)
{
	return op == SEND || op == SEND_IMM || op == WRITE_IMM;
}

static enum op pick_op(void)
{
	enum op op;

	do
		op = rnd(OPS);
	while (!opt.ops[op]);
	return op;
}

static uint32_t pick_len(enum op op)
{
	if (op == CAS || op == ADD)
		return 8;
	/* small ones, page and MTU edges, anything */
	switch (rnd(4)) {
	case 0:
		return rnd(opt.size < 200 ? opt.size + 1 : 200);
	case 1:
		return opt.size < 4097 ? rnd(opt.size + 1) : 1023 + rnd(3) + 1024 * rnd(3);
	default:
		return rnd(opt.size + 1);
	}
}

static void fill(char *p, int s, unsigned int slot, uint64_t seq, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		p[i] = pattern(s, slot, seq, i);
}

static void post_receive(int s, unsigned int slot, uint32_t len)
{
	/* two pieces, to exercise the scatter list */
	uint64_t base = (uintptr_t)remote_area(s, slot);
	struct ibv_sge sge[2] = {
		{ .addr = base, .length = len / 3, .lkey = side[!s].mr->lkey },
		{ .addr = base + len / 3, .length = len - len / 3, .lkey = side[!s].mr->lkey },
	};
	struct ibv_recv_wr *bad, wr = { .wr_id = slot, .sg_list = sge, .num_sge = 2 };
	struct side *x = &side[s];

	if (ibv_post_recv(side[!s].qp, &wr, &bad))
		die("post_recv failed");
	x->recv_order[x->recvs_posted++ % opt.depth] = slot;
}

static void prepare(int s, unsigned int slot, struct slot *m)
{
	char *l = local_area(s, slot), *r = remote_area(s, slot);
	bool read = m->op == READ;
	uint64_t seq = side[s].posted;

	memset(l, FILL, m->len + GUARD);
	memset(r, FILL, m->len + GUARD);
	if (m->op == CAS || m->op == ADD) {
		m->value = ((uint64_t)rnd(0xffffffff) << 32) | seq;
		memcpy(r, &m->value, 8);
		m->operand = m->op == CAS && rnd(2) ? m->value : rnd(1000) + 1;
		m->swap = ~seq;
		return;
	}
	fill(read ? r : l, s, slot, seq, m->len);
	if (m->op == WRITE_IMM)
		post_receive(s, slot, 0);
	else if (takes_recv(m->op))
		post_receive(s, slot, m->len);
}

static enum ibv_wr_opcode wr_opcode(enum op op)
{
	static const enum ibv_wr_opcode map[OPS] = {
		IBV_WR_SEND, IBV_WR_SEND_WITH_IMM, IBV_WR_RDMA_WRITE,
		IBV_WR_RDMA_WRITE_WITH_IMM, IBV_WR_RDMA_READ, IBV_WR_ATOMIC_CMP_AND_SWP,
		IBV_WR_ATOMIC_FETCH_AND_ADD
	};

	return map[op];
}

static unsigned int flags(struct side *x, struct slot *m)
{
	unsigned int f = 0;

	m->signaled = x->posted % 4 == 3 || rnd(2) || x->posted + 1 >= goal;
	if (m->signaled)
		f |= IBV_SEND_SIGNALED;
	if (m->len <= MAX_INLINE && m->op <= WRITE_IMM && rnd(2))
		f |= IBV_SEND_INLINE;
	if (m->op != READ && rnd(8) == 0)
		f |= IBV_SEND_FENCE;
	if (opt.chain && ++x->since_end < opt.chain && x->posted + 1 < goal)
		f |= DEFER;
	else
		x->since_end = 0;
	return f;
}

static void post_message(int s)
{
	struct side *x = &side[s];
	unsigned int slot = x->posted % opt.depth;
	uint64_t l = (uintptr_t)local_area(s, slot), r = (uintptr_t)remote_area(s, slot);
	struct slot *m = &x->slots[slot];
	struct ibv_send_wr *bad, wr = { .wr_id = slot };
	struct ibv_sge sge[2];
	int err;

	memset(m, 0, sizeof(*m));
	m->busy = true;
	m->op = pick_op();
	m->len = pick_len(m->op);
	m->imm = rnd(0xffffffff);
	m->wants_recv = takes_recv(m->op);
	prepare(s, slot, m);

	sge[0] = (struct ibv_sge){ l, m->len / 2, x->mr->lkey };
	sge[1] = (struct ibv_sge){ l + m->len / 2, m->len - m->len / 2, x->mr->lkey };
	wr.sg_list = sge;
	wr.num_sge = 2;
	wr.opcode = wr_opcode(m->op);
	wr.imm_data = m->imm;
	if (m->op == CAS || m->op == ADD) {
		sge[0].length = 8;
		wr.num_sge = 1;
		wr.wr.atomic.remote_addr = r;
		wr.wr.atomic.rkey = side[!s].mr->rkey;
		wr.wr.atomic.compare_add = m->operand;
		wr.wr.atomic.swap = m->swap;
	} else {
		wr.wr.rdma.remote_addr = r;
		wr.wr.rdma.rkey = side[!s].mr->rkey;
	}
	wr.send_flags = flags(x, m);
	err = ibv_post_send(x->qp, &wr, &bad);
	if (err)
		die("post_send %s: %s", op_name[m->op], strerror(err));
	x->posted++;
}

/* ---- verifying ---- */

static void expect_bytes(const char *p, int s, unsigned int slot, uint64_t seq,
			 const struct slot *m, const char *where)
{
	uint32_t i;

	for (i = 0; i < m->len; i++)
		if ((unsigned char)p[i] != pattern(s, slot, seq, i))
			die("%s of %u bytes, message %llu of side %d: byte %u %s is %02x, not %02x",
			    op_name[m->op], m->len, (unsigned long long)seq, s, i, where,
			    (unsigned char)p[i], pattern(s, slot, seq, i));
	for (; i < m->len + GUARD; i++)
		if ((unsigned char)p[i] != FILL)
			die("%s of %u bytes: byte %u behind it %s was overwritten",
			    op_name[m->op], m->len, i, where);
}

static void expect_atomic(int s, unsigned int slot, const struct slot *m)
{
	uint64_t old, now, want;

	memcpy(&old, local_area(s, slot), 8);
	memcpy(&now, remote_area(s, slot), 8);
	want = m->op == ADD ? m->value + m->operand :
	       m->operand == m->value ? m->swap : m->value;
	if (old != m->value || now != want)
		die("%s: old %llx want %llx, now %llx want %llx", op_name[m->op],
		    (unsigned long long)old, (unsigned long long)m->value,
		    (unsigned long long)now, (unsigned long long)want);
}

static void verify(int s, unsigned int slot, uint64_t seq)
{
	struct slot *m = &side[s].slots[slot];

	if (m->op == CAS || m->op == ADD)
		expect_atomic(s, slot, m);
	else if (m->op == READ)
		expect_bytes(local_area(s, slot), s, slot, seq, m, "locally");
	else
		expect_bytes(remote_area(s, slot), s, slot, seq, m, "remotely");
	m->busy = false;
	verified++;
}

static __thread unsigned long sent_upto[2];

/* a signalled completion says that everything up to it has succeeded */
static void mark_sent(int s, unsigned int slot)
{
	unsigned long seq = sent_upto[s];

	while (seq < side[s].posted && seq % opt.depth != slot)
		seq++;
	if (seq == side[s].posted)
		die("completion for a request that was not posted");
	sent_upto[s] = seq + 1;
}

static void mark_received(int s, const struct ibv_wc *wc)
{
	struct side *x = &side[s];
	unsigned int slot = x->recv_order[x->recvs_done++ % opt.depth];
	struct slot *m = &x->slots[slot];
	bool imm = m->op != SEND;

	if (wc->wr_id != slot)
		die("receives complete out of order");
	if (m->op != WRITE_IMM && wc->byte_len != m->len)
		die("receive of %u bytes, sent %u", wc->byte_len, m->len);
	if (imm != !!(wc->wc_flags & IBV_WC_WITH_IMM) || (imm && wc->imm_data != m->imm))
		die("immediate data differs");
	m->got_recv = true;
}

static void poll_side(int at)
{
	struct ibv_wc wc[16];
	int i, n;

	n = ibv_poll_cq(side[at].cq, 16, wc);
	if (n < 0)
		die("poll_cq failed");
	for (i = 0; i < n; i++) {
		if (wc[i].status != IBV_WC_SUCCESS)
			die("%s: %s (vendor %u)", opt.dev[at], ibv_wc_status_str(wc[i].status),
			    wc[i].vendor_err);
		if (wc[i].opcode & IBV_WC_RECV)
			mark_received(!at, &wc[i]);
		else
			mark_sent(at, wc[i].wr_id);
	}
}

static void finish(int s)
{
	struct side *x = &side[s];
	struct slot *m;

	for (; x->done < sent_upto[s]; x->done++) {
		m = &x->slots[x->done % opt.depth];
		if (m->wants_recv && !m->got_recv)
			break;
		verify(s, x->done % opt.depth, x->done);
	}
}

/* ---- running ---- */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void run(void)
{
	double start = now(), last = start;
	int s;

	goal = opt.messages;
	while (side[0].done < goal || side[1].done < goal) {
		for (s = 0; s < 2; s++) {
			while (side[s].posted < goal &&
			       side[s].posted - side[s].done < opt.depth)
				post_message(s);
			poll_side(s);
			finish(0);
			finish(1);
		}
		if (now() - start > opt.seconds + opt.duration)
			die("not done after %u s: %lu and %lu of %lu",
			    opt.seconds + opt.duration, side[0].done, side[1].done, goal);
		if (side[0].done == goal && side[1].done == goal &&
		    now() - start < opt.duration)
			goal += opt.messages;
		if (!opt.quiet && now() - last > 5) {
			last = now();
			fprintf(stderr, "ndkcheck: %lu of %lu verified\n", verified,
				2 * goal);
		}
	}
}

static void parse_ops(char *list)
{
	char *word;
	int i;

	memset(opt.ops, 0, sizeof(opt.ops));
	for (word = strtok(list, ","); word; word = strtok(NULL, ",")) {
		for (i = 0; i < OPS && strcmp(word, op_name[i]); i++)
			;
		if (i == OPS)
			die("no operation %s", word);
		opt.ops[i] = true;
	}
}

static enum ibv_mtu parse_mtu(unsigned int bytes)
{
	enum ibv_mtu mtu;

	for (mtu = IBV_MTU_256; mtu <= IBV_MTU_4096; mtu++)
		if (bytes == 128U << mtu)
			return mtu;
	die("no path MTU %u", bytes);
}

static void usage(void)
{
	puts("usage: ndkcheck [options] DEVICE [DEVICE]\n"
	     "Moves data between two QPs in both directions and verifies every byte.\n"
	     "  -n N     messages each way (1000)       -s BYTES  largest message (20000)\n"
	     "  -d N     messages outstanding (16)      -c N      defer all but every Nth (0: none)\n"
	     "  -m MTU   path MTU (1024)                -o LIST   of send,send_imm,write,write_imm,read,cas,add\n"
	     "  -g N     GID index, once per device     -T CODE   acknowledge timeout (14)\n"
	     "  -S SEED  (1)                            -t SEC    give up after (120)\n"
	     "  -r N     times everything is made, used, destroyed (1)              -q quiet\n"
	     "  -p N     pairs of QPs, a thread each (1)\n"
	     "  -D SEC   send -n messages again and again until so long has passed");
}

static void parse(int argc, char **argv)
{
	int c, gids = 0, i;

	for (i = 0; i < OPS; i++)
		opt.ops[i] = true;
	while ((c = getopt(argc, argv, "n:s:d:c:m:o:g:T:S:t:r:p:D:qh")) != -1) {
		switch (c) {
		case 'n':
			opt.messages = strtoul(optarg, NULL, 0);
			break;
		case 's':
			opt.size = strtoul(optarg, NULL, 0);
			break;
		case 'd':
			opt.depth = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			opt.chain = strtoul(optarg, NULL, 0);
			break;
		case 'm':
			opt.mtu = parse_mtu(strtoul(optarg, NULL, 0));
			break;
		case 'o':
			parse_ops(optarg);
			break;
		case 'g':
			opt.gid[gids ? 1 : 0] = atoi(optarg);
			if (!gids++)
				opt.gid[1] = opt.gid[0];
			break;
		case 'T':
			opt.timeout = strtoul(optarg, NULL, 0);
			break;
		case 'S':
			opt.seed = strtoul(optarg, NULL, 0);
			break;
		case 't':
			opt.seconds = strtoul(optarg, NULL, 0);
			break;
		case 'r':
			opt.rounds = strtoul(optarg, NULL, 0);
			break;
		case 'p':
			opt.pairs = strtoul(optarg, NULL, 0);
			break;
		case 'D':
			opt.duration = strtoul(optarg, NULL, 0);
			break;
		case 'q':
			opt.quiet = true;
			break;
		case 'h':
			usage();
			exit(0);
		default:
			usage();
			exit(2);
		}
	}
	if (optind >= argc || opt.depth < 4 || opt.size < 8) {
		usage();
		exit(2);
	}
	opt.size = (opt.size + 7) & ~7U;
	opt.dev[0] = argv[optind];
	opt.dev[1] = argv[optind + 1 < argc ? optind + 1 : optind];
}

static void tear_down(struct side *x)
{
	int err = ibv_destroy_qp(x->qp);

	err = err ? err : ibv_dereg_mr(x->mr);
	err = err ? err : ibv_destroy_cq(x->cq);
	err = err ? err : ibv_dealloc_pd(x->pd);
	err = err ? err : ibv_close_device(x->ctx);
	if (err)
		die("tear-down: %s", strerror(err));
	free(x->buf);
	free(x->slots);
	free(x->recv_order);
	memset(x, 0, sizeof(*x));
}

static void one_round(void)
{
	make_side(0);
	make_side(1);
	connect_side(0);
	connect_side(1);
	sent_upto[0] = 0;
	sent_upto[1] = 0;
	run();
	tear_down(&side[0]);
	tear_down(&side[1]);
}

static void *pair(void *arg)
{
	unsigned int i;

	number = (uintptr_t)arg;
	for (i = 0; i < opt.rounds; i++)
		one_round();
	return (void *)verified;
}

int main(int argc, char **argv)
{
	unsigned long total = 0;
	pthread_t *threads;
	unsigned int i;
	void *count;

	parse(argc, argv);
	threads = calloc(opt.pairs, sizeof(*threads));
	if (!threads)
		die("no memory");
	for (i = 0; i < opt.pairs; i++)
		if (pthread_create(&threads[i], NULL, pair, (void *)(uintptr_t)i))
			die("no thread");
	for (i = 0; i < opt.pairs; i++) {
		pthread_join(threads[i], &count);
		total += (unsigned long)count;
	}
	free(threads);
	printf("ndkcheck: %lu messages verified\n", total);
	return 0;
}
