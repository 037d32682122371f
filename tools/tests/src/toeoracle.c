// SPDX-License-Identifier: GPL-2.0
/*
 * toeoracle ADDRESS PORT MODE THERE BACK: is a connection after a move what it was
 * before?
 *
 * Connects to an echo server, brings the connection into the state that MODE names,
 * and writes down what the kernel itself says of it (TCP_INFO, TCP_REPAIR, sizes of
 * the queues, options). Then it runs the shell commands THERE and BACK, which move
 * the socket ($TOE_PID, $TOE_FD), looks again, and compares. At last every byte has
 * to arrive all the same.
 *
 *	idle	nothing on its way
 *	unread	received bytes are in the receive queue
 *	unacked	sent bytes are in the send queue; what delays the acknowledgment is
 *		the caller's business
 *	options	keepalive, TTL, TOS, nodelay, user timeout are set
 *	moved	as idle, but BACK runs after data went both ways while it was there
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES	5000

struct state {
	struct tcp_info info;
	struct tcp_repair_window wnd;
	uint32_t rcv_seq, snd_seq, timestamp;
	int inq, outq, notsent;
	int keepalive, idle, interval, probes, ttl, tos, nodelay, user_timeout, reuse;
};

static int sock;
static unsigned int differences;

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, " (%s)\n", strerror(errno));
	exit(1);
}

static int get(int level, int name, const char *what)
{
	socklen_t len = sizeof(int);
	int value = 0;

	if (getsockopt(sock, level, name, &value, &len))
		die("getsockopt %s", what);
	return value;
}

static void set(int level, int name, int value, const char *what)
{
	if (setsockopt(sock, level, name, &value, sizeof(value)))
		die("setsockopt %s", what);
}

/* --- what the kernel says -------------------------------------------------------- */

static void read_repair(struct state *s)
{
	socklen_t len = sizeof(s->wnd);

	set(IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_ON, "TCP_REPAIR");
	set(IPPROTO_TCP, TCP_REPAIR_QUEUE, TCP_RECV_QUEUE, "TCP_REPAIR_QUEUE");
	s->rcv_seq = get(IPPROTO_TCP, TCP_QUEUE_SEQ, "TCP_QUEUE_SEQ");
	set(IPPROTO_TCP, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE, "TCP_REPAIR_QUEUE");
	s->snd_seq = get(IPPROTO_TCP, TCP_QUEUE_SEQ, "TCP_QUEUE_SEQ");
	set(IPPROTO_TCP, TCP_REPAIR_QUEUE, TCP_NO_QUEUE, "TCP_REPAIR_QUEUE");
	if (getsockopt(sock, IPPROTO_TCP, TCP_REPAIR_WINDOW, &s->wnd, &len))
		die("getsockopt TCP_REPAIR_WINDOW");
	s->timestamp = get(IPPROTO_TCP, TCP_TIMESTAMP, "TCP_TIMESTAMP");
	/* and off without a packet */
	set(IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP, "TCP_REPAIR");
}

static void read_state(struct state *s)
{
	socklen_t len = sizeof(s->info);

	memset(s, 0, sizeof(*s));
	if (getsockopt(sock, IPPROTO_TCP, TCP_INFO, &s->info, &len))
		die("getsockopt TCP_INFO");
	if (ioctl(sock, SIOCINQ, &s->inq) || ioctl(sock, SIOCOUTQ, &s->outq) ||
	    ioctl(sock, SIOCOUTQNSD, &s->notsent))
		die("ioctl");
	read_repair(s);
	s->keepalive = get(SOL_SOCKET, SO_KEEPALIVE, "SO_KEEPALIVE");
	s->idle = get(IPPROTO_TCP, TCP_KEEPIDLE, "TCP_KEEPIDLE");
	s->interval = get(IPPROTO_TCP, TCP_KEEPINTVL, "TCP_KEEPINTVL");
	s->probes = get(IPPROTO_TCP, TCP_KEEPCNT, "TCP_KEEPCNT");
	s->ttl = get(IPPROTO_IP, IP_TTL, "IP_TTL");
	s->tos = get(IPPROTO_IP, IP_TOS, "IP_TOS");
	s->nodelay = get(IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY");
	s->user_timeout = get(IPPROTO_TCP, TCP_USER_TIMEOUT, "TCP_USER_TIMEOUT");
	s->reuse = get(SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR");
}

/* --- comparing ------------------------------------------------------------------- */

static void differs(const char *what, long long before, long long after)
{
	printf("%s: %lld before, %lld after\n", what, before, after);
	differences++;
}

static void same(const char *what, long long before, long long after)
{
	if (before != after)
		differs(what, before, after);
}

static void near(const char *what, long long before, long long after, long long by)
{
	if (after < before - by || after > before + by)
		differs(what, before, after);
}

static void at_least(const char *what, long long before, long long after)
{
	if (after < before)
		differs(what, before, after);
}

/* Fields that nothing may change, whatever went over the connection. */
static void compare_constant(const struct state *a, const struct state *b)
{
	const struct tcp_info *i = &a->info, *j = &b->info;

	same("state", i->tcpi_state, j->tcpi_state);
	same("options", i->tcpi_options, j->tcpi_options);
	same("snd_wscale", i->tcpi_snd_wscale, j->tcpi_snd_wscale);
	same("rcv_wscale", i->tcpi_rcv_wscale, j->tcpi_rcv_wscale);
	same("snd_mss", i->tcpi_snd_mss, j->tcpi_snd_mss);
	same("advmss", i->tcpi_advmss, j->tcpi_advmss);
	same("pmtu", i->tcpi_pmtu, j->tcpi_pmtu);
	same("ca_state", i->tcpi_ca_state, j->tcpi_ca_state);
	same("keepalive", a->keepalive, b->keepalive);
	same("keepalive idle", a->idle, b->idle);
	same("keepalive interval", a->interval, b->interval);
	same("keepalive probes", a->probes, b->probes);
	same("ttl", a->ttl, b->ttl);
	same("tos", a->tos, b->tos);
	same("nodelay", a->nodelay, b->nodelay);
	same("user timeout", a->user_timeout, b->user_timeout);
	same("reuse", a->reuse, b->reuse);
	/* what moves, moves one way only */
	at_least("timestamp", 0, (int32_t)(b->timestamp - a->timestamp));
	at_least("right edge of the window", 0,
		 (int32_t)(b->wnd.rcv_wup + b->wnd.rcv_wnd - a->wnd.rcv_wup - a->wnd.rcv_wnd));
	at_least("largest send window", a->wnd.max_window, b->wnd.max_window);
}

/* Nothing was sent or received meanwhile: all of it is the same. */
static void compare_all(const struct state *a, const struct state *b)
{
	const struct tcp_info *i = &a->info, *j = &b->info;

	same("rcv_nxt", a->rcv_seq, b->rcv_seq);
	same("write_seq", a->snd_seq, b->snd_seq);
	same("unread bytes", a->inq, b->inq);
	same("unacknowledged bytes", a->outq, b->outq);
	same("unsent bytes", a->notsent, b->notsent);
	same("snd_wl1", a->wnd.snd_wl1, b->wnd.snd_wl1);
	same("snd_wnd", a->wnd.snd_wnd, b->wnd.snd_wnd);
	same("max_window", a->wnd.max_window, b->wnd.max_window);
	/* cwnd goes as bytes and comes back as packets */
	near("cwnd", i->tcpi_snd_cwnd, j->tcpi_snd_cwnd, 1);
	if (i->tcpi_snd_ssthresh < 0x7fff)
		near("ssthresh", i->tcpi_snd_ssthresh, j->tcpi_snd_ssthresh, 1);
	else
		at_least("ssthresh", 0x7fff, j->tcpi_snd_ssthresh);
	/* a tick of the target is a millisecond; the field is 8 or 4 times that */
	near("rtt, us", i->tcpi_rtt, j->tcpi_rtt, 1000);
	/* what comes back is the figure the timeout is made of, never the smaller one */
	at_least("rttvar, us", (long long)i->tcpi_rttvar - 1000, j->tcpi_rttvar);
}

/* --- traffic --------------------------------------------------------------------- */

static unsigned char byte_at(unsigned int n)
{
	return n * 7 + n / 251;
}

static unsigned int sent, received;

static void send_bytes(unsigned int n)
{
	unsigned char data[BYTES];
	unsigned int i;

	for (i = 0; i < n; i++)
		data[i] = byte_at(sent + i);
	if (send(sock, data, n, 0) != (ssize_t)n)
		die("send");
	sent += n;
}

static void receive_bytes(unsigned int n)
{
	unsigned char data[BYTES];
	ssize_t got;

	while (n) {
		got = recv(sock, data, n < sizeof(data) ? n : sizeof(data), 0);
		if (got <= 0)
			die("recv: %zd", got);
		for (ssize_t i = 0; i < got; i++)
			if (data[i] != byte_at(received + i))
				die("byte %zd differs", received + i);
		received += got;
		n -= got;
	}
}

static void wait_inq(int bytes)
{
	int n = 0, i;

	for (i = 0; i < 5000 && n < bytes; i++) {
		if (ioctl(sock, SIOCINQ, &n))
			die("SIOCINQ");
		usleep(2000);
	}
	if (n < bytes)
		die("%d of %d bytes came", n, bytes);
}

/* Nothing is on its way any more, no delayed acknowledgment either. */
static void settle(void)
{
	int n = 1, i;

	for (i = 0; i < 5000 && n; i++) {
		if (ioctl(sock, SIOCOUTQ, &n))
			die("SIOCOUTQ");
		usleep(2000);
	}
	usleep(300000);
}

/* --- modes ----------------------------------------------------------------------- */

static void prepare(const char *mode)
{
	if (!strcmp(mode, "options")) {
		set(SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE");
		set(IPPROTO_TCP, TCP_KEEPIDLE, 77, "TCP_KEEPIDLE");
		set(IPPROTO_TCP, TCP_KEEPINTVL, 7, "TCP_KEEPINTVL");
		set(IPPROTO_TCP, TCP_KEEPCNT, 5, "TCP_KEEPCNT");
		set(IPPROTO_IP, IP_TTL, 33, "IP_TTL");
		set(IPPROTO_IP, IP_TOS, 0x28, "IP_TOS");
		set(IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
		set(IPPROTO_TCP, TCP_USER_TIMEOUT, 9000, "TCP_USER_TIMEOUT");
	}
	send_bytes(BYTES);
	if (!strcmp(mode, "unread")) {
		wait_inq(BYTES);
		settle();
		return;
	}
	receive_bytes(BYTES);
	settle();
	if (!strcmp(mode, "unacked"))
		send_bytes(BYTES);
}

static void run(const char *command)
{
	char pid[32], fd[32];

	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(fd, sizeof(fd), "%d", sock);
	setenv("TOE_PID", pid, 1);
	setenv("TOE_FD", fd, 1);
	fflush(stdout);
	if (system(command))
		die("failed: %s", command);
}

static void connect_to(const char *address, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
	struct addrinfo *found;

	if (getaddrinfo(address, port, &hints, &found))
		die("no address: %s", address);
	sock = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock < 0 || connect(sock, found->ai_addr, found->ai_addrlen))
		die("connect to %s", address);
	freeaddrinfo(found);
}

int main(int argc, char **argv)
{
	struct state before, after;
	bool moved;

	if (argc != 6) {
		fputs("usage: toeoracle ADDRESS PORT MODE THERE BACK\n", stderr);
		return 2;
	}
	moved = !strcmp(argv[3], "moved");
	connect_to(argv[1], argv[2]);
	prepare(argv[3]);
	read_state(&before);
	run(argv[4]);
	if (moved) {
		send_bytes(BYTES);
		receive_bytes(BYTES);
	}
	run(argv[5]);
	if (moved)
		settle();
	read_state(&after);
	compare_constant(&before, &after);
	if (!moved)
		compare_all(&before, &after);
	/* and it still works: to the last byte */
	send_bytes(BYTES);
	receive_bytes(sent - received);
	printf("%u bytes there and back, %u differences\n", received, differences);
	return differences != 0;
}
