/* SPDX-License-Identifier: MIT */
/*
 * Charsets by iconv(3). Only those that web pages may be in (WHATWG Encoding, 4.2): for any other
 * name the C library would look for a module that the peer chose, and names may carry orders of
 * their own ("utf-8//IGNORE"). A thread does it, since modules are read from the disk.
 */
#include <await/thread.h>
#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "http/charset.h"
#include "http/html.h"
#include "url/url.h"

bool charset_is_utf8(const char *charset)
{
	return !*charset || !strcmp(charset, "utf-8") || !strcmp(charset, "utf8") ||
	       !strcmp(charset, "us-ascii") || !strcmp(charset, "ascii");
}

int charset_check_utf8(const char *text, size_t size)
{
	size_t at = 0, length;
	uint64_t word;

	while (at < size) {
		if (size - at >= sizeof word) {
			memcpy(&word, text + at, sizeof word);
			if (!(word & 0x8080808080808080)) {
				at += sizeof word;
				continue;
			}
		}
		length = utf8_sequence(text + at, size - at);
		if (!length)
			return async_fail(-EILSEQ, "text that is not UTF-8: its byte %zu", at);
		at += length;
	}
	return 0;
}

static bool charset_known(const char *charset)
{
	static const char names[] =
		" latin1 l1 iso-8859-1 iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 "
		"iso-8859-7 iso-8859-8 iso-8859-9 iso-8859-10 iso-8859-13 iso-8859-14 iso-8859-15 "
		"iso-8859-16 windows-1250 windows-1251 windows-1252 windows-1253 windows-1254 "
		"windows-1255 windows-1256 windows-1257 windows-1258 windows-874 cp1250 cp1251 "
		"cp1252 ibm866 koi8-r koi8-u macintosh gbk gb2312 gb18030 big5 euc-jp shift_jis "
		"iso-2022-jp euc-kr utf-16 utf-16le utf-16be ";
	size_t size = strlen(charset);
	const char *at = strchr(charset, ' ') ? NULL : strstr(names, charset);

	for (; at; at = strstr(at + 1, charset)) {
		if (at[-(at > names)] == ' ' && at[size] == ' ')
			return true;
	}
	return false;
}

struct conversion {
	const char *charset, *data;
	size_t size, room;
	char *text;
};

/* Room for some more, and a zero. */
static int grow(struct conversion *conversion, char **to, size_t *left)
{
	size_t used = conversion->text ? (size_t)(*to - conversion->text) : 0;
	char *larger = realloc(conversion->text, conversion->room * 2 + 1);

	if (!larger)
		return async_fail(-ENOMEM, "no memory for text of %zu bytes", conversion->room * 2);
	conversion->room *= 2;
	conversion->text = larger;
	*to = larger + used;
	*left = conversion->room - used;
	return 0;
}

static long convert(struct conversion *conversion, iconv_t codec)
{
	char *from = (char *)conversion->data, *to = NULL;
	size_t size = conversion->size, left = 0;
	int error = grow(conversion, &to, &left);

	while (!error) {
		/* What is in the middle of a shift is flushed last. */
		if (iconv(codec, &from, &size, &to, &left) != (size_t)-1 &&
		    iconv(codec, NULL, NULL, &to, &left) != (size_t)-1) {
			*to = '\0';
			return to - conversion->text;
		}
		error = errno == E2BIG ?
				grow(conversion, &to, &left) :
				async_fail(-EILSEQ, "text that is not %s: its byte %zu",
					   conversion->charset, (size_t)(from - conversion->data));
	}
	free(conversion->text);
	conversion->text = NULL;
	return error;
}

static long job(void *arg)
{
	struct conversion *conversion = arg;
	iconv_t codec = iconv_open("utf-8", conversion->charset);
	long result;

	if (codec == (iconv_t)-1)
		return errno == ENOMEM ? async_fail(-ENOMEM, "no memory for converting text") :
					 async_fail(-EINVAL,
						    "the charset \"%s\", which the C library here "
						    "does not know",
						    conversion->charset);
	result = convert(conversion, codec);
	iconv_close(codec);
	return result;
}

ssize_t await_charset_convert(const char *charset, const char *data, size_t size, char **text)
{
	struct conversion conversion = { charset, data, size, size + 8, NULL };
	char name[80];
	ssize_t result;

	if (!*charset || !charset_known(charset)) {
		http_log_escape(name, sizeof name, charset, strlen(charset));
		return async_fail(-EINVAL,
				  "the charset \"%s\", which is not one of those known here", name);
	}
	result = await_thread(job, &conversion);
	if (result < 0)
		free(conversion.text);
	else
		*text = conversion.text;
	return result;
}
