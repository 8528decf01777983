/* SPDX-License-Identifier: MIT */
/*
 * What a proxy answers: the first byte chooses SOCKS 5, with a login or without, SOCKS 4 or
 * CONNECT, the second where the rest is cut in two. Cut or not, the outcome is the same, and what
 * is left to read is the end of what came.
 */
#include "h1.h"
#include "client/socks.h"
#include "client/tunnel.h"

struct input {
	const char *data;
	size_t size, cut;
	unsigned int kind;
	async_stream *stream; /* the proxy's end */
};

static int talk(async_stream *stream, unsigned int kind)
{
	static const struct tunnel_request tunnel = { .authority = "a.org:443" };
	static struct tunnel_answer answer;
	struct socks_target target = { .host = "a.org",
				       .port = 443,
				       .user = kind & 1 ? "me" : NULL,
				       .password = "secret",
				       .version_4 = kind & 2 };
	int result;

	if (kind < 4)
		return await_socks_connect(stream, &target);
	result = await_tunnel_open(stream, &tunnel, &answer);
	h1_check(!result == (answer.head.status >= 200 && answer.head.status < 300));
	tunnel_answer_end(&answer);
	return result;
}

static int play(void *arg)
{
	const struct input *input = arg;

	if (input->cut)
		await_stream_write(input->stream, input->data, input->cut);
	await_sleep(0);
	await_sleep(0);
	if (input->cut < input->size)
		await_stream_write(input->stream, input->data + input->cut,
				   input->size - input->cut);
	await_stream_end(input->stream);
	return 0;
}

/* The failure, or how many bytes were left. */
static ssize_t converse(struct input input, size_t cut)
{
	async_stream *ends[2];
	async_task *proxy;
	char *rest = NULL;
	ssize_t n;

	h1_check(!async_stream_pair(ends, NULL));
	input.cut = cut;
	input.stream = ends[1];
	proxy = async_create_task(play, &input);
	n = talk(ends[0], input.kind);
	if (!n) {
		n = await_stream_readall(ends[0], &rest, input.size);
		h1_check(n >= 0 && (size_t)n <= input.size);
		h1_check(!n || !memcmp(rest, input.data + input.size - n, (size_t)n));
		free(rest);
	}
	await_stream_close(ends[0]);
	await_task(proxy);
	await_stream_close(ends[1]);
	return n;
}

static int one(void *arg)
{
	const struct input *input = arg;

	h1_check(converse(*input, 0) == converse(*input, input->cut));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { .data = (const char *)data + 2 };
	static const async_options options = { .backend = "sim" };

	if (size < 2)
		return 0;
	input.size = size - 2;
	input.kind = data[0] % 5;
	input.cut = data[1] % (input.size + 1);
	h1_check(!async_run_with(&options, one, &input));
	return 0;
}
