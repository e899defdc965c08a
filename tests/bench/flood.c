/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flood - packets or a stream from one namespace to another, counted where they arrive. A part of the benchmark.
 *
 *   flood count udp|tcp PORT              until a line comes in; then prints what came since the last one: datagrams or bytes,
 *                                         and the nanoseconds that took
 *   flood send udp|tcp ADDRESS PORT       until its standard input ends
 *
 * A datagram carries 22 bytes: 64 on the wire with Ethernet, IPv4, UDP and no tag. They are sent 64 a call.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, DATAGRAM = 22, CHUNK = 128 << 10 };

static char chunk[CHUNK];
static struct mmsghdr messages[BATCH];
static struct iovec vectors[BATCH];

static void die(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void batch_init(size_t size)
{
	for (size_t i = 0; i < BATCH; i++) {
		vectors[i] = (struct iovec){ .iov_base = chunk + i * 256, .iov_len = size };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &vectors[i], .msg_iovlen = 1 };
	}
}

static struct sockaddr_in address_of(const char *address, const char *port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };

	if (inet_pton(AF_INET, address, &sa.sin_addr) != 1)
		die(address);
	return sa;
}

/* Is there something on standard input, or its end? */
static int told(int wait_ms)
{
	struct pollfd fd = { .fd = 0, .events = POLLIN };

	return poll(&fd, 1, wait_ms) > 0;
}

/* One line of input was read: answer. Return: 0 at the end of input. */
static int report(uint64_t *count, uint64_t *since)
{
	char line[64];
	uint64_t now = now_ns();

	if (read(0, line, sizeof(line)) <= 0)
		return 0;
	printf("%llu %llu\n", (unsigned long long)*count, (unsigned long long)(now - *since));
	fflush(stdout);
	*count = 0;
	*since = now;
	return 1;
}

/*
 * It looks once a millisecond, and is never woken: that would cost the sender more than the way does, on a virtual machine five
 * times as much. 4 MB are some 5,000 datagrams.
 */
static int count_udp(int fd)
{
	static const struct timespec pause = { .tv_nsec = 1000000 };
	uint64_t count = 0, since = now_ns();

	batch_init(256);
	for (;;) {
		int n;

		while ((n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL)) > 0)
			count += (uint64_t)n;
		if (told(0) && !report(&count, &since))
			return 0;
		nanosleep(&pause, NULL);
	}
}

static int count_tcp(int fd)
{
	uint64_t count = 0, since = now_ns();
	int client = -1;

	listen(fd, 4);
	for (;;) {
		struct pollfd fds[3] = { { .fd = 0, .events = POLLIN }, { .fd = fd, .events = POLLIN }, { .fd = client, .events = POLLIN } };
		ssize_t n;

		poll(fds, 3, -1);
		if (fds[0].revents && !report(&count, &since))
			return 0;
		if (fds[1].revents) {
			close(client);
			client = accept(fd, NULL, NULL);
			continue;
		}
		if (!fds[2].revents)
			continue;
		n = read(client, chunk, sizeof(chunk));
		if (n <= 0) {
			close(client);
			client = -1;
		} else {
			count += (uint64_t)n;
		}
	}
}

static int send_udp(int fd)
{
	batch_init(DATAGRAM);
	while (!told(0))
		for (int i = 0; i < 16; i++)
			(void)sendmmsg(fd, messages, BATCH, 0);
	return 0;
}

static int send_tcp(int fd)
{
	while (!told(0))
		if (send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL) < 0)
			die("send");
	return 0;
}

int main(int argc, char **argv)
{
	int udp = argc > 2 && strcmp(argv[2], "udp") == 0, on = 1;
	int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	struct sockaddr_in sa;

	if (argc == 4 && strcmp(argv[1], "count") == 0) {
		int room = 4 << 20;

		sa = address_of("0.0.0.0", argv[3]);
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
		if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
			die("bind");
		return udp ? count_udp(fd) : count_tcp(fd);
	}
	if (argc != 5 || strcmp(argv[1], "send") != 0)
		return 2;
	sa = address_of(argv[3], argv[4]);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		die("connect");
	return udp ? send_udp(fd) : send_tcp(fd);
}
