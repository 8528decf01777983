#!/bin/sh
# SPDX-License-Identifier: MIT
# The demo: examples/echo_sockets.c, as it stands in the README, holds every client that one process
# may have (20,000 if the descriptor limit allows), and so does examples/echo_streams.c. Then the same
# against a thread per client. Ends with a table of all. Last the web service of the README: one
# client asks for a number that takes long, fifty others go on; and the same with the service that
# computes in its handler. `make demo` runs it; it takes less than a minute.
#
#   examples/demo/run.sh BUILD_DIR [CLIENTS [ROUNDS [NUMBER]]]
set -u

build=${1-build} wanted=${2-20000} rounds=${3-10} number=${4-45}
thread_kilobytes=32 # memory of a thread that waits, its kernel stack and page tables included
patience_seconds=20 # the second backend has its turn if the first took less
started=$(date +%s)
server='' client='' notes=''
work=$(mktemp -d) || exit 1

# Children of a shell script ignore SIGINT, so Ctrl-C reaches only this shell, which ends them.
stop()
{
	for pid in $client $server; do
		kill "$pid" 2> /dev/null
		wait "$pid" 2> /dev/null
	done
	client='' server=''
}
trap 'stop; rm -rf "$work"' EXIT
trap 'echo >&2; exit 130' INT
trap 'exit 143' TERM HUP

fail()
{
	echo "demo: $*" >&2
	exit 1
}

# Somebody listens on TCP port $1.
listening()
{
	awk -v "port=:$(printf '%04X' "$1")\$" '$2 ~ port && $4 == "0A" { found = 1 }
		END { exit !found }' /proc/net/tcp /proc/net/tcp6 2> /dev/null
}

# $1: program, $2: a setting for its environment, or nothing. Leaves its process in $server and its
# address in $address.
start_server()
{
	port=$((10000 + $$ % 20000))
	while listening "$port"; do
		port=$((port + 1))
	done
	address=127.0.0.1:$port
	env ${2-} "$build/examples/$1" "$address" > /dev/null 2> "$work/errors" &
	server=$!
	tries=0
	until listening "$port"; do
		kill -0 "$server" 2> /dev/null && [ "$tries" -lt 50 ] ||
			fail "$1 does not listen on $address: $(head -n 1 "$work/errors")"
		tries=$((tries + 1))
		sleep 0.1
	done
}

# $1: a name for its figures, $2: how many clients.
run_clients()
{
	"$build/examples/echo_clients" "$address" "$2" "$rounds" "$server" > "$work/$1" &
	client=$!
	wait "$client" || fail "the clients failed"
	client=''
	stop
}

# What the server really stands on, whatever was asked for.
server_backend()
{
	case "$(ls -l "/proc/$server/fd")" in
	*io_uring*) echo uring ;;
	*) echo epoll ;;
	esac
}

figure()
{
	awk -v "name=$2" '$1 == name { sub(/^[^ ]* /, ""); print }' "$work/$1"
}

# $1: a backend for the server, or nothing. The clients stay the same.
sockets()
{
	echo "echo_sockets${1:+ on $1}: $wanted clients, one thread"
	start_server echo_sockets "${1:+LIBAWAIT_BACKEND=$1}"
	backend=$(server_backend)
	run_clients "$backend" "$wanted"
}

# The same over streams, on the default backend: line by line, with a buffer only while it is used.
streams()
{
	echo "echo_streams on $1: $wanted clients, one thread"
	start_server echo_streams "LIBAWAIT_BACKEND=$1"
	run_clients streams "$wanted"
}

# A thread costs memory that a small machine may not have for all of them.
threads()
{
	limit=$(awk -v "each=$thread_kilobytes" '/^MemAvailable:/ { print int($2 / 2 / each) }' \
		/proc/meminfo)
	count=$wanted
	if [ -n "$limit" ] && [ "$limit" -lt "$count" ]; then
		count=$limit
		notes="echo_threads was not asked to hold more than $count clients: \
so many threads may take half of the free memory."
	fi
	echo "echo_threads: $count clients, a thread each"
	start_server echo_threads
	run_clients threads "$count"
	reason=$(figure threads reason)
	[ -z "$reason" ] ||
		notes="echo_threads stopped at $(figure threads clients) clients: $reason.
Its own words: $(head -n 1 "$work/errors")"
}

# $1: a web service. Fifty clients ask for fib(6), one for fib($number).
web()
{
	echo "$1: 50 clients ask for fib(6), and one for fib($number)"
	start_server "$1"
	"$build/examples/web_clients" "$address" 50 "$number" > "$work/$1" &
	client=$!
	wait "$client" || fail "the clients of $1 failed"
	client=''
	stop
}

web_table()
{
	printf '\n%-44s%17s%17s\n' '' fib_service fib_blocking
	for row in "long_seconds:fib($number) took, s" 'answered:fib(6) answered meanwhile' \
		'p50_ms:  they waited, p50, ms' 'p99_ms:  p99, ms' 'max_ms:  the longest, ms'; do
		printf '%-44s%17s%17s\n' "${row#*:}" "$(figure fib_service "${row%%:*}")" \
			"$(figure fib_blocking "${row%%:*}")"
	done
}

# $1...: names of figures, a column each.
table()
{
	(cd "$work" && awk '
	function number(value) # with commas
	{
		value = sprintf("%d", value)
		while (match(value, /[0-9][0-9][0-9][0-9](,|$)/))
			value = substr(value, 1, RSTART) "," substr(value, RSTART + 1)
		return value
	}
	function milliseconds(value)
	{
		return value == "" ? "-" : sprintf(value < 10 ? "%.2f" : "%.0f", value)
	}
	# The kernel counts stacks for the whole machine: few of them drown in what others do.
	function kilobytes(value) { return sprintf("%.1f", value > 0 ? value / 1024 : 0) }
	function row(label, name, kind,  i, text)
	{
		printf "%-44s", label
		for (i = 1; i < ARGC; i++) {
			text = value[ARGV[i], name "_p50_ms"]
			if (kind == "latency")
				text = milliseconds(text) " / " \
					milliseconds(value[ARGV[i], name "_p99_ms"])
			else if (kind == "KB")
				text = kilobytes(value[ARGV[i], name])
			else
				text = number(value[ARGV[i], name])
			printf "%17s", text
		}
		print ""
	}
	{ value[FILENAME, $1] = $2 }
	END {
		name["threads"] = "echo_threads"
		name["streams"] = "over streams"
		printf "\n%-44s", ""
		for (i = 1; i < ARGC; i++)
			printf "%17s", name[ARGV[i]] ? name[ARGV[i]] : "libawait, " ARGV[i]
		print ""
		row("clients, all connected at once", "clients")
		row("threads of the server", "threads")
		row("server memory per client (RSS), KB", "rss_bytes_per_client", "KB")
		row("  kernel stacks, page tables per client, KB", "kernel_bytes_per_client", "KB")
		row("echoes per second, everybody at once", "echoes_per_second")
		row("  latency p50 / p99, ms", "burst", "latency")
		row("one echo a second each: p50 / p99, ms", "paced", "latency")
	}' "$@")
}

hard_limit=$(ulimit -H -n)
ulimit -n "$hard_limit" || fail "cannot raise the descriptor limit to the hard one, $hard_limit"
for program in echo_sockets echo_streams echo_threads echo_clients fib_blocking web_clients; do
	[ -x "$build/examples/$program" ] || fail "$build/examples/$program is missing: build first"
done

sockets ''
columns=$backend
if [ "$backend" = uring ] && [ $(($(date +%s) - started)) -lt "$patience_seconds" ]; then
	sockets epoll
	columns="$columns epoll"
fi
streams "${columns%% *}"
threads
# The service answers JSON: without jansson it is not there.
if [ -x "$build/examples/fib_service" ]; then
	web fib_service
	web fib_blocking
fi
# shellcheck disable=SC2086
table $columns streams threads
[ ! -e "$work/fib_blocking" ] || web_table
echo
[ -z "$notes" ] || echo "$notes"
echo "Every echo is 64 bytes, compared. Clients and server share $(nproc) processors." \
	"All of it took $(($(date +%s) - started)) seconds."
