// SPDX-License-Identifier: GPL-2.0
/*
 * ndk_rules_kunit: the rules of the NDK contract, R-NDK-01 to R-NDK-122, against a
 * mock NIC. Documentation/ndk-rules.md says which test is whose. What can be seen
 * on the wire is tested again in ndk_wire_kunit.
 *
 * The suites share the mock: it comes before they run, and goes when the module
 * does.
 */
#include <linux/module.h>

#include "rules_suite.h"

#define NAME	"ndkrules"

unsigned int rules_scale = 1;
module_param_named(scale, rules_scale, uint, 0444);
MODULE_PARM_DESC(scale, "rounds of stress loops, times their short number");

static struct mock_nic *mock;

struct renv *rules(struct kunit *test)
{
	return renv_open(test, NULL, mock);
}

struct renv *rules_unopened(struct kunit *test)
{
	return renv_bare(test, NULL, mock);
}

static int __init rules_init(void)
{
	mock = mock_nic_up(NAME);
	return PTR_ERR_OR_ZERO(mock);
}

static void __exit rules_exit(void)
{
	mock_nic_delete(mock);
}

module_init(rules_init);
module_exit(rules_exit);

MODULE_DESCRIPTION("KUnit tests of the NDK kernel API's rules");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
