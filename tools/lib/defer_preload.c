// SPDX-License-Identifier: GPL-2.0
/*
 * Makes an unmodified verbs program defer: preloaded by tools/defer, it takes
 * the place of the post function of each context the program opens and marks
 * all but every Nth send request of a queue pair as deferred.
 *
 * Only requests posted with ibv_post_send() pass through here. Programs that
 * build requests with the ibv_wr_*() calls talk to the driver directly.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <infiniband/verbs.h>

/* The value of NDK_SEND_DEFER; this file needs no kernel header of ours. */
#define SEND_DEFER	(1u << 30)

#define DEFAULT_CHAIN	16
#define BUCKETS		256

typedef int (*post_send_fn)(struct ibv_qp *qp, struct ibv_send_wr *wr,
			    struct ibv_send_wr **bad);

/* One context whose post function was replaced; kept for ever. */
struct opened {
	struct opened *next;
	struct ibv_context *context;
	post_send_fn post_send;
};

/* How far a queue pair is in its current chain. */
struct counter {
	struct counter *next;
	struct ibv_qp *qp;
	uint32_t posted;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct opened *contexts;
static struct counter *counters[BUCKETS];
static uint64_t requests, marked;
static uint32_t chain = DEFAULT_CHAIN;

static post_send_fn original(const struct ibv_context *context)
{
	struct opened *o;

	for (o = contexts; o; o = o->next)
		if (o->context == context)
			return o->post_send;
	return NULL;
}

static struct counter *counter_of(struct ibv_qp *qp)
{
	struct counter **bucket = &counters[((uintptr_t)qp >> 4) % BUCKETS];
	struct counter *c;

	for (c = *bucket; c; c = c->next)
		if (c->qp == qp)
			return c;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->qp = qp;
	c->next = *bucket;
	*bucket = c;
	return c;
}

/* Marks what is to be deferred and remembers which requests that were. */
static void mark(struct ibv_qp *qp, struct ibv_send_wr *wr, bool *set)
{
	struct counter *c = counter_of(qp);

	for (; wr; wr = wr->next, set++) {
		requests++;
		*set = c && ++c->posted % chain && !(wr->send_flags & SEND_DEFER);
		if (!*set)
			continue;
		wr->send_flags |= SEND_DEFER;
		marked++;
	}
}

/* The requests are the program's: it may post them again. */
static void restore(struct ibv_send_wr *wr, const bool *set)
{
	for (; wr; wr = wr->next)
		if (*set++)
			wr->send_flags &= ~SEND_DEFER;
}

static int post_send(struct ibv_qp *qp, struct ibv_send_wr *wr,
		     struct ibv_send_wr **bad)
{
	struct ibv_send_wr *w;
	unsigned int n = 0;
	post_send_fn real;
	bool few[64], *set = few;
	int ret;

	for (w = wr; w; w = w->next)
		n++;
	if (n > sizeof(few) / sizeof(few[0]))
		set = malloc(n * sizeof(*set));
	if (!set) {
		*bad = wr;
		return ENOMEM;
	}

	pthread_mutex_lock(&lock);
	real = original(qp->context);
	mark(qp, wr, set);
	pthread_mutex_unlock(&lock);

	ret = real(qp, wr, bad);
	restore(wr, set);
	if (set != few)
		free(set);
	return ret;
}

/* Devices of this project have a settings folder that others do not have. */
static bool is_ours(struct ibv_device *device)
{
	char path[256];

	if (getenv("NDK_DEFER_FORCE"))
		return true;
	/* Not ibv_get_device_name(): unlinked, we would get its oldest version. */
	snprintf(path, sizeof(path), "/sys/class/infiniband/%s/ndk", device->name);
	return access(path, F_OK) == 0;
}

static void take_over(struct ibv_context *context)
{
	struct opened *o = calloc(1, sizeof(*o));

	if (!o)
		return;
	o->context = context;
	o->post_send = context->ops.post_send;
	pthread_mutex_lock(&lock);
	o->next = contexts;
	contexts = o;
	pthread_mutex_unlock(&lock);
	context->ops.post_send = post_send;
}

struct ibv_context *ibv_open_device(struct ibv_device *device)
{
	struct ibv_context *(*real)(struct ibv_device *);
	struct ibv_context *context;

	real = dlvsym(RTLD_NEXT, "ibv_open_device", "IBVERBS_1.1");
	if (!real) {
		fprintf(stderr, "defer: no ibv_open_device to call\n");
		errno = ENOSYS;
		return NULL;
	}
	context = real(device);
	if (context && is_ours(device))
		take_over(context);
	return context;
}

__attribute__((constructor)) static void read_settings(void)
{
	const char *value = getenv("NDK_DEFER_CHAIN");

	if (value && atoi(value) > 0)
		chain = atoi(value);
}

__attribute__((destructor)) static void tell(void)
{
	if (getenv("NDK_DEFER_VERBOSE"))
		fprintf(stderr, "defer: %llu requests, %llu marked\n",
			(unsigned long long)requests,
			(unsigned long long)marked);
}
