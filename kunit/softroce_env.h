/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two connected QPs of a real softroce device on lo, in one kernel: requests go
 * the direct path or by wire, as the test says.
 */
#ifndef _SOFTROCE_ENV_H
#define _SOFTROCE_ENV_H

#include <kunit/test.h>

#include "../drivers/softroce/softroce.h"

/**
 * struct sr_side - one end of the connection
 * @pd: protection domain
 * @cq: completions of both directions
 * @qp: the QP
 */
struct sr_side {
	struct ib_pd *pd;
	struct ib_cq *cq;
	struct ib_qp *qp;
};

/**
 * struct sr_env - one test's world
 * @test: the test
 * @dev: the device
 * @a: the side that owns memory
 * @b: the side that reads and writes it
 * @bells: doorbells rung when the test began
 */
struct sr_env {
	struct kunit *test;
	struct ib_device *dev;
	struct sr_side a;
	struct sr_side b;
	u64 bells;
};

int sr_env_suite_init(struct kunit_suite *suite);
void sr_env_suite_exit(struct kunit_suite *suite);
struct sr_env *sr_env(struct kunit *test, bool direct);
u64 sr_env_bells(struct sr_env *e);
void sr_env_wc(struct sr_env *e, struct sr_side *s, u64 id, enum ib_wc_status status,
	       struct ib_wc *wc);
void sr_env_no_wc(struct sr_env *e, struct sr_side *s);

#endif /* _SOFTROCE_ENV_H */
