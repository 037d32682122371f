/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A queue for the deferral tests: a real struct ndk_defer whose owner writes
 * down everything it is told and refuses on demand.
 *
 * The operations run with interrupts off, where KUnit cannot report. They
 * remember the first thing that was wrong in @fault instead; the test looks at
 * it in its own context (queue_check_fault()).
 */
#ifndef _DEFER_QUEUE_H
#define _DEFER_QUEUE_H

#include <kunit/test.h>
#include <linux/ktime.h>

#include <ndk/defer.h>

#define QUEUE_EVENTS	512

/* Far away: in tests that fire the timer by hand it must not fire by itself. */
#define FAR_AWAY_USECS	1000000000U

enum queue_event_kind {
	EV_RING,
	EV_BROKEN,
};

/**
 * struct queue_event - something the owner was told
 * @kind: which
 * @reason: why a doorbell rang
 * @first: first request shown, or the request that broke
 * @end: index behind the last request shown
 */
struct queue_event {
	enum queue_event_kind kind;
	enum ndk_db_reason reason;
	u32 first;
	u32 end;
};

/**
 * struct test_queue - queue with a recording owner
 * @d: the queue under test
 * @limits: its limits
 * @start: index the queue started at; tests count from here
 * @next: index the next doorbell must start at
 * @refusing: the NIC refuses @refuse_index, once
 * @refuse_index: absolute index
 * @events: everything that happened, in order
 * @nevents: valid entries in @events
 * @progressed: calls of the progress operation
 * @rang_at: time of the last doorbell
 * @in_softirq: the last doorbell rang in softirq context
 * @fault: first thing that was wrong, or NULL
 */
struct test_queue {
	struct ndk_defer d;
	struct ndk_defer_limits limits;
	u32 start;
	u32 next;
	bool refusing;
	u32 refuse_index;
	struct queue_event events[QUEUE_EVENTS];
	unsigned int nevents;
	unsigned int progressed;
	ktime_t rang_at;
	bool in_softirq;
	const char *fault;
};

extern unsigned int defer_scale;

struct test_queue *queue_create(struct kunit *test, u32 depth, u32 bound,
				u32 usecs, u32 start);
void queue_destroy(struct kunit *test, struct test_queue *q);
void queue_start_at(struct test_queue *q, u32 start);
void queue_check_fault(struct kunit *test, const struct test_queue *q);
int queue_post(struct test_queue *q, bool deferred);
bool queue_timer_fires(struct test_queue *q);

#endif /* _DEFER_QUEUE_H */
