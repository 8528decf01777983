/* SPDX-License-Identifier: MIT */
/* A page from the web in a plain main(), without a loop. */
#include <await.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	async_response *answer = await_http_get(argc > 1 ? argv[1] : "https://www.debian.org/");
	const char *text = await_response_text(answer);

	if (text)
		fputs(text, stdout);
	else
		fprintf(stderr, "%s\n", async_error());
	async_response_free(answer);
	return text == NULL;
}
