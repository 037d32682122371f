/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The suites of ndk_rules_kunit: one mock NIC for all of them, see rules_main.c.
 */
#ifndef _RULES_SUITE_H
#define _RULES_SUITE_H

#include "rules_env.h"

/* rounds of stress loops: this many times a suite's own number */
extern unsigned int rules_scale;

struct renv *rules(struct kunit *test);
struct renv *rules_unopened(struct kunit *test);

#endif /* _RULES_SUITE_H */
