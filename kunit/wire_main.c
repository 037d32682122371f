// SPDX-License-Identifier: GPL-2.0
/*
 * ndk_wire_kunit: rules of the NDK contract that can be seen on the wire, on a
 * device that is there (parameter "device"). ndk_rules_kunit has the others, and
 * these again, against a mock; connections are in ndk_conn_kunit.
 */
#include <linux/module.h>

#include "wire_suite.h"

static char *device = "";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "RDMA device to test");

static struct ib_device *dev;

static struct ndk_defer_limits was;

static void restore_limits(void *limits)
{
	*(struct ndk_defer_limits *)limits = was;
}

/* A chain ends when the test says so, and not by the timer. */
static void no_timer(struct kunit *test)
{
	struct ndk_defer_limits *limits = &to_ndk_nic(dev)->limits;

	was = *limits;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, restore_limits, limits), 0);
	limits->usecs = 0;
}

struct wire wire(struct kunit *test)
{
	struct wire w;

	if (!dev)
		kunit_skip(test, "no device given");
	no_timer(test);
	w.e = renv_open(test, dev, NULL);
	w.from = rmem_new(w.e, 0, WIRE_BYTES);
	w.to = rmem_new(w.e, WIRE_FBO, WIRE_BYTES);
	w.a = rqp_new(w.e, WIRE_DEPTH);
	w.b = rqp_new(w.e, WIRE_DEPTH);
	rqp_join(w.e, w.a, w.b);
	wire_paint(w.from, 1);
	wire_paint(w.to, 101);
	w.bells = renv_stat(w.e, NDK_STAT_DOORBELLS);
	return w;
}

/* since the test began */
u64 wire_bells(struct wire *w)
{
	return renv_stat(w->e, NDK_STAT_DOORBELLS) - w->bells;
}

void wire_paint(struct rmem *m, u8 first)
{
	size_t i;

	for (i = 0; i < m->size; i++)
		m->va[i] = first + i % 97;
}

/* One complaint, with the place, however many bytes differ. */
void wire_expect(struct kunit *test, const u8 *got, const u8 *want, size_t num)
{
	size_t i;

	for (i = 0; i < num && got[i] == want[i]; i++)
		;
	KUNIT_EXPECT_EQ_MSG(test, i, num, "byte %zu is %#x", i, i < num ? got[i] : 0);
}

/* All of b's memory; the token. */
u32 wire_register(struct wire *w, struct ndk_kmr *mr, u32 flags)
{
	KUNIT_ASSERT_EQ(w->e->test, rreg(w->b, ID(900), mr, w->to, flags), 0);
	rexpect_ex(w->e, w->b->scq, ID(900), 0, NDK_OPERATION_FAST_REGISTER, NULL);
	return ndk_get_remote_token_from_mr(mr);
}

/* @off and @len of a's memory, cut at page boundaries */
static u32 cut(struct wire *w, struct rmem *mem, u32 off, u32 len, struct ndk_sge *sge)
{
	u32 num = 0, n;

	while (len) {
		n = min_t(u32, len, PAGE_SIZE - (mem->fbo + off) % PAGE_SIZE);
		sge[num++] = rmem_sge(w->e, mem, off, n);
		off += n;
		len -= n;
	}
	return num;
}

int wire_write(struct wire *w, void *context, u32 off, u32 len, u64 addr, u32 token, u32 flags)
{
	struct ndk_sge sge[4];
	u32 num = cut(w, w->from, off, len, sge);

	return ndk_write(w->a->qp, context, sge, num, addr, token, flags);
}

int wire_read(struct wire *w, void *context, u32 off, u32 len, u64 addr, u32 token, u32 flags)
{
	struct ndk_sge sge[4];
	u32 num = cut(w, w->from, off, len, sge);

	return ndk_read(w->a->qp, context, sge, num, addr, token, flags);
}

int wire_send(struct wire *w, void *context, u32 off, u32 len, u32 flags)
{
	struct ndk_sge sge[4];
	u32 num = cut(w, w->from, off, len, sge);

	return ndk_send(w->a->qp, context, sge, num, flags);
}

int wire_receive(struct wire *w, void *context, u32 off, u32 len)
{
	struct ndk_sge sge[4];
	u32 num = cut(w, w->to, off, len, sge);

	return ndk_receive(w->b->qp, context, sge, num);
}

/* The reference keeps the device from going; it is not ours otherwise. */
static int __init wire_init(void)
{
	int err;

	if (!*device)
		return 0;
	dev = ib_device_get_by_name(device, RDMA_DRIVER_UNKNOWN);
	if (!dev)
		return -ENODEV;
	err = renv_wait_gid(dev);
	if (err)
		ib_device_put(dev);
	return err;
}

static void __exit wire_exit(void)
{
	if (dev)
		ib_device_put(dev);
}

module_init(wire_init);
module_exit(wire_exit);

MODULE_DESCRIPTION("KUnit tests of the NDK kernel API on a device");
MODULE_LICENSE("GPL");
