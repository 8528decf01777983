/* SPDX-License-Identifier: MIT */
/* Names of files for URLs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"
#include "name.h"

static const char *name_of(const char *text)
{
	static char names[4][FILE_NAME_BYTES];
	static int next;
	char *name = names[next++ % 4];
	async_url url;

	CHECK_INT(async_url_parse(text, NULL, &url), 0);
	name_of_url(&url, name);
	async_url_free(&url);
	return name;
}

/* The readable part; the hash must be there. */
static const char *stem_of(const char *text)
{
	static char stem[FILE_NAME_BYTES];
	const char *name = name_of(text), *dash = strrchr(name, '-');

	CHECK(dash && strspn(dash + 1, "0123456789abcdef") == 16);
	CHECK(!dash[17] || dash[17] == '.');
	snprintf(stem, sizeof stem, "%.*s%s", (int)(dash - name), name, dash + 17);
	return stem;
}

TEST_WITH(names_are_readable, "H46", .backends = ONCE)
{
	CHECK_STR(stem_of("http://example.org/"), "example.org");
	CHECK_STR(stem_of("https://example.org/docs/intro.html"), "example.org_docs_intro.html");
	CHECK_STR(stem_of("http://example.org:8080/a//b/"), "example.org_8080_a_b");
	CHECK_STR(stem_of("http://example.org/a.tar.gz?x=1&y=2"), "example.org_a.tar_x_1_y_2.gz");
	CHECK_STR(stem_of("http://[::1]/x"), "1_x");
	CHECK_STR(stem_of("http://user:secret@h/x"), "h_x");
	CHECK_STR(stem_of("http://h/%2e%2e%2fetc%2fpasswd"), "h_2e_2e_2fetc_2fpasswd");
	CHECK_STR(stem_of("http://h/caf\xc3\xa9"), "h_caf_C3_A9");
}

TEST_WITH(what_is_a_suffix, "H46", .backends = ONCE)
{
	CHECK_STR(stem_of("http://h/.hidden"), "h_.hidden");
	CHECK_STR(stem_of("http://h/a.b/c"), "h_a.b_c");
	CHECK_STR(stem_of("http://h/a."), "h_a");
	CHECK_STR(stem_of("http://h/a.toolongforone"), "h_a.toolongforone");
	CHECK_STR(stem_of("http://h/a.b-c"), "h_a.b-c");
	CHECK_STR(stem_of("http://h/a.JPG#top"), "h_a.JPG");
}

TEST_WITH(names_are_unique_and_stay, "H46", .backends = ONCE)
{
	char name[FILE_NAME_BYTES];

	CHECK(strcmp(name_of("http://h/a/b"), name_of("http://h/a_b")));
	CHECK(strcmp(name_of("http://h/a"), name_of("https://h/a")));
	CHECK(strcmp(name_of("http://h/a?x"), name_of("http://h/a?X")));
	snprintf(name, sizeof name, "%s", name_of("http://h/a"));
	CHECK_STR(name_of("http://h/a"), name);
	CHECK_STR(name_of("http://u:p@h:80/./a#part"), name);
	/* From release to release: files of older runs are found again. */
	CHECK_STR(name_of("http://example.org/a.html"), "example.org_a-279160e280a83597.html");
}

TEST_WITH(long_ones_are_cut, "H46", .backends = ONCE)
{
	char url[4000];
	const char *one, *other;

	snprintf(url, sizeof url, "http://h/%0*d1.txt", 3000, 0);
	one = name_of(url);
	CHECK_INT(strlen(one), 120 + 1 + 16 + 4);
	CHECK_STR(one + strlen(one) - 4, ".txt");
	snprintf(url, sizeof url, "http://h/%0*d2.txt", 3000, 0);
	other = name_of(url);
	CHECK(strcmp(one, other));
	CHECK_INT(strncmp(one, other, 121), 0);
}
