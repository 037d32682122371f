// SPDX-License-Identifier: GPL-2.0
/*
 * The hostile programs' world, see hostile.h.
 */
#include "device.h"
#include "hostile.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ACCESS	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE |	\
		 IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_ATOMIC)

static uint64_t seed_state = 1;

void random_seed(uint64_t seed)
{
	seed_state = seed * 0x9e3779b97f4a7c15ULL + 1;
}

uint64_t random64(void)
{
	seed_state ^= seed_state << 13;
	seed_state ^= seed_state >> 7;
	seed_state ^= seed_state << 17;
	return seed_state * 0x2545f4914f6cdd1dULL;
}

/* An IPv4 address: the packet program forges IPv4 headers. */
static void find_gid(struct world *w)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct ibv_gid_entry e;
	int i;

	for (i = 0; i < 64; i++) {
		if (ibv_query_gid_ex(w->ctx, 1, i, &e, 0))
			continue;
		if (e.gid_type != IBV_GID_TYPE_ROCE_V2 || memcmp(e.gid.raw, mapped, 12))
			continue;
		w->gid = e.gid;
		w->gid_index = i;
		return;
	}
	die("the device has no IPv4 address");
}

void world_open(struct world *w, const char *device)
{
	unsigned char *all = aligned_alloc(GUARD, BUF_BYTES + 2 * GUARD);

	memset(w, 0, sizeof(*w));
	if (!all)
		die("no memory");
	memset(all, CANARY, BUF_BYTES + 2 * GUARD);
	w->buf = all + GUARD;
	memset(w->buf, 0, BUF_BYTES);
	w->ctx = open_device(device);
	if (!w->ctx)
		die("no device %s", device);
	find_gid(w);
	w->pd = ibv_alloc_pd(w->ctx);
	w->mr = w->pd ? ibv_reg_mr(w->pd, w->buf, BUF_BYTES, ACCESS) : NULL;
	if (!w->mr)
		die("registration: %s", strerror(errno));
}

void world_close(struct world *w)
{
	world_check_canary(w);
	if (ibv_dereg_mr(w->mr) || ibv_dealloc_pd(w->pd) || ibv_close_device(w->ctx))
		die("something is still in use at the end");
}

static struct ibv_qp *make_qp(struct world *w, int sends, int recvs, struct ibv_srq *srq)
{
	struct ibv_qp_init_attr init = {
		.send_cq = w->cq,
		.recv_cq = w->cq,
		.srq = srq,
		.cap = { .max_send_wr = sends, .max_recv_wr = recvs, .max_send_sge = 2,
			 .max_recv_sge = 2, .max_inline_data = 64 },
		.qp_type = IBV_QPT_RC,
	};
	struct ibv_qp *qp = ibv_create_qp(w->pd, &init);

	if (!qp)
		die("create QP: %s", strerror(errno));
	return qp;
}

static void modify(struct ibv_qp *qp, struct ibv_qp_attr *attr, int mask)
{
	int err = ibv_modify_qp(qp, attr, mask);

	if (err)
		die("no way to state %d: %s", attr->qp_state, strerror(err));
}

void world_connect(struct world *w, struct ibv_qp *qp, uint32_t dest, uint32_t rq_psn,
		   uint32_t sq_psn)
{
	struct ibv_qp_attr a = { .qp_state = IBV_QPS_INIT, .port_num = 1 };

	a.qp_access_flags = ACCESS;
	modify(qp, &a, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS);
	a = (struct ibv_qp_attr){
		.qp_state = IBV_QPS_RTR, .path_mtu = IBV_MTU_1024, .dest_qp_num = dest,
		.rq_psn = rq_psn, .max_dest_rd_atomic = 4, .min_rnr_timer = 1,
		.ah_attr = { .is_global = 1, .port_num = 1,
			     .grh = { .dgid = w->gid, .sgid_index = w->gid_index,
				      .hop_limit = 64 } },
	};
	modify(qp, &a, IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN |
	       IBV_QP_RQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER);
	a = (struct ibv_qp_attr){
		.qp_state = IBV_QPS_RTS, .timeout = 10, .retry_cnt = 2, .rnr_retry = 2,
		.sq_psn = sq_psn, .max_rd_atomic = 4,
	};
	modify(qp, &a, IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY |
	       IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC);
}

/* A fresh completion queue and two QPs, connected to each other. */
void world_pair(struct world *w)
{
	w->cq = ibv_create_cq(w->ctx, CQ_DEPTH, NULL, NULL, 0);
	if (!w->cq)
		die("create CQ: %s", strerror(errno));
	w->a = make_qp(w, A_SENDS, A_RECVS, w->srq);
	w->b = make_qp(w, B_SENDS, B_RECVS, NULL);
	world_connect(w, w->a, w->b->qp_num, 0xfffff0, 0xfffff8);
	world_connect(w, w->b, w->a->qp_num, 0xfffff8, 0xfffff0);
}

void world_unpair(struct world *w)
{
	if (ibv_destroy_qp(w->a) || ibv_destroy_qp(w->b) || ibv_destroy_cq(w->cq))
		die("destroy: %s", strerror(errno));
	world_check_canary(w);
}

void world_check_canary(const struct world *w)
{
	int i;

	for (i = 0; i < GUARD; i++)
		if (w->buf[-1 - i] != CANARY || w->buf[BUF_BYTES + i] != CANARY)
			die("memory beside the registered region was written");
}

enum ibv_qp_state world_state(struct ibv_qp *qp)
{
	struct ibv_qp_init_attr init;
	struct ibv_qp_attr attr;

	if (ibv_query_qp(qp, &attr, IBV_QP_STATE, &init))
		die("query: %s", strerror(errno));
	return attr.qp_state;
}

long world_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* One completion, waiting at most @ms. */
bool world_poll(struct world *w, struct ibv_wc *wc, int ms)
{
	long end = world_now_ms() + ms;

	do {
		if (ibv_poll_cq(w->cq, 1, wc) == 1)
			return true;
		if (ms)
			usleep(200);
	} while (world_now_ms() < end);
	return false;
}

/* Takes what is there; bounded, because a hostile ring may never end. */
int world_drain(struct world *w)
{
	struct ibv_wc wc;
	int n = 0;

	while (n < CQ_MASK + 1 && ibv_poll_cq(w->cq, 1, &wc) == 1)
		n++;
	return n;
}

/* One signalled request, and how it ended. */
enum ibv_wc_status world_do(struct world *w, struct ibv_qp *qp, struct ibv_send_wr *wr)
{
	struct ibv_send_wr *bad;
	struct ibv_wc wc;
	int err;

	wr->send_flags = IBV_SEND_SIGNALED;
	err = ibv_post_send(qp, wr, &bad);
	if (err)
		die("post: %s", strerror(err));
	if (!world_poll(w, &wc, PATIENCE_MS))
		die("no completion");
	return wc.status;
}

void want(const char *what, enum ibv_wc_status wanted, enum ibv_wc_status got)
{
	if (wanted != got)
		die("%s: %s, not %s", what, ibv_wc_status_str(got), ibv_wc_status_str(wanted));
}

void want_errno(const char *what, int wanted, int got)
{
	if (wanted != got)
		die("%s: %s, not %s", what, strerror(got), strerror(wanted));
}

/* PROGRAM DEVICE CASE */
int world_main(struct world *w, int argc, char **argv, const struct world_case *cases,
	       unsigned int ncases)
{
	unsigned int i;

	if (argc != 3)
		die("usage: %s DEVICE CASE", argv[0]);
	for (i = 0; i < ncases; i++) {
		if (strcmp(cases[i].name, argv[2]))
			continue;
		world_open(w, argv[1]);
		world_pair(w);
		cases[i].run();
		world_unpair(w);
		world_close(w);
		return 0;
	}
	die("no case %s", argv[2]);
}
