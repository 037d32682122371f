// SPDX-License-Identifier: GPL-2.0
/*
 * Queue pairs: create, states, flush, close.
 *
 * What the consumer may do is in @state, which the posting calls look at and which
 * changes at once from any context. The verbs state follows from process context.
 */
#include <linux/delay.h>
#include <linux/export.h>
#include <kunit/visibility.h>

#include "../provider.h"
#include "api.h"

/* bound on a NIC that does not answer; what it has not done by then it never will */
#define NIC_PATIENCE	(30 * HZ)

/* A receive with this cookie is nobody's: behind it there are no others. */
u64 api_marker(void)
{
	static const char marker;

	return (uintptr_t)&marker;
}

/**
 * api_qp_is_done() - has an initiator request its outcome
 * @adapter: the adapter
 * @id: &ndk_kqp.id
 * @index: of the request in the send queue
 *
 * Return: true if it has, or if the queue pair is gone.
 */
bool api_qp_is_done(struct ndk_adapter *adapter, u32 id, u32 index)
{
	struct ndk_kqp *qp;
	unsigned long flags;
	bool done = true;

	xa_lock_irqsave(&adapter->qps, flags);
	qp = xa_load(&adapter->qps, id);
	if (qp)
		done = api_sq_is_done(qp, index);
	xa_unlock_irqrestore(&adapter->qps, flags);
	return done;
}

static bool move_state(struct ndk_kqp *qp, int from, int to)
{
	return cmpxchg(&qp->state, from, to) == from;
}

int api_qp_claim(struct ndk_kqp *qp)
{
	if (move_state(qp, API_QP_IDLE, API_QP_CONNECTING))
		return 0;
	return READ_ONCE(qp->state) == API_QP_DISCONNECTED ? -ENOTCONN : -EISCONN;
}
EXPORT_SYMBOL_IF_KUNIT(api_qp_claim);

void api_qp_unclaim(struct ndk_kqp *qp)
{
	move_state(qp, API_QP_CONNECTING, API_QP_IDLE);
}

bool api_qp_connected(struct ndk_kqp *qp)
{
	return move_state(qp, API_QP_CONNECTING, API_QP_CONNECTED);
}
EXPORT_SYMBOL_IF_KUNIT(api_qp_connected);

void api_qp_disconnect(struct ndk_kqp *qp)
{
	xchg(&qp->state, API_QP_DISCONNECTED);
}
EXPORT_SYMBOL_IF_KUNIT(api_qp_disconnect);

static int run_broken(struct api_op *op)
{
	api_connector_qp_failed(to_api(ndk_kqp, op->obj));
	return 0;
}

static int run_flush(struct api_op *op)
{
	api_qp_flush(to_api(ndk_kqp, op->obj));
	return 0;
}

static void queue_once(struct ndk_kqp *qp, int bit, struct api_op *op, int (*run)(struct api_op *))
{
	if (test_and_set_bit(bit, &qp->queued))
		return;
	op->embedded = true;
	api_request(&qp->obj, op, run, NULL, NULL);
}

/**
 * api_qp_broke() - the verbs queue pair went to error
 * @nqp: the verbs queue pair
 *
 * Whoever did that: if the consumer or its connector did, @state says so already.
 *
 * Any context, the NIC's locks may be held.
 */
void api_qp_broke(struct ndk_qp *nqp)
{
	struct ndk_kqp *qp = nqp->ibqp.qp_context;

	/* connected, it has a connector, and so cannot be on its way out */
	if (xchg(&qp->state, API_QP_DISCONNECTED) == API_QP_CONNECTED)
		queue_once(qp, API_QP_BROKEN, &qp->broken_op, run_broken);
}

void ndk_flush(struct ndk_kqp *qp)
{
	api_assert_any_context();
	api_qp_disconnect(qp);
	queue_once(qp, API_QP_FLUSH, &qp->flush_op, run_flush);
}
EXPORT_SYMBOL_GPL(ndk_flush);

bool api_qp_idle_sq(struct ndk_kqp *qp, unsigned long timeout)
{
	const struct ndk_defer *d = &qp->nqp->sq.defer;
	unsigned long until = jiffies + timeout;

	while (READ_ONCE(d->completed) != READ_ONCE(d->accepted)) {
		if (time_after(jiffies, until))
			return false;
		usleep_range(50, 500);
	}
	return true;
}

static int post_marker(struct ndk_kqp *qp)
{
	const struct ib_recv_wr wr = { .wr_id = api_marker() }, *bad;

	return ndk_post_recv(qp->qp, &wr, &bad);
}

/*
 * Receives come out in the order they were posted, so behind the marker there are
 * none. The consumer may be the one who polls it.
 */
static void drain_receives(struct ndk_kqp *qp)
{
	unsigned long until = jiffies + NIC_PATIENCE;
	struct ndk_kcq *cq = qp->rcq;

	mutex_lock(&cq->drain);
	api_cq_save(cq);
	if (!READ_ONCE(cq->error) && !post_marker(qp)) {
		do {
			api_cq_save(cq);
			if (READ_ONCE(cq->error))
				break;
		} while (!wait_for_completion_timeout(&qp->drained, 1) &&
			 time_before(jiffies, until));
	}
	mutex_unlock(&cq->drain);
}

static void flush_locked(struct ndk_kqp *qp)
{
	struct ib_qp_attr attr = { .qp_state = IB_QPS_ERR };
	int err;

	err = ib_modify_qp(qp->qp, &attr, IB_QP_STATE);
	if (err)
		ibdev_err(qp->qp->device, "ndk: qp %u: not to be flushed: %d\n",
			  qp->qp->qp_num, err);
	if (!api_qp_idle_sq(qp, NIC_PATIENCE))
		ibdev_err(qp->qp->device, "ndk: qp %u: the NIC does not flush its requests\n",
			  qp->qp->qp_num);
	if (!qp->srq)
		drain_receives(qp);
}

void api_qp_flush(struct ndk_kqp *qp)
{
	api_qp_disconnect(qp);
	mutex_lock(&qp->flush_lock);
	if (!qp->flushed)
		flush_locked(qp);
	qp->flushed = true;
	mutex_unlock(&qp->flush_lock);
}

static void on_event(struct ib_event *event, void *context)
{
	struct ndk_kqp *qp = context;

	if (event->event == IB_EVENT_COMM_EST)
		api_connector_qp_established(qp);
}

static int to_init(struct ib_qp *ibqp, u32 port)
{
	struct ib_qp_attr attr = {
		.qp_state = IB_QPS_INIT,
		.port_num = port,
		.qp_access_flags = IB_ACCESS_REMOTE_WRITE | IB_ACCESS_REMOTE_READ,
	};

	return ib_modify_qp(ibqp, &attr, IB_QP_STATE | IB_QP_PKEY_INDEX | IB_QP_PORT |
					 IB_QP_ACCESS_FLAGS);
}

static void fill_init(struct ndk_kqp *qp, u32 sges, struct ib_qp_init_attr *init)
{
	*init = (struct ib_qp_init_attr){
		.event_handler = on_event,
		.qp_context = qp,
		.send_cq = qp->scq->cq,
		.recv_cq = qp->rcq->cq,
		.sq_sig_type = IB_SIGNAL_REQ_WR,
		.qp_type = IB_QPT_RC,
		.cap = qp->cap,
	};
	init->cap.max_send_sge = sges;
	if (qp->srq)
		init->srq = qp->srq->srq;
	else
		init->cap.max_recv_wr++; /* the marker */
}

static struct ib_qp *make_verbs_qp(struct ndk_kqp *qp, u32 sges)
{
	struct ib_qp_init_attr init;

	fill_init(qp, sges, &init);
	return ib_create_qp(qp->pd->pd, &init);
}

/*
 * A read may have as many SGEs as the adapter says, whatever the consumer asked for
 * (R-NDK-39), so the queue has room for that. Hardware may not have it in a queue of
 * that depth; then what was asked for holds for reads, too.
 */
static int create_verbs_qp(struct ndk_kqp *qp)
{
	u32 asked = qp->cap.max_send_sge, reads = qp->obj.adapter->info.max_read_request_sge;

	qp->qp = make_verbs_qp(qp, max(asked, reads));
	if (IS_ERR(qp->qp) && reads > asked)
		qp->qp = make_verbs_qp(qp, asked);
	if (IS_ERR(qp->qp))
		return PTR_ERR(qp->qp);
	qp->nqp = to_ndk_qp(qp->qp);
	qp->max_read_sge = min(reads, qp->nqp->sq.max_sge);
	/* inline data would find that room, too: more than asked for is refused */
	qp->nqp->sq.max_inline = min(qp->nqp->sq.max_inline, qp->max_inline);
	return 0;
}

/* Receives may be posted before there is a connection: that needs INIT. */
static int qp_create(struct api_obj *o)
{
	struct ndk_kqp *qp = to_api(ndk_kqp, o);
	struct ndk_adapter *a = o->adapter;
	int err;

	err = create_verbs_qp(qp);
	if (err)
		return err;
	qp->nqp->consumer = a->params.consumer;
	err = to_init(qp->qp, a->port);
	if (err)
		goto err_qp;
	err = xa_alloc_irq(&a->qps, &qp->id, qp, xa_limit_31b, GFP_KERNEL);
	if (err)
		goto err_qp;
	return 0;

err_qp:
	qp->nqp->consumer = NULL;
	ib_destroy_qp(qp->qp);
	return err;
}

static void qp_close_now(struct api_obj *o)
{
	api_qp_disconnect(to_api(ndk_kqp, o));
}

static void qp_closing(struct api_obj *o)
{
	api_qp_flush(to_api(ndk_kqp, o));
}

static void qp_destroy(struct api_obj *o)
{
	struct ndk_kqp *qp = to_api(ndk_kqp, o);

	xa_erase_irq(&o->adapter->qps, qp->id);
	/* results outlive the queue pair (R-NDK-31), verbs entries do not */
	api_cq_save(qp->scq);
	if (qp->rcq != qp->scq)
		api_cq_save(qp->rcq);
	qp->nqp->consumer = NULL;
	ib_destroy_qp(qp->qp);
}

static const struct api_type qp_type = {
	.type = NDK_OBJECT_QP,
	.create = qp_create,
	.close_now = qp_close_now,
	.closing = qp_closing,
	.destroy = qp_destroy,
};

/**
 * struct limit - one argument and how large it may be
 * @name: for the message
 * @value: as given
 * @max: as the adapter says
 */
struct limit {
	const char *name;
	u32 value;
	u32 max;
};

static int check_limits(struct ndk_adapter *a, const struct ib_qp_cap *cap)
{
	const struct ndk_adapter_info *info = &a->info;
	const struct limit limits[] = {
		{ "qp receive depth", cap->max_recv_wr, info->max_receive_queue_depth },
		{ "qp initiator depth", cap->max_send_wr, info->max_initiator_queue_depth },
		{ "qp receive sges", cap->max_recv_sge, info->max_receive_request_sge },
		{ "qp initiator sges", cap->max_send_sge, info->max_initiator_request_sge },
		{ "qp inline bytes", cap->max_inline_data, info->max_inline_data_size },
	};
	int i, err;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		err = api_check_range(a, limits[i].name, limits[i].value, 0, limits[i].max);
		if (err)
			return err;
	}
	return 0;
}

static int check_family(const struct ndk_kpd *pd, const struct ndk_kcq *rcq,
			const struct ndk_kcq *scq, const struct ndk_ksrq *srq)
{
	const struct ndk_adapter *a = pd->obj.adapter;

	if (rcq->obj.adapter == a && scq->obj.adapter == a && (!srq || srq->obj.adapter == a))
		return 0;
	ibdev_dbg(a->dev, "ndk: %s: qp of objects of different adapters\n", a->params.consumer);
	return -EINVAL;
}

static int create(struct ndk_kpd *pd, struct ndk_kcq *rcq, struct ndk_kcq *scq,
		  struct ndk_ksrq *srq, void *qp_context, const struct ib_qp_cap *cap,
		  ndk_create_fn *created, void *context)
{
	struct ndk_adapter *a = pd->obj.adapter;
	struct ndk_kqp *qp;
	int err;

	err = check_family(pd, rcq, scq, srq) ?: check_limits(a, cap);
	if (err)
		return err;
	qp = api_obj_alloc(a, &qp_type, sizeof(*qp));
	if (!qp)
		return -ENOMEM;
	qp->pd = pd;
	qp->rcq = rcq;
	qp->scq = scq;
	qp->srq = srq;
	qp->cap = *cap;
	qp->context = qp_context;
	qp->max_sge = cap->max_send_sge;
	qp->max_receive_sge = cap->max_recv_sge;
	qp->max_inline = cap->max_inline_data;
	mutex_init(&qp->flush_lock);
	init_completion(&qp->drained);
	api_obj_on(&qp->obj, &pd->obj);
	api_obj_on(&qp->obj, &rcq->obj);
	api_obj_on(&qp->obj, &scq->obj);
	if (srq)
		api_obj_on(&qp->obj, &srq->obj);
	return api_create(&qp->obj, created, context);
}

int ndk_create_qp(struct ndk_kpd *pd, struct ndk_kcq *receive_cq, struct ndk_kcq *initiator_cq,
		  void *qp_context, u32 receive_depth, u32 initiator_depth, u32 max_receive_sge,
		  u32 max_initiator_sge, u32 inline_size, ndk_create_fn *created, void *context,
		  struct ndk_kqp **qp)
{
	const struct ib_qp_cap cap = {
		.max_recv_wr = receive_depth,
		.max_send_wr = initiator_depth,
		.max_recv_sge = max_receive_sge,
		.max_send_sge = max_initiator_sge,
		.max_inline_data = inline_size,
	};

	api_assert_any_context();
	return create(pd, receive_cq, initiator_cq, NULL, qp_context, &cap, created, context);
}
EXPORT_SYMBOL_GPL(ndk_create_qp);

int ndk_create_qp_with_srq(struct ndk_kpd *pd, struct ndk_kcq *receive_cq,
			   struct ndk_kcq *initiator_cq, struct ndk_ksrq *srq, void *qp_context,
			   u32 initiator_depth, u32 max_initiator_sge, u32 inline_size,
			   ndk_create_fn *created, void *context, struct ndk_kqp **qp)
{
	const struct ib_qp_cap cap = {
		.max_send_wr = initiator_depth,
		.max_send_sge = max_initiator_sge,
		.max_inline_data = inline_size,
	};

	api_assert_any_context();
	return create(pd, receive_cq, initiator_cq, srq, qp_context, &cap, created, context);
}
EXPORT_SYMBOL_GPL(ndk_create_qp_with_srq);

int ndk_close_qp(struct ndk_kqp *qp, ndk_close_fn *closed, void *context)
{
	api_assert_any_context();
	return api_close(&qp->obj, closed, context);
}
EXPORT_SYMBOL_GPL(ndk_close_qp);
