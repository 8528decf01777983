/* SPDX-License-Identifier: MIT */
/*
 * HTTP applications: which handler answers what.
 *
 *	static int hello(async_request *request, void *arg)
 *	{
 *		return await_respond_text(request, "Hello, World!");
 *	}
 *
 *	int main(void)
 *	{
 *		async_app *app = async_app_new(NULL);
 *
 *		async_route(app, "GET", "/", hello, NULL);
 *		return await_http_serve(app, ":8080");
 *	}
 *
 * An application is put together, then served, and from then on does not change (-EBUSY). The first
 * thing that was wrong while it was put together is kept: serving it fails with that, so that
 * results here need not be looked at one by one.
 */
#ifndef AWAIT_APP_H
#define AWAIT_APP_H

#include <await/request.h>
#include <await/respond.h>

ASYNC_BEGIN_DECLS

/*
 * Answers a request; may suspend anywhere. Returns
 *	0	it has answered
 *	200-599	to be answered with that status: a short page, or for redirects just the head, with
 *		what has been prepared. async_refuse and async_redirect give it a text, a Location
 *	< 0	a failure: reported, and answered 500 (-ETIMEDOUT: 504; what reading the body said:
 *		as it says). When the answer has begun, the connection is cut instead
 */
typedef int async_http_handler(async_request *request, void *arg);

/* What happens to a handler whose client closes the connection meanwhile. */
enum async_gone {
	ASYNC_GONE_DEFAULT, /* as the application says, and that means: run on */
	ASYNC_GONE_RUN_ON,  /* it sees the error when it reads or writes */
	ASYNC_GONE_CANCEL, /* its awaits return -ECANCELED; async_shield protects what must be done */
};

/* Zero-filled is the default; every field may also be left out. What a route leaves out its
 * application says, and what that leaves out the one it is mounted in. */
typedef struct async_route_options {
	const char *name;  /* for async_app_url: identifiers joined by `.`, `-` or `:` */
	size_t body_bytes; /* of a body read as a whole; 0: 1 MiB; SIZE_MAX: no limit */
	/* A body in a content coding may be so many times as large when it is decoded. 0: 1100,
	 * which gzip and deflate cannot reach; UINT_MAX: no limit. Over: 413 */
	unsigned body_ratio;
	double seconds;	    /* for the handler, then it is cancelled: 504. 0: no limit */
	size_t concurrency; /* handlers at a time on each loop; more wait. 0: no limit */
	enum async_gone gone;
	bool no_head;  /* GET does not answer HEAD as well */
	bool compress; /* as if every handler called async_respond_compress */
	/* Called before the handler when the peer waits for `100 Continue`: what it returns, as a
	 * handler, is the answer, unless that is 0. The 100 itself is sent when the body is first
	 * read. NULL: every such request is welcome. */
	async_http_handler *expect;
	void *expect_arg;
} async_route_options;

/* NULL: -ENOMEM. Options may be NULL: those of its routes. */
ASYNC_API async_app *async_app_new(const async_route_options *routes);
/* Of one that was neither served nor mounted. NULL is allowed. */
ASYNC_API void async_app_free(async_app *app);

/*
 * Add a route. `method` is a token, several joined by commas, or "*"; GET answers HEAD, too. The
 * pattern begins with `/`:
 *
 *	/about			that path
 *	/users/{id}		one segment, at least a byte, in the variable `id`
 *	/files/{name:.+\.txt}	what the regular expression matches (PCRE2), slashes included
 *
 * Fixed text comes before variables, then whatever was added first. -EINVAL: the pattern, the
 * method or the name; -EEXIST: the same again; -EBUSY: being served; -ENOMEM.
 */
#define async_route(app, method, pattern, handler, arg) \
	async_route_with(app, NULL, method, pattern, handler, (void *)(arg))
ASYNC_API int async_route_with(async_app *app, const async_route_options *options,
			       const char *method, const char *pattern, async_http_handler *handler,
			       void *arg);
/* What answers when no route does. Without one: 404; 405 where another method has a route. */
ASYNC_API int async_fallback(async_app *app, async_http_handler *handler, void *arg);

/* Put another application under a prefix ("/api"), or for hosts ("example.com", "*.example.com";
 * these come first). It has middlewares (after this one's), hooks and values of its own, and is
 * freed with this one. -EINVAL: the prefix, or mounted already. */
ASYNC_API int async_mount(async_app *app, const char *prefix, async_app *sub);
ASYNC_API int async_mount_host(async_app *app, const char *mask, async_app *sub);

/*
 * Wrap all handlers of the application, in the order of these calls; 404 and 405, too. A middleware
 * is a handler that calls await_next for what it wraps, and returns its result or another:
 *
 *	int result = await_next(request);
 *	if (result == 404)
 *		return await_respond_html(request, lost);
 *	return result;
 */
ASYNC_API int async_middleware(async_app *app, async_http_handler *middleware, void *arg);
ASYNC_API int await_next(async_request *request);

/* A path that no route answers is tried with a slash at its end added or removed, and runs of
 * slashes made one; the first that a route would answer is redirected to (308), query kept. */
enum { ASYNC_ADD_SLASH = 1, ASYNC_REMOVE_SLASH = 2, ASYNC_MERGE_SLASHES = 4 };
ASYNC_API int async_normalize_paths(async_app *app, int how);

/*
 * Hooks, in the order of these calls; mounted applications after the one they are mounted in. They
 * may await. `start` before anything is served: one that fails ends it. `stop` of those that were
 * started, in reverse, after the last request; it is called also when the start of a later one
 * failed. `closing`, as soon as no new connections are taken: to tell streams of events that they
 * should end. Any may be NULL. Background tasks start after all hooks, are cancelled before `stop`.
 */
typedef int async_app_fn(async_app *app, void *arg);
ASYNC_API int async_app_hooks(async_app *app, async_app_fn *start, async_app_fn *stop, void *arg);
ASYNC_API int async_app_on_closing(async_app *app, async_app_fn *closing, void *arg);
ASYNC_API int async_app_background(async_app *app, async_fn *fn, void *arg);
/* Just before the head of each answer goes out: as async_on_respond. */
ASYNC_API int async_app_on_respond(async_app *app, async_respond_hook *hook, void *arg);

/* Values shared by its handlers; keys are addresses of static objects. Found also from applications
 * mounted in it. With several loops they are read by several threads at once. */
ASYNC_API int async_app_set_value(async_app *app, const void *key, void *value);
ASYNC_API void *async_app_value(const async_app *app, const void *key);

/*
 * The path of the route named so, from malloc: async_app_url(app, "user", "id", "7", NULL). Names
 * and texts of all its variables, ending with NULL; texts are percent-encoded. NULL: no such route,
 * or a variable is missing or does not match its pattern.
 */
ASYNC_API char *async_app_url(async_app *app, const char *name, ...) __attribute__((sentinel));

ASYNC_END_DECLS

#endif
