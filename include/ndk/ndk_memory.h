/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The NDK kernel API: memory, its regions and windows, and its DMA addresses.
 * Included by ndk.h, where context, pending and closing are explained.
 */
#ifndef _NDK_NDK_MEMORY_H
#define _NDK_NDK_MEMORY_H

#include <ndk/ndk_types.h>

struct ndk_adapter;
struct ndk_kmr;
struct ndk_kmw;
struct ndk_kpd;

/**
 * ndk_create_mr() - make a memory region
 * @pd: the PD
 * @fast: for ndk_initialize_fast_register_mr() and ndk_fast_register();
 *	otherwise for ndk_register_mr()
 * @created: called when a pending create is done
 * @context: for @created
 * @mr: the MR, if this returns 0
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS; -EOPNOTSUPP; -ENOMEM.
 */
int ndk_create_mr(struct ndk_kpd *pd, bool fast, ndk_create_fn *created, void *context,
		  struct ndk_kmr **mr);

/**
 * ndk_close_mr() - close a memory region
 * @mr: the MR; what is registered is deregistered
 * @closed: called when a pending close is done; may be NULL
 * @context: for @closed
 *
 * Pends on windows bound to it (R-NDK-23) and on pending requests.
 *
 * Context: process or softirq.
 * Return: 0 or -EINPROGRESS.
 */
int ndk_close_mr(struct ndk_kmr *mr, ndk_close_fn *closed, void *context);

/**
 * ndk_initialize_fast_register_mr() - give a fast-register region its size
 * @mr: the MR, made for that, not initialised
 * @page_count: pages it can register at a time
 * @allow_remote_access: whether remote rights may be given
 * @done: called when a pending request is done
 * @context: for @done
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS; -ERANGE: @page_count (R-NDK-36); -EINVAL: not such a
 * region, or initialised; -ENOMEM.
 */
int ndk_initialize_fast_register_mr(struct ndk_kmr *mr, u32 page_count, bool allow_remote_access,
				    ndk_request_fn *done, void *context);

/**
 * ndk_register_mr() - register memory
 * @mr: the MR, made for that, not registered
 * @mdl: the memory; the consumer's, unchanged until the request is done, the
 *	memory itself until it is deregistered
 * @length: bytes, not 0
 * @flags: NDK_MR_FLAG_*
 * @done: called when a pending request is done
 * @context: for @done
 *
 * Peers address the first byte by its virtual address.
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS; -EINVAL: no memory, flags, not such a region;
 * -EMSGSIZE: @length 0 or greater than &ndk_adapter_info.max_registration_size;
 * -EBUSY: registered; -ENOMEM.
 */
int ndk_register_mr(struct ndk_kmr *mr, const struct ndk_mdl *mdl, size_t length, u32 flags,
		    ndk_request_fn *done, void *context);

/**
 * ndk_deregister_mr() - undo ndk_register_mr()
 * @mr: the MR
 * @done: called when a pending request is done
 * @context: for @done
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS; -EBUSY: a window is bound to it; -EINVAL: not
 * registered.
 */
int ndk_deregister_mr(struct ndk_kmr *mr, ndk_request_fn *done, void *context);

/**
 * ndk_get_local_token_from_mr() - the token for SGEs
 * @mr: the MR, initialised or registered
 *
 * Context: process or softirq.
 * Return: the token of the latest registration.
 */
u32 ndk_get_local_token_from_mr(struct ndk_kmr *mr);

/**
 * ndk_get_remote_token_from_mr() - the token for the peer
 * @mr: the MR, initialised or registered
 *
 * Context: process or softirq.
 * Return: the token of the latest registration.
 */
u32 ndk_get_remote_token_from_mr(struct ndk_kmr *mr);

/**
 * ndk_create_mw() - make a memory window
 * @pd: the PD
 * @created: called when a pending create is done
 * @context: for @created
 * @mw: the MW, not bound, if this returns 0
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS; -EOPNOTSUPP; -ENOMEM.
 */
int ndk_create_mw(struct ndk_kpd *pd, ndk_create_fn *created, void *context,
		  struct ndk_kmw **mw);

/**
 * ndk_close_mw() - close a memory window
 * @mw: the MW; unbound
 * @closed: called when a pending close is done; may be NULL
 * @context: for @closed
 *
 * Context: process or softirq.
 * Return: 0 or -EINPROGRESS.
 */
int ndk_close_mw(struct ndk_kmw *mw, ndk_close_fn *closed, void *context);

/**
 * ndk_get_remote_token_from_mw() - the token for the peer
 * @mw: the MW
 *
 * Context: process or softirq.
 * Return: the token of the latest bind.
 */
u32 ndk_get_remote_token_from_mw(struct ndk_kmw *mw);

/**
 * ndk_build_lam() - DMA addresses of memory
 * @adapter: the adapter
 * @mdl: the memory; stays where it is until the LAM is released
 * @length: bytes, not 0
 * @done: called when a pending request is done; may be NULL
 * @context: for @done
 * @lam: filled; the consumer's memory
 * @lam_size: bytes at @lam; on return what is needed
 * @fbo: offset of the first byte in the first page
 *
 * The memory may be read and written by the NIC. Never pends so far.
 *
 * Context: process or softirq.
 * Return: 0, -EINPROGRESS; -ENOBUFS: @lam_size (R-NDK-63); -EINVAL: no memory;
 * -ENOMEM.
 */
int ndk_build_lam(struct ndk_adapter *adapter, const struct ndk_mdl *mdl, size_t length,
		  ndk_request_fn *done, void *context, struct ndk_lam *lam, u32 *lam_size,
		  u32 *fbo);

/**
 * ndk_release_lam() - undo ndk_build_lam()
 * @adapter: the adapter
 * @lam: no request uses it any more
 *
 * Context: process or softirq.
 */
void ndk_release_lam(struct ndk_adapter *adapter, struct ndk_lam *lam);

#endif /* _NDK_NDK_MEMORY_H */
