// SPDX-License-Identifier: GPL-2.0
/*
 * Ticks and timers, see include/ndk/toe_clock.h.
 *
 * A timer that follows the kernel's time is a timer_list: it serves waits of
 * milliseconds to hours that are mostly cancelled, and is due up to one jiffy
 * late, never early.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/math64.h>

#include <ndk/toe_clock.h>

void toe_clock_init(struct toe_clock *c, u32 ticks_per_second, bool manual)
{
	c->ticks_per_second = ticks_per_second;
	c->manual = manual;
	c->now = 0;
	spin_lock_init(&c->lock);
	INIT_LIST_HEAD(&c->timers);
	c->running = NULL;
}
EXPORT_SYMBOL_GPL(toe_clock_init);

u64 toe_clock_now(struct toe_clock *c)
{
	if (c->manual)
		return READ_ONCE(c->now);
	return mul_u64_u32_div(get_jiffies_64() - INITIAL_JIFFIES, c->ticks_per_second, HZ);
}
EXPORT_SYMBOL_GPL(toe_clock_now);

/* Rounded up, plus the jiffy that has begun: never early. */
static unsigned long to_jiffies(const struct toe_clock *c, u32 ticks)
{
	u64 j = DIV_ROUND_UP_ULL((u64)ticks * HZ, c->ticks_per_second);

	return min_t(u64, ticks ? j + 1 : 0, MAX_JIFFY_OFFSET);
}

static void fired(struct timer_list *t)
{
	struct toe_timer *timer = from_timer(timer, t, t);

	timer->fn(timer);
}

void toe_timer_init(struct toe_timer *t, struct toe_clock *c, void (*fn)(struct toe_timer *t))
{
	t->clock = c;
	t->fn = fn;
	t->expires = 0;
	if (c->manual)
		INIT_LIST_HEAD(&t->link);
	else
		timer_setup(&t->t, fired, 0);
}
EXPORT_SYMBOL_GPL(toe_timer_init);

/* Into the manual clock's list, behind those due at the same tick. */
static void insert(struct toe_clock *c, struct toe_timer *t)
{
	struct toe_timer *other;

	list_for_each_entry_reverse(other, &c->timers, link)
		if (other->expires <= t->expires)
			break;
	list_add(&t->link, &other->link);
}

void toe_timer_arm(struct toe_timer *t, u32 ticks)
{
	struct toe_clock *c = t->clock;

	if (!c->manual) {
		WRITE_ONCE(t->expires, toe_clock_now(c) + ticks);
		mod_timer(&t->t, jiffies + to_jiffies(c, ticks));
		return;
	}
	spin_lock_bh(&c->lock);
	/* stopped: no clock any more */
	if (t->fn) {
		list_del(&t->link);
		t->expires = c->now + ticks;
		insert(c, t);
	}
	spin_unlock_bh(&c->lock);
}
EXPORT_SYMBOL_GPL(toe_timer_arm);

void toe_timer_cancel(struct toe_timer *t)
{
	struct toe_clock *c = t->clock;

	if (!c->manual) {
		timer_delete(&t->t);
		return;
	}
	spin_lock_bh(&c->lock);
	list_del_init(&t->link);
	spin_unlock_bh(&c->lock);
}
EXPORT_SYMBOL_GPL(toe_timer_cancel);

void toe_timer_stop(struct toe_timer *t)
{
	struct toe_clock *c = t->clock;

	if (!c->manual) {
		timer_shutdown_sync(&t->t);
		return;
	}
	spin_lock_bh(&c->lock);
	list_del_init(&t->link);
	t->fn = NULL;
	while (c->running == t) {
		spin_unlock_bh(&c->lock);
		cpu_relax();
		spin_lock_bh(&c->lock);
	}
	spin_unlock_bh(&c->lock);
}
EXPORT_SYMBOL_GPL(toe_timer_stop);

s32 toe_timer_left(struct toe_timer *t)
{
	struct toe_clock *c = t->clock;
	bool armed = c->manual ? !list_empty_careful(&t->link) : timer_pending(&t->t);
	s64 left = (s64)(READ_ONCE(t->expires) - toe_clock_now(c));

	if (!armed)
		return -1;
	return clamp_t(s64, left, 0, S32_MAX);
}
EXPORT_SYMBOL_GPL(toe_timer_left);

/* The next timer due by @until, taken out, with the clock set to its tick. */
static struct toe_timer *take_due(struct toe_clock *c, u64 until)
{
	struct toe_timer *t = list_first_entry_or_null(&c->timers, struct toe_timer, link);

	if (!t || t->expires > until)
		return NULL;
	list_del_init(&t->link);
	if (t->expires > c->now)
		WRITE_ONCE(c->now, t->expires);
	c->running = t;
	return t;
}

void toe_clock_advance(struct toe_clock *c, u64 ticks)
{
	u64 until = c->now + ticks;
	struct toe_timer *t;

	local_bh_disable();
	spin_lock(&c->lock);
	while ((t = take_due(c, until))) {
		void (*fn)(struct toe_timer *t) = t->fn;

		spin_unlock(&c->lock);
		fn(t);
		spin_lock(&c->lock);
		c->running = NULL;
	}
	WRITE_ONCE(c->now, until);
	spin_unlock(&c->lock);
	local_bh_enable();
}
EXPORT_SYMBOL_GPL(toe_clock_advance);
