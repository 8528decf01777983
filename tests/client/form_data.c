/* SPDX-License-Identifier: MIT */
/* Forms, sent to a server that reads them. */
#include <errno.h>
#include "fault.h"
#include "server/serving.h"

/* Each field as "name=value", each file as "name@filename(type)=size". */
static int list(async_request *request, void *arg)
{
	async_form *form = await_request_form(request);
	const async_field *field;
	char text[1000];
	size_t used = 0;

	(void)arg;
	if (!form)
		return async_error_code();
	used += (size_t)snprintf(text, sizeof text, "%s:", async_request_content_type(request));
	for (size_t i = 0; (field = async_form_at(form, i)); i++) {
		if (field->filename)
			used += (size_t)snprintf(text + used, sizeof text - used, " %s@%s(%s)=%zu",
						 field->name, field->filename,
						 field->type ? field->type : "-", field->size);
		else
			used += (size_t)snprintf(text + used, sizeof text - used, " %s=%s",
						 field->name, field->value);
	}
	return await_respond_text(request, text);
}

static int moved(async_request *request, void *arg)
{
	(void)arg;
	return async_redirect(request, 308, "/list");
}

static struct {
	async_http_server *http;
	async_session *session;
	char base[64];
} site;

static void begin(void)
{
	async_session_options options = { .base_url = site.base };
	async_app *app = async_app_new(NULL);

	async_route(app, "POST", "/list", list, NULL);
	async_route(app, "POST", "/moved", moved, NULL);
	site.http = serve_app(app, NULL);
	snprintf(site.base, sizeof site.base, "http://%s/", async_http_address(site.http, 0));
	site.session = async_session_new(&options);
}

static void end(void)
{
	CHECK_INT(await_session_close(site.session), 0);
	await_http_close(site.http);
}

static const char *post(const char *target, async_form_data *form)
{
	async_call call = { .form = form };

	return take_answer(await_http_request(site.session, "POST", target, &call));
}

TEST_TASK(fields_are_urlencoded, "H09")
{
	async_form_data *form = async_form_data_new();

	begin();
	CHECK_STR(post("list", form), "application/x-www-form-urlencoded:");
	async_form_data_add(form, "a", "1 & 2");
	async_form_data_add(form, "b", "");
	async_form_data_add(form, "a", "\xc3\xa9=");
	CHECK_STR(post("list", form), "application/x-www-form-urlencoded: a=1 & 2 b= a=\xc3\xa9=");
	CHECK_STR(post("moved", form), "application/x-www-form-urlencoded: a=1 & 2 b= a=\xc3\xa9=");
	async_form_data_multipart(form);
	CHECK_STR(post("list", form), "multipart/form-data: a=1 & 2 b= a=\xc3\xa9=");
	async_form_data_free(form);
	end();
}

static ssize_t next_thrice(void *arg, const char **data)
{
	int *left = arg;

	*data = "0123456789";
	return *left ? (*left)--, 10 : 0;
}

static int rewind_thrice(void *arg)
{
	*(int *)arg = 3;
	return 0;
}

TEST_TASK(files_make_it_multipart, "H09 H11")
{
	char *directory = make_site();
	async_form_data *form = async_form_data_new();
	int left = 3;
	async_source source = { next_thrice, rewind_thrice, &left, false, 0 };
	async_form_part part = { .name = "raw", .filename = "raw \"x\".bin", .source = &source };
	static const char expected[] = "multipart/form-data: t=x photo@photo.png(image/png)=70000 "
				       "note@n.txt(text/plain)=5 raw@raw \"x\".bin"
				       "(application/octet-stream)=30";

	put_file(directory, "photo.png", "pixels", 70000);
	begin();
	async_form_data_add(form, "t", "x");
	CHECK_INT(async_form_data_add_file(form, "photo", site_path(directory, "photo.png")), 0);
	CHECK_INT(async_form_data_add_part(form, &(async_form_part){ .name = "note",
								     .filename = "n.txt",
								     .type = "text/plain",
								     .data = "hello",
								     .size = 5 }),
		  0);
	CHECK_INT(async_form_data_add_part(form, &part), 0);
	CHECK_STR(post("list", form), expected);
	left = 3;
	CHECK_STR(post("moved", form), expected); /* read twice */
	async_form_data_free(form);
	end();
	remove_site(directory);
}

static int tell_length(async_request *request, void *arg)
{
	const char *length = async_request_header(request, "Content-Length");
	const char *body;
	ssize_t n = await_request_body(request, &body);

	(void)arg;
	return await_respond_printf(request, "%s %zd", length ? length : "none", n);
}

TEST_TASK(the_size_is_known_beforehand, "H11")
{
	async_app *app = async_app_new(NULL);
	async_session *session = async_session_new(NULL);
	async_form_data *form = async_form_data_new();
	async_call call = { .form = form };
	unsigned long said, came;
	async_http_server *http;
	async_response *answer;
	char url[64];

	async_route(app, "POST", "/", tell_length, NULL);
	http = serve_app(app, NULL);
	snprintf(url, sizeof url, "http://%s/", async_http_address(http, 0));
	async_form_data_add(form, "a", "some text");
	async_form_data_add_part(form, &(async_form_part){ .name = "f", .filename = "f" });
	answer = await_http_request(session, "POST", url, &call);
	CHECK_INT(sscanf(await_response_text(answer), "%lu %lu", &said, &came), 2);
	CHECK_INT(said, came);
	CHECK(said > 200);
	async_response_free(answer);
	async_form_data_free(form);
	await_session_close(session);
	await_http_close(http);
}

TEST_TASK(what_a_form_refuses, "H09 H11")
{
	async_form_data *form = async_form_data_new();
	int left = 3;
	async_source source = { .await_next = next_thrice, .arg = &left };

	CHECK_INT(async_form_data_add(form, "a\r\nB: c", "x"), -EINVAL);
	CHECK_INT(async_form_data_add(form, NULL, "x"), -EINVAL);
	CHECK_INT(async_form_data_add(NULL, "a", "x"), -EINVAL);
	CHECK_INT(async_form_data_add_file(form, "a", NULL), -EINVAL);
	CHECK_INT(async_form_data_add_part(form, &(async_form_part){ .name = "a", .size = 9 }),
		  -EINVAL);
	CHECK_INT(async_form_data_add_part(
			  form, &(async_form_part){ .name = "a", .data = "x", .source = &source }),
		  -EINVAL);
	CHECK_TEXT_HAS(async_error(), "one of data, file and source");
	begin();
	CHECK_INT(async_form_data_add_file(form, "a", "/nowhere/file"), 0);
	CHECK_TEXT_HAS(post("list", form), "/nowhere/file");
	async_form_data_free(form);
	form = async_form_data_new();
	async_form_data_add_file(form, "a", "/dev/null");
	CHECK_TEXT_HAS(post("list", form), "no regular file");
	async_form_data_free(form);
	/* A source that can be read once only cannot follow a redirect. */
	form = async_form_data_new();
	async_form_data_add_part(form, &(async_form_part){ .name = "a", .source = &source });
	CHECK_TEXT_HAS(post("moved", form), "once only");
	async_form_data_free(form);
	async_form_data_free(NULL);
	end();
}

TEST_TASK(no_memory_for_a_form, "X20")
{
	for (int nth = 1; nth < 6; nth++) {
		async_form_data *form;

		fault_inject("malloc", nth, ENOMEM);
		form = async_form_data_new();
		if (form && async_form_data_add(form, "name", "value"))
			CHECK_INT(async_error_code(), -ENOMEM);
		fault_clear();
		async_form_data_free(form);
	}
}
