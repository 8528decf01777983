/* SPDX-License-Identifier: MIT */
/* A program outside the tree that needs names: prints what one resolves to, or why it does not. */
#include <await.h>

#include <stdio.h>

static int look_up(void *arg)
{
	async_addresses addresses;
	char text[128];
	int error = await_resolve(arg, NULL, &addresses);

	if (error)
		return printf("%s\n", async_error()) < 0;
	for (size_t i = 0; i < addresses.count; i++)
		printf("%s\n", async_address_format((struct sockaddr *)&addresses.list[i].address,
						    addresses.list[i].length, text, sizeof text));
	async_addresses_free(&addresses);
	return 0;
}

int main(int argc, char **argv)
{
	return async_run(look_up, argc > 1 ? argv[1] : "localhost:80");
}
