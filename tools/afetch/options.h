/* SPDX-License-Identifier: MIT */
/* The command line. */
#ifndef AFETCH_OPTIONS_H
#define AFETCH_OPTIONS_H

#include <await.h>

/* What afetch ends with; 128 + the signal's number when one ended it. */
enum { EXIT_FETCHED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_LOCAL = 3 };

/* Where bodies go. */
enum sink_kind { SINK_STDOUT, SINK_FILES, SINK_NOTHING };

struct options {
	char **urls; /* of the command line; then those of the files */
	size_t url_count;
	const char **inputs; /* "-": standard input */
	size_t input_count;

	const char *directory, *log;
	bool to_stdout, discard, resume, quiet, insecure, cookies, environment;
	enum sink_kind sink;

	size_t concurrency, per_host, window, line_bytes, retries, redirects;
	size_t most_bytes; /* of a body, decoded; 0: no limit */
	double delay;	   /* between the beginnings of two requests to a host */
	double retry_first, retry_most;
	double connect_seconds, read_seconds, total_seconds;

	const char *method, *data, *user_agent, *ca_file, *proxy;
	char *data_file; /* what -d @FILE was read into, or NULL */
	size_t data_size;
	async_http_field *fields;
	size_t field_count;
};

/* Fills in defaults and what the command line says. -1: go on; else the exit status, all said. */
int options_parse(struct options *options, int argc, char **argv);
void options_free(struct options *options);

#endif
