// SPDX-License-Identifier: GPL-2.0
/*
 * toemeter serve ADDRESS PORT
 * toemeter bulk ADDRESS PORT MEGABYTES [offload]
 * toemeter pull ADDRESS PORT MEGABYTES [offload]
 * toemeter turn ADDRESS PORT COUNT [offload]
 * toemeter move ADDRESS PORT ROUNDS
 * toemeter batch ADDRESS PORT CONNECTIONS
 *
 * One connection, or some, to a server that is another one of these: a stream to it,
 * a stream from it, requests and responses of 64 bytes, and the moves of a connection
 * to the offload target and back by themselves. With "offload" this end is at the
 * target while it is measured. Prints one JSON object.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <ndk/toe_live.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../toectl/nl.h"

#define CHUNK	131072
#define REQUEST	64
#define MOST	1024

/* what a client begins with */
struct order {
	uint32_t kind;		/* 'b', 'p', 't' */
	uint32_t pad;
	uint64_t bytes;
};

static struct nl nl;
static char buf[CHUNK];

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "toemeter: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int make_socket(const char *host, const char *port, int passive)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = passive ? AI_PASSIVE : 0 };
	struct addrinfo *a;
	int fd, one = 1;

	if (getaddrinfo(host, port, &hints, &a))
		die("address");
	fd = socket(a->ai_family, SOCK_STREAM, 0);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (passive ? bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, MOST) :
		      connect(fd, a->ai_addr, a->ai_addrlen))
		die(passive ? "bind" : "connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	freeaddrinfo(a);
	return fd;
}

static void give(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	for (; len; len -= n, p += n) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n <= 0)
			die("send");
	}
}

/* 0 at the end of the stream */
static int take(int fd, void *data, size_t len)
{
	char *p = data;
	ssize_t n;

	for (; len; len -= n, p += n) {
		n = recv(fd, p, len, 0);
		if (!n)
			return 0;
		if (n < 0)
			die("recv");
	}
	return 1;
}

static void give_many(int fd, uint64_t bytes)
{
	for (; bytes; bytes -= bytes < CHUNK ? bytes : CHUNK)
		give(fd, buf, bytes < CHUNK ? bytes : CHUNK);
}

static void take_many(int fd, uint64_t bytes)
{
	while (bytes) {
		ssize_t n = recv(fd, buf, bytes < CHUNK ? bytes : CHUNK, 0);

		if (n <= 0)
			die("recv");
		bytes -= n;
	}
}

/* --- server ------------------------------------------------------------------------ */

static void serve_one(int fd)
{
	char request[REQUEST];
	int one = 1;
	struct order o;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	while (take(fd, &o, sizeof(o))) {
		if (o.kind == 'b') {
			take_many(fd, o.bytes);
			give(fd, "", 1);
		} else if (o.kind == 'p') {
			give_many(fd, o.bytes);
		} else {
			for (; o.bytes; o.bytes--) {
				if (!take(fd, request, sizeof(request)))
					return;
				give(fd, request, sizeof(request));
			}
		}
	}
}

static void serve(const char *host, const char *port)
{
	int on = make_socket(host, port, 1), fd;

	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		fd = accept(on, NULL, NULL);
		if (fd < 0)
			continue;
		if (!fork()) {
			close(on);
			serve_one(fd);
			exit(0);
		}
		close(fd);
	}
}

/* --- moves ------------------------------------------------------------------------- */

struct result {
	unsigned int moved;
	int err;
	char reason[64];
};

static void take_result(const struct nlattr *nest, struct result *r)
{
	const struct nlattr *a = NULL;
	int err = 0;

	while ((a = attr_each(a, attr_data(nest), attr_len(nest)))) {
		if (attr_type(a) == NDK_TOE_RESULT_ERRNO)
			err = attr_number(a);
		else if (attr_type(a) == NDK_TOE_RESULT_REASON)
			attr_string(a, r->reason, sizeof(r->reason));
	}
	if (err)
		r->err = err;
	else
		r->moved++;
}

static int take_results(uint16_t type, const void *data, size_t len, void *arg)
{
	const struct nlattr *a = NULL;

	if (type != nl.family || len < GENL_HDRLEN)
		return 0;
	while ((a = attr_each(a, (const char *)data + GENL_HDRLEN, len - GENL_HDRLEN)))
		if (attr_type(a) == NDK_TOE_A_RESULT)
			take_result(a, arg);
	return 0;
}

/* Returns seconds. */
static double move(uint8_t cmd, const int *fd, unsigned int n)
{
	struct result r = { 0 };
	struct msg m = { 0 };
	double start;
	unsigned int i;
	size_t nest;
	int err;

	msg_start_generic(&m, &nl, cmd, false);
	for (i = 0; i < n; i++) {
		nest = msg_nest(&m, NDK_TOE_A_CONN);
		msg_put_u32(&m, NDK_TOE_CONN_FD, fd[i]);
		msg_nest_end(&m, nest);
	}
	start = now();
	err = nl_talk(&nl, &m, take_results, &r);
	start = now() - start;
	if (err || r.moved != n) {
		fprintf(stderr, "toemeter: %u of %u connections moved: %s %s\n", r.moved, n,
			strerror(err ? -err : r.err), *r.reason ? r.reason : nl.said);
		exit(1);
	}
	msg_free(&m);
	return start;
}

static void need_family(void)
{
	int err = nl_open_family(&nl, NDK_TOE_FAMILY, NDK_TOE_EVENTS);

	if (err) {
		errno = -err;
		die("ndk_toe_host is not loaded");
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_move(const char *name, double *t, unsigned int n, const char *behind)
{
	qsort(t, n, sizeof(*t), compare);
	printf("\"%s_median_us\":%.2f,\"%s_99_us\":%.2f%s", name, t[n / 2] * 1e6, name,
	       t[n * 99 / 100] * 1e6, behind);
}

static void move_one(int fd, unsigned int rounds)
{
	double *there = calloc(rounds, sizeof(*there)), *back = calloc(rounds, sizeof(*back));
	unsigned int i;

	if (!there || !back)
		die("memory");
	need_family();
	for (i = 0; i < rounds; i++) {
		there[i] = move(NDK_TOE_CMD_OFFLOAD, &fd, 1);
		back[i] = move(NDK_TOE_CMD_UPLOAD, &fd, 1);
	}
	putchar('{');
	print_move("offload", there, rounds, ",");
	print_move("upload", back, rounds, "}\n");
	free(there);
	free(back);
}

static void batch(const char *host, const char *port, unsigned int n)
{
	double single[2] = { 0 }, whole[2];
	int fd[MOST];
	unsigned int i;

	if (!n || n > MOST)
		die("1 to 1024 connections");
	for (i = 0; i < n; i++)
		fd[i] = make_socket(host, port, 0);
	need_family();
	/* once, for whatever is made at the first time */
	move(NDK_TOE_CMD_OFFLOAD, fd, n);
	move(NDK_TOE_CMD_UPLOAD, fd, n);
	for (i = 0; i < n; i++)
		single[0] += move(NDK_TOE_CMD_OFFLOAD, fd + i, 1);
	for (i = 0; i < n; i++)
		single[1] += move(NDK_TOE_CMD_UPLOAD, fd + i, 1);
	whole[0] = move(NDK_TOE_CMD_OFFLOAD, fd, n);
	whole[1] = move(NDK_TOE_CMD_UPLOAD, fd, n);
	printf("{\"offload_single_us\":%.2f,\"upload_single_us\":%.2f,", single[0] / n * 1e6,
	       single[1] / n * 1e6);
	printf("\"offload_batch_us\":%.2f,\"upload_batch_us\":%.2f}\n", whole[0] / n * 1e6,
	       whole[1] / n * 1e6);
}

/* --- streams ----------------------------------------------------------------------- */

static void order(int fd, char kind, uint64_t bytes)
{
	struct order o = { .kind = kind, .bytes = bytes };

	give(fd, &o, sizeof(o));
}

static void stream(int fd, char kind, uint64_t bytes)
{
	double start = now();

	order(fd, kind, bytes);
	if (kind == 'b') {
		give_many(fd, bytes);
		take_many(fd, 1);
	} else {
		take_many(fd, bytes);
	}
	printf("{\"mbs\":%.2f}\n", bytes / (now() - start) / 1e6);
}

static void turns(int fd, uint64_t n)
{
	char request[REQUEST] = { 0 };
	double start = now();
	uint64_t i;

	order(fd, 't', n);
	for (i = 0; i < n; i++) {
		give(fd, request, sizeof(request));
		if (!take(fd, request, sizeof(request)))
			die("the server has gone");
	}
	printf("{\"turns\":%.2f}\n", n / (now() - start));
}

/* Nobody starts with a cold connection: windows and caches as after a while. */
static int warm(const char *host, const char *port, char kind, int offload)
{
	int fd = make_socket(host, port, 0);

	order(fd, 'b', 1 << 20);
	give_many(fd, 1 << 20);
	take_many(fd, 1);
	if (kind == 'p') {
		order(fd, 'p', 1 << 20);
		take_many(fd, 1 << 20);
	}
	if (offload) {
		need_family();
		move(NDK_TOE_CMD_OFFLOAD, &fd, 1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	int offload = argc == 6 && !strcmp(argv[5], "offload");
	unsigned long n = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;

	if (argc == 4 && !strcmp(argv[1], "serve"))
		serve(argv[2], argv[3]);
	if (argc < 5 || argc > 5 + offload || !n) {
		fputs("usage: see the head of toemeter.c\n", stderr);
		return 2;
	}
	if (!strcmp(argv[1], "bulk"))
		stream(warm(argv[2], argv[3], 'b', offload), 'b', n * 1000000);
	else if (!strcmp(argv[1], "pull"))
		stream(warm(argv[2], argv[3], 'p', offload), 'p', n * 1000000);
	else if (!strcmp(argv[1], "turn"))
		turns(warm(argv[2], argv[3], 't', offload), n);
	else if (!strcmp(argv[1], "move"))
		move_one(warm(argv[2], argv[3], 't', 0), n);
	else if (!strcmp(argv[1], "batch"))
		batch(argv[2], argv[3], n);
	else
		return 2;
	return 0;
}
