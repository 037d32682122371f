/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ticks and timers of the offload code. A target has one clock; everything that
 * waits, in the core and in a target, waits on it. Normally it follows the
 * kernel's time. Tests turn it by hand, and then expiry is exact.
 */
#ifndef _NDK_TOE_CLOCK_H
#define _NDK_TOE_CLOCK_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/types.h>

struct toe_timer;

/**
 * struct toe_clock - source of ticks
 * @ticks_per_second: 10, 100 or 1000
 * @manual: moves only by toe_clock_advance()
 * @now: manual: ticks so far
 * @lock: manual: protects what follows, and @now
 * @timers: manual: armed timers by expiry
 * @running: manual: timer whose function runs
 */
struct toe_clock {
	u32 ticks_per_second;
	bool manual;
	u64 now;
	spinlock_t lock; /* now, timers, running */
	struct list_head timers;
	struct toe_timer *running;
};

/**
 * struct toe_timer - one timer
 * @clock: whose ticks
 * @fn: called once per arming, in softirq or, of a manual clock, in the context
 *	of toe_clock_advance() with bottom halves off
 * @expires: tick it is due, while armed
 * @link: of a manual clock: in its list
 * @t: of any other
 */
struct toe_timer {
	struct toe_clock *clock;
	void (*fn)(struct toe_timer *t);
	u64 expires;
	union {
		struct list_head link;
		struct timer_list t;
	};
};

/**
 * toe_clock_init() - a clock
 * @c: the clock
 * @ticks_per_second: 10, 100 or 1000
 * @manual: for tests
 */
void toe_clock_init(struct toe_clock *c, u32 ticks_per_second, bool manual);

/**
 * toe_clock_now() - ticks
 * @c: the clock
 *
 * Context: any.
 * Return: ticks since boot, or since a manual clock was made.
 */
u64 toe_clock_now(struct toe_clock *c);

/**
 * toe_clock_advance() - turn a manual clock
 * @c: the clock
 * @ticks: how far
 *
 * Timers run in the order they are due, each at its own tick.
 *
 * Context: process, one caller at a time.
 */
void toe_clock_advance(struct toe_clock *c, u64 ticks);

/**
 * toe_timer_init() - a timer, not armed
 * @t: the timer
 * @c: whose ticks
 * @fn: what it calls
 */
void toe_timer_init(struct toe_timer *t, struct toe_clock *c, void (*fn)(struct toe_timer *t));

/**
 * toe_timer_arm() - arm, or arm again
 * @t: the timer
 * @ticks: from now; 0 is due at once, though not from within this call
 *
 * Context: process or softirq.
 */
void toe_timer_arm(struct toe_timer *t, u32 ticks);

/**
 * toe_timer_cancel() - disarm, do not wait
 * @t: the timer
 *
 * Context: process or softirq.
 */
void toe_timer_cancel(struct toe_timer *t);

/**
 * toe_timer_stop() - disarm, wait for the function, forbid arming
 * @t: the timer
 *
 * Context: process or softirq, not under a lock that the function takes.
 */
void toe_timer_stop(struct toe_timer *t);

/**
 * toe_timer_left() - remaining time
 * @t: the timer
 *
 * Context: any; a snapshot.
 * Return: ticks left, 0 if due, -1 if it is not armed.
 */
s32 toe_timer_left(struct toe_timer *t);

#endif /* _NDK_TOE_CLOCK_H */
