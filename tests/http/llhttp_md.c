/* SPDX-License-Identifier: MIT */
/*
 * The cases that llhttp's authors collected, run against this parser. They are no part of this
 * project: LIBAWAIT_SUITES names a directory that holds them as llhttp-md/ or llhttp-md.tar.xz, and
 * without it this is skipped.
 *
 * Compared are whether the bytes are refused, how many messages complete, and how many bytes of
 * body they carry. Cases for a leniency are only run. Where the two disagree, the table below says
 * which of our rules it is; docs/http-parser.md says why. A disagreement that is not in the table
 * fails, and so does an entry that no longer disagrees.
 */
#include <unistd.h>
#include "http/body.h"
#include "vectors.h"

static const char *const files[] = {
	"request/connection",  "request/content-length",    "request/finish",
	"request/invalid",     "request/lenient-headers",   "request/lenient-version",
	"request/method",      "request/pausing",	    "request/pipelining",
	"request/sample",      "request/transfer-encoding", "request/uri",
	"response/connection", "response/content-length",   "response/finish",
	"response/invalid",    "response/lenient-version",  "response/pausing",
	"response/pipelining", "response/sample",	    "response/transfer-encoding",
};

/* What both were found to say. */
struct verdict {
	bool refused;
	int messages;
	size_t body;
	enum http_rule rule; /* ours */
};

struct known {
	const char *file, *heading;
	enum http_rule rule; /* HTTP_OK: they refuse it, or count otherwise, and we do not */
};

static const struct known known[] = {
	{ "request/connection", "Upgrade POST request", HTTP_VERSION_BAD },
	{ "request/content-length", "Error on `Content-Length` overflow", HTTP_OK },
	{ "request/content-length", "Tabs in `Content-Length` (surrounding)", HTTP_LENGTH_BAD },
	{ "response/content-length", "Tabs in `Content-Length` (surrounding)", HTTP_LENGTH_BAD },
	{ "request/invalid", "HTTP protocol and ANNOUNCE method", HTTP_OK },
	{ "request/invalid", "Invalid method", HTTP_OK },
	{ "request/method", "CONNECT with body", HTTP_CONNECT_BODY },
	{ "request/method", "M-SEARCH request", HTTP_TARGET_FORM },
	{ "request/method", "SOURCE request with ICE", HTTP_VERSION_BAD },
	{ "request/method", "OPTIONS request with RTSP", HTTP_VERSION_BAD },
	{ "request/method", "ANNOUNCE request with RTSP", HTTP_VERSION_BAD },
	{ "request/sample", "No HTTP version", HTTP_VERSION_MISSING },
	{ "request/transfer-encoding", "Trailing headers", HTTP_TRAILER_FORBIDDEN },
	{ "request/transfer-encoding", "POST with `chunked` as last transfer-encoding",
	  HTTP_TARGET_BYTE },
	{ "request/transfer-encoding",
	  "POST with `chunked` as last transfer-encoding (multiple headers)", HTTP_TARGET_BYTE },
	{ "request/uri", "Fragment in URI", HTTP_TARGET_BYTE },
	{ "request/uri", "`host:port` and basic auth", HTTP_AUTHORITY },
	{ "response/connection", "HTTP 304 with Content-Length", HTTP_VERSION_BAD },
	{ "response/connection", "HTTP 100 first, then 400", HTTP_VERSION_BAD },
	{ "response/pipelining", "Should parse multiple events", HTTP_VERSION_BAD },
	{ "response/sample", "RTSP response", HTTP_VERSION_BAD },
	{ "response/sample", "ICE response", HTTP_VERSION_BAD },
	{ "response/sample", "HTTP version 0.9", HTTP_VERSION_UNKNOWN },
	{ "response/sample", "Response starting with CRLF", HTTP_VERSION_BAD },
	{ "response/transfer-encoding", "`chunked` before other transfer-encoding",
	  HTTP_CODING_BAD },
	{ "response/transfer-encoding",
	  "multiple transfer-encoding where chunked is not the last one", HTTP_DUPLICATE },
	{ "response/transfer-encoding",
	  "`chunkedchunked` transfer-encoding does not enable chunked enconding", HTTP_CODING_BAD },
};

enum { BLOCK_BYTES = 64 * 1024, KNOWN = sizeof known / sizeof *known };

static bool known_seen[KNOWN];
static int cases, agreed, lenient, disagreed, unknown;
static struct http_field list[200];

/* The block of a case as bytes: in place. */
static size_t unescape(char *text)
{
	size_t size = strlen(text);
	char *copy = malloc(2 * size + 1), *out = copy;

	CHECK(copy);
	if (size && text[size - 1] == '\n')
		text[--size] = '\0';
	for (const char *at = text; *at; at++) {
		if (*at == '\\' && at[1] == '\n') {
			at++;
		} else if (*at == '\n') {
			*out++ = '\r';
			*out++ = '\n';
		} else if (*at == '\\' && at[1] && strchr("rntf", at[1])) {
			at++;
			*out++ = *at == 'r' ? '\r' : *at == 'n' ? '\n' : *at == 't' ? '\t' : '\f';
		} else if (*at == '\\' && at[1] == 'x') {
			char *end;

			*out++ = (char)strtol(at + 2, &end, 16);
			at = end - 1;
		} else {
			*out++ = *at;
		}
	}
	size = (size_t)(out - copy);
	memcpy(text, copy, size);
	free(copy);
	return size;
}

/* The log: "error code=", but not the codes that mean a pause. */
static struct verdict expected_of(const char *log)
{
	struct verdict verdict = { 0 };
	const char *error = strstr(log, "error code=");

	if (error) {
		int code = atoi(error + strlen("error code="));

		verdict.refused = code != 21 && code != 22;
	}
	for (const char *at = log; (at = strstr(at, "message complete")); at++)
		verdict.messages++;
	for (const char *at = log; (at = strstr(at, " span[body]=")); at++) {
		const char *length = at;

		while (strncmp(length, "len=", 4))
			length--;
		verdict.body += strtoul(length + 4, NULL, 10);
	}
	return verdict;
}

/* One message; the bytes it took, or 0 when there is nothing further. */
static size_t one_message(const char *data, size_t size, bool response, enum http_method asked,
			  struct verdict *verdict)
{
	struct http_head head, trailers;
	struct http_error error = { 0 };
	struct http_body body;
	struct http_slice piece;
	size_t at, used;
	ssize_t n;
	int what;

	http_head_begin(&head, NULL, list);
	n = response ? http_response_parse(&head, asked, data, size) :
		       http_request_parse(&head, data, size);
	verdict->rule = head.error.rule;
	if (n <= 0)
		return 0;
	http_head_begin(&trailers, NULL, list);
	http_body_begin(&body, &head.framing, &trailers);
	/* Both stop here: what follows is for who takes the upgrade. */
	if (head.framing.body == HTTP_TUNNEL || (!response && head.method == HTTP_METHOD_CONNECT)) {
		verdict->messages++;
		return 0;
	}
	for (at = (size_t)n;
	     (what = http_body_next(&body, data + at, size - at, &used, &piece)) == HTTP_DATA;
	     at += used)
		verdict->body += piece.size;
	verdict->rule = trailers.error.rule;
	if (what != HTTP_END)
		return 0;
	verdict->messages++;
	at += used;
	if (head.framing.upgrade && !response)
		return 0;
	if (http_body_leftover(&head.framing, data + at, size - at, &error)) {
		verdict->rule = error.rule;
		return 0;
	}
	return at;
}

static struct verdict ours_of(const char *data, size_t size, bool response, enum http_method asked)
{
	struct verdict verdict = { 0 };
	size_t used = 1;

	while (size && used) {
		used = one_message(data, size, response, asked, &verdict);
		data += used;
		size -= used;
	}
	verdict.refused = verdict.rule != HTTP_OK;
	return verdict;
}

static bool holds(const char *data, size_t size, const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i + length <= size; i++) {
		if (!memcmp(data + i, text, length))
			return true;
	}
	return false;
}

/* Most of their cases have no Host; with one, they show what they are about. In the first line
 * only: where several are pipelined, the block is made of them. */
static size_t add_hosts(char *data, size_t size)
{
	static const char line[] = " HTTP/1.1\r\n", host[] = "Host: h\r\n";
	size_t length = strlen(line), more = strlen(host);

	if (holds(data, size, "\r\nHost:") || holds(data, size, "\r\nhost:") ||
	    holds(data, size, "\r\nHOST:"))
		return size;
	for (size_t i = 0; i + length <= size; i++) {
		if (memcmp(data + i, line, length))
			continue;
		i += length;
		memmove(data + i + more, data + i, size - i);
		memcpy(data + i, host, more);
		size += more;
	}
	return size;
}

static void run_case(const char *file, const char *heading, const char *meta, char *block,
		     const char *log)
{
	bool response = !strncmp(file, "response", 8);
	enum http_method asked = strstr(meta, "skipBody") ? HTTP_METHOD_HEAD : HTTP_METHOD_GET;
	struct verdict theirs = expected_of(log), ours;
	size_t size = unescape(block), i;

	if (!response)
		size = add_hosts(block, size);
	ours = ours_of(block, size, response, asked);
	cases++;
	/* skipBody in a request: their caller claims that there is none. */
	if (strstr(meta, "lenient") || (!response && strstr(meta, "skipBody"))) {
		lenient++;
		return;
	}
	if (ours.refused == theirs.refused &&
	    (ours.refused || (ours.messages == theirs.messages && ours.body == theirs.body))) {
		agreed++;
		return;
	}
	disagreed++;
	for (i = 0; i < KNOWN; i++) {
		if (!strcmp(known[i].file, file) && !strcmp(known[i].heading, heading) &&
		    known[i].rule == ours.rule) {
			known_seen[i] = true;
			return;
		}
	}
	unknown++;
	printf("\t{ \"%s\", \"%s\", HTTP_%s }, /* theirs: %s %d %zu, ours %d %zu */\n", file,
	       heading, http_rule_name(ours.rule), theirs.refused ? "refused" : "accepted",
	       theirs.messages, theirs.body, ours.messages, ours.body);
}

/* Copies lines up to the closing fence. */
static void read_block(FILE *input, char *block)
{
	char line[8192];
	size_t size = 0;

	while (fgets(line, sizeof line, input) && strncmp(line, "```", 3)) {
		CHECK(size + strlen(line) < BLOCK_BYTES / 2);
		strcpy(block + size, line);
		size += strlen(line);
	}
	block[size] = '\0';
}

static void run_file(const char *folder, const char *file)
{
	static char line[8192], heading[200], meta[500], block[BLOCK_BYTES], log[BLOCK_BYTES];
	char path[600];
	FILE *input;

	snprintf(path, sizeof path, "%s/test/%s.md", folder, file);
	input = fopen(path, "r");
	if (!input)
		harness_fail(__FILE__, __LINE__, "cannot open %s", path);
	while (fgets(line, sizeof line, input)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "##", 2)) {
			snprintf(heading, sizeof heading, "%.*s", (int)sizeof heading - 1,
				 line + strspn(line, "# "));
			for (char *quote = heading; (quote = strchr(quote, '"')); quote++)
				*quote = '\'';
		} else if (!strncmp(line, "<!-- meta", 9)) {
			snprintf(meta, sizeof meta, "%.*s", (int)sizeof meta - 1, line);
		} else if (!strcmp(line, "```http")) {
			read_block(input, block);
		} else if (!strcmp(line, "```log")) {
			read_block(input, log);
			run_case(file, heading, meta, block, log);
		}
	}
	fclose(input);
}

TEST_WITH(llhttps_own_cases_agree_or_are_explained, "M16 M17", .backends = ONCE, .deadline = 60,
	  .may_leak = 1)
{
	const char *suites = getenv("LIBAWAIT_SUITES");
	char folder[400], command[1000], temporary[] = "/tmp/llhttp-md-XXXXXX";
	bool unpacked = false;

	if (!suites)
		SKIP("LIBAWAIT_SUITES does not name a directory with llhttp-md");
	snprintf(folder, sizeof folder, "%s/llhttp-md", suites);
	if (access(folder, R_OK)) {
		CHECK(mkdtemp(temporary));
		unpacked = true;
		snprintf(command, sizeof command, "tar -C %s -xJf '%s/llhttp-md.tar.xz'", temporary,
			 suites);
		CHECK_INT(system(command), 0);
		snprintf(folder, sizeof folder, "%s/llhttp-md", temporary);
	}
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		run_file(folder, files[i]);
	if (unpacked) {
		snprintf(command, sizeof command, "rm -r %s", temporary);
		CHECK_INT(system(command), 0);
	}
	printf("llhttp-md: %d cases, %d agree, %d not comparable, %d disagree\n", cases, agreed,
	       lenient, disagreed);
	CHECK(cases > 200);
	CHECK_INT(unknown, 0);
	for (size_t i = 0; i < KNOWN; i++) {
		if (!known_seen[i])
			harness_fail(__FILE__, __LINE__, "no longer disagrees: %s, %s",
				     known[i].file, known[i].heading);
	}
}
