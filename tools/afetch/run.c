/* SPDX-License-Identifier: MIT */
/*
 * A run: one task reads URLs into the schedule, up to `at_a_time` tasks take them from it, and the
 * main task starts those. Whatever ends the run early (a signal, a full disk) cancels all of them:
 * what is being fetched is given up and leaves nothing behind, what was finished stands in the log.
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "run.h"
#include "text.h"

/* This machine is short of descriptors or memory: fewer fetches at a time, and one more each time
 * so many went well. A URL that meets a shortage so often in a row, for two minutes, has failed. */
enum { SHORTAGE_RECOVERY = 100, SHORTAGES = 50 };
static const double SHORTAGE_SECONDS = 0.1;

/* Of a URL in a message. */
enum { SHOWN_BYTES = 200 };

/* Lines read before others have their turn. */
enum { LINES_AT_ONCE = 256 };

static void stop(struct run *run, int error, const char *text)
{
	if (run->error)
		return;
	run->error = error;
	snprintf(run->text, sizeof run->text, "%s", text);
	if (run->running)
		async_group_cancel(&run->group);
}

/* ---- Finished URLs ---- */

static void await_record(struct run *run, const struct source *source, const struct result *result)
{
	const char *name = source->url ? source->url : "(input)";
	size_t size = source->url ? source->size : strlen(name);
	size_t line_size;
	char *line;
	int error;

	if (size > SHOWN_BYTES)
		size = SHOWN_BYTES;
	if (run->log.stream) {
		line = record_line(source, result, &line_size);
		error = line ? await_log_write(&run->log, line, line_size) :
			       async_fail(-ENOMEM, "no memory for the log");
		free(line);
		if (error) {
			stop(run, error, async_error());
			return;
		}
	}
	stats_add(&run->stats, result);
	if (result->error && !run->log.stream)
		display_message(&run->display, "%.*s: %s", (int)size, name, result->text);
}

static void await_finish(struct run *run, struct entry *entry, const struct result *result)
{
	time_t ago = (time_t)(async_now() - entry->first_begun);
	struct source source = { .url = entry->url,
				 .size = entry->size,
				 .line = entry->line,
				 .tries = entry->tries,
				 .begun = time(NULL) - ago };

	await_record(run, &source, result);
	schedule_finish(entry);
}

/* ---- Tries ---- */

static bool is_shortage(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS;
}

/* Whether the try does not count, and is made again. */
static bool put_off(struct run *run, struct entry *entry, const struct result *result)
{
	if (!is_shortage(result->error)) {
		entry->shortages = 0;
		if (run->at_a_time < run->options->concurrency &&
		    ++run->undisturbed >= SHORTAGE_RECOVERY) {
			run->undisturbed = 0;
			run->at_a_time++;
		}
		return false;
	}
	run->undisturbed = 0;
	if (run->at_a_time > 1 && run->at_a_time >= run->schedule.active_count) {
		run->at_a_time = run->schedule.active_count > 1 ? run->schedule.active_count - 1 :
								  1;
		if (!run->told_of_shortage)
			display_message(&run->display, "fewer at a time from now on: %s",
					result->text);
		run->told_of_shortage = true;
	}
	if (++entry->shortages >= SHORTAGES)
		return false;
	entry->tries--;
	schedule_again(entry, SHORTAGE_SECONDS * entry->shortages);
	return true;
}

static double seconds_to_wait(const struct options *options, const struct entry *entry,
			      const struct result *result)
{
	const async_retry_options how = { .first_seconds = options->retry_first,
					  .most_seconds = options->retry_most };

	if (result->retry_after >= 0)
		return fmin(result->retry_after, options->retry_most);
	/* 0 would be the library's own default */
	if (!options->retry_first || !options->retry_most)
		return 0;
	return async_retry_delay(&how, (int)entry->tries);
}

/* Whether it is tried once more, later. */
static bool try_again(struct run *run, struct entry *entry, const struct result *result)
{
	const struct options *options = run->options;
	bool safe = async_method_is_idempotent(options->method) || !result->facts.tries;
	int error = result->status >= 400 ? 0 : result->error;

	if (!result->error || result->spoiled || result->local || entry->tries > options->retries ||
	    !async_retry_is_worth(error, result->status, safe))
		return false;
	run->stats.retried++;
	schedule_again(entry, seconds_to_wait(options, entry, result));
	return true;
}

static int await_entry(struct run *run, struct entry *entry)
{
	struct result result;
	int error;

	entry->tries++;
	error = await_fetch(&run->fetcher, entry->url, schedule_is_frequent(entry), &result);
	if (result.local)
		stop(run, error, result.text);
	if (result.local || error == -ECANCELED) {
		error = -ECANCELED;
	} else {
		error = 0;
		/* What a server asks for, it asks for all its URLs. */
		if (result.retry_after >= 0 && (result.status == 429 || result.status == 503))
			schedule_pause(entry, fmin(result.retry_after, run->options->retry_most));
		if (!put_off(run, entry, &result) && !try_again(run, entry, &result))
			await_finish(run, entry, &result);
	}
	result_free(&result);
	return error;
}

/* ---- Tasks ---- */

/* Those that wait for their turn at a host take nobody's place. */
static size_t busy(const struct run *run)
{
	return run->tasks - run->fetcher.patient;
}

static int worker(void *arg)
{
	struct entry *entry = arg;
	struct run *run = (struct run *)entry->schedule->user;
	int error = 0;

	while (entry && !error) {
		error = await_entry(run, entry);
		entry = NULL;
		if (!error && busy(run) <= run->at_a_time)
			entry = schedule_take(&run->schedule);
	}
	run->tasks--;
	async_event_set(&run->schedule.changed);
	return 0;
}

static void start_workers(struct run *run)
{
	struct entry *entry;

	while (busy(run) < run->at_a_time && (entry = schedule_take(&run->schedule))) {
		if (async_spawn(&run->group, worker, entry)) {
			schedule_again(entry, SHORTAGE_SECONDS);
			return;
		}
		run->tasks++;
	}
}

/* A line that is no URL has failed without being fetched. */
static void await_refuse(struct run *run, const struct input_line *line, int error,
			 const char *text)
{
	struct source source = { line->text, line->size, line->line, 0, time(NULL) };
	struct result result = { .error = error };

	snprintf(result.text, sizeof result.text, "%s", text);
	await_record(run, &source, &result);
}

static int refusal_of(const struct run *run, const struct input_line *line)
{
	return line->text ? async_fail(-EINVAL, "%s", "a zero byte in a URL") :
			    async_fail(-EMSGSIZE,
				       "line %llu of %s is longer than %zu bytes (--max-line)",
				       (unsigned long long)line->line, line->name,
				       run->options->line_bytes);
}

/* As the log has it, which is UTF-8. */
static bool is_done(const struct run *run, const struct input_line *line)
{
	size_t size;
	char *text;
	bool done;

	if (!run->done.count || text_is_utf8(line->text, line->size))
		return done_has(&run->done, line->text, line->size);
	text = text_to_utf8(line->text, line->size, &size);
	done = text && done_has(&run->done, text, size);
	free(text);
	return done;
}

static int await_take_line(struct run *run, const struct input_line *line)
{
	struct schedule *schedule = &run->schedule;
	async_url url;
	char *host;
	int error;

	if (!line->text || memchr(line->text, 0, line->size))
		error = refusal_of(run, line);
	else
		error = async_url_parse_bytes(line->text, line->size, NULL, &url);
	if (error) {
		await_refuse(run, line, error, async_error());
		return 0;
	}
	if (is_done(run, line)) {
		run->stats.skipped++;
		async_url_free(&url);
		return 0;
	}
	host = async_url_address(&url);
	async_url_free(&url);
	error = host ? schedule_add(schedule, host, line->text, line->size, line->line) :
		       async_error_code();
	free(host);
	return error;
}

static int reader(void *arg)
{
	struct run *run = arg;
	struct schedule *schedule = &run->schedule;
	struct input_line line;
	size_t read = 0;
	int result = 0, error = 0;

	while (!error && (result = await_input_next(&run->input, &line)) > 0) {
		error = await_take_line(run, &line);
		/* A file never waits, and what was fetched before takes no room. */
		if (!error && ++read % LINES_AT_ONCE == 0)
			error = await_sleep(0);
		while (!error && !schedule_has_room(schedule)) {
			async_event_clear(&schedule->room);
			error = await_event(&schedule->room);
		}
	}
	if (!error)
		error = result;
	if (error && error != -ECANCELED)
		stop(run, error, async_error());
	run->read_all = true;
	async_event_set(&schedule->changed);
	return 0;
}

/* Those that are ignored (nohup) stay so. Ctrl-C is the loop's. */
static int watch_signals(void *arg)
{
	struct run *run = arg;
	struct sigaction hangup;
	bool ignored = !sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler == SIG_IGN;
	async_signals signals;
	int signo;

	if (async_signals_open(&signals, SIGTERM, ignored ? 0 : SIGHUP, 0))
		return 0;
	signo = await_signal(&signals);
	if (signo > 0) {
		run->signal = signo;
		async_group_cancel(&run->group);
	}
	async_signals_close(&signals);
	return 0;
}

static void await_all(struct run *run)
{
	struct schedule *schedule = &run->schedule;

	async_group_begin(&run->group, ASYNC_ALL_OR_NOTHING);
	run->running = true;
	if (async_spawn(&run->group, watch_signals, run) || async_spawn(&run->group, reader, run))
		stop(run, -ENOMEM, async_error());
	while (!run->error && (!run->read_all || schedule->held)) {
		async_event_clear(&schedule->changed);
		start_workers(run);
		if (await_event(&schedule->changed))
			break;
	}
	async_group_cancel(&run->group); /* whoever is left waits for signals */
	await_group_end(&run->group);
	run->running = false;
}

/* ---- The run ---- */

static void await_close(struct run *run)
{
	bool ended = run->signal || run->error;
	int error;

	error = await_fetcher_close(&run->fetcher, ended);
	if (error)
		stop(run, error, async_error());
	error = await_log_close(&run->log, ended);
	if (error)
		stop(run, error, async_error());
}

static void on_waiting_log(void *arg)
{
	struct run *run = arg;

	display_message(&run->display, "waiting for somebody to read the log %s",
			run->options->log);
}

/* 0, or why nothing can be begun. */
static int await_prepare(struct run *run)
{
	const struct options *options = run->options;
	bool bodies = options->sink == SINK_STDOUT || (options->log && !strcmp(options->log, "-"));
	int error;

	run->stats.begun = async_now();
	run->at_a_time = options->concurrency;
	input_begin(&run->input, options);
	schedule_begin(&run->schedule, options->window, options->per_host, options->delay, run);
	error = fetcher_open(&run->fetcher, options, &run->schedule, &run->stats.received);
	if (error)
		return error;
	display_begin(&run->display, &run->stats, &run->schedule, options->quiet, bodies);
	error = await_log_open(&run->log, options, on_waiting_log, run);
	if (error)
		display_end(&run->display);
	return error;
}

int await_run(void *arg)
{
	struct run *run = arg;
	int error = await_prepare(run);

	if (!error) {
		await_all(run);
		display_end(&run->display);
	} else if (!async_cancelled()) {
		stop(run, error, async_error());
	}
	if (async_cancelled() && !run->signal)
		run->signal = SIGINT; /* the loop has taken it */
	await_close(run);	      /* also after Ctrl-C: what is finished goes out */
	if (!error)
		run->seconds = async_now() - run->stats.begun;
	run->given_up = run->schedule.unfinished;
	input_end(&run->input);
	schedule_end(&run->schedule);
	return 0;
}
