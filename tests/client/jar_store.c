/* SPDX-License-Identifier: MIT */
/* A jar that is full, and one with much in it. */
#include "keeping.h"

static async_cookie_jar *jar;

static void kept(const char *url, const char *set_cookie)
{
	CHECK_INT(set_from(jar, url, set_cookie), 0);
}

TEST_TASK(a_domain_that_is_full, "H40")
{
	jar = async_cookie_jar_new(&(async_cookie_jar_options){ .per_domain = 3 });
	kept("https://a.org/x", "a=1; Path=/x");
	kept("https://a.org/", "b=2");
	kept("https://a.org/", "c=3");
	/* Used is not old. */
	CHECK_STR(field_to(jar, "http://a.org/x"), "a=1; b=2; c=3");
	CHECK_STR(field_to(jar, "http://a.org/"), "b=2; c=3");
	kept("https://a.org/", "d=4");
	CHECK_STR(field_to(jar, "https://a.org/x"), "b=2; c=3; d=4");
	/* Set again, it is new in use, and as old as before in order. */
	kept("https://a.org/", "b=5");
	kept("https://a.org/", "e=6");
	CHECK_STR(field_to(jar, "https://a.org/"), "b=5; d=4; e=6");
	/* Other domains are not asked to pay. */
	kept("https://b.org/", "z=1");
	CHECK_STR(field_to(jar, "https://a.org/"), "b=5; d=4; e=6");
	async_cookie_jar_free(jar);
}

TEST_TASK(secure_ones_go_last, "H40")
{
	jar = async_cookie_jar_new(&(async_cookie_jar_options){ .per_domain = 2 });
	kept("https://a.org/", "s=1; Secure");
	kept("http://a.org/", "a=1");
	kept("http://a.org/", "b=2");
	CHECK_STR(field_to(jar, "https://a.org/"), "s=1; b=2");
	kept("https://a.org/", "t=1; Secure");
	CHECK_STR(field_to(jar, "https://a.org/"), "s=1; t=1");
	/* No room for what is not. */
	kept("http://a.org/", "c=3");
	CHECK_STR(field_to(jar, "https://a.org/"), "s=1; t=1");
	kept("https://a.org/", "u=1; Secure");
	CHECK_STR(field_to(jar, "https://a.org/"), "t=1; u=1");
	async_cookie_jar_free(jar);
}

TEST_TASK(a_jar_that_is_full, "H40")
{
	char url[100], text[100];

	jar = async_cookie_jar_new(&(async_cookie_jar_options){ .cookies = 10 });
	for (int i = 0; i < 10; i++) {
		snprintf(url, sizeof url, "http://h%d.org/", i);
		kept(url, "a=1; Max-Age=100");
	}
	CHECK_STR(field_to(jar, "http://h0.org/"), "a=1");
	kept("http://b.org/", "b=1");
	CHECK_STR(field_to(jar, "http://h0.org/"), "a=1");
	CHECK_STR(field_to(jar, "http://h1.org/"), "");
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof text, "n%d=%d", i % 13, i);
		kept("http://b.org/", text);
		CHECK_INT(async_cookie_jar_count(jar), 10);
	}
	CHECK_STR(field_to(jar, "http://b.org/"), "n2=990; n3=991; n4=992; n5=993; n6=994; n7=995; "
						  "n8=996; n9=997; n10=998; n11=999");
	async_cookie_jar_free(jar);
}

TEST_TASK(the_limits_by_default, "H40")
{
	char url[100], text[100];

	jar = async_cookie_jar_new(NULL);
	for (int i = 0; i < JAR_COOKIES + 100; i++) {
		snprintf(url, sizeof url, "http://h%d.org/", i / 200);
		snprintf(text, sizeof text, "n%d=1; Max-Age=%d", i, 1000 + i * 7 % 1000);
		kept(url, text);
	}
	CHECK_INT(jar->domain_count, (JAR_COOKIES + 100 + 199) / 200);
	for (const struct async_link_ *link = jar->by_age.first; link; link = link->next)
		CHECK(container_of(link, const struct jar_cookie, in_age)->domain->count <=
		      JAR_PER_DOMAIN);
	CHECK_INT(jar->heap.count, jar->count);
	CHECK(jar->count <= JAR_COOKIES);
	async_cookie_jar_free(jar);
}

/* Against a jar of the plainest kind, by chance. */
enum { MODEL_NAMES = 5, MODEL_HOSTS = 40, MODEL_STEPS = 20000 };

TEST_TASK_WITH(as_a_plain_table, "H40", .backends = ONCE)
{
	static int model[MODEL_HOSTS][MODEL_NAMES]; /* the value, 0: none */
	unsigned int seed = 1;
	size_t count = 0;

	jar = async_cookie_jar_new(NULL);
	for (int step = 1; step <= MODEL_STEPS; step++) {
		int host = rand_r(&seed) % MODEL_HOSTS, name = rand_r(&seed) % MODEL_NAMES;
		bool gone = rand_r(&seed) % 2, expires = rand_r(&seed) % 2;
		char url[100], text[100], expected[200] = "";

		snprintf(url, sizeof url, "http://h%d.org/", host);
		snprintf(text, sizeof text, "n%d=%d; Path=/%.*s; %s", name, step, name, "xxxxx",
			 gone	 ? "Max-Age=0" :
			 expires ? "Max-Age=1000" :
				   "");
		kept(url, text);
		count -= model[host][name] != 0;
		model[host][name] = gone ? 0 : step;
		count += model[host][name] != 0;
		CHECK_INT(async_cookie_jar_count(jar), count);
		if (step % 16)
			continue;
		for (int i = 0; i < MODEL_NAMES; i++) {
			snprintf(url, sizeof url, "http://h%d.org/%.*s", host, i, "xxxxx");
			*expected = '\0';
			if (model[host][i])
				snprintf(expected, sizeof expected, "n%d=%d", i, model[host][i]);
			if (i && model[host][0])
				snprintf(expected + strlen(expected), 100, "%sn0=%d",
					 *expected ? "; " : "", model[host][0]);
			CHECK_STR(field_to(jar, url), expected);
		}
	}
	async_cookie_jar_free(jar);
}
