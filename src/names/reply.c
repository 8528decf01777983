/* SPDX-License-Identifier: MIT */
/* How long an answer may be kept. Reads what a stranger sent: every step checks what is left. */
#include "names/reply.h"

enum {
	HEADER_BYTES = 12,
	QUESTION_BYTES = 4, /* after its name */
	RECORD_BYTES = 10,
	SOA_NUMBERS_BYTES = 20,
	TYPE_SOA = 6,
	TYPE_OPT = 41, /* its TTL is none */
};

struct reader {
	const unsigned char *data;
	size_t size, at;
};

static uint32_t number(const unsigned char *data, int bytes)
{
	uint32_t n = 0;

	for (int i = 0; i < bytes; i++)
		n = n << 8 | data[i];
	return n;
}

/* A name ends in a zero or in a pointer. */
static int skip_name(struct reader *reader)
{
	while (reader->at < reader->size) {
		unsigned length = reader->data[reader->at];

		if (length >= 0xc0) {
			reader->at += 2;
			return reader->at <= reader->size;
		}
		reader->at += length + 1;
		if (!length)
			return 1;
	}
	return 0;
}

/* One record; its TTL, or -1 at the end of what makes sense. A SOA's is its MINIMUM, if less. */
static int64_t read_record(struct reader *reader, unsigned *type)
{
	const unsigned char *fields;
	size_t length;
	int64_t ttl;

	if (!skip_name(reader) || reader->size - reader->at < RECORD_BYTES)
		return -1;
	fields = reader->data + reader->at;
	*type = number(fields, 2);
	ttl = number(fields + 4, 4);
	length = number(fields + 8, 2);
	reader->at += RECORD_BYTES;
	if (reader->size - reader->at < length)
		return -1;
	reader->at += length;
	if (*type == TYPE_SOA && length >= SOA_NUMBERS_BYTES) {
		int64_t minimum = number(reader->data + reader->at - 4, 4);

		ttl = minimum < ttl ? minimum : ttl;
	}
	return ttl > INT32_MAX ? 0 : ttl; /* RFC 2181 8: the top bit means zero */
}

int64_t reply_seconds(const unsigned char *data, size_t size)
{
	struct reader reader = { data, size, HEADER_BYTES };
	unsigned questions, answers, authorities, type;
	int64_t least = -1;

	if (size < HEADER_BYTES)
		return -1;
	questions = number(data + 4, 2);
	answers = number(data + 6, 2);
	authorities = number(data + 8, 2);
	while (questions--) {
		if (!skip_name(&reader) || reader.size - reader.at < QUESTION_BYTES)
			return -1;
		reader.at += QUESTION_BYTES;
	}
	for (unsigned i = 0; i < answers + authorities; i++) {
		int64_t ttl = read_record(&reader, &type);

		if (ttl < 0)
			return least;
		if (type == TYPE_OPT || (i >= answers && (answers || type != TYPE_SOA)))
			continue;
		if (least < 0 || ttl < least)
			least = ttl;
	}
	return least;
}
