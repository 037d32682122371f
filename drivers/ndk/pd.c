// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts and protection domains: the core keeps all that is to be kept, but
 * for what a backend has of its own.
 */
#include "provider.h"

int ndk_alloc_ucontext(struct ib_ucontext *ctx, struct ib_udata *udata)
{
	return 0;
}

void ndk_dealloc_ucontext(struct ib_ucontext *ctx)
{
}

/*
 * The rings are plain memory whose pages the mapping itself holds: a program
 * that goes on reading them after the device is gone harms nobody.
 */
void ndk_disassociate_ucontext(struct ib_ucontext *ctx)
{
}

int ndk_alloc_pd(struct ib_pd *pd, struct ib_udata *udata)
{
	const struct ndk_nic_ops *ops = to_ndk_nic(pd->device)->ops;

	return ops->pd_alloc ? ops->pd_alloc(to_ndk_pd(pd)) : 0;
}

int ndk_dealloc_pd(struct ib_pd *pd, struct ib_udata *udata)
{
	const struct ndk_nic_ops *ops = to_ndk_nic(pd->device)->ops;

	if (ops->pd_dealloc)
		ops->pd_dealloc(to_ndk_pd(pd));
	return 0;
}
