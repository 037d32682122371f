// SPDX-License-Identifier: GPL-2.0
/*
 * toecalls ADDRESS PORT CASE THERE BACK: socket calls on a connection that is moved.
 *
 * Connects to an echo server and does what CASE says. THERE and BACK are shell
 * commands that move the socket ($TOE_PID, $TOE_FD) to a target and back.
 * "refuse-..." brings the socket into a state in which it is not to be taken, and
 * runs THERE, which is to say so. Ends with 0 if all went as on any socket.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int sock;
static const char *there, *back;
static char data[256 * 1024], got[256 * 1024];

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "toecalls: %s (%s)\n", what, strerror(errno));
	exit(1);
}

static void check(bool ok, const char *what)
{
	if (!ok)
		die(what);
}

static void run(const char *command)
{
	char pid[32], fd[32];

	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(fd, sizeof(fd), "%d", sock);
	setenv("TOE_PID", pid, 1);
	setenv("TOE_FD", fd, 1);
	if (system(command))
		die(command);
}

static void set(int level, int name, int value)
{
	check(!setsockopt(sock, level, name, &value, sizeof(value)), "setsockopt");
}

static int get(int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	check(!getsockopt(sock, level, name, &value, &len), "getsockopt");
	return value;
}

static void send_all(size_t n)
{
	size_t at = 0;
	ssize_t s;

	while (at < n) {
		s = send(sock, data + at, n - at, MSG_NOSIGNAL);
		check(s > 0, "send");
		at += s;
	}
}

static void recv_all(size_t n)
{
	size_t at = 0;
	ssize_t s;

	while (at < n) {
		s = recv(sock, got + at, n - at, 0);
		check(s > 0, "recv");
		at += s;
	}
	check(!memcmp(data, got, n), "bytes differ");
}

/* --- reading --------------------------------------------------------------------- */

static void peek(void)
{
	run(there);
	send_all(1000);
	while (recv(sock, got, 1000, MSG_PEEK) < 1000)
		usleep(1000);
	check(!memcmp(data, got, 1000), "peeked bytes differ");
	run(back);
	check(recv(sock, got, 1000, MSG_PEEK) == 1000, "peek after the upload");
	recv_all(1000);
}

static void waitall(void)
{
	run(there);
	send_all(30000);
	check(recv(sock, got, 30000, MSG_WAITALL) == 30000, "MSG_WAITALL");
	check(!memcmp(data, got, 30000), "bytes differ");
}

static void lowat(void)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };

	set(SOL_SOCKET, SO_RCVLOWAT, 2000);
	run(there);
	send_all(1000);
	check(!poll(&p, 1, 300), "poll below SO_RCVLOWAT");
	send_all(1000);
	check(poll(&p, 1, 5000) == 1, "poll at SO_RCVLOWAT");
	check(recv(sock, got, 2000, 0) == 2000, "recv");
}

static void epoll_edge(void)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	int ep = epoll_create1(0);

	check(!epoll_ctl(ep, EPOLL_CTL_ADD, sock, &e), "epoll_ctl");
	run(there);
	send_all(10);
	check(epoll_wait(ep, &e, 1, 5000) == 1, "first edge");
	check(!epoll_wait(ep, &e, 1, 200), "no edge without new data");
	send_all(10);
	check(epoll_wait(ep, &e, 1, 5000) == 1, "second edge");
	check(recv(sock, got, 20, MSG_WAITALL) == 20, "recv");
}

static void splice_in(void)
{
	int pipes[2];
	size_t at = 0;
	ssize_t s;

	check(!pipe(pipes), "pipe");
	run(there);
	send_all(20000);
	while (at < 20000) {
		s = splice(sock, NULL, pipes[1], NULL, 20000 - at, 0);
		check(s > 0, "splice");
		check(read(pipes[0], got + at, s) == s, "read");
		at += s;
	}
	check(!memcmp(data, got, at), "bytes differ");
}

static void *sleeper(void *arg)
{
	(void)arg;
	recv_all(5000);
	return NULL;
}

/* asleep in recv() as it goes there, and as it comes back */
static void sleeping_reader(void)
{
	pthread_t thread;
	int i;

	for (i = 0; i < 2; i++) {
		if (i)
			run(there);
		check(!pthread_create(&thread, NULL, sleeper, NULL), "thread");
		usleep(100000);
		run(i ? back : there);
		send_all(5000);
		check(!pthread_join(thread, NULL), "join");
		if (!i)
			run(back);
	}
}

/* --- writing --------------------------------------------------------------------- */

static void send_file(void)
{
	FILE *f = tmpfile();
	off_t at = 0;

	check(f && fwrite(data, 1, 60000, f) == 60000 && !fflush(f), "file");
	run(there);
	while (at < 60000)
		check(sendfile(sock, fileno(f), &at, 60000 - at) > 0, "sendfile");
	recv_all(60000);
}

static void *reader(void *arg)
{
	size_t left = (size_t)arg;
	ssize_t s;

	while (left) {
		s = recv(sock, got, sizeof(got), 0);
		check(s > 0, "recv");
		left -= s;
	}
	return NULL;
}

/* Nobody reads: the server stops echoing, then all buffers are full. */
static void full_buffer(void)
{
	struct pollfd p = { .fd = sock, .events = POLLOUT };
	size_t total = 0;
	pthread_t thread;
	ssize_t s;

	set(SOL_SOCKET, SO_SNDBUF, 32768);
	set(SOL_SOCKET, SO_RCVBUF, 32768);
	run(there);
	for (;;) {
		s = send(sock, data, 8192, MSG_DONTWAIT);
		if (s > 0)
			total += s;
		else if (!poll(&p, 1, 1000))
			break;
	}
	check(errno == EAGAIN, "full");
	/* a blocked send wakes as soon as somebody reads */
	check(!pthread_create(&thread, NULL, reader, (void *)(total + 100000)), "thread");
	send_all(100000);
	check(!pthread_join(thread, NULL), "join");
	check(poll(&p, 1, 5000) == 1, "room again");
}

/* --- ending ---------------------------------------------------------------------- */

static void shutdown_write(void)
{
	run(there);
	send_all(50000);
	check(!shutdown(sock, SHUT_WR), "shutdown");
	recv_all(50000);
	check(recv(sock, got, 1, 0) == 0, "end of the stream");
}

static void linger_zero(void)
{
	struct linger l = { .l_onoff = 1 };

	run(there);
	send_all(1000);
	recv_all(1000);
	check(!setsockopt(sock, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), "SO_LINGER");
	check(!close(sock), "close");
}

static void close_with_data(void)
{
	run(there);
	send_all(100000);
	check(!close(sock), "close");
}

static void disconnect(void)
{
	struct sockaddr a = { .sa_family = AF_UNSPEC };

	run(there);
	send_all(10);
	recv_all(10);
	check(!connect(sock, &a, sizeof(a)), "disconnect");
	/* the first call is told of the reset, the next one that there is no peer */
	check(send(sock, data, 1, MSG_NOSIGNAL) < 0, "send afterwards");
	check(send(sock, data, 1, MSG_NOSIGNAL) < 0 && errno == EPIPE, "send again");
}

/* --- options, urgent data -------------------------------------------------------- */

static void options(void)
{
	run(there);
	set(SOL_SOCKET, SO_KEEPALIVE, 1);
	set(IPPROTO_TCP, TCP_KEEPIDLE, 33);
	set(IPPROTO_TCP, TCP_NODELAY, 1);
	set(IPPROTO_IP, IP_TTL, 44);
	set(IPPROTO_IP, IP_TOS, 0x10);
	set(IPPROTO_TCP, TCP_USER_TIMEOUT, 12000);
	send_all(1000);
	recv_all(1000);
	run(back);
	check(get(SOL_SOCKET, SO_KEEPALIVE) == 1, "keepalive");
	check(get(IPPROTO_TCP, TCP_KEEPIDLE) == 33, "keepalive time");
	check(get(IPPROTO_TCP, TCP_NODELAY) == 1, "nodelay");
	check(get(IPPROTO_IP, IP_TTL) == 44, "ttl");
	check(get(IPPROTO_IP, IP_TOS) == 0x10, "tos");
	check(get(IPPROTO_TCP, TCP_USER_TIMEOUT) == 12000, "user timeout");
}

/* Sent as urgent, read by the server out of band, that is not at all. */
static void urgent_send(void)
{
	run(there);
	send_all(100);
	recv_all(100);
	check(send(sock, "!", 1, MSG_OOB) == 1, "send urgent");
	send_all(1000);
	recv_all(1000);
}

static void attach_filter(void)
{
	struct sock_filter all[] = { { .code = BPF_RET | BPF_K, .k = 0xffffffff } };
	struct sock_fprog f = { .len = 1, .filter = all };

	check(!setsockopt(sock, SOL_SOCKET, SO_ATTACH_FILTER, &f, sizeof(f)), "filter");
}

/* What a target does not have brings the connection back, and then works. */
static void filter_later(void)
{
	run(there);
	send_all(1000);
	attach_filter();
	recv_all(1000);
}

static void cork_later(void)
{
	run(there);
	set(IPPROTO_TCP, TCP_CORK, 1);
	send_all(100);
	set(IPPROTO_TCP, TCP_CORK, 0);
	recv_all(100);
}

static void repair_later(void)
{
	run(there);
	send_all(100);
	recv_all(100);
	set(IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_ON);
	set(IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);
	send_all(100);
	recv_all(100);
}

/* --- not to be taken ------------------------------------------------------------- */

static void refuse_filter(void)
{
	attach_filter();
	run(there);
}

static void refuse_half_closed(void)
{
	shutdown(sock, SHUT_WR);
	run(there);
}

static void refuse_cork(void)
{
	set(IPPROTO_TCP, TCP_CORK, 1);
	run(there);
}

static void refuse_repair(void)
{
	set(IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_ON);
	run(there);
	set(IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);
}

static void refuse_ttl(void)
{
	set(IPPROTO_IP, IP_MINTTL, 10);
	run(there);
}

static void refuse_ulp(void)
{
	check(!setsockopt(sock, IPPROTO_TCP, TCP_ULP, "tls", 3), "TCP_ULP");
	run(there);
}

static void refuse_options(void)
{
	/* no-operations, to the length of a word */
	check(!setsockopt(sock, IPPROTO_IP, IP_OPTIONS, "\1\1\1\1", 4), "IP_OPTIONS");
	run(there);
}

static void refuse_unconnected(void)
{
	close(sock);
	sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	run(there);
}

static void refuse_listener(void)
{
	refuse_unconnected();
	check(!listen(sock, 1), "listen");
	run(there);
}

/* --- the program's own way ------------------------------------------------------- */

static void own_ulp(void)
{
	check(!setsockopt(sock, IPPROTO_TCP, TCP_ULP, "toe", 3), "TCP_ULP toe");
	send_all(100000);
	recv_all(100000);
	run(back);
	send_all(1000);
	recv_all(1000);
}

static const struct test {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "peek", peek },
	{ "waitall", waitall },
	{ "lowat", lowat },
	{ "epoll-edge", epoll_edge },
	{ "splice", splice_in },
	{ "sendfile", send_file },
	{ "sleeping-reader", sleeping_reader },
	{ "full-buffer", full_buffer },
	{ "shutdown", shutdown_write },
	{ "linger", linger_zero },
	{ "close", close_with_data },
	{ "disconnect", disconnect },
	{ "options", options },
	{ "urgent", urgent_send },
	{ "filter", filter_later },
	{ "cork", cork_later },
	{ "repair", repair_later },
	{ "ulp", own_ulp },
	{ "refuse-filter", refuse_filter },
	{ "refuse-half-closed", refuse_half_closed },
	{ "refuse-cork", refuse_cork },
	{ "refuse-repair", refuse_repair },
	{ "refuse-ttl", refuse_ttl },
	{ "refuse-ulp", refuse_ulp },
	{ "refuse-options", refuse_options },
	{ "refuse-unconnected", refuse_unconnected },
	{ "refuse-listener", refuse_listener },
};

static void connect_to(const char *address, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
	struct addrinfo *found;

	check(!getaddrinfo(address, port, &hints, &found), "address");
	sock = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	check(sock >= 0 && !connect(sock, found->ai_addr, found->ai_addrlen), "connect");
	freeaddrinfo(found);
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc != 6) {
		fputs("usage: toecalls ADDRESS PORT CASE THERE BACK\n", stderr);
		return 2;
	}
	there = argv[4];
	back = argv[5];
	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 11 + i / 253;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (strcmp(cases[i].name, argv[3]))
			continue;
		connect_to(argv[1], argv[2]);
		cases[i].run();
		return 0;
	}
	fprintf(stderr, "toecalls: no case '%s'\n", argv[3]);
	return 2;
}
