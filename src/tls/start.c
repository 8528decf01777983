/* SPDX-License-Identifier: MIT */
/* The handshake, on either side, in the middle of a stream or at its start. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <await/connect.h>
#include "tls/tls.h"

static long step_on_thread(void *codec)
{
	return codec_step(codec);
}

/* What goes wrong with the thread itself is the handshake's failure, too. A cancel is for what
 * follows to find. */
static enum step step_elsewhere(struct codec *codec)
{
	async_job_options options = { .pool = codec->tls->options.pool };
	long step = STEP_FAILED;
	int error;

	codec->staging = true;
	error = await_thread_with(&options, step_on_thread, codec, &step);
	if (error && async_cancelled())
		step = STEP_MORE;
	else if (error)
		codec_fail(codec, error, "on a thread: %s", async_error());
	bio_unstage(codec);
	return codec->error ? STEP_FAILED : (enum step)step;
}

/* 0, or why there is none: in codec->error and ->problem, if it is not what a wait returned. */
static int shake(async_stream *stream, struct codec *codec)
{
	for (;;) {
		enum step step = codec->tls->options.threads ? step_elsewhere(codec) :
							       codec_step(codec);
		int error;
		ssize_t n;

		if (step == STEP_DONE && codec_check_pins(codec))
			step = STEP_FAILED;
		error = await_layer_push(stream); /* also an alert for the peer */
		if (step == STEP_FAILED)
			return codec->error;
		if (error || step == STEP_DONE)
			return error;
		n = await_layer_fill(stream);
		if (n < 0)
			return (int)n;
		if (!n)
			return codec_fail(codec, -ECONNABORTED,
					  "the peer has closed the connection during the TLS"
					  " handshake");
	}
}

/* Put it into words, and let go of the stream: the codec may be gone after that. */
static int end_handshake(async_stream *stream, struct codec *codec, int error)
{
	const char *with = codec->host ? " with " : "", *host = codec->host ? codec->host : "";
	double seconds = codec->tls->options.handshake_seconds;

	if (error == -ETIMEDOUT && !async_cancelled())
		codec_fail(codec, error, "not done within %g s (TLS option `handshake_seconds`)",
			   seconds);
	else if (error && error != async_cancelled() && error != -EBADF)
		codec_fail(codec, error, "the connection has failed");
	if (error && codec->error)
		error = async_fail(codec->error, "TLS handshake%s%.200s: %s", with, host,
				   codec_problem(codec));
	return async_layer_ready(stream, error);
}

/* Whether those to be trusted are still to be loaded. */
static bool needs_trust(struct async_tls *tls)
{
	bool needs;

	pthread_mutex_lock(&tls->lock);
	needs = trust_is_system(tls) && !tls->trust_ready;
	pthread_mutex_unlock(&tls->lock);
	return needs;
}

int await_stream_start_tls(async_stream *stream, async_tls *tls, const char *host)
{
	struct codec *codec;
	int error = async_cancelled();

	if (error)
		return error;
	if (!tls)
		tls = tls_default();
	if (!tls)
		return async_error_code();
	if (!stream)
		return async_fail(-EINVAL, "await_stream_start_tls: there is no stream");
	if (!tls->is_server && host && strlen(host) > HOST_BYTES)
		return async_fail(-EINVAL,
				  "await_stream_start_tls: a host of %zu bytes; %d are the longest"
				  " there is: %.60s...",
				  strlen(host), HOST_BYTES, host);
	if (!tls->is_server && !tls->options.insecure && !(host && *host))
		return async_fail(-EINVAL, "await_stream_start_tls: a client names the host whose"
					   " certificate it expects");
	if (needs_trust(tls))
		error = (int)await_thread_in(tls->options.pool, trust_load_system, tls);
	if (error)
		return error;
	codec = codec_new(tls, tls->is_server || !(host && *host) ? NULL : host);
	if (!codec)
		return -ENOMEM;
	error = await_layer_open(stream, &tls_kind, codec, &codec->layer);
	if (error) {
		codec_free(codec);
		return error;
	}
	async_timeout (tls->options.handshake_seconds)
		error = shake(stream, codec);
	return end_handshake(stream, codec, error);
}

/* "example.org" of "example.org:443", "::1" of "[::1]:443"; NULL where there is none. */
static char *host_of(const char *address)
{
	const char *colon = address ? strrchr(address, ':') : NULL;

	if (!colon || colon == address || !strncmp(address, "unix:", 5))
		return NULL;
	return strndup(address, (size_t)(colon - address));
}

async_stream *await_connect_tls_with(const char *address, async_tls *tls, const char *host,
				     const struct async_connect_options *connect,
				     const async_stream_options *options)
{
	async_stream *stream = await_connect_stream_with(address, connect, options);
	char *own = host || !stream ? NULL : host_of(address);
	int error;

	if (!stream)
		return NULL;
	error = await_stream_start_tls(stream, tls, host ? host : own);
	free(own);
	if (!error)
		return stream;
	await_stream_close(stream); /* gently: an alert may be on its way */
	return NULL;
}

async_stream *await_connect_tls(const char *address, async_tls *tls)
{
	return await_connect_tls_with(address, tls, NULL, NULL, NULL);
}
