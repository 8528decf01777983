/* SPDX-License-Identifier: MIT */
/*
 * Domains beyond ASCII, WHATWG URL 3.3: UTS #46 without transitional processing, hyphens not
 * checked, no STD3 rules, joiners and direction checked, lengths not.
 *
 * libidn2 knows UTS #46's mapping but no such choice of rules. So labels go to it one by one: those
 * in ASCII not at all, which keeps its rules on hyphens, lengths and empty labels off them. It
 * holds the others to IDNA2008 on top, under which "♥.example" is no name. Transitional processing
 * holds them to UTS #46 alone, and differs only in four characters. So a label that fails by
 * IDNA2008's repertoire and has none of these, nor any from right to left, whose order transitional
 * processing does not check, is asked for once more. docs/url.md lists what remains different.
 */
#include <errno.h>
#include <idn2.h>
#include <stdlib.h>
#include <string.h>
#include "url/url.h"

/* The full stop or one of the three that IDNA takes for it (UTS #46 2.3), at text; 0: none. */
static size_t stop_at(const char *text, size_t size)
{
	if (*text == '.')
		return 1;
	if (size >= 3 && (!memcmp(text, "\u3002", 3) || !memcmp(text, "\uff0e", 3) ||
			  !memcmp(text, "\uff61", 3)))
		return 3;
	return 0;
}

/* Valid UTF-8. */
static uint32_t code_point(const char *text, size_t *length)
{
	const unsigned char *byte = (const unsigned char *)text;

	*length = byte[0] < 0x80 ? 1 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
	switch (*length) {
	case 1:
		return byte[0];
	case 2:
		return (byte[0] & 0x1fU) << 6 | (byte[1] & 0x3fU);
	case 3:
		return (byte[0] & 0xfU) << 12 | (byte[1] & 0x3fU) << 6 | (byte[2] & 0x3fU);
	default:
		return (byte[0] & 7U) << 18 | (byte[1] & 0x3fU) << 12 | (byte[2] & 0x3fU) << 6 |
		       (byte[3] & 0x3fU);
	}
}

/* The blocks of scripts that are written from right to left; the digits of one of them are not. */
static bool is_right_to_left(uint32_t code)
{
	if (code >= 0x6f0 && code <= 0x6f9)
		return false;
	return (code >= 0x590 && code <= 0x8ff) || (code >= 0xfb1d && code <= 0xfdff) ||
	       (code >= 0xfe70 && code <= 0xfeff) || (code >= 0x10800 && code <= 0x10fff) ||
	       (code >= 0x1e800 && code <= 0x1efff);
}

static bool holds(const char *text, bool what(uint32_t code))
{
	size_t length;

	for (; *text; text += length)
		if (what(code_point(text, &length)))
			return true;
	return false;
}

/* What transitional processing answers differently, or does not look at. */
static bool depends_on_rules(uint32_t code)
{
	return code == 0xdf || code == 0x3c2 || (code >= 0x200c && code <= 0x200f) ||
	       is_right_to_left(code);
}

static bool may_ask_again(const char *label, int error)
{
	if (error != IDN2_DISALLOWED && error != IDN2_CONTEXTO && error != IDN2_CONTEXTO_NO_RULE &&
	    error != IDN2_UNASSIGNED)
		return false;
	return !holds(label, depends_on_rules);
}

static int refuse(int error, const char **why)
{
	*why = idn2_strerror(error);
	return error == IDN2_MALLOC ? -ENOMEM : -EINVAL;
}

/* label ends in a zero. */
static int put_label(struct url_output *output, const char *label, const char **why)
{
	char *ascii;
	int error;

	error = idn2_to_ascii_8z(label, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
	if (error && may_ask_again(label, error))
		error = idn2_to_ascii_8z(label, &ascii, IDN2_TRANSITIONAL | IDN2_NFC_INPUT);
	if (error)
		return refuse(error, why);
	url_put(output, ascii, strlen(ascii));
	idn2_free(ascii);
	return 0;
}

static bool is_letter(char byte)
{
	return url_lower(byte) >= 'a' && url_lower(byte) <= 'z';
}

/*
 * Beside a label from right to left, the others are bound too (RFC 5893 2): rules 1 and 6, which
 * libidn2 does not apply to them, as far as ASCII breaks them.
 */
static bool breaks_direction(const char *label, size_t size)
{
	char first, last;

	if (!size)
		return false;
	first = label[0];
	last = label[size - 1];
	return (!(first & 0x80) && !is_letter(first)) ||
	       (!(last & 0x80) && !is_letter(last) && url_digit(last, 10) < 0);
}

/* A label that libidn2 need not see: ASCII, and not one that claims to be encoded. */
static bool is_plain(const char *label, size_t size)
{
	if (size >= 4 && !strncasecmp(label, "xn--", 4))
		return false;
	for (size_t i = 0; i < size; i++)
		if (label[i] & 0x80)
			return false;
	return true;
}

static int put_domain(struct url_output *output, char *domain, size_t size, const char **why)
{
	bool right_to_left = holds(domain, is_right_to_left);
	char *label = domain, *end = domain + size;

	for (;;) {
		char *at = label;
		size_t stop = 0;
		int error = 0;

		while (at < end && !(stop = stop_at(at, (size_t)(end - at))))
			at++;
		*at = '\0';
		if (right_to_left && breaks_direction(label, (size_t)(at - label))) {
			*why = "a label breaks the rules on right-to-left scripts beside another";
			return -EINVAL;
		}
		if (is_plain(label, (size_t)(at - label)))
			url_put(output, label, (size_t)(at - label));
		else
			error = put_label(output, label, why);
		if (error)
			return error;
		if (at == end)
			return 0;
		url_put_byte(output, '.');
		label = at + stop;
	}
}

/* U+1E9E, the capital of U+00DF, becomes that; libidn2 still has Unicode 15.0's "ss", another host.
 */
static size_t copy_domain(char *copy, const char *domain, size_t size)
{
	char *to = copy;

	for (const char *at = domain, *end = domain + size; at < end;) {
		if (end - at >= 3 && !memcmp(at, "\u1e9e", 3)) {
			memcpy(to, "\u00df", 2);
			to += 2;
			at += 3;
		} else {
			*to++ = *at++;
		}
	}
	*to = '\0';
	return (size_t)(to - copy);
}

int url_domain_to_ascii(const char *domain, size_t size, char **ascii, const char **why)
{
	struct url_output output = { 0 };
	char *copy = malloc(size + 1);
	int error = 0;

	*why = "no memory";
	if (!copy)
		return -ENOMEM;
	error = put_domain(&output, copy, copy_domain(copy, domain, size), why);
	free(copy);
	url_put_byte(&output, '\0');
	if (!error && output.failed)
		error = -ENOMEM;
	if (error)
		free(output.data);
	else
		*ascii = output.data;
	return error;
}
