/* SPDX-License-Identifier: MIT */
/* OpenSSL's BIO over the layer: reads what has come, puts what is to be sent, never waits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tls/tls.h"

static int bio_read(BIO *bio, char *data, size_t size, size_t *taken)
{
	struct codec *codec = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	*taken = async_layer_take(codec->layer, data, size);
	if (*taken)
		return 1;
	BIO_set_retry_read(bio);
	return 0;
}

static int stage(struct codec *codec, const char *data, size_t size)
{
	char *staged = realloc(codec->staged, codec->staged_size + size);

	if (!staged)
		return -ENOMEM;
	memcpy(staged + codec->staged_size, data, size);
	codec->staged = staged;
	codec->staged_size += size;
	return 0;
}

/* A peer that has others answer and does not read would fill their memory. */
static int count_answer(struct codec *codec, size_t size)
{
	codec->answered += size;
	if (codec->answered <= ANSWER_BYTES + codec->received / ANSWER_SHARE)
		return 0;
	return codec_fail(
		codec, -EPROTO,
		"the peer asks for new keys again and again: over %d bytes of answers, and"
		" 1/%d of the data it has sent",
		ANSWER_BYTES, ANSWER_SHARE);
}

static int put_bytes(struct codec *codec, const char *data, size_t size)
{
	int error = codec->staging ? stage(codec, data, size) :
				     async_layer_put(codec->layer, data, size);

	return error ? codec_fail(codec, error, "no memory for %zu bytes of TLS output", size) : 0;
}

static int bio_write(BIO *bio, const char *data, size_t size, size_t *put)
{
	struct codec *codec = BIO_get_data(bio);
	int error = codec->reading ? count_answer(codec, size) : 0;

	if (!error)
		error = put_bytes(codec, data, size);
	BIO_clear_retry_flags(bio);
	*put = error ? 0 : size;
	return !error;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

/* One for the process, made by whoever needs it first, or next where there was no memory. */
static BIO_METHOD *method;
static pthread_mutex_t method_lock = PTHREAD_MUTEX_INITIALIZER;

static BIO_METHOD *make_method(void)
{
	int index = BIO_get_new_index();
	BIO_METHOD *made = index < 0 ? NULL : BIO_meth_new(index | BIO_TYPE_SOURCE_SINK, "await");

	if (!made)
		return NULL;
	BIO_meth_set_read_ex(made, bio_read);
	BIO_meth_set_write_ex(made, bio_write);
	BIO_meth_set_ctrl(made, bio_control);
	BIO_meth_set_create(made, bio_create);
	return made;
}

BIO *bio_new(struct codec *codec)
{
	const BIO_METHOD *ours;
	BIO *bio;

	pthread_mutex_lock(&method_lock);
	if (!method)
		method = make_method();
	ours = method;
	pthread_mutex_unlock(&method_lock);
	bio = ours ? BIO_new(ours) : NULL;
	if (bio)
		BIO_set_data(bio, codec);
	return bio;
}

int bio_unstage(struct codec *codec)
{
	int error = 0;

	codec->staging = false;
	if (codec->staged_size)
		error = async_layer_put(codec->layer, codec->staged, codec->staged_size);
	free(codec->staged);
	codec->staged = NULL;
	codec->staged_size = 0;
	return error ? codec_fail(codec, error, "no memory for TLS output") : 0;
}
