// SPDX-License-Identifier: GPL-2.0
/*
 * What an adapter's consumer may want to know of the device below.
 */
#include <linux/export.h>

#include "../provider.h"
#include "api.h"

const char *ndk_adapter_name(struct ndk_adapter *adapter)
{
	return dev_name(&adapter->dev->dev);
}
EXPORT_SYMBOL_GPL(ndk_adapter_name);

u64 ndk_adapter_counter(struct ndk_adapter *adapter, enum ndk_stat counter)
{
	api_assert_any_context();
	return counter < NDK_STAT_MAX ? ndk_stat_sum(adapter->nic->stats, counter) : 0;
}
EXPORT_SYMBOL_GPL(ndk_adapter_counter);
