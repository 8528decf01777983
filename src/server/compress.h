/* SPDX-License-Identifier: MIT */
/* Compressing answers: what respond.c calls when async_respond_compress was. */
#ifndef SERVER_COMPRESS_H
#define SERVER_COMPRESS_H

#include "http/codec.h"
#include "server/request.h"

/* A whole body: *out is from malloc, or NULL where it is to be sent as it is. */
int await_compressed(struct async_request *request, const void *data, size_t size, char **out,
		     size_t *out_size);

/* One in pieces: request->compressor is then set, if it is to be. */
int http_compress_begin(struct async_request *request);
int await_write_compressed(struct async_request *request, enum http_encode_mode mode,
			   const void *data, size_t size);

#endif
