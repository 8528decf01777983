/* SPDX-License-Identifier: MIT */
/*
 * A request and its answer, apart from what carries them: HTTP/1 on a connection (h1.c), or nothing
 * at all (fake.c). Everything that handlers call works on this; whatever concerns framing is behind
 * the carrier's table.
 */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include <await/http.h>
#include "http/arena.h"
#include "http/head.h"
#include "server/route.h"
#include "http/write.h"

struct http_carrier {
	/* The next piece of the body: its bytes, valid until the next call; 0 at its end. */
	ssize_t (*read)(struct async_request *request, const char **data);
	/* Send the head of the answer, and `size` bytes of its body: all of it if `whole`. */
	int (*head)(struct async_request *request, const void *data, size_t size, bool whole);
	/* More of the body; its end. */
	int (*write)(struct async_request *request, const void *data, size_t size);
	int (*end)(struct async_request *request);
	/* Some of a file, as body: how much; -EOPNOTSUPP where it cannot be sent without a copy. */
	ssize_t (*sendfile)(struct async_request *request, int file, off_t offset, size_t size);
	/* The peer cannot tell what it got: nothing more is sent or read. */
	void (*cut)(struct async_request *request);
};

struct answer_field {
	const char *name, *value;
	uint32_t name_size, value_size;
};

struct answer_hook {
	struct answer_hook *next;
	async_respond_hook *call;
	void *arg;
};

/* What is being answered. */
struct answer {
	uint16_t status;
	bool begun, ended, close;
	bool typed;	   /* a Content-Type was set */
	bool dated, named; /* a Date, a Server */
	bool compress;	   /* if the peer accepts it */
	int error;	   /* the first preparation that failed */
	const char *reason, *refusal;
	struct answer_field *fields;
	uint32_t count, room;
	int64_t length; /* declared, or -1 */
	uint64_t sent;	/* bytes of body */
	struct answer_hook *hooks;
	struct answer_field first[6]; /* most answers need no memory for their fields */
};

struct request_value {
	struct request_value *next;
	const void *key;
	void *value;
};

struct async_request {
	const struct http_carrier *carrier;
	const struct async_app *outer;	  /* whose router it is */
	const struct async_app *app;	  /* whose route it is, or that says what else */
	const struct app_route *route;	  /* NULL: none */
	bool other_method;		  /* ... for this method */
	struct async_http_server *server; /* NULL: fake */
	async_stream *stream;
	struct arena arena;
	struct answer answer;
	struct http_head *head;
	char *block;	 /* the head's bytes; a zero byte may be put behind a value */
	uint32_t next;	 /* middleware */
	double began;	 /* on the clock of async_now(), if somebody is going to ask */
	uint16_t blame;	 /* the status that a failure of reading was worth */
	int blamed;	 /* and what it returned */
	bool body_begun; /* somebody asked for it */
	bool body_ended; /* all of it has come; what came last may not have been looked at */
	bool body_over;	 /* somebody read it to its end */
	const struct http_route_match *match; /* of the route's variables */
	struct async_event *unread; /* set when the body has been read: somebody waits for that */
	const char *piece;	    /* of the body, of which so much is unread */
	size_t piece_size;
	char *body; /* the whole of it, when it was asked for */
	size_t body_size;
	struct body_coding *coding; /* that the body comes in; NULL: as it is */
	const char *text;	    /* the whole of it in UTF-8 */
	size_t text_size;
	struct json_t *json;
	struct http_encoder *compressor; /* of the answer's body */
	const char *type, *charset;
	const char *method, *target, *path, *query, *host, *scheme, *remote, *url;
	struct http_pairs *pairs; /* of the query, once somebody looked for one */
	struct async_form *form;  /* the body as one, once somebody asked for it */
	struct request_value *values;
};

/* facts.c: begin one whose head has been parsed in `block`. */
void request_begin(struct async_request *request, char *first, size_t size);
/* Free what it holds. */
void request_end(struct async_request *request);

/* Part of the block as text: a zero byte is put behind it, which must be a separator. */
static inline const char *request_text(struct async_request *request, struct http_slice slice)
{
	request->block[slice.at + slice.size] = '\0';
	return request->block + slice.at;
}

/* Remember what a failure is to be answered with, and return it. */
static inline int request_blame(struct async_request *request, unsigned int status, int error)
{
	request->blame = (uint16_t)status;
	request->blamed = error;
	return error;
}

/* The whole body has been taken. */
void request_body_over(struct async_request *request);
/* How much of a body may be read as a whole. */
size_t request_body_most(const struct async_request *request);
/* How long it says that it is, if that is how long it will be; else 0. */
uint64_t request_body_announced(const struct async_request *request);
/* How many times as large as it came; 0: any. */
uint32_t request_body_ratio(const struct async_request *request);
/* -EMSGSIZE, to be answered 413: it is more than that. */
int request_body_large(struct async_request *request, size_t most);
/* The same failure, to be answered with the status that failures of reading have: 400 malformed,
 * 413 too large, 415 not understood. */
int request_blame_body(struct async_request *request, int error);

/* answer.c */
void answer_begin(struct answer *answer);
/* A field that is known to be right; its texts live as long as the request. */
int answer_known(struct async_request *request, const char *name, size_t name_size,
		 const char *value, size_t value_size);

/* What was wrong stays wrong: the answer fails, also if its handler did not look. */
int answer_bad(struct async_request *request, int error);
/* A strong entity tag becomes a weak one. */
void http_weaken_etag(struct async_request *request);

/* respond.c: a whole answer, of a type that is known to be right unless another was prepared. */
int await_respond_known(struct async_request *request, const char *type, size_t type_size,
			const void *data, size_t size);

/* page.c */
/* The page of a status, as a handler's result asks for it. */
int await_answer_status(struct async_request *request, unsigned int status);
/* The handler has returned: answer if it has not, end what it began. */
void await_answer_end(struct async_request *request, int result);

/* dispatch.c: have it answered: a handler's result. */
int await_app_handle(struct async_request *request);

#endif
