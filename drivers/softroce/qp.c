// SPDX-License-Identifier: GPL-2.0
/*
 * Queue pairs: life, attributes, and the ways in and out of the engine.
 */
#include <linux/random.h>
#include <linux/slab.h>

#include "softroce.h"
#include "timing.h"

/*
 * A CQ handler may post, and the direct path may then complete at once and
 * call the next handler. Posts from inside a handler are left to a work item,
 * so the stack does not grow with the conversation.
 */
static DEFINE_PER_CPU(bool, sr_notifying);

static void notify(struct ndk_notify *n)
{
	bool outer;

	if (ndk_notify_is_empty(n))
		return;
	outer = __this_cpu_read(sr_notifying);
	__this_cpu_write(sr_notifying, true);
	ndk_notify_flush(n);
	__this_cpu_write(sr_notifying, outer);
}

/**
 * sr_leave() - end of a turn: packets out, handlers called
 * @qp: the QP
 * @tx: the side whose turn it was
 * @n: events owed
 *
 * Context: bottom halves off, RCU read section, no lock held.
 */
void sr_leave(struct sr_qp *qp, struct sr_tx *tx, struct ndk_notify *n)
{
	sr_tx_flush(qp, tx);
	notify(n);
}

/**
 * sr_qp_kick() - have the work item look at the QP
 * @qp: the QP
 */
void sr_qp_kick(struct sr_qp *qp)
{
	queue_work(system_bh_wq, &qp->work);
}

/**
 * sr_qp_fail_locked() - the QP is in error, or goes there: flush it
 * @qp: the QP, its s.lock held
 * @n: collects events
 */
void sr_qp_fail_locked(struct sr_qp *qp, struct ndk_notify *n)
{
	if (qp->dead)
		return;
	WRITE_ONCE(qp->state, IB_QPS_ERR);
	ndk_qp_enter_error(qp->nqp, false);
	sr_qp_flush_sends(qp, n);

	spin_lock(&qp->r.lock);
	sr_resp_flush(qp, n);
	spin_unlock(&qp->r.lock);
}

/**
 * sr_qp_flush_sends() - flush the send queue
 * @qp: the QP in error or SQ error, its s.lock held
 * @n: collects events
 */
void sr_qp_flush_sends(struct sr_qp *qp, struct ndk_notify *n)
{
	struct sr_send *s = &qp->s;

	if (qp->dead)
		return;
	ndk_sq_flush(qp->nqp, n);
	s->una = READ_ONCE(s->end);
	s->cur = s->una;
	s->started = s->una;
	s->rd_n = 0;
	s->una_psn = s->new_psn;
	s->next_psn = s->new_psn;
	s->hi_psn = s->new_psn;
	s->rnr_wait = false;
	s->bad = false;
}

/**
 * sr_qp_fail_responder() - the responder found an error
 * @qp: the QP, its r.lock held
 * @n: collects events
 *
 * The work item flushes: that takes s.lock.
 */
void sr_qp_fail_responder(struct sr_qp *qp, struct ndk_notify *n)
{
	WRITE_ONCE(qp->state, IB_QPS_ERR);
	ndk_qp_enter_error(qp->nqp, false);
	sr_qp_kick(qp);
}

/*
 * Without acknowledges only time tells. Overtaken, a message of an unreliable
 * connection is lost; datagrams have no order to lose.
 */
static bool maybe_in_flight(const struct sr_qp *qp)
{
	const struct sr_send *s = &qp->s;

	if (qp->type == IB_QPT_UC)
		return time_is_after_jiffies(READ_ONCE(s->tx.stamp) + SR_UC_SETTLE);
	return sr_outstanding(s);
}

/* Packets of another CPU are in flight: not yet, ours would overtake them. */
static bool overtakes(const struct sr_qp *qp)
{
	const struct sr_send *s = &qp->s;
	int cpu = READ_ONCE(s->tx.cpu);

	return maybe_in_flight(qp) && cpu != smp_processor_id() && cpu_online(cpu) &&
	       sr_qp_can_send(qp);
}

static void run(struct sr_qp *qp)
{
	struct ndk_notify n;
	bool mine;

	ndk_notify_init(&n);
	spin_lock(&qp->s.lock);
	/* a late work item: the other CPU goes on when its answer comes */
	mine = !qp->dead && !(overtakes(qp) && sr_answer_due(&qp->s));
	if (mine)
		sr_req_run(qp, &n);
	spin_unlock(&qp->s.lock);
	if (mine)
		sr_leave(qp, &qp->s.tx, &n);
}

static void run_responder(struct sr_qp *qp)
{
	struct ndk_notify n;

	ndk_notify_init(&n);
	spin_lock(&qp->r.lock);
	if (!qp->dead && sr_qp_can_receive(qp))
		sr_resp_continue(qp, &n);
	spin_unlock(&qp->r.lock);
	sr_leave(qp, &qp->r.tx, &n);
}

static void work_fn(struct work_struct *work)
{
	struct sr_qp *qp = container_of(work, struct sr_qp, work);

	rcu_read_lock();
	run(qp);
	if (READ_ONCE(qp->r.rd_left) || !skb_queue_empty_lockless(&qp->r.backlog))
		run_responder(qp);
	rcu_read_unlock();
}

/**
 * sr_doorbell() - see struct ndk_nic_ops
 * @nqp: the QP
 * @first: unused: what is before it was indicated earlier
 * @end: index behind the last request
 * @refused: unused: nothing is ever refused here
 *
 * Return: 0.
 */
int sr_doorbell(struct ndk_qp *nqp, u32 first, u32 end, u32 *refused)
{
	struct sr_qp *qp = nqp->priv;

	/* pairs with the acquire loads of the requester: slots, then index */
	smp_store_release(&qp->s.end, end);
	return 0;
}

/*
 * Packets of one QP sent from two CPUs overtake each other: lo and veth queue
 * per CPU. So while another CPU's packets are in flight, that CPU goes on: by
 * itself when the acknowledge comes, or now if none was asked for.
 */
static bool leave_to_owner(struct sr_qp *qp)
{
	struct sr_send *s = &qp->s;

	if (!overtakes(qp))
		return false;
	if (s->unasked || qp->type == IB_QPT_UC) {
		/* once all is answered the QP may change CPUs */
		s->ack_owed = true;
		queue_work_on(READ_ONCE(s->tx.cpu), system_bh_wq, &qp->work);
	}
	return true;
}

static void run_posted(struct sr_qp *qp)
{
	struct ndk_notify n;
	bool mine;

	ndk_notify_init(&n);
	spin_lock(&qp->s.lock);
	mine = !qp->dead && !leave_to_owner(qp);
	if (mine)
		sr_req_run(qp, &n);
	spin_unlock(&qp->s.lock);
	/* what the owner has built and not sent yet, it sends */
	if (mine)
		sr_leave(qp, &qp->s.tx, &n);
}

/* Something is indicated and not sent, and may be sent now. */
static bool unfinished(const struct sr_qp *qp)
{
	return READ_ONCE(qp->s.cur) != READ_ONCE(qp->s.end) && sr_qp_can_send(qp) &&
	       !READ_ONCE(qp->s.rnr_wait);
}

/*
 * A long chain is more than one turn. Between turns bottom halves are on, so
 * the packets sent are received and answered: the poster pays for what it
 * posted, and no thread of the kernel's has to be scheduled for it.
 */
static void turns(struct sr_qp *qp)
{
	int left = softirq_count() ? 1 : SR_POST_TURNS;

	do {
		local_bh_disable();
		rcu_read_lock();
		run_posted(qp);
		rcu_read_unlock();
		local_bh_enable();
	} while (--left && unfinished(qp));
}

/**
 * sr_progress() - see struct ndk_nic_ops: work in the poster's own context
 * @nqp: the QP
 */
void sr_progress(struct ndk_qp *nqp)
{
	struct sr_qp *qp = nqp->priv;

	/* the network stack turns bottom halves on, so interrupts must be on */
	if (in_hardirq() || irqs_disabled()) {
		sr_qp_kick(qp);
		return;
	}
	/* handlers run with bottom halves off, so the flag is this context's */
	if (softirq_count() && this_cpu_read(sr_notifying))
		sr_qp_kick(qp);
	else
		turns(qp);
}

static bool known_type(enum ib_qp_type type)
{
	return type == IB_QPT_RC || type == IB_QPT_UC || type == IB_QPT_UD ||
	       type == IB_QPT_GSI;
}

static u8 transport_of(enum ib_qp_type type)
{
	switch (type) {
	case IB_QPT_RC:
		return SR_TRANSPORT_RC;
	case IB_QPT_UC:
		return SR_TRANSPORT_UC;
	default:
		return SR_TRANSPORT_UD;
	}
}

static void init_qp(struct sr_qp *qp, struct ndk_qp *nqp, enum ib_qp_type type)
{
	static atomic64_t last_id;

	qp->id = atomic64_inc_return(&last_id);
	qp->type = type;
	qp->transport = transport_of(type);
	qp->qkey = type == IB_QPT_GSI ? SR_GSI_QKEY : 0;
	qp->nqp = nqp;
	qp->dev = nqp->nic->priv;
	qp->state = IB_QPS_RESET;
	/* until RTR says more */
	qp->mtu = 256;
	qp->mtu_shift = ilog2(qp->mtu);
	spin_lock_init(&qp->s.lock);
	spin_lock_init(&qp->r.lock);
	skb_queue_head_init(&qp->s.tx.queue);
	skb_queue_head_init(&qp->r.tx.queue);
	__skb_queue_head_init(&qp->r.backlog);
	INIT_WORK(&qp->work, work_fn);
	sr_req_timers_init(qp);
}

/* From here on packets find it. */
static int publish(struct sr_qp *qp)
{
	struct sr_table *qps = &qp->dev->sn->qps;
	int err;

	/* 0 and 1 have fixed meanings, so has the last; up to 15 keep a distance */
	err = sr_table_reserve(qps, &qp->node, XA_LIMIT(16, SR_MCAST_QPN - 1));
	if (err)
		return err;
	qp->nqp->ibqp.qp_num = sr_qpn(qp);
	sr_table_add(qps, &qp->node);
	return 0;
}

static int publish_gsi(struct sr_qp *qp)
{
	qp->node.number = SR_GSI_QPN;
	qp->nqp->ibqp.qp_num = SR_GSI_QPN;
	/* the core makes one per port */
	if (cmpxchg((struct sr_qp **)&qp->dev->gsi, NULL, qp))
		return -EBUSY;
	return 0;
}

static void unpublish(struct sr_qp *qp)
{
	if (qp->type == IB_QPT_GSI)
		RCU_INIT_POINTER(qp->dev->gsi, NULL);
	else
		sr_table_remove(&qp->dev->sn->qps, &qp->node);
	if (qp->type == IB_QPT_UD)
		sr_mcast_forget(qp);
}

/**
 * sr_qp_create() - see struct ndk_nic_ops
 * @nqp: the QP
 * @init: as created
 *
 * Return: 0 or a negative errno.
 */
int sr_qp_create(struct ndk_qp *nqp, const struct ib_qp_init_attr *init)
{
	struct sr_dev *dev = nqp->nic->priv;
	struct sr_qp *qp;
	int err;

	if (!known_type(init->qp_type)) {
		ibdev_dbg(&dev->nic->ibdev, "QP type %d is not supported\n", init->qp_type);
		return -EOPNOTSUPP;
	}
	qp = kzalloc(sizeof(*qp), GFP_KERNEL_ACCOUNT);
	if (!qp)
		return -ENOMEM;
	init_qp(qp, nqp, init->qp_type);
	nqp->priv = qp;
	err = init->qp_type == IB_QPT_GSI ? publish_gsi(qp) : publish(qp);
	if (err)
		kfree(qp);
	return err;
}

/* Nothing starts any more, and what runs has ended on return. */
static void stop(struct sr_qp *qp)
{
	spin_lock_bh(&qp->s.lock);
	spin_lock(&qp->r.lock);
	qp->dead = true;
	WRITE_ONCE(qp->state, IB_QPS_RESET);
	spin_unlock(&qp->r.lock);
	spin_unlock_bh(&qp->s.lock);
	disable_work_sync(&qp->work);
	hrtimer_cancel(&qp->s.timer);
	hrtimer_cancel(&qp->s.rnr_timer);
	/* packets, posters and peers that found the QP before */
	synchronize_rcu_expedited();
}

/* Forget what was going on. Nobody else is in the engine with this QP. */
static void forget(struct sr_qp *qp)
{
	skb_queue_purge(&qp->s.tx.queue);
	skb_queue_purge(&qp->r.tx.queue);
	__skb_queue_purge(&qp->r.backlog);
	sr_av_drop_route(&qp->s.tx.route);
	sr_av_drop_route(&qp->r.tx.route);
	memset(&qp->av, 0, sizeof(qp->av));
	kfree(qp->s.rd);
	kfree(qp->r.atomics);
	qp->s.rd = NULL;
	qp->r.atomics = NULL;
}

/**
 * sr_qp_destroy() - see struct ndk_nic_ops
 * @nqp: the QP
 */
void sr_qp_destroy(struct ndk_qp *nqp)
{
	struct sr_qp *qp = nqp->priv;

	unpublish(qp);
	stop(qp);
	forget(qp);
	kfree(qp);
}

static void to_reset(struct sr_qp *qp)
{
	struct sr_send *s = &qp->s;
	struct sr_recv *r = &qp->r;

	stop(qp);
	forget(qp);
	s->end = 0;
	s->una = 0;
	s->cur = 0;
	s->started = 0;
	s->unasked = 0;
	s->ack_owed = false;
	s->rd_gap = false;
	s->rnr_wait = false;
	s->bad = false;
	s->drain = false;
	s->armed = false;
	s->rd_size = 0;
	s->rd_n = 0;
	s->rd_tail = 0;
	memset(&s->tx.crc, 0, sizeof(s->tx.crc));
	memset(&r->tx.crc, 0, sizeof(r->tx.crc));
	r->op = 0;
	r->msn = 0;
	r->rd_left = 0;
	r->nak_sent = false;
	r->have_rwqe = false;
	r->comm_est = false;
	r->atomics_size = 0;
	r->atomics_next = 0;
	qp->dead = false;
	enable_work(&qp->work);
}

static void to_error(struct sr_qp *qp)
{
	struct ndk_notify n;

	ndk_notify_init(&n);
	local_bh_disable();
	rcu_read_lock();
	spin_lock(&qp->s.lock);
	sr_qp_fail_locked(qp, &n);
	spin_unlock(&qp->s.lock);
	sr_leave(qp, &qp->s.tx, &n);
	rcu_read_unlock();
	local_bh_enable();
}

static int set_rd_atomic(struct sr_qp *qp, u8 n)
{
	struct sr_rd *rd = kcalloc(max_t(u8, n, 1), sizeof(*rd), GFP_KERNEL_ACCOUNT), *old;

	if (!rd)
		return -ENOMEM;
	spin_lock_bh(&qp->s.lock);
	if (qp->s.rd_n) {
		/* SQD that has not drained */
		spin_unlock_bh(&qp->s.lock);
		kfree(rd);
		return -EBUSY;
	}
	old = qp->s.rd;
	qp->s.rd = rd;
	qp->s.rd_size = n;
	qp->s.rd_tail = 0;
	spin_unlock_bh(&qp->s.lock);
	kfree(old);
	return 0;
}

/*
 * Once, before the first request can come: the ring may not change under a
 * responder that uses it.
 */
static int set_dest_rd_atomic(struct sr_qp *qp, u8 n, enum ib_qp_state from)
{
	struct sr_atomic *a;

	if (from != IB_QPS_INIT)
		return qp->r.atomics_size == n ? 0 : -EOPNOTSUPP;
	a = kcalloc(max_t(u8, n, 1), sizeof(*a), GFP_KERNEL_ACCOUNT);
	if (!a)
		return -ENOMEM;
	/* an earlier try at RTR may have failed further on */
	kfree(qp->r.atomics);
	qp->r.atomics = a;
	qp->r.atomics_size = n;
	return 0;
}

/* What takes memory or may fail comes first. */
static int set_resources(struct sr_qp *qp, const struct ib_qp_attr *attr, int mask,
			 enum ib_qp_state from)
{
	int err = 0;

	if (mask & IB_QP_MAX_DEST_RD_ATOMIC)
		err = set_dest_rd_atomic(qp, attr->max_dest_rd_atomic, from);
	if (!err && mask & IB_QP_MAX_QP_RD_ATOMIC)
		err = set_rd_atomic(qp, attr->max_rd_atomic);
	if (!err && mask & IB_QP_DEST_QPN)
		qp->dest_qpn = attr->dest_qp_num;
	if (!err && mask & IB_QP_AV) {
		/* a new path in SQD: keep packets from being built meanwhile */
		spin_lock_bh(&qp->s.lock);
		spin_lock(&qp->r.lock);
		err = sr_av_set(qp, &attr->ah_attr);
		memset(&qp->s.tx.crc, 0, sizeof(qp->s.tx.crc));
		memset(&qp->r.tx.crc, 0, sizeof(qp->r.tx.crc));
		spin_unlock(&qp->r.lock);
		spin_unlock_bh(&qp->s.lock);
	}
	return err;
}

static void set_psns(struct sr_qp *qp, const struct ib_qp_attr *attr, int mask)
{
	struct sr_send *s = &qp->s;

	if (mask & IB_QP_RQ_PSN)
		qp->r.epsn = attr->rq_psn & SR_PSN_MASK;
	if (mask & IB_QP_SQ_PSN) {
		s->new_psn = attr->sq_psn & SR_PSN_MASK;
		s->una_psn = s->new_psn;
		s->next_psn = s->new_psn;
		s->hi_psn = s->new_psn;
		s->window = SR_WINDOW;
	}
}

static void set_attr(struct sr_qp *qp, const struct ib_qp_attr *attr, int mask)
{
	if (mask & IB_QP_PATH_MTU) {
		qp->mtu = ib_mtu_enum_to_int(attr->path_mtu);
		qp->mtu_shift = ilog2(qp->mtu);
	}
	if (mask & IB_QP_QKEY)
		qp->qkey = attr->qkey;
	if (mask & IB_QP_ACCESS_FLAGS)
		qp->access = attr->qp_access_flags;
	if (mask & IB_QP_MIN_RNR_TIMER)
		qp->min_rnr = attr->min_rnr_timer;
	if (mask & IB_QP_TIMEOUT)
		qp->s.timeout_ns = sr_timeout_ns(attr->timeout);
	if (mask & IB_QP_RETRY_CNT) {
		qp->attr_retry = attr->retry_cnt;
		qp->s.retry = attr->retry_cnt;
	}
	if (mask & IB_QP_RNR_RETRY) {
		qp->attr_rnr_retry = attr->rnr_retry;
		qp->s.rnr_retry = attr->rnr_retry;
	}
	set_psns(qp, attr, mask);
}

/* Requests that have started finish, no other starts. */
static void enter_sqd(struct sr_qp *qp, const struct ib_qp_attr *attr, int mask,
		      struct ndk_notify *n)
{
	qp->s.drain = mask & IB_QP_EN_SQD_ASYNC_NOTIFY && attr->en_sqd_async_notify;
	/* what is in flight may not have asked for an acknowledge: ask now */
	if (sr_outstanding(&qp->s))
		sr_req_rewind(qp);
	sr_req_drained(qp, n);
}

static int change(struct sr_qp *qp, const struct ib_qp_attr *attr, int mask,
		  enum ib_qp_state from, enum ib_qp_state to)
{
	struct ndk_notify n;
	int err = 0;

	ndk_notify_init(&n);
	local_bh_disable();
	rcu_read_lock();
	spin_lock(&qp->s.lock);
	spin_lock(&qp->r.lock);
	set_attr(qp, attr, mask);
	/* an error may have come first, it stays */
	if (qp->state != from)
		err = -EINVAL;
	else
		WRITE_ONCE(qp->state, to);
	spin_unlock(&qp->r.lock);
	if (!err && to == IB_QPS_SQD && from == IB_QPS_RTS)
		enter_sqd(qp, attr, mask, &n);
	spin_unlock(&qp->s.lock);
	sr_leave(qp, &qp->s.tx, &n);
	rcu_read_unlock();
	local_bh_enable();
	if (!err && to == IB_QPS_SQD)
		sr_qp_kick(qp);
	return err;
}

/**
 * sr_qp_modify() - see struct ndk_nic_ops
 * @nqp: the QP
 * @attr: new attributes
 * @mask: which of them
 * @from: old state
 * @to: new state
 *
 * Return: 0 or a negative errno.
 */
int sr_qp_modify(struct ndk_qp *nqp, const struct ib_qp_attr *attr, int mask,
		 enum ib_qp_state from, enum ib_qp_state to)
{
	struct sr_qp *qp = nqp->priv;
	int err;

	switch (to) {
	case IB_QPS_RESET:
		to_reset(qp);
		return 0;
	case IB_QPS_ERR:
		to_error(qp);
		return 0;
	default:
		err = set_resources(qp, attr, mask, from);
		return err ?: change(qp, attr, mask, from, to);
	}
}

/**
 * sr_qp_query() - see struct ndk_nic_ops
 * @nqp: the QP
 * @attr: what the transport moves is stored here
 */
void sr_qp_query(struct ndk_qp *nqp, struct ib_qp_attr *attr)
{
	struct sr_qp *qp = nqp->priv;

	attr->sq_psn = READ_ONCE(qp->s.new_psn);
	attr->rq_psn = READ_ONCE(qp->r.epsn);
	attr->sq_draining = READ_ONCE(qp->state) == IB_QPS_SQD &&
			    READ_ONCE(qp->s.una) != READ_ONCE(qp->s.started);
}
