/* SPDX-License-Identifier: MIT */
/*
 * bench/fetch with libcurl's multi interface, as its manual recommends for many transfers: sockets
 * and timers on an event loop, here epoll. Handles are used again, so connections are kept.
 *
 *	curl_fetch URL COUNT CONCURRENCY
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

enum { EVENTS = 256 };

static struct {
	CURLM *multi;
	int poll;
	long left, running, failed, timeout_ms;
	unsigned long long bytes;
} bench;

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
	(void)data;
	(void)arg;
	bench.bytes += size * count;
	return size * count;
}

static int on_socket(CURL *handle, curl_socket_t fd, int what, void *arg, void *known)
{
	struct epoll_event event = { .data.fd = fd };

	(void)handle;
	(void)arg;
	if (what == CURL_POLL_REMOVE)
		return epoll_ctl(bench.poll, EPOLL_CTL_DEL, fd, NULL), 0;
	event.events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
	if (epoll_ctl(bench.poll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event))
		epoll_ctl(bench.poll, known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
	curl_multi_assign(bench.multi, fd, &bench);
	return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	(void)multi;
	(void)arg;
	bench.timeout_ms = timeout_ms;
	return 0;
}

static void take_finished(void)
{
	CURLMsg *message;
	int queued;

	while ((message = curl_multi_info_read(bench.multi, &queued))) {
		CURL *handle = message->easy_handle;
		long status = 0;

		curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
		if (message->data.result || status != 200)
			bench.failed++;
		curl_multi_remove_handle(bench.multi, handle);
		bench.running--;
		if (bench.left > 0) {
			bench.left--;
			bench.running++;
			curl_multi_add_handle(bench.multi, handle);
		} else {
			curl_easy_cleanup(handle);
		}
	}
}

static void run(void)
{
	struct epoll_event events[EVENTS];
	int running;

	while (bench.running) {
		long timeout_ms = bench.timeout_ms;
		int n = epoll_wait(bench.poll, events, EVENTS, timeout_ms < 0 ? 1000 : timeout_ms);

		for (int i = 0; i < n; i++) {
			int what =
				(events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
				(events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
				(events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

			curl_multi_socket_action(bench.multi, events[i].data.fd, what, &running);
		}
		if (n <= 0 || !timeout_ms)
			curl_multi_socket_action(bench.multi, CURL_SOCKET_TIMEOUT, 0, &running);
		take_finished();
	}
}

int main(int argc, char **argv)
{
	long count = argc == 4 ? atol(argv[2]) : 0, concurrency = argc == 4 ? atol(argv[3]) : 0;
	double begun, used;

	if (count <= 0 || concurrency <= 0) {
		fprintf(stderr, "usage: curl_fetch URL COUNT CONCURRENCY\n");
		return 2;
	}
	begun = seconds(CLOCK_MONOTONIC);
	used = seconds(CLOCK_PROCESS_CPUTIME_ID);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	bench.poll = epoll_create1(0);
	bench.multi = curl_multi_init();
	bench.timeout_ms = -1;
	curl_multi_setopt(bench.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(bench.multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(bench.multi, CURLMOPT_MAXCONNECTS, concurrency);
	bench.left = count;
	for (long i = 0; i < concurrency && bench.left; i++) {
		CURL *handle = curl_easy_init();

		curl_easy_setopt(handle, CURLOPT_URL, argv[1]);
		curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_data);
		curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
		curl_multi_add_handle(bench.multi, handle);
		bench.left--;
		bench.running++;
	}
	run();
	begun = seconds(CLOCK_MONOTONIC) - begun;
	used = seconds(CLOCK_PROCESS_CPUTIME_ID) - used;
	printf("%.0f requests/s, %.2f us of CPU each, %llu bytes, %ld failed\n",
	       (double)count / begun, 1e6 * used / (double)count, bench.bytes, bench.failed);
	return bench.failed != 0;
}
