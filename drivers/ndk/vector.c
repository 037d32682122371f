// SPDX-License-Identifier: GPL-2.0
/*
 * Completion vectors, see vector.h.
 */
#include <linux/math.h>
#include <linux/minmax.h>

#include "vector.h"

/**
 * ndk_vector_init() - where handlers are called at first: where they come up
 * @v: the vector
 * @number: its number
 * @fn: calls the handlers
 */
void ndk_vector_init(struct ndk_vector *v, unsigned int number, work_func_t fn)
{
	v->cpu = cpumask_nth(number % num_online_cpus(), cpu_online_mask);
	/* one may have gone offline in between */
	if (v->cpu >= nr_cpu_ids)
		v->cpu = cpumask_first(cpu_online_mask);
	v->away = false;
	v->left = NDK_VECTOR_PAUSE;
	v->waited = NDK_VECTOR_PAUSE;
	v->pause = NDK_VECTOR_PAUSE;
	v->entries = 0;
	v->usual = 0;
	INIT_WORK(&v->work, fn);
}

static int next_online(int cpu)
{
	int next = cpumask_next(cpu, cpu_online_mask);

	return next < nr_cpu_ids ? next : cpumask_first(cpu_online_mask);
}

/**
 * ndk_vector_elsewhere() - the processor that calls the handlers of a CQ that is away
 * @v: the vector
 * @use: what they do
 * @here: the current processor, preemption off
 *
 * A consumer's own two ends often have one vector, chosen by the processor that posts.
 * Work items run where they are queued, so for them any other processor will do: what
 * counts is that they do not take turns with the poster. A CQ polled in softirq has
 * little to do but to wake somebody, less than the interrupt would cost.
 *
 * Return: a processor that is online and not @here, or a negative number.
 */
int ndk_vector_elsewhere(const struct ndk_vector *v, enum ndk_vector_use use, int here)
{
	int cpu = v->cpu;

	if (use == NDK_VECTOR_SOFTIRQ)
		return -1;
	if (cpu == here && use == NDK_VECTOR_WORK)
		cpu = next_online(here);
	return cpu != here && cpu < nr_cpu_ids && cpu_online(cpu) ? cpu : -1;
}

/* More than usual, by far: the consumer was still at what came before. */
static bool pays(const struct ndk_vector *v)
{
	return v->entries >= NDK_VECTOR_GAIN * v->usual;
}

/**
 * ndk_vector_notified() - a handler is going to be called
 * @v: the vector, its CQ locked
 */
void ndk_vector_notified(struct ndk_vector *v)
{
	if (--v->left)
		return;
	if (!v->away) {
		v->usual = DIV_ROUND_UP(v->entries, v->waited / NDK_VECTOR_TRY);
		WRITE_ONCE(v->away, true);
		v->left = NDK_VECTOR_TRY;
	} else if (pays(v)) {
		v->left = NDK_VECTOR_TRY;
		v->pause = NDK_VECTOR_PAUSE;
	} else {
		WRITE_ONCE(v->away, false);
		v->waited = v->pause;
		v->left = v->pause;
		v->pause = min(2 * v->pause, NDK_VECTOR_PAUSE_MAX);
	}
	v->entries = 0;
}
