/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's command that changes a region. The library for this ABI has no call
 * for it; libibverbs exports this one for its providers, without showing it in its
 * headers: dlsym() finds it.
 */
#ifndef REREG_H
#define REREG_H

#include <infiniband/verbs.h>
#include <rdma/ib_user_verbs.h>

#define REREG_NAME	"ibv_cmd_rereg_mr"

struct rereg_cmd {
	struct ib_uverbs_cmd_hdr hdr;
	struct ib_uverbs_rereg_mr core;
};

typedef int (*rereg_fn)(struct ibv_mr *mr, uint32_t flags, void *addr, size_t length,
			uint64_t hca_va, int access, struct ibv_pd *pd, struct rereg_cmd *cmd,
			size_t cmd_size, struct ib_uverbs_rereg_mr_resp *resp,
			size_t resp_size);

#endif /* REREG_H */
