/* SPDX-License-Identifier: MIT */
/* Files as answers under the cancellation explorer: wherever a cancel strikes, no descriptor,
 * memory or job is left. Whatever can be done in the thread pool is done there. */
#define _GNU_SOURCE
#include <errno.h>
#include <await/http_test.h>
#include "fault.h"
#include "server/serving.h"
#include "inspect/explore.h"

static char *site;

static void ask_for(async_app *app, const char *target)
{
	async_request *request = async_fake_request("GET", target, NULL, NULL, 0);
	int status = await_fake_answer(request, app);

	CHECK(status == 200 || async_cancelled());
	async_fake_free(request);
}

static int scenario(void *arg)
{
	async_app *app = async_app_new(NULL);
	char *url;

	(void)arg;
	CHECK_INT(async_static(app, "/s", site,
			       &(async_static_options){ .name = "s", .list = true }),
		  0);
	CHECK(fault_inject_from("openat2", 1, ENOSYS));
	CHECK(fault_inject_from("preadv2", 1, EAGAIN));
	CHECK(fault_inject_from("cachestat", 1, EPERM));
	ask_for(app, "/s/small");
	ask_for(app, "/s/large");
	ask_for(app, "/s/");
	url = await_static_url(app, "s", "small");
	CHECK(url || async_cancelled());
	free(url);
	fault_clear();
	async_app_free(app);
	return async_cancelled();
}

TEST_WITH(explore_http_file, "W39 W40 X12 X13", .backends = BACKEND_SIM)
{
	site = make_site();
	put_text(site, "small", "text");
	put_file(site, "large", "a large file: ", 100 * 1000);
	explore(scenario, NULL);
	remove_site(site);
}
