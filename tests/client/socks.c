/* SPDX-License-Identifier: MIT */
/* SOCKS from the client's side, byte by byte. */
#include "client/socks.h"
#include "proxying.h"

static int talk(async_stream *stream, void *target)
{
	return await_socks_connect(stream, target);
}

#define ANSWER(text_) text_, sizeof(text_) - 1

static void reaches(const struct socks_target *target, const char *answer, size_t size,
		    const char *heard, const char *rest)
{
	struct outcome outcome = converse_cut(answer, size, talk, (void *)(uintptr_t)target);

	CHECK_INT(outcome.result, 0);
	CHECK_STR(outcome.heard, heard);
	CHECK_STR(outcome.rest, rest);
	outcome_end(&outcome);
}

static void fails(const struct socks_target *target, const char *answer, size_t size, int error,
		  const char *text)
{
	struct outcome outcome = converse_cut(answer, size, talk, (void *)(uintptr_t)target);

	CHECK_INT(outcome.result, error);
	CHECK_TEXT_HAS(outcome.text, text);
	outcome_end(&outcome);
}

static const struct socks_target plain = { .host = "a.org", .port = 443 };
static const struct socks_target login = {
	.host = "a.org", .port = 443, .user = "me", .password = "secret"
};

#define REPLY_V4 "\5\0\0\1\177\0\0\1\4\70"

TEST_TASK(names_and_addresses, "X08 H36")
{
	static const struct socks_target v4 = { .host = "192.0.2.1", .port = 80 };
	static const struct socks_target v6 = { .host = "2001:db8::1", .port = 65535 };
	static const struct socks_target odd = { .host = "192.0.2", .port = 80 };

	reaches(&plain, ANSWER("\5\0" REPLY_V4), "<05><01><00><05><01><00><03><05>a.org<01><bb>",
		"");
	reaches(&v4, ANSWER("\5\0" REPLY_V4), "<05><01><00><05><01><00><01><c0><00><02><01><00>P",
		"");
	reaches(&v6, ANSWER("\5\0" REPLY_V4),
		"<05><01><00><05><01><00><04> <01><0d><b8><00><00><00><00><00><00><00><00><00><00>"
		"<00><01><ff><ff>",
		"");
	reaches(&odd, ANSWER("\5\0" REPLY_V4), "<05><01><00><05><01><00><03><07>192.0.2<00>P", "");
	/* Replies with other addresses, of which none is of interest. */
	reaches(&plain,
		ANSWER("\5\0\5\0\0\4"
		       "0123456789abcdef\1\2"),
		"<05><01><00><05><01><00><03><05>a.org<01><bb>", "");
	reaches(&plain, ANSWER("\5\0\5\0\0\3\3xyz\1\2"),
		"<05><01><00><05><01><00><03><05>a.org<01><bb>", "");
	reaches(&plain, ANSWER("\5\0\5\0\0\3\0\1\2"),
		"<05><01><00><05><01><00><03><05>a.org<01><bb>", "");
}

TEST_TASK(not_a_byte_too_much, "X08 H36")
{
	/* The target speaks first, and at once. */
	reaches(&plain, ANSWER("\5\0" REPLY_V4 "220 hello\r\n"),
		"<05><01><00><05><01><00><03><05>a.org<01><bb>", "220 hello<0d><0a>");
}

TEST_TASK(logins, "X08 H36")
{
	static const struct socks_target empty = {
		.host = "a.org", .port = 443, .user = "me", .password = ""
	};
	static const struct socks_target none = { .host = "a.org", .port = 443, .user = "me" };

	reaches(&login, ANSWER("\5\2\1\0" REPLY_V4),
		"<05><02><00><02><01><02>me<06>secret<05><01><00><03><05>a.org<01><bb>", "");
	reaches(&login, ANSWER("\5\0" REPLY_V4),
		"<05><02><00><02><05><01><00><03><05>a.org<01><bb>", "");
	reaches(&empty, ANSWER("\5\2\1\0" REPLY_V4),
		"<05><02><00><02><01><02>me<00><05><01><00><03><05>a.org<01><bb>", "");
	reaches(&none, ANSWER("\5\2\1\0" REPLY_V4),
		"<05><02><00><02><01><02>me<00><05><01><00><03><05>a.org<01><bb>", "");
	fails(&login, ANSWER("\5\2\1\1"), -EACCES, "refuses user and password (status 1)");
	fails(&login, ANSWER("\5\2\1\377"), -EACCES, "status 255");
	fails(&login, ANSWER("\5\2\5\0"), -EPROTO, "version 5");
	fails(&login, ANSWER("\5\377"), -EACCES, "neither user and password");
	fails(&plain, ANSWER("\5\377"), -EACCES, "wants a login");
	fails(&plain, ANSWER("\5\2"), -EPROTO, "method 2");
	fails(&login, ANSWER("\5\1"), -EPROTO, "method 1");
}

TEST_TASK(every_refusal, "X08 H36")
{
	static const struct {
		int error;
		const char *text;
	} replies[] = {
		{ -EREMOTEIO, "has failed" },	   { -EPERM, "rules" },
		{ -ENETUNREACH, "network" },	   { -EHOSTUNREACH, "host is unreachable" },
		{ -ECONNREFUSED, "refuses" },	   { -ETIME, "time to live" },
		{ -EOPNOTSUPP, "how to connect" }, { -EAFNOSUPPORT, "such addresses" },
		{ -EREMOTEIO, "reply 9" },
	};

	for (size_t i = 0; i < array_length(replies); i++) {
		char answer[] = { 5, 0, 5, (char)(i + 1), 0, 1, 0, 0, 0, 0, 0, 0 };

		fails(&plain, answer, sizeof answer, replies[i].error, replies[i].text);
		/* Some hang up right behind it. */
		fails(&plain, answer, 4, replies[i].error, "a.org:443");
	}
}

TEST_TASK(garbage, "X08 H36")
{
	fails(&plain, ANSWER("HTTP/1.1 400 Bad Request\r\n\r\n"), -EPROTO, "HTTP");
	fails(&plain, ANSWER("\x15\3\1\0\2\2\x50"), -EPROTO, "TLS");
	fails(&plain, ANSWER("\4"), -EPROTO, "0x04");
	fails(&plain, ANSWER("\0\132"), -EPROTO, "0x00");
	fails(&plain, ANSWER("\5\0\4\0\0\1"), -EPROTO, "0x04");
	fails(&plain, ANSWER("\5\0\5\0\0\2\0\0"), -EPROTO, "type 2");
}

TEST_TASK(truncated_answers, "X08 H36")
{
	static const char answer[] = "\5\2\1\0\5\0\0\3\4name\1\2";

	for (size_t size = 0; size < sizeof answer - 1; size++)
		fails(&login, answer, size, -ENODATA, "hung up");
}

TEST_TASK(what_cannot_be_sent, "X08 H36")
{
	char text[300];
	struct socks_target target = { .host = "", .port = 1 };

	fails(&target, ANSWER(""), -EINVAL, "host is empty");
	memset(text, 'a', sizeof text);
	text[256] = '\0';
	target.host = text;
	fails(&target, ANSWER(""), -ENAMETOOLONG, "256 bytes");
	target.host = "a.org";
	target.user = text;
	fails(&target, ANSWER(""), -ENAMETOOLONG, "user");
	target.user = "";
	fails(&target, ANSWER(""), -EINVAL, "user is empty");
	target.user = "a";
	target.password = text;
	fails(&target, ANSWER(""), -ENAMETOOLONG, "password");
	/* As long as can be. */
	text[255] = '\0';
	target = (struct socks_target){ .host = text, .user = text, .password = text };
	for (int i = 0; i < 2; i++) {
		struct outcome outcome =
			i ? converse(ANSWER("\0\132\0\0\0\0\0\0"), 0, talk, &target) :
			    converse(ANSWER("\5\2\1\0" REPLY_V4), 0, talk, &target);

		CHECK_INT(outcome.result, 0);
		CHECK_TEXT_HAS(outcome.heard, text);
		outcome_end(&outcome);
		target.version_4 = true;
	}
}

TEST_TASK(the_older_version, "X08")
{
	static const struct socks_target name = { .host = "a.org", .port = 80, .version_4 = true };
	static const struct socks_target address = {
		.host = "192.0.2.1", .port = 80, .user = "me", .version_4 = true
	};
	static const struct socks_target v6 = { .host = "::1", .port = 80, .version_4 = true };

	reaches(&name,
		ANSWER("\0\132\0\0\0\0\0\0"
		       "20"),
		"<04><01><00>P<00><00><00><01><00>a.org<00>", "20");
	reaches(&address, ANSWER("\0\132\1\2\3\4\5\6"), "<04><01><00>P<c0><00><02><01>me<00>", "");
	fails(&v6, ANSWER(""), -EAFNOSUPPORT, "::1");
	fails(&name, ANSWER("\0\133\0\0\0\0\0\0"), -EREMOTEIO, "a.org:80: reply 91");
	fails(&name, ANSWER("\0\134\0\0\0\0\0\0"), -EACCES, "reply 92");
	fails(&name, ANSWER("\0\135\0\0\0\0\0\0"), -EACCES, "reply 93");
	fails(&name, ANSWER("\5\0"), -EPROTO, "0x05");
	fails(&name, ANSWER("HTTP"), -EPROTO, "HTTP");
	for (size_t size = 0; size < 8; size++)
		fails(&name, "\0\132\0\0\0\0\0\0", size, -ENODATA, "hung up");
}

TEST_TASK(a_proxy_that_stalls, "X08")
{
	async_stream *ends[2];

	CHECK_INT(async_stream_pair(ends, NULL), 0);
	async_timeout (0.01)
		CHECK_INT(await_socks_connect(ends[0], &plain), -ETIMEDOUT);
	async_timeout (0) {
		await_sleep(1);
		CHECK_INT(await_socks_connect(ends[0], &plain), -ETIMEDOUT);
	}
	await_stream_close(ends[0]);
	await_stream_close(ends[1]);
}
