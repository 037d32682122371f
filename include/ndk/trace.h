/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints ndk:*, one per outcome a request or a queue pair can have.
 * Compare wr_id and index of accept, doorbell and complete to follow a request.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ndk

#if !defined(_NDK_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _NDK_TRACE_H

#include <linux/tracepoint.h>

#include <ndk/nic.h>

TRACE_EVENT(ndk_accept,
	TP_PROTO(const struct ndk_qp *qp, u32 index, const struct ndk_swqe *w),
	TP_ARGS(qp, index, w),
	TP_STRUCT__entry(
		__string(dev, dev_name(&qp->nic->ibdev.dev))
		__field(u32, qpn)
		__field(u32, index)
		__field(u64, wr_id)
		__field(u32, flags)
		__field(u32, length)
		__field(u8, opcode)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->qpn = qp->ibqp.qp_num;
		__entry->index = index;
		__entry->wr_id = w->wr_id;
		__entry->flags = w->flags;
		__entry->length = w->length;
		__entry->opcode = w->opcode;
	),
	TP_printk("%s qp=%u index=%u wr_id=%#llx opcode=%u length=%u flags=%#x%s",
		  __get_str(dev), __entry->qpn, __entry->index, __entry->wr_id,
		  __entry->opcode, __entry->length, __entry->flags,
		  __entry->flags & NDK_SEND_DEFER ? " deferred" : "")
);

TRACE_EVENT(ndk_refuse,
	TP_PROTO(const struct ndk_qp *qp, u64 wr_id, int err),
	TP_ARGS(qp, wr_id, err),
	TP_STRUCT__entry(
		__string(dev, dev_name(&qp->nic->ibdev.dev))
		__field(u32, qpn)
		__field(u64, wr_id)
		__field(int, err)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->qpn = qp->ibqp.qp_num;
		__entry->wr_id = wr_id;
		__entry->err = err;
	),
	TP_printk("%s qp=%u wr_id=%#llx err=%d", __get_str(dev), __entry->qpn,
		  __entry->wr_id, __entry->err)
);

TRACE_EVENT(ndk_doorbell,
	TP_PROTO(const struct ndk_qp *qp, u32 end, u32 chain,
		 enum ndk_db_reason reason),
	TP_ARGS(qp, end, chain, reason),
	TP_STRUCT__entry(
		__string(dev, dev_name(&qp->nic->ibdev.dev))
		__field(u32, qpn)
		__field(u32, end)
		__field(u32, chain)
		__field(int, reason)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->qpn = qp->ibqp.qp_num;
		__entry->end = end;
		__entry->chain = chain;
		__entry->reason = reason;
	),
	TP_printk("%s qp=%u end=%u chain=%u reason=%s", __get_str(dev),
		  __entry->qpn, __entry->end, __entry->chain,
		  __print_symbolic(__entry->reason,
				   { NDK_DB_UNDEFERRED, "undeferred" },
				   { NDK_DB_REFUSED, "refused" },
				   { NDK_DB_BOUND, "bound" },
				   { NDK_DB_TIMER, "timer" },
				   { NDK_DB_FULL, "full" },
				   { NDK_DB_FLUSH, "flush" }))
);

TRACE_EVENT(ndk_complete,
	TP_PROTO(const struct ndk_qp *qp, bool send, u64 wr_id,
		 enum ib_wc_status status, u32 byte_len),
	TP_ARGS(qp, send, wr_id, status, byte_len),
	TP_STRUCT__entry(
		__string(dev, dev_name(&qp->nic->ibdev.dev))
		__field(u32, qpn)
		__field(bool, send)
		__field(u64, wr_id)
		__field(int, status)
		__field(u32, byte_len)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->qpn = qp->ibqp.qp_num;
		__entry->send = send;
		__entry->wr_id = wr_id;
		__entry->status = status;
		__entry->byte_len = byte_len;
	),
	TP_printk("%s qp=%u %s wr_id=%#llx status=%d bytes=%u", __get_str(dev),
		  __entry->qpn, __entry->send ? "send" : "recv", __entry->wr_id,
		  __entry->status, __entry->byte_len)
);

TRACE_EVENT(ndk_qp_state,
	TP_PROTO(const struct ndk_qp *qp, enum ib_qp_state from,
		 enum ib_qp_state to),
	TP_ARGS(qp, from, to),
	TP_STRUCT__entry(
		__string(dev, dev_name(&qp->nic->ibdev.dev))
		__field(u32, qpn)
		__field(int, from)
		__field(int, to)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->qpn = qp->ibqp.qp_num;
		__entry->from = from;
		__entry->to = to;
	),
	TP_printk("%s qp=%u %d -> %d", __get_str(dev), __entry->qpn,
		  __entry->from, __entry->to)
);

TRACE_EVENT(ndk_retransmit,
	TP_PROTO(const struct ndk_qp *qp, u32 psn, u32 packets),
	TP_ARGS(qp, psn, packets),
	TP_STRUCT__entry(
		__string(dev, dev_name(&qp->nic->ibdev.dev))
		__field(u32, qpn)
		__field(u32, psn)
		__field(u32, packets)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->qpn = qp->ibqp.qp_num;
		__entry->psn = psn;
		__entry->packets = packets;
	),
	TP_printk("%s qp=%u psn=%u packets=%u", __get_str(dev), __entry->qpn,
		  __entry->psn, __entry->packets)
);

#endif /* _NDK_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH ndk
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
