/* SPDX-License-Identifier: MIT */
/*
 * The hand-written limit for an HTTP server: it parses nothing. For each empty line that comes,
 * which ends the head of a request without a body, it sends the same answer; the Date in it is made
 * once a second. raw_epoll_http PORT listens on 127.0.0.1, prints nothing and runs until it is
 * killed.
 */
#include "raw_epoll.h"
#include <time.h>

enum { ANSWERS = BUFFER_SIZE / 18 }; /* a request is no shorter than that */

static char answer[256], answers[ANSWERS * sizeof answer];
static size_t answer_size;

static void make_answer(void)
{
	static time_t made;
	struct timespec now;
	struct tm utc;
	char date[32];

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (now.tv_sec == made)
		return;
	made = now.tv_sec;
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&made, &utc));
	answer_size = snprintf(answer, sizeof answer,
			       "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
			       "Content-Length: 13\r\nDate: %s\r\nServer: libawait\r\n\r\n"
			       "Hello, World!",
			       date);
}

/* A request that came in two parts is counted when its end comes; an empty line that is torn apart
 * is not, which no load generator does. */
static size_t count_requests(const char *data, size_t size)
{
	const char *end = data + size, *at = data;
	size_t count = 0;

	while ((at = memmem(at, end - at, "\r\n\r\n", 4))) {
		count++;
		at += 4;
	}
	return count;
}

static void serve(int fd)
{
	size_t count, i;
	ssize_t n;

	if (!may_serve(fd))
		return;
	do {
		n = recv(fd, buffer, sizeof buffer, 0);
		if (__builtin_expect(n <= 0, 0)) {
			if (n == 0 || errno != EAGAIN)
				drop(fd);
			return;
		}
		make_answer();
		count = count_requests(buffer, n);
		for (i = 0; i < count; i++)
			memcpy(answers + i * answer_size, answer, answer_size);
		if (count && !send_or_keep(fd, count == 1 ? answer : answers, count * answer_size))
			return;
	} while (n == sizeof buffer);
}
