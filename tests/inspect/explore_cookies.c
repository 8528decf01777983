/* SPDX-License-Identifier: MIT */
/* A cancel at every point of saving a cookie jar and loading it: the file is the old one or the new
 * one, and nothing is left beside it. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <await/cookies.h>
#include <await/url.h>
#include "inspect/explore.h"

static char directory[] = "/tmp/explore-cookies-XXXXXX";
static char path[100];

static void put(async_cookie_jar *jar, const char *name)
{
	async_url url;

	if (!async_url_parse("http://a.org/", NULL, &url))
		async_cookie_jar_add(jar, &url, name, "1");
	async_url_free(&url);
}

static int save_and_load(void *arg)
{
	async_cookie_jar *jar = async_cookie_jar_new(NULL);
	ssize_t n;

	(void)arg;
	put(jar, "first");
	/* The old file, whatever is cancelled. */
	async_shield (60)
		CHECK_INT(await_cookie_jar_save(jar, path), 0);
	put(jar, "second");
	n = await_cookie_jar_save(jar, path);
	async_cookie_jar_clear(jar);
	if (n >= 0)
		n = await_cookie_jar_load(jar, path);
	async_cookie_jar_free(jar);
	return excused((int)n);
}

/* One or two cookies in the only file there is. */
static int whole(void *arg)
{
	async_cookie_jar *jar = async_cookie_jar_new(NULL);
	ssize_t n = await_cookie_jar_load(jar, path);
	DIR *entries = opendir(directory);
	int files = 0;

	(void)arg;
	for (struct dirent *entry; (entry = readdir(entries));)
		files += *entry->d_name != '.';
	closedir(entries);
	async_cookie_jar_free(jar);
	return n < 1 || n > 2 || files != 1 ? -EBADMSG : 0;
}

TEST_WITH(files_of_cookies, "H40 X02", .backends = BACKEND_SIM, .deadline = 120, .in_thread = 1)
{
	async_cookie_jar *jar = async_cookie_jar_new(NULL);

	CHECK(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/cookies.json", directory);
	if (await_cookie_jar_save(jar, path) == -EOPNOTSUPP) {
		async_cookie_jar_free(jar);
		rmdir(directory);
		SKIP("built without jansson");
	}
	async_cookie_jar_free(jar);
	explore(save_and_load, whole);
	unlink(path);
	CHECK_INT(rmdir(directory), 0);
}
