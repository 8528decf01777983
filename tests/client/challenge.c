/* SPDX-License-Identifier: MIT */
/* WWW-Authenticate, word by word. */
#include <stdio.h>
#include <string.h>
#include <await.h>
#include "client/challenge.h"
#include "harness.h"

/* "Basic realm=x" as "Basic{realm=x}", tokens as "Negotiate{:abc}", the rest as "!". */
static const char *read(const char *text)
{
	static char out[1000];
	struct challenge_reader reader;
	struct challenge_item item;
	size_t used = 0;

	*out = '\0';
	challenge_begin(&reader, text, strlen(text));
	while (challenge_next(&reader, &item)) {
		char value[200];
		int size = (int)challenge_decode(item.value, item.value_size, value);

		used += (size_t)snprintf(out + used, sizeof out - used, "%s%.*s%s%.*s",
					 item.kind == CHALLENGE_MALFORMED ? "!" :
					 item.kind == CHALLENGE_SCHEME	  ? "|" :
									    " ",
					 (int)item.name_size, item.name ? item.name : "",
					 item.kind == CHALLENGE_TOKEN	  ? ":" :
					 item.kind == CHALLENGE_PARAMETER ? "=" :
									    "",
					 size, value);
	}
	return out;
}

TEST_WITH(schemes_and_parameters, "H39", .backends = ONCE)
{
	CHECK_STR(read(""), "");
	CHECK_STR(read("Basic"), "|Basic");
	CHECK_STR(read("Basic realm=\"a b\""), "|Basic realm=a b");
	CHECK_STR(read("Basic realm=\"a, b\", charset=\"UTF-8\""),
		  "|Basic realm=a, b charset=UTF-8");
	CHECK_STR(read("Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", "
		       "Basic realm=\"simple\""),
		  "|Newauth realm=apps type=1 title=Login to \"apps\"|Basic realm=simple");
	CHECK_STR(read("Negotiate, NTLM,Basic realm=x"), "|Negotiate|NTLM|Basic realm=x");
	CHECK_STR(read("Negotiate a87421000492aa874209af8bc028==, Basic realm=x"),
		  "|Negotiate :a87421000492aa874209af8bc028==|Basic realm=x");
	CHECK_STR(read("Bearer abc, NTLM"), "|Bearer :abc|NTLM");
	CHECK_STR(read(" , ,Basic ,, realm = x\t,\ty=\"\" , "), "|Basic realm=x y=");
	CHECK_STR(read("Digest nonce=a/b+c==, realm=\"\\\\\\q\""),
		  "|Digest nonce=a/b+c== realm=\\q");
	CHECK_STR(read("Digest nonce=x, realm="), "|Digest nonce=x realm=");
	/* By the grammar, since a parameter has a value. */
	CHECK_STR(read("Digest realm=, nonce=x"), "|Digest :realm= nonce=x");
	CHECK_STR(read("nextnonce=\"x\", qop=auth"), " nextnonce=x qop=auth");
}

TEST_WITH(what_cannot_be_told, "H39", .backends = ONCE)
{
	CHECK_STR(read("Basic realm=\"x"), "|Basic!realm");
	CHECK_STR(read("Basic realm=\"x\\\""), "|Basic!realm");
	CHECK_STR(read("Basic realm=\"x\" y=1"), "|Basic realm=x!");
	CHECK_STR(read("Basic \"x\""), "|Basic!");
	CHECK_STR(read("=x"), "!");
	CHECK_STR(read("Ba@sic realm=x"), "!Ba");
	CHECK_STR(read("Basic realm=x\"y\", a=b"), "|Basic realm=x!");
}
