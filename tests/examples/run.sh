#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every example on every backend where it makes sense, and looks at what it prints. The
# echo servers need somebody to talk to: servers.py. The demo has a script of its own, demo.sh.
# covers: Z03, Z04, Z25, Z31
#
#   tests/examples/run.sh BUILD_DIR
set -eu

source=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tried=' echo_sockets echo_threads echo_clients udp_echo web_clients '

# $1...: an example and its arguments. Its output must be what standard input says. A machine that
# stands still for a tenth of a second may change the order of things, but not three times.
expect()
{
	name=$1
	shift
	tried="$tried$name "
	cat > "$work/wanted"
	for attempt in 1 2 3; do
		status=0
		timeout 20 "$build/examples/$name" "$@" > "$work/output" 2> "$work/errors" ||
			status=$?
		[ "$status" = 0 ] && [ ! -s "$work/errors" ] &&
			cmp -s "$work/wanted" "$work/output" && return
	done
	echo "$name $* on ${LIBAWAIT_BACKEND:-the default backend}: status $status; wanted, printed:"
	diff "$work/wanted" "$work/output" || true
	cat "$work/errors"
	exit 1
}

# $1: example, $2: argument, $3...: a pattern and how many lines match it, and so on
count()
{
	name=$1 argument=$2
	shift 2
	tried="$tried$name "
	timeout 20 "$build/examples/$name" $argument > "$work/output" 2>&1 || {
		echo "$name $argument on ${LIBAWAIT_BACKEND:-the default backend} failed:"
		cat "$work/output"
		exit 1
	}
	while [ $# -gt 0 ]; do
		[ "$(grep -c -- "$1" "$work/output")" = "$2" ] || {
			echo "$name $argument: '$1' is not on $2 lines of"
			cat "$work/output"
			exit 1
		}
		shift 2
	done
}

run_all()
{
	expect groups <<-'END'
		walker 1 arrived
		walker 2 arrived
		walker 4 was called off
		walker 5 was called off
		walker-3 failed: lost in the fog: No route to host (EHOSTUNREACH)
	END
	expect groups 0 <<-'END'
		walker 1 arrived
		walker 2 arrived
		walker 3 arrived
		walker 4 arrived
		walker 5 arrived
		all arrived
	END
	expect timeouts <<-'END'
		try 1
		  tidied up
		try 2
		  tidied up
		try 3
		  tidied up
		0.5 s are over: given up
	END
	expect timeouts 0.05 <<-'END'
		try 1
		done
	END
	count queue 6 '^worker [1-3] did job [1-6]$' 6 '^all jobs are done$' 1 . 7
	count semaphore 4 '^guest [1-4] sits down$' 4 '^guest [1-4] leaves$' 4 . 8
	[ "$(head -n 2 "$work/output" | grep -c sits)" = 2 ] || { echo 'not two seats'; exit 1; }
	count select 3 '^fast: [1-3]$' 3 '^slow: [1-3]$' 3 'closed$' 2 . 8
}

for backend in '' epoll sim; do
	[ -z "$backend" ] || export LIBAWAIT_BACKEND="$backend"
	run_all
	echo "${backend:-default}: the examples without sockets print what they should"
done
unset LIBAWAIT_BACKEND

# A log that grows, is truncated, and is rotated. $1: how many lines must have been printed by now.
printed()
{
	for wait in $(seq 1 100); do
		[ "$(wc -l < "$work/tail-output")" -ge "$1" ] && return
		sleep 0.1
	done
	echo "file_tail on ${LIBAWAIT_BACKEND:-the default backend}: not $1 lines"
	cat "$work/tail-output" "$work/errors"
	exit 1
}

tried="$tried"'file_tail '
for backend in uring epoll; do
	log=$work/log
	seq 1 5000 > "$log"
	LIBAWAIT_BACKEND=$backend timeout 60 "$build/examples/file_tail" "$log" 3 \
		> "$work/tail-output" 2> "$work/errors" &
	pid=$!
	sleep 0.3
	if [ "$backend" = uring ] && grep -q 'forbidden or unknown' "$work/errors"; then
		wait "$pid" || true
		continue
	fi
	printed 3
	echo more >> "$log"
	printed 4
	: > "$log"
	printed 5
	echo fresh >> "$log"
	printed 6
	mv "$log" "$log.1"
	echo late >> "$log.1"
	echo rotated > "$log"
	printed 9
	kill -INT "$pid"
	wait "$pid" || true
	sed "s#$log#LOG#" "$work/tail-output" > "$work/output"
	cat > "$work/wanted" <<-'END'
		4998
		4999
		5000
		more
		--- LOG: truncated
		fresh
		late
		--- LOG: another file
		rotated
	END
	cmp -s "$work/wanted" "$work/output" && [ ! -s "$work/errors" ] || {
		echo "file_tail on $backend printed:"
		diff "$work/wanted" "$work/output" || true
		cat "$work/errors"
		exit 1
	}
done
echo 'file_tail follows a growing, a truncated and a rotated log'

# The guest of libuv, where there is libuv: its task and the host's own timer take turns.
tried="$tried"'embed_libuv '
if [ -x "$build/examples/embed_libuv" ]; then
	for backend in '' epoll; do
		LIBAWAIT_BACKEND=$backend
		export LIBAWAIT_BACKEND
		[ -n "$backend" ] || unset LIBAWAIT_BACKEND
		count embed_libuv '' '^host: tick [1-3]$' 3 '^guest: heard "hello [1-3]"$' 3 \
			'^guest: fib(20) = 6765$' 1 '^host: the guest ended with 0$' 1 . 8
	done
	unset LIBAWAIT_BACKEND
	echo 'the guest of libuv prints what it should'
fi

# One seed, one run; another seed, another.
for seed in 3 3 4; do
	count simulate "$seed" '^[0-9.]* s: "thirty' 1
	cat "$work/output" >> "$work/simulate-$seed"
done
text=$(tr -d '\n' < "$work/simulate-4" | sed 's/[^"]*"\([^"]*\)"[^"]*/\1/g')
[ "$text" = 'thirty bytes, in pieces, later' ] ||
	{ echo 'simulate lost something:'; cat "$work/simulate-4"; exit 1; }
lines=$(($(wc -l < "$work/simulate-3") / 2))
[ "$(head -n "$lines" "$work/simulate-3")" = "$(tail -n "$lines" "$work/simulate-3")" ] ||
	{ echo 'simulate: the same seed, another run:'; cat "$work/simulate-3"; exit 1; }
[ "$(head -n "$lines" "$work/simulate-3")" != "$(cat "$work/simulate-4")" ] ||
	{ echo 'simulate: two seeds, the same run'; exit 1; }

# Commands from a file and from a pipe; one takes too long, one fails.
printf 'echo one; exit 3\necho early; sleep 100\necho two >&2\n' > "$work/commands"
for from in file pipe; do
	if [ "$from" = file ]; then
		timeout 20 "$build/examples/shell_pool" 2 0.5 < "$work/commands" > "$work/output"
	else
		cat "$work/commands" | timeout 20 "$build/examples/shell_pool" 2 0.5 > "$work/output"
	fi
	for line in '[3] echo one; exit 3' one '[timed out] echo early; sleep 100' early '[0] echo two >&2' two; do
		grep -qxF -- "$line" "$work/output" ||
			{ echo "shell_pool from a $from lacks '$line':"; cat "$work/output"; exit 1; }
	done
done
tried="$tried"'shell_pool '

python3 "$source/tests/examples/servers.py" "$build"
python3 "$source/tests/examples/streams.py" "$build"
python3 "$source/tests/examples/tls.py" "$build"
python3 "$source/tests/examples/web.py" "$build"
python3 "$source/tests/examples/fetch.py" "$build"
tried="$tried"'echo_streams chat port_forward echo_tls fib_service fib_blocking events todo fetch_urls fetch_one download reverse_proxy files upload '

for path in "$source"/examples/*.c "$source"/examples/*/*.c; do
	name=$(basename "$path" .c)
	case "$tried" in
	*" $name "*) ;;
	*)
		echo "nobody runs $path: add it to $0"
		exit 1
		;;
	esac
done
