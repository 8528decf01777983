/* SPDX-License-Identifier: MIT */
/* Peers that stall, in each phase of a request: the limit in time that ends it is named, and the
 * facts have the phase. Those of TLS are in tls.c. */
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>
#include "base/base.h"
#include "talker.h"

#define OK "HTTP/1.1 200 OK\r\n"

static const double SHORT = 0.05, LONG = 60;

static void check_late(const struct talked *talked, enum async_call_phase phase, const char *what,
		       const char *option)
{
	if (talked->status != -ETIMEDOUT)
		harness_fail(__FILE__, __LINE__, "%d, %s", talked->status, talked->text);
	CHECK_STR(async_call_phase_name(talked->facts.phase), async_call_phase_name(phase));
	CHECK_INT(talked->facts.error, -ETIMEDOUT);
	CHECK_TEXT_HAS(talked->text, what);
	CHECK_TEXT_HAS(talked->text, "took longer than 0.05 s");
	CHECK_TEXT_HAS(talked->text, option);
	/* A limit for the whole may have begun to run before this phase. */
	CHECK(talked->facts.seconds[phase] > 0);
	CHECK(talked->facts.total >= SHORT * 0.9);
	CHECK(talked->facts.total < LONG / 2);
}

/* Both limits that can end it, one after the other. */
static void stall_after(const char *text, const char *method, enum async_call_phase phase,
			const char *what)
{
	const char *const answers[] = { text, NULL };
	bool head = phase == ASYNC_CALL_HEAD;
	async_call slow_one = { .head_seconds = head ? SHORT : 0, .read_seconds = SHORT };
	async_call slow_all = { .total_seconds = SHORT };
	struct talker talker = { .answers = answers, .stalls = true };
	struct talked talked = talk_once(&talker, NULL, method, &slow_one);

	check_late(&talked, phase, what, head ? "`head_seconds`" : "`read_seconds`");
	talker = (struct talker){ .answers = answers, .stalls = true };
	talked = talk_once(&talker, NULL, method, &slow_all);
	check_late(&talked, phase, what, "`total_seconds`");
}

TEST_TASK_WITH(answers_that_stall, "H25 H26", .deadline = 30)
{
	static const char *const heads[] = { "",
					     "HTTP",
					     OK,
					     OK "Content-Length: 2\r\n",
					     "HTTP/1.1 100 Continue\r\n\r\n",
					     "HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 2" };
	static const char *const bodies[] = {
		OK "Content-Length: 2\r\n\r\n",
		OK "Content-Length: 2\r\n\r\nh",
		OK "\r\n",
		OK "\r\nhalf",
		OK "Transfer-Encoding: chunked\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\n\r\n5",
		OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhalf",
		OK "Transfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n",
	};

	for (size_t i = 0; i < array_length(heads); i++)
		stall_after(heads[i], "GET", ASYNC_CALL_HEAD, "waiting for the answer");
	for (size_t i = 0; i < array_length(bodies); i++)
		stall_after(bodies[i], "GET", ASYNC_CALL_BODY, "waiting for the body");
}

/* A byte now and then satisfies the limit between two of them, but not the one in all. */
TEST_TASK(an_answer_that_drips, "H25 H26")
{
	static const char *const answers[] = { OK "\r\n", NULL };
	async_call call = { .total_seconds = SHORT, .read_seconds = LONG };
	struct talker talker = { .answers = answers, .endless = "." };
	struct talked talked = talk_once(&talker, NULL, "GET", &call);

	check_late(&talked, ASYNC_CALL_BODY, "waiting for the body", "`total_seconds`");
}

/* ---- Before the request is out ---- */

static int await_no_name(const char *host, uint16_t port, async_addresses *addresses, void *arg)
{
	(void)host;
	(void)port;
	(void)addresses;
	(void)arg;
	return await_sleep(LONG);
}

TEST_TASK(a_resolver_that_stalls, "H25 H26 H32")
{
	async_session_options options = { .await_resolve = await_no_name,
					  .connect_seconds = SHORT };
	async_session *session = async_session_new(&options);
	struct talked talked = talk(session, "GET", "http://slow.test/", NULL);

	check_late(&talked, ASYNC_CALL_RESOLVE, "connecting", "`connect_seconds`");
	await_session_close(session);
}

/* Nobody accepts, and there is no room for more who wait to be: their kernel does not answer. */
TEST_TASK_WITH(a_connection_that_stalls, "H25 H26", .backends = REAL_BACKENDS)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	async_call call = { .connect_seconds = SHORT };
	async_session *session = async_session_new(NULL);
	socklen_t length = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), clients[3];
	struct talked talked;
	char url[64];

	CHECK_INT(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	CHECK_INT(listen(listener, 0), 0);
	CHECK_INT(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	for (size_t i = 0; i < array_length(clients); i++) {
		clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		CHECK(connect(clients[i], (struct sockaddr *)&address, length) <= 0);
	}
	snprintf(url, sizeof url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
	talked = talk(session, "GET", url, &call);
	check_late(&talked, ASYNC_CALL_CONNECT, "connecting", "`connect_seconds`");
	await_session_close(session);
	for (size_t i = 0; i < array_length(clients); i++)
		close(clients[i]);
	close(listener);
}

TEST_TASK(a_queue_that_stalls, "H25 H26 H28")
{
	static const char *const answers[] = { OK "Content-Length: 5\r\n\r\nhalf", NULL };
	async_session_options options = { .per_host = 1 };
	async_call call = { .total_seconds = SHORT };
	async_session *session = async_session_new(&options);
	struct talker talker = { .answers = answers, .stalls = true };
	async_response *open;
	struct talked talked;

	talker_begin(&talker);
	open = await_session_get(session, talker.url);
	CHECK_INT(async_response_status(open), 200);
	talked = talk(session, "GET", talker.url, &call);
	check_late(&talked, ASYNC_CALL_QUEUE, "waiting for a connection", "`total_seconds`");
	CHECK_TEXT_HAS(talked.text, "`per_host`");
	CHECK_INT(talked.facts.tries, 0);
	async_response_free(open);
	await_session_close(session);
	talker_end(&talker);
}

TEST_TASK_WITH(proxies_that_stall, "H25 H26 H36", .deadline = 30)
{
	static const char *const schemes[] = { "socks5://", "socks5h://me:secret@" };
	static const struct {
		const char *text;
		size_t size;
	} answers[] = { { "", 0 }, { "\5", 1 }, { "\5\0", 2 }, { "\5\0\5\0\0\1\177", 7 } };

	for (size_t i = 0; i < array_length(schemes) * array_length(answers); i++) {
		const char *const texts[] = { answers[i / 2].text, NULL };
		struct talker talker = { .answers = texts,
					 .sizes = &answers[i / 2].size,
					 .first_word = true,
					 .stalls = true };
		async_session_options options = { .connect_seconds = SHORT };
		async_session *session;
		struct talked talked;
		char proxy[100];

		talker_begin(&talker);
		snprintf(proxy, sizeof proxy, "%s%s", schemes[i % 2], talker.url + 7);
		options.proxy = proxy;
		session = async_session_new(&options);
		talked = talk(session, "GET", "http://127.0.0.1:9/", NULL);
		check_late(&talked, ASYNC_CALL_PROXY, "connecting", "`connect_seconds`");
		CHECK(!strstr(talked.text, "secret"));
		await_session_close(session);
		talker_end(&talker);
	}
}

/* ---- Uploads ---- */

TEST_TASK(an_upload_that_nobody_reads, "H25 H26 H43")
{
	static const char *const answers[] = { "", NULL };
	char *large = calloc(1, 64 << 20);
	async_call call = { .body = large, .size = 64 << 20, .total_seconds = SHORT };
	struct talker talker = { .answers = answers, .deaf = true, .stalls = true };
	struct talked talked = talk_once(&talker, NULL, "PUT", &call);

	check_late(&talked, ASYNC_CALL_SEND, "waiting for the answer", "`total_seconds`");
	CHECK(talked.facts.sent < call.size);
	CHECK(!talked.facts.upload_complete);
	free(large);
}

TEST_TASK(a_go_that_never_comes, "H13 H25 H26")
{
	static const char *const answers[] = { "", NULL };
	async_call call = { .body = "abc", .size = 3, .expect = true, .total_seconds = SHORT };
	struct talker talker = { .answers = answers, .deaf = true, .stalls = true };
	struct talked talked = talk_once(&talker, NULL, "PUT", &call);

	check_late(&talked, ASYNC_CALL_SEND, "waiting for the answer", "`total_seconds`");
	CHECK_INT(talked.facts.sent, 0);
}

/* Once the body is out, the limit between two pieces of an answer holds. */
TEST_TASK(an_upload_that_is_not_answered, "H25 H26 H43")
{
	static const char *const answers[] = { "", NULL };
	static char large[100000];
	async_call call = { .body = large, .size = sizeof large, .head_seconds = SHORT };
	struct talker talker = { .answers = answers, .stalls = true };
	struct talked talked;

	memset(large, '.', sizeof large);
	talked = talk_once(&talker, NULL, "PUT", &call);
	check_late(&talked, ASYNC_CALL_HEAD, "waiting for the answer", "`head_seconds`");
	CHECK_INT(talked.facts.sent, sizeof large);
}

/* ---- Redirects ---- */

/* What is said beside a redirect is worth a second. */
TEST_TASK(a_redirect_that_stalls, "H23 H25")
{
	static const char *const answers[] = {
		"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 5\r\n\r\nhalf",
		OK "Content-Length: 2\r\n\r\nok", NULL
	};
	struct talker talker = { .answers = answers };
	struct talked talked = talk_once(&talker, NULL, "GET", NULL);

	CHECK_INT(talked.status, 200);
	CHECK_STR(talked.text, "ok");
	CHECK_INT(talker.connections, 2);
	CHECK(talked.facts.total < LONG);
}
