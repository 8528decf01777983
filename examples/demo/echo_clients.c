/* SPDX-License-Identifier: MIT */
/*
 * The other side of the demo: as many clients of an echo server as one process may have, a task
 * each, all of them connected from the first echo to the last.
 *
 *	echo_clients ADDRESS CLIENTS ROUNDS SERVER_PID
 *
 * They connect; everybody echoes ROUNDS times, all at once, which gives echoes per second; then
 * everybody echoes once a second, each at a moment of its own, which gives latencies that are not
 * those of a queue. The server's threads and memory are read from /proc while all are there. Words
 * and progress go to standard error; standard output gets one line "name value" per figure, of
 * which run.sh makes a table.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <await.h>
#include <await/sim.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	MESSAGE_BYTES = 64,
	SOURCES = 8,	  /* 127.0.0.1 to 127.0.0.8: local ports for all, even a minute later */
	CONNECTING = 256, /* at the same time: a server's backlog is finite */
	SPARE_DESCRIPTORS = 4, /* for reading /proc on the way */
	PACED_ROUNDS = 3,      /* one second each */
	REFUSED_ENOUGH = 20,   /* after so many nobody else tries */
	ECHO_SECONDS = 10,     /* a client that waits longer is lost */
	PHASE_SECONDS = 10,    /* after that nobody begins another connection or echo */
};

static struct {
	struct sockaddr_storage address;
	socklen_t address_length;
	int clients, rounds;
	pid_t server;
	char status[32];	      /* the server's file in /proc */
	int connected, refused, lost; /* clients; lost: after they had connected */
	int arrived;		      /* clients at the end of the phase */
	bool over;		      /* no new connection or echo begins */
	char reason[256];	      /* why the first client was refused or lost */
	double last_echo;
	float *latencies; /* of the phase, in seconds */
	int echoes;
} demo;

static async_semaphore connecting = ASYNC_SEMAPHORE(CONNECTING);
static async_event burst = ASYNC_EVENT, pace = ASYNC_EVENT, farewell = ASYNC_EVENT;

static int connect_from(int source)
{
	struct sockaddr_in local = { .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)source) };
	int fd = async_socket(AF_INET, SOCK_STREAM, 0), late = 1, error;

	/* connect() chooses the port, since it knows both ends; bind() wants one nobody uses. */
	async_setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, sizeof late);
	error = async_bind(fd, (struct sockaddr *)&local, sizeof local);
	if (!error)
		error = await_connect(fd, (struct sockaddr *)&demo.address, demo.address_length);
	if (!error)
		return fd;
	async_close(fd);
	return error;
}

/* One message there and back; it differs from client to client and from round to round. */
static int exchange(int fd, int number, int round)
{
	char sent[MESSAGE_BYTES], data[MESSAGE_BYTES];
	size_t got = 0;
	ssize_t n;

	memset(sent, 'a' + (number + round) % 26, sizeof sent);
	snprintf(sent, sizeof sent, "client %d, round %d", number, round);
	sent[sizeof sent - 1] = '\n'; /* a line, for servers that echo lines */
	n = await_sendall(fd, sent, sizeof sent);
	while (n > 0 && got < sizeof data) {
		n = await_recv(fd, data + got, sizeof data - got);
		got += n > 0 ? (size_t)n : 0;
	}
	if (n <= 0)
		return n < 0 ? (int)n : async_fail(-EPIPE, "the server closed the connection");
	if (memcmp(sent, data, sizeof data))
		return async_fail(-EBADMSG, "client %d got back other bytes than it sent", number);
	return 0;
}

static int echo(int fd, int number, int round)
{
	double began = async_now();
	int error = 0;

	async_timeout (ECHO_SECONDS)
		error = exchange(fd, number, round);
	if (async_timed_out())
		return async_fail(-ETIMEDOUT, "no echo within %d seconds", ECHO_SECONDS);
	if (error)
		return error;
	demo.last_echo = async_now();
	demo.latencies[demo.echoes++] = (float)(demo.last_echo - began);
	return 0;
}

/* Connect and echo once, so that the server surely knows this client. */
static int greet(int number)
{
	int fd = -ECANCELED, error;

	await_holding (&connecting) {
		if (demo.over)
			return -ECANCELED;
		fd = connect_from(number % SOURCES);
		error = fd < 0 ? fd : echo(fd, number, 0);
		if (fd >= 0 && error)
			async_close(fd);
		return error ? error : fd;
	}
	return fd;
}

static int talk(int fd, int number)
{
	int error = 0, round = 0;
	double start;

	await_event(&burst);
	while (!error && round < demo.rounds && !demo.over)
		error = echo(fd, number, ++round);
	demo.arrived++;
	await_event(&pace);
	start = async_now() + 0.1 + (double)async_random(1000000) / 1e6;
	for (int i = 0; !error && i < PACED_ROUNDS && !demo.over; i++) {
		await_sleep_until(start + i);
		error = echo(fd, number, ++round);
	}
	demo.arrived++;
	return error ? error : await_event(&farewell);
}

static void note(int *count)
{
	if (!demo.reason[0])
		snprintf(demo.reason, sizeof demo.reason, "%s", async_error());
	++*count;
}

static int client(void *arg)
{
	int number = async_int(arg), fd = greet(number);

	if (fd >= 0)
		demo.connected++;
	else if (!demo.over)
		note(&demo.refused);
	if (demo.refused == REFUSED_ENOUGH)
		demo.over = true;
	demo.arrived++;
	if (fd >= 0 && talk(fd, number))
		note(&demo.lost);
	return fd < 0 ? 0 : async_close(fd);
}

/* The number in a line such as "VmRSS:  1234 kB" of a file in /proc; 0 without such a line. */
static long figure(const char *path, const char *name)
{
	size_t length = strlen(name);
	FILE *file = fopen(path, "r");
	char line[256];
	long value = 0;

	while (file && !value && fgets(line, sizeof line, file))
		if (!strncmp(line, name, length))
			value = strtol(line + length, NULL, 10);
	if (file)
		fclose(file);
	return value;
}

/* How many more descriptors a process may open; 0: this one. */
static long room(pid_t pid)
{
	struct rlimit limit = { 0, 0 };
	char path[64];
	long used = 0;
	DIR *open_ones;

	snprintf(path, sizeof path, "/proc/%d/fd", pid ? pid : getpid());
	open_ones = opendir(path);
	while (open_ones && readdir(open_ones))
		used++;
	if (open_ones)
		closedir(open_ones);
	prlimit(pid, RLIMIT_NOFILE, NULL, &limit);
	return used ? (long)limit.rlim_cur - used : 0;
}

/* The soft limit becomes the hard one; fewer clients if both processes' limits are not enough. */
static int shrink(int wanted)
{
	struct rlimit limit;
	long ours, theirs, clients;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	ours = room(0);
	theirs = room(demo.server);
	clients = (ours < theirs ? ours : theirs) - SPARE_DESCRIPTORS;
	if (clients >= wanted)
		return wanted;
	fprintf(stderr,
		"  a process may have %ld descriptors here (ulimit -Hn): %ld clients, "
		"%ld fewer than wanted\n",
		(long)limit.rlim_max, clients, wanted - clients);
	return clients > 0 ? (int)clients : 0;
}

static void show_progress(const char *what, int done, int total)
{
	static const char bar[] = "########################################";
	int width = sizeof bar - 1, filled = total ? (int)((long)done * width / total) : width;

	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r  %-28s [%.*s%*s] %d of %d ", what, filled, bar, width - filled,
			"", done, total);
}

static void clear_progress(void)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
}

/* Wait until `expected` clients have come to the end of a phase. */
static int phase(const char *what, int expected, int echoes)
{
	double limit = async_now() + PHASE_SECONDS;
	int error = 0;

	while (!error && demo.arrived < expected) {
		show_progress(what, echoes ? demo.echoes : demo.arrived,
			      echoes ? echoes : expected);
		if (async_now() > limit)
			demo.over = true;
		error = await_sleep(0.05);
	}
	clear_progress();
	return error;
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void print_latencies(const char *name)
{
	qsort(demo.latencies, (size_t)demo.echoes, sizeof *demo.latencies, by_value);
	if (demo.echoes)
		printf("%s_p50_ms %.3f\n%s_p99_ms %.3f\n", name,
		       demo.latencies[demo.echoes / 2] * 1e3, name,
		       demo.latencies[(long)demo.echoes * 99 / 100] * 1e3);
}

/* A new phase: everybody has arrived at the last one. */
static void begin(async_event *phase)
{
	demo.arrived = demo.echoes = 0;
	demo.over = false;
	async_event_set(phase);
}

static int talks(void)
{
	double began = async_now();
	int error;

	begin(&burst);
	error = phase("echoing, all at once", demo.connected, demo.connected * demo.rounds);
	printf("echoes %d\nechoes_per_second %.0f\n", demo.echoes,
	       demo.echoes / (demo.last_echo - began));
	print_latencies("burst");
	if (error)
		return error;
	begin(&pace);
	error = phase("echoing, once a second each", demo.connected, demo.connected * PACED_ROUNDS);
	print_latencies("paced");
	return error;
}

struct memory {
	long resident, tables; /* KiB */
	long stacks;	       /* in the kernel, of all threads of the machine */
};

static struct memory memory_now(void)
{
	return (struct memory){ figure(demo.status, "VmRSS:"), figure(demo.status, "VmPTE:"),
				figure("/proc/meminfo", "KernelStack:") };
}

static void print_memory(const struct memory *before)
{
	struct memory now = memory_now();
	double clients = demo.connected ? demo.connected : 1;

	printf("threads %ld\n", figure(demo.status, "Threads:"));
	printf("rss_bytes_per_client %.0f\n",
	       (double)(now.resident - before->resident) * 1024 / clients);
	printf("kernel_bytes_per_client %.0f\n",
	       (double)(now.tables - before->tables + now.stacks - before->stacks) * 1024 /
		       clients);
}

static int crowd(void *wanted)
{
	struct memory before = memory_now();
	int error;

	demo.clients = shrink(async_int(wanted));
	demo.latencies = calloc((size_t)demo.clients * (size_t)(demo.rounds + PACED_ROUNDS),
				sizeof *demo.latencies);
	if (!demo.latencies || !demo.clients)
		return async_fail(-ENOMEM, "no memory or no descriptors for %d clients",
				  demo.clients);
	AWAIT_GROUP(clients);
	for (int i = 0; i < demo.clients; i++)
		if (async_spawn(&clients, client, ASYNC_INT(i)))
			demo.clients = i;
	error = phase("connecting", demo.clients, 0);
	if (!error)
		error = talks();
	print_memory(&before);
	printf("clients %d\nwanted %d\n", demo.connected - demo.lost, demo.clients);
	if (demo.refused || demo.lost)
		printf("reason %d refused, %d lost; the first: %s\n", demo.refused, demo.lost,
		       demo.reason);
	async_event_set(&farewell);
	return error;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: echo_clients ADDRESS CLIENTS ROUNDS SERVER_PID\n");
		return 2;
	}
	demo.rounds = atoi(argv[3]);
	demo.server = atoi(argv[4]);
	snprintf(demo.status, sizeof demo.status, "/proc/%d/status", demo.server);
	if (async_address_parse(argv[1], &demo.address, &demo.address_length)) {
		fprintf(stderr, "echo_clients: %s\n", async_error());
		return 2;
	}
	return async_run(crowd, ASYNC_INT(atoi(argv[2]))) ? 1 : 0;
}
