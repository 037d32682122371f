// SPDX-License-Identifier: GPL-2.0
/*
 * Queue pair states and attributes. The table is that of the InfiniBand
 * architecture specification, volume 1, 10.3.1 and 11.2.5.2, for RC, with one
 * addition of the Linux core: leaving SQE, which RC does not enter by itself.
 */
#include "provider_env.h"

#define STATES	(IB_QPS_ERR + 1)

static const char * const state_name[STATES] = {
	"RESET", "INIT", "RTR", "RTS", "SQD", "SQE", "ERR",
};

/* rows: from; columns: to RESET, INIT, RTR, RTS, SQD, SQE, ERR */
static const bool allowed[STATES][STATES] = {
	[IB_QPS_RESET]	= { 1, 1, 0, 0, 0, 0, 0 },
	[IB_QPS_INIT]	= { 1, 1, 1, 0, 0, 0, 1 },
	[IB_QPS_RTR]	= { 1, 0, 0, 1, 0, 0, 1 },
	[IB_QPS_RTS]	= { 1, 0, 0, 1, 1, 0, 1 },
	[IB_QPS_SQD]	= { 1, 0, 0, 1, 1, 0, 1 },
	[IB_QPS_SQE]	= { 1, 0, 0, 1, 0, 0, 1 },
	[IB_QPS_ERR]	= { 1, 0, 0, 0, 0, 0, 1 },
};

struct pair {
	enum ib_qp_state from;
	enum ib_qp_state to;
};

static const void *pair_gen_params(const void *prev, char *desc)
{
	static struct pair p;

	if (!prev)
		p = (struct pair){};
	else if (p.to++ == IB_QPS_ERR)
		p = (struct pair){ p.from + 1, IB_QPS_RESET };
	if (p.from == STATES)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s to %s", state_name[p.from], state_name[p.to]);
	return &p;
}

static void every_pair_of_states(struct kunit *test)
{
	const struct pair *p = test->param_value;
	struct env *e = env_create(test);
	struct ib_qp *qp = env_qp(e, 8);
	struct ib_qp_attr attr;
	int mask, err;

	KUNIT_ASSERT_EQ(test, env_go_to(qp, p->from), 0);
	env_fill_attr(qp, p->to, &attr, &mask);
	/* only the ordinary way up takes attributes */
	if (p->to != p->from + 1)
		mask = IB_QP_STATE;

	err = ib_modify_qp(qp, &attr, mask);

	KUNIT_EXPECT_EQ(test, err, allowed[p->from][p->to] ? 0 : -EINVAL);
	KUNIT_EXPECT_EQ(test, env_state(qp), err ? p->from : p->to);
}

struct mandatory {
	const char *desc;
	enum ib_qp_state from;
	int bit;
};

static const struct mandatory mandatories[] = {
	{ "INIT: pkey index", IB_QPS_RESET, IB_QP_PKEY_INDEX },
	{ "INIT: port", IB_QPS_RESET, IB_QP_PORT },
	{ "INIT: access flags", IB_QPS_RESET, IB_QP_ACCESS_FLAGS },
	{ "RTR: address vector", IB_QPS_INIT, IB_QP_AV },
	{ "RTR: path MTU", IB_QPS_INIT, IB_QP_PATH_MTU },
	{ "RTR: destination QP", IB_QPS_INIT, IB_QP_DEST_QPN },
	{ "RTR: receive PSN", IB_QPS_INIT, IB_QP_RQ_PSN },
	{ "RTR: responder resources", IB_QPS_INIT, IB_QP_MAX_DEST_RD_ATOMIC },
	{ "RTR: RNR timer", IB_QPS_INIT, IB_QP_MIN_RNR_TIMER },
	{ "RTS: send PSN", IB_QPS_RTR, IB_QP_SQ_PSN },
	{ "RTS: timeout", IB_QPS_RTR, IB_QP_TIMEOUT },
	{ "RTS: retry count", IB_QPS_RTR, IB_QP_RETRY_CNT },
	{ "RTS: RNR retry count", IB_QPS_RTR, IB_QP_RNR_RETRY },
	{ "RTS: initiator depth", IB_QPS_RTR, IB_QP_MAX_QP_RD_ATOMIC },
};

KUNIT_ARRAY_PARAM_DESC(mandatory, mandatories, desc);

static void missing_attribute_is_refused(struct kunit *test)
{
	const struct mandatory *c = test->param_value;
	struct env *e = env_create(test);
	struct ib_qp *qp = env_qp(e, 8);
	struct ib_qp_attr attr;
	int mask;

	KUNIT_ASSERT_EQ(test, env_go_to(qp, c->from), 0);
	env_fill_attr(qp, c->from + 1, &attr, &mask);

	KUNIT_EXPECT_EQ(test, ib_modify_qp(qp, &attr, mask & ~c->bit), -EINVAL);
	KUNIT_EXPECT_EQ(test, env_state(qp), c->from);
	KUNIT_EXPECT_EQ_MSG(test, ib_modify_qp(qp, &attr, mask), 0, "with it");
}

struct bad_value {
	const char *desc;
	enum ib_qp_state from;
	int extra;
	void (*set)(struct ib_qp_attr *a);
	int err;
};

static void set_pkey(struct ib_qp_attr *a)
{
	a->pkey_index = 1;
}

static void set_port_0(struct ib_qp_attr *a)
{
	a->port_num = 0;
}

static void set_port_2(struct ib_qp_attr *a)
{
	a->port_num = 2;
}

static void set_access(struct ib_qp_attr *a)
{
	a->qp_access_flags = BIT(19);
}

static void set_mtu_0(struct ib_qp_attr *a)
{
	a->path_mtu = 0;
}

static void set_mtu_big(struct ib_qp_attr *a)
{
	a->path_mtu = MOCK_MTU + 1;
}

static void set_mtu_wild(struct ib_qp_attr *a)
{
	a->path_mtu = 200;
}

static void set_dest(struct ib_qp_attr *a)
{
	a->dest_qp_num = 0x1000000;
}

static void set_dest_rd(struct ib_qp_attr *a)
{
	a->max_dest_rd_atomic = MOCK_MAX_RD + 1;
}

static void set_rnr_timer(struct ib_qp_attr *a)
{
	a->min_rnr_timer = 32;
}

static void set_no_grh(struct ib_qp_attr *a)
{
	a->ah_attr.ah_flags = 0;
}

static void set_timeout(struct ib_qp_attr *a)
{
	a->timeout = 32;
}

static void set_retry(struct ib_qp_attr *a)
{
	a->retry_cnt = 8;
}

static void set_rnr_retry(struct ib_qp_attr *a)
{
	a->rnr_retry = 8;
}

static void set_rd(struct ib_qp_attr *a)
{
	a->max_rd_atomic = MOCK_MAX_RD + 1;
}

static void set_nothing(struct ib_qp_attr *a)
{
}

static void set_cur(struct ib_qp_attr *a)
{
	a->cur_qp_state = IB_QPS_RTS;
}

static const struct bad_value bad_values[] = {
	{ "pkey index", IB_QPS_RESET, 0, set_pkey, -EINVAL },
	{ "port 0", IB_QPS_RESET, 0, set_port_0, -EINVAL },
	{ "port 2", IB_QPS_RESET, 0, set_port_2, -EINVAL },
	{ "unknown access flag", IB_QPS_RESET, 0, set_access, -EINVAL },
	{ "MTU 0", IB_QPS_INIT, 0, set_mtu_0, -EINVAL },
	{ "MTU above the port's", IB_QPS_INIT, 0, set_mtu_big, -EINVAL },
	{ "MTU that is none", IB_QPS_INIT, 0, set_mtu_wild, -EINVAL },
	{ "destination of 25 bits", IB_QPS_INIT, 0, set_dest, -EINVAL },
	{ "responder resources", IB_QPS_INIT, 0, set_dest_rd, -EINVAL },
	{ "RNR timer of 6 bits", IB_QPS_INIT, 0, set_rnr_timer, -EINVAL },
	{ "no global route", IB_QPS_INIT, 0, set_no_grh, -EINVAL },
	{ "alternate path", IB_QPS_INIT, IB_QP_ALT_PATH, set_nothing, -EOPNOTSUPP },
	{ "qkey of another transport", IB_QPS_INIT, IB_QP_QKEY, set_nothing, -EINVAL },
	{ "timeout of 6 bits", IB_QPS_RTR, 0, set_timeout, -EINVAL },
	{ "retry count of 4 bits", IB_QPS_RTR, 0, set_retry, -EINVAL },
	{ "RNR retry count of 4 bits", IB_QPS_RTR, 0, set_rnr_retry, -EINVAL },
	{ "initiator depth", IB_QPS_RTR, 0, set_rd, -EINVAL },
	{ "path MTU on the way to RTS", IB_QPS_RTR, IB_QP_PATH_MTU, set_nothing, -EINVAL },
	{ "another current state", IB_QPS_RTR, IB_QP_CUR_STATE, set_cur, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(bad_value, bad_values, desc);

static void bad_value_is_refused(struct kunit *test)
{
	const struct bad_value *c = test->param_value;
	struct env *e = env_create(test);
	struct ib_qp *qp = env_qp(e, 8);
	struct ib_qp_attr attr;
	unsigned int modified;
	int mask, err;

	KUNIT_ASSERT_EQ(test, env_go_to(qp, c->from), 0);
	modified = to_mock_qp(qp)->modified;
	env_fill_attr(qp, c->from + 1, &attr, &mask);
	c->set(&attr);

	/*
	 * Straight to the provider: the core looks at some of these first, or
	 * trusts a kernel caller where it would check a program's value.
	 */
	err = e->dev->ops.modify_qp(qp, &attr, mask | c->extra, NULL);

	KUNIT_EXPECT_EQ(test, err, c->err);
	KUNIT_EXPECT_EQ(test, to_mock_qp(qp)->modified, modified);
	KUNIT_EXPECT_EQ(test, env_state(qp), c->from);
}

static void query_returns_what_was_set(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 8);
	struct ib_qp_init_attr init;
	struct ib_qp_attr a;

	KUNIT_ASSERT_EQ(test, ib_query_qp(qp, &a, 0, &init), 0);

	KUNIT_EXPECT_EQ(test, a.qp_state, IB_QPS_RTS);
	KUNIT_EXPECT_EQ(test, a.cur_qp_state, IB_QPS_RTS);
	KUNIT_EXPECT_EQ(test, a.path_mtu, MOCK_MTU);
	KUNIT_EXPECT_EQ(test, a.path_mig_state, IB_MIG_MIGRATED);
	KUNIT_EXPECT_EQ(test, a.dest_qp_num, 0x123456);
	KUNIT_EXPECT_EQ(test, a.rq_psn, 0xabcdef);
	KUNIT_EXPECT_EQ(test, a.sq_psn, 0xfedcba);
	KUNIT_EXPECT_EQ(test, a.port_num, 1);
	KUNIT_EXPECT_EQ(test, a.pkey_index, 0);
	KUNIT_EXPECT_EQ(test, a.qp_access_flags, IB_ACCESS_REMOTE_WRITE | IB_ACCESS_REMOTE_READ);
	KUNIT_EXPECT_EQ(test, a.max_dest_rd_atomic, 4);
	KUNIT_EXPECT_EQ(test, a.max_rd_atomic, 3);
	KUNIT_EXPECT_EQ(test, a.min_rnr_timer, 12);
	KUNIT_EXPECT_EQ(test, a.timeout, 14);
	KUNIT_EXPECT_EQ(test, a.retry_cnt, 5);
	KUNIT_EXPECT_EQ(test, a.rnr_retry, 6);
	KUNIT_EXPECT_EQ(test, rdma_ah_read_grh(&a.ah_attr)->hop_limit, 64);
	KUNIT_EXPECT_PTR_EQ(test, init.send_cq, e->scq->cq);
	KUNIT_EXPECT_PTR_EQ(test, init.recv_cq, e->rcq->cq);
	KUNIT_EXPECT_EQ(test, init.qp_type, IB_QPT_RC);
	KUNIT_EXPECT_EQ(test, init.sq_sig_type, IB_SIGNAL_REQ_WR);
	KUNIT_EXPECT_GE(test, a.cap.max_send_wr, 8);
	KUNIT_EXPECT_GE(test, a.cap.max_recv_wr, 8);
	KUNIT_EXPECT_GE(test, a.cap.max_send_sge, MOCK_MAX_SGE);
	KUNIT_EXPECT_GE(test, a.cap.max_inline_data, MOCK_MAX_INLINE);
}

static void reset_forgets_attributes(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_rts_qp(e, 8);
	struct ib_qp_init_attr init;
	struct ib_qp_attr a;

	KUNIT_ASSERT_EQ(test, env_modify(qp, IB_QPS_RESET), 0);
	KUNIT_ASSERT_EQ(test, ib_query_qp(qp, &a, 0, &init), 0);

	KUNIT_EXPECT_EQ(test, a.qp_state, IB_QPS_RESET);
	KUNIT_EXPECT_EQ(test, a.dest_qp_num, 0);
	KUNIT_EXPECT_EQ(test, a.rq_psn, 0);
	KUNIT_EXPECT_GE(test, a.cap.max_send_wr, 8);
}

static void nic_that_refuses_a_modify_leaves_the_state(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_qp(e, 8);
	struct ib_qp_init_attr init;
	struct ib_qp_attr a;

	KUNIT_ASSERT_EQ(test, env_go_to(qp, IB_QPS_INIT), 0);
	to_mock_qp(qp)->modify_err = -EHOSTUNREACH;

	KUNIT_EXPECT_EQ(test, env_modify(qp, IB_QPS_RTR), -EHOSTUNREACH);
	KUNIT_EXPECT_EQ(test, env_state(qp), IB_QPS_INIT);
	KUNIT_ASSERT_EQ(test, ib_query_qp(qp, &a, 0, &init), 0);
	KUNIT_EXPECT_EQ(test, a.dest_qp_num, 0);
}

static void psn_is_taken_modulo_2_24(struct kunit *test)
{
	struct env *e = env_create(test);
	struct ib_qp *qp = env_qp(e, 8);
	struct ib_qp_init_attr init;
	struct ib_qp_attr a;
	int mask;

	KUNIT_ASSERT_EQ(test, env_go_to(qp, IB_QPS_INIT), 0);
	env_fill_attr(qp, IB_QPS_RTR, &a, &mask);
	a.rq_psn = 0xff000001;
	KUNIT_ASSERT_EQ(test, ib_modify_qp(qp, &a, mask), 0);
	KUNIT_ASSERT_EQ(test, ib_query_qp(qp, &a, 0, &init), 0);

	KUNIT_EXPECT_EQ(test, a.rq_psn, 1);
}

static struct kunit_case provider_state_cases[] = {
	KUNIT_CASE_PARAM(every_pair_of_states, pair_gen_params),
	KUNIT_CASE_PARAM(missing_attribute_is_refused, mandatory_gen_params),
	KUNIT_CASE_PARAM(bad_value_is_refused, bad_value_gen_params),
	KUNIT_CASE(query_returns_what_was_set),
	KUNIT_CASE(reset_forgets_attributes),
	KUNIT_CASE(nic_that_refuses_a_modify_leaves_the_state),
	KUNIT_CASE(psn_is_taken_modulo_2_24),
	{}
};

static struct kunit_suite provider_state_suite = {
	.name = "ndk_provider_state",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.test_cases = provider_state_cases,
};

kunit_test_suite(provider_state_suite);
