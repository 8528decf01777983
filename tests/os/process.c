/* SPDX-License-Identifier: MIT */
/* Child processes. */
#include <await.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fault.h"
#include "harness.h"

static void check_run(const async_process_options *options, const char *line, const char *out,
		      int code)
{
	async_process_output output = { 0 };

	CHECK_INT(await_process_run(options, ASYNC_ARGV("/bin/sh", "-c", line), NULL, 0, &output),
		  code);
	CHECK_STR(output.out ? output.out : "", out);
	async_process_output_free(&output);
}

TEST_TASK_WITH(run_gives_output_and_code, "P01 P03 P04", .backends = REAL_BACKENDS)
{
	async_process_output output = { 0 };

	check_run(NULL, "echo hello", "hello\n", 0);
	check_run(NULL, "exit 7", "", 7);
	check_run(NULL, "kill -9 $$", "", 128 + SIGKILL);
	CHECK_INT(await_process_run(NULL, ASYNC_ARGV("sort", "-n"), "10\n9\n", 5, &output), 0);
	CHECK_STR(output.out, "9\n10\n");
	CHECK_INT(output.out_size, 5);
	CHECK(!output.err);
	async_process_output_free(&output);
	CHECK_INT(await_process_run(NULL, ASYNC_ARGV("/bin/sh", "-c", "echo out; echo err >&2"),
				    NULL, 0, &output),
		  0);
	CHECK_STR(output.out, "out\n");
	CHECK_STR(output.err, "err\n");
	async_process_output_free(&output);
}

TEST_TASK_WITH(what_cannot_be_started_says_why, "P01 P08", .backends = REAL_BACKENDS)
{
	async_process_options nowhere = { .cwd = "/nowhere" }, wrong = { .out = -77 };

	CHECK(!async_process_start(NULL, ASYNC_ARGV("/no/such/program")));
	CHECK_INT(async_error_code(), -ENOENT);
	CHECK_TEXT_HAS(async_error(), "cannot start /no/such/program: No such file");
	CHECK(!async_process_start(NULL, ASYNC_ARGV("/etc/passwd")));
	CHECK_INT(async_error_code(), -EACCES);
	CHECK(!async_process_start(&nowhere, ASYNC_ARGV("true")));
	CHECK_INT(async_error_code(), -ENOENT);
	CHECK(!async_process_start(&wrong, ASYNC_ARGV("true")));
	CHECK_TEXT_HAS(async_error(), "process option `out` is -77");
	CHECK(!async_process_start(NULL, ASYNC_ARGV(NULL)));
	CHECK_INT(await_process_run(NULL, ASYNC_ARGV("/no/such"), NULL, 0, NULL), -ENOENT);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1); /* no zombie */
	CHECK_INT(errno, ECHILD);
}

TEST_TASK_WITH(failing_calls_leave_nothing, "P08", .backends = BACKEND_EPOLL)
{
	async_process_options pipes = { .in = ASYNC_PIPE, .out = ASYNC_PIPE, .err = ASYNC_PIPE };

	for (unsigned nth = 1; nth <= 4; nth++) {
		fault_inject("pipe2", nth, EMFILE);
		CHECK(!async_process_start(&pipes, ASYNC_ARGV("true")));
		CHECK_INT(async_error_code(), -EMFILE);
		fault_clear();
	}
	for (unsigned nth = 1; nth <= 2; nth++) {
		fault_inject("calloc", nth, ENOMEM);
		CHECK(!async_process_start(&pipes, ASYNC_ARGV("true")));
		fault_clear();
	}
	for (unsigned nth = 1; nth <= 4; nth++) {
		fault_inject("malloc", nth, ENOMEM);
		await_process_close(async_process_start(&pipes, ASYNC_ARGV("true")));
		fault_clear();
	}
	/* It runs, but cannot be watched. */
	fault_inject("pidfd_open", 1, ENOSYS);
	CHECK(!async_process_start(&pipes, ASYNC_ARGV("sleep", "100")));
	CHECK_TEXT_HAS(async_error(), "pidfd_open needs Linux 5.3");
	fault_clear();
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
}

TEST_TASK_WITH(its_world_is_what_the_options_say, "P01", .backends = REAL_BACKENDS)
{
	static const char *const env[] = { "COLOUR=blue", "PATH=/bin:/usr/bin", NULL };
	mode_t mask = 027;
	uid_t user = 65534;
	gid_t group = 65534;
	int file = open("/tmp", O_RDONLY | O_DIRECTORY), fds[2], leaked = open("/tmp", O_RDONLY);
	async_process_options options = { .cwd = "/usr", .env = env, .umask = &mask };
	char line[100], wanted[100];

	check_run(&options, "pwd; echo $COLOUR; umask", "/usr\nblue\n0027\n", 0);
	if (!geteuid()) {
		async_process_options nobody = { .uid = &user, .gid = &group };

		check_run(&nobody, "id -u; id -g; id -G", "65534\n65534\n65534\n", 0);
	}
	/* Others of ours are closed; passed ones keep their number. */
	options = (async_process_options){ .pass_fds = &file, .pass_fd_count = 1 };
	snprintf(line, sizeof line,
		 "[ -e /proc/self/fd/%d ] && echo passed; [ -e /proc/self/fd/%d ] || echo closed",
		 file, leaked);
	check_run(&options, line, "passed\nclosed\n", 0);
	options = (async_process_options){ .new_session = true };
	check_run(&options, "[ $(ps -o sid= -p $$) = $$ ] && echo leader", "leader\n", 0);
	/* A descriptor as stdout, stderr beside it. */
	CHECK_INT(pipe(fds), 0);
	options = (async_process_options){ .out = fds[1], .err = ASYNC_TO_STDOUT };
	CHECK_INT(await_process_run(&options, ASYNC_ARGV("/bin/sh", "-c", "echo a; echo b >&2"),
				    NULL, 0, NULL),
		  0);
	close(fds[1]);
	CHECK_INT(read(fds[0], wanted, sizeof wanted), 4);
	CHECK(!memcmp(wanted, "a\nb\n", 4));
	close(fds[0]);
	close(file);
	close(leaked);
}

TEST_TASK_WITH(pipes_are_streams, "P02 P09 P10 S06", .backends = REAL_BACKENDS)
{
	async_process_options options = { .in = ASYNC_PIPE, .out = ASYNC_PIPE };
	AWAIT_PROCESS(cat) = async_process_start(&options, ASYNC_ARGV("cat"));
	const char *line;

	CHECK(async_process_pid(cat) > 0);
	CHECK_INT(async_process_code(cat), -EINPROGRESS);
	CHECK_INT(await_stream_write(async_process_in(cat), "one\n", 4), 4);
	CHECK_INT(await_stream_readline(async_process_out(cat), &line), 4);
	CHECK(!memcmp(line, "one\n", 4));
	CHECK(!async_process_err(cat));
	CHECK_INT(await_process_end_input(cat), 0);
	CHECK_INT(await_stream_readline(async_process_out(cat), &line), 0);
	CHECK_INT(await_process_wait(cat), 0);
	CHECK_INT(async_process_signal(cat), 0);
}

TEST_TASK_WITH(a_child_that_is_gone_fails_the_write, "P02 P10", .backends = REAL_BACKENDS)
{
	async_process_options options = { .in = ASYNC_PIPE };
	AWAIT_PROCESS(child) = async_process_start(&options, ASYNC_ARGV("true"));

	CHECK_INT(await_process_wait(child), 0);
	CHECK_INT(await_stream_write(async_process_in(child), "x", 1), -EPIPE);
	/* Communicate takes that for an answer. */
	CHECK_INT(await_process_communicate(child, "xyz", 3, NULL), 0);
}

static char *large(size_t size)
{
	char *data = malloc(size);

	for (size_t i = 0; i < size; i++)
		data[i] = (char)('a' + i % 26);
	return data;
}

TEST_TASK_WITH(communicate_feeds_and_reads_at_once, "P03", .backends = REAL_BACKENDS)
{
	enum { SIZE = 3000000 };
	char *data = large(SIZE);
	async_process_output output = { 0 };

	CHECK_INT(await_process_run(NULL, ASYNC_ARGV("cat"), data, SIZE, &output), 0);
	CHECK_INT(output.out_size, SIZE);
	CHECK(!memcmp(output.out, data, SIZE));
	CHECK_INT(output.out[SIZE], '\0');
	async_process_output_free(&output);
	free(data);
}

TEST_TASK_WITH(communicate_may_be_cancelled_and_taken_up_again, "P03 X17",
	       .backends = REAL_BACKENDS)
{
	enum { SIZE = 500000 };
	async_process_options options = { .in = ASYNC_PIPE, .out = ASYNC_PIPE };
	AWAIT_PROCESS(child) = async_shell_start(&options, "echo first; sleep 0.3; cat");
	async_process_output output = { 0 };
	char *data = large(SIZE);

	async_timeout (0.1)
		CHECK_INT(await_process_communicate(child, data, SIZE, &output), -ETIMEDOUT);
	CHECK_STR(output.out, "first\n");
	CHECK_INT(await_process_communicate(child, data, SIZE, &output), 0);
	CHECK_INT(output.out_size, SIZE + 6);
	CHECK(!memcmp(output.out + 6, data, SIZE));
	async_process_output_free(&output);
	free(data);
}

TEST_TASK_WITH(output_has_a_limit, "P03 N03", .backends = REAL_BACKENDS)
{
	async_process_options options = { .output_limit = 1000 };
	async_process_output output = { 0 };

	CHECK_INT(await_process_run(&options, ASYNC_ARGV("head", "-c", "5000", "/dev/zero"), NULL,
				    0, &output),
		  -EMSGSIZE);
	CHECK_TEXT_HAS(async_error(),
		       "more than 1000 bytes to stdout (process option `output_limit`)");
	async_process_output_free(&output);
}

TEST_TASK_WITH(a_timeout_ends_the_group_and_keeps_the_output, "P08 X17", .backends = REAL_BACKENDS)
{
	async_process_output output = { 0 };
	char line[200], flag[] = "/tmp/await-process-XXXXXX";
	double begun = async_now();

	close(mkstemp(flag));
	/* A grandchild in the background, which also ignores nothing. */
	snprintf(line, sizeof line, "echo early; (sleep 1; rm %s) & sleep 100", flag);
	async_timeout (0.2)
		CHECK_INT(await_process_run(NULL, ASYNC_ARGV("/bin/sh", "-c", line), NULL, 0,
					    &output),
			  -ETIMEDOUT);
	CHECK(async_now() - begun < 5);
	CHECK_STR(output.out, "early\n");
	async_process_output_free(&output);
	await_sleep(1.2);
	CHECK_INT(access(flag, F_OK), 0); /* the grandchild is gone, too */
	unlink(flag);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
}

TEST_TASK_WITH(whoever_ignores_sigterm_is_killed, "X17 P08", .backends = REAL_BACKENDS)
{
	async_process_options options = { .kill_seconds = 0.1, .out = ASYNC_PIPE };
	async_process *child =
		async_shell_start(&options, "trap '' TERM; echo ready; while :; do sleep 1; done");
	const char *line;

	CHECK_INT(await_stream_readline(async_process_out(child), &line), 6);
	CHECK_INT(await_process_close(child), 128 + SIGKILL);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
}

TEST_TASK_WITH(pipes_held_by_others_are_left_after_a_while, "P03", .backends = REAL_BACKENDS)
{
	async_process_options options = { .pipe_seconds = 0.1 };

	check_run(&options, "echo done; sleep 100 &", "done\n", 0);
}

static int wait_code(void *arg)
{
	return await_process_wait(arg);
}

TEST_TASK_WITH(signals_and_several_waiters, "P04 P05", .backends = REAL_BACKENDS)
{
	AWAIT_PROCESS(child) = async_process_start(NULL, ASYNC_ARGV("sleep", "100"));
	async_task *waiters[3];

	for (int i = 0; i < 3; i++)
		waiters[i] = async_create_task(wait_code, child);
	await_sleep(0.01);
	async_timeout (0.01)
		CHECK_INT(await_process_wait(child), -ETIMEDOUT);
	CHECK_INT(async_process_kill(child, 999), -EINVAL);
	CHECK_INT(async_process_kill(child, SIGUSR1), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(await_task(waiters[i]), 128 + SIGUSR1);
	CHECK_INT(async_process_signal(child), SIGUSR1);
	CHECK_INT(async_process_code(child), 128 + SIGUSR1);
	CHECK_INT(async_process_kill(child, SIGTERM), 0); /* silently nothing */
	CHECK_INT(async_process_kill_group(child, SIGTERM), 0);
}

static char told[1000];

static void note_report(const async_report *report, void *arg)
{
	(void)arg;
	snprintf(told, sizeof told, "%s", report->text);
}

static int reap_behind(void *arg)
{
	async_process *child = async_process_start(NULL, ASYNC_ARGV("sleep", "0.05"));

	(void)arg;
	CHECK_INT(waitpid(async_process_pid(child), NULL, 0), async_process_pid(child));
	CHECK_INT(await_process_wait(child), 255);
	CHECK_INT(await_process_close(child), 255);
	return 0;
}

TEST_WITH(reaped_by_somebody_else, "P06", .backends = REAL_BACKENDS)
{
	async_options options = { .report = note_report };

	CHECK_INT(async_run_with(&options, reap_behind, NULL), 0);
	CHECK_TEXT_HAS(told, "was reaped by somebody else");
}

static int leave_open(void *arg)
{
	(void)arg;
	CHECK(async_process_start(NULL, ASYNC_ARGV("sleep", "100")));
	return 0;
}

TEST_WITH(left_open_it_ends_with_the_loop, "P08", .backends = REAL_BACKENDS)
{
	async_options options = { .report = note_report };

	CHECK_INT(async_run_with(&options, leave_open, NULL), 0);
	CHECK_TEXT_HAS(told, "was never closed: it is ended now");
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
}

static int other_children(void *arg)
{
	pid_t other = fork();

	(void)arg;
	if (!other) {
		usleep(50000);
		_exit(3);
	}
	check_run(NULL, "true", "", 0);
	{
		int status;

		CHECK_INT(waitpid(other, &status, 0), other);
		CHECK_INT(WEXITSTATUS(status), 3);
	}
	return 0;
}

TEST_WITH(children_of_other_code_are_left_alone, "P06", .backends = REAL_BACKENDS)
{
	CHECK_INT(async_run(other_children, NULL), 0);
}

static async_semaphore slots = ASYNC_SEMAPHORE(8);
static int killed, finished;

static int one_of_many(void *arg)
{
	int number = async_int(arg);
	char line[64], wanted[16];
	async_process_output output = { 0 };
	int code = 0;

	await_holding (&slots) {
		snprintf(line, sizeof line, "echo %d; %s", number,
			 number % 50 ? "exit 0" : "sleep 100");
		snprintf(wanted, sizeof wanted, "%d\n", number);
		async_timeout (number % 50 ? INFINITY : 0.3)
			code = await_process_run(NULL, ASYNC_ARGV("/bin/sh", "-c", line), NULL, 0,
						 &output);
	}
	CHECK_STR(output.out, wanted);
	async_process_output_free(&output);
	killed += code == -ETIMEDOUT;
	finished += code == 0;
	return 0;
}

TEST_TASK_WITH(a_thousand_eight_at_a_time, "P01 P08 X17", .backends = REAL_BACKENDS, .deadline = 60)
{
	{
		AWAIT_GROUP(many);

		for (int i = 0; i < 1000; i++)
			CHECK_INT(async_spawn(&many, one_of_many, ASYNC_INT(i)), 0);
	}
	CHECK_INT(killed, 20);
	CHECK_INT(finished, 980);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	CHECK_INT(errno, ECHILD);
}

static int run_something(void *arg)
{
	async_process_output *output = arg;

	return await_process_run(NULL, ASYNC_ARGV("/bin/sh", "-c", "cat; echo error >&2"),
				 "input\n", 6, output);
}

/* What the cancellation explorer does in simulation, where there are no processes: a cancel after
 * any number of turns of the loop. */
TEST_TASK_WITH(a_cancel_at_any_time_leaves_nothing, "P08 X17 P03", .backends = REAL_BACKENDS,
	       .deadline = 60)
{
	int cancelled = 0, complete = 0;

	for (int turns = 0; turns < 120; turns++) {
		async_process_output output = { 0 };
		async_task *task = async_create_task(run_something, &output);
		int code;

		for (int i = 0; i < turns % 60; i++)
			await_sleep(turns < 60 ? 0 : 0.0002);
		async_task_cancel(task);
		code = await_task(task);
		CHECK(code == 0 || code == -ECANCELED);
		cancelled += code != 0;
		complete += code == 0;
		if (!code)
			CHECK_STR(output.out, "input\n");
		async_process_output_free(&output);
		CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	}
	printf("%d cancelled, %d complete\n", cancelled, complete);
	CHECK(cancelled > 0);
}
