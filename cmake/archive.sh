#!/bin/sh
# SPDX-License-Identifier: MIT
# Copies the library's objects into a directory, where every internal name that one file defines for
# another begins with PREFIX (await_private_): so it cannot collide with a name of the program's. The objects
# stay apart. Merged into one with their names made local they would drag in all that any of them
# needs of the C library, and thread creation alone costs a static program 78 KB.
#
#   cmake/archive.sh NM OBJCOPY DIRECTORY PREFIX OBJECT...
set -eu

nm=$1 objcopy=$2 directory=$3 prefix=$4
shift 4

mkdir -p "$directory"
# A name that ends in a colon is a file's; weak ones of the compiler hold a dot.
"$nm" -g --defined-only "$@" | awk -v prefix="$prefix" 'NF == 3 && $3 !~ /^(async_|await_)/ && $3 !~ /[.:]/ {
	print $3, prefix $3
}' | sort -u > "$directory/names"
for object in "$@"; do
	# .../src/core/run.c.o becomes core_run.o
	name=$(echo "${object##*/src/}" | tr / _)
	"$objcopy" --redefine-syms="$directory/names" "$object" "$directory/${name%.c.o}.o"
done
