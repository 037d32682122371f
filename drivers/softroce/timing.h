/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two time encodings of the RC transport.
 */
#ifndef _SR_TIMING_H
#define _SR_TIMING_H

#include <linux/minmax.h>
#include <linux/time64.h>
#include <linux/types.h>

/*
 * Below this a software peer that was merely scheduled away looks dead, and
 * every false alarm costs a whole window of packets.
 */
#define SR_MIN_TIMEOUT_NS	NSEC_PER_MSEC

/**
 * sr_timeout_ns() - decode the local ACK timeout
 * @code: 0 to 31, 4.096 us * 2^code
 *
 * Return: nanoseconds, 0 for "wait for ever".
 */
static inline u64 sr_timeout_ns(u8 code)
{
	if (!(code & 31))
		return 0;
	return max_t(u64, 4096ULL << (code & 31), SR_MIN_TIMEOUT_NS);
}

/**
 * sr_rnr_ns() - decode the RNR NAK timer field
 * @code: 0 to 31; IBTA table "Encoding for RNR NAK Timer Field"
 *
 * The table is 10 us * {1, 2, 3, 4, 6, 8, 12, 16, ...}: from code 2 on, even
 * codes are 10 us * 2^(code / 2), odd ones half as much again. 1 is 10 us, and
 * 0 is the longest of all, where code 32 would be.
 *
 * Return: nanoseconds.
 */
static inline u64 sr_rnr_ns(u8 code)
{
	u64 base;

	code &= 31;
	if (code == 1)
		return 10 * NSEC_PER_USEC;
	if (!code)
		code = 32;
	base = (10 * NSEC_PER_USEC) << (code / 2);
	return code & 1 ? base + base / 2 : base;
}

#endif /* _SR_TIMING_H */
