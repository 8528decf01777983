#!/bin/sh
# SPDX-License-Identifier: MIT
# What the library adds to a program: the size of a stripped static echo_sockets minus that of the
# same program with an empty main. What it needs of the C library counts as added too.
#
#   tests/system/size.sh BUILD_DIR
set -eu

most_kilobytes=150
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

empty=$(size_of "$work/empty.c" "$work/empty")
echo_sockets=$(size_of "$source/examples/echo_sockets.c" "$work/echo_sockets")
added=$((echo_sockets - empty))
echo "a static echo_sockets of $echo_sockets bytes: $added more than an empty main ($empty bytes)"
[ "$added" -gt 0 ] && [ "$added" -le $((most_kilobytes * 1024)) ] || {
	echo "at most $most_kilobytes KB may be added"
	exit 1
}
