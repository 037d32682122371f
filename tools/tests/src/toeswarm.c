// SPDX-License-Identifier: GPL-2.0
/*
 * toeswarm serve ADDRESS PORT
 *	echoes on every connection until it is killed
 * toeswarm run ADDRESS PORT CONNECTIONS SECONDS [STALL]
 *	keeps that many connections busy for so long, compares every byte that comes
 *	back, and ends well only if each connection got all of its bytes and none
 *	was without progress for STALL seconds (default 20). CONNECTIONS may be
 *	followed by ",idle": nothing is sent until a signal USR1 comes.
 *
 * An ordinary program with ordinary sockets: it knows nothing of offload.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNK	4096
#define AHEAD	16384		/* bytes on their way, per connection */

struct link {
	int fd;
	uint32_t mask;		/* what epoll waits for */
	uint64_t sent, received;
	double moved;		/* last progress */
	/* server: what is to be sent back */
	char *kept;
	size_t at, end;
};

static int events;
static double longest;
static volatile sig_atomic_t go = 1;

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "toeswarm: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Every connection has a pattern of its own, so that bytes of another show. */
static unsigned char byte_at(const struct link *l, uint64_t n)
{
	return n * 13 + n / 255 + l->fd * 31;
}

static void watch(struct link *l, uint32_t mask)
{
	struct epoll_event e = { .events = mask, .data.ptr = l };
	int how = l->mask ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (mask == l->mask)
		return;
	if (epoll_ctl(events, how, l->fd, &e))
		die("epoll_ctl");
	l->mask = mask;
}

static int open_socket(const char *address, const char *port, struct addrinfo **found)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
	int fd, on = 1;

	if (getaddrinfo(address, port, &hints, found))
		die(address);
	fd = socket((*found)->ai_family, SOCK_STREAM, 0);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return fd;
}

/* --- serve ----------------------------------------------------------------------- */

static void drop(struct link *l)
{
	close(l->fd);
	free(l->kept);
	free(l);
}

/* false: it is over */
static bool echo_out(struct link *l)
{
	ssize_t n;

	while (l->at < l->end) {
		n = send(l->fd, l->kept + l->at, l->end - l->at, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN;
		l->at += n;
	}
	l->at = 0;
	l->end = 0;
	return true;
}

static bool echo(struct link *l)
{
	ssize_t n;

	if (!echo_out(l))
		return false;
	while (!l->end) {
		n = recv(l->fd, l->kept, CHUNK, 0);
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		l->end = n;
		if (!echo_out(l))
			return false;
	}
	return true;
}

static void greet(int listener)
{
	struct link *l;
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		l = calloc(1, sizeof(*l));
		if (l)
			l->kept = malloc(CHUNK);
		if (!l || !l->kept)
			die("memory");
		l->fd = fd;
		watch(l, EPOLLIN);
	}
}

static int serve(const char *address, const char *port)
{
	struct addrinfo *found;
	struct link listener = { .fd = open_socket(address, port, &found) };
	struct epoll_event e[64];
	int i, n;

	fcntl(listener.fd, F_SETFL, O_NONBLOCK);
	if (bind(listener.fd, found->ai_addr, found->ai_addrlen) || listen(listener.fd, 1024))
		die("listen");
	watch(&listener, EPOLLIN);
	for (;;) {
		n = epoll_wait(events, e, 64, -1);
		for (i = 0; i < n; i++) {
			struct link *l = e[i].data.ptr;

			if (l == &listener)
				greet(listener.fd);
			else if (!echo(l))
				drop(l);
			else
				watch(l, l->end ? EPOLLOUT : EPOLLIN);
		}
	}
}

/* --- run ------------------------------------------------------------------------- */

static void progress(struct link *l)
{
	double t = now();

	if (t - l->moved > longest)
		longest = t - l->moved;
	l->moved = t;
}

static void feed(struct link *l)
{
	unsigned char data[CHUNK];
	ssize_t n, i;

	while (l->sent - l->received < AHEAD) {
		for (i = 0; i < CHUNK; i++)
			data[i] = byte_at(l, l->sent + i);
		n = send(l->fd, data, CHUNK, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			die("send");
		l->sent += n;
	}
}

static void taste(struct link *l)
{
	unsigned char data[CHUNK];
	ssize_t n, i;

	while ((n = recv(l->fd, data, CHUNK, 0)) > 0) {
		for (i = 0; i < n; i++) {
			if (data[i] != byte_at(l, l->received + i)) {
				fprintf(stderr, "toeswarm: byte %llu differs\n",
					(unsigned long long)(l->received + i));
				exit(1);
			}
		}
		l->received += n;
		progress(l);
	}
	if (!n) {
		fprintf(stderr, "toeswarm: a connection ended after %llu bytes\n",
			(unsigned long long)l->received);
		exit(1);
	}
	if (errno != EAGAIN)
		die("recv");
}

static void connect_all(struct link *l, int n, const char *address, const char *port)
{
	struct addrinfo *found;
	int i;

	for (i = 0; i < n; i++) {
		l[i].fd = open_socket(address, port, &found);
		if (connect(l[i].fd, found->ai_addr, found->ai_addrlen))
			die("connect");
		freeaddrinfo(found);
		fcntl(l[i].fd, F_SETFL, O_NONBLOCK);
		l[i].moved = now();
	}
}

static void wake(int signal)
{
	(void)signal;
	go = 1;
}

static int pending(const struct link *l, int n)
{
	int i, left = 0;

	for (i = 0; i < n; i++)
		left += l[i].sent != l[i].received;
	return left;
}

static void check_stall(struct link *l, int n, double stall)
{
	double t = now();
	int i;

	for (i = 0; i < n; i++) {
		if (l[i].sent != l[i].received && t - l[i].moved > stall) {
			fprintf(stderr, "toeswarm: no progress for %.1f s: %llu sent, %llu back\n",
				t - l[i].moved, (unsigned long long)l[i].sent,
				(unsigned long long)l[i].received);
			exit(1);
		}
	}
}

static void start_all(struct link *l, int n)
{
	int i;

	while (!go)
		usleep(20000);
	for (i = 0; i < n; i++) {
		l[i].moved = now();
		watch(&l[i], EPOLLIN);
		feed(&l[i]);
	}
}

/* Until the time is over and everything is back. */
static void pump(struct link *l, int n, double seconds, double stall)
{
	double end = now() + seconds, next = 0;
	struct epoll_event e[64];
	int i, got;

	while (now() < end || pending(l, n)) {
		got = epoll_wait(events, e, 64, 200);
		for (i = 0; i < got; i++) {
			struct link *one = e[i].data.ptr;

			taste(one);
			if (now() >= end)
				continue;
			feed(one);
		}
		/* sockets that were full: whatever comes back makes room */
		if (now() > next) {
			check_stall(l, n, stall);
			next = now() + 0.5;
		}
	}
}

static int run(const char *address, const char *port, const char *count, double seconds,
	       double stall)
{
	int i, n = atoi(count);
	struct link *l = calloc(n, sizeof(*l));
	uint64_t bytes = 0;

	if (n < 1 || !l)
		die("connections");
	if (strstr(count, ",idle")) {
		signal(SIGUSR1, wake);
		go = 0;
	}
	connect_all(l, n, address, port);
	puts("connected");
	fflush(stdout);
	start_all(l, n);
	pump(l, n, seconds, stall);
	for (i = 0; i < n; i++)
		bytes += l[i].received;
	printf("connections %d bytes %llu longest_ms %.0f\n", n, (unsigned long long)bytes,
	       longest * 1000);
	return 0;
}

int main(int argc, char **argv)
{
	struct rlimit limit = { .rlim_cur = 4096, .rlim_max = 4096 };

	setrlimit(RLIMIT_NOFILE, &limit);
	events = epoll_create1(0);
	if (argc == 4 && !strcmp(argv[1], "serve"))
		return serve(argv[2], argv[3]);
	if ((argc == 6 || argc == 7) && !strcmp(argv[1], "run"))
		return run(argv[2], argv[3], argv[4], atof(argv[5]),
			   argc == 7 ? atof(argv[6]) : 20);
	fputs("usage: toeswarm serve ADDRESS PORT\n"
	      "       toeswarm run ADDRESS PORT CONNECTIONS[,idle] SECONDS [STALL]\n", stderr);
	return 2;
}
