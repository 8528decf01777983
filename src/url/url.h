/* SPDX-License-Identifier: MIT */
/*
 * Inside URLs. A parse is one pass from the text to the normalised text, which is written from left
 * to right into one buffer: since all schemes here are special, what the standard's state machine
 * decides code point by code point is decided part by part.
 *
 * url.c           the public calls that look at a URL
 * url_parse.c     scheme, reference, credentials, port; the entry
 * url_path.c      path, query and fragment
 * url_host.c      domains, and what a host may hold
 * url_address.c   hosts that are numbers
 * url_idna.c      domains beyond ASCII, by libidn2; url_noidna.c refuses them
 * url_change.c    changes of a URL
 * url_percent.c   the percent-encode sets
 * url_query.c     application/x-www-form-urlencoded
 */
#ifndef URL_URL_H
#define URL_URL_H

#include <await/url.h>
#include "base/base.h"

/* Text that grows. A failed allocation is remembered and whatever follows is dropped, so that only
 * the end needs a check. */
struct url_output {
	char *data; /* no terminating zero */
	size_t size, capacity;
	bool failed;
};

void url_put(struct url_output *output, const char *data, size_t size);
void url_put_byte(struct url_output *output, char byte);
/* In decimal digits. */
void url_put_number(struct url_output *output, unsigned int number);
/* With the bytes of `set` percent-encoded. */
void url_put_encoded(struct url_output *output, const char *data, size_t size,
		     enum async_percent_set set);

/* What a byte is: bit `set` for each percent-encode set it is in, and these. */
enum {
	URL_ENDS_AUTHORITY = 0x100,   /* / \ ? # */
	URL_FORBIDDEN_DOMAIN = 0x200, /* the standard's "forbidden domain code point" */
};
extern const uint16_t url_classes[256];

static inline bool url_byte_is(char byte, unsigned int classes)
{
	return url_classes[(unsigned char)byte] & classes;
}

static inline char url_lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

/* -1: no digit of that base, which is at most 16. */
static inline int url_digit(char byte, int base)
{
	int value = byte >= '0' && byte <= '9' ? byte - '0' :
		    byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 :
		    byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 :
						 base;

	return value < base ? value : -1;
}

struct url_parser {
	const char *text; /* as it was given, for messages */
	size_t size;
	const char *at, *end; /* what is left of it, trimmed */
	const char *clean;    /* where `at` began: in text, or in stripped */
	char *stripped;	      /* a copy without tabs and newlines, if there were any */
	const async_url *base;
	struct url_output out;
	async_url url;
};

/* -EINVAL with a text: what is wrong, in which URL and where. `where` points into what is parsed. */
int url_refuse(const struct url_parser *parser, const char *where, const char *format, ...)
	ASYNC_PRINTF_(3, 4);
/* A text as messages show it: cut, without credentials and unprintable bytes. */
enum { URL_SHOWN_BYTES = 120 };
void url_show(char shown[URL_SHOWN_BYTES], const char *text, size_t size);

/* The parser's parts; each writes to parser->out and sets the offsets of parser->url. */
int url_parse_host(struct url_parser *parser, const char *host, const char *end);
int url_parse_ipv6(struct url_parser *parser, const char *host, const char *end);
/* A domain that was just written to parser->out: when its last label is a number, it becomes an
 * IPv4 address. where: the host in the text. */
int url_parse_ipv4(struct url_parser *parser, const char *where);
/* From parser->at to the end. The path written so far ends in "/". */
void url_parse_path(struct url_parser *parser);
/* From parser->at, which is "?", "#" or the end. Where the query begins is known already: behind
 * the path, or with the base's query where only a fragment follows. */
void url_parse_query(struct url_parser *parser);

/* Query or fragment, encoded, in front of which there is "?" or "#". */
void url_put_query(struct url_output *output, const char *data, size_t size);

/*
 * A domain in valid UTF-8, not all of it ASCII, by UTS #46 as WHATWG URL 3.3 asks for it. 0 and
 * *ascii, the caller's to free, or -EINVAL, -ENOTSUP, -ENOMEM and *why. What the result may not
 * hold is left to the caller.
 */
int url_domain_to_ascii(const char *domain, size_t size, char **ascii, const char **why);

/* How many bytes the UTF-8 sequence at text has; 0: it is none (RFC 3629 4). */
size_t utf8_sequence(const char *text, size_t size);

#endif
