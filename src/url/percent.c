/* SPDX-License-Identifier: MIT */
/* Percent-encoding: the sets of WHATWG URL 1.3, and the output that everything here writes to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "url/url.h"

/*
 * One look tells all there is to know about a byte. The tests derive the table again from the
 * standard's words.
 */
const uint16_t url_classes[256] = {
	/* clang-format off */
	0x2ff, 0x2ff, 0x2ff, 0x2ff, 0x2ff, 0x2ff, 0x2ff, 0x2ff,
	0x2ff, 0x2ff, 0x2ff, 0x2ff, 0x2ff, 0x2ff, 0x2ff, 0x2ff,
	0x2ff, 0x2ff, 0x2ff, 0x2ff, 0x2ff, 0x2ff, 0x2ff, 0x2ff,
	0x2ff, 0x2ff, 0x2ff, 0x2ff, 0x2ff, 0x2ff, 0x2ff, 0x2ff,
	0x2fe, 0x080, 0x0fe, 0x3fc, 0x0c0, 0x2c0, 0x0c0, 0x088,
	0x080, 0x080, 0x000, 0x0c0, 0x0c0, 0x000, 0x000, 0x3e0,
	0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000,
	0x000, 0x000, 0x2e0, 0x0e0, 0x2fe, 0x0e0, 0x2fe, 0x3f0,
	0x2e0, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000,
	0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000,
	0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000,
	0x000, 0x000, 0x000, 0x2e0, 0x3e0, 0x2e0, 0x2f0, 0x000,
	0x0f2, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000,
	0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000,
	0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000, 0x000,
	0x000, 0x000, 0x000, 0x0f0, 0x2e0, 0x0f0, 0x080, 0x2ff,
	[128 ... 255] = 0x0ff,
	/* clang-format on */
};

static bool make_room(struct url_output *output, size_t size)
{
	size_t capacity = output->capacity * 2;
	char *data;

	if (output->failed)
		return false;
	if (output->capacity - output->size >= size)
		return true;
	if (capacity < output->size + size + 1)
		capacity = output->size + size + 1;
	data = realloc(output->data, capacity);
	if (!data) {
		output->failed = true;
		return false;
	}
	output->data = data;
	output->capacity = capacity;
	return true;
}

void url_put(struct url_output *output, const char *data, size_t size)
{
	if (!size || !make_room(output, size))
		return;
	memcpy(output->data + output->size, data, size);
	output->size += size;
}

void url_put_number(struct url_output *output, unsigned int number)
{
	char digits[10], *at = digits + sizeof digits;

	do {
		*--at = (char)('0' + number % 10);
	} while (number /= 10);
	url_put(output, at, (size_t)(digits + sizeof digits - at));
}

void url_put_byte(struct url_output *output, char byte)
{
	if (make_room(output, 1))
		output->data[output->size++] = byte;
}

static void put_escape(struct url_output *output, char byte)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char value = (unsigned char)byte;
	const char escape[3] = { '%', digits[value >> 4], digits[value & 15] };

	url_put(output, escape, sizeof escape);
}

void url_put_encoded(struct url_output *output, const char *data, size_t size,
		     enum async_percent_set set)
{
	unsigned int classes = 1U << set;
	const char *end;

	if (!size)
		return; /* data may be NULL */
	end = data + size;
	while (data < end) {
		const char *run = data;

		while (data < end && !url_byte_is(*data, classes))
			data++;
		url_put(output, run, (size_t)(data - run));
		if (data == end)
			break;
		if (*data == ' ' && set == ASYNC_PERCENT_FORM)
			url_put_byte(output, '+');
		else
			put_escape(output, *data);
		data++;
	}
}

char *async_percent_encode(const char *data, size_t size, enum async_percent_set set)
{
	struct url_output output = { 0 };

	if ((unsigned int)set > ASYNC_PERCENT_FORM) {
		async_fail(-EINVAL, "percent-encoding: %u is no set of enum async_percent_set",
			   (unsigned int)set);
		return NULL;
	}
	url_put_encoded(&output, data, size, set);
	url_put_byte(&output, '\0');
	if (output.failed) {
		free(output.data);
		async_fail(-ENOMEM, "percent-encoding %zu bytes", size);
		return NULL;
	}
	return output.data;
}

size_t async_percent_decode(char *to, const char *data, size_t size)
{
	const char *end = size ? data + size : data;
	char *start = to;

	while (data < end) {
		int high = *data == '%' && end - data > 2 ? url_digit(data[1], 16) : -1;
		int low = high < 0 ? -1 : url_digit(data[2], 16);

		*to++ = low < 0 ? *data : (char)(high << 4 | low);
		data += low < 0 ? 1 : 3;
	}
	return (size_t)(to - start);
}
