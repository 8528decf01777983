/* SPDX-License-Identifier: MIT */
/* The page that lists a directory. */
#define _GNU_SOURCE
#include <errno.h>
#include <await/http_test.h>
#include "fault.h"
#include "serving.h"

static async_http_server *serve_site(const char *site, const async_static_options *options)
{
	async_app *app = async_app_new(NULL);

	CHECK_INT(async_static(app, "/s", site, options), 0);
	return serve_app(app, NULL);
}

TEST_TASK(a_list_is_sorted_and_escaped, "W39")
{
	char *site = make_site();
	async_http_server *server;
	const char *answer;

	put_text(site, "b.txt", "12345");
	put_text(site, "<script>alert('x')&\".js", "");
	put_text(site, "javascript:x", "");
	put_text(site, "50% a?b#c", "");
	put_text(site, ".hidden", "");
	CHECK_INT(mkdir(site_path(site, "zoo"), 0755), 0);
	CHECK_INT(mkfifo(site_path(site, "fifo"), 0644), 0);
	CHECK_INT(symlink("/etc/passwd", site_path(site, "link")), 0);
	server = serve_site(site, &(async_static_options){ .list = true });
	answer = get(server, "/s/");
	CHECK_TEXT_HAS(answer, "200 OK\r\n");
	CHECK_TEXT_HAS(answer, "Content-Type: text/html; charset=utf-8\r\n");
	CHECK_TEXT_HAS(answer, "<h1>Index of /s/</h1>");
	CHECK_TEXT_HAS(answer, "<tr><td><a href=\"./zoo/\">zoo/</a><td>");
	CHECK_TEXT_HAS(strstr(answer, "zoo"), "<a href=\"./50%25%20a%3Fb%23c\">50% a?b#c</a>");
	CHECK_TEXT_HAS(strstr(answer, "50%"), "&lt;script&gt;alert(&#39;x&#39;)&amp;&quot;.js</a>");
	CHECK_TEXT_HAS(strstr(answer, "script"), "<a href=\"./b.txt\">b.txt</a>"
						 "<td>Sun, 06 Nov 1994 08:49:37 GMT<td>5\n");
	CHECK_TEXT_HAS(strstr(answer, "b.txt"), "<a href=\"./javascript%3Ax\">javascript:x</a>");
	CHECK_TEXT_HAS(strstr(answer, "javascript"), "<a href=\"./link\">link</a><td>\n");
	CHECK(!strstr(answer, "<script"));
	CHECK(!strstr(answer, "hidden") && !strstr(answer, "fifo") && !strstr(answer, "../"));
	CHECK_TEXT_HAS(get(server, "/s/50%25%20a%3Fb%23c"), "200 OK");
	answer = get(server, "/s/zoo/");
	CHECK_TEXT_HAS(answer, "<a href=\"../\">../</a>");
	CHECK_TEXT_HAS(get(server, "/s/zoo"), "Location: /s/zoo/\r\n");
	answer = ask(server, "HEAD /s/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	CHECK_TEXT_HAS(answer, "Content-Type: text/html; charset=utf-8\r\n");
	CHECK_STR(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
	/* An index comes first. */
	put_text(site, "index.html", "index");
	CHECK_TEXT_HAS(get(server, "/s/"), "\r\n\r\nindex");
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

TEST_TASK(a_list_ends_where_the_option_says, "W39")
{
	char *site = make_site(), name[20];
	async_http_server *server;

	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "file-%03d", i);
		put_text(site, name, "");
	}
	server = serve_site(site, &(async_static_options){ .list = true, .list_entries = 200 });
	CHECK_TEXT_HAS(get(server, "/s/"), "file-199</a>");
	CHECK(!strstr(get(server, "/s/"), "There is more"));
	CHECK_INT(await_http_close(server), 0);
	server = serve_site(site, &(async_static_options){ .list = true, .list_entries = 199 });
	CHECK_TEXT_HAS(get(server, "/s/"), "<p>There is more: this list ends after 199 entries "
					   "(option `list_entries`).</p>");
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

TEST_TASK(hidden_names_and_links_where_they_may_be_seen, "W39")
{
	char *site = make_site();
	async_http_server *server;

	put_text(site, "to", "123");
	put_text(site, ".dot", "");
	CHECK_INT(symlink("to", site_path(site, "link")), 0);
	CHECK_INT(symlink("nowhere", site_path(site, "dangling")), 0);
	server = serve_site(site, &(async_static_options){
					  .list = true, .hidden = true, .follow_links = true });
	CHECK_TEXT_HAS(get(server, "/s/"), "<a href=\"./.dot\">.dot</a>");
	CHECK_TEXT_HAS(get(server, "/s/"), "link</a><td>Sun, 06 Nov 1994 08:49:37 GMT<td>3\n");
	CHECK(!strstr(get(server, "/s/"), "dangling"));
	CHECK(!strstr(get(server, "/s/"), "\"./.\"") && !strstr(get(server, "/s/"), "\"./..\""));
	CHECK_INT(await_http_close(server), 0);
	remove_site(site);
}

static int list_once(async_app *app)
{
	async_request *request = async_fake_request("GET", "/s/", NULL, NULL, 0);
	int status = await_fake_answer(request, app);

	CHECK_INT(!!strstr(async_fake_body(request, NULL), "file</a>"), status == 200);
	async_fake_free(request);
	return status;
}

TEST_TASK_WITH(a_list_without_memory_is_the_servers_trouble, "W39",
	       .expect_stderr = "the list of .: Cannot allocate memory")
{
	async_app *app = async_app_new(NULL);
	char *site = make_site();

	put_text(site, "file", "");
	CHECK_INT(async_static(app, "/s", site, &(async_static_options){ .list = true }), 0);
	CHECK_INT(list_once(app), 200);
	CHECK(fault_inject("strdup", 1, ENOMEM));
	CHECK_INT(list_once(app), 500);
	CHECK(fault_inject("realloc", 1, ENOMEM));
	CHECK_INT(list_once(app), 500);
	CHECK_INT(list_once(app), 200);
	async_app_free(app);
	remove_site(site);
}
