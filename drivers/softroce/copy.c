// SPDX-License-Identifier: GPL-2.0
/*
 * Payload, from where it is to where it belongs, in one pass.
 */
#include "softroce.h"

/**
 * sr_cur_init() - position in a scatter/gather list
 * @c: the position
 * @qp: whose keys and PD
 * @sge: the list
 * @n: entries
 * @off: bytes to skip
 * @access: what every region must allow
 */
void sr_cur_init(struct sr_cur *c, struct sr_qp *qp, const struct ib_sge *sge, u32 n,
		 u32 off, int access)
{
	c->dev = qp->dev;
	c->pd = qp->nqp->ibqp.pd;
	c->qp_id = qp->id;
	c->access = access;
	c->mr = NULL;
	while (n && off >= sge->length) {
		off -= sge->length;
		sge++;
		n--;
	}
	c->sge = sge;
	c->n = n;
	c->off = off;
}

/* The copy is over, or has come to another entry. */
static void cur_leave(struct sr_cur *c)
{
	if (c->mr)
		sr_mr_put(c->mr);
	c->mr = NULL;
}

/*
 * The next piece of memory, at most *@len bytes; *@len is set to its size.
 * Returns NULL if the list ends or a key is no good. The key is checked for
 * what is left of the entry or of the copy (@total), whichever is less.
 */
static void *cur_next(struct sr_cur *c, u32 total, u32 *len)
{
	const struct ib_sge *sge = c->sge;
	u32 left;
	void *p;

	while (c->n && c->off == sge->length) {
		sge = ++c->sge;
		c->n--;
		c->off = 0;
		cur_leave(c);
	}
	if (!c->n)
		return NULL;
	left = sge->length - c->off;
	if (!c->mr) {
		c->mr = sr_mr_find(c->dev, c->pd, c->qp_id, sge->lkey, sge->addr + c->off,
				   min(left, total), c->access);
		if (!c->mr)
			return NULL;
	}
	*len = min(*len, left);
	p = sr_mr_span(c->mr, sge->addr + c->off, len);
	c->off += *len;
	return p;
}

static int fetch(struct sr_cur *c, void *buf, u32 len)
{
	while (len) {
		u32 run = len;
		void *p = cur_next(c, len, &run);

		if (!p)
			return -EFAULT;
		memcpy(buf, p, run);
		buf += run;
		len -= run;
	}
	return 0;
}

/**
 * sr_fetch() - copy out of a list
 * @c: position, moved on
 * @buf: where to
 * @len: bytes
 *
 * Return: 0 or -EFAULT.
 */
int sr_fetch(struct sr_cur *c, void *buf, u32 len)
{
	int err = fetch(c, buf, len);

	cur_leave(c);
	return err;
}

static int fill(void *to, struct sr_src *src, u32 len)
{
	if (src->skb) {
		int err = skb_copy_bits(src->skb, src->off, to, len);

		src->off += len;
		return err;
	}
	if (src->buf) {
		memcpy(to, src->buf, len);
		src->buf += len;
		return 0;
	}
	return fetch(&src->cur, to, len);
}

static int place(struct sr_cur *dst, struct sr_src *src, u32 len)
{
	while (len) {
		u32 run = len;
		void *p = cur_next(dst, len, &run);

		if (!p)
			return -EFAULT;
		if (fill(p, src, run))
			return -EIO;
		len -= run;
	}
	return 0;
}

/**
 * sr_place() - copy into a list
 * @dst: position, moved on
 * @src: where from, moved on
 * @len: bytes
 *
 * Return: 0, -EFAULT if @dst is at fault, -EIO if @src is.
 */
int sr_place(struct sr_cur *dst, struct sr_src *src, u32 len)
{
	int err = place(dst, src, len);

	if (!src->skb && !src->buf)
		cur_leave(&src->cur);
	cur_leave(dst);
	return err;
}
