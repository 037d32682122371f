// SPDX-License-Identifier: GPL-2.0
/*
 * badqueue DEVICE CASE [COUNT|SECONDSs]: a program that abuses the queues it shares
 * with the kernel, so many times or for so long (60s).
 *
 * It finds its own rings in /proc/self/maps and writes into them what no library
 * would, then rings the doorbell by hand. Every case ends with a look at the
 * canaries around the registered memory, and a pair of honest QPs that work.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/rdma_user_rxe.h>
#include <string.h>
#include <unistd.h>

#include "hostile.h"

#define DEFER		0x40000000U

static struct world w;
static unsigned long count;
static long deadline;	/* instead of @count, if not 0 */

/* Is another round to come after @done of them? */
static bool more(unsigned long done)
{
	return deadline ? world_now_ms() < deadline : done < count;
}

/* The same where two threads have to meet (@met) for the case to show anything. */
static bool more_until(unsigned long done, bool met)
{
	static long end;

	if (more(done))
		return true;
	if (!end)
		end = world_now_ms() + PATIENCE_MS;
	return !met && world_now_ms() < end;
}

/* On one processor they take turns, and may never meet. */
static void check_met(bool met)
{
	if (!met && sysconf(_SC_NPROCESSORS_ONLN) > 1)
		die("the two threads never met");
}

static void set_limit(const char *text, unsigned long otherwise)
{
	char *end;

	count = text ? strtoul(text, &end, 0) : otherwise;
	if (text && *end == 's')
		deadline = world_now_ms() + count * 1000;
}

/* ---- rings ---- */

/* The mapping of a uverbs device whose ring has this mask. */
static struct rxe_queue_buf *find_ring(uint32_t mask)
{
	struct rxe_queue_buf *found = NULL;
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start;
	char line[512];

	if (!maps)
		die("/proc/self/maps: %s", strerror(errno));
	while (fgets(line, sizeof(line), maps)) {
		if (!strstr(line, "uverbs") || sscanf(line, "%lx-", &start) != 1)
			continue;
		if (((struct rxe_queue_buf *)start)->index_mask == mask)
			found = (struct rxe_queue_buf *)start;
	}
	fclose(maps);
	if (!found)
		die("no ring of mask %u is mapped", mask);
	return found;
}

static void *ring_slot(struct rxe_queue_buf *q, uint32_t index, uint32_t shift)
{
	return q->data + ((size_t)index << shift);
}

static struct rxe_queue_buf *sq;
static uint32_t sq_shift;

static struct rxe_send_wqe *send_slot(uint32_t index)
{
	return ring_slot(sq, index & A_SEND_MASK, sq_shift);
}

static void pair(void)
{
	world_pair(&w);
	sq = find_ring(A_SEND_MASK);
	sq_shift = sq->log2_elem_size;
}

/* The doorbell call of the published ABI. Returns 0 or an errno. */
static int ring_doorbell(void)
{
	struct {
		struct ib_uverbs_cmd_hdr hdr;
		struct ib_uverbs_post_send cmd;
	} call = {
		.hdr = { .command = IB_USER_VERBS_CMD_POST_SEND,
			 .in_words = sizeof(call) / 4,
			 .out_words = sizeof(struct ib_uverbs_post_send_resp) / 4 },
		.cmd = { .qp_handle = w.a->handle, .wqe_size = sizeof(struct ibv_send_wr) },
	};
	struct ib_uverbs_post_send_resp resp;

	call.cmd.response = (uintptr_t)&resp;
	return write(w.ctx->cmd_fd, &call, sizeof(call)) == sizeof(call) ? 0 : errno;
}

static void put_index(uint32_t *where, uint32_t value)
{
	__atomic_store_n(where, value, __ATOMIC_RELEASE);
}

/* An honest WRITE of 8 bytes in the next slot, not shown to the kernel yet. */
static struct rxe_send_wqe *honest(uint32_t index, uint64_t id, uint32_t flags)
{
	struct rxe_send_wqe *e = send_slot(index);

	memset(e, 0, sizeof(*e));
	e->wr.wr_id = id;
	e->wr.opcode = IBV_WR_RDMA_WRITE;
	e->wr.send_flags = flags;
	e->wr.wr.rdma.remote_addr = (uintptr_t)w.buf + 1024;
	e->wr.wr.rdma.rkey = w.mr->rkey;
	e->dma.length = 8;
	e->dma.resid = 8;
	e->dma.num_sge = 1;
	e->dma.sge[0].addr = (uintptr_t)w.buf;
	e->dma.sge[0].length = 8;
	e->dma.sge[0].lkey = w.mr->lkey;
	return e;
}

static void publish(uint32_t n)
{
	put_index(&sq->producer_index, (sq->producer_index + n) & A_SEND_MASK);
}

static void expect_completion(uint64_t id, enum ibv_wc_status status)
{
	struct ibv_wc wc;

	if (!world_poll(&w, &wc, PATIENCE_MS))
		die("request %llu never completed", (unsigned long long)id);
	if (wc.wr_id != id || wc.status != status)
		die("completion of %llu: %s; expected %llu: %s", (unsigned long long)wc.wr_id,
		    ibv_wc_status_str(wc.status), (unsigned long long)id,
		    ibv_wc_status_str(status));
}

static void honest_one_works(const char *after)
{
	static uint64_t stamp = 0x1122334455667788ULL;
	int err;

	stamp++;
	memcpy(w.buf, &stamp, 8);
	honest(sq->producer_index, 77, IBV_SEND_SIGNALED);
	publish(1);
	err = ring_doorbell();
	want_errno(after, 0, err);
	expect_completion(77, IBV_WC_SUCCESS);
	if (memcmp(w.buf + 1024, &stamp, 8))
		die("after %s: the data did not arrive", after);
}

/* ---- entries that must be refused ---- */

struct spoiler {
	const char *name;
	void (*spoil)(struct rxe_send_wqe *e);
	int err;
};

#define SPOIL(_name) static void _name(struct rxe_send_wqe *e)

SPOIL(opcode_unknown)
{
	e->wr.opcode = 0x7f;
}

SPOIL(opcode_high)
{
	e->wr.opcode = 0x100 + IBV_WR_SEND;
}

SPOIL(opcode_wild)
{
	e->wr.opcode = UINT32_MAX;
}

SPOIL(flag_unknown)
{
	e->wr.send_flags |= 1U << 29;
}

SPOIL(flags_wild)
{
	e->wr.send_flags = UINT32_MAX & ~IBV_SEND_INLINE;
}

SPOIL(sges_wild)
{
	e->dma.num_sge = UINT32_MAX;
}

SPOIL(sges_many)
{
	e->dma.num_sge = 1000;
}

SPOIL(inline_wild)
{
	e->wr.send_flags |= IBV_SEND_INLINE;
	e->dma.length = UINT32_MAX;
}

SPOIL(inline_page)
{
	e->wr.send_flags |= IBV_SEND_INLINE;
	e->dma.length = 65536;
}

SPOIL(inline_read)
{
	e->wr.opcode = IBV_WR_RDMA_READ;
	e->wr.send_flags |= IBV_SEND_INLINE;
}

SPOIL(length_wraps)
{
	e->dma.num_sge = 2;
	e->dma.sge[0].length = UINT32_MAX;
	e->dma.sge[1] = e->dma.sge[0];
	e->dma.sge[1].length = 2;
}

SPOIL(local_overflow)
{
	e->dma.sge[0].addr = UINT64_MAX - 3;
}

SPOIL(remote_overflow)
{
	e->wr.wr.rdma.remote_addr = UINT64_MAX - 3;
}

static void make_atomic(struct rxe_send_wqe *e)
{
	e->wr.opcode = IBV_WR_ATOMIC_FETCH_AND_ADD;
	e->wr.wr.atomic.remote_addr = (uintptr_t)w.buf + 1024;
	e->wr.wr.atomic.rkey = w.mr->rkey;
}

SPOIL(atomic_misaligned)
{
	make_atomic(e);
	e->wr.wr.atomic.remote_addr += 4;
}

SPOIL(atomic_long)
{
	make_atomic(e);
	e->dma.sge[0].length = 16;
}

static const struct spoiler spoilers[] = {
	{ "unknown opcode", opcode_unknown, EOPNOTSUPP },
	{ "opcode above one byte", opcode_high, EOPNOTSUPP },
	{ "opcode 2^32 - 1", opcode_wild, EOPNOTSUPP },
	{ "unknown flag", flag_unknown, EINVAL },
	{ "all flags", flags_wild, EINVAL },
	{ "2^32 - 1 SGEs", sges_wild, EINVAL },
	{ "1000 SGEs", sges_many, EINVAL },
	{ "2^32 - 1 inline bytes", inline_wild, EINVAL },
	{ "64 KiB inline", inline_page, EINVAL },
	{ "inline READ", inline_read, EINVAL },
	{ "length that wraps", length_wraps, EINVAL },
	{ "local address that wraps", local_overflow, EINVAL },
	{ "remote address that wraps", remote_overflow, EINVAL },
	{ "misaligned atomic", atomic_misaligned, EINVAL },
	{ "atomic of 16 bytes", atomic_long, EINVAL },
};

/* Two deferred ones before it complete, it does not, the queue works on. */
static void refused(void)
{
	unsigned int i;
	uint32_t at;

	pair();
	honest_one_works("nothing");
	for (i = 0; i < ARRAY_SIZE(spoilers); i++) {
		at = sq->producer_index;
		honest(at, 1, IBV_SEND_SIGNALED | DEFER);
		honest(at + 1, 2, IBV_SEND_SIGNALED | DEFER);
		spoilers[i].spoil(honest(at + 2, 3, IBV_SEND_SIGNALED));
		honest(at + 3, 4, IBV_SEND_SIGNALED);
		publish(4);
		want_errno(spoilers[i].name, spoilers[i].err, ring_doorbell());
		expect_completion(1, IBV_WC_SUCCESS);
		expect_completion(2, IBV_WC_SUCCESS);
		honest_one_works(spoilers[i].name);
		if (sq->consumer_index != sq->producer_index)
			die("%s: %u slots were lost", spoilers[i].name,
			    (sq->producer_index - sq->consumer_index) & A_SEND_MASK);
	}
	world_unpair(&w);
}

/* ---- entries that are accepted and must fail ---- */

static struct ibv_mr *foreign, *stale;

SPOIL(lkey_wild)
{
	e->dma.sge[0].lkey = 0xdeadbeef;
}

SPOIL(lkey_foreign)
{
	e->dma.sge[0].lkey = foreign->lkey;
}

SPOIL(lkey_stale)
{
	e->dma.sge[0].lkey = stale->lkey;
}

SPOIL(local_outside)
{
	e->dma.sge[0].addr = (uintptr_t)w.buf - 8;
}

SPOIL(local_end)
{
	e->dma.sge[0].addr = (uintptr_t)w.buf + BUF_BYTES - 4;
}

SPOIL(local_kernel)
{
	e->dma.sge[0].addr = 0xffff888000000000ULL;
}

SPOIL(lkey_zero)
{
	e->dma.sge[0].lkey = 0;
}

SPOIL(rkey_wild)
{
	e->wr.wr.rdma.rkey = 0xdeadbeef;
}

SPOIL(rkey_foreign)
{
	e->wr.wr.rdma.rkey = foreign->rkey;
}

SPOIL(rkey_stale)
{
	e->wr.wr.rdma.rkey = stale->rkey;
}

SPOIL(remote_end)
{
	e->wr.wr.rdma.remote_addr = (uintptr_t)w.buf + BUF_BYTES - 4;
}

SPOIL(send_unawaited)
{
	e->wr.opcode = IBV_WR_SEND;
}

static const struct spoiler failers[] = {
	{ "SEND that nobody waits for", send_unawaited, IBV_WC_RNR_RETRY_EXC_ERR },
	{ "lkey nobody has", lkey_wild, IBV_WC_LOC_PROT_ERR },
	{ "lkey of another PD", lkey_foreign, IBV_WC_LOC_PROT_ERR },
	{ "lkey of a region that is gone", lkey_stale, IBV_WC_LOC_PROT_ERR },
	{ "lkey 0, a kernel user's", lkey_zero, IBV_WC_LOC_PROT_ERR },
	{ "address before the region", local_outside, IBV_WC_LOC_PROT_ERR },
	{ "address across the region's end", local_end, IBV_WC_LOC_PROT_ERR },
	{ "address of the kernel", local_kernel, IBV_WC_LOC_PROT_ERR },
	{ "rkey nobody has", rkey_wild, IBV_WC_REM_ACCESS_ERR },
	{ "rkey of another PD", rkey_foreign, IBV_WC_REM_ACCESS_ERR },
	{ "rkey of a region that is gone", rkey_stale, IBV_WC_REM_ACCESS_ERR },
	{ "remote range across the end", remote_end, IBV_WC_REM_ACCESS_ERR },
};

static struct ibv_mr *reg(struct ibv_pd *pd)
{
	struct ibv_mr *mr = ibv_reg_mr(pd, w.buf, BUF_BYTES,
				       IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE);

	if (!mr)
		die("registration: %s", strerror(errno));
	return mr;
}

static void failing(void)
{
	struct ibv_pd *other = ibv_alloc_pd(w.ctx);
	struct ibv_mr gone;
	unsigned int i;
	uint32_t at;

	if (!other)
		die("PD: %s", strerror(errno));
	foreign = reg(other);
	stale = reg(w.pd);
	gone = *stale;
	ibv_dereg_mr(stale);
	stale = &gone;
	for (i = 0; i < ARRAY_SIZE(failers); i++) {
		fprintf(stderr, "%s\n", failers[i].name);
		pair();
		at = sq->producer_index;
		honest(at, 1, IBV_SEND_SIGNALED | DEFER);
		failers[i].spoil(honest(at + 1, 2, DEFER));
		honest(at + 2, 3, 0);
		publish(3);
		want_errno(failers[i].name, 0, ring_doorbell());
		expect_completion(1, IBV_WC_SUCCESS);
		expect_completion(2, failers[i].err);
		expect_completion(3, IBV_WC_WR_FLUSH_ERR);
		world_unpair(&w);
	}
	ibv_dereg_mr(foreign);
	ibv_dealloc_pd(other);
}

/* ---- indices and geometry ---- */

static void indices(void)
{
	static const uint32_t wild[] = { 1, 62, 63, 64, 65, 1000, 0x7fffffff, 0x80000000,
					 UINT32_MAX };
	const int n = (int)ARRAY_SIZE(wild);
	int i, k;

	/* what the kernel wrote for the program to read, it must not read back */
	pair();
	sq->log2_elem_size = 31;
	sq->index_mask = UINT32_MAX;
	for (i = 0; i < 200; i++) {
		honest(i, 5, IBV_SEND_SIGNALED);
		put_index(&sq->producer_index, (i + 1) & A_SEND_MASK);
		want_errno("geometry rewritten", 0, ring_doorbell());
		expect_completion(5, IBV_WC_SUCCESS);
	}
	world_unpair(&w);

	/* any pair of indices: the ring holds zeroes, which are empty WRITEs */
	for (i = 0; i < n; i++) {
		for (k = 0; k < n; k++) {
			pair();
			put_index(&sq->consumer_index, wild[k]);
			put_index(&sq->producer_index, wild[i]);
			ring_doorbell();
			put_index(&sq->producer_index, wild[k]);
			ring_doorbell();
			world_drain(&w);
			world_unpair(&w);
		}
	}
}

/* ---- receive queue ---- */

static void send_from_b(uint64_t id, uint32_t length)
{
	struct ibv_sge sge = { (uintptr_t)w.buf, length, w.mr->lkey };
	struct ibv_send_wr *bad, wr = {
		.wr_id = id, .sg_list = &sge, .num_sge = 1, .opcode = IBV_WR_SEND,
		.send_flags = IBV_SEND_SIGNALED,
	};

	if (ibv_post_send(w.b, &wr, &bad))
		die("send from the peer failed");
}

static struct rxe_recv_wqe *put_recv(struct rxe_queue_buf *rq, uint64_t id)
{
	struct rxe_recv_wqe *e = ring_slot(rq, rq->producer_index & rq->index_mask,
					   rq->log2_elem_size);

	memset(e, 0, sizeof(*e));
	e->wr_id = id;
	e->dma.length = 64;
	e->dma.num_sge = 1;
	e->dma.sge[0].addr = (uintptr_t)w.buf + 2048;
	e->dma.sge[0].length = 64;
	e->dma.sge[0].lkey = w.mr->lkey;
	return e;
}

static void publish_recv(struct rxe_queue_buf *rq)
{
	put_index(&rq->producer_index, (rq->producer_index + 1) & rq->index_mask);
}

/* Both ends complete, in either order. */
static void expect_two(uint64_t id1, enum ibv_wc_status s1, uint64_t id2,
		       enum ibv_wc_status s2)
{
	struct ibv_wc wc;
	int i, seen = 0;

	for (i = 0; i < 2; i++) {
		if (!world_poll(&w, &wc, PATIENCE_MS))
			die("a completion is missing, of %llu or %llu",
			    (unsigned long long)id1, (unsigned long long)id2);
		if (wc.wr_id == id1 && wc.status == s1)
			seen |= 1;
		else if (wc.wr_id == id2 && wc.status == s2)
			seen |= 2;
		else
			die("completion of %llu: %s", (unsigned long long)wc.wr_id,
			    ibv_wc_status_str(wc.status));
	}
	if (seen != 3)
		die("one completion came twice");
}

static void receives(void)
{
	static const uint32_t wild[] = { 33, 1000, 0x10000, UINT32_MAX };
	struct rxe_queue_buf *rq;
	unsigned int i;

	pair();
	rq = find_ring(A_RECV_MASK);
	put_recv(rq, 8);
	publish_recv(rq);
	send_from_b(9, 16);
	expect_two(8, IBV_WC_SUCCESS, 9, IBV_WC_SUCCESS);
	world_unpair(&w);

	for (i = 0; i < ARRAY_SIZE(wild); i++) {
		pair();
		rq = find_ring(A_RECV_MASK);
		put_recv(rq, 8)->dma.num_sge = wild[i];
		publish_recv(rq);
		send_from_b(9, 16);
		expect_two(8, IBV_WC_LOC_QP_OP_ERR, 9, IBV_WC_REM_OP_ERR);
		world_unpair(&w);
	}
	/* a key nobody has, and memory beside the region */
	pair();
	rq = find_ring(A_RECV_MASK);
	put_recv(rq, 8)->dma.sge[0].lkey = 0xdeadbeef;
	publish_recv(rq);
	send_from_b(9, 16);
	expect_two(8, IBV_WC_LOC_PROT_ERR, 9, IBV_WC_REM_OP_ERR);
	world_unpair(&w);

	for (i = 0; i < 20; i++) {
		pair();
		rq = find_ring(A_RECV_MASK);
		put_index(&rq->consumer_index, random64());
		put_index(&rq->producer_index, random64());
		send_from_b(9, 16);
		usleep(2000);
		world_drain(&w);
		world_unpair(&w);
	}
}

/* ---- completion queue ---- */

static void completions(void)
{
	struct rxe_queue_buf *cq;
	unsigned long i;
	uint32_t at;

	for (i = 0; i < 30; i++) {
		pair();
		cq = find_ring(CQ_MASK);
		at = random64();
		put_index(&cq->consumer_index, i & 1 ? at : (cq->producer_index + 1) & CQ_MASK);
		if (i & 2)
			put_index(&cq->producer_index, random64());
		if (i & 4)
			cq->index_mask = UINT32_MAX;
		for (at = 0; at < 50; at++) {
			honest(at, at, IBV_SEND_SIGNALED);
			publish(1);
			ring_doorbell();
		}
		cq->index_mask = CQ_MASK;
		world_unpair(&w);
	}
}

/* ---- entries rewritten while they are read ---- */

static bool stop_rewriting;

static bool rewriting_stops(void)
{
	return __atomic_load_n(&stop_rewriting, __ATOMIC_ACQUIRE);
}

static void spoil_some_field(struct rxe_send_wqe *e, uint64_t r, uint32_t v)
{
	switch (r % 8) {
	case 0:
		e->dma.num_sge = v;
		break;
	case 1:
		e->dma.length = v;
		break;
	case 2:
		e->dma.sge[0].length = v;
		break;
	case 3:
		e->dma.sge[0].addr = r * 0x9e3779b97f4a7c15ULL;
		break;
	case 4:
		e->wr.opcode = r & 1 << 20 ? v : (r >> 24) % 12;
		break;
	case 5:
		e->wr.send_flags ^= IBV_SEND_INLINE;
		break;
	case 6:
		e->wr.send_flags ^= DEFER;
		break;
	default:
		e->dma.num_sge = 1;
		e->dma.sge[0].length = 8;
		break;
	}
}

static void *rewriter(void *unused)
{
	static const uint32_t wild[] = { 0, 1, 2, 31, 32, 33, 64, 1000, 0x7fffffff, UINT32_MAX };
	uint64_t r;

	(void)unused;
	while (!rewriting_stops()) {
		r = random64();
		spoil_some_field(send_slot(r >> 8), r, wild[(r >> 40) % ARRAY_SIZE(wild)]);
	}
	return NULL;
}

static pthread_t begin_rewriting(void)
{
	pthread_t t;

	__atomic_store_n(&stop_rewriting, false, __ATOMIC_RELEASE);
	if (pthread_create(&t, NULL, rewriter, NULL))
		die("no thread");
	return t;
}

static void end_rewriting(pthread_t t)
{
	__atomic_store_n(&stop_rewriting, true, __ATOMIC_RELEASE);
	pthread_join(t, NULL);
}

static void rewritten(void)
{
	unsigned long i, ok = 0, no = 0;
	pthread_t t;

	pair();
	t = begin_rewriting();
	for (i = 0; more_until(i, ok && no); i++) {
		honest(sq->producer_index, i, IBV_SEND_SIGNALED);
		publish(1);
		if (ring_doorbell())
			no++;
		else
			ok++;
		world_drain(&w);
		if (i % 64 == 63 && world_state(w.a) != IBV_QPS_RTS) {
			end_rewriting(t);
			world_unpair(&w);
			pair();
			t = begin_rewriting();
		}
	}
	end_rewriting(t);
	world_unpair(&w);
	printf("%lu doorbells accepted, %lu refused\n", ok, no);
	check_met(ok && no);
}

/* ---- noise ---- */

static void noise(void)
{
	struct rxe_queue_buf *rq, *cq;
	unsigned long i;
	uint64_t *p;
	size_t k, words;

	for (i = 0; more(i); i++) {
		pair();
		rq = find_ring(A_RECV_MASK);
		cq = find_ring(CQ_MASK);
		words = ((size_t)(A_SEND_MASK + 1) << sq_shift) / 8;
		p = (uint64_t *)sq->data;
		for (k = 0; k < words; k++)
			p[k] = random64();
		/* some opcodes and counts that get through the first checks */
		for (k = 0; k <= A_SEND_MASK; k += 3) {
			send_slot(k)->wr.opcode = random64() % 12;
			send_slot(k)->wr.send_flags = random64() % 64;
			send_slot(k)->dma.num_sge = random64() % 4;
		}
		words = ((size_t)(A_RECV_MASK + 1) << rq->log2_elem_size) / 8;
		p = (uint64_t *)rq->data;
		for (k = 0; k < words; k++)
			p[k] = random64();
		put_index(&rq->producer_index, random64());
		for (k = 0; k < 20; k++) {
			put_index(&sq->producer_index, random64());
			ring_doorbell();
			if (k % 5 == 4)
				put_index(&cq->consumer_index, random64());
		}
		send_from_b(1, 100);
		world_unpair(&w);
	}
}

/* ---- shared receive queue ---- */

static struct rxe_queue_buf *srq_ring;

static void make_srq(void)
{
	struct ibv_srq_init_attr init = { .attr = { .max_wr = SRQ_RECVS, .max_sge = 2 } };

	w.srq = ibv_create_srq(w.pd, &init);
	if (!w.srq)
		die("create SRQ: %s", strerror(errno));
	srq_ring = find_ring(SRQ_MASK);
}

static void drop_srq(void)
{
	if (ibv_destroy_srq(w.srq))
		die("destroy SRQ: %s", strerror(errno));
	w.srq = NULL;
}

/* A bad entry costs the QP that takes it; the queue serves the next QP. */
static void shared(void)
{
	static const uint32_t wild[] = { 3, 33, 1000, 0x10000, UINT32_MAX };
	unsigned int i;

	make_srq();
	for (i = 0; i < ARRAY_SIZE(wild); i++) {
		pair();
		put_recv(srq_ring, 8)->dma.num_sge = wild[i];
		publish_recv(srq_ring);
		put_recv(srq_ring, 10);
		publish_recv(srq_ring);
		send_from_b(9, 16);
		expect_two(8, IBV_WC_LOC_QP_OP_ERR, 9, IBV_WC_REM_OP_ERR);
		world_unpair(&w);
		pair();
		send_from_b(11, 16);
		expect_two(10, IBV_WC_SUCCESS, 11, IBV_WC_SUCCESS);
		world_unpair(&w);
	}
	drop_srq();
}

static void *srq_rewriter(void *unused)
{
	static const uint32_t wild[] = { 0, 1, 2, 3, 31, 33, 1000, 0x7fffffff, UINT32_MAX };
	struct rxe_recv_wqe *e;
	uint64_t r;
	uint32_t v;

	(void)unused;
	while (!rewriting_stops()) {
		r = random64();
		v = wild[(r >> 40) % ARRAY_SIZE(wild)];
		e = ring_slot(srq_ring, (r >> 8) & SRQ_MASK, srq_ring->log2_elem_size);
		switch (r % 6) {
		case 0:
			e->dma.num_sge = v;
			break;
		case 1:
			e->dma.sge[0].length = v;
			break;
		case 2:
			e->dma.sge[1].length = v;
			break;
		case 3:
			e->dma.sge[0].lkey = r >> 32;
			break;
		default:
			e->dma.num_sge = 1;
			e->dma.sge[0].length = 64;
			e->dma.sge[0].lkey = w.mr->lkey;
			break;
		}
	}
	return NULL;
}

/* The send completes, whatever it meets. Returns whether it succeeded. */
static bool send_and_wait(uint64_t id)
{
	struct ibv_wc wc;

	send_from_b(id, 16);
	do {
		if (!world_poll(&w, &wc, PATIENCE_MS))
			die("send %llu never completed", (unsigned long long)id);
	} while (wc.wr_id != id);
	return wc.status == IBV_WC_SUCCESS;
}

static void shared_rewritten(void)
{
	const uint64_t mark = 1ULL << 63;
	unsigned long i, ok = 0, no = 0;
	pthread_t t;

	make_srq();
	pair();
	__atomic_store_n(&stop_rewriting, false, __ATOMIC_RELEASE);
	if (pthread_create(&t, NULL, srq_rewriter, NULL))
		die("no thread");
	for (i = 0; more_until(i, ok && no); i++) {
		put_recv(srq_ring, i);
		publish_recv(srq_ring);
		if (send_and_wait(mark | i)) {
			ok++;
			continue;
		}
		no++;
		world_unpair(&w);
		pair();
	}
	end_rewriting(t);
	world_unpair(&w);
	drop_srq();
	printf("%lu messages received, %lu refused\n", ok, no);
	check_met(ok && no);
}

/* Any content behind any index, and the ring changed under the responder. */
static void shared_noise(void)
{
	struct ibv_srq_attr attr = { .max_wr = SRQ_RECVS };
	unsigned long i;
	size_t k, words;
	uint64_t *p;

	for (i = 0; more(i); i++) {
		make_srq();
		pair();
		words = ((size_t)(SRQ_MASK + 1) << srq_ring->log2_elem_size) / 8;
		p = (uint64_t *)srq_ring->data;
		for (k = 0; k < words; k++)
			p[k] = random64();
		srq_ring->log2_elem_size = random64();
		srq_ring->index_mask = random64();
		for (k = 0; k < 4; k++) {
			put_index(&srq_ring->producer_index, random64());
			put_index(&srq_ring->consumer_index, random64());
			attr.srq_limit = random64() % SRQ_RECVS;
			ibv_modify_srq(w.srq, &attr, IBV_SRQ_LIMIT);
			send_and_wait(k);
		}
		ibv_modify_srq(w.srq, &attr, IBV_SRQ_MAX_WR | IBV_SRQ_LIMIT);
		world_unpair(&w);
		drop_srq();
	}
}

static void post_shared(uint64_t id)
{
	struct ibv_sge sge = { (uintptr_t)w.buf + 2048, 64, w.mr->lkey };
	struct ibv_recv_wr *bad, wr = { .wr_id = id, .sg_list = &sge, .num_sge = 1 };
	int err = ibv_post_srq_recv(w.srq, &wr, &bad);

	if (err)
		die("post to the SRQ: %s", strerror(err));
}

/* How many there are to be had; anything but a limit event is a mistake. */
static unsigned long limit_events(void)
{
	struct ibv_async_event ev;
	unsigned long n = 0;

	while (!ibv_get_async_event(w.ctx, &ev)) {
		if (ev.event_type != IBV_EVENT_SRQ_LIMIT_REACHED || ev.element.srq != w.srq)
			die("event: %s", ibv_event_type_str(ev.event_type));
		ibv_ack_async_event(&ev);
		n++;
	}
	return n;
}

/* An honest program that resizes and arms as it goes, through the library. */
static void shared_resized(void)
{
	static const uint32_t sizes[] = { 60, 1000, 7, 250, 4000, 12 };
	struct ibv_srq_attr attr = { .srq_limit = 0 }, now;
	unsigned long i, armed = 0;
	uint32_t waiting = 0;
	int err;

	fcntl(w.ctx->async_fd, F_SETFL, O_NONBLOCK);
	make_srq();
	pair();
	for (i = 0; i < count; i++) {
		attr.max_wr = sizes[i % ARRAY_SIZE(sizes)];
		err = ibv_modify_srq(w.srq, &attr, IBV_SRQ_MAX_WR);
		if (err || ibv_query_srq(w.srq, &now) || now.max_wr < attr.max_wr ||
		    now.max_sge != 2 || now.srq_limit)
			die("resize to %u: %s", attr.max_wr, strerror(err));
		for (; waiting < 6; waiting++)
			post_shared(2 * i + waiting % 2);
		attr.srq_limit = 4;
		if (ibv_modify_srq(w.srq, &attr, IBV_SRQ_LIMIT))
			die("the limit is refused");
		armed++;
		for (; waiting > 2; waiting--)
			if (!send_and_wait(UINT64_MAX))
				die("a message was not received");
	}
	world_drain(&w);
	i = limit_events();
	if (i != armed)
		die("armed %lu times, %lu events", armed, i);
	attr.max_wr = 1;
	err = ibv_modify_srq(w.srq, &attr, IBV_SRQ_MAX_WR);
	want_errno("2 entries in a queue of 1", EINVAL, err);
	attr.srq_limit = UINT32_MAX;
	err = ibv_modify_srq(w.srq, &attr, IBV_SRQ_LIMIT);
	want_errno("a limit beyond the queue", EINVAL, err);
	world_unpair(&w);
	drop_srq();
}

static const struct {
	const char *name;
	void (*run)(void);
	unsigned long count;
} cases[] = {
	{ "refused", refused, 1 },
	{ "failing", failing, 1 },
	{ "indices", indices, 1 },
	{ "receives", receives, 1 },
	{ "completions", completions, 1 },
	{ "rewritten", rewritten, 3000 },
	{ "noise", noise, 30 },
	{ "shared", shared, 1 },
	{ "shared-rewritten", shared_rewritten, 1000 },
	{ "shared-noise", shared_noise, 20 },
	{ "shared-resized", shared_resized, 100 },
};

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc < 3)
		die("usage: badqueue DEVICE CASE [COUNT|SECONDSs [SEED]]");
	random_seed(argc > 4 ? strtoull(argv[4], NULL, 0) : (uint64_t)getpid());
	fprintf(stderr, "seed %d\n", argc > 4 ? atoi(argv[4]) : getpid());
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (strcmp(cases[i].name, argv[2]))
			continue;
		set_limit(argc > 3 ? argv[3] : NULL, cases[i].count);
		world_open(&w, argv[1]);
		cases[i].run();
		/* whatever was done, an honest user is served */
		pair();
		honest_one_works("everything");
		world_unpair(&w);
		world_close(&w);
		return 0;
	}
	die("no case %s", argv[2]);
}
