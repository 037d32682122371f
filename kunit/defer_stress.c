// SPDX-License-Identifier: GPL-2.0
/*
 * Posters, a flusher, the timer, the completing side and stop, all at once.
 *
 * Posters write who they are and a running number into the slot they take, as
 * the provider writes a request. The consumer plays the NIC: it reads slots in
 * the order they were indicated and checks that nothing is missing, repeated,
 * out of order or overwritten, then frees them.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sched/task.h>

#include "defer_queue.h"

#define POSTERS		3
#define SLOTS		32
#define POSTS		4000	/* per poster, times the scale */
#define MAX_CALL	4

struct slot {
	u32 poster;
	u32 number;
};

/**
 * struct stress - one queue under attack
 * @d: the queue
 * @limits: its limits, changed while it runs
 * @slots: what posters wrote
 * @next: index the next doorbell starts at; under the queue's lock
 * @shown: index behind what the consumer may read
 * @rnd: for the NIC's refusals; under the queue's lock
 * @broken: requests the NIC refused late; under the queue's lock
 * @consumed: per poster, requests the consumer has seen
 * @accepted: per poster, requests whose call returned success
 * @refused_inline: calls that the NIC refused
 * @fault: first thing that was wrong
 * @stop: the flusher and the consumer may go
 * @posting: posters still at work
 * @posters_done: none is
 */
struct stress {
	struct ndk_defer d;
	struct ndk_defer_limits limits;
	struct slot slots[SLOTS];
	u32 next;
	u32 shown;
	struct rnd_state rnd;
	unsigned int broken;
	u32 consumed[POSTERS];
	u32 accepted[POSTERS];
	atomic_t refused_inline;
	const char *fault;
	bool stop;
	atomic_t posting;
	struct completion posters_done;
};

struct poster {
	struct stress *s;
	u32 id;
	struct task_struct *task;
};

static void fault(struct stress *s, const char *what)
{
	cmpxchg(&s->fault, NULL, what);
}

static struct stress *to_stress(struct ndk_defer *d)
{
	return container_of(d, struct stress, d);
}

static int stress_doorbell(struct ndk_defer *d, u32 first, u32 end, u32 *refused)
{
	struct stress *s = to_stress(d);
	u32 dice = prandom_u32_state(&s->rnd);

	if (first != s->next)
		fault(s, "doorbell skips or repeats requests");
	s->next = end;
	if (dice % 64) {
		/* pairs with consumer_main() */
		smp_store_release(&s->shown, end);
		return 0;
	}
	*refused = first + (dice >> 8) % (end - first);
	s->next = *refused;
	/* pairs with consumer_main() */
	smp_store_release(&s->shown, *refused);
	return -EIO;
}

static void stress_broken(struct ndk_defer *d, u32 index, int err)
{
	struct stress *s = to_stress(d);

	if (index != s->next)
		fault(s, "another request than the refused one broke");
	/* It and those behind it are owed outcomes too: the consumer counts them. */
	s->broken++;
	s->next = d->indicated;
	/* pairs with consumer_main() */
	smp_store_release(&s->shown, d->indicated);
}

static const struct ndk_defer_ops stress_ops = {
	.doorbell = stress_doorbell,
	.broken = stress_broken,
};

/* One call; returns how many of its requests are accepted for good. */
static u32 stress_call(struct poster *p, struct rnd_state *rnd, u32 number)
{
	struct stress *s = p->s;
	u32 i, n = 1 + prandom_u32_state(rnd) % MAX_CALL;
	struct ndk_post post;
	struct slot *slot;

	ndk_defer_begin(&s->d, &post);
	for (i = 0; i < n; i++) {
		if (!ndk_defer_room(&s->d)) {
			ndk_defer_refuse(&s->d, &post);
			break;
		}
		slot = &s->slots[s->d.accepted % SLOTS];
		slot->poster = p->id;
		slot->number = number + i;
		ndk_defer_accept(&s->d, &post, prandom_u32_state(rnd) % 8);
	}
	if (!ndk_defer_end(&s->d, &post))
		return i;
	atomic_inc(&s->refused_inline);
	return i - 1;
}

static int poster_main(void *arg)
{
	struct poster *p = arg;
	struct rnd_state rnd;
	u32 number = 0, end = POSTS * defer_scale, more;

	prandom_seed_state(&rnd, get_random_u64());
	while (number < end) {
		more = stress_call(p, &rnd, number);
		number += more;
		if (!more)
			cond_resched();
	}
	p->s->accepted[p->id] = number;
	if (atomic_dec_and_test(&p->s->posting))
		complete(&p->s->posters_done);
	return 0;
}

static void consume(struct stress *s, u32 index)
{
	struct slot slot = s->slots[index % SLOTS];

	if (slot.poster >= POSTERS) {
		fault(s, "a slot was shown that nobody wrote");
		return;
	}
	if (slot.number != s->consumed[slot.poster]++)
		fault(s, "a poster's requests are not in its order");
	memset(&s->slots[index % SLOTS], 0xff, sizeof(slot));
}

static bool stopping(struct stress *s)
{
	/* pairs with the release behind the last post */
	return smp_load_acquire(&s->stop);
}

static int consumer_main(void *arg)
{
	struct stress *s = arg;
	u32 at = s->d.completed, end, i;
	struct rnd_state rnd;
	bool stop;

	prandom_seed_state(&rnd, get_random_u64());
	for (;;) {
		stop = stopping(s);
		/* pairs with stress_doorbell() and stress_broken() */
		end = smp_load_acquire(&s->shown);
		if (at == end && stop)
			break;
		if (at == end) {
			usleep_range(20, 50);
			continue;
		}
		end = at + 1 + prandom_u32_state(&rnd) % (end - at);
		for (i = at; i != end; i++)
			consume(s, i);
		at = end;
		ndk_defer_complete(&s->d, at);
	}
	return 0;
}

static int flusher_main(void *arg)
{
	struct stress *s = arg;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, get_random_u64());
	while (!stopping(s)) {
		if (prandom_u32_state(&rnd) % 2)
			ndk_defer_flush(&s->d);
		else
			ndk_defer_flush_quiet(&s->d);
		WRITE_ONCE(s->limits.bound, 1 + prandom_u32_state(&rnd) % SLOTS);
		WRITE_ONCE(s->limits.usecs, 20 + prandom_u32_state(&rnd) % 100);
		usleep_range(50, 500);
	}
	return 0;
}

static struct task_struct *start(struct kunit *test, int (*fn)(void *), void *arg,
				 const char *name)
{
	struct task_struct *t = kthread_create(fn, arg, "%s", name);

	KUNIT_ASSERT_FALSE(test, IS_ERR(t));
	get_task_struct(t);
	wake_up_process(t);
	return t;
}

static void finish(struct task_struct *t)
{
	kthread_stop(t);
	put_task_struct(t);
}

static void check_stress(struct kunit *test, struct stress *s)
{
	u32 total = 0;
	int i;

	for (i = 0; i < POSTERS; i++) {
		KUNIT_EXPECT_EQ(test, s->consumed[i], s->accepted[i]);
		total += s->accepted[i];
	}
	KUNIT_EXPECT_STREQ(test, s->fault ?: "none", "none");
	KUNIT_EXPECT_EQ(test, s->shown, s->d.accepted);
	KUNIT_EXPECT_EQ(test, ndk_defer_pending(&s->d), 0);
	KUNIT_EXPECT_FALSE(test, hrtimer_active(&s->d.timer));
	kunit_info(test, "%u requests, doorbells U%llu R%llu B%llu T%llu F%llu L%llu, NIC refused %u late and %d inline",
		   total, s->d.doorbells[NDK_DB_UNDEFERRED], s->d.doorbells[NDK_DB_REFUSED],
		   s->d.doorbells[NDK_DB_BOUND], s->d.doorbells[NDK_DB_TIMER],
		   s->d.doorbells[NDK_DB_FULL], s->d.doorbells[NDK_DB_FLUSH],
		   s->broken, atomic_read(&s->refused_inline));
}

struct stress_case {
	const char *desc;
	bool early_stop;	/* stop the queue while posters are at it */
	u32 start;
};

static const struct stress_case stress_cases[] = {
	{ "stop when the posters are done", false, 0 },
	{ "stop while they post", true, 0 },
	{ "indices wrap on the way", false, -2000U },
	{ "indices wrap, stop while they post", true, -2000U },
};

KUNIT_ARRAY_PARAM_DESC(stress, stress_cases, desc);

static struct stress *stress_create(struct kunit *test, u32 at)
{
	struct stress *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	memset(s->slots, 0xff, sizeof(s->slots));
	s->limits.bound = SLOTS / 2;
	s->limits.usecs = 50;
	prandom_seed_state(&s->rnd, get_random_u64());
	init_completion(&s->posters_done);
	atomic_set(&s->posting, POSTERS);
	ndk_defer_init(&s->d, &stress_ops, &s->limits, SLOTS);
	s->d.accepted = at;
	s->d.indicated = at;
	s->d.due = at;
	s->next = at;
	s->shown = at;
	ndk_defer_complete(&s->d, at);
	return s;
}

static void every_request_is_shown_once_in_order(struct kunit *test)
{
	const struct stress_case *c = test->param_value;
	struct stress *s = stress_create(test, c->start);
	struct task_struct *consumer, *flusher;
	struct poster posters[POSTERS];
	int i;

	consumer = start(test, consumer_main, s, "defer-nic");
	flusher = start(test, flusher_main, s, "defer-flush");
	for (i = 0; i < POSTERS; i++) {
		posters[i].s = s;
		posters[i].id = i;
		posters[i].task = start(test, poster_main, &posters[i], "defer-post");
	}
	if (c->early_stop) {
		usleep_range(2000, 4000);
		ndk_defer_stop(&s->d);
	}
	wait_for_completion(&s->posters_done);
	ndk_defer_stop(&s->d);
	/* pairs with stopping(): whoever sees it sees the last doorbell too */
	smp_store_release(&s->stop, true);
	for (i = 0; i < POSTERS; i++)
		finish(posters[i].task);
	finish(flusher);
	finish(consumer);
	check_stress(test, s);
}

static struct kunit_case defer_stress_cases[] = {
	KUNIT_CASE_PARAM_ATTR(every_request_is_shown_once_in_order, stress_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	{}
};

static struct kunit_suite defer_stress_suite = {
	.name = "ndk_defer_stress",
	.test_cases = defer_stress_cases,
};

kunit_test_suite(defer_stress_suite);
