/* SPDX-License-Identifier: MIT */
/*
 * Bodies of requests. One that is not small is sent by a task of its own while the answer is waited
 * for, since who refuses an upload says so at its beginning and reads no further: an answer of 300
 * or more ends the sending. That task lives no longer than the call.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <await/file.h>
#include <await/net.h>
#include <await/run.h>
#include "client/outgoing.h"
#include "http/mime.h"

/* How long a server that was asked to say 100 Continue may take; many never do (RFC 9110, 10.1.1). */
static const double CONTINUE_SECONDS = 1;

/* ---- What is to be sent ---- */

const char *client_file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int client_check_regular(const struct stat *status, const char *path)
{
	if (S_ISREG(status->st_mode))
		return 0;
	return async_fail(-EINVAL, "%s is no regular file: send it as a source", path);
}

static int await_take_file(struct client_upload *upload, const char *path)
{
	const char *name = client_file_name(path);
	struct stat status;
	int error;

	upload->fd = await_open(path, O_RDONLY, 0);
	if (upload->fd < 0)
		return upload->fd;
	error = await_fstat(upload->fd, &status);
	if (!error)
		error = client_check_regular(&status, path);
	if (error)
		return error;
	upload->type = http_mime_type(name, strlen(name));
	upload->source = async_source_file(&upload->file, upload->fd, 0, (uint64_t)status.st_size);
	return 0;
}

void client_upload_set_bytes(struct client_upload *upload, const void *data, size_t size,
			     const char *type)
{
	upload->given = data != NULL;
	upload->data = data;
	upload->size = size;
	upload->sized = true;
	upload->chunked = upload->used = upload->expect = false;
	upload->coding = HTTP_CODING_IDENTITY;
	upload->type = type;
	upload->in_head = data && size <= UPLOAD_AT_ONCE_BYTES;
	upload->source = async_source_bytes(&upload->bytes, data, size);
}

static int take_coding(struct client_upload *upload, const char *coding)
{
	async_source from = upload->source;

	upload->coding = http_coding_find(coding, strlen(coding));
	if (!http_coding_available(upload->coding) || upload->coding == HTTP_CODING_IDENTITY)
		return async_fail(-EINVAL, "call option coding: \"%.40s\" is not one of %s", coding,
				  client_codings());
	upload->encoder = client_encoder_new(upload->coding, &from, &upload->source);
	upload->data = NULL;
	return upload->encoder ? 0 : async_error_code();
}

static int await_take(struct client_upload *upload, const async_call *call)
{
	if (!!call->body + !!call->file + !!call->source + !!call->form > 1)
		return async_fail(-EINVAL, "one of body, file, source and form can be sent");
	if (call->form)
		return await_form_data_begin(upload, call->form);
	if (call->file)
		return await_take_file(upload, call->file);
	if (call->source)
		upload->source = *call->source;
	else
		client_upload_set_bytes(upload, call->body, call->size, NULL);
	return 0;
}

int await_upload_begin(struct client_upload *upload, const async_call *call)
{
	int error;

	if (!call->body && !call->file && !call->source && !call->form)
		return 0;
	error = await_take(upload, call);
	if (!error && call->coding)
		error = take_coding(upload, call->coding);
	if (error)
		return error;
	upload->given = true;
	if (call->type)
		upload->type = call->type;
	upload->sized = upload->source.sized;
	upload->size = upload->source.size;
	upload->chunked = call->chunked || !upload->sized;
	upload->expect = call->expect;
	upload->in_head = upload->data && upload->size <= UPLOAD_AT_ONCE_BYTES &&
			  !upload->chunked && !upload->expect;
	return 0;
}

void client_upload_end(struct client_upload *upload)
{
	client_encoder_free(upload->encoder);
	client_multipart_free(upload->multipart);
	async_file_source_end(&upload->file);
	free(upload->text);
	if (upload->fd >= 0)
		async_close(upload->fd);
	upload->fd = -1;
}

void client_upload_drop(struct client_upload *upload)
{
	upload->given = upload->in_head = false;
	upload->data = NULL;
}

bool client_upload_can_repeat(const struct client_upload *upload)
{
	return !upload->given || !upload->used || upload->source.await_rewind;
}

int await_upload_rewind(struct client_upload *upload)
{
	int error;

	if (!upload->given || !upload->used)
		return 0;
	if (!upload->source.await_rewind)
		return async_fail(-ESPIPE, "the body's source can be read once only: it cannot be "
					   "sent again");
	error = upload->source.await_rewind(upload->source.arg);
	upload->used = error; /* or half of it would be taken for the whole, the next time */
	return error;
}

/* ---- Sending it ---- */

struct sending {
	struct async_outgoing *request;
	struct async_response *response;
	struct client_limit *limit; /* around whoever waits meanwhile; NULL: nobody */
	async_event go;		    /* 100 Continue has come */
	uint64_t sent;
	int error;
	bool ours; /* the error is the source's, not the connection's */
	bool done;
	char text[256]; /* of the error */
};

static int await_piece(struct sending *sending, const char *data, size_t size)
{
	char head[HTTP_CHUNK_HEAD_BYTES];
	struct iovec parts[3] = { { head, 0 }, { (void *)data, size }, { (char *)"\r\n", 2 } };
	bool chunked = sending->request->upload.chunked;
	ssize_t n;

	if (chunked)
		parts[0].iov_len = (size_t)http_chunk_head(head, size);
	n = await_stream_writev(sending->response->link->stream, chunked ? parts : parts + 1,
				chunked ? 3 : 1);
	if (n < 0)
		return (int)n;
	sending->sent += size;
	sending->request->watch.facts->sent += size;
	if (sending->limit)
		client_limit_again(sending->limit, WATCH_TOTAL);
	client_trace(&sending->request->watch,
		     (async_trace_event){ .what = ASYNC_TRACE_REQUEST_CHUNK_SENT, .size = size });
	return 0;
}

static int check_sent(struct sending *sending, uint64_t sent)
{
	const struct client_upload *upload = &sending->request->upload;

	if (!upload->sized || sent == upload->size)
		return 0;
	sending->ours = true;
	return async_fail(-EINVAL,
			  "the body's source has %s than the %" PRIu64 " bytes that it was said to "
			  "have",
			  sent < upload->size ? "less" : "more", upload->size);
}

static int await_pieces(struct sending *sending)
{
	struct client_upload *upload = &sending->request->upload;
	const char *data;
	ssize_t n;
	int error = 0;

	upload->used = true;
	while (!error && (n = upload->source.await_next(upload->source.arg, &data)) != 0) {
		if (n < 0) {
			sending->ours = true;
			return (int)n;
		}
		if (upload->sized && sending->sent + (size_t)n > upload->size)
			return check_sent(sending, UINT64_MAX);
		error = await_piece(sending, data, (size_t)n);
	}
	if (!error)
		error = check_sent(sending, sending->sent);
	if (!error && upload->chunked) {
		n = await_stream_write(sending->response->link->stream, "0\r\n\r\n", 5);
		error = n < 0 ? (int)n : 0;
	}
	return error;
}

/* Whether it makes an answer pointless. Who has hung up may have said why before. */
static bool is_broken(const struct sending *sending)
{
	int error = sending->error;

	if (!error || error == -ECANCELED)
		return false;
	return sending->ours || (error != -EPIPE && error != -ECONNRESET && error != -ECONNABORTED);
}

static int send_body(void *arg)
{
	struct sending *sending = arg;
	struct client_watch *watch = &sending->request->watch;
	int error = 0;

	if (sending->request->upload.expect) {
		async_timeout (CONTINUE_SECONDS)
			error = await_event(&sending->go);
		if (error == -ETIMEDOUT)
			error = 0;
	}
	if (!error)
		error = await_pieces(sending);
	sending->done = true;
	sending->error = error;
	if (!error) {
		client_watch_phase(watch, ASYNC_CALL_HEAD);
		if (sending->limit)
			client_limit_again(sending->limit, WATCH_HEAD);
	} else if (is_broken(sending)) {
		async_error_words_(sending->text, sizeof sending->text);
		if (sending->limit)
			async_scope_cancel(&sending->limit->scope);
	}
	return 0;
}

/* ---- And listening meanwhile ---- */

/* The server has answered, and may go on to read. */
static int await_rest(struct sending *sending, async_task *task)
{
	struct client_limit limit;
	int error;

	client_limit_begin(&limit, &sending->request->watch,
			   "sending the rest of a body whose server had answered", WATCH_TOTAL);
	sending->limit = &limit;
	error = await_task(task);
	sending->limit = NULL;
	return (int)client_limit_end(&limit, error);
}

/* The server has answered without asking for the body that was offered. */
static bool is_unwanted(const struct sending *sending)
{
	return sending->request->upload.expect && !async_event_is_set(&sending->go);
}

int await_upload(struct async_outgoing *request, struct async_response *response)
{
	struct sending sending = { .request = request, .response = response, .go = ASYNC_EVENT };
	struct client_limit limit;
	async_task *task;
	int error;

	client_limit_begin(&limit, &request->watch, "waiting for the answer", WATCH_TOTAL);
	sending.limit = &limit;
	task = async_create_task(send_body, &sending);
	error = task ? await_client_head(response, &sending.go) : async_error_code();
	sending.limit = NULL;
	error = (int)client_limit_end(&limit, error);
	if (!task)
		return error;
	response->unsent = !sending.done || sending.error;
	if (!sending.done && (error || response->head.status >= 300 || is_unwanted(&sending)))
		async_task_cancel(task);
	if (!sending.done && !error && response->head.status < 300) {
		error = await_rest(&sending, task);
		response->unsent = sending.error != 0;
	} else {
		await_task(task);
	}
	if (is_broken(&sending))
		return async_fail(sending.error, "%s", sending.text);
	return error;
}
