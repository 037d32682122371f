/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What toectl prints: one line per thing, for people or as one JSON object.
 */
#ifndef _TOECTL_SHOW_H
#define _TOECTL_SHOW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "nl.h"
#include "select.h"

/* a connection as the kernel describes it */
struct shown {
	struct end local, remote;
	unsigned int state;
	char target[32];
	char reason[64];	/* of the last upload */
	char refusal[64];	/* of the last attempt */
	uint64_t age_ms;
	uint32_t uid;
	uint64_t cookie;
	uint64_t offloads, uploads;
	uint64_t tx_bytes, rx_bytes;
	uint64_t forwarded, passed_up, rebuilt;
};

void shown_parse(const struct nlattr *nest, struct shown *c);

extern bool show_json;

/*
 * A line is begun, gets fields, is ended. In JSON a field is "name":value; for
 * people it is "name value", or the value alone if the name begins with '-'.
 */
void line_begin(void);
void line_text(const char *name, const char *value);
void line_number(const char *name, uint64_t value);
void line_seconds(const char *name, uint64_t ms);
void line_end_of(const char *name, const struct end *end);
void line_end(void);

void show_conn(const struct shown *c);
/* what follows line_begin() and other fields: ends, state, target, reason */
void show_brief(const struct shown *c);

const char *state_text(unsigned int state);

#endif /* _TOECTL_SHOW_H */
