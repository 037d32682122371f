// SPDX-License-Identifier: GPL-2.0
/*
 * failcreate DEVICE [STEP]: makes every kind of object a program makes, again and again,
 * and each time lets another allocation of the kernel fail: the first, the second (or
 * only every STEPth), and so on until there was none left to fail. Whatever was made is
 * destroyed. What leaks, the caller looks for.
 *
 * Needs a kernel with fault injection, failslab/ignore-gfp-wait set to N.
 */
#include <errno.h>
#include <fcntl.h>
#include <infiniband/verbs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"

#define LENGTH		(16 * 4096)
#define MOST		20000

struct objects {
	struct ibv_context *ctx;
	struct ibv_pd *pd;
	struct ibv_comp_channel *channel;
	struct ibv_cq *cq;
	struct ibv_srq *srq;
	struct ibv_qp *qp[3];
	struct ibv_mr *mr;
};

static void *memory;
static int nth_fd;

static void set_nth(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(nth_fd, text, len, 0) != len) {
		perror("fail-nth");
		exit(2);
	}
}

static unsigned int get_nth(void)
{
	char text[16] = "";

	if (pread(nth_fd, text, sizeof(text) - 1, 0) <= 0) {
		perror("fail-nth");
		exit(2);
	}
	return strtoul(text, NULL, 10);
}

static struct ibv_qp *make_qp(struct objects *o, enum ibv_qp_type type, struct ibv_srq *srq)
{
	struct ibv_qp_init_attr init = {
		.send_cq = o->cq,
		.recv_cq = o->cq,
		.srq = srq,
		.cap = {
			.max_send_wr = 8,
			.max_recv_wr = srq ? 0 : 8,
			.max_send_sge = 1,
			.max_recv_sge = srq ? 0 : 1,
		},
		.qp_type = type,
	};

	return ibv_create_qp(o->pd, &init);
}

static int to_init(struct ibv_qp *qp)
{
	struct ibv_qp_attr attr = { .qp_state = IBV_QPS_INIT, .port_num = 1 };

	return ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT |
			     IBV_QP_ACCESS_FLAGS);
}

/* Returns 0 if all was made. */
static int make(struct objects *o, const char *device)
{
	struct ibv_srq_init_attr srq = { .attr = { .max_wr = 8, .max_sge = 1 } };

	memset(o, 0, sizeof(*o));
	o->ctx = open_device(device);
	if (!o->ctx)
		return -1;
	o->pd = ibv_alloc_pd(o->ctx);
	o->channel = ibv_create_comp_channel(o->ctx);
	if (!o->pd || !o->channel)
		return -1;
	o->cq = ibv_create_cq(o->ctx, 32, NULL, o->channel, 0);
	if (!o->cq)
		return -1;
	o->srq = ibv_create_srq(o->pd, &srq);
	if (!o->srq)
		return -1;
	o->qp[0] = make_qp(o, IBV_QPT_RC, NULL);
	o->qp[1] = make_qp(o, IBV_QPT_RC, o->srq);
	if (!o->qp[0] || !o->qp[1] || to_init(o->qp[0]))
		return -1;
	if (o->ctx->device->transport_type != IBV_TRANSPORT_IWARP) {
		o->qp[2] = make_qp(o, IBV_QPT_UD, NULL);
		if (!o->qp[2])
			return -1;
	}
	o->mr = ibv_reg_mr(o->pd, memory, LENGTH, IBV_ACCESS_LOCAL_WRITE);
	return o->mr ? 0 : -1;
}

static int unmake(struct objects *o)
{
	int bad = 0, i;

	for (i = 0; i < 3; i++)
		bad |= o->qp[i] ? ibv_destroy_qp(o->qp[i]) : 0;
	bad |= o->mr ? ibv_dereg_mr(o->mr) : 0;
	bad |= o->srq ? ibv_destroy_srq(o->srq) : 0;
	bad |= o->cq ? ibv_destroy_cq(o->cq) : 0;
	bad |= o->channel ? ibv_destroy_comp_channel(o->channel) : 0;
	bad |= o->pd ? ibv_dealloc_pd(o->pd) : 0;
	bad |= o->ctx ? ibv_close_device(o->ctx) : 0;
	return bad;
}

int main(int argc, char **argv)
{
	unsigned int n, left, step, failures = 0;
	struct objects o;
	int err, bad;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: failcreate DEVICE [STEP]\n");
		return 2;
	}
	step = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	if (!step)
		step = 1;
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	memory = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (nth_fd < 0 || memory == MAP_FAILED) {
		perror("failcreate");
		return 2;
	}
	for (n = 1; n < MOST; n += step) {
		set_nth(n);
		err = make(&o, argv[1]);
		left = get_nth();
		set_nth(0);
		bad = unmake(&o);
		if (bad) {
			fprintf(stderr, "%u. allocation: something is not destroyed\n", n);
			return 1;
		}
		if (left)
			break;
		failures += !!err;
	}
	printf("about %u allocations, %u attempts failed\n", n - 1, failures);
	if (err)
		fprintf(stderr, "fails without a fault\n");
	return err || n >= MOST || failures < 5;
}
