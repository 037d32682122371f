// SPDX-License-Identifier: GPL-2.0
/*
 * Memory windows: object life; keys, and what is behind them, are the backend's.
 */
#include "provider.h"

int ndk_alloc_mw(struct ib_mw *ibmw, struct ib_udata *udata)
{
	struct ndk_nic *nic = to_ndk_nic(ibmw->device);

	return nic->ops->alloc_mw ? nic->ops->alloc_mw(to_ndk_mw(ibmw)) : -EOPNOTSUPP;
}

int ndk_dealloc_mw(struct ib_mw *ibmw)
{
	to_ndk_nic(ibmw->device)->ops->dealloc_mw(to_ndk_mw(ibmw));
	return 0;
}
