#!/bin/sh
# SPDX-License-Identifier: MIT
# What a debugger sees: whole backtraces of the running task and of the loop, and with
# tools/await-gdb.py the list of tasks and the stack of a parked one, main task included.
# covers: B22
#
#   tests/tools/gdb.sh BUILD_DIR
set -eu

source=$(cd "$(dirname "$0")/../.." && pwd)
program=$(cd "$1" && pwd)/examples/semaphore
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run_gdb()
{
	env -u DEBUGINFOD_URLS timeout 60 gdb -q -batch -nx "$@" < /dev/null 2>&1
}

if ! command -v gdb > /dev/null; then
	echo "warning: skipped $0: there is no gdb"
	exit 0
fi
case "$(run_gdb -ex run --args true)" in
*'exited normally'*) ;;
*)
	echo "warning: skipped $0: gdb may not trace a process here"
	exit 0
	;;
esac

# Guest 1 gives its seat back while guests 3 to 6 queue for one; then the loop on its own stack.
cat > "$work/commands" <<COMMANDS
set pagination off
source $source/tools/await-gdb.py
break async_semaphore_release
run
echo === running\n
bt
echo === tasks\n
await tasks
echo === parked\n
await bt 4
echo === main\n
await bt main
echo === two\n
await bt guest-5 2
echo === all\n
await bt all
echo === after\n
bt
echo === going on\n
delete
tbreak stack_pool_trim
continue
echo === hub\n
bt
echo === hub all\n
await bt all
echo === end\n
continue
COMMANDS

# The lines of a section of the output.
section()
{
	awk -v "title==== $1" '/^===/ { inside = $0 == title; next } inside' "$work/output"
}

# $1: section, $2...: patterns, each of which a line of it must match, in this order.
expect()
{
	title=$1
	shift
	section "$title" > "$work/section"
	lines=0
	for pattern in "$@"; do
		found=$(tail -n "+$((lines + 1))" "$work/section" | grep -n -m 1 -- "$pattern") || {
			echo "section $title: nothing like '$pattern' after line $lines of"
			cat "$work/section"
			exit 1
		}
		lines=$((lines + ${found%%:*}))
	done
}

count()
{
	[ "$(section "$1" | grep -c -- "$2")" = "$3" ] || {
		echo "section $1: '$2' not $3 times in"
		section "$1"
		exit 1
	}
}

for backend in '' epoll sim; do
	[ -z "$backend" ] || export LIBAWAIT_BACKEND="$backend"
	run_gdb -x "$work/commands" "$program" > "$work/output" || true
	expect running '^#0 .*async_semaphore_release' ' guest (' 'context_entry ()'
	count tasks . 7
	expect tasks '  0  main (evening .*waits: await_group for 6 children' \
		'  1  guest-1 .* runs$' \
		'  4  guest-4 (guest examples/semaphore.c:.*: await_semaphore on .*<seats>, for'
	expect parked '^guest-4 (guest' '^#0 .*context_switch' 'task_suspend (' \
		'await_semaphore (' ' guest (number=0x4) at .*examples/semaphore.c:' \
		'context_entry ()'
	expect main '^main (evening' '^#0 ' 'await_group_leave_ (' \
		' evening (.*) at .*examples/semaphore.c:' '^#[0-9].* async_run_at_ ('
	expect two '^guest-5' '^#0 ' '^#1 '
	count two '^#' 2
	count all '^[a-z].* (.*) [a-z]' 7
	count all 'context_entry ()' 6
	[ "$(section running)" = "$(section after)" ] ||
		{ echo 'await bt changed the frames'; exit 1; }
	expect hub '^#0 .*stack_pool_trim' ' loop_hub (' 'context_entry ()'
	expect 'hub all' '^main (evening' ' evening (' '^guest-3'
	if grep -i 'backtrace stopped\|corrupt\|Python Exception\|Error' "$work/output"; then
		cat "$work/output"
		exit 1
	fi
	echo "${backend:-default}: $(grep -c '^#' "$work/output") frames in whole backtraces"
done
