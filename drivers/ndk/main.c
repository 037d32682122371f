// SPDX-License-Identifier: GPL-2.0
/*
 * Module entry and exit. ndk.ko alone makes no device: backends do, through
 * the contract in include/ndk/nic.h.
 */
#include <linux/module.h>

MODULE_DESCRIPTION("RDMA provider whose send queues understand defer");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
