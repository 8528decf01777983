#!/bin/sh
# SPDX-License-Identifier: MIT
# An idle loop does nothing: a server with an open, silent connection makes no system call and takes
# no CPU time for ten seconds, once it has settled for one. On both real backends at the same time.
# covers: A12, Z01
#
#   tests/system/idle.sh BUILD_DIR
set -eu

server=$(cd "$1" && pwd)/examples/echo_sockets
work=$(mktemp -d)
pids=''
# The tracers end with what they trace; one that is told to end earlier may hang in letting go.
trap 'for pid in $pids; do kill -KILL "$pid" 2> /dev/null || true; done; wait; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

if ! strace -o /dev/null true 2> /dev/null; then
	echo "warning: skipped $0: there is no strace, or it may not trace here"
	exit 0
fi

# $1: process; its CPU time in nanoseconds
cpu_ns()
{
	cut -d ' ' -f 1 "/proc/$1/task/$1/schedstat"
}

# $1: port. Connects, echoes once, then is silent; a line on its output says that it is connected.
silent_client()
{
	exec python3 -c '
import socket, sys, time
for attempt in range(100):
    try:
        client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        break
    except ConnectionRefusedError:
        time.sleep(0.05)
client.sendall(b"hello")
print(client.recv(100).decode(), flush=True)
time.sleep(60)' "$1"
}

# $1: backend, $2: port
watch()
{
	LIBAWAIT_BACKEND=$1 "$server" "127.0.0.1:$2" > /dev/null 2> "$work/$1.errors" &
	pid=$!
	pids="$pids $pid"
	echo "$pid" > "$work/$1.pid"
	silent_client "$2" > "$work/$1.client" 2>&1 &
	pids="$pids $!"
	for attempt in 1 2 3 4 5 6 7 8 9 10; do
		! grep -qs hello "$work/$1.client" || break
		sleep 0.2
	done
	grep -qs hello "$work/$1.client" || { cat "$work/$1".*; return 1; }
	strace -f -q -o "$work/$1.trace" -p "$pid" &
}

backends=epoll
LIBAWAIT_BACKEND=uring timeout 5 "$(dirname "$server")/groups" > /dev/null 2>&1 &&
	backends="epoll uring" || echo "warning: no io_uring here: idle.sh looked at epoll only"
port=$((10000 + $$ % 20000))
for backend in $backends; do
	watch "$backend" "$port"
	port=$((port + 1))
done
sleep 1
for backend in $backends; do
	wc -l < "$work/$backend.trace" > "$work/$backend.lines"
	cpu_ns "$(cat "$work/$backend.pid")" > "$work/$backend.cpu"
done
sleep 10
status=0
for backend in $backends; do
	before=$(cat "$work/$backend.lines")
	calls=$(($(wc -l < "$work/$backend.trace") - before))
	cpu=$(($(cpu_ns "$(cat "$work/$backend.pid")") - $(cat "$work/$backend.cpu")))
	echo "$backend: $calls system calls and $cpu ns of CPU time in ten idle seconds"
	[ "$calls" = 0 ] && [ "$cpu" = 0 ] && continue
	tail -n "+$((before + 1))" "$work/$backend.trace" | head -n 20
	status=1
done
exit "$status"
