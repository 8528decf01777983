/* SPDX-License-Identifier: MIT */
/* What the user sees: see display.h. Written from a callback of the loop, never waiting: a terminal
 * that is stopped (Ctrl-S) misses a few pictures. */
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "display.h"
#include "text.h"

static const double REDRAW_SECONDS = 0.25;

enum { SLOWEST = 3, USUAL_WIDTH = 80, HOST_WIDTH = 40 };

/* ---- What is shown ---- */

static void take_sample(struct display *display)
{
	display->samples[display->sample_count++ % DISPLAY_SAMPLES] =
		(struct display_sample){ async_now(),
					 display->stats->fetched + display->stats->failed,
					 display->stats->received };
}

static const struct display_sample *oldest_sample(const struct display *display)
{
	bool all = display->sample_count >= DISPLAY_SAMPLES;

	return &display->samples[all ? display->sample_count % DISPLAY_SAMPLES : 0];
}

static void print_counts(struct display *display, FILE *out)
{
	const struct stats *stats = display->stats;
	const struct display_sample *before = oldest_sample(display);
	double passed = async_now() - before->when;
	uint64_t done = stats->fetched + stats->failed;
	char text[NUMBER_TEXT_BYTES];

	fprintf(out, "%s fetched", text_count(text, stats->fetched));
	fprintf(out, ", %s failed", text_count(text, stats->failed));
	fprintf(out, ", %s", text_bytes(text, (double)stats->received));
	if (passed > 0) {
		fprintf(out, " | %s/s",
			text_count(text, (uint64_t)((double)(done - before->done) / passed)));
		fprintf(out, ", %s/s",
			text_bytes(text, (double)(stats->received - before->received) / passed));
	}
	fprintf(out, " | %zu in flight, %zu ahead\n", display->schedule->active_count,
		display->schedule->held - display->schedule->active_count);
}

/* The hosts of the fetches that have been under way for longest: the list is newest first. */
static void print_slowest(const struct schedule *schedule, FILE *out)
{
	const struct entry *slowest[SLOWEST] = { NULL };
	char text[NUMBER_TEXT_BYTES];
	int count = 0;

	for (const struct entry *entry = schedule->active; entry; entry = entry->older) {
		int at = 0;

		while (at < count && slowest[at]->host != entry->host)
			at++;
		if (at == count && count == SLOWEST)
			at = 0; /* the newest of them goes */
		else if (at == count)
			count++;
		for (; at + 1 < count; at++)
			slowest[at] = slowest[at + 1];
		slowest[at] = entry;
	}
	for (int i = count; i--;)
		fprintf(out, "%s%.*s %s", i == count - 1 ? "slowest: " : ", ", HOST_WIDTH,
			schedule_host(slowest[i]),
			text_seconds(text, async_now() - slowest[i]->begun));
	fputc('\n', out);
}

/* ---- Drawing ---- */

static size_t terminal_width(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col ? USUAL_WIDTH : size.ws_col;
}

static bool would_wait(void)
{
	struct pollfd terminal = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&terminal, 1, 0) <= 0;
}

static void put(const char *data, size_t size)
{
	ssize_t n;

	while (size && (n = write(STDERR_FILENO, data, size)) > 0) {
		data += n;
		size -= (size_t)n;
	}
}

/* Back to where the progress begins, which is gone then. */
static void print_erase(struct display *display, FILE *out)
{
	if (display->lines)
		fprintf(out, "\r\033[%dA\033[J", display->lines);
	display->lines = 0;
}

/* A line that is wider than the terminal would take two, and not be erased. */
static void print_clipped(struct display *display, const char *text, FILE *out)
{
	size_t width = terminal_width() - 1;

	while (*text) {
		size_t size = strcspn(text, "\n");

		fprintf(out, "%.*s\n", (int)(size < width ? size : width), text);
		display->lines++;
		text += size + (text[size] == '\n');
	}
}

static void draw(struct display *display)
{
	char text[DISPLAY_BYTES] = "", picture[2 * DISPLAY_BYTES] = "";
	FILE *lines = fmemopen(text, sizeof text, "w"), *out;

	if (!lines)
		return;
	print_counts(display, lines);
	print_slowest(display->schedule, lines);
	fclose(lines);
	out = fmemopen(picture, sizeof picture, "w");
	if (!out)
		return;
	print_erase(display, out);
	print_clipped(display, text, out);
	fclose(out);
	put(picture, strlen(picture));
}

static void on_timer(void *arg)
{
	struct display *display = arg;

	take_sample(display);
	if (!would_wait())
		draw(display);
	async_call_later(&display->timer, REDRAW_SECONDS, on_timer, display);
}

void display_begin(struct display *display, const struct stats *stats,
		   const struct schedule *schedule, bool quiet, bool bodies)
{
	*display = (struct display){ .stats = stats, .schedule = schedule, .quiet = quiet };
	display->live = !quiet && isatty(STDERR_FILENO) && !(bodies && isatty(STDOUT_FILENO));
	take_sample(display);
	if (display->live)
		async_call_later(&display->timer, REDRAW_SECONDS, on_timer, display);
}

/* What an input or a server says must not command the terminal. */
static void defuse(char *text)
{
	bool is_utf8 = text_is_utf8(text, strlen(text));

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text, next = (unsigned char)text[1];

		if (c < ' ' || c == 0x7f || (c >= 0x80 && !is_utf8))
			*text = '?';
		else if (c == 0xc2 && next < 0xa0) /* a control character of two bytes */
			text[0] = text[1] = '?';
	}
}

void display_message(struct display *display, const char *format, ...)
{
	char message[DISPLAY_BYTES / 2], text[DISPLAY_BYTES] = "";
	FILE *out;
	va_list arguments;

	if (display->quiet)
		return;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	defuse(message);
	out = fmemopen(text, sizeof text, "w");
	if (!out)
		return;
	print_erase(display, out);
	fprintf(out, "afetch: %s\n", message);
	fclose(out);
	put(text, strlen(text));
	if (display->live)
		draw(display);
}

void display_end(struct display *display)
{
	char text[64] = "";
	FILE *out;

	async_handle_cancel(&display->timer);
	out = display->live ? fmemopen(text, sizeof text, "w") : NULL;
	if (!out)
		return;
	print_erase(display, out);
	fclose(out);
	put(text, strlen(text));
	display->live = false;
}
