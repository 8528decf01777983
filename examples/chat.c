/* SPDX-License-Identifier: MIT */
/*
 * A chat room: chat [ADDRESS]. Talk to it with: nc localhost 25000
 *
 * Each guest has a queue of lines to be shown and a task that sends them, so that one with a slow
 * connection holds up nobody; whoever falls too far behind misses lines, and is told so.
 */
#include <await.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 32, LINES_BEHIND = 100 };

struct guest {
	char name[NAME_BYTES];
	async_stream *stream;
	async_queue lines;
	int missed;
	struct guest *next;
};

static struct guest *guests;

/* Everyone but the sender gets a copy. */
static void broadcast(const struct guest *from, const char *format, const char *text, int length)
{
	char line[1100];

	snprintf(line, sizeof line, format, from->name, length, text);
	for (struct guest *guest = guests; guest; guest = guest->next) {
		char *copy = guest == from ? NULL : strdup(line);

		if (copy && async_queue_try_put(&guest->lines, copy)) {
			free(copy);
			guest->missed++;
		}
	}
}

static int show_lines(void *arg)
{
	struct guest *guest = arg;
	ssize_t n = 0;
	void *line;

	while (n >= 0 && !await_queue_get(&guest->lines, &line)) {
		n = await_stream_write(guest->stream, line, strlen(line));
		free(line);
		if (guest->missed && n >= 0) {
			char text[64];

			snprintf(text, sizeof text, "* %d lines missed\n", guest->missed);
			guest->missed = 0;
			n = await_stream_write(guest->stream, text, strlen(text));
		}
	}
	return 0;
}

static void leave(struct guest *guest)
{
	struct guest **place = &guests;

	while (*place != guest)
		place = &(*place)->next;
	*place = guest->next;
	broadcast(guest, "* %s left%.*s\n", "", 0);
	async_queue_shutdown(&guest->lines, true, free);
	async_queue_free(&guest->lines);
}

static int talk(struct guest *guest)
{
	AWAIT_GROUP(showing);
	const char *line;
	ssize_t n;

	async_spawn(&showing, show_lines, guest);
	while ((n = await_stream_readline(guest->stream, &line)) > 0)
		broadcast(guest, "%s: %.*s\n", line, (int)strcspn(line, "\r\n"));
	async_group_cancel(&showing);
	return n;
}

static int welcome(async_stream *stream, void *arg)
{
	struct guest guest = { .stream = stream,
			       .lines = ASYNC_QUEUE(LINES_BEHIND),
			       .next = guests };
	const char *line;
	ssize_t n;
	int result;

	(void)arg;
	await_stream_write(stream, "Your name? ", 11);
	n = await_stream_readline(stream, &line);
	if (n <= 0)
		return n;
	snprintf(guest.name, sizeof guest.name, "%.*s", (int)strcspn(line, "\r\n"), line);
	guests = &guest;
	broadcast(&guest, "* %s joined%.*s\n", "", 0);
	result = talk(&guest);
	leave(&guest);
	return result;
}

static int chat(void *address)
{
	/* A line is a message: longer ones are refused by the stream. */
	async_server_options options = { .stream = { .limit = 1000 } };

	return await_serve_with(&options, address, welcome, NULL);
}

int main(int argc, char **argv)
{
	return async_run(chat, argc > 1 ? argv[1] : ":25000") < 0;
}
