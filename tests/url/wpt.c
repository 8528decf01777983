/* SPDX-License-Identifier: MIT */
/*
 * The URL suite of web-platform-tests, whose data is not part of this project:
 *
 *	WPT_URL=/path/to/wpt/url/resources build/tests/url_wpt
 *
 * with WPT_URL_REPORT=FILE the counts, and each case refused, are appended to that file.
 *
 * Only what concerns http, https, ws and wss counts. Each case may fail for one reason only, which
 * docs/url.md gives: libidn2 refuses a host that the standard takes. All others must pass.
 */
#define _GNU_SOURCE
#include <await.h>
#include <errno.h>
#include <stdarg.h>
#include "url/wpt_json.h"

struct tally {
	const char *file;
	int known; /* how many libidn2 2.3.3 refuses; later ones know more of Unicode */
	int passed, refused, failed, skipped;
};

static const char *suite(void)
{
	const char *folder = getenv("WPT_URL");

	if (!folder)
		SKIP("WPT_URL names no folder with web-platform-tests' url/resources");
	return folder;
}

static const struct json *cases(const char *name)
{
	const struct json *file = json_file(suite(), name);

	if (!file)
		SKIP("WPT_URL has no such file");
	return file;
}

/* The harness shows what a case prints only when it failed. */
__attribute__((format(printf, 1, 2))) static void report(const char *format, ...)
{
	const char *path = getenv("WPT_URL_REPORT");
	FILE *file = path ? fopen(path, "a") : NULL;
	va_list arguments;

	va_start(arguments, format);
	vfprintf(file ? file : stdout, format, arguments);
	va_end(arguments);
	if (file)
		fclose(file);
}

static int has_idna(void)
{
	async_url url;
	int error = async_url_parse("http://b\u00fccher.example", NULL, &url);

	async_url_free(&url);
	return error != -ENOTSUP;
}

static void tell(const struct tally *tally)
{
	report("%s: passed %d of %d, refused by libidn2 %d, failed %d; not ours %d\n", tally->file,
	       tally->passed, tally->passed + tally->refused + tally->failed, tally->refused,
	       tally->failed, tally->skipped);
	CHECK_INT(tally->failed, 0);
	CHECK(tally->passed > 0);
	CHECK(tally->refused <= tally->known || !has_idna());
}

static int wrong(const struct json *input, const char *what, const char *actual,
		 const char *expected)
{
	printf("input \"%s\": %s is \"%s\", not \"%s\"\n", input->string, what, actual, expected);
	return 0;
}

/* Whether a part is what the object's member says; `before` and `behind` belong to it there. */
static int part_is(const struct json *test, const char *key, const char *before,
		   async_url_part part, const char *behind)
{
	const struct json *member = json_member(test, key);
	char *text;
	int same;

	if (!member)
		return 1;
	if (asprintf(&text, "%s%.*s%s", part.size ? before : "", ASYNC_URL_PART(part),
		     part.size ? behind : "") < 0)
		return 0;
	same = !strcmp(text, member->string) ||
	       wrong(json_member(test, "input"), key, text, member->string);
	free(text);
	return same;
}

static async_url_part port_of(const async_url *url)
{
	async_url_part host = async_url_host(url), authority = async_url_authority(url);

	if (host.size == authority.size)
		return (async_url_part){ "", 0 };
	return (async_url_part){ authority.data + host.size + 1, authority.size - host.size - 1 };
}

static int is_as_told(const struct json *test, const async_url *url)
{
	char *origin = async_url_origin(url);
	async_url_part whole = { url->href, url->size }, from = { origin, strlen(origin) };
	int good = part_is(test, "href", "", whole, "") &&
		   part_is(test, "protocol", "", async_url_scheme(url), ":") &&
		   part_is(test, "username", "", async_url_username(url), "") &&
		   part_is(test, "password", "", async_url_password(url), "") &&
		   part_is(test, "host", "", async_url_authority(url), "") &&
		   part_is(test, "hostname", "", async_url_host(url), "") &&
		   part_is(test, "port", "", port_of(url), "") &&
		   part_is(test, "pathname", "", async_url_path(url), "") &&
		   part_is(test, "search", "?", async_url_query(url), "") &&
		   part_is(test, "hash", "#", async_url_fragment(url), "");

	/* ws and wss have origins of their own here, as in the standard. */
	good = good && part_is(test, "origin", "", from, "");
	free(origin);
	return good;
}

static void refuse(const struct json *input, struct tally *tally)
{
	tally->refused++;
	report("refused: \"%s\": %s\n", input->string, async_error());
}

static void count_refusal(const struct json *test, int error, struct tally *tally)
{
	const struct json *input = json_member(test, "input");

	if (json_member(test, "failure") && error == -EINVAL) {
		tally->passed++;
	} else if (error == -ENOTSUP ||
		   (error == -EINVAL && strstr(async_error(), "no domain name"))) {
		refuse(input, tally);
	} else {
		tally->failed++;
		printf("input \"%s\": %s\n", input->string, async_error());
	}
}

static int parse(const struct json *text, const async_url *base, async_url *url)
{
	async_url_options options = { base, 1 << 20 };

	return async_url_parse_bytes(text->string, text->size, &options, url);
}

/* The base is a string or null; a URL of other schemes is no base of ours. */
static int parse_base(const struct json *test, async_url *base)
{
	const struct json *text = json_member(test, "base");

	memset(base, 0, sizeof *base);
	if (!text || text->kind != '"')
		return 0;
	return parse(text, NULL, base);
}

static void run_case(const struct json *test, struct tally *tally)
{
	async_url base, url;
	int base_error = parse_base(test, &base);
	int error = parse(json_member(test, "input"), base.href ? &base : NULL, &url);
	const struct json *protocol = json_member(test, "protocol");

	/* Relative to what we do not parse, or not ours itself. A failure is ours when nothing in
	 * it is of another scheme. */
	if (error == -EPROTONOSUPPORT || (base_error == -EPROTONOSUPPORT && error) ||
	    (protocol && strncmp(protocol->string, "http", 4) &&
	     strncmp(protocol->string, "ws", 2))) {
		tally->skipped++;
		async_url_free(&url);
	} else if (base_error && json_member(test, "failure")) {
		tally->passed++; /* the base alone makes it fail */
		async_url_free(&url);
	} else if (error) {
		count_refusal(test, error, tally);
	} else {
		if (json_member(test, "failure")) {
			wrong(json_member(test, "input"), "result", url.href, "failure");
			tally->failed++;
		} else if (is_as_told(test, &url)) {
			tally->passed++;
		} else {
			tally->failed++;
		}
		async_url_free(&url);
	}
	async_url_free(&base);
}

static void run_parsing(const char *file)
{
	struct tally tally = { .file = file };

	for (const struct json *test = cases(file)->first; test; test = test->next)
		if (test->kind == '{')
			run_case(test, &tally);
	tell(&tally);
}

TEST_WITH(wpt_parsing, "H06", .backends = ONCE, .may_leak = 1, .deadline = 30)
{
	run_parsing("urltestdata.json");
}

TEST_WITH(wpt_parsing_more, "H06", .backends = ONCE, .may_leak = 1, .deadline = 30)
{
	run_parsing("ada_extra_urltestdata.json");
}

/* The hosts alone, as "domain to ASCII" takes them. */
static void run_domains(const char *file, int known)
{
	struct tally tally = { .file = file, .known = known };

	if (!has_idna())
		SKIP("built without libidn2");
	for (const struct json *test = cases(file)->first; test; test = test->next) {
		const struct json *input, *output;
		async_url url;
		char *text;
		int error;

		if (test->kind != '{')
			continue;
		input = json_member(test, "input");
		output = json_member(test, "output");
		/* What a URL takes for its own is no test of domains. */
		if (!input->size || strpbrk(input->string, ":/\\?#@[]\t\n\r")) {
			tally.skipped++;
			continue;
		}
		CHECK(asprintf(&text, "http://%s/", input->string) > 0);
		error = async_url_parse(text, NULL, &url);
		if (error && output->kind != '"')
			tally.passed++;
		else if (error && strstr(async_error(), "no domain name"))
			refuse(input, &tally);
		else if (!error && output->kind == '"' &&
			 async_url_host(&url).size == output->size &&
			 !memcmp(async_url_host(&url).data, output->string, output->size))
			tally.passed++;
		else
			tally.failed += 1 + wrong(input, "host", error ? async_error() : url.href,
						  output->string);
		free(text);
		async_url_free(&url);
	}
	tell(&tally);
}

TEST_WITH(wpt_domains, "H06", .backends = ONCE, .may_leak = 1, .deadline = 30)
{
	run_domains("toascii.json", 8);
}

TEST_WITH(wpt_domains_of_unicode, "H06", .backends = ONCE, .may_leak = 1, .deadline = 30)
{
	run_domains("IdnaTestV2.json", 126);
}

static void run_setter(const char *name, int set(async_url *url, const char *text),
		       struct tally *tally)
{
	const struct json *tests = json_member(cases(tally->file), name);

	for (const struct json *test = tests->first; test; test = test->next) {
		const struct json *href = json_member(test, "href");
		const char *expected = json_member(json_member(test, "expected"), "href")->string;
		const struct json *value = json_member(test, "new_value");
		async_url url;

		/* Another scheme, or a zero in the value, which no text of C holds. */
		if (strlen(value->string) != value->size ||
		    async_url_parse(href->string, NULL, &url)) {
			tally->skipped++;
			continue;
		}
		CHECK_INT(set(&url, value->string), 0);
		if (!strcmp(url.href, expected))
			tally->passed++;
		else
			tally->failed += 1 + wrong(href, name, url.href, expected);
		async_url_free(&url);
	}
}

TEST_WITH(wpt_setters, "H05", .backends = ONCE, .may_leak = 1)
{
	struct tally tally = { .file = "setters_tests.json" };

	run_setter("search", async_url_set_query, &tally);
	run_setter("hash", async_url_set_fragment, &tally);
	tell(&tally);
}

TEST_WITH(wpt_percent_encoding, "H05", .backends = ONCE, .may_leak = 1)
{
	struct tally tally = { .file = "percent-encoding.json" };

	for (const struct json *test = cases(tally.file)->first; test; test = test->next) {
		const struct json *input, *output;
		char *encoded;

		if (test->kind != '{')
			continue;
		input = json_member(test, "input");
		output = json_member(json_member(test, "output"), "utf-8");
		encoded = async_percent_encode(input->string, input->size,
					       ASYNC_PERCENT_SPECIAL_QUERY);
		CHECK(encoded);
		if (!strcmp(encoded, output->string))
			tally.passed++;
		else
			tally.failed += 1 + wrong(input, "encoding", encoded, output->string);
		free(encoded);
	}
	tell(&tally);
}
