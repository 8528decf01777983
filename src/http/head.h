/* SPDX-License-Identifier: MIT */
/*
 * The head of an HTTP/1 message (RFC 9112): parsing without I/O, without copies and without
 * allocation.
 *
 * The caller has a block of bytes that begins with the message and may grow at its end, or move. It
 * calls http_request_parse with all that is there, again and again while the answer is 0; complete
 * lines are not looked at twice. The line that is still incomplete is: at most a limit's worth of
 * bytes, at tens of bytes a nanosecond, for not having a state for each place between two bytes.
 *
 * Results do not depend on how the bytes arrived. A refusal is decided by the first byte that makes
 * the head impossible, limits included, or at the end of a line for rules on whole fields, or at
 * the end of the head for rules on several: never by how much was there when the call was made.
 *
 * What comes out are slices: offsets into the block, so that a block that moved does not matter.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "http/name.h"
#include "http/rule.h"

struct http_slice {
	uint32_t at;
	uint32_t size;
};

/* What one connection may make its peer hold. 0 allows nothing; http_limits_fill is for options of
 * users, where 0 asks for the default. */
struct http_limits {
	uint32_t line_bytes;	  /* request or status line without its CRLF; 8190 */
	uint32_t head_bytes;	  /* the whole head, and again the trailers of one body; 65536 */
	uint32_t extension_bytes; /* chunk extensions of one body together; 4096 */
	uint16_t field_bytes;	  /* one field line without its CRLF; 8190 */
	uint16_t fields;	  /* field lines of a head, and again of trailers; 128 */
};

extern const struct http_limits http_limits_default;

/* Gives members that are 0 the default. */
void http_limits_fill(struct http_limits *limits);

/* One field line. The value is without the blanks around it, and may be empty. */
struct http_field {
	uint32_t name_at;
	uint16_t name_size;
	uint16_t name; /* enum http_name */
	struct http_slice value;
};

struct http_fields {
	struct http_field *list; /* the caller's: room for limits->fields */
	uint32_t count;
	uint64_t seen;			 /* HTTP_NAME_BIT of each known name that occurs */
	uint64_t repeated;		 /* and of those that occur more than once */
	uint16_t first[HTTP_NAME_COUNT]; /* of each name in `seen`: the index where it occurs first */
};

enum http_method {
	HTTP_METHOD_OTHER,
	HTTP_METHOD_GET,
	HTTP_METHOD_HEAD,
	HTTP_METHOD_POST,
	HTTP_METHOD_PUT,
	HTTP_METHOD_DELETE,
	HTTP_METHOD_CONNECT,
	HTTP_METHOD_OPTIONS,
	HTTP_METHOD_TRACE,
	HTTP_METHOD_PATCH,
};

/* RFC 9112, 3.2 */
enum http_form {
	HTTP_ORIGIN,	     /* /path?query */
	HTTP_ABSOLUTE,	     /* http://authority/path?query; overrides Host */
	HTTP_AUTHORITY_FORM, /* host:port, CONNECT only */
	HTTP_ASTERISK,	     /* *, OPTIONS only */
};

enum http_body_kind {
	HTTP_NO_BODY,
	HTTP_LENGTH, /* http_framing.length bytes, more than none */
	HTTP_CHUNKED,
	HTTP_UNTIL_CLOSE, /* responses only */
	HTTP_TUNNEL,	  /* 101, or 2xx to CONNECT: what follows is no HTTP */
};

enum http_expect {
	HTTP_EXPECT_NOTHING,
	HTTP_EXPECT_CONTINUE,
	HTTP_EXPECT_OTHER, /* answer 417, or ignore it (RFC 9110, 10.1.1) */
};

enum http_upgrade {
	HTTP_UPGRADE_NONE,
	HTTP_UPGRADE_WEBSOCKET,
	HTTP_UPGRADE_TCP,
};

/* How the message goes on after its head: nothing of HTTP/1 syntax is needed beyond this. */
struct http_framing {
	uint8_t body;	 /* enum http_body_kind */
	uint8_t expect;	 /* enum http_expect; requests of HTTP/1.1 only */
	uint8_t upgrade; /* enum http_upgrade: asked for; take or decline it after the body */
	bool keep_alive; /* another message may follow on this connection */
	uint64_t length;
};

struct http_head {
	const struct http_limits *limits;
	uint32_t parsed; /* bytes in complete lines */
	uint32_t line;	 /* where the first line begins: after blank lines before a request */
	uint8_t stage;
	uint8_t minor;	 /* 0 or 1: HTTP/1.x */
	uint8_t method;	 /* enum http_method */
	uint8_t form;	 /* enum http_form */
	uint16_t status; /* responses: 100 to 999 */
	struct http_framing framing;
	struct http_slice method_text, target; /* requests, as they stand in the block */
	/* The target's parts: `host` as in Host, with its port. It is the target's authority in
	 * absolute and authority form, else the value of Host; empty without either. */
	struct http_slice host, path, query; /* the path may be empty in absolute form: means "/" */
	struct http_slice reason;	     /* responses */
	struct http_error error;
	struct http_fields fields;
};

/* Makes `head` ready for a message that begins a block. `limits` NULL: the defaults; `list` has
 * room for limits->fields, and both stay the caller's. Cheap: what is not read is not cleared. */
void http_head_begin(struct http_head *head, const struct http_limits *limits,
		     struct http_field *list);

/*
 * All that is there of a request or response, from its first byte on. Returns the size of the head
 * once it is complete, 0 while more is needed, or what http_refuse makes of head->error; the
 * connection is of no further use then. Call again only after 0, with at least as much.
 * `asked` is the method of the request that a response answers.
 */
ssize_t http_request_parse(struct http_head *head, const char *data, size_t size);
ssize_t http_response_parse(struct http_head *head, enum http_method asked, const char *data,
			    size_t size);

/* The same for fields alone, up to and with an empty line: trailers, parts of multipart bodies. */
ssize_t http_fields_parse(struct http_head *head, const char *data, size_t size);

/* The first field of that name, or NULL. */
static inline const struct http_field *http_field_known(const struct http_fields *fields,
							enum http_name name)
{
	return fields->seen & HTTP_NAME_BIT(name) ? &fields->list[fields->first[name]] : NULL;
}

/* The first field after `after` (NULL: from the beginning) of any name, letters of either case. */
const struct http_field *http_field_find(const struct http_fields *fields, const char *data,
					 const char *name, size_t size,
					 const struct http_field *after);

/* GET and so on; HTTP_METHOD_OTHER for tokens that have no rule of their own. Case counts. */
enum http_method http_method_find(const char *text, size_t size);

/* The parts that have a file of their own; each sets head->error and returns false, or true. */
bool http_target_split(struct http_head *head, const char *data);
bool http_host_valid(const char *text, size_t size, bool port_needed);
bool http_request_framing(struct http_head *head, const char *data);
bool http_response_framing(struct http_head *head, enum http_method asked, const char *data);

/* One compilation of the inner loops: the lines of a head. */
struct head_parser {
	const char *name;
	/* The offset after the head; 0 with head->error.rule 0: more is needed. */
	size_t (*request)(struct http_head *head, const char *data, size_t size);
	size_t (*response)(struct http_head *head, const char *data, size_t size);
	size_t (*fields)(struct http_head *head, const char *data, size_t size);
};

extern const struct head_parser head_parser_base;
extern const struct head_parser head_parser_bytes;
#if defined(__x86_64__)
extern const struct head_parser head_parser_avx2;
#endif

/* The best this machine has; what a test or benchmark sets instead. */
const struct head_parser *head_parser_choose(void);
extern const struct head_parser *head_parser_forced;

#endif
