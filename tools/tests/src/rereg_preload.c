// SPDX-License-Identifier: GPL-2.0
/*
 * LD_PRELOAD: ibv_rereg_mr() for a provider library that has none, as rxe's has
 * not, though the kernel side can do it. Straight to the kernel's command.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <infiniband/verbs.h>
#include <rdma/ib_user_verbs.h>

struct rereg_cmd {
	struct ib_uverbs_cmd_hdr hdr;
	struct ib_uverbs_rereg_mr core;
};

/* libibverbs exports it for its providers, its headers do not show it */
typedef int (*rereg_fn)(struct ibv_mr *mr, uint32_t flags, void *addr, size_t length,
			uint64_t hca_va, int access, struct ibv_pd *pd, struct rereg_cmd *cmd,
			size_t cmd_size, struct ib_uverbs_rereg_mr_resp *resp,
			size_t resp_size);

int ibv_rereg_mr(struct ibv_mr *mr, int flags, struct ibv_pd *pd, void *addr, size_t length,
		 int access)
{
	struct ib_uverbs_rereg_mr_resp resp = { 0 };
	struct rereg_cmd cmd = { 0 };
	rereg_fn rereg = (rereg_fn)dlsym(RTLD_NEXT, "ibv_cmd_rereg_mr");

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
