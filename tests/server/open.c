/* SPDX-License-Identifier: MIT */
/* Opening beneath a directory, with and without the kernel's help. */
#define _GNU_SOURCE
#include <errno.h>
#include "server/open.h"
#include "fault.h"
#include "serving.h"

static int open_at(int directory, const char *name, bool beneath)
{
	struct http_open file = { .directory = directory, .path = name, .beneath = beneath };
	int error = await_http_file_open(&file);

	CHECK_INT(file.fd >= 0, !error);
	if (!error)
		CHECK(S_ISREG(file.status.stx_mode) || S_ISDIR(file.status.stx_mode));
	http_file_close(&file);
	return error;
}

static void check_beneath(int root)
{
	CHECK_INT(open_at(root, "file", true), 0);
	CHECK_INT(open_at(root, ".", true), 0);
	CHECK_INT(open_at(root, "inside", true), 0);
	CHECK_INT(open_at(root, "none", true), -ENOENT);
	CHECK_INT(open_at(root, "file/x", true), -ENOTDIR);
	CHECK_INT(open_at(root, "outside", true), -EXDEV);
	CHECK_INT(open_at(root, "beside", true), -EXDEV);
	CHECK_INT(open_at(root, "../root-2/secret", true), -EXDEV);
	CHECK_INT(open_at(root, "/etc/passwd", true), -EXDEV);
	CHECK_INT(open_at(root, "outside", false), 0);
	CHECK_INT(open_at(root, "beside", false), 0);
}

/* root, with links; and root-2, whose name begins alike. */
static int make_root(const char *site)
{
	int root;

	CHECK_INT(mkdir(site_path(site, "root"), 0755), 0);
	CHECK_INT(mkdir(site_path(site, "root-2"), 0755), 0);
	put_text(site, "root-2/secret", "secret");
	put_text(site, "root/file", "file");
	CHECK_INT(symlink("file", site_path(site, "root/inside")), 0);
	CHECK_INT(symlink("/etc/passwd", site_path(site, "root/outside")), 0);
	CHECK_INT(symlink("../root-2/secret", site_path(site, "root/beside")), 0);
	root = open(site_path(site, "root"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK(root >= 0);
	return root;
}

TEST_TASK(nothing_outside_is_opened, "W39 W40")
{
	static const int faults[] = { 0, EAGAIN, ENOSYS, EPERM, EINVAL };
	char *site = make_site();
	int root = make_root(site);

	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		if (faults[i] == ENOSYS || faults[i] == EPERM)
			CHECK(fault_inject_from("openat2", 1, faults[i]));
		check_beneath(root);
		fault_clear();
		/* Only the first try: the second one is in the pool. */
		if (faults[i])
			CHECK(fault_inject("openat2", 1, faults[i]));
		CHECK_INT(open_at(root, "file", true), 0);
		CHECK_INT(open_at(root, "beside", true), -EXDEV);
		fault_clear();
	}
	/* A rename that crosses the way again and again. */
	CHECK(fault_inject_from("openat2", 1, EAGAIN));
	CHECK_INT(open_at(root, "file", true), -EAGAIN);
	fault_clear();
	close(root);
	remove_site(site);
}

TEST_TASK(what_cannot_be_sent, "W40")
{
	static const struct {
		int error, status;
	} cases[] = {
		{ -ENOENT, 404 }, { -ENOTDIR, 404 },	{ -ELOOP, 404 }, { -ENAMETOOLONG, 404 },
		{ -EXDEV, 404 },  { -EACCES, 403 },	{ -EPERM, 403 }, { -ENXIO, 403 },
		{ -ENODEV, 403 }, { -EMFILE, -EMFILE }, { -EIO, -EIO },
	};
	struct http_open file = { .fd = -1 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_INT(http_file_judge(&file, cases[i].error), cases[i].status);
}

TEST_TASK(reading_with_and_without_the_pool, "W40")
{
	char *site = make_site(), data[100];
	struct http_open file = { .directory = AT_FDCWD };

	put_text(site, "file", "0123456789");
	file.path = site_path(site, "file");
	CHECK_INT(await_http_file_open(&file), 0);
	for (int i = 0; i < 2; i++) {
		CHECK_INT(await_http_file_read(file.fd, data, 4, 3), 4);
		CHECK(!memcmp(data, "3456", 4));
		CHECK_INT(await_http_file_read(file.fd, data, 100, 3), 7);
		CHECK(!memcmp(data, "3456789", 7));
		CHECK_INT(await_http_file_read(file.fd, data, 100, 30), 0);
		CHECK_INT(await_http_file_load(file.fd, 0, 10), 0);
		CHECK_INT(await_http_file_load(file.fd, 5, 100), 0);
		CHECK(fault_inject_from("preadv2", 1, EAGAIN));
		CHECK(fault_inject_from("cachestat", 1, EPERM));
	}
	fault_clear();
	http_file_close(&file);
	CHECK_INT(await_http_file_read(-1, data, 4, 3), -EBADF);
	remove_site(site);
}
