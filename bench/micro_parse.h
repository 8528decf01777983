/* SPDX-License-Identifier: MIT */
/*
 * The head of an HTTP/1 request as a browser sends it: 703 bytes, 13 fields. Parsed with each set
 * of inner loops that the machine has, and by llhttp where Debian's node-llhttp is installed; its
 * callbacks do nothing but return, so that it is shown at its best.
 */
#ifndef BENCH_MICRO_PARSE_H
#define BENCH_MICRO_PARSE_H

#include "micro.h"
#ifdef HAVE_INTERNALS
#include "http/head.h"
#ifdef HAVE_LLHTTP
#include <llhttp.h>
#endif

static const char browser_request[] =
	"GET /search/results?q=coroutines&lang=en&page=2 HTTP/1.1\r\n"
	"Host: www.example.com\r\n"
	"Connection: keep-alive\r\n"
	"sec-ch-ua: \"Chromium\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\n"
	"sec-ch-ua-mobile: ?0\r\n"
	"Upgrade-Insecure-Requests: 1\r\n"
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
	"Chrome/124.0.0.0 Safari/537.36\r\n"
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q="
	"0.8\r\n"
	"Referer: https://www.example.com/index.html\r\n"
	"Accept-Encoding: gzip, deflate, br\r\n"
	"Accept-Language: en-US,en;q=0.9,de;q=0.8\r\n"
	"Cache-Control: max-age=0\r\n"
	"Cookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=yes12345\r\n"
	"If-None-Match: W/\"3a64df551425fcc55e4d42a148795d9\"\r\n\r\n";

static double time_parser(const struct head_parser *parser, long count)
{
	struct http_field list[128];
	struct http_head head;
	double start_ns;
	long i;

	head_parser_forced = parser;
	start_ns = wall_ns();
	for (i = 0; i < count; i++) {
		http_head_begin(&head, NULL, list);
		must(http_request_parse(&head, browser_request, sizeof browser_request - 1) ==
				     sizeof browser_request - 1 ?
			     0 :
			     -1,
		     "parse");
	}
	head_parser_forced = NULL;
	return (wall_ns() - start_ns) / count;
}

#ifdef HAVE_LLHTTP
static double time_llhttp(long count)
{
	llhttp_settings_t settings;
	llhttp_t parser;
	double start_ns = wall_ns();
	long i;

	llhttp_settings_init(&settings);
	for (i = 0; i < count; i++) {
		llhttp_init(&parser, HTTP_REQUEST, &settings);
		must(-(int)llhttp_execute(&parser, browser_request, sizeof browser_request - 1),
		     "llhttp");
	}
	return (wall_ns() - start_ns) / count;
}
#endif

static int parse_often(long count)
{
	const struct head_parser *best = head_parser_choose();
	double ns = time_parser(best, count), base_ns = time_parser(&head_parser_base, count);

	printf("{\"test\": \"parse\", \"n\": %ld, \"bytes\": %zu, \"loops\": \"%s\", \"ns\": %.1f, "
	       "\"%s_ns\": %.1f",
	       count, sizeof browser_request - 1, best->name, ns, head_parser_base.name, base_ns);
#ifdef HAVE_LLHTTP
	printf(", \"llhttp_ns\": %.1f", time_llhttp(count));
#endif
	printf("}\n");
	return 0;
}
#else
static int parse_often(long count)
{
	(void)count;
	fprintf(stderr, "micro: the parser is internal; a shared library does not show it\n");
	return -1;
}
#endif

#endif
