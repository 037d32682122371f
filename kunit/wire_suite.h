/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The suites of ndk_wire_kunit: two queue pairs of one device that is there, joined
 * to each other.
 *
 *	a ---- requests ----> b
 */
#ifndef _WIRE_SUITE_H
#define _WIRE_SUITE_H

#include "rules_env.h"

/**
 * struct wire - one test's connection
 * @e: the world
 * @a: posts requests
 * @b: has memory and receives
 * @from: memory of @a
 * @to: memory of @b, which begins in the middle of a page
 * @bells: doorbells when the test began
 */
struct wire {
	struct renv *e;
	struct rqp *a;
	struct rqp *b;
	struct rmem *from;
	struct rmem *to;
	u64 bells;
};

#define WIRE_DEPTH	32
#define WIRE_FBO	200
#define WIRE_BYTES	(3 * PAGE_SIZE)

#define REMOTE_READ	NDK_OP_FLAG_ALLOW_REMOTE_READ
#define REMOTE_WRITE	NDK_OP_FLAG_ALLOW_REMOTE_WRITE

struct wire wire(struct kunit *test);
u64 wire_bells(struct wire *w);
void wire_paint(struct rmem *m, u8 first);
void wire_expect(struct kunit *test, const u8 *got, const u8 *want, size_t num);
u32 wire_register(struct wire *w, struct ndk_kmr *mr, u32 flags);
int wire_write(struct wire *w, void *context, u32 off, u32 len, u64 addr, u32 token, u32 flags);
int wire_read(struct wire *w, void *context, u32 off, u32 len, u64 addr, u32 token, u32 flags);
int wire_send(struct wire *w, void *context, u32 off, u32 len, u32 flags);
int wire_receive(struct wire *w, void *context, u32 off, u32 len);

#endif /* _WIRE_SUITE_H */
