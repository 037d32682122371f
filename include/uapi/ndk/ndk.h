/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What a program needs to know to defer: one bit.
 */
#ifndef _UAPI_NDK_NDK_H
#define _UAPI_NDK_NDK_H

/**
 * NDK_SEND_DEFER - accept this send request now, show it to the NIC later
 *
 * Set it in send_flags of ibv_post_send(), in wr_flags of the ibv_wr_*()
 * builders, or in send_flags of the kernel's ib_post_send(). The request is
 * indicated together with the rest of its chain: by the next request without
 * the flag, by a refused post on the same queue, or by one of the limits that
 * keep a deferred tail from living for ever. The bit lies in the range that
 * verbs reserve for drivers. Source: R-NDK-64 to R-NDK-79.
 */
#define NDK_SEND_DEFER		(1U << 30)

#endif /* _UAPI_NDK_NDK_H */
