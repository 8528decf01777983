/* SPDX-License-Identifier: MIT */
/* Files under the cancellation explorer: whatever is cancelled, a file that is replaced has its old contents or the new,
 * nothing lies beside it, and no descriptor stays open. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "inspect/explore.h"

static char folder[] = "/tmp/libawait-explore-XXXXXX";
static char path[64];

static int scenario_files(void *arg)
{
	char *data;
	ssize_t n;
	int error = await_write_file(path, "new contents", 12, 0600);

	(void)arg;
	if (error)
		return error;
	n = await_read_file(path, &data, 100);
	if (n < 0)
		return (int)n;
	CHECK_STR(data, "new contents");
	free(data);
	return await_write_file(path, "old", 3, 0600);
}

static int check_files(void *arg)
{
	async_directory *directory;
	async_directory_entry entry;
	char *data;

	(void)arg;
	CHECK(await_read_file(path, &data, 100) > 0);
	CHECK(!strcmp(data, "old") || !strcmp(data, "new contents"));
	free(data);
	directory = await_opendir(folder);
	CHECK_INT(await_readdir(directory, &entry), 1);
	CHECK_STR(entry.name, "file");
	CHECK_INT(await_readdir(directory, &entry), 0);
	async_directory_close(directory);
	return 0;
}

TEST_WITH(explore_file, "X06 B08 X13", .backends = BACKEND_SIM, .deadline = 60, .in_thread = 1)
{
	FILE *file;

	CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof path, "%s/file", folder);
	file = fopen(path, "w");
	CHECK(file && fputs("old", file) >= 0 && !fclose(file));
	explore(scenario_files, check_files);
	CHECK(!unlink(path) && !rmdir(folder));
}
