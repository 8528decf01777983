/* SPDX-License-Identifier: MIT */
/*
 * A JSON service: a list of things to do, kept in memory.
 *
 *	json='Content-Type: application/json'
 *	curl localhost:25000/todos -H "$json" -d '{"title": "buy milk"}'
 *	curl localhost:25000/todos
 *	curl -X PATCH localhost:25000/todos/1 -H "$json" -d '{"done": true}'
 *	curl -X DELETE localhost:25000/todos/1
 */
#include <await.h>
#include <jansson.h>
#include <stdio.h>

static json_t *todos; /* id -> {"id", "title", "done"}; one loop, so no lock */
static int last_id;

static int list(async_request *request, void *arg)
{
	json_t *all = json_array(), *todo;
	const char *id;

	(void)arg;
	json_object_foreach(todos, id, todo) json_array_append(all, todo);
	return await_respond_json(request, all);
}

static int add(async_request *request, void *arg)
{
	json_t *body = await_request_json(request), *todo;
	const char *title;
	char id[16];

	(void)arg;
	if (!body)
		return async_error_code(); /* answered 400, 413 or 415 */
	if (json_unpack(body, "{s:s}", "title", &title))
		return async_refuse(request, 422, "a todo has a \"title\", a text");
	snprintf(id, sizeof id, "%d", ++last_id);
	todo = json_pack("{s:i, s:s, s:b}", "id", last_id, "title", title, "done", 0);
	json_object_set_new(todos, id, todo);
	async_respond_status(request, 201);
	return await_respond_json(request, json_incref(todo));
}

static int show(async_request *request, void *arg)
{
	json_t *todo = json_object_get(todos, async_request_match(request, "id"));

	(void)arg;
	return todo ? await_respond_json(request, json_incref(todo)) : 404;
}

static int change(async_request *request, void *arg)
{
	json_t *todo = json_object_get(todos, async_request_match(request, "id"));
	json_t *body, *done;

	(void)arg;
	if (!todo)
		return 404;
	json_incref(todo); /* it may be deleted while the body arrives */
	body = await_request_json(request);
	done = json_object_get(body, "done");
	if (done)
		json_object_set(todo, "done", done);
	if (!body || !done) {
		json_decref(todo);
		return body ? async_refuse(request, 422, "only \"done\" can be changed") :
			      async_error_code();
	}
	return await_respond_json(request, todo);
}

static int drop(async_request *request, void *arg)
{
	(void)arg;
	return json_object_del(todos, async_request_match(request, "id")) ? 404 : 204;
}

int main(int argc, char **argv)
{
	async_app *app = async_app_new(NULL);
	int error;

	todos = json_object();
	async_route(app, "GET", "/todos", list, NULL);
	async_route(app, "POST", "/todos", add, NULL);
	async_route(app, "GET", "/todos/{id}", show, NULL);
	async_route(app, "PATCH", "/todos/{id}", change, NULL);
	async_route(app, "DELETE", "/todos/{id}", drop, NULL);
	error = await_http_serve_with(&(async_http_options){ .access_log = stderr }, app,
				      argc > 1 ? argv[1] : ":25000");
	json_decref(todos);
	return error < 0;
}
