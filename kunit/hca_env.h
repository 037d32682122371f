/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every test of the stacked backend needs: a lower device (hca_low.h), one of
 * ours on it, queues, and short ways to post and to look at the outcome. Everything
 * goes through the kernel's verbs on the upper device.
 */
#ifndef _HCA_ENV_H
#define _HCA_ENV_H

#include <kunit/test.h>

#include <ndk/nic.h>

#include "../drivers/hca/hca.h"
#include "hca_low.h"

#define LOW_NAME	"ndklow"
#define UP_NAME		"ndkup"

/**
 * struct hca_cq - a completion queue of the upper device
 * @cq: the queue
 * @fired: calls of its handler
 * @locked: one came in hard irq or with interrupts off
 */
struct hca_cq {
	struct ib_cq *cq;
	atomic_t fired;
	bool locked;
};

/**
 * struct hca_env - one test's world
 * @test: the test
 * @low: the lower device
 * @up: ours
 * @pd: protection domain
 * @scq: of the sending side
 * @rcq: of the receiving side
 * @stats: counters when the test began
 * @qp_events: asynchronous events of QPs, bits by number
 * @srq_events: limit events
 */
struct hca_env {
	struct kunit *test;
	struct low_dev *low;
	struct ib_device *up;
	struct ib_pd *pd;
	struct hca_cq *scq;
	struct hca_cq *rcq;
	u64 stats[NDK_STAT_MAX];
	unsigned long qp_events;
	atomic_t srq_events;
};

#define DEFER		NDK_SEND_DEFER
#define SIGNAL		IB_SEND_SIGNALED

int hca_suite_init(struct kunit_suite *suite);
void hca_suite_exit(struct kunit_suite *suite);
struct low_dev *hca_low_new(const char *name, void (*change)(struct low_dev *low));
struct ib_device *hca_up_get(const char *name);
int hca_up_new(const char *name, const char *on);
void hca_up_remove(const char *name);
struct hca_env *hca_env_create(struct kunit *test);
struct ib_qp *hca_qp_new(struct hca_env *e, enum ib_qp_type type, struct ib_srq *srq);
struct ib_qp *hca_rts_qp(struct hca_env *e);
int hca_go_to(struct ib_qp *qp, enum ib_qp_state to);
void hca_to_error(struct ib_qp *qp);
enum ib_qp_state hca_state(struct ib_qp *qp);
struct low_qp *hca_low_qp(struct ib_qp *qp);
int hca_post(struct hca_env *e, struct ib_qp *qp, u64 id, int flags);
int hca_post_recv(struct ib_qp *qp, u64 id);
u64 hca_stat(struct hca_env *e, enum ndk_stat which);
bool hca_soon(bool (*holds)(void *arg), void *arg);
void hca_expect_wc(struct hca_env *e, struct hca_cq *c, u64 id, enum ib_wc_status status);
void hca_expect_no_wc(struct hca_env *e, struct hca_cq *c);

#endif /* _HCA_ENV_H */
