/* SPDX-License-Identifier: MIT */
/* A file from the web, streamed to the disk, with its progress. What is not complete is not left
 * behind: the file is there as a whole or as it was before. */
#include <await.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void progress(const async_trace_event *event, void *arg)
{
	uint64_t *bytes = arg;

	if (event->what != ASYNC_TRACE_RESPONSE_CHUNK_RECEIVED)
		return;
	*bytes += event->size;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%.1f MiB ", (double)*bytes / (1 << 20));
}

int main(int argc, char **argv)
{
	uint64_t bytes = 0;
	async_trace trace = { progress, &bytes };
	async_session_options options = { .traces = &trace, .trace_count = 1, .check = true };
	async_session *session = async_session_new(&options);
	async_response *answer;
	int64_t size = -1;

	if (argc != 3) {
		fprintf(stderr, "usage: %s URL FILE\n", argv[0]);
		return 2;
	}
	answer = await_session_get(session, argv[1]);
	if (answer)
		size = await_response_save(answer, argv[2]);
	if (size < 0)
		fprintf(stderr, "%s\n", async_error());
	else
		printf("%s: %" PRId64 " bytes\n", argv[2], size);
	async_response_free(answer);
	await_session_close(session);
	return size < 0;
}
