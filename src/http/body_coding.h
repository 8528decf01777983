/* SPDX-License-Identifier: MIT */
/*
 * A body in a content coding, between whoever reads it and where it comes from: requests, and parts
 * of multipart bodies. It is given pieces as they come and hands out what they stand for, a room's
 * worth at a time, so that it takes the same memory whatever the body turns into.
 */
#ifndef HTTP_BODY_CODING_H
#define HTTP_BODY_CODING_H

#include <sys/types.h>
#include "http/codec.h"

enum {
	BODY_CODING_BYTES = 16384,
	BODY_CODING_RATIO = 1100, /* the default of the option `body_ratio` */
};

struct body_coding {
	struct http_decoder *decoder;
	const char *data; /* what came and was not used yet */
	size_t size;
	bool over; /* nothing more comes */
	bool full; /* the decoder may have more to give without further input */
	char room[BODY_CODING_BYTES];
};

/* The coding that the value of Content-Encoding names, in *coding; NULL there: none, or identity.
 * `ratio`: what comes out may be so many times as large; 0: any. 0; -EOPNOTSUPP: one that is not
 * known here, or several; -ENOMEM. */
int body_coding_new(const char *value, size_t size, uint32_t ratio, struct body_coding **coding);
void body_coding_free(void *coding);

/* The next piece, valid until the next call: its size. 0: set `data` and `size`, or `over`, and
 * call again; the end, where `over` was set. -EBADMSG, -EMSGSIZE, -ENOMEM: as http_decoder_step. */
ssize_t body_coding_next(struct body_coding *coding, const char **data);

#endif
