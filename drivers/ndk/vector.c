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
	v->away = false;
	v->left = NDK_VECTOR_PAUSE;
	v->waited = NDK_VECTOR_PAUSE;
	v->pause = NDK_VECTOR_PAUSE;
	v->entries = 0;
	v->usual = 0;
	INIT_WORK(&v->work, fn);
}

/* Twice as many as usual: the consumer was still at what came before. */
static bool pays(const struct ndk_vector *v)
{
	return v->entries >= 2 * v->usual;
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
