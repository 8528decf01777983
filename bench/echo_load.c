/* SPDX-License-Identifier: MIT */
/*
 * The load generator: every connection sends SIZE bytes, waits for the whole echo, and at once
 * sends again. It is written on bare epoll and shares no code with the library, so that it loads
 * every server alike and a fault of the library cannot hide in it.
 *
 * It must cost less per request than the servers it measures, so: one thread, each descriptor
 * registered once (edge-triggered), one clock reading per request, a histogram of fixed size, and
 * no copies: all messages are windows into one block of random bytes. The window moves with
 * connection and request, so an echo that is late, doubled or meant for another connection does
 * not compare equal.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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
#include "../tools/histogram.h"

enum {
	EVENTS_PER_WAIT = 512,
	RECEIVE_SIZE = 256 * 1024,
	WINDOWS = 251,	     /* prime, so that no request count makes two windows meet */
	CONNECT_TRIES = 300, /* for the first connection: a server may still be starting */
	CONNECT_PAUSE_US = 10 * 1000,
	STALL_LIMIT_S = 10, /* no echo at all for so long is a failure */
	NS_PER_S = 1000 * 1000 * 1000,
	NS_PER_US = 1000,
	US_PER_S = 1000 * 1000,
};

struct connection {
	int fd;
	uint32_t window; /* where in the block the current message starts */
	uint32_t sent;	 /* of the current message */
	uint32_t received;
	int64_t started_ns;
};

struct settings {
	int port;
	long connections;
	long size;
	double seconds;
	double warmup_seconds;
	uint64_t requests; /* 0: as many as fit into `seconds` */
	long server_pid;   /* 0: do not read its CPU time */
	bool json;
};

static struct settings settings = { .connections = 50, .size = 64, .seconds = 5 };
static struct connection *connections;
static unsigned char *block;
static struct histogram latencies;
static uint64_t issued, completed; /* requests, since the start */
static bool counting;
static int64_t now_ns;		 /* as of the last request that ended, or the last idle wait */
static int64_t start_ns, end_ns; /* of counting */
static double server_start_us, server_end_us;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "echo_load: %s: %s\n", what, why);
	exit(1);
}

static int64_t read_clock(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

static void send_more(struct connection *c)
{
	ssize_t n;

	while (c->sent < settings.size) {
		n = send(c->fd, block + c->window + c->sent, settings.size - c->sent, MSG_NOSIGNAL);
		if (n < 0) {
			if (errno == EAGAIN)
				return;
			die("connection lost while sending", strerror(errno));
		}
		c->sent += n;
	}
}

static void start_request(struct connection *c)
{
	if (settings.requests && issued == settings.requests)
		return;
	issued++;
	c->window = c->window + 1 < WINDOWS ? c->window + 1 : 0;
	c->sent = c->received = 0;
	c->started_ns = now_ns;
	send_more(c);
}

static void end_request(struct connection *c)
{
	int64_t latency_ns;

	now_ns = read_clock();
	latency_ns = now_ns - c->started_ns;
	completed++;
	if (counting)
		histogram_add(&latencies, (double)latency_ns / NS_PER_S);
}

static void check(const struct connection *c, const unsigned char *data, size_t n)
{
	char text[160];

	if (c->received + n <= c->sent && !memcmp(data, block + c->window + c->received, n))
		return;
	snprintf(text, sizeof text,
		 "connection %td, request of %ld bytes, %u sent, %u came back well, then %zu wrong",
		 c - connections, settings.size, c->sent, c->received, n);
	die("the echo differs from what was sent", text);
}

static void receive(struct connection *c)
{
	static unsigned char data[RECEIVE_SIZE];
	ssize_t n;

	do {
		n = recv(c->fd, data, sizeof data, 0);
		if (n <= 0) {
			if (n < 0 && errno == EAGAIN)
				return;
			die("connection lost", n ? strerror(errno) : "closed by the server");
		}
		check(c, data, n);
		c->received += n;
		if (c->received == settings.size) {
			end_request(c);
			start_request(c);
			/* The server has nothing to send before it gets this request. */
			return;
		}
	} while (n == sizeof data);
}

static void on_event(const struct epoll_event *event)
{
	struct connection *c = event->data.ptr;

	if (c->sent < settings.size)
		send_more(c);
	if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		receive(c);
}

static int connect_one(const struct sockaddr_in *address, bool first)
{
	int fd, tries, on = 1;

	for (tries = 0;; tries++) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			die("socket", strerror(errno));
		if (!connect(fd, (const struct sockaddr *)address, sizeof *address))
			break;
		if (!first || errno != ECONNREFUSED || tries == CONNECT_TRIES)
			die("connect", strerror(errno));
		close(fd);
		usleep(CONNECT_PAUSE_US);
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

static void connect_all(int poll_fd)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(settings.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	long i;

	for (i = 0; i < settings.connections; i++) {
		struct connection *c = &connections[i];

		c->fd = connect_one(&address, i == 0);
		c->window = i % WINDOWS;
		c->sent = settings.size; /* nothing to send before the first request */
		/* connect() was to block; from here on nothing may. */
		if (fcntl(c->fd, F_SETFL, O_NONBLOCK))
			die("fcntl", strerror(errno));
		event.data.ptr = c;
		if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, c->fd, &event))
			die("epoll_ctl", strerror(errno));
	}
}

/*
 * CPU time of a process in microseconds: the scheduler's own count, exact to the nanosecond, summed
 * over its threads. (utime and stime in /proc/PID/stat come in ticks of 10 ms.)
 */
static double process_cpu_us(long pid)
{
	char path[320];
	struct dirent *entry;
	double sum_us = 0;
	DIR *threads;

	if (!pid)
		return 0;
	snprintf(path, sizeof path, "/proc/%ld/task", pid);
	threads = opendir(path);
	if (!threads)
		die("the server's process is gone", path);
	while ((entry = readdir(threads))) {
		unsigned long long ns;
		FILE *file;

		snprintf(path, sizeof path, "/proc/%ld/task/%s/schedstat", pid, entry->d_name);
		file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
		if (!file)
			continue;
		if (fscanf(file, "%llu", &ns) == 1)
			sum_us += (double)ns / NS_PER_US;
		fclose(file);
	}
	closedir(threads);
	return sum_us;
}

static void start_counting(void)
{
	server_start_us = process_cpu_us(settings.server_pid);
	start_ns = read_clock();
	counting = true;
}

static void stop_counting(void)
{
	end_ns = read_clock();
	server_end_us = process_cpu_us(settings.server_pid);
	counting = false;
}

/* Whether the run goes on; moves from warming up to counting and to the end. */
static bool go_on(int64_t begin_ns)
{
	int64_t warmup_ns = settings.warmup_seconds * NS_PER_S;

	if (settings.requests)
		return completed < settings.requests;
	if (!counting && now_ns - begin_ns >= warmup_ns)
		start_counting();
	return !counting || now_ns - start_ns < settings.seconds * NS_PER_S;
}

static void run(int poll_fd)
{
	static struct epoll_event events[EVENTS_PER_WAIT];
	int64_t begin_ns = now_ns = read_clock(), progress_ns = begin_ns;
	uint64_t progress = 0;
	int count, i;
	long k;

	if (settings.requests)
		start_counting();
	for (k = 0; k < settings.connections; k++)
		start_request(&connections[k]);
	while (go_on(begin_ns)) {
		count = epoll_wait(poll_fd, events, EVENTS_PER_WAIT, 100);
		if (count < 0 && errno != EINTR)
			die("epoll_wait", strerror(errno));
		for (i = 0; i < count; i++)
			on_event(&events[i]);
		if (count <= 0 || settings.size > RECEIVE_SIZE)
			now_ns = read_clock();
		if (completed != progress) {
			progress = completed;
			progress_ns = now_ns;
		} else if (now_ns - progress_ns > (int64_t)STALL_LIMIT_S * NS_PER_S) {
			die("stalled", "no echo came back for 10 seconds");
		}
	}
	stop_counting();
}

static void report(void)
{
	double seconds = (double)(end_ns - start_ns) / NS_PER_S;
	uint64_t counted = latencies.count;
	double rate = counted / seconds, megabytes = rate * settings.size / 1e6;
	double p50 = histogram_percentile(&latencies, 0.50) * US_PER_S;
	double p90 = histogram_percentile(&latencies, 0.90) * US_PER_S;
	double p99 = histogram_percentile(&latencies, 0.99) * US_PER_S;
	double max_us = latencies.most * US_PER_S;
	double server_us = counted ? (server_end_us - server_start_us) / counted : 0;

	if (settings.json) {
		printf("{\"connections\": %ld, \"size\": %ld, \"requests\": %llu, "
		       "\"seconds\": %.4f, \"requests_per_second\": %.1f, "
		       "\"megabytes_per_second\": %.2f, "
		       "\"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f",
		       settings.connections, settings.size, (unsigned long long)counted, seconds,
		       rate, megabytes, p50, p90, p99, max_us);
		if (settings.server_pid)
			printf(", \"server_us_per_request\": %.4f", server_us);
		printf("}\n");
		return;
	}
	printf("%ld connections, %ld bytes: %llu requests in %.2f s\n", settings.connections,
	       settings.size, (unsigned long long)counted, seconds);
	printf("  %.0f requests/s, %.1f MB/s each way\n", rate, megabytes);
	printf("  latency p50 %.1f us, p90 %.1f us, p99 %.1f us, max %.1f us\n", p50, p90, p99,
	       max_us);
	if (settings.server_pid)
		printf("  server CPU %.3f us per request\n", server_us);
}

static void usage(const char *problem, const char *value)
{
	if (problem)
		fprintf(stderr, "echo_load: %s: %s\n", problem, value);
	fprintf(problem ? stderr : stdout,
		"usage: echo_load PORT [-c CONNECTIONS] [-s SIZE] [-d SECONDS] [-n REQUESTS]\n"
		"                      [-w WARMUP_SECONDS] [-p SERVER_PID] [-j]\n"
		"  -c  connections to 127.0.0.1:PORT (50)\n"
		"  -s  bytes per message (64)\n"
		"  -d  seconds to measure (5)\n"
		"  -n  stop after exactly so many requests instead, and measure all of them\n"
		"  -w  seconds to run before measuring (0)\n"
		"  -p  also report the CPU time that this process took per request\n"
		"  -j  print one line of JSON\n");
	exit(problem ? 2 : 0);
}

static double number(const char *text, const char *what, double low, double high)
{
	char *end, problem[120];
	double value = strtod(text, &end);

	/* Written so that NaN fails too. */
	if (*text && !*end && value >= low && value <= high)
		return value;
	snprintf(problem, sizeof problem, "%s must be a number from %.15g to %.15g, not", what, low,
		 high);
	usage(problem, text);
	return 0;
}

static void parse(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "c:s:d:n:w:p:jh")) != -1) {
		if (option == 'c')
			settings.connections = number(optarg, "CONNECTIONS", 1, 1e6);
		else if (option == 's')
			settings.size = number(optarg, "SIZE", 1, 1 << 30);
		else if (option == 'd')
			settings.seconds = number(optarg, "SECONDS", 0.001, 86400);
		else if (option == 'n')
			settings.requests = number(optarg, "REQUESTS", 1, 1e15);
		else if (option == 'w')
			settings.warmup_seconds = number(optarg, "WARMUP_SECONDS", 0, 86400);
		else if (option == 'p')
			settings.server_pid = number(optarg, "SERVER_PID", 1, 1 << 30);
		else if (option == 'j')
			settings.json = true;
		else
			usage(option == 'h' ? NULL : "bad option, in", argv[optind - 1]);
	}
	if (optind + 1 != argc)
		usage("exactly one PORT is wanted, not", optind < argc ? argv[optind + 1] : "none");
	settings.port = number(argv[optind], "PORT", 1, UINT16_MAX);
}

static void prepare(void)
{
	struct rlimit limit;
	uint64_t random = 0x9e3779b97f4a7c15;
	long i;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		die("getrlimit", strerror(errno));
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("setrlimit", strerror(errno));
	connections = calloc(settings.connections, sizeof *connections);
	block = malloc(settings.size + WINDOWS);
	if (!connections || !block)
		die("no memory for the connections or a message", strerror(ENOMEM));
	for (i = 0; i < settings.size + WINDOWS; i++) {
		random ^= random << 13; /* xorshift64 */
		random ^= random >> 7;
		random ^= random << 17;
		block[i] = random >> 32;
	}
}

int main(int argc, char **argv)
{
	int poll_fd;

	parse(argc, argv);
	prepare();
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (poll_fd < 0)
		die("epoll_create1", strerror(errno));
	connect_all(poll_fd);
	run(poll_fd);
	report();
	return 0;
}
