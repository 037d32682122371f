// SPDX-License-Identifier: GPL-2.0
/*
 * Sets of sequence ranges: sorted, disjoint, never touching, a bounded number
 * of them. All ranges of a set lie within 2^31 of each other.
 */
#include <net/tcp.h>

#include "engine.h"

static void remove_at(struct tcpe_ranges *s, unsigned int i, unsigned int n)
{
	memmove(&s->r[i], &s->r[i + n], (s->n - i - n) * sizeof(s->r[0]));
	s->n -= n;
}

/* First range that ends at or behind @seq. */
static unsigned int first_reaching(const struct tcpe_ranges *s, u32 seq)
{
	unsigned int i;

	for (i = 0; i < s->n; i++)
		if (!before(s->r[i].end, seq))
			break;
	return i;
}

static bool insert_at(struct tcpe_ranges *s, unsigned int i, u32 start, u32 end)
{
	/* Full: forgetting a SACK costs a needless retransmission, no more. */
	if (s->n == TCPE_MAX_RANGES)
		return false;
	memmove(&s->r[i + 1], &s->r[i], (s->n - i) * sizeof(s->r[0]));
	s->r[i].start = start;
	s->r[i].end = end;
	s->n++;
	return true;
}

/**
 * tcpe_range_add() - add a range, joining what it touches
 * @s: the set
 * @start: first
 * @end: one behind the last, after @start
 *
 * Return: whether anything of it was new.
 */
bool tcpe_range_add(struct tcpe_ranges *s, u32 start, u32 end)
{
	unsigned int i = first_reaching(s, start), last;

	if (i == s->n || before(end, s->r[i].start))
		return insert_at(s, i, start, end);
	if (!before(start, s->r[i].start) && !after(end, s->r[i].end))
		return false;
	if (before(start, s->r[i].start))
		s->r[i].start = start;
	for (last = i; last + 1 < s->n && !before(end, s->r[last + 1].start); last++)
		;
	if (after(s->r[last].end, end))
		end = s->r[last].end;
	if (after(end, s->r[i].end))
		s->r[i].end = end;
	remove_at(s, i + 1, last - i);
	return true;
}

/**
 * tcpe_range_trim() - forget what lies before a sequence number
 * @s: the set
 * @una: first number that stays
 */
void tcpe_range_trim(struct tcpe_ranges *s, u32 una)
{
	unsigned int i;

	for (i = 0; i < s->n && !after(s->r[i].end, una); i++)
		;
	remove_at(s, 0, i);
	if (s->n && before(s->r[0].start, una))
		s->r[0].start = una;
}

/**
 * tcpe_range_covers() - is a number in the set
 * @s: the set
 * @seq: the number
 * @end: if it is, where its range ends; if not, where the next one starts,
 *	unchanged if there is none
 *
 * Return: true if it is.
 */
bool tcpe_range_covers(const struct tcpe_ranges *s, u32 seq, u32 *end)
{
	unsigned int i;

	for (i = 0; i < s->n; i++) {
		if (before(seq, s->r[i].start)) {
			*end = s->r[i].start;
			return false;
		}
		if (before(seq, s->r[i].end)) {
			*end = s->r[i].end;
			return true;
		}
	}
	return false;
}

/**
 * tcpe_range_bytes() - numbers in the set
 * @s: the set
 * @from: only those not before this one
 *
 * Return: how many.
 */
u32 tcpe_range_bytes(const struct tcpe_ranges *s, u32 from)
{
	unsigned int i;
	u32 bytes = 0;

	for (i = 0; i < s->n; i++) {
		if (!after(s->r[i].end, from))
			continue;
		bytes += s->r[i].end - (before(s->r[i].start, from) ? from : s->r[i].start);
	}
	return bytes;
}
