#!/bin/sh
# SPDX-License-Identifier: MIT
# The demo with a hundred clients: the server has one thread on every backend where echo_threads has
# one for each of them, everybody is served, and being stopped half way leaves no process behind.
# covers: Z01, Z02, Z05, Z13
#
#   tests/examples/demo.sh BUILD_DIR
set -eu

clients=100
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# $1: row of the table, $2...: its values, a column each
expect()
{
	label=$1
	shift
	found=$(sed -n "s/^ *$label *//p" "$work/output" | tr -s ' ')
	[ "$found" = "$*" ] || {
		echo "'$label' is '$found' and should be '$*' in"
		cat "$work/output"
		exit 1
	}
}

sh "$source/examples/demo/run.sh" "$build" "$clients" 3 32 > "$work/output" 2>&1 || {
	cat "$work/output"
	exit 1
}
if grep -q 'libawait, uring' "$work/output"; then
	expect 'clients, all connected at once' "$clients" "$clients" "$clients" "$clients"
	expect 'threads of the server' 1 1 1 $((clients + 1))
else
	echo 'warning: no io_uring here: the demo showed epoll only'
	expect 'clients, all connected at once' "$clients" "$clients" "$clients"
	expect 'threads of the server' 1 1 $((clients + 1))
fi
sed -n '/libawait, /,$p' "$work/output"

# The demo's server and clients, of the shell process $1.
programs_of()
{
	for pid in $(cat "/proc/$1/task/$1/children"); do
		! grep -qs '^echo_' "/proc/$pid/comm" || echo "$pid"
	done
}

# Stopped in the middle: the trap of the script ends its server and its clients.
sh "$source/examples/demo/run.sh" "$build" "$clients" 3 > "$work/output" 2>&1 &
demo=$!
for attempt in 1 2 3 4 5 6 7 8 9 10; do
	sleep 0.3
	pids=$(programs_of "$demo")
	[ "$(echo "$pids" | wc -w)" -lt 2 ] || break
done
[ "$(echo "$pids" | wc -w)" = 2 ] || { echo "not a server and clients: $pids"; exit 1; }
kill -TERM "$demo"
wait "$demo" && { echo 'a stopped demo said that all went well'; exit 1; }
for pid in $pids; do
	! kill -0 "$pid" 2> /dev/null || { echo "process $pid survived the demo"; exit 1; }
done
