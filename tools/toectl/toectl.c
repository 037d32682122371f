// SPDX-License-Identifier: GPL-2.0
/*
 * toectl: moves TCP connections of programs that know nothing of it to an offload
 * target and back, and shows where they are. Documentation/toe-live.md.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/genetlink.h>
#include <ndk/toe_live.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "nl.h"
#include "select.h"
#include "show.h"

/* exit status */
enum {
	DONE,
	REFUSED,	/* something was not done */
	USAGE,
	NOTHING,	/* no connection is meant, or it is gone */
	FORBIDDEN,
	ABSENT,		/* the module is not loaded */
};

#define BOUNCE_MS	50
#define MAX_REASONS	32

struct options {
	struct selector s;
	const char *target;
	bool all;
	unsigned long interval_ms;
	double seconds;		/* 0: no limit */
	unsigned long count;	/* 0: no limit */
	const char *layer;
	unsigned long value;
	bool value_given;
	char **words;
	int nwords;
};

/* why so many were not moved */
struct reason {
	char text[64];
	uint64_t n;
};

/* what became of the connections of one or many requests */
struct outcome {
	uint64_t moved, refused, gone, idle;
	struct reason reasons[MAX_REASONS];
	unsigned int nreasons;
};

static struct nl nl;
static volatile sig_atomic_t stopped;

static void usage(FILE *to)
{
	fputs("usage: toectl [--json] COMMAND [ARGUMENT...]\n"
	      "\n"
	      "Moves established TCP connections to an offload target and back.\n"
	      "\n"
	      "  list [WHICH]             connections that are offloaded or have been\n"
	      "  offload WHICH            move to the target\n"
	      "  upload WHICH | --all     take back\n"
	      "  bounce WHICH             there and back, over and over\n"
	      "      --interval-ms N      a move so often (default 50)\n"
	      "      --seconds N          end after so long (default: when interrupted)\n"
	      "      --count N            end after so many round trips\n"
	      "  watch [--count N] [--seconds N]\n"
	      "                           events, one line each\n"
	      "  targets                  what can carry connections\n"
	      "  pause, resume            offload nothing new of this namespace; again\n"
	      "  fault KIND --value N     make the target fail: fail, exhaust, corrupt (with\n"
	      "      --layer LAYER        neighbor, path4, path6, connection (default)), delay\n"
	      "                           (of completions, ms); 0 ends it\n"
	      "\n"
	      "WHICH is one of\n"
	      "  LOCAL REMOTE             two ends: 10.0.0.1:80, [fd00::1]:80\n"
	      "  --local END --remote END every connection with these; an address or a port\n"
	      "                           may be left out: :80, 10.0.0.1\n"
	      "  --pid PID [--fd N]       sockets of a process, whatever their namespace\n"
	      "\n"
	      "  --target NAME            which target; without: the namespace's software target\n"
	      "  --json                   one JSON object per line\n"
	      "  --help                   this text\n"
	      "\n"
	      "Exit status: 0 done; 1 not done, or not for all; 2 bad arguments; 3 no such\n"
	      "connection; 4 not permitted; 5 module ndk_toe_host is not loaded.\n", to);
}

static void __attribute__((format(printf, 2, 3), noreturn)) die(int status, const char *format, ...)
{
	va_list args;

	fputs("toectl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(status);
}

/* An error of a whole request, as the kernel told it. */
static void __attribute__((noreturn)) die_of(const char *what, int err)
{
	const char *words = *nl.said ? nl.said : strerror(-err);

	switch (err) {
	case -EPERM:
	case -EACCES:
		die(FORBIDDEN, "%s: not permitted: %s", what, words);
	case -ENOENT:
		die(NOTHING, "%s: %s", what, words);
	default:
		die(REFUSED, "%s: %s", what, words);
	}
}

/* --- requests -------------------------------------------------------------------- */

static void open_family(void)
{
	int err = nl_open_family(&nl, NDK_TOE_FAMILY, NDK_TOE_EVENTS);

	if (err == -ENOENT)
		die(ABSENT, "the kernel module ndk_toe_host is not loaded");
	if (err)
		die(REFUSED, "netlink: %s", strerror(-err));
}

static void start(struct msg *m, uint8_t cmd, const struct options *o)
{
	msg_start_generic(m, &nl, cmd, false);
	if (o->target)
		msg_put_string(m, NDK_TOE_A_TARGET, o->target);
}

static struct conns selected(const struct options *o)
{
	struct conns c = { 0 };
	const char *why;
	int err;

	err = select_conns(&o->s, &c, &why);
	if (err == -EPERM)
		die(FORBIDDEN, "process %ld: not permitted: %s", o->s.pid, why);
	if (err)
		die(o->s.pid ? NOTHING : REFUSED, "%s (%s)", why, strerror(-err));
	return c;
}

static void count_reason(struct outcome *out, const char *text)
{
	unsigned int i;

	for (i = 0; i < out->nreasons; i++)
		if (!strcmp(out->reasons[i].text, text))
			break;
	if (i == MAX_REASONS)
		return;
	if (i == out->nreasons) {
		out->nreasons++;
		snprintf(out->reasons[i].text, sizeof(out->reasons[i].text), "%s", text);
	}
	out->reasons[i].n++;
}

static void take_result(const struct nlattr *nest, struct outcome *out)
{
	const struct nlattr *a = NULL;
	char reason[64] = "";
	int err = 0;

	while ((a = attr_each(a, attr_data(nest), attr_len(nest)))) {
		if (attr_type(a) == NDK_TOE_RESULT_ERRNO)
			err = attr_number(a);
		else if (attr_type(a) == NDK_TOE_RESULT_REASON)
			attr_string(a, reason, sizeof(reason));
	}
	if (!err) {
		out->moved++;
		return;
	}
	if (err == ENOENT)
		out->gone++;
	else if (err == EALREADY || (err == ENOTCONN && !*reason))
		out->idle++;
	else
		out->refused++;
	count_reason(out, *reason ? reason : strerror(err));
}

static int take_results(uint16_t type, const void *data, size_t len, void *arg)
{
	struct outcome *out = arg;
	const struct nlattr *a = NULL;

	if (type != nl.family || len < GENL_HDRLEN)
		return 0;
	while ((a = attr_each(a, (const char *)data + GENL_HDRLEN, len - GENL_HDRLEN))) {
		if (attr_type(a) == NDK_TOE_A_RESULT)
			take_result(a, out);
		else if (attr_type(a) == NDK_TOE_A_COUNT)
			out->moved += attr_number(a);
	}
	return 0;
}

/* All of them, in as few requests as possible. */
static int move(uint8_t cmd, const struct options *o, const struct conns *c, struct outcome *out)
{
	struct msg m = { 0 };
	size_t at, n;
	int err = 0;

	for (at = 0; at < c->n && !err; at += n) {
		n = c->n - at;
		if (n > NDK_TOE_MAX_CONNS)
			n = NDK_TOE_MAX_CONNS;
		start(&m, cmd, o);
		conns_put(&m, c, at, n);
		err = nl_talk(&nl, &m, take_results, out);
	}
	msg_free(&m);
	return err;
}

/* --- offload, upload, bounce ----------------------------------------------------- */

static void show_reasons(const struct outcome *out)
{
	unsigned int i;

	for (i = 0; i < out->nreasons; i++) {
		line_begin();
		line_text("not-moved", out->reasons[i].text);
		line_number("connections", out->reasons[i].n);
		line_end();
	}
}

static int show_outcome(const char *verb, const struct outcome *out)
{
	line_begin();
	line_number(verb, out->moved);
	line_number("refused", out->refused);
	line_number("already", out->idle);
	line_number("gone", out->gone);
	line_end();
	show_reasons(out);
	if (out->refused || out->idle)
		return REFUSED;
	return out->moved ? DONE : NOTHING;
}

static int do_move(uint8_t cmd, const char *verb, const struct options *o)
{
	struct outcome out = { 0 };
	struct conns c;
	int err;

	if (!o->s.given)
		die(USAGE, "which connections? see --help");
	c = selected(o);
	if (!c.n)
		die(NOTHING, "no established connection matches");
	err = move(cmd, o, &c, &out);
	conns_free(&c);
	if (err)
		die_of(verb, err);
	return show_outcome(verb, &out);
}

static int do_offload(const struct options *o)
{
	return do_move(NDK_TOE_CMD_OFFLOAD, "offloaded", o);
}

static int do_upload(const struct options *o)
{
	struct outcome out = { 0 };
	struct msg m = { 0 };
	int err;

	if (!o->all)
		return do_move(NDK_TOE_CMD_UPLOAD, "uploaded", o);
	start(&m, NDK_TOE_CMD_UPLOAD, o);
	msg_put(&m, NDK_TOE_A_ALL, NULL, 0);
	err = nl_talk(&nl, &m, take_results, &out);
	msg_free(&m);
	if (err)
		die_of("upload", err);
	show_outcome("uploaded", &out);
	return DONE;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static void sleep_ms(unsigned long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	if (!stopped)
		nanosleep(&t, NULL);
}

/*
 * One way. Connections come and go while this runs, so they are looked for every
 * time; descriptors are not kept, or their owner's close() would not end anything.
 */
static void bounce_once(uint8_t cmd, const struct options *o, struct outcome *out)
{
	struct conns c = { 0 };
	const char *why;
	int err;

	err = select_conns(&o->s, &c, &why);
	if (!err)
		err = move(cmd, o, &c, out);
	conns_free(&c);
	if (err == -EPERM)
		die_of("bounce", err);
	if (err && !o->s.pid)
		die_of("bounce", err);
	/* the process has ended, or that descriptor */
	if (err)
		stopped = 1;
}

static int do_bounce(const struct options *o)
{
	struct outcome out = { 0 }, back = { 0 };
	double end = now() + o->seconds;
	uint64_t rounds = 0;

	if (!o->s.given)
		die(USAGE, "which connections? see --help");
	while (!stopped) {
		bounce_once(NDK_TOE_CMD_OFFLOAD, o, &out);
		sleep_ms(o->interval_ms);
		/* also when it is over: they are to end where they began */
		bounce_once(NDK_TOE_CMD_UPLOAD, o, &back);
		rounds++;
		if ((o->count && rounds >= o->count) || (o->seconds && now() >= end))
			break;
		sleep_ms(o->interval_ms);
	}
	line_begin();
	line_number("rounds", rounds);
	line_number("offloaded", out.moved);
	line_number("uploaded", back.moved);
	line_number("refused", out.refused);
	line_number("not-uploaded", back.refused);
	line_end();
	show_reasons(&out);
	return out.moved ? DONE : NOTHING;
}

/* --- list, watch, targets -------------------------------------------------------- */

struct listing {
	const struct selector *s;
	uint64_t lines;
};

static const struct nlattr *find(const void *data, size_t len, unsigned int type)
{
	const struct nlattr *a = NULL;

	while ((a = attr_each(a, data, len)))
		if (attr_type(a) == type)
			return a;
	return NULL;
}

static int list_one(uint16_t type, const void *data, size_t len, void *arg)
{
	const struct nlattr *nest;
	struct listing *l = arg;
	struct shown c;

	if (type != nl.family || len < GENL_HDRLEN)
		return 0;
	nest = find((const char *)data + GENL_HDRLEN, len - GENL_HDRLEN, NDK_TOE_A_CONN);
	if (!nest)
		return 0;
	shown_parse(nest, &c);
	if (!end_matches(&l->s->local, &c.local) || !end_matches(&l->s->remote, &c.remote))
		return 0;
	show_conn(&c);
	l->lines++;
	return 0;
}

/* Descriptors cannot be told from a list: each is asked for. */
static int list_process(const struct options *o, struct listing *l)
{
	struct conns c = selected(o);
	struct msg m = { 0 };
	int err = 0;
	size_t i;

	for (i = 0; i < c.n && !err; i++) {
		start(&m, NDK_TOE_CMD_CONN, o);
		conns_put(&m, &c, i, 1);
		err = nl_talk(&nl, &m, list_one, l);
		if (err == -ENOENT)
			err = 0;
	}
	msg_free(&m);
	conns_free(&c);
	return err;
}

static int do_list(const struct options *o)
{
	struct selector all = { .fd = -1 };
	struct listing l = { .s = o->s.pid ? &all : &o->s };
	struct msg m = { 0 };
	int err;

	if (o->s.pid) {
		err = list_process(o, &l);
	} else {
		msg_start_generic(&m, &nl, NDK_TOE_CMD_CONN, true);
		err = nl_talk(&nl, &m, list_one, &l);
		msg_free(&m);
	}
	if (err)
		die_of("list", err);
	return l.lines || !o->s.given ? DONE : NOTHING;
}

static const char * const event_names[NDK_TOE_EVENT_KINDS] = {
	[NDK_TOE_EV_OFFLOADED] = "offloaded",
	[NDK_TOE_EV_UPLOADED] = "uploaded",
	[NDK_TOE_EV_REFUSED] = "refused",
	[NDK_TOE_EV_GONE] = "gone",
	[NDK_TOE_EV_STUCK] = "stuck",
};

static int show_event(uint16_t type, const void *data, size_t len, void *arg)
{
	const struct nlattr *kind, *conn;
	uint64_t *lines = arg;
	struct shown c;
	size_t n;

	if (type != nl.family || len < GENL_HDRLEN)
		return 0;
	data = (const char *)data + GENL_HDRLEN;
	len -= GENL_HDRLEN;
	kind = find(data, len, NDK_TOE_A_EVENT);
	conn = find(data, len, NDK_TOE_A_CONN);
	if (!kind || !conn)
		return 0;
	shown_parse(conn, &c);
	n = attr_number(kind);
	line_begin();
	line_text("-event", n < NDK_TOE_EVENT_KINDS ? event_names[n] : "?");
	show_brief(&c);
	line_end();
	(*lines)++;
	return 0;
}

static int do_watch(const struct options *o)
{
	double end = now() + o->seconds;
	uint64_t lines = 0;
	int err;

	err = nl_join(&nl, nl.events);
	if (err)
		die_of("watch", err);
	while (!stopped && (!o->count || lines < o->count)) {
		double left = o->seconds ? end - now() : 1;

		if (left <= 0)
			break;
		err = nl_listen(&nl, left * 1000 + 1, show_event, &lines);
		if (err == -ENOBUFS)
			fputs("toectl: events were lost: too many at once\n", stderr);
		else if (err && err != -EAGAIN && err != -EINTR)
			die_of("watch", err);
	}
	return o->count && lines < o->count ? NOTHING : DONE;
}

static int show_target(uint16_t type, const void *data, size_t len, void *arg)
{
	const struct nlattr *a;
	char text[64] = "";
	uint32_t flags = 0;

	(void)arg;
	if (type != nl.family || len < GENL_HDRLEN)
		return 0;
	data = (const char *)data + GENL_HDRLEN;
	len -= GENL_HDRLEN;
	line_begin();
	a = find(data, len, NDK_TOE_A_TARGET);
	if (a)
		attr_string(a, text, sizeof(text));
	line_text("-target", text);
	a = find(data, len, NDK_TOE_A_KIND);
	if (a)
		attr_string(a, text, sizeof(text));
	line_text("kind", text);
	a = find(data, len, NDK_TOE_A_OFFLOADED);
	line_number("connections", a ? attr_number(a) : 0);
	a = find(data, len, NDK_TOE_A_FLAGS);
	if (a)
		flags = attr_number(a);
	line_text("state", flags & NDK_TOE_TARGET_FAILED ? "failed" :
		  flags & NDK_TOE_TARGET_LEAVING ? "leaving" :
		  flags & NDK_TOE_TARGET_PAUSED ? "paused" : "ready");
	line_end();
	return 0;
}

static int do_targets(const struct options *o)
{
	struct msg m = { 0 };
	int err;

	(void)o;
	msg_start_generic(&m, &nl, NDK_TOE_CMD_TARGET, true);
	err = nl_talk(&nl, &m, show_target, NULL);
	msg_free(&m);
	if (err)
		die_of("targets", err);
	return DONE;
}

/* --- pause, resume, fault -------------------------------------------------------- */

static int simple(uint8_t cmd, const char *what, const struct options *o)
{
	struct msg m = { 0 };
	int err;

	start(&m, cmd, o);
	err = nl_talk(&nl, &m, NULL, NULL);
	msg_free(&m);
	if (err)
		die_of(what, err);
	return DONE;
}

static int do_pause(const struct options *o)
{
	return simple(NDK_TOE_CMD_PAUSE, "pause", o);
}

static int do_resume(const struct options *o)
{
	return simple(NDK_TOE_CMD_RESUME, "resume", o);
}

static unsigned int index_of(const char * const *names, unsigned int n, const char *name,
			     const char *what)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return i;
	die(USAGE, "there is no %s '%s'; see --help", what, name);
}

static int do_fault(const struct options *o)
{
	static const char * const kinds[NDK_TOE_FAULT_KINDS] = {
		[NDK_TOE_FAULT_FAIL] = "fail",
		[NDK_TOE_FAULT_EXHAUST] = "exhaust",
		[NDK_TOE_FAULT_CORRUPT] = "corrupt",
		[NDK_TOE_FAULT_DELAY] = "delay",
	};
	static const char * const layers[NDK_TOE_FAULT_LAYERS] = {
		[NDK_TOE_FAULT_NEIGH] = "neighbor",
		[NDK_TOE_FAULT_PATH4] = "path4",
		[NDK_TOE_FAULT_PATH6] = "path6",
		[NDK_TOE_FAULT_CONN] = "connection",
	};
	struct msg m = { 0 };
	size_t nest;
	int err;

	if (o->nwords != 1 || !o->value_given)
		die(USAGE, "fault wants a kind and --value N");
	start(&m, NDK_TOE_CMD_FAULT, o);
	nest = msg_nest(&m, NDK_TOE_A_FAULT);
	msg_put_u8(&m, NDK_TOE_FAULT_KIND,
		   index_of(kinds, NDK_TOE_FAULT_KINDS, o->words[0], "fault"));
	msg_put_u8(&m, NDK_TOE_FAULT_LAYER,
		   index_of(layers, NDK_TOE_FAULT_LAYERS, o->layer ?: "connection", "layer"));
	msg_put_u32(&m, NDK_TOE_FAULT_VALUE, o->value);
	msg_nest_end(&m, nest);
	err = nl_talk(&nl, &m, NULL, NULL);
	msg_free(&m);
	if (err)
		die_of("fault", err);
	return DONE;
}

/* --- arguments ------------------------------------------------------------------- */

static const struct command {
	const char *name;
	int (*run)(const struct options *o);
	const char *takes;	/* short names of the options it has */
} commands[] = {
	{ "list", do_list, "lrpf" },
	{ "offload", do_offload, "lrpft" },
	{ "upload", do_upload, "lrpfa" },
	{ "bounce", do_bounce, "lrpftisc" },
	{ "watch", do_watch, "sc" },
	{ "targets", do_targets, "" },
	{ "pause", do_pause, "" },
	{ "resume", do_resume, "" },
	{ "fault", do_fault, "tyv" },
};

static const struct option long_options[] = {
	{ "local", required_argument, NULL, 'l' },
	{ "remote", required_argument, NULL, 'r' },
	{ "pid", required_argument, NULL, 'p' },
	{ "fd", required_argument, NULL, 'f' },
	{ "target", required_argument, NULL, 't' },
	{ "all", no_argument, NULL, 'a' },
	{ "interval-ms", required_argument, NULL, 'i' },
	{ "seconds", required_argument, NULL, 's' },
	{ "count", required_argument, NULL, 'c' },
	{ "layer", required_argument, NULL, 'y' },
	{ "value", required_argument, NULL, 'v' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static const struct command *command_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static unsigned long number(const char *what, const char *text, unsigned long min,
			    unsigned long max)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value < min || value > max)
		die(USAGE, "%s wants a number from %lu to %lu, not '%s'", what, min, max, text);
	return value;
}

static double seconds(const char *text)
{
	double value;
	char *end;

	value = strtod(text, &end);
	if (end == text || *end || !(value > 0 && value <= 1e6))
		die(USAGE, "--seconds wants a number greater than 0, not '%s'", text);
	return value;
}

static void set_end(struct selector *s, struct end *end, const char *text)
{
	if (!end_parse(text, end))
		die(USAGE, "'%s' is no end of a connection: 10.0.0.1:80, [fd00::1]:80, :80", text);
	s->given = true;
}

static void set_option(struct options *o, int which, const char *text)
{
	switch (which) {
	case 'l':
		set_end(&o->s, &o->s.local, text);
		break;
	case 'r':
		set_end(&o->s, &o->s.remote, text);
		break;
	case 'p':
		o->s.pid = number("--pid", text, 1, 1 << 22);
		o->s.given = true;
		break;
	case 'f':
		o->s.fd = number("--fd", text, 0, 1 << 30);
		break;
	case 't':
		o->target = text;
		break;
	case 'a':
		o->all = true;
		break;
	case 'i':
		o->interval_ms = number("--interval-ms", text, 0, 3600000);
		break;
	case 's':
		o->seconds = seconds(text);
		break;
	case 'c':
		o->count = number("--count", text, 1, 1000000000);
		break;
	case 'y':
		o->layer = text;
		break;
	case 'v':
		o->value = number("--value", text, 0, 0xffffffff);
		o->value_given = true;
		break;
	}
}

static const struct command *parse(int argc, char **argv, struct options *o)
{
	const struct command *c = NULL;
	char seen[32] = "";
	int which, n = 0;
	char *s;

	while ((which = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (which) {
		case 'j':
			show_json = true;
			break;
		case 'h':
			usage(stdout);
			exit(DONE);
		case '?':
			die(USAGE, "see --help");
		default:
			set_option(o, which, optarg);
			if (n < (int)sizeof(seen) - 1)
				seen[n++] = which;
		}
	}
	if (optind < argc)
		c = command_of(argv[optind]);
	else
		die(USAGE, "what is to be done? see --help");
	if (!c)
		die(USAGE, "there is no command '%s'; see --help", argv[optind]);
	for (s = seen; *s; s++)
		if (!strchr(c->takes, *s))
			die(USAGE, "'%s' has no such option; see --help", c->name);
	o->words = argv + optind + 1;
	o->nwords = argc - optind - 1;
	return c;
}

/* Two words that follow a command are the two ends. */
static void take_words(const struct command *c, struct options *o)
{
	if (c->run == do_fault)
		return;
	if (strchr(c->takes, 'l') && o->nwords == 2) {
		set_end(&o->s, &o->s.local, o->words[0]);
		set_end(&o->s, &o->s.remote, o->words[1]);
	} else if (o->nwords) {
		die(USAGE, "'%s' takes no such argument: '%s'; see --help", c->name, o->words[0]);
	}
	if (o->s.fd >= 0 && !o->s.pid)
		die(USAGE, "--fd goes with --pid");
	if (o->s.pid && (o->s.local.len || o->s.local.port || o->s.remote.len || o->s.remote.port))
		die(USAGE, "either --pid or addresses");
	if (o->all && o->s.given)
		die(USAGE, "either --all or some");
	if (o->target && strlen(o->target) >= NDK_TOE_MAX_NAME)
		die(USAGE, "no target has a name that long");
}

int main(int argc, char **argv)
{
	struct options o = { .s.fd = -1, .interval_ms = BOUNCE_MS };
	struct sigaction action = { .sa_handler = stop };
	const struct command *c;

	c = parse(argc, argv, &o);
	take_words(c, &o);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	open_family();
	return c->run(&o);
}
