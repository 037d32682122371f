/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints ndk_toe:*, one per operation, event and status. An operation is
 * followed by its root, an object by its index.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ndk_toe

#if !defined(_TOE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TOE_TRACE_H

#include <linux/tracepoint.h>

#include "core.h"

#define toe_show_layer(l)					\
	__print_symbolic(l, { TOE_NEIGH, "neighbor" },		\
			 { TOE_PATH4, "path4" },		\
			 { TOE_PATH6, "path6" },		\
			 { TOE_CONN, "connection" })

#define toe_show_op(o)						\
	__print_symbolic(o, { TOE_INITIATE, "initiate" },	\
			 { TOE_QUERY, "query" },		\
			 { TOE_UPDATE, "update" },		\
			 { TOE_INVALIDATE, "invalidate" },	\
			 { TOE_TERMINATE, "terminate" })

#define toe_show_state(s)					\
	__print_symbolic(s, { TOE_IN_HOST, "in-host" },		\
			 { TOE_OFFLOADING, "offloading" },	\
			 { TOE_OFFLOADED, "offloaded" },	\
			 { TOE_UPLOADING, "uploading" })

TRACE_EVENT(toe_op,
	TP_PROTO(const struct toe_op *op, const char *what),
	TP_ARGS(op, what),
	TP_STRUCT__entry(
		__string(target, op->target->name)
		__string(what, what)
		__field(const void *, root)
		__field(u32, type)
		__field(u32, blocks)
		__field(u32, status)
	),
	TP_fast_assign(
		__assign_str(target);
		__assign_str(what);
		__entry->root = op->root;
		__entry->type = op->type;
		__entry->blocks = op->core.blocks;
		__entry->status = op->root->status;
	),
	TP_printk("%s %s root=%p blocks=%u %s status=%#x", __get_str(target),
		  toe_show_op(__entry->type), __entry->root, __entry->blocks,
		  __get_str(what), __entry->status)
);

TRACE_EVENT(toe_op_refused,
	TP_PROTO(const struct toe_op *op, int err),
	TP_ARGS(op, err),
	TP_STRUCT__entry(
		__string(target, op->target->name)
		__field(const void *, root)
		__field(u32, type)
		__field(int, err)
	),
	TP_fast_assign(
		__assign_str(target);
		__entry->root = op->root;
		__entry->type = op->type;
		__entry->err = err;
	),
	TP_printk("%s %s root=%p err=%d", __get_str(target), toe_show_op(__entry->type),
		  __entry->root, __entry->err)
);

TRACE_EVENT(toe_block,
	TP_PROTO(const struct toe_op *op, const struct toe_block *b),
	TP_ARGS(op, b),
	TP_STRUCT__entry(
		__string(target, op->target->name)
		__field(u32, type)
		__field(u32, layer)
		__field(u32, index)
		__field(u32, status)
	),
	TP_fast_assign(
		__assign_str(target);
		__entry->type = op->type;
		__entry->layer = b->layer;
		__entry->index = b->object ? b->object->index : 0;
		__entry->status = b->status;
	),
	TP_printk("%s %s %s %u status=%#x", __get_str(target), toe_show_op(__entry->type),
		  toe_show_layer(__entry->layer), __entry->index, __entry->status)
);

TRACE_EVENT(toe_obj,
	TP_PROTO(const struct toe_obj *obj, u32 to),
	TP_ARGS(obj, to),
	TP_STRUCT__entry(
		__string(target, obj->target->name)
		__field(u32, layer)
		__field(u32, index)
		__field(u32, from)
		__field(u32, to)
	),
	TP_fast_assign(
		__assign_str(target);
		__entry->layer = obj->layer;
		__entry->index = obj->index;
		__entry->from = obj->state;
		__entry->to = to;
	),
	TP_printk("%s %s %u %s -> %s", __get_str(target), toe_show_layer(__entry->layer),
		  __entry->index, toe_show_state(__entry->from), toe_show_state(__entry->to))
);

DECLARE_EVENT_CLASS(toe_number,
	TP_PROTO(const struct toe_obj *obj, u32 number),
	TP_ARGS(obj, number),
	TP_STRUCT__entry(
		__string(target, obj->target->name)
		__field(u32, layer)
		__field(u32, index)
		__field(u32, state)
		__field(u32, number)
	),
	TP_fast_assign(
		__assign_str(target);
		__entry->layer = obj->layer;
		__entry->index = obj->index;
		__entry->state = obj->state;
		__entry->number = number;
	),
	TP_printk("%s %s %u %s: %u", __get_str(target), toe_show_layer(__entry->layer),
		  __entry->index, toe_show_state(__entry->state), __entry->number)
);

DEFINE_EVENT(toe_number, toe_event,
	TP_PROTO(const struct toe_obj *obj, u32 number),
	TP_ARGS(obj, number)
);

DEFINE_EVENT(toe_number, toe_upload,
	TP_PROTO(const struct toe_obj *obj, u32 number),
	TP_ARGS(obj, number)
);

DEFINE_EVENT_PRINT(toe_number, toe_forward_done,
	TP_PROTO(const struct toe_obj *obj, u32 number),
	TP_ARGS(obj, number),
	TP_printk("%s %s %u %s status=%#x", __get_str(target), toe_show_layer(__entry->layer),
		  __entry->index, toe_show_state(__entry->state), __entry->number)
);

TRACE_EVENT(toe_signal,
	TP_PROTO(const struct toe_target *t, u32 signal),
	TP_ARGS(t, signal),
	TP_STRUCT__entry(
		__string(target, t->name)
		__field(u32, signal)
	),
	TP_fast_assign(
		__assign_str(target);
		__entry->signal = signal;
	),
	TP_printk("%s %s", __get_str(target),
		  __print_symbolic(__entry->signal, { TOE_PAUSE, "pause" },
				   { TOE_RESUME, "resume" },
				   { TOE_UPLOAD_ALL, "upload-all" }))
);

TRACE_EVENT(toe_reachability,
	TP_PROTO(const struct toe_target *t, u64 handle, u32 nrd, u32 hrd),
	TP_ARGS(t, handle, nrd, hrd),
	TP_STRUCT__entry(
		__string(target, t->name)
		__field(u64, handle)
		__field(u32, nrd)
		__field(u32, hrd)
	),
	TP_fast_assign(
		__assign_str(target);
		__entry->handle = handle;
		__entry->nrd = nrd;
		__entry->hrd = hrd;
	),
	TP_printk("%s neighbor handle=%#llx nrd=%u hrd=%u", __get_str(target),
		  __entry->handle, __entry->nrd, __entry->hrd)
);

TRACE_EVENT(toe_complaint,
	TP_PROTO(const struct toe_target *t, u32 what, const char *how),
	TP_ARGS(t, what, how),
	TP_STRUCT__entry(
		__string(target, t->name)
		__string(how, how)
		__field(u32, what)
	),
	TP_fast_assign(
		__assign_str(target);
		__assign_str(how);
		__entry->what = what;
	),
	TP_printk("%s %s", __get_str(target), __get_str(how))
);

TRACE_EVENT(toe_send_done,
	TP_PROTO(const struct toe_conn *conn, const struct toe_send *s),
	TP_ARGS(conn, s),
	TP_STRUCT__entry(
		__string(target, conn->obj.target->name)
		__field(u32, index)
		__field(u32, flags)
		__field(u32, length)
		__field(u32, bytes)
		__field(u32, status)
	),
	TP_fast_assign(
		__assign_str(target);
		__entry->index = conn->obj.index;
		__entry->flags = s->flags;
		__entry->length = s->length;
		__entry->bytes = s->bytes;
		__entry->status = s->status;
	),
	TP_printk("%s connection %u %s %u of %u bytes status=%#x", __get_str(target),
		  __entry->index, __entry->flags & TOE_SEND_RST ? "reset" :
		  __entry->flags & TOE_SEND_FIN ? "end" : "send", __entry->bytes,
		  __entry->length, __entry->status)
);

TRACE_EVENT(toe_recv_done,
	TP_PROTO(const struct toe_deliver *d, const struct toe_recv *r),
	TP_ARGS(d, r),
	TP_STRUCT__entry(
		__field(const void *, delivery)
		__field(u32, bytes)
		__field(u32, status)
	),
	TP_fast_assign(
		__entry->delivery = d;
		__entry->bytes = r->bytes;
		__entry->status = r->status;
	),
	TP_printk("delivery %p %u bytes status=%#x", __entry->delivery, __entry->bytes,
		  __entry->status)
);

TRACE_EVENT(toe_indicated,
	TP_PROTO(const struct toe_deliver *d, u32 length, u32 status),
	TP_ARGS(d, length, status),
	TP_STRUCT__entry(
		__field(const void *, delivery)
		__field(u32, length)
		__field(u32, status)
	),
	TP_fast_assign(
		__entry->delivery = d;
		__entry->length = length;
		__entry->status = status;
	),
	TP_printk("delivery %p %u bytes status=%#x", __entry->delivery, __entry->length,
		  __entry->status)
);

TRACE_EVENT(toe_client,
	TP_PROTO(const char *name, u32 flags, bool chained, u32 bytes, u32 status),
	TP_ARGS(name, flags, chained, bytes, status),
	TP_STRUCT__entry(
		__string(name, name)
		__field(u32, flags)
		__field(bool, chained)
		__field(u32, bytes)
		__field(u32, status)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->flags = flags;
		__entry->chained = chained;
		__entry->bytes = bytes;
		__entry->status = status;
	),
	TP_printk("%s %s flags=%#x %u bytes status=%#x", __get_str(name),
		  __entry->chained ? "chained" : "copy", __entry->flags, __entry->bytes,
		  __entry->status)
);

#endif /* _TOE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
