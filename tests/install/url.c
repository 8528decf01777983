/* SPDX-License-Identifier: MIT */
/* A program outside the tree that needs URLs: prints its argument as the library reads it. */
#include <await.h>

#include <stdio.h>

/* Names that the library uses inside too. */
int url_put(void);

int url_put(void)
{
	return 0;
}

int main(int argc, char **argv)
{
	async_url url;

	if (async_url_parse(argc > 1 ? argv[1] : "http://localhost", NULL, &url))
		return printf("%s\n", async_error()) < 0;
	printf("%s\n", url.href);
	async_url_free(&url);
	return url_put();
}
