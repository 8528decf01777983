#!/bin/sh
# SPDX-License-Identifier: MIT
# What the library adds to a program: the size of a stripped static echo server, on sockets and on
# streams, minus that of the same program with an empty main. What it needs of the C library counts as added too.
#
#   tests/system/size.sh BUILD_DIR
set -eu

source=$(cd "$(dirname "$0")/../.." && pwd)
library=$(cd "$1" && pwd)/libawait.a
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo 'int main(void) { return 0; }' > "$work/empty.c"

# $1: source, $2: program
size_of()
{
	"${CC:-cc}" -O2 -static -ffunction-sections -fdata-sections -I"$source/include" \
		-o "$2" "$1" "$library" -Wl,--gc-sections -Wl,-s
	wc -c < "$2"
}

# $1: example, $2: how many KB it may add
check()
{
	whole=$(size_of "$source/examples/$1.c" "$work/$1")
	added=$((whole - empty))
	echo "a static $1 of $whole bytes: $added more than an empty main ($empty bytes)"
	[ "$added" -gt 0 ] && [ "$added" -le $(($2 * 1024)) ] || {
		echo "at most $2 KB may be added"
		exit 1
	}
}

empty=$(size_of "$work/empty.c" "$work/empty")
check echo_sockets 150
check echo_streams 300
