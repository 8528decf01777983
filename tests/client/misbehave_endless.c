/* SPDX-License-Identifier: MIT */
/* Servers that never come to an end, or say little that means a lot: a limit in bytes or number
 * ends it, and its text has the option. */
#include <errno.h>
#include "http/codec.h"
#include "talker.h"

#define OK	"HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

/* ---- Without end ---- */

TEST_TASK_WITH(answers_without_end, "H18 H20 H44", .deadline = 30)
{
	static const struct {
		const char *begin, *endless, *words;
		int error;
	} cases[] = {
		{ OK, "X-Field: and another\r\n", "`fields`", -EMSGSIZE },
		{ OK "X: ", "one line ", "`field_bytes`", -EMSGSIZE },
		{ "HTTP/1.1 200 ", "so many reasons ", "`line_bytes`", -EMSGSIZE },
		{ "", "HTTP/1.1 102 Processing\r\n\r\n", "`head_bytes`", -EMSGSIZE },
		{ "", "HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n", "`head_bytes`", -EMSGSIZE },
		{ CHUNKED "0\r\n", "X-Trailer: and another\r\n", "`fields`", -EMSGSIZE },
		{ CHUNKED "0\r\nX: ", "one line ", "`field_bytes`", -EMSGSIZE },
		{ CHUNKED "5;a=", "extended", "`extension_bytes`", -EMSGSIZE },
		{ CHUNKED, "1;extended=\"but short\"\r\nx\r\n", "`extension_bytes`", -EMSGSIZE },
		{ CHUNKED, "fff\r\n", "not followed by CRLF", -EBADMSG },
		{ CHUNKED "0", "0", "60 bits", -EMSGSIZE },
		{ CHUNKED, "a\r\n0123456789\r\n", "100000 bytes (session option `body_bytes`)",
		  -EMSGSIZE },
		{ OK "\r\n", "until the end ", "100000 bytes (session option `body_bytes`)",
		  -EMSGSIZE },
		{ OK "Content-Length: 9000000000000000000\r\n\r\n", "so long ",
		  "100000 bytes (session option `body_bytes`)", -EMSGSIZE },
		{ "", "\r\n", "response", -EBADMSG },
	};
	async_session_options options = { .body_bytes = 100000 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *const answers[] = { cases[i].begin, NULL };
		struct talker talker = { .answers = answers, .endless = cases[i].endless };
		struct talked talked = talk_once(&talker, &options, "GET", NULL);

		if (talked.status != cases[i].error)
			harness_fail(__FILE__, __LINE__, "%s: %d, %s", cases[i].endless,
				     talked.status, talked.text);
		CHECK_TEXT_HAS(talked.text, cases[i].words);
		CHECK_TEXT_HAS(talked.text, "127.0.0.1:");
	}
}

/* Also while a body is sent. */
TEST_TASK_WITH(hints_without_end_during_an_upload, "H13 H44", .deadline = 30)
{
	const char *const answers[] = { "", NULL };
	struct talker talker = { .answers = answers,
				 .endless = "HTTP/1.1 100 Continue\r\n\r\n",
				 .deaf = true };
	char *large = calloc(1, 16 << 20);
	async_call call = { .body = large, .size = 16 << 20 };
	struct talked talked = talk_once(&talker, NULL, "PUT", &call);

	CHECK_INT(talked.status, -EMSGSIZE);
	CHECK_TEXT_HAS(talked.text, "1xx before the final one are longer than 65536 bytes (session "
				    "option `head_bytes`)");
	free(large);
}

/* Ten of them are nothing special. */
TEST_TASK(hints_that_end, "H13")
{
	static const char hint[] = "HTTP/1.1 103 Hints\r\nLink: </style.css>; rel=preload\r\n\r\n";
	static char text[2000];
	const char *const answers[] = { text, NULL };
	struct talker talker = { .answers = answers, .piece = 7 };
	struct talked talked;

	for (int i = 0; i < 10; i++)
		strcat(text, hint);
	strcat(text, OK "Content-Length: 2\r\n\r\nok");
	talked = talk_once(&talker, NULL, "GET", NULL);
	CHECK_INT(talked.status, 200);
	CHECK_STR(talked.text, "ok");
}

/* ---- Bombs ---- */

/* So many zeros, coded, behind a head; how long that is in *size. */
static char *bomb(enum http_coding coding, size_t zeros, size_t *size)
{
	struct http_encoder *encoder = http_encoder_new(coding, 9);
	static const char nothing[100000];
	char *text = malloc(zeros / 2 + 10000);
	size_t used, made, left = zeros,
			   at = (size_t)sprintf(text, OK "Content-Encoding: %s\r\n\r\n",
						http_coding_name(coding));
	int what = HTTP_CODEC_MORE;

	while (what != HTTP_CODEC_END) {
		size_t piece = left < sizeof nothing ? left : sizeof nothing;

		what = http_encoder_step(encoder, left ? HTTP_ENCODE : HTTP_ENCODE_FINISH, nothing,
					 piece, &used, text + at, 1000, &made);
		CHECK(what >= 0);
		left -= used;
		at += made;
	}
	http_encoder_free(encoder);
	*size = at;
	return text;
}

static struct talked explode(enum http_coding coding, size_t zeros, size_t body_bytes)
{
	async_session_options options = { .body_bytes = body_bytes, .body_ratio = 1000 };
	size_t size;
	char *text = bomb(coding, zeros, &size);
	const char *const answers[] = { text, NULL };
	struct talker talker = { .answers = answers, .sizes = &size };
	struct talked talked = talk_once(&talker, &options, "GET", NULL);

	free(text);
	return talked;
}

TEST_TASK_WITH(bombs, "H19 H18", .deadline = 60)
{
	static const enum http_coding codings[] = { HTTP_CODING_GZIP, HTTP_CODING_DEFLATE,
						    HTTP_CODING_BR, HTTP_CODING_ZSTD };

	for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
		struct talked talked;

		if (!http_coding_available(codings[i]))
			continue;
		/* Too much for what it came from: */
		talked = explode(codings[i], 60 << 20, 0);
		CHECK_INT(talked.status, -EMSGSIZE);
		CHECK_TEXT_HAS(talked.text, "more than 1000 times");
		CHECK_TEXT_HAS(talked.text, http_coding_name(codings[i]));
		CHECK_TEXT_HAS(talked.text, "127.0.0.1:");
		CHECK_INT(talked.facts.phase, ASYNC_CALL_BODY);
		/* or for who reads it whole. */
		talked = explode(codings[i], 200000, 150000);
		CHECK_INT(talked.status, -EMSGSIZE);
		CHECK_TEXT_HAS(talked.text, "150000 bytes (session option `body_bytes`)");
		talked = explode(codings[i], 200000, 0);
		CHECK_INT(talked.status, 200);
	}
}

/* Members without end, each of them empty: 1024 of them are enough. */
TEST_TASK(empty_members_without_end, "H19")
{
	static const char member[] = "\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0";
	size_t head = sizeof OK "Content-Encoding: gzip\r\n\r\n" - 1;
	size_t size = head + 1100 * (sizeof member - 1);
	char *text = malloc(size + 1);
	const char *const answers[] = { text, NULL };
	struct talker talker = { .answers = answers, .sizes = &size };
	struct talked talked;

	if (!http_coding_available(HTTP_CODING_GZIP)) {
		free(text);
		SKIP("no gzip");
	}
	memcpy(text, OK "Content-Encoding: gzip\r\n\r\n", head);
	for (int i = 0; i < 1100; i++)
		memcpy(text + head + (size_t)i * (sizeof member - 1), member, sizeof member - 1);
	talked = talk_once(&talker, NULL, "GET", NULL);
	CHECK_INT(talked.status, -EMSGSIZE);
	CHECK_TEXT_HAS(talked.text, "1024");
	free(text);
}
