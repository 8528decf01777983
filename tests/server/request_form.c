/* SPDX-License-Identifier: MIT */
/* Forms of both kinds: fields, files in memory and on the disk, limits, and every way to fail. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <await/http_test.h>
#include "fault.h"
#include "serving.h"

#define URLENCODED "Content-Type: application/x-www-form-urlencoded\r\n"
#define TYPE	   "Content-Type: multipart/form-data; boundary=b\r\n"
#define PART	   "--b\r\nContent-Disposition: form-data; name="

/* A directory that must be empty at the end. */
static char directory[100];

static void make_directory(void)
{
	snprintf(directory, sizeof directory, "/tmp/await-form-XXXXXX");
	CHECK(mkdtemp(directory));
}

static int entries(void)
{
	DIR *dir = opendir(directory);
	int count = -2;

	CHECK(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void remove_directory(void)
{
	CHECK_INT(entries(), 0);
	CHECK_INT(rmdir(directory), 0);
}

static char told[5000];
static async_form_options options;

static int tell(async_request *request, void *arg)
{
	async_form *form = await_request_form_with(request, &options);
	const async_field *field;
	char room[100];

	(void)arg;
	told[0] = '\0';
	if (!form)
		return async_error_code();
	CHECK(await_request_form(request) == form);
	for (size_t i = 0; (field = async_form_at(form, i)); i++) {
		ssize_t n = await_form_read(field, room, sizeof room, 0);

		CHECK_INT(n, (long)(field->size < sizeof room ? field->size : sizeof room));
		CHECK((field->fd < 0) == (field->value != NULL));
		if (field->value)
			CHECK_INT(field->value[field->size], 0);
		snprintf(told + strlen(told), sizeof told - strlen(told), "%s,%s,%s=%.*s%s;",
			 field->name, field->filename ? field->filename : "-",
			 field->type ? field->type : "-", (int)(n < 10 ? n : 10), room,
			 field->fd < 0 ? "" : "(file)");
	}
	return await_respond_text(request, told);
}

static int status_of(const char *fields, const char *body, size_t size)
{
	async_request *request = async_fake_request("POST", "/", fields, body, size);
	int status;

	CHECK(request);
	status = await_fake_call(request, tell, NULL);
	if (status != 200)
		snprintf(told, sizeof told, "%s", async_fake_body(request, NULL));
	async_fake_free(request);
	return status;
}

TEST_TASK(fields_of_both_kinds, "W23")
{
	static const char body[] = PART "a\r\n\r\n1\r\n" PART
					"\"b c\"; filename=\"../../x.png\"\r\nContent-Type: "
					"image/png\r\n\r\n\x89PNG\r\n" PART "a\r\n\r\n2\r\n" PART
					"none; filename=\"\"\r\nContent-Type: "
					"application/octet-stream\r\n\r\n\r\n--b--\r\n";

	options = (async_form_options){ 0 };
	CHECK_INT(status_of(URLENCODED, "a=1&b+c=%26&a=2&d", 17), 200);
	CHECK_STR(told, "a,-,-=1;b c,-,-=&;a,-,-=2;d,-,-=;");
	CHECK_INT(status_of(TYPE, body, sizeof body - 1), 200);
	CHECK_STR(told, "a,-,-=1;b c,x.png,image/png=\x89PNG;a,-,-=2;"
			"none,,application/octet-stream=;");
	CHECK_INT(status_of(NULL, NULL, 0), 200);
	CHECK_STR(told, "");
	CHECK_INT(status_of(URLENCODED, NULL, 0), 200);
	CHECK_INT(status_of(URLENCODED, "&&&", 3), 200);
	CHECK_STR(told, "");
}

static int by_name(async_request *request, void *arg)
{
	async_form *form = await_request_form(request);
	const async_field *file;

	(void)arg;
	CHECK(form);
	CHECK_STR(async_form_value(form, "a"), "1");
	CHECK_STR(async_form_nth(form, "a", 0), "1");
	CHECK_STR(async_form_nth(form, "a", 1), "2");
	CHECK(!async_form_nth(form, "a", 2));
	CHECK(!async_form_value(form, "f"));
	CHECK(!async_form_value(form, "A"));
	/* The first is where nothing was chosen. */
	file = async_form_file(form, "f");
	CHECK_STR(file->filename, "y");
	CHECK_STR(async_form_file_nth(form, "f", 1)->value, "3");
	CHECK(!async_form_file_nth(form, "f", 2));
	CHECK(!async_form_file(form, "a"));
	CHECK(!async_form_at(form, 5));
	CHECK_INT(await_form_read(file, NULL, 0, -1), -EINVAL);
	CHECK_INT(await_form_read(NULL, NULL, 0, 0), -EINVAL);
	CHECK_INT(await_form_save(NULL, "x"), -EINVAL);
	CHECK(!async_form_value(NULL, "a"));
	return await_respond_text(request, "");
}

TEST_TASK(values_by_name, "W23")
{
	static const char body[] = PART "a\r\n\r\n1\r\n" PART "f; filename=\"\"\r\n\r\n\r\n" PART
					"f; filename=y\r\n\r\n2\r\n" PART
					"f; filename=\"\"\r\n\r\n3\r\n" PART "a\r\n\r\n2\r\n--b--";
	async_request *request = async_fake_request("POST", "/", TYPE, body, sizeof body - 1);

	CHECK_INT(await_fake_call(request, by_name, NULL), 200);
	async_fake_free(request);
	CHECK(!await_request_form(NULL));
}

TEST_TASK_WITH(encodings_in_forms, "W23 W24", .may_leak = 1)
{
	static const char body[] = PART
		"a\r\nContent-Transfer-Encoding: base64\r\n\r\nZm9v\r\n" PART
		"b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
		"\r\n\xfc\r\n--b--";
	static const char odd[] = PART
		"a\r\nContent-Type: text/plain; charset=klingon\r\n\r\nx\r\n--b--";

	if (!has_charsets())
		SKIP("no converters of charsets here");
	options = (async_form_options){ 0 };
	CHECK_INT(status_of(TYPE, body, sizeof body - 1), 200);
	CHECK_STR(told, "a,-,-=foo;b,-,-=\xc3\xbc;");
	CHECK_INT(status_of(TYPE, odd, sizeof odd - 1), 415);
}

TEST_TASK(bodies_that_are_no_forms, "W23 W22")
{
	static const char nameless[] = "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--";
	static const char deep[] = PART
		"a\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c--\r\n--b--";
	static const char whole[] = PART "a\r\n\r\n1\r\n" PART "b\r\n\r\n2\r\n--b--";

	options = (async_form_options){ .fields = 2 };
	CHECK_INT(status_of("Content-Type: text/plain\r\n", "a=b", 3), 415);
	CHECK_INT(status_of(NULL, "a=b", 3), 415);
	CHECK_INT(status_of("Content-Type: multipart/form-data\r\n", "x", 1), 415);
	CHECK_INT(status_of(TYPE, NULL, 0), 400);
	CHECK_INT(status_of(TYPE, nameless, sizeof nameless - 1), 400);
	CHECK_TEXT_HAS(told, "a part that has no name");
	CHECK_INT(status_of(TYPE, deep, sizeof deep - 1), 400);
	CHECK_INT(status_of(TYPE, whole, sizeof whole - 1), 200);
	for (size_t size = 0; size < sizeof whole - 1; size++)
		CHECK_INT(status_of(TYPE, whole, size), 400);
	CHECK_INT(status_of(URLENCODED, "a&b&c", 5), 413);
	options.fields = 1;
	CHECK_INT(status_of(TYPE, whole, sizeof whole - 1), 413);
	CHECK_TEXT_HAS(told, "more than 1 fields (form option `fields`)");
}

/* A file of `size` bytes in a form; how long the whole is. */
static size_t make_upload(char *body, size_t size)
{
	static const char head[] = PART "f; filename=x\r\n\r\n";
	size_t at = sizeof head - 1;

	memcpy(body, head, at);
	for (size_t i = 0; i < size; i++)
		body[at + i] = (char)('a' + i % 26);
	memcpy(body + at + size, "\r\n--b--", 7);
	return at + size + 7;
}

static int save(async_request *request, void *arg)
{
	async_form *form = await_request_form_with(request, &options);
	const async_field *file = async_form_file(form, "f");
	char path[200], *kept = NULL, *room;
	struct stat status;
	ssize_t n;
	int error;

	(void)arg;
	if (!form)
		return async_error_code();
	CHECK(file);
	snprintf(path, sizeof path, "%s/kept", directory);
	CHECK_INT(entries(), 0);
	error = await_form_save(file, path);
	if (error) {
		CHECK_INT(entries(), 0);
		return error;
	}
	CHECK_INT(entries(), 1);
	if (file->fd >= 0) {
		CHECK_INT(fstat(file->fd, &status), 0);
		CHECK_INT(status.st_nlink, 0);
		CHECK_INT(status.st_size, (long)file->size);
	}
	n = await_read_file(path, &kept, 0);
	CHECK_INT(n, (long)file->size);
	room = malloc(file->size + 1);
	CHECK(room);
	for (size_t at = 0; at < file->size; at += (size_t)n) {
		n = await_form_read(file, room + at, file->size - at, (off_t)at);
		CHECK(n > 0);
	}
	CHECK_INT(await_form_read(file, room, 1, (off_t)file->size), 0);
	CHECK(!memcmp(kept, room, file->size));
	for (size_t i = 0; i < file->size; i++)
		CHECK(kept[i] == (char)('a' + i % 26));
	free(kept);
	free(room);
	CHECK_INT(unlink(path), 0);
	return await_respond_printf(request, "%zu %s", file->size,
				    file->fd < 0 ? "memory" : "file");
}

TEST_TASK(files_of_every_size, "W23 W22")
{
	static const size_t sizes[] = { 0, 1, 999, 1000, 1001, 131072, 132072, 132073, 700000 };
	char *body = malloc(1 << 20), text[100];

	CHECK(body);
	make_directory();
	options = (async_form_options){ .memory_bytes = 1000, .directory = directory };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t size = make_upload(body, sizes[i]);
		async_request *request = async_fake_request("POST", "/", TYPE, body, size);

		CHECK_INT(await_fake_call(request, save, NULL), 200);
		snprintf(text, sizeof text, "%zu %s", sizes[i],
			 sizes[i] > 1000 ? "file" : "memory");
		CHECK_STR(async_fake_body(request, NULL), text);
		async_fake_free(request);
	}
	free(body);
	remove_directory();
}

TEST_TASK(the_disk_is_full, "W23 X19")
{
	char *body = malloc(400000);
	size_t size;
	int writes = 0, status;

	CHECK(body);
	size = make_upload(body, 300000);
	make_directory();
	options = (async_form_options){ .memory_bytes = 1000, .directory = directory };
	signal(SIGXFSZ, SIG_IGN);
	/* Of the file itself; then of what is made of it. The ring writes without a call. */
	for (rlim_t most = 0; most <= 300000; most += 100000) {
		struct rlimit limit = { most, RLIM_INFINITY }, before;
		async_request *request = async_fake_request("POST", "/", TYPE, body, size);

		CHECK_INT(getrlimit(RLIMIT_FSIZE, &before), 0);
		CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
		status = await_fake_call(request, save, NULL);
		CHECK_INT(setrlimit(RLIMIT_FSIZE, &before), 0);
		CHECK_INT(status, most < 300000 ? 500 : 200);
		async_fake_free(request);
		CHECK_INT(entries(), 0);
	}
	for (int nth = 1; strcmp(test_backend(), "uring") && nth < 100; nth++) {
		async_request *request = async_fake_request("POST", "/", TYPE, body, size);

		fault_clear();
		fault_inject_from("pwrite", nth, ENOSPC);
		status = await_fake_call(request, save, NULL);
		writes = fault_count("pwrite");
		fault_clear();
		async_fake_free(request);
		CHECK_INT(entries(), 0);
		if (status == 200)
			break;
		CHECK_INT(status, 500);
		CHECK_INT(writes, nth);
	}
	free(body);
	remove_directory();
}

/* The environment is on the heap, too. */
TEST_TASK_WITH(no_place_for_files, "W23", .may_leak = 1)
{
	char *body = malloc(5000), missing[200];
	size_t size;

	CHECK(body);
	size = make_upload(body, 3000);
	make_directory();
	snprintf(missing, sizeof missing, "%s/missing", directory);
	options = (async_form_options){ .memory_bytes = 1000, .directory = missing };
	CHECK_INT(status_of(TYPE, body, size), 500);
	options.directory = NULL;
	setenv("TMPDIR", missing, 1);
	CHECK_INT(status_of(TYPE, body, size), 500);
	setenv("TMPDIR", directory, 1);
	CHECK_INT(status_of(TYPE, body, size), 200);
	CHECK_TEXT_HAS(told, "(file)");
	unsetenv("TMPDIR");
	CHECK_INT(status_of(TYPE, body, size), 200);
	free(body);
	remove_directory();
}

/* Where a file without a name cannot be made, one with a name is, and the name taken away. The ring
 * opens files without a call. */
TEST_TASK_WITH(a_file_system_without_nameless_files, "W23", .backends = BACKEND_EPOLL | BACKEND_SIM)
{
	char *body = malloc(5000);
	size_t size;

	CHECK(body);
	size = make_upload(body, 3000);
	make_directory();
	options = (async_form_options){ .memory_bytes = 1000, .directory = directory };
	fault_inject("openat", 1, EOPNOTSUPP);
	CHECK_INT(status_of(TYPE, body, size), 200);
	CHECK_TEXT_HAS(told, "(file)");
	fault_inject_from("openat", 1, EISDIR);
	CHECK_INT(status_of(TYPE, body, size), 500);
	fault_clear();
	fault_inject_from("openat", 1, EMFILE);
	CHECK_INT(status_of(TYPE, body, size), 500);
	fault_clear();
	free(body);
	remove_directory();
}

static int limited(async_request *request, void *arg)
{
	async_form *form = await_request_form(request);

	(void)arg;
	return form ? await_respond_text(request, "fits") : async_error_code();
}

/* The limit is for all that came, and for all that it stands for. */
TEST_TASK(all_fields_together_have_a_limit, "W22 W23 M16")
{
	static const char two[] = PART "a\r\n\r\n12345678901234567890123456789012345678901234567890"
				       "\r\n" PART "b\r\n\r\n1234567890\r\n--b--";
	async_app *app = async_app_new(NULL);
	async_http_server *server;
	char text[1000];

	async_route_with(app, &(async_route_options){ .body_bytes = sizeof two - 1 }, "POST", "/",
			 limited, NULL);
	async_route_with(app, &(async_route_options){ .body_bytes = sizeof two - 2 }, "POST",
			 "/less", limited, NULL);
	server = serve_app(app, NULL);
	for (int chunked = 0; chunked < 2; chunked++) {
		for (int less = 0; less < 2; less++) {
			int n = snprintf(
				text, sizeof text,
				"POST %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" TYPE,
				less ? "/less" : "/");

			if (chunked)
				snprintf(text + n, sizeof text - (size_t)n,
					 "Transfer-Encoding: chunked\r\n\r\n%zx\r\n%s\r\n0\r\n\r\n",
					 sizeof two - 1, two);
			else
				snprintf(text + n, sizeof text - (size_t)n,
					 "Content-Length: %zu\r\n\r\n%s", sizeof two - 1, two);
			CHECK_TEXT_HAS(ask(server, text), less ? " 413 " : "fits");
		}
	}
	CHECK_INT(await_http_close(server), 0);
}

/* What comes behind the last boundary counts as well. */
TEST_TASK(an_endless_epilogue_meets_the_limit, "W22 W24")
{
	async_app *app = async_app_new(NULL);
	async_http_server *server;
	async_stream *stream;
	const char *line;
	int error = 0;

	async_route_with(app, &(async_route_options){ .body_bytes = 10000 }, "POST", "/", limited,
			 NULL);
	server = serve_app(app, &(async_http_options){ .linger_seconds = 0.1 });
	stream = connect_http(server);
	send_text(stream, "POST / HTTP/1.1\r\nHost: a\r\n" TYPE
			  "Transfer-Encoding: chunked\r\n\r\n5\r\n--b--\r\n");
	for (int i = 0; i < 100 && error >= 0; i++) {
		char block[1010];

		memset(block, 'x', sizeof block);
		memcpy(block, "3ea\r\n", 5);
		memcpy(block + 1007, "\r\n", 2);
		error = (int)await_stream_write(stream, block, 1009);
	}
	CHECK_INT(await_stream_readline(stream, &line) > 0, 1);
	CHECK_TEXT_HAS(line, " 413 ");
	await_stream_close(stream);
	CHECK_INT(await_http_close(server), 0);
}

/* A client that leaves, or a limit of time, at every byte of the body. */
static int in_time(async_request *request, void *arg)
{
	async_form *form = NULL;
	int error = 0;

	(void)arg;
	async_timeout (0.005) {
		form = await_request_form_with(request, &options);
		if (!form)
			error = async_error_code();
	}
	if (!form && error == -ETIMEDOUT) {
		/* It cannot be begun again. */
		CHECK(!await_request_form(request));
		CHECK_INT(async_error_code(), -ETIMEDOUT);
	}
	return form ? await_respond_text(request, "read") : error;
}

TEST_TASK_WITH(a_form_that_does_not_come, "W23 W36 X18", .deadline = 30)
{
	char body[400], head[200];
	async_app *app = async_app_new(NULL);
	async_http_server *server;
	size_t size = make_upload(body, 100);

	make_directory();
	options = (async_form_options){ .memory_bytes = 10, .directory = directory };
	async_route(app, "POST", "/", in_time, NULL);
	server = serve_app(app, NULL);
	snprintf(head, sizeof head,
		 "POST / HTTP/1.1\r\nHost: a\r\n" TYPE "Content-Length: %zu\r\n\r\n", size);
	for (size_t some = 0; some < size; some += 7) {
		async_stream *stream = connect_http(server);

		send_text(stream, head);
		CHECK_INT(await_stream_write(stream, body, some), (long)some);
		if (some % 2)
			await_sleep(0.01);
		await_stream_close(stream);
		CHECK_INT(entries(), 0);
	}
	CHECK_INT(await_http_close(server), 0);
	remove_directory();
}

TEST_TASK_WITH(forms_without_memory, "W23 X19", .backends = ONCE, .expect_stderr = "no memory")
{
	static const char *const calls[] = { "malloc", "calloc", "realloc" };
	char *body = malloc(5000);
	size_t size;

	CHECK(body);
	size = make_upload(body, 3000);
	make_directory();
	options = (async_form_options){ .memory_bytes = 1000, .directory = directory };
	CHECK_INT(status_of(TYPE, body, size), 200);
	for (int i = 0; i < 6; i++) {
		for (int nth = 1, status = 0; status != 200; nth++) {
			async_request *request =
				i < 3 ? async_fake_request("POST", "/", TYPE, body, size) :
					async_fake_request("POST", "/", URLENCODED, "a=1&b=2", 7);

			CHECK(request);
			fault_inject(calls[i % 3], nth, ENOMEM);
			status = await_fake_call(request, tell, NULL);
			fault_clear();
			CHECK(status == 200 || status == 500 || status == -ENOMEM);
			async_fake_free(request);
			CHECK_INT(entries(), 0);
		}
	}
	free(body);
	remove_directory();
}
