/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the provider tells the kernel API, which is built on it: all it knows of it.
 */
#ifndef _NDK_API_HOOKS_H
#define _NDK_API_HOOKS_H

#include <linux/types.h>

struct ndk_nic;
struct ndk_qp;

/* process context, may sleep */
int api_init(void);
void api_exit(void);
void api_nic_failed(struct ndk_nic *nic);
void api_set_enabled(struct ndk_nic *nic, bool on);

/* any context, the NIC's locks may be held */
void api_qp_broke(struct ndk_qp *nqp);

#endif /* _NDK_API_HOOKS_H */
