// SPDX-License-Identifier: GPL-2.0
/*
 * ndkperf: tells the module ndkperf what to do, and says what came of it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ndkperf.h"

#define DEFAULT_SIZE	64
#define DEFAULT_DEPTH	64
#define DEFAULT_SECONDS	5
#define ROUND_MS	500
#define MAX_LISTENERS	32

static const char * const op_names[NDKPERF_OPS] = {
	"write", "send", "read", "fastreg+send",
};

struct options {
	bool server;
	const char *connect;
	const char *bind;
	unsigned int port;
	unsigned int op;
	unsigned int size;
	unsigned int depth;
	unsigned int chain;
	bool defer;
	bool verify;
	double seconds;
	unsigned long long chains;
	unsigned long long clients;
	bool json;
	bool quiet;
};

struct totals {
	struct ndkperf_run run;
	struct ndkperf_check check;
	unsigned long long rounds;
};

static volatile sig_atomic_t stopped;

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *format, ...)
{
	va_list args;

	fputs("ndkperf: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void usage(FILE *to)
{
	fputs("usage: ndkperf --server [--bind ADDR] [--port N] [--clients N]\n"
	      "       ndkperf --connect ADDR [OPTION...]\n"
	      "\n"
	      "Measures the NDK kernel API between two ends; the module ndkperf does the work.\n"
	      "\n"
	      "  --server         serve clients, on every local address that has an adapter\n"
	      "  --clients N      end when N clients have been served\n"
	      "  --connect ADDR   connect to a server\n"
	      "  --bind ADDR      local address to use\n"
	      "  --port N         port to listen on or to connect to (default 18515)\n"
	      "  --op OP          write, send, read or fastreg+send (default write)\n"
	      "  --size N         bytes of a request's data (default 64)\n"
	      "  --depth N        requests outstanding (default 64)\n"
	      "  --chain N        requests of a chain (default 1); of fastreg+send N-1\n"
	      "                   fast-registers and a send that names them (at least 2)\n"
	      "  --defer on|off   defer all but the last request of a chain (default on)\n"
	      "  --seconds N      how long (default 5)\n"
	      "  --chains N       how many chains, instead\n"
	      "  --verify         compare all data; takes time, but none that is measured\n"
	      "                   (except at a server that is sent messages)\n"
	      "  --json           print the result as one JSON object\n"
	      "  --quiet          no progress line\n", to);
}

/* --- arguments ------------------------------------------------------------------- */

static unsigned long long number(const char *name, const char *text, unsigned long long min,
				 unsigned long long max)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || value < min || value > max)
		die("%s wants a number from %llu to %llu, not '%s'", name, min, max, text);
	return value;
}

static double seconds(const char *text)
{
	double value;
	char *end;

	value = strtod(text, &end);
	if (end == text || *end || !(value > 0 && value <= 1e6))
		die("--seconds wants a number greater than 0, not '%s'", text);
	return value;
}

static unsigned int op_of(const char *text)
{
	unsigned int i;

	for (i = 0; i < NDKPERF_OPS; i++)
		if (!strcmp(op_names[i], text))
			return i;
	die("--op is write, send, read or fastreg+send, not '%s'", text);
}

static bool on_off(const char *text)
{
	if (!strcmp(text, "on"))
		return true;
	if (strcmp(text, "off"))
		die("--defer is on or off, not '%s'", text);
	return false;
}

static void check(struct options *o)
{
	if (o->server == !!o->connect)
		die("either --server or --connect ADDR (see --help)");
	if (!o->chain)
		o->chain = o->op == NDKPERF_FASTREG_SEND ? 3 : 1;
	if (o->op == NDKPERF_FASTREG_SEND && o->chain < 2)
		die("--chain of fastreg+send is at least 2: a fast-register and a send");
	if (o->depth < o->chain)
		die("--depth %u is less than a --chain of %u", o->depth, o->chain);
}

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{ "server", no_argument, NULL, 's' },
		{ "connect", required_argument, NULL, 'c' },
		{ "bind", required_argument, NULL, 'b' },
		{ "port", required_argument, NULL, 'p' },
		{ "op", required_argument, NULL, 'o' },
		{ "size", required_argument, NULL, 'z' },
		{ "depth", required_argument, NULL, 'd' },
		{ "chain", required_argument, NULL, 'n' },
		{ "defer", required_argument, NULL, 'D' },
		{ "verify", no_argument, NULL, 'v' },
		{ "seconds", required_argument, NULL, 't' },
		{ "chains", required_argument, NULL, 'N' },
		{ "clients", required_argument, NULL, 'C' },
		{ "json", no_argument, NULL, 'j' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 's': o->server = true; break;
		case 'c': o->connect = optarg; break;
		case 'b': o->bind = optarg; break;
		case 'p': o->port = number("--port", optarg, 1, 65535); break;
		case 'o': o->op = op_of(optarg); break;
		case 'z': o->size = number("--size", optarg, 1, NDKPERF_MAX_SIZE); break;
		case 'd': o->depth = number("--depth", optarg, 1, NDKPERF_MAX_DEPTH); break;
		case 'n': o->chain = number("--chain", optarg, 1, NDKPERF_MAX_CHAIN); break;
		case 'D': o->defer = on_off(optarg); break;
		case 'v': o->verify = true; break;
		case 't': o->seconds = seconds(optarg); break;
		case 'N': o->chains = number("--chains", optarg, 1, 1ULL << 62); break;
		case 'C': o->clients = number("--clients", optarg, 1, 1ULL << 62); break;
		case 'j': o->json = true; break;
		case 'q': o->quiet = true; break;
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(2);
		}
	}
	if (optind != argc)
		die("what is '%s'? (see --help)", argv[optind]);
	check(o);
}

/* --- addresses -------------------------------------------------------------------- */

static void look_up(const char *text, unsigned int port, struct sockaddr_storage *to)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found;
	char service[8];
	int err;

	snprintf(service, sizeof(service), "%u", port);
	err = getaddrinfo(text, service, &hints, &found);
	if (err)
		die("%s: %s", text, gai_strerror(err));
	memset(to, 0, sizeof(*to));
	memcpy(to, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
}

static bool to_module(const struct sockaddr *from, struct ndkperf_addr *to)
{
	const struct sockaddr_in6 *in6 = (const void *)from;
	const struct sockaddr_in *in = (const void *)from;

	memset(to, 0, sizeof(*to));
	to->family = from->sa_family;
	switch (from->sa_family) {
	case AF_INET:
		to->port = in->sin_port;
		memcpy(to->bytes, &in->sin_addr, 4);
		return true;
	case AF_INET6:
		to->port = in6->sin6_port;
		to->scope = in6->sin6_scope_id;
		memcpy(to->bytes, &in6->sin6_addr, 16);
		return true;
	default:
		return false;
	}
}

static void print_address(const struct ndkperf_addr *a, char *to, socklen_t size)
{
	if (!inet_ntop(a->family, a->bytes, to, size))
		snprintf(to, size, "?");
}

/* The address the kernel would send from: that of a socket without any traffic. */
static void local_for(const struct sockaddr_storage *remote, struct sockaddr_storage *local)
{
	socklen_t len = sizeof(*local);
	int fd = socket(remote->ss_family, SOCK_DGRAM, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)remote, len) ||
	    getsockname(fd, (struct sockaddr *)local, &len))
		die("no way to that address: %s", strerror(errno));
	close(fd);
	if (local->ss_family == AF_INET6)
		((struct sockaddr_in6 *)local)->sin6_port = 0;
	else
		((struct sockaddr_in *)local)->sin_port = 0;
}

static int open_device(void)
{
	int fd = open(NDKPERF_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die("%s: %s%s", NDKPERF_DEVICE, strerror(errno),
		    errno == ENOENT ? " (is the module ndkperf loaded?)" : "");
	return fd;
}

static const char *reason(int err)
{
	switch (err) {
	case EADDRNOTAVAIL: return "the local address is on no ndk device";
	case ECONNREFUSED: return "no server there, or it declined";
	case EPROTO: return "the server speaks another version";
	case EMSGSIZE: return "too large for one registration";
	default: return strerror(err);
	}
}

/* --- server ------------------------------------------------------------------------ */

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

/* No SA_RESTART: a wait in the module ends. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = stop };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static bool serve_at(const struct sockaddr *address, unsigned int port, int *fd, int *err)
{
	struct ndkperf_serve serve = {};
	char text[INET6_ADDRSTRLEN];

	if (!to_module(address, &serve.local))
		return false;
	serve.local.port = htons(port);
	*fd = open_device();
	if (ioctl(*fd, NDKPERF_SERVE, &serve)) {
		*err = errno;
		close(*fd);
		return false;
	}
	print_address(&serve.local, text, sizeof(text));
	printf("listening on %s port %u (%s)\n", text, ntohs(serve.local.port), serve.device);
	fflush(stdout);
	return true;
}

static unsigned int serve_everywhere(const struct options *o, int *fds)
{
	struct ifaddrs *list, *entry;
	unsigned int n = 0;
	int err = 0;

	if (getifaddrs(&list))
		die("local addresses: %s", strerror(errno));
	for (entry = list; entry && n < MAX_LISTENERS; entry = entry->ifa_next)
		if (entry->ifa_addr && !(entry->ifa_flags & IFF_LOOPBACK) &&
		    serve_at(entry->ifa_addr, o->port, &fds[n], &err))
			n++;
	freeifaddrs(list);
	if (!n)
		die("nowhere to listen: %s", err ? reason(err) : "there is no address");
	return n;
}

static void add(struct ndkperf_served *sum, const struct ndkperf_served *more)
{
	sum->gone += more->gone;
	sum->messages += more->messages;
	sum->bad += more->bad;
	sum->failed += more->failed;
}

static void report_clients(struct pollfd *fds, struct ndkperf_served *served, unsigned int n)
{
	struct ndkperf_served sum = {};
	unsigned int i;

	for (i = 0; i < n; i++) {
		served[i].seen = served[i].gone;
		if (fds[i].revents && ioctl(fds[i].fd, NDKPERF_SERVED, &served[i]) &&
		    errno != EINTR)
			die("serving: %s", strerror(errno));
		add(&sum, &served[i]);
	}
	printf("%llu clients gone, %llu messages, %llu bad, %llu failed\n",
	       (unsigned long long)sum.gone, (unsigned long long)sum.messages,
	       (unsigned long long)sum.bad, (unsigned long long)sum.failed);
	fflush(stdout);
}

static int serve_clients(const struct options *o, const int *listeners, unsigned int n)
{
	struct ndkperf_served served[MAX_LISTENERS] = {}, sum = {};
	struct pollfd fds[MAX_LISTENERS];
	unsigned int i;

	for (i = 0; i < n; i++)
		fds[i] = (struct pollfd){ .fd = listeners[i], .events = POLLIN };
	while (!stopped && (!o->clients || sum.gone < o->clients)) {
		if (poll(fds, n, -1) < 0)
			break;
		report_clients(fds, served, n);
		sum = (struct ndkperf_served){};
		for (i = 0; i < n; i++)
			add(&sum, &served[i]);
	}
	for (i = 0; i < n; i++)
		close(listeners[i]);
	return sum.bad || sum.failed;
}

static int serve(const struct options *o)
{
	struct sockaddr_storage address;
	int fds[MAX_LISTENERS], err = 0;
	unsigned int n = 1;

	if (o->bind) {
		look_up(o->bind, o->port, &address);
		if (!serve_at((struct sockaddr *)&address, o->port, &fds[0], &err))
			die("%s: %s", o->bind, reason(err));
	} else {
		n = serve_everywhere(o, fds);
	}
	return serve_clients(o, fds, n);
}

/* --- client -------------------------------------------------------------------------- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static double per_second(unsigned long long n, unsigned long long nsecs)
{
	return nsecs ? n * 1e9 / nsecs : 0;
}

static void progress(const struct options *o, const struct totals *t, double since, bool last)
{
	if (o->quiet || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\rndkperf: %.0f s, %llu chains, %.0f requests/s%s", now() - since,
		(unsigned long long)t->run.chains, per_second(t->run.requests, t->run.nsecs),
		last ? "\n" : "   ");
}

static void connect_server(const struct options *o, int fd, struct ndkperf_connect *c)
{
	struct sockaddr_storage remote, local;

	look_up(o->connect, o->port, &remote);
	if (o->bind)
		look_up(o->bind, 0, &local);
	else
		local_for(&remote, &local);
	to_module((struct sockaddr *)&remote, &c->remote);
	to_module((struct sockaddr *)&local, &c->local);
	c->op = o->op;
	c->size = o->size;
	c->depth = o->depth;
	c->chain = o->chain;
	c->flags = (o->defer ? NDKPERF_DEFER : 0) | (o->verify ? NDKPERF_VERIFY : 0);
	if (ioctl(fd, NDKPERF_CONNECT, c))
		die("connecting to %s: %s", o->connect, reason(errno));
}

static void one_round(const struct options *o, int fd, struct totals *t, unsigned long long chains)
{
	struct ndkperf_run run = { .chains = chains, .msecs = ROUND_MS };
	struct ndkperf_check check = {};

	if (o->chains)
		run.msecs = 0;
	if (ioctl(fd, NDKPERF_RUN, &run) && errno != EINTR)
		die("a round failed: %s", strerror(errno));
	if (stopped)
		return;
	if (ioctl(fd, NDKPERF_CHECK, &check))
		die("between rounds: %s", strerror(errno));
	t->run.chains += run.chains;
	t->run.nsecs += run.nsecs;
	t->run.requests += run.requests;
	t->run.doorbells += run.doorbells;
	t->run.deferred += run.deferred;
	t->check.checked += check.checked;
	t->check.bad += check.bad;
	t->rounds++;
}

static void run_rounds(const struct options *o, int fd, struct totals *t, unsigned long long most)
{
	double since = now(), shown = 0;
	unsigned long long left;

	/* with --chains in pieces, or --verify would compare the last of them only */
	if (o->verify && most > o->depth)
		most = o->depth;
	if (most > 1 << 16)
		most = 1 << 16;
	while (!stopped) {
		left = o->chains ? o->chains - t->run.chains : most;
		if (!left || (!o->chains && t->run.nsecs >= o->seconds * 1e9))
			break;
		one_round(o, fd, t, left < most ? left : most);
		if (now() - shown >= 0.5) {
			shown = now();
			progress(o, t, since, false);
		}
	}
	progress(o, t, since, true);
}

/* the middle of a bucket: see ndkperf_latency */
static double bucket_value(unsigned int i)
{
	unsigned int shift = i >> NDKPERF_BUCKET_BITS;
	unsigned long long low;

	if (shift < 2)
		return i;
	low = (unsigned long long)(i - ((shift - 1) << NDKPERF_BUCKET_BITS)) << (shift - 1);
	return low + (1ULL << (shift - 1)) / 2.0;
}

static double percentile(const struct ndkperf_latency *l, double p)
{
	unsigned long long wanted = l->count * p / 100, seen = 0;
	unsigned int i;

	for (i = 0; i < NDKPERF_BUCKETS; i++) {
		seen += l->bucket[i];
		if (seen > wanted || (seen == l->count && seen))
			break;
	}
	return i < NDKPERF_BUCKETS ? bucket_value(i) : l->max;
}

static void print_text(const struct options *o, const struct ndkperf_connect *c,
		       const struct totals *t, const struct ndkperf_latency *l)
{
	double n = t->run.chains ? t->run.chains : 1, r = t->run.requests ? t->run.requests : 1;

	printf("device              %s\n", c->device);
	printf("operation           %s, %u bytes, depth %u, chains of %u, defer %s\n",
	       op_names[o->op], o->size, o->depth, o->chain, o->defer ? "on" : "off");
	printf("chains              %llu\n", (unsigned long long)t->run.chains);
	printf("requests            %llu\n", (unsigned long long)t->run.requests);
	printf("requests/s          %.0f\n", per_second(t->run.requests, t->run.nsecs));
	printf("chains/s            %.0f\n", per_second(t->run.chains, t->run.nsecs));
	printf("doorbells/chain     %.4f\n", t->run.doorbells / n);
	printf("doorbells/request   %.4f\n", t->run.doorbells / r);
	printf("chain latency (us)  min %.2f, 50%% %.2f, 90%% %.2f, 99%% %.2f, 99.9%% %.2f, max %.2f\n",
	       l->min / 1e3, percentile(l, 50) / 1e3, percentile(l, 90) / 1e3,
	       percentile(l, 99) / 1e3, percentile(l, 99.9) / 1e3, l->max / 1e3);
	if (o->verify)
		printf("verified            %llu pieces of data, %llu wrong\n",
		       (unsigned long long)t->check.checked, (unsigned long long)t->check.bad);
}

static void print_json(const struct options *o, const struct ndkperf_connect *c,
		       const struct totals *t, const struct ndkperf_latency *l)
{
	double n = t->run.chains ? t->run.chains : 1, r = t->run.requests ? t->run.requests : 1;

	printf("{\"device\": \"%s\", \"op\": \"%s\", \"size\": %u, \"depth\": %u, \"chain\": %u, ",
	       c->device, op_names[o->op], o->size, o->depth, o->chain);
	printf("\"defer\": %s, \"verify\": %s, \"rounds\": %llu, ", o->defer ? "true" : "false",
	       o->verify ? "true" : "false", t->rounds);
	printf("\"chains\": %llu, \"requests\": %llu, \"nsecs\": %llu, ",
	       (unsigned long long)t->run.chains, (unsigned long long)t->run.requests,
	       (unsigned long long)t->run.nsecs);
	printf("\"requests_per_second\": %.1f, \"chains_per_second\": %.1f, ",
	       per_second(t->run.requests, t->run.nsecs), per_second(t->run.chains, t->run.nsecs));
	printf("\"doorbells\": %llu, \"deferred\": %llu, ", (unsigned long long)t->run.doorbells,
	       (unsigned long long)t->run.deferred);
	printf("\"doorbells_per_chain\": %.6f, \"doorbells_per_request\": %.6f, ",
	       t->run.doorbells / n, t->run.doorbells / r);
	printf("\"latency_us\": {\"min\": %.3f, \"p50\": %.3f, \"p90\": %.3f, \"p99\": %.3f, ",
	       l->min / 1e3, percentile(l, 50) / 1e3, percentile(l, 90) / 1e3,
	       percentile(l, 99) / 1e3);
	printf("\"p999\": %.3f, \"max\": %.3f}, ", percentile(l, 99.9) / 1e3, l->max / 1e3);
	printf("\"checked\": %llu, \"bad\": %llu}\n", (unsigned long long)t->check.checked,
	       (unsigned long long)t->check.bad);
}

static int measure(const struct options *o)
{
	struct ndkperf_latency latency = {};
	struct ndkperf_connect c = {};
	struct totals totals = {};
	int fd = open_device();

	connect_server(o, fd, &c);
	run_rounds(o, fd, &totals, c.round);
	if (ioctl(fd, NDKPERF_LATENCY, &latency))
		die("latencies: %s", strerror(errno));
	if (o->json)
		print_json(o, &c, &totals, &latency);
	else
		print_text(o, &c, &totals, &latency);
	close(fd);
	if (totals.check.bad)
		die("%llu pieces of data are wrong", (unsigned long long)totals.check.bad);
	return stopped ? 130 : 0;
}

int main(int argc, char **argv)
{
	struct options o = {
		.port = NDKPERF_PORT,
		.size = DEFAULT_SIZE,
		.depth = DEFAULT_DEPTH,
		.defer = true,
		.seconds = DEFAULT_SECONDS,
	};

	parse(&o, argc, argv);
	catch_signals();
	return o.server ? serve(&o) : measure(&o);
}
