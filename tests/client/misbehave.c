/* SPDX-License-Identifier: MIT */
/* Servers that misbehave: each is told by its own error, whose text says who it was and which limit
 * was met, and none of it is taken for an answer. */
#include <errno.h>
#include "http/codec.h"
#include "talker.h"

#define OK	"HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

static struct talked answered_by(const char *text, size_t size, size_t piece)
{
	const char *const answers[] = { text, NULL };
	struct talker talker = { .answers = answers, .sizes = &size, .piece = piece };

	return talk_once(&talker, NULL, "GET", NULL);
}

/* ---- Hanging up ---- */

/* Whatever is said in the end, everything before its last byte is no answer. */
static void cut_everywhere(const char *text, const char *body)
{
	size_t size = strlen(text), begin = (size_t)(strstr(text, OK) - text);
	size_t head = (size_t)(strstr(text + begin, "\r\n\r\n") - text) + 4;
	struct talked talked;

	for (size_t cut = 0; cut < size; cut++) {
		talked = answered_by(text, cut, 0);
		CHECK_TEXT_HAS(talked.text, "127.0.0.1:");
		CHECK_INT(talked.facts.error, talked.status);
		if (!cut || cut == begin) {
			CHECK_INT(talked.status, -ECONNRESET);
			CHECK_TEXT_HAS(talked.text, cut ? "hung up in the middle of its answer" :
							  "hung up before it answered");
		} else if (cut < head) {
			CHECK_INT(talked.status, -ENODATA);
			CHECK_TEXT_HAS(talked.text, "in the middle of the head");
		} else {
			CHECK_INT(talked.status, -ENODATA);
			CHECK_TEXT_HAS(talked.text, "before the end of the body");
		}
		CHECK_INT(talked.facts.phase, cut < head ? ASYNC_CALL_HEAD : ASYNC_CALL_BODY);
	}
	for (size_t piece = 1; piece < size; piece += piece < 4 ? 1 : 13) {
		talked = answered_by(text, size, piece);
		CHECK_INT(talked.status, 200);
		CHECK_STR(talked.text, body);
	}
}

TEST_TASK_WITH(a_sized_answer_cut_anywhere, "H20 H45", .deadline = 30)
{
	cut_everywhere("HTTP/1.1 103 Hints\r\n\r\n" OK "Content-Length: 7\r\n\r\nsized.\n",
		       "sized.\n");
}

TEST_TASK_WITH(an_answer_in_chunks_cut_anywhere, "H20 H45", .deadline = 30)
{
	cut_everywhere(CHUNKED "5;a=\"b\"\r\nin ch\r\n4\r\nunks\r\n0\r\nX-Sum: 1\r\n\r\n",
		       "in chunks");
}

TEST_TASK_WITH(a_coded_answer_cut_anywhere, "H19 H20", .deadline = 30)
{
	/* gzip of "coded\n", its length not said: nothing but its own end tells. */
	static const char text[] = OK
		"Content-Encoding: gzip\r\n\r\n"
		"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\xce\x4f\x49\x4d\xe1\x02\0\xe9\x12\xdc\x3f\x06\0\0";
	size_t head = (size_t)(strstr(text, "\r\n\r\n") + 4 - text);
	struct talked talked;

	if (!http_coding_available(HTTP_CODING_GZIP))
		SKIP("no gzip");
	for (size_t cut = head + 1; cut < sizeof text; cut++) {
		talked = answered_by(text, cut, 0);
		CHECK_INT(talked.status, -EBADMSG);
		CHECK_TEXT_HAS(talked.text, "127.0.0.1:");
		CHECK_TEXT_HAS(talked.text, "gzip");
	}
	talked = answered_by(text, sizeof text, 1);
	CHECK_INT(talked.status, 200);
	CHECK_STR(talked.text, "coded\n");
}

TEST_TASK(a_door_that_slams, "H45")
{
	const char *const answers[] = { talker_slams, NULL };
	struct talker talker = { .answers = answers };
	struct talked talked = talk_once(&talker, NULL, "GET", NULL);

	CHECK_INT(talked.status, -ECONNRESET);
	CHECK_TEXT_HAS(talked.text, "127.0.0.1:");
	CHECK_TEXT_HAS(talked.text, "hung up before it answered");
	CHECK_INT(talked.facts.tries, 1);
}

/* ---- Lies about the length, and other nonsense ---- */

struct lie {
	const char *text;
	int status;
	const char *words; /* of the error, or the body */
};

static void hear_lies(const struct lie *lies, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t piece = 0; piece < 2; piece++) {
			struct talked talked =
				answered_by(lies[i].text, strlen(lies[i].text), piece);

			if (talked.status != lies[i].status)
				harness_fail(__FILE__, __LINE__, "%s: %d, %s", lies[i].text,
					     talked.status, talked.text);
			if (talked.status > 0)
				CHECK_STR(talked.text, lies[i].words);
			else
				CHECK_TEXT_HAS(talked.text, "127.0.0.1:");
			CHECK_TEXT_HAS(talked.text, lies[i].words);
		}
	}
}

TEST_TASK(lies_about_the_length, "H20 H29")
{
	static const struct lie lies[] = {
		{ OK "Content-Length: 9\r\n\r\nshort", -ENODATA, "hung up 4 bytes before the end" },
		{ OK "Content-Length: 4\r\n\r\nlonger", 200, "long" },
		{ OK "Content-Length: 4\r\nContent-Length: 6\r\n\r\nlonger", -EBADMSG,
		  "a field that may appear once" },
		{ OK "Content-Length: 4, 6\r\n\r\nlonger", -EBADMSG, "not one number" },
		{ OK "Content-Length: -1\r\n\r\n", -EBADMSG, "not one number" },
		{ OK "Content-Length: +4\r\n\r\nlong", -EBADMSG, "not one number" },
		{ OK "Content-Length: 0x4\r\n\r\nlong", -EBADMSG, "not one number" },
		{ OK "Content-Length: \r\n\r\nlong", -EBADMSG, "not one number" },
		{ OK "Content-Length: 99999999999999999999\r\n\r\nlong", -EMSGSIZE, "63 bits" },
		{ OK "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", -EBADMSG,
		  "both Content-Length and Transfer-Encoding" },
		{ OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", -EOPNOTSUPP,
		  "other than chunked" },
		{ OK "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", -EBADMSG,
		  "once and last" },
		{ "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", -EBADMSG,
		  "HTTP/1.0" },
		{ CHUNKED "zz\r\n", -EBADMSG, "not hexadecimal" },
		{ CHUNKED "\r\n", -EBADMSG, "without a size" },
		{ CHUNKED "-1\r\n", -EBADMSG, "" },
		{ CHUNKED "fffffffffffffffff\r\n", -EMSGSIZE, "60 bits" },
		{ CHUNKED "4\r\nlonger\r\n0\r\n\r\n", -EBADMSG, "not followed by CRLF" },
		{ CHUNKED "9\r\nshort\r\n0\r\n\r\n", -EBADMSG, "not followed by CRLF" },
		{ CHUNKED "4\nlong\n0\n\n", -EBADMSG, "" },
		{ CHUNKED "0\r\nContent-Length: 5\r\n\r\n", -EBADMSG, "a trailer" },
	};

	hear_lies(lies, sizeof lies / sizeof *lies);
}

TEST_TASK(what_is_no_http, "H20 H44 H45")
{
	static const struct lie lies[] = {
		{ "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", -EBADMSG, "response" },
		{ "220 mail.example.org ESMTP\r\n", -EBADMSG, "response" },
		{ "<html>\r\n", -EBADMSG, "response" },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", -EBADMSG, "response" },
		{ "HTTP/2 200\r\n\r\n", -EBADMSG, "HTTP/digit.digit" },
		{ "HTTP/2.0 200 OK\r\n\r\n", -EOPNOTSUPP, "HTTP/1.0 and HTTP/1.1" },
		{ "HTTP/1.1 2000 OK\r\n\r\n", -EBADMSG, "three digits" },
		{ "HTTP/1.1 099 Early\r\n\r\n", -EBADMSG, "three digits" },
		{ "ICY 200 OK\r\n\r\n", -EBADMSG, "response" },
		{ OK "No colon\r\n\r\n", -EBADMSG, "field name" },
		{ OK ": no name\r\n\r\n", -EBADMSG, "without a name" },
		{ OK "X: a\rb\r\n\r\n", -EBADMSG, "" },
		{ OK "X: \x01\r\n\r\n", -EBADMSG, "control byte" },
		{ OK "Content-Encoding: rot13\r\n\r\nwho knows", 200, "who knows" },
	};
	static const struct {
		const char *bytes;
		size_t size;
	} binary[] = {
		{ "\0\0\0\4\0\0\0\0\0", 9 },		      /* SETTINGS of HTTP/2 */
		{ "\x15\3\1\0\2\2\x16", 7 },		      /* an alert of TLS */
		{ "HTTP/1.1 200 O\0K\r\n\r\n", 19 },	      /* NUL in the reason */
		{ "HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n", 26 }, /* in a value */
		{ "HTTP/1.1 200 OK\r\nA\0: b\r\n\r\n", 25 },  /* in a name */
		{ "\0", 1 },
	};

	hear_lies(lies, sizeof lies / sizeof *lies);
	for (size_t i = 0; i < sizeof binary / sizeof *binary; i++) {
		struct talked talked = answered_by(binary[i].bytes, binary[i].size, 0);

		CHECK_INT(talked.status, -EBADMSG);
		CHECK_TEXT_HAS(talked.text, "127.0.0.1:");
	}
}

/* What the library cannot decode it hands out as it is. */
TEST_TASK(what_is_in_no_coding, "H19 H20")
{
	static const enum http_coding codings[] = { HTTP_CODING_GZIP, HTTP_CODING_DEFLATE,
						    HTTP_CODING_BR, HTTP_CODING_ZSTD };

	for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
		char text[100];
		bool can = http_coding_available(codings[i]);
		struct lie lie = { text, can ? -EBADMSG : 200,
				   can ? http_coding_name(codings[i]) : "none of these at all" };

		snprintf(text, sizeof text, OK "Content-Encoding: %s\r\n\r\nnone of these at all",
			 http_coding_name(codings[i]));
		hear_lies(&lie, 1);
	}
}

/* ---- By chance ---- */

static uint64_t seed;

static unsigned int chance(unsigned int below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(seed >> 33) % below;
}

static void begin_chance(void)
{
	const char *text = getenv("LIBAWAIT_SEED");

	seed = text ? strtoull(text, NULL, 10) : 1;
	printf("seed %llu\n", (unsigned long long)seed);
}

TEST_TASK_WITH(random_bytes, "H45", .deadline = 30)
{
	char bytes[300];

	begin_chance();
	for (int i = 0; i < 200; i++) {
		size_t size = 1 + chance(sizeof bytes);
		struct talked talked;

		for (size_t at = 0; at < size; at++)
			bytes[at] = (char)chance(256);
		*bytes = (char)(*bytes == 'H' ? 'h' : *bytes);
		talked = answered_by(bytes, size, 0);
		CHECK_INT(talked.status, -EBADMSG);
		CHECK_TEXT_HAS(talked.text, "127.0.0.1:");
	}
}

TEST_TASK_WITH(answers_with_a_byte_changed, "H20 H45", .deadline = 30)
{
	static const char text[] = CHUNKED "5;a=b\r\nin ch\r\n4\r\nunks\r\n0\r\nX-Sum: 1\r\n\r\n";
	char bytes[sizeof text];

	begin_chance();
	for (int i = 0; i < 400; i++) {
		struct talked talked;

		memcpy(bytes, text, sizeof text);
		bytes[chance(sizeof text - 1)] = (char)chance(256);
		talked = answered_by(bytes, sizeof text - 1, chance(3));
		CHECK(talked.status >= 100 || talked.status == -EBADMSG ||
		      talked.status == -ENODATA || talked.status == -EMSGSIZE ||
		      talked.status == -EOPNOTSUPP);
		if (talked.status < 0)
			CHECK_TEXT_HAS(talked.text, "127.0.0.1:");
	}
}
