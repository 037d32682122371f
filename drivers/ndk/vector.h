/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Completion vectors: on which processor the handler of a kernel consumer's CQ is
 * called.
 *
 * A vector stands for a processor, as with hardware. But there a handler elsewhere
 * costs the poster nothing, and here it costs an interrupt to another processor,
 * which pays only if there is enough to do for both: then entries gather in the CQ
 * while it is on its way, more for each notification than without. So it is tried now
 * and then, for some notifications, and kept up as long as entries gather. A consumer
 * with one request at a time is served where the request was posted.
 */
#ifndef _NDK_VECTOR_H
#define _NDK_VECTOR_H

#include <linux/cpumask.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/**
 * enum ndk_vector_use - what the handler of a CQ does
 * @NDK_VECTOR_PLAIN: what its consumer likes
 * @NDK_VECTOR_SOFTIRQ: has the CQ polled in softirq, where it is called
 * @NDK_VECTOR_WORK: has it polled by a work item, where it is called
 */
enum ndk_vector_use {
	NDK_VECTOR_PLAIN,
	NDK_VECTOR_SOFTIRQ,
	NDK_VECTOR_WORK,
};

/* notifications of one try */
#define NDK_VECTOR_TRY		8
/*
 * Entries there have to be at each notification of a try, for one without. One request
 * alone brings its CQ up to three, which may come one by one or, later, at once.
 */
#define NDK_VECTOR_GAIN		4
/* notifications between tries: at first, and at most, doubling each time */
#define NDK_VECTOR_PAUSE	64
#define NDK_VECTOR_PAUSE_MAX	8192

/**
 * struct ndk_vector - where the handlers of a CQ are called
 * @cpu: of the vector
 * @away: call them there
 * @left: notifications until the next decision
 * @waited: notifications between the last two tries
 * @pause: notifications until the next try, should this one fail
 * @entries: since the last decision
 * @usual: entries that came with as many notifications as a try has, without one
 * @work: calls them there
 *
 * All but @work are protected by the CQ's lock; @away is read without.
 */
struct ndk_vector {
	int cpu;
	bool away;
	u16 left;
	u16 waited;
	u16 pause;
	u32 entries;
	u32 usual;
	struct work_struct work;
};

void ndk_vector_init(struct ndk_vector *v, unsigned int number, work_func_t fn);
void ndk_vector_notified(struct ndk_vector *v);

int ndk_vector_elsewhere(const struct ndk_vector *v, enum ndk_vector_use use, int here);

/*
 * Where to call the handler of a CQ of this @use, other than @here: the current
 * processor, preemption off, so that none goes offline meanwhile. Negative: here.
 */
static inline int ndk_vector_cpu(const struct ndk_vector *v, enum ndk_vector_use use, int here)
{
	return READ_ONCE(v->away) ? ndk_vector_elsewhere(v, use, here) : -1;
}

#endif /* _NDK_VECTOR_H */
