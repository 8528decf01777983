/* SPDX-License-Identifier: MIT */
/* URLs one after the other: see input.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "descriptor.h"
#include "input.h"

void input_begin(struct input *input, const struct options *options)
{
	*input = (struct input){ .options = options };
}

void input_end(struct input *input)
{
	if (input->stream)
		async_stream_abort(input->stream);
	input->stream = NULL;
}

/*
 * A FIFO opens at once and is then waited for: an open that waits for a writer is a thread's, which
 * Ctrl-C does not reach, and where io_uring does it, it does not wait.
 */
static int await_open_input(const char *path)
{
	struct stat status;
	int fd, events = 0;

	if (stat(path, &status))
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (!S_ISFIFO(status.st_mode))
		return await_open(path, O_RDONLY, 0);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	events = await_poll(fd, POLLIN);
	if (events >= 0)
		return fd;
	async_close(fd);
	return events;
}

static int await_next_file(struct input *input)
{
	async_stream_options options = { .limit = input->options->line_bytes };
	const char *path = input->options->inputs[input->next_file++];

	input->line = 0;
	if (!strcmp(path, "-")) {
		input->name = "standard input";
		input->stream = descriptor_stream(0, &options);
	} else {
		int fd = await_open_input(path);

		input->name = path;
		if (fd < 0)
			return fd == -ECANCELED ? fd : async_fail(fd, "cannot read %s", path);
		input->stream = async_stream_open(fd, &options);
		if (!input->stream)
			async_close(fd);
	}
	return input->stream ? 0 : async_fail(async_error_code(), "cannot read %s", input->name);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool trim(struct input_line *line)
{
	while (line->size && is_space(line->text[line->size - 1]))
		line->size--;
	while (line->size && is_space(*line->text)) {
		line->text++;
		line->size--;
	}
	return line->size && *line->text != '#';
}

/* The byte-order mark that some editors put in front of UTF-8. */
static void skip_mark(struct input_line *line)
{
	if (line->size < 3 || memcmp(line->text, "\xef\xbb\xbf", 3))
		return;
	line->text += 3;
	line->size -= 3;
}

/* 1, 0 at the end of the file. */
static int await_line(struct input *input, struct input_line *line)
{
	for (;;) {
		ssize_t n = await_stream_readline(input->stream, &line->text);

		if (n == 0)
			return 0;
		if (n < 0 && n != -EMSGSIZE)
			return n == -ECANCELED ? (int)n : async_fail((int)n, "%s", input->name);
		line->line = ++input->line;
		line->name = input->name;
		if (n < 0) {
			line->text = NULL;
			return 1;
		}
		line->size = (size_t)n;
		if (line->line == 1)
			skip_mark(line);
		if (trim(line))
			return 1;
	}
}

int await_input_next(struct input *input, struct input_line *line)
{
	const struct options *options = input->options;
	int result;

	*line = (struct input_line){ 0 };
	if (input->next_url < options->url_count) {
		line->text = options->urls[input->next_url++];
		line->size = strlen(line->text);
		return 1;
	}
	for (;;) {
		if (!input->stream && input->next_file == options->input_count)
			return 0;
		result = input->stream ? 0 : await_next_file(input);
		if (result)
			return result;
		result = await_line(input, line);
		if (result)
			return result;
		input_end(input);
	}
}
