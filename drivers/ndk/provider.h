/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the provider's files share: the verbs, in the order of an object's life.
 */
#ifndef _NDK_PROVIDER_H
#define _NDK_PROVIDER_H

#include <linux/overflow.h>
#include <ndk/nic.h>

#include "api/hooks.h"
#include "cq.h"
#include "queue.h"

/*
 * The kernel API's windows are regions: a send flag of its IB_WR_REG_MR, in the
 * range that verbs reserve for drivers, and what a completion of that says.
 */
#define NDK_SEND_WINDOW		BIT(29)
#define NDK_WC_WINDOW		BIT(30)

/* nic.c, device.c, settings.c */
extern const struct ib_device_ops ndk_dev_ops;
int ndk_settings_init(struct ndk_nic *nic);
void ndk_settings_exit(struct ndk_nic *nic);

/* stats.c */
u64 ndk_stat_sum(struct ndk_stats __percpu *blocks, enum ndk_stat i);
struct rdma_hw_stats *ndk_alloc_hw_port_stats(struct ib_device *ibdev, u32 port);
int ndk_get_hw_stats(struct ib_device *ibdev, struct rdma_hw_stats *stats, u32 port, int index);
int ndk_counter_bind_qp(struct rdma_counter *counter, struct ib_qp *ibqp);
int ndk_counter_unbind_qp(struct ib_qp *ibqp);
int ndk_counter_dealloc(struct rdma_counter *counter);
struct rdma_hw_stats *ndk_counter_alloc_stats(struct rdma_counter *counter);
int ndk_counter_update_stats(struct rdma_counter *counter);

/* pd.c */
int ndk_alloc_ucontext(struct ib_ucontext *ctx, struct ib_udata *udata);
void ndk_dealloc_ucontext(struct ib_ucontext *ctx);
void ndk_disassociate_ucontext(struct ib_ucontext *ctx);
int ndk_alloc_pd(struct ib_pd *pd, struct ib_udata *udata);
int ndk_dealloc_pd(struct ib_pd *pd, struct ib_udata *udata);

/* mr.c */
struct ib_mr *ndk_get_dma_mr(struct ib_pd *pd, int access);
struct ib_mr *ndk_reg_user_mr(struct ib_pd *pd, u64 start, u64 length, u64 iova, int access,
			      struct ib_udata *udata);
struct ib_mr *ndk_reg_user_mr_dmabuf(struct ib_pd *pd, u64 offset, u64 length, u64 iova, int fd,
				     int access, struct uverbs_attr_bundle *attrs);
struct ib_mr *ndk_rereg_user_mr(struct ib_mr *ibmr, int flags, u64 start, u64 length, u64 iova,
				int access, struct ib_pd *pd, struct ib_udata *udata);
struct ib_mr *ndk_alloc_mr(struct ib_pd *pd, enum ib_mr_type type, u32 max_num_sg);
int ndk_map_mr_sg(struct ib_mr *ibmr, struct scatterlist *sg, int num, unsigned int *offset);
int ndk_dereg_mr(struct ib_mr *ibmr, struct ib_udata *udata);

/* ah.c */
int ndk_create_ah(struct ib_ah *ibah, struct rdma_ah_init_attr *init, struct ib_udata *udata);
int ndk_query_ah(struct ib_ah *ibah, struct rdma_ah_attr *attr);
int ndk_destroy_ah(struct ib_ah *ibah, u32 flags);
int ndk_attach_mcast(struct ib_qp *ibqp, union ib_gid *gid, u16 lid);
int ndk_detach_mcast(struct ib_qp *ibqp, union ib_gid *gid, u16 lid);

/* mw.c */
int ndk_alloc_mw(struct ib_mw *ibmw, struct ib_udata *udata);
int ndk_dealloc_mw(struct ib_mw *ibmw);

/* qp.c, qp_state.c */
int ndk_ib_create_qp(struct ib_qp *ibqp, struct ib_qp_init_attr *init, struct ib_udata *udata);
int ndk_modify_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask, struct ib_udata *udata);
int ndk_query_qp(struct ib_qp *ibqp, struct ib_qp_attr *attr, int mask,
		 struct ib_qp_init_attr *init);
int ndk_destroy_qp(struct ib_qp *ibqp, struct ib_udata *udata);
void ndk_qp_to_error(struct ndk_qp *qp);
void ndk_qp_set_state(struct ndk_qp *qp, enum ib_qp_state to);

/* sq_post.c, sq_user.c, sq_done.c: the send queue */
extern const struct ndk_defer_ops ndk_sq_defer_ops;
int ndk_post_send(struct ib_qp *ibqp, const struct ib_send_wr *wr,
		  const struct ib_send_wr **bad_wr);
int ndk_sq_post_user(struct ndk_qp *qp);
__printf(2, 3) void ndk_sq_complain(const struct ndk_qp *qp, const char *fmt, ...);
int ndk_sq_check(const struct ndk_qp *qp, const struct ndk_swqe *w);
int ndk_sq_check_state(const struct ndk_qp *qp);
void ndk_sq_accept(struct ndk_qp *qp, struct ndk_post *p, struct ndk_swqe *w);
void ndk_sq_refuse(struct ndk_qp *qp, struct ndk_post *p, u64 wr_id, int err);
void ndk_sq_account(struct ndk_qp *qp, u32 accepted, u32 deferred);
void ndk_sq_reset(struct ndk_qp *qp);
void ndk_sq_unaccept(struct ndk_qp *qp, u64 wr_id, int err);

/* sq_keys.c: requests that change keys */
int ndk_sq_copy_keys(struct ndk_qp *qp, struct ndk_swqe *w, const struct ib_send_wr *wr);
void ndk_sq_take_keys(struct ndk_swqe *w, const struct rxe_send_wr *u);
int ndk_sq_check_keys(const struct ndk_qp *qp, const struct ndk_swqe *w);
void ndk_sq_keys_accepted(const struct ib_send_wr *wr);

/* rq.c */
int ndk_post_recv(struct ib_qp *ibqp, const struct ib_recv_wr *wr,
		  const struct ib_recv_wr **bad_wr);
void ndk_rq_flush_fn(struct work_struct *work);
void ndk_rq_reset(struct ndk_qp *qp);

/* restrack.c */
int ndk_fill_res_qp_entry(struct sk_buff *msg, struct ib_qp *ibqp);
int ndk_fill_res_cq_entry(struct sk_buff *msg, struct ib_cq *ibcq);

#endif /* _NDK_PROVIDER_H */
