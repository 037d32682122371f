/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every provider test needs: a device on a mock NIC, queues, and short ways
 * to post and to look at the outcome. Everything goes through the kernel's verbs
 * and is taken down when the test ends, but for the device: coming and going
 * takes it a second on the test kernel, so a suite has one for all its tests.
 */
#ifndef _PROVIDER_ENV_H
#define _PROVIDER_ENV_H

#include <rdma/ib_verbs.h>

#include "mock_nic.h"

#define MOCK_NAME	"ndkmock"
#define OTHER_NAME	"ndkmock_other"

/**
 * struct env_cq - a completion queue and what its handlers saw
 * @cq: the queue
 * @fired: calls of the completion handler
 * @errors: calls of the event handler with IB_EVENT_CQ_ERR
 * @inside: handlers running now
 * @nested: two ran at once
 * @on_fire: what the test does in the handler, or NULL
 * @arg: for @on_fire
 */
struct env_cq {
	struct ib_cq *cq;
	atomic_t fired;
	atomic_t errors;
	atomic_t inside;
	bool nested;
	void (*on_fire)(struct env_cq *c);
	void *arg;
};

/**
 * struct env - one test's world
 * @test: the test
 * @mock: the NIC
 * @dev: the device
 * @pd: protection domain
 * @scq: completion queue of the sending side
 * @rcq: completion queue of the receiving side
 * @stats: counters when the test began
 * @qp_events: asynchronous events of QPs
 * @last_qp_event: the last one
 */
struct env {
	struct kunit *test;
	struct mock_nic *mock;
	struct ib_device *dev;
	struct ib_pd *pd;
	struct env_cq *scq;
	struct env_cq *rcq;
	u64 stats[NDK_STAT_MAX];
	atomic_t qp_events;
	enum ib_event_type last_qp_event;
};

/**
 * struct post - one request of a list
 * @id: wr_id, also tells requests apart
 * @flags: send flags
 * @op: opcode, IB_WR_RDMA_WRITE (0) if not said
 */
struct post {
	u64 id;
	int flags;
	enum ib_wr_opcode op;
};

#define DEFER		NDK_SEND_DEFER
#define SIGNAL		IB_SEND_SIGNALED

int env_suite_init(struct kunit_suite *suite);
void env_suite_exit(struct kunit_suite *suite);
struct env *env_create(struct kunit *test);
struct env *env_create_own(struct kunit *test);
struct env_cq *env_cq(struct env *e, int cqe);
struct env_cq *env_cq_on(struct env *e, int cqe, u32 vector);
struct ib_qp *env_qp_with(struct env *e, u32 depth, enum ib_sig_type sig);
struct ib_qp *env_qp(struct env *e, u32 depth);
void env_drop(struct env *e, struct ib_qp *qp);
struct ib_qp *env_rts_qp(struct env *e, u32 depth);
int env_modify(struct ib_qp *qp, enum ib_qp_state to);
void env_fill_attr(struct ib_qp *qp, enum ib_qp_state to, struct ib_qp_attr *attr, int *mask);
int env_go_to(struct ib_qp *qp, enum ib_qp_state to);
enum ib_qp_state env_state(struct ib_qp *qp);
int env_post(struct env *e, struct ib_qp *qp, const struct post *list, int num, u64 *bad_id);
int env_post_one(struct env *e, struct ib_qp *qp, u64 id, int flags);
int env_post_recv(struct ib_qp *qp, u64 id);
u64 env_stat(struct env *e, enum ndk_stat which);
void env_expect_wc(struct env *e, struct env_cq *c, u64 id, enum ib_wc_status status);
void env_expect_no_wc(struct env *e, struct env_cq *c);

#endif /* _PROVIDER_ENV_H */
