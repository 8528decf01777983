/* SPDX-License-Identifier: MIT */
/* Addresses as text: whatever is accepted must come out again as text that means the same address. */
#include <await.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_storage address, again;
	socklen_t length, again_length;
	char text[256], *input = malloc(size + 1);

	memcpy(input, data, size);
	input[size] = '\0';
	if (!async_address_parse(input, &address, &length)) {
		async_address_format((struct sockaddr *)&address, length, text, sizeof text);
		if (async_address_parse(text, &again, &again_length))
			abort();
		/* An IPv4 address inside an IPv6 one is shown, and read again, as what it is. */
		if (address.ss_family == again.ss_family &&
		    (length != again_length || memcmp(&address, &again, length)))
			abort();
	}
	free(input);
	return 0;
}
