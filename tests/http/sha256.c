/* SPDX-License-Identifier: MIT */
/* SHA-256 by the examples of FIPS 180-4 and the sizes around a block. */
#include <stdio.h>
#include <string.h>
#include "http/sha256.h"
#include "harness.h"

static const char *hash(const char *data, size_t size, size_t step)
{
	static char text[65];
	unsigned char digest[32];
	struct sha256 sha;

	sha256_begin(&sha);
	for (size_t at = 0; at < size; at += step)
		sha256_add(&sha, data + at, size - at < step ? size - at : step);
	sha256_end(&sha, digest);
	for (int i = 0; i < 32; i++)
		snprintf(text + 2 * (size_t)i, 3, "%02x", digest[i]);
	return text;
}

TEST(digests_of_the_standard, "W39")
{
	static char million[1000 * 1000];

	CHECK_STR(hash("", 0, 1), "e3b0c44298fc1c149afbf4c8996fb924"
				  "27ae41e4649b934ca495991b7852b855");
	CHECK_STR(hash("abc", 3, 3), "ba7816bf8f01cfea414140de5dae2223"
				     "b00361a396177a9cb410ff61f20015ad");
	CHECK_STR(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, 7),
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(million, 'a', sizeof million);
	for (size_t step = 61; step < 70; step++)
		CHECK_STR(hash(million, sizeof million, step),
			  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(sizes_around_a_block, "W39")
{
	static const struct {
		size_t size;
		const char *digest;
	} cases[] = {
		{ 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318" },
		{ 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a" },
		{ 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34" },
		{ 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb" },
		{ 65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0" },
		{ 119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb" },
		{ 120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c" },
	};
	char text[128];

	memset(text, 'a', sizeof text);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_STR(hash(text, cases[i].size, 1 + i), cases[i].digest);
}
