/* SPDX-License-Identifier: MIT */
/* The command line: one table says what options there are, for parsing and for --help. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "options.h"

enum kind { FLAG, TEXT, COUNT, BYTES, SECONDS, INPUT, HEADER, HELP, VERSION };

struct option_row {
	char letter; /* 0: only the long form */
	enum kind kind;
	const char *name, *value, *help;
	size_t at; /* offset in struct options */
	double least, most;
};

#define AT(member_) offsetof(struct options, member_)

static const struct option_row rows[] = {
	{ 'i', INPUT, "input", "FILE", "URLs from FILE, one a line; -: standard input", 0, 0, 0 },
	{ 'o', TEXT, "output", "DIR", "bodies into files of DIR, which is made", AT(directory), 0,
	  0 },
	{ 'O', FLAG, "stdout", NULL, "bodies to standard output (the default)", AT(to_stdout), 0,
	  0 },
	{ 'n', FLAG, "discard", NULL, "bodies are read and thrown away", AT(discard), 0, 0 },
	{ 'l', TEXT, "log", "FILE", "a line of JSON for each URL; -: standard output", AT(log), 0,
	  0 },
	{ 'r', FLAG, "resume", NULL, "leave out what the log says is fetched; add to it",
	  AT(resume), 0, 0 },
	{ 'c', COUNT, "concurrency", "N", "fetches at a time (64)", AT(concurrency), 1, 100000 },
	{ 0, COUNT, "per-host", "N", "... of one host and port (0: no limit)", AT(per_host), 0,
	  100000 },
	{ 0, SECONDS, "delay", "SECONDS", "between beginnings at one host (0)", AT(delay), 0,
	  86400 },
	{ 0, COUNT, "window", "N", "URLs looked ahead (10000)", AT(window), 1, 10000000 },
	{ 0, BYTES, "max-line", "BYTES", "longest line of an input (8192)", AT(line_bytes), 16,
	  ASYNC_URL_LIMIT_BYTES },
	{ 0, COUNT, "retries", "N", "more tries of what may go away by itself (2)", AT(retries), 0,
	  1000 },
	{ 0, SECONDS, "retry-delay", "SECONDS", "before the first of them; then doubled (0.5)",
	  AT(retry_first), 0, 86400 },
	{ 0, SECONDS, "retry-max", "SECONDS", "longest delay, Retry-After's included (60)",
	  AT(retry_most), 0, 864000 },
	{ 0, SECONDS, "connect-timeout", "SECONDS", "TLS included (30)", AT(connect_seconds), 0.001,
	  864000 },
	{ 0, SECONDS, "read-timeout", "SECONDS", "for each next piece of an answer (60)",
	  AT(read_seconds), 0.001, 864000 },
	{ 't', SECONDS, "timeout", "SECONDS", "for a try in all (300)", AT(total_seconds), 0.001,
	  864000 },
	{ 0, BYTES, "max-bytes", "BYTES", "longest body (0: no limit)", AT(most_bytes), 0, 1e18 },
	{ 0, COUNT, "redirects", "N", "followed (9)", AT(redirects), 0, 1000 },
	{ 'X', TEXT, "method", "METHOD", "GET; with --data POST", AT(method), 0, 0 },
	{ 'd', TEXT, "data", "DATA", "a body to send; @FILE: a file's bytes", AT(data), 0, 0 },
	{ 'H', HEADER, "header", "'NAME: VALUE'", "a field of each request", 0, 0, 0 },
	{ 'A', TEXT, "user-agent", "TEXT", "afetch/VERSION", AT(user_agent), 0, 0 },
	{ 0, FLAG, "cookies", NULL, "kept and sent; memory grows with their number", AT(cookies), 0,
	  0 },
	{ 'x', TEXT, "proxy", "URL", "http, https, socks5 or socks5h", AT(proxy), 0, 0 },
	{ 0, FLAG, "environment", NULL, "proxies by http_proxy and so on, logins by .netrc",
	  AT(environment), 0, 0 },
	{ 0, TEXT, "ca", "FILE", "authorities to trust instead of the system's", AT(ca_file), 0,
	  0 },
	{ 'k', FLAG, "insecure", NULL, "any certificate will do", AT(insecure), 0, 0 },
	{ 'q', FLAG, "quiet", NULL, "no progress, failures and summary", AT(quiet), 0, 0 },
	{ 'h', HELP, "help", NULL, "this", 0, 0, 0 },
	{ 'V', VERSION, "version", NULL, "", 0, 0, 0 },
};

enum { ROWS = sizeof rows / sizeof *rows, LONG_ONLY = 256 };

/* The exit status of what was only to be printed. */
static int printed(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_FETCHED;
	fprintf(stderr, "afetch: standard output: %s\n", strerror(errno));
	return EXIT_LOCAL;
}

static int help(void)
{
	puts("usage: afetch [options] URL...\n"
	     "       afetch [options] -i FILE\n"
	     "Fetches URLs, many at a time, in memory that does not grow with their number.\n");
	for (size_t i = 0; i < ROWS; i++) {
		const struct option_row *row = &rows[i];
		char left[60];

		snprintf(left, sizeof left, "%c%c%s --%s%s%s", row->letter ? '-' : ' ',
			 row->letter ? row->letter : ' ', row->letter ? "," : " ", row->name,
			 row->value ? " " : "", row->value ? row->value : "");
		printf("  %-31s %s\n", left, row->help);
	}
	puts("\nBYTES may end in k, M or G, large or small (powers of 1024).\n"
	     "Exit status: 0 all fetched, 1 some failed, 2 wrong usage, 3 input or output failed,\n"
	     "128 + n ended by signal n (130: Ctrl-C). See afetch(1).");
	return printed();
}

static int refuse(const char *text, const char *what)
{
	fprintf(stderr, "afetch: %s%s\nTry 'afetch --help'.\n", text, what);
	return EXIT_USAGE;
}

/* ---- Values ---- */

static double unit_of(const char *end)
{
	static const char letters[] = "kmg";
	const char *at = *end && !end[1] ? strchr(letters, tolower((unsigned char)*end)) : NULL;

	return at ? ldexp(1, 10 * (int)(at - letters + 1)) : NAN;
}

static int number(struct options *options, const struct option_row *row, const char *text)
{
	char *end = NULL;
	double value = isdigit((unsigned char)*text) || *text == '.' ? strtod(text, &end) : NAN;

	if (row->kind == BYTES && end && *end) {
		value *= unit_of(end);
		end += strlen(end);
	}
	if (!(value >= row->least && value <= row->most) || *end ||
	    (row->kind != SECONDS && value != floor(value))) {
		fprintf(stderr, "afetch: --%s %s: %s from %.12g to %.12g%s\nTry 'afetch --help'.\n",
			row->name, text, row->kind == SECONDS ? "seconds" : "a whole number",
			row->least, row->most,
			row->kind == BYTES ? ", perhaps with k, M or G" : "");
		return EXIT_USAGE;
	}
	if (row->kind == SECONDS)
		*(double *)((char *)options + row->at) = value;
	else
		*(size_t *)((char *)options + row->at) = (size_t)value;
	return -1;
}

/* A token's length (RFC 9110, 5.6.2). */
static size_t token_size(const char *text)
{
	return strspn(text, "!#$%&'*+-.^_`|~0123456789"
			    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

/* Whether it can be a field's value (RFC 9110, 5.5). */
static bool is_value(const char *text)
{
	for (; *text; text++) {
		if (iscntrl((unsigned char)*text) && *text != '\t')
			return false;
	}
	return true;
}

/* "Name: value", cut in place. */
static int header(struct options *options, char *text)
{
	size_t name = token_size(text);
	char *value = text + name + 1;

	if (!name || text[name] != ':' || !is_value(value))
		return refuse("--header wants 'Name: value' in one line, not ", text);
	text[name] = 0;
	value += strspn(value, " \t");
	options->fields[options->field_count++] = (async_http_field){ text, value };
	return -1;
}

static int take(struct options *options, const struct option_row *row, char *value)
{
	char *at = (char *)options + row->at;

	switch (row->kind) {
	case FLAG:
		*(bool *)at = true;
		return -1;
	case TEXT:
		*(const char **)at = value;
		return -1;
	case INPUT:
		options->inputs[options->input_count++] = value;
		return -1;
	case HEADER:
		return header(options, value);
	case HELP:
		return help();
	case VERSION:
		printf("afetch %s\n", async_version());
		return printed();
	default:
		return number(options, row, value);
	}
}

/* ---- Together ---- */

static int read_data(struct options *options)
{
	if (!options->data)
		return -1;
	if (*options->data != '@') {
		options->data_size = strlen(options->data);
	} else {
		ssize_t size = await_read_file(options->data + 1, &options->data_file, 0);

		if (size < 0)
			return refuse("--data: ", async_error());
		options->data = options->data_file;
		options->data_size = (size_t)size;
	}
	return -1;
}

static int check_inputs(const struct options *options)
{
	size_t standard = 0;

	for (size_t i = 0; i < options->input_count; i++) {
		const char *name = options->inputs[i];

		if (!strcmp(name, "-")) {
			standard++;
			continue;
		}
		if (access(name, R_OK)) {
			fprintf(stderr, "afetch: --input %s: %s\n", name, strerror(errno));
			return EXIT_USAGE;
		}
	}
	if (standard > 1)
		return refuse("--input - can be given once", "");
	if (!options->input_count && !options->url_count)
		return refuse("no URL", "");
	return -1;
}

static int check(struct options *options)
{
	if ((options->directory != NULL) + options->to_stdout + options->discard > 1)
		return refuse("--output, --stdout and --discard exclude each other", "");
	options->sink = options->directory ? SINK_FILES :
			options->discard   ? SINK_NOTHING :
					     SINK_STDOUT;
	if (options->log && !strcmp(options->log, "-") && options->sink == SINK_STDOUT)
		return refuse("--log - and bodies cannot both go to standard output: "
			      "--output DIR or --discard",
			      "");
	if (options->resume && (!options->log || !strcmp(options->log, "-")))
		return refuse("--resume needs the --log FILE of the run to go on with", "");
	if (!options->method)
		options->method = options->data ? "POST" : "GET";
	if (!*options->method || options->method[token_size(options->method)])
		return refuse("--method wants one word, such as PUT, not ", options->method);
	if (!is_value(options->user_agent))
		return refuse("--user-agent wants text in one line, not ", options->user_agent);
	return check_inputs(options);
}

/* A beginning that several have in common is enough for none of them. */
static bool is_ambiguous(const char *text)
{
	size_t size = strcspn(text, "="), found = 0;

	for (size_t i = 0; i < ROWS && size > 2; i++)
		found += !strncmp(rows[i].name, text + 2, size - 2);
	return found > 1;
}

/* What getopt_long has met. optopt: the option, or 0 for a name that none has. */
static int refuse_option(int found, const char *text)
{
	char name[40] = { '-', (char)optopt };

	if (optopt >= LONG_ONLY)
		snprintf(name, sizeof name, "--%s", rows[optopt - LONG_ONLY].name);
	else if (!optopt)
		snprintf(name, sizeof name, "%s", text);
	if (found == ':')
		return refuse("a value is missing behind ", name);
	if (optopt >= LONG_ONLY)
		return refuse("no value belongs to ", name);
	return refuse(!optopt && is_ambiguous(text) ? "several options begin with " :
						      "there is no option ",
		      name);
}

static int parse(struct options *options, int argc, char **argv)
{
	struct option longs[ROWS + 1] = { 0 };
	char shorts[2 * ROWS + 2] = ":", *at = shorts + 1;
	int found, status;

	for (size_t i = 0; i < ROWS; i++) {
		longs[i] = (struct option){ rows[i].name,
					    rows[i].value ? required_argument : no_argument, NULL,
					    LONG_ONLY + (int)i };
		if (rows[i].letter) {
			*at++ = rows[i].letter;
			if (rows[i].value)
				*at++ = ':';
		}
	}
	*at = 0;
	opterr = 0;
	while ((found = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_row *row = &rows[0];

		if (found == ':' || found == '?')
			return refuse_option(found, argv[optind - 1]);
		if (found >= LONG_ONLY)
			row = &rows[found - LONG_ONLY];
		else
			while (row->letter != found)
				row++;
		status = take(options, row, optarg);
		if (status >= 0)
			return status;
	}
	options->urls = argv + optind;
	options->url_count = (size_t)(argc - optind);
	return -1;
}

int options_parse(struct options *options, int argc, char **argv)
{
	static char agent[40];
	int status;

	snprintf(agent, sizeof agent, "afetch/%s", async_version());
	*options = (struct options){
		.concurrency = 64,
		.window = 10000,
		.line_bytes = 8192,
		.retries = 2,
		.retry_first = 0.5,
		.retry_most = 60,
		.connect_seconds = 30,
		.read_seconds = 60,
		.total_seconds = 300,
		.redirects = 9,
		.user_agent = agent,
		.inputs = calloc((size_t)argc, sizeof *options->inputs),
		.fields = calloc((size_t)argc, sizeof *options->fields),
	};
	if (!options->inputs || !options->fields)
		return EXIT_LOCAL;
	status = parse(options, argc, argv);
	if (status < 0)
		status = check(options);
	return status < 0 ? read_data(options) : status;
}

void options_free(struct options *options)
{
	free(options->inputs);
	free(options->fields);
	free(options->data_file);
}
