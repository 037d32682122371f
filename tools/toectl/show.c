// SPDX-License-Identifier: GPL-2.0
/*
 * Lines of output.
 */
#include <arpa/inet.h>
#include <ndk/toe_live.h>
#include <string.h>

#include "show.h"

bool show_json;
static bool empty;

static const char * const state_names[NDK_TOE_CONN_STATES] = {
	[NDK_TOE_IN_HOST] = "in-host",
	[NDK_TOE_OFFLOADING] = "offloading",
	[NDK_TOE_OFFLOADED] = "offloaded",
	[NDK_TOE_UPLOADING] = "uploading",
};

const char *state_text(unsigned int state)
{
	return state < NDK_TOE_CONN_STATES ? state_names[state] : "?";
}

/* --- lines ----------------------------------------------------------------------- */

void line_begin(void)
{
	empty = true;
	if (show_json)
		putchar('{');
}

static void field(const char *name)
{
	if (show_json)
		printf("%s\"%s\":", empty ? "" : ",", *name == '-' ? name + 1 : name);
	else
		printf(*name == '-' ? "%s" : "%s%s ", empty ? "" : " ", name);
	empty = false;
}

static void quoted(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if ((unsigned char)*text < ' ')
			printf("\\u%04x", *text);
		else if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else
			putchar(*text);
	}
	putchar('"');
}

void line_text(const char *name, const char *value)
{
	field(name);
	if (show_json)
		quoted(value);
	else
		fputs(*value ? value : "-", stdout);
}

void line_number(const char *name, uint64_t value)
{
	field(name);
	printf("%llu", (unsigned long long)value);
}

void line_seconds(const char *name, uint64_t ms)
{
	field(name);
	printf("%.3f%s", ms / 1000.0, show_json ? "" : "s");
}

/* for people an end is one word, for programs two fields */
void line_end_of(const char *name, const struct end *end)
{
	char text[END_TEXT], port[32];

	if (!show_json) {
		field("-");
		fputs(end_text(end, text), stdout);
		return;
	}
	line_text(name, end_addr_text(end, text));
	snprintf(port, sizeof(port), "%s_port", name);
	line_number(port, ntohs(end->port));
}

void line_end(void)
{
	puts(show_json ? "}" : "");
	fflush(stdout);
}

/* --- connections ----------------------------------------------------------------- */

static void take_addr(const struct nlattr *a, struct end *end)
{
	if (attr_len(a) > sizeof(end->addr))
		return;
	end->len = attr_len(a);
	memcpy(end->addr, attr_data(a), end->len);
}

static void take(const struct nlattr *a, struct shown *c)
{
	switch (attr_type(a)) {
	case NDK_TOE_CONN_LOCAL:
		take_addr(a, &c->local);
		break;
	case NDK_TOE_CONN_REMOTE:
		take_addr(a, &c->remote);
		break;
	case NDK_TOE_CONN_LPORT:
		c->local.port = attr_number(a);
		break;
	case NDK_TOE_CONN_RPORT:
		c->remote.port = attr_number(a);
		break;
	case NDK_TOE_CONN_UID:
		c->uid = attr_number(a);
		break;
	case NDK_TOE_CONN_COOKIE:
		c->cookie = attr_number(a);
		break;
	case NDK_TOE_CONN_STATE:
		c->state = attr_number(a);
		break;
	case NDK_TOE_CONN_TARGET:
		attr_string(a, c->target, sizeof(c->target));
		break;
	case NDK_TOE_CONN_REASON:
		attr_string(a, c->reason, sizeof(c->reason));
		break;
	case NDK_TOE_CONN_REFUSAL:
		attr_string(a, c->refusal, sizeof(c->refusal));
		break;
	case NDK_TOE_CONN_AGE:
		c->age_ms = attr_number(a);
		break;
	case NDK_TOE_CONN_OFFLOADS:
		c->offloads = attr_number(a);
		break;
	case NDK_TOE_CONN_UPLOADS:
		c->uploads = attr_number(a);
		break;
	case NDK_TOE_CONN_TX_BYTES:
		c->tx_bytes = attr_number(a);
		break;
	case NDK_TOE_CONN_RX_BYTES:
		c->rx_bytes = attr_number(a);
		break;
	case NDK_TOE_CONN_FORWARDED:
		c->forwarded = attr_number(a);
		break;
	case NDK_TOE_CONN_PASSED_UP:
		c->passed_up = attr_number(a);
		break;
	case NDK_TOE_CONN_REBUILT:
		c->rebuilt = attr_number(a);
		break;
	}
}

void shown_parse(const struct nlattr *nest, struct shown *c)
{
	const struct nlattr *a = NULL;

	*c = (struct shown){ 0 };
	while ((a = attr_each(a, attr_data(nest), attr_len(nest))))
		take(a, c);
}

void show_brief(const struct shown *c)
{
	line_end_of("local", &c->local);
	line_end_of("remote", &c->remote);
	line_text("-state", state_text(c->state));
	line_text("target", c->target);
	line_text("reason", c->reason);
	line_text("refusal", c->refusal);
}

void show_conn(const struct shown *c)
{
	line_begin();
	show_brief(c);
	line_seconds("age", c->age_ms);
	line_number("offloads", c->offloads);
	line_number("uploads", c->uploads);
	line_number("tx_bytes", c->tx_bytes);
	line_number("rx_bytes", c->rx_bytes);
	line_number("forwarded", c->forwarded);
	line_number("passed_up", c->passed_up);
	line_number("rebuilt", c->rebuilt);
	line_number("uid", c->uid);
	line_end();
}
