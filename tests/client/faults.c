/* SPDX-License-Identifier: MIT */
/* The client when the system says no: memory, sockets, files, at every point where it asks. The
 * server is in the same process and its calls may be the ones that fail: what is checked is that a
 * request ends soon, with an answer or with an error that has a text, that nothing is left behind,
 * and that all is well afterwards. */
#include <errno.h>
#include <unistd.h>
#include "fault.h"
#include "server/serving.h"

static struct {
	async_http_server *http;
	char url[80];
	char file[40];
	int answered, failed;
} site;

static int there(async_request *request, void *arg)
{
	const char *body;
	ssize_t n = await_request_body(request, &body);

	(void)arg;
	if (n < 0)
		return (int)n;
	async_respond_add(request, "Set-Cookie", "one=1; Path=/");
	async_respond_add(request, "Set-Cookie", "two=2; Path=/; Max-Age=100");
	return async_redirect(request, 307, "/here");
}

static int here(async_request *request, void *arg)
{
	const char *cookies = async_request_header(request, "Cookie"), *body;
	ssize_t n = await_request_body(request, &body);

	(void)arg;
	return n < 0 ? (int)n :
		       await_respond_printf(request, "%zd %s %20000s", n, cookies ? cookies : "",
					    "");
}

static void begin(void)
{
	static const char bytes[70000];
	async_app *app = async_app_new(NULL);
	int fd;

	async_route(app, "*", "/", there, NULL);
	async_route(app, "*", "/here", here, NULL);
	site.http = serve_app(app, NULL);
	snprintf(site.url, sizeof site.url, "http://me:secret@localhost:%s/",
		 strrchr(async_http_address(site.http, 0), ':') + 1);
	strcpy(site.file, "/tmp/client-faults-XXXXXX");
	fd = mkstemp(site.file);
	CHECK_INT(write(fd, bytes, sizeof bytes), sizeof bytes);
	close(fd);
	site.answered = site.failed = 0;
}

static void end(void)
{
	unlink(site.file);
	CHECK_INT(await_http_close(site.http), 0);
}

static int resolve(const char *host, uint16_t port, async_addresses *addresses, void *arg)
{
	struct sockaddr_storage address;
	socklen_t length;
	char text[40];

	(void)host;
	(void)arg;
	snprintf(text, sizeof text, "127.0.0.1:%d", port);
	async_address_parse(text, &address, &length);
	return async_addresses_add(addresses, (struct sockaddr *)&address, length);
}

/* A session's life: a file goes up, is led on and goes again with cookies; and a form. Returns the
 * body, or why there is none. */
static const char *work(char text[400], double seconds)
{
	async_session_options options = { .await_resolve = resolve, .total_seconds = seconds };
	async_session *session = async_session_new(&options);
	async_form_data *form = async_form_data_new();
	async_call calls[2] = { { .file = site.file }, { .form = form } };

	snprintf(text, 400, "%s", session && form ? "" : async_error());
	if (form && async_form_data_add(form, "name", "value"))
		calls[1].form = NULL;
	for (int i = 0; session && form && i < 2; i++) {
		async_response *answer;
		const char *body;

		FORGET_ERROR();
		answer = await_http_request(session, "POST", site.url, &calls[i]);
		body = await_response_text(answer);

		snprintf(text, 400, "%s", body ? body : async_error());
		site.answered += body != NULL;
		site.failed += !body;
		CHECK(body || async_error_code() < 0);
		CHECK(*text);
		async_response_free(answer);
	}
	CHECK_INT(await_session_close(session), 0);
	async_form_data_free(form);
	return text;
}

static void check_well(void)
{
	char text[400];

	CHECK_TEXT_HAS(work(text, 20), "10 one=1; two=2 ");
}

static void fail_each(const char *call, int error, int most)
{
	char text[400];
	int uses;

	begin();
	check_well();
	fault_clear();
	check_well();
	uses = fault_count(call);
	for (int nth = 1; nth <= uses + 2 && nth <= most; nth++) {
		if (!fault_inject(call, nth, error))
			SKIP("this build cannot inject into that call");
		/* An error that only we were told of leaves both sides waiting: a limit ends it. */
		work(text, 0.3);
		fault_clear();
	}
	printf("%s: used %d times, %d answers, %d failures\n", call, uses, site.answered,
	       site.failed);
	check_well();
	end();
}

TEST_TASK_WITH(no_memory, "H45 X20", .deadline = 90)
{
	fail_each("malloc", ENOMEM, 300);
}

TEST_TASK_WITH(no_memory_that_is_cleared, "H45 X20", .deadline = 60)
{
	fail_each("calloc", ENOMEM, 100);
}

TEST_TASK_WITH(no_memory_to_grow, "H45 X20", .deadline = 60)
{
	fail_each("realloc", ENOMEM, 100);
}

TEST_TASK_WITH(no_memory_for_copies, "H45 X20", .deadline = 60)
{
	fail_each("strndup", ENOMEM, 50);
}

TEST_TASK_WITH(no_sockets, "H45", .backends = REAL_BACKENDS, .deadline = 60)
{
	fail_each("socket", EMFILE, 20);
}

TEST_TASK_WITH(no_way_there, "H45", .backends = BACKEND_EPOLL, .deadline = 60)
{
	fail_each("connect", ENETUNREACH, 20);
}

TEST_TASK_WITH(connections_that_break_in_sending, "H45 H27", .backends = BACKEND_EPOLL,
	       .deadline = 60)
{
	fail_each("send", ECONNRESET, 40);
	fail_each("sendmsg", EPIPE, 40);
}

TEST_TASK_WITH(connections_that_break_in_receiving, "H45 H27", .backends = BACKEND_EPOLL,
	       .deadline = 60)
{
	fail_each("recv", ECONNRESET, 60);
}

/* The file does not open, or not to its end; text and number are those of the file. */
TEST_TASK_WITH(files_that_fail, "H45 H10", .deadline = 60)
{
	static const struct {
		const char *call;
		int error;
	} cases[] = { { "openat2", EACCES }, { "openat", EACCES }, { "pread", EIO } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		async_call call = { .total_seconds = 20 };
		async_session_options options = { .await_resolve = resolve };
		async_session *session = async_session_new(&options);
		async_response *answer;

		begin();
		call.file = site.file;
		if (!fault_inject_from(cases[i].call, 1, cases[i].error))
			SKIP("this build cannot inject into that call");
		answer = await_http_request(session, "PUT", site.url, &call);
		if (!answer) {
			CHECK_INT(async_error_code(), -cases[i].error);
			CHECK(*async_error());
		} else {
			CHECK_INT(fault_count(cases[i].call), 0);
		}
		fault_clear();
		async_response_free(answer);
		CHECK_INT(await_session_close(session), 0);
		check_well();
		end();
	}
}
