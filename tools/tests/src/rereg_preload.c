// SPDX-License-Identifier: GPL-2.0
/*
 * LD_PRELOAD: ibv_rereg_mr() for a provider library that has none, as rxe's has
 * not, though the kernel side can do it. Straight to the kernel's command.
 */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "rereg.h"

int ibv_rereg_mr(struct ibv_mr *mr, int flags, struct ibv_pd *pd, void *addr, size_t length,
		 int access)
{
	struct ib_uverbs_rereg_mr_resp resp = { 0 };
	struct rereg_cmd cmd = { 0 };
	rereg_fn rereg = (rereg_fn)dlsym(RTLD_NEXT, REREG_NAME);

	if (!rereg || rereg(mr, flags, addr, length, (uintptr_t)addr, access, pd, &cmd,
			    sizeof(cmd), &resp, sizeof(resp)))
		return IBV_REREG_MR_ERR_CMD;
	if (flags & IBV_REREG_MR_CHANGE_PD)
		mr->pd = pd;
	if (flags & IBV_REREG_MR_CHANGE_TRANSLATION) {
		mr->addr = addr;
		mr->length = length;
	}
	return 0;
}
