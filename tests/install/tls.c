/* SPDX-License-Identifier: MIT */
/* A program outside the tree that needs TLS: says what a server without certificate lacks. */
#include <await.h>

#include <stdio.h>

/* Names that the library uses inside too. */
int codec_new(void);

int codec_new(void)
{
	return 0;
}

int main(void)
{
	async_tls *tls = async_tls_client(NULL);

	if (!tls || async_tls_server(NULL))
		return 1;
	async_tls_free(tls);
	printf("%s\n", async_error());
	return codec_new();
}
