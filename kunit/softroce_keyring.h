/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A table of keys without a device, for what changes keys: mr.c is compiled into
 * softroce_keys.o, fastreg.c and mw.c into files of their own.
 */
#ifndef _SOFTROCE_KEYRING_H
#define _SOFTROCE_KEYRING_H

#include <kunit/test.h>

#include "../drivers/softroce/softroce.h"

#define KEYRING_REMOTE	(IB_ACCESS_REMOTE_READ | IB_ACCESS_REMOTE_WRITE)

/**
 * struct keyring - a device's keys, and two QPs of one PD
 * @nic: holds @dev
 * @dev: the keys
 * @pd: of both QPs
 * @other_pd: of nobody
 * @nqp: the provider's half of the QPs
 * @qp: the QPs
 */
struct keyring {
	struct ndk_nic nic;
	struct sr_dev dev;
	struct ib_pd pd;
	struct ib_pd other_pd;
	struct ndk_qp nqp[2];
	struct sr_qp qp[2];
};

struct keyring *keyring(struct kunit *test);

static inline bool keyring_opens(struct keyring *k, int qp, u32 key, u64 addr, u64 len,
				 int access)
{
	struct sr_mr *mr;

	rcu_read_lock();
	mr = sr_mr_find(&k->dev, &k->pd, k->qp[qp].id, key, addr, len, access);
	if (mr)
		sr_mr_put(mr);
	rcu_read_unlock();
	return mr;
}

#endif /* _SOFTROCE_KEYRING_H */
