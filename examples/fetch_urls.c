/* SPDX-License-Identifier: MIT */
/* Pages from the web, at most four at a time: a map from URL to status and text. */
#include <await.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct page {
	const char *url;
	int status;
	size_t size;
	char error[200];
};

static async_semaphore max_active = ASYNC_SEMAPHORE(4);

static int url_worker(void *arg)
{
	struct page *page = arg;

	await_holding (&max_active) {
		async_response *answer = await_http_get(page->url);
		const char *text = await_response_text(answer);

		page->status = async_response_status(answer);
		page->size = text ? strlen(text) : 0;
		if (!text)
			snprintf(page->error, sizeof page->error, "%s", async_error());
		async_response_free(answer);
	}
	return 0;
}

static const char *const usual[] = {
	"https://docs.python.org/3/",	      "https://docs.python.org/3/tutorial/",
	"https://docs.python.org/3/library/", "https://docs.python.org/3/reference/",
	"https://docs.python.org/3/howto/",   "https://docs.python.org/3/extending/",
	"https://docs.python.org/3/faq/",
};

int main(int argc, char **argv)
{
	int count = argc > 1 ? argc - 1 : 7, failed = 0;
	struct page *pages = calloc((size_t)count, sizeof *pages);

	{
		AWAIT_GROUP(workers);
		for (int i = 0; i < count; i++) {
			pages[i].url = argc > 1 ? argv[i + 1] : usual[i];
			async_spawn(&workers, url_worker, &pages[i]);
		}
	}
	for (int i = 0; i < count; i++) {
		if (*pages[i].error)
			printf("%s: %s\n", pages[i].url, pages[i].error);
		else
			printf("%s: %d, %zu bytes\n", pages[i].url, pages[i].status, pages[i].size);
		failed += *pages[i].error || pages[i].status != 200;
	}
	free(pages);
	return failed != 0;
}
