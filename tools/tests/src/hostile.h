/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the hostile programs share: a pair of QPs of one device in one process, and
 * the way to say what went wrong.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_BYTES	65536
#define GUARD		4096
#define CANARY		0xc3

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define die(...) do {						\
	fprintf(stderr, __VA_ARGS__);				\
	fputc('\n', stderr);					\
	exit(1);						\
} while (0)

/* For what comes at once unless the machine is busy: only a failure waits for it. */
#define PATIENCE_MS	30000

/* queue sizes that tell the rings apart by their masks */
#define CQ_DEPTH	500
#define A_SENDS		60
#define A_RECVS		30
#define B_SENDS		10
#define B_RECVS		120
#define SRQ_RECVS	250
#define CQ_MASK		511
#define A_SEND_MASK	63
#define A_RECV_MASK	31
#define SRQ_MASK	255

/**
 * struct world - one device, two QPs
 * @ctx: the device
 * @pd: of both QPs
 * @cq: of both QPs
 * @buf: the only memory a key leads to; a canary lies on both sides of it
 * @mr: of @buf
 * @srq: shared receive queue of @a, the caller's, or NULL
 * @a: the QP whose queues are abused
 * @b: its peer
 * @gid: the device's address
 * @gid_index: its index
 */
struct world {
	struct ibv_context *ctx;
	struct ibv_pd *pd;
	struct ibv_cq *cq;
	unsigned char *buf;
	struct ibv_mr *mr;
	struct ibv_srq *srq;
	struct ibv_qp *a;
	struct ibv_qp *b;
	union ibv_gid gid;
	int gid_index;
};

/**
 * struct world_case - what a program can be asked to do
 * @name: by which word
 * @run: with a pair of QPs that are connected
 */
struct world_case {
	const char *name;
	void (*run)(void);
};

int world_main(struct world *w, int argc, char **argv, const struct world_case *cases,
	       unsigned int ncases);
void world_open(struct world *w, const char *device);
void world_close(struct world *w);
void world_pair(struct world *w);
void world_unpair(struct world *w);
void world_connect(struct world *w, struct ibv_qp *qp, uint32_t dest, uint32_t rq_psn,
		   uint32_t sq_psn);
void world_check_canary(const struct world *w);
enum ibv_qp_state world_state(struct ibv_qp *qp);
bool world_poll(struct world *w, struct ibv_wc *wc, int ms);
enum ibv_wc_status world_do(struct world *w, struct ibv_qp *qp, struct ibv_send_wr *wr);
int world_drain(struct world *w);
void want(const char *what, enum ibv_wc_status wanted, enum ibv_wc_status got);
void want_errno(const char *what, int wanted, int got);
long world_now_ms(void);
uint64_t random64(void);
void random_seed(uint64_t seed);

#endif /* HOSTILE_H */
