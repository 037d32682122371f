// SPDX-License-Identifier: GPL-2.0
/*
 * Moderation: a satisfied arm is not notified at once, but when enough entries are
 * there or the first has waited long enough.
 *
 * A timer and a count of our own: no NIC has to know of it, and softirqs are what
 * is saved.
 */
#include <linux/export.h>

#include "../provider.h"
#include "api.h"

static enum hrtimer_restart time_is_up(struct hrtimer *t)
{
	struct ndk_kcq *cq = container_of(t, struct ndk_kcq, timer);

	if (test_and_clear_bit(API_CQ_HELD, &cq->events))
		api_cq_owe(cq);
	return HRTIMER_NORESTART;
}

void api_moderation_init(struct ndk_kcq *cq)
{
	hrtimer_init(&cq->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	cq->timer.function = time_is_up;
}

/* Are there as many entries as are not held back? If not, we hear when there are. */
static bool enough(struct ndk_kcq *cq)
{
	u32 count = READ_ONCE(cq->count);

	return count && !ndk_cq_hold(to_ndk_cq(cq->cq), READ_ONCE(cq->seen) + count);
}

/**
 * api_cq_satisfied() - an arm was satisfied, the consumer is to be notified
 * @cq: the CQ
 *
 * HELD is set before anything is started that clears it.
 *
 * Any context.
 */
void api_cq_satisfied(struct ndk_kcq *cq)
{
	u64 interval = READ_ONCE(cq->interval);

	if (likely(!READ_ONCE(cq->moderated))) {
		api_cq_owe(cq);
		return;
	}
	if (test_and_set_bit(API_CQ_HELD, &cq->events))
		return;
	if (enough(cq) || !READ_ONCE(cq->moderated)) {
		if (test_and_clear_bit(API_CQ_HELD, &cq->events))
			api_cq_owe(cq);
		return;
	}
	if (interval)
		hrtimer_start(&cq->timer, ns_to_ktime(interval), HRTIMER_MODE_REL_SOFT);
}

int ndk_control_cq_interrupt_moderation(struct ndk_kcq *cq, u32 interval, u32 count)
{
	bool no_count = count == NDK_CQ_MODERATION_COUNT_MAX || count > READ_ONCE(cq->depth);
	bool no_interval = interval == NDK_CQ_MODERATION_INTERVAL_MAX;

	api_assert_any_context();
	if (no_count && no_interval)
		return -EDOM;
	WRITE_ONCE(cq->interval, no_interval ? 0 : (u64)interval * NSEC_PER_USEC);
	WRITE_ONCE(cq->count, no_count ? 0 : count);
	WRITE_ONCE(cq->moderated, interval && count > 1);
	/* one that is held back was so under the old rule */
	if (test_and_clear_bit(API_CQ_HELD, &cq->events))
		api_cq_owe(cq);
	return 0;
}
EXPORT_SYMBOL_GPL(ndk_control_cq_interrupt_moderation);
