// SPDX-License-Identifier: GPL-2.0
/*
 * How much kernel memory a device takes for one RC queue pair: creates many,
 * and compares what the kernel says about its memory before and after. The
 * same for every device, so that their figures can be put side by side.
 *
 * Two figures, because neither sees all: what slab, vmalloc and per-CPU
 * allocators say they have, and how many pages are gone that no program has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <infiniband/verbs.h>

#define DEPTH		128
#define WARM_UP		16

struct memory {
	long accounted;
	long pages;
};

static long field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? atol(at + strlen(name)) : 0;
}

/* Kilobytes, from /proc/meminfo. */
static struct memory look(void)
{
	static char text[8192];
	struct memory m = { 0, 0 };
	FILE *f = fopen("/proc/meminfo", "r");
	size_t n;

	if (!f)
		return m;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = 0;
	fclose(f);
	m.accounted = field(text, "Slab:") + field(text, "VmallocUsed:") +
		      field(text, "Percpu:");
	m.pages = -field(text, "MemFree:") - field(text, "AnonPages:") -
		  field(text, "\nCached:") - field(text, "Buffers:") -
		  field(text, "PageTables:");
	return m;
}

static struct ibv_context *open_device(const char *name)
{
	struct ibv_device **list = ibv_get_device_list(NULL);
	struct ibv_context *context = NULL;
	int i;

	for (i = 0; list && list[i]; i++)
		if (!strcmp(ibv_get_device_name(list[i]), name))
			context = ibv_open_device(list[i]);
	if (list)
		ibv_free_device_list(list);
	return context;
}

static struct ibv_qp *make_qp(struct ibv_pd *pd, struct ibv_cq *cq)
{
	struct ibv_qp_init_attr init = {
		.send_cq = cq,
		.recv_cq = cq,
		.qp_type = IBV_QPT_RC,
		.cap = {
			.max_send_wr = DEPTH,
			.max_recv_wr = DEPTH,
			.max_send_sge = 1,
			.max_recv_sge = 1,
		},
	};
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_INIT,
		.port_num = 1,
		.qp_access_flags = IBV_ACCESS_REMOTE_WRITE,
	};
	struct ibv_qp *qp = ibv_create_qp(pd, &init);

	if (!qp)
		return NULL;
	if (ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_PKEY_INDEX |
			  IBV_QP_PORT | IBV_QP_ACCESS_FLAGS)) {
		ibv_destroy_qp(qp);
		return NULL;
	}
	return qp;
}

static int make_many(struct ibv_pd *pd, struct ibv_cq *cq, struct ibv_qp **qps,
		     int count)
{
	int i;

	for (i = 0; i < count; i++) {
		qps[i] = make_qp(pd, cq);
		if (!qps[i]) {
			fprintf(stderr, "queue pair %d: %m\n", i);
			return -1;
		}
	}
	return 0;
}

static void destroy_many(struct ibv_qp **qps, int count)
{
	while (count--)
		ibv_destroy_qp(qps[count]);
}

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[2]) : 256;
	struct memory before, after;
	struct ibv_context *context;
	struct ibv_qp **qps;
	struct ibv_pd *pd;
	struct ibv_cq *cq;

	if (argc < 2 || count < WARM_UP) {
		fprintf(stderr, "usage: qp_memory DEVICE [COUNT]\n");
		return 2;
	}
	context = open_device(argv[1]);
	pd = context ? ibv_alloc_pd(context) : NULL;
	cq = pd ? ibv_create_cq(context, DEPTH, NULL, NULL, 0) : NULL;
	qps = calloc(count, sizeof(*qps));
	if (!cq || !qps) {
		fprintf(stderr, "%s: cannot set up: %m\n", argv[1]);
		return 1;
	}

	/* What is allocated once only is not the queue pairs' memory. */
	if (make_many(pd, cq, qps, WARM_UP))
		return 1;
	destroy_many(qps, WARM_UP);

	before = look();
	if (make_many(pd, cq, qps, count))
		return 1;
	after = look();
	destroy_many(qps, count);

	printf("{\"device\": \"%s\", \"qps\": %d, \"depth\": %d, \"sge\": 1, ",
	       argv[1], count, DEPTH);
	printf("\"accounted\": %ld, \"pages\": %ld}\n",
	       (after.accounted - before.accounted) * 1024 / count,
	       (after.pages - before.pages) * 1024 / count);
	ibv_destroy_cq(cq);
	ibv_dealloc_pd(pd);
	ibv_close_device(context);
	return 0;
}
