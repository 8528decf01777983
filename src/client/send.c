/* SPDX-License-Identifier: MIT */
/* The head of a request, and with it a body that is small. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "client/outgoing.h"

enum { HEAD_BYTES = 4096 };

const char *client_codings(void)
{
	static const char all[] = "gzip, deflate, br, zstd";

	if (http_coding_available(HTTP_CODING_ZSTD) && http_coding_available(HTTP_CODING_BR) &&
	    http_coding_available(HTTP_CODING_GZIP))
		return all;
	return http_coding_available(HTTP_CODING_GZIP) ? "gzip, deflate" : "identity";
}

static bool is_framing(const char *name)
{
	return !strcasecmp(name, "Content-Length") || !strcasecmp(name, "Transfer-Encoding") ||
	       !strcasecmp(name, "Connection") || !strcasecmp(name, "Expect");
}

static void write_automatic(struct http_writer *writer, const struct async_outgoing *request)
{
	const async_session_options *options = &request->session->options;
	const struct client_upload *upload = &request->upload;
	async_url_part host = async_url_authority(&request->url);

	if (!client_field(request, "Host"))
		http_write_field(writer, "Host", 4, host.data, host.size);
	if (!client_field(request, "Accept"))
		http_write_text(writer, "Accept", "*/*");
	/* A part of a body that was compressed as a whole cannot be undone. */
	if (!client_field(request, "Accept-Encoding") && !options->keep_encoded)
		http_write_text(writer, "Accept-Encoding",
				client_field(request, "Range") ? "identity" : client_codings());
	if (!client_field(request, "User-Agent"))
		http_write_text(writer, "User-Agent", options->user_agent);
	if (!upload->given)
		return;
	if (!client_field(request, "Content-Type"))
		http_write_text(writer, "Content-Type",
				upload->type ? upload->type : "application/octet-stream");
	if (upload->coding != HTTP_CODING_IDENTITY)
		http_write_text(writer, "Content-Encoding", http_coding_name(upload->coding));
	if (upload->expect)
		http_write_text(writer, "Expect", "100-continue");
}

/* Methods whose meaning has room for a body say that there is none (RFC 9110, 8.6). */
static bool says_length(const char *method)
{
	return !strcmp(method, "POST") || !strcmp(method, "PUT") || !strcmp(method, "PATCH");
}

static int check_field(const struct async_outgoing *request, const char *name)
{
	if (is_framing(name))
		return async_fail(-EINVAL, "the field %s is the client's own", name);
	if (!strcasecmp(name, "Content-Encoding") && request->call->coding)
		return async_fail(-EINVAL, "the field %s, and the call's `coding`", name);
	return 0;
}

static char *target_of(const struct async_outgoing *request)
{
	async_url_part target = client_proxy_is_asked(request) ?
					async_url_unfragmented(&request->url) :
					async_url_target(&request->url);

	/* RFC 9112, 3.2.3 */
	return strcmp(request->method, "CONNECT") ? strndup(target.data, target.size) :
						    async_url_address(&request->url);
}

static int write_target(struct http_writer *writer, const struct async_outgoing *request)
{
	char *text = target_of(request);

	if (!text)
		return async_fail(-ENOMEM, "no memory for a request");
	http_write_request(writer, 1, request->method, text);
	free(text);
	return 0;
}

/* What is about this connection only must be named (RFC 9110, 7.6.1). */
static void write_connection(struct http_writer *writer, const struct async_outgoing *request)
{
	bool close = request->session->options.idle_seconds < 0;
	bool codings = async_outgoing_header(request, "TE");

	if (async_outgoing_header(request, "Upgrade"))
		http_write_text(writer, "Connection", codings ? "Upgrade, TE" : "Upgrade");
	else if (close)
		http_write_text(writer, "Connection", codings ? "close, TE" : "close");
	else if (codings)
		http_write_text(writer, "Connection", "TE");
}

static ssize_t write_head(char *room, size_t size, const struct async_outgoing *request)
{
	const struct client_upload *upload = &request->upload;
	bool asked = client_proxy_is_asked(request);
	struct http_writer writer;
	int error;

	http_write_begin(&writer, room, size);
	error = write_target(&writer, request);
	if (error)
		return error;
	write_automatic(&writer, request);
	for (size_t i = 0; i < request->field_count; i++) {
		const async_http_field *field = &request->fields[i];

		error = check_field(request, field->name);
		if (error)
			return error;
		if (!field->value || (!asked && !strcasecmp(field->name, "Proxy-Authorization")))
			continue;
		http_write_text(&writer, field->name, field->value);
	}
	if (asked && request->proxy->authorization && !client_field(request, "Proxy-Authorization"))
		http_write_text(&writer, "Proxy-Authorization", request->proxy->authorization);
	write_connection(&writer, request);
	if (upload->given && upload->chunked)
		http_write_chunked(&writer);
	else if (upload->given || says_length(request->method))
		http_write_length(&writer, upload->given ? upload->size : 0);
	return http_write_end(&writer, NULL);
}

static size_t head_room(const struct async_outgoing *request)
{
	size_t size = 512 + strlen(request->method) +
		      (request->proxy && request->proxy->authorization ?
			       strlen(request->proxy->authorization) :
			       0) +
		      request->url.size * 2u + strlen(request->session->options.user_agent) +
		      (request->upload.type ? strlen(request->upload.type) : 0);

	for (size_t i = 0; i < request->field_count; i++)
		size += strlen(request->fields[i].name) + 4 +
			(request->fields[i].value ? strlen(request->fields[i].value) : 0);
	return size;
}

static void told_sent(struct async_outgoing *request, size_t body)
{
	client_trace(&request->watch, (async_trace_event){ .what = ASYNC_TRACE_REQUEST_HEADERS_SENT,
							   .method = request->method,
							   .url = request->url.href });
	if (!body)
		return;
	request->watch.facts->sent += body;
	client_trace(&request->watch,
		     (async_trace_event){ .what = ASYNC_TRACE_REQUEST_CHUNK_SENT, .size = body });
}

static int await_head_and_body(struct async_outgoing *request, struct client_link *link, char *room,
			       size_t size)
{
	const struct client_upload *upload = &request->upload;
	size_t body = upload->in_head ? (size_t)upload->size : 0;
	struct client_limit limit;
	ssize_t head = write_head(room, size, request);
	struct iovec parts[2] = { { room, (size_t)head }, { (void *)upload->data, body } };

	if (head < 0)
		return (int)head;
	client_limit_begin(&limit, &request->watch, "sending a request", WATCH_TOTAL);
	head = await_stream_writev(link->stream, parts, body ? 2 : 1);
	head = client_limit_end(&limit, head);
	if (head < 0)
		return (int)head;
	told_sent(request, body);
	return 0;
}

int await_client_send_head(struct async_outgoing *request, struct client_link *link)
{
	char small[HEAD_BYTES], *room = small;
	size_t size = head_room(request);
	int error;

	if (size > sizeof small)
		room = malloc(size);
	else
		size = sizeof small;
	if (!room)
		return async_fail(-ENOMEM, "no memory for a request");
	error = await_head_and_body(request, link, room, size);
	if (room != small)
		free(room);
	return error;
}
