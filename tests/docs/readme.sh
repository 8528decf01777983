#!/bin/sh
# SPDX-License-Identifier: MIT
# What README and docs show is what is there: every C block is from an example of the tree, word for word, or a program or
# a fragment of one that compiles; every file they link to exists. Called with the build directory.
set -eu
build=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
exec python3 - "$root" "$build" <<'PYTHON'
import glob, os, re, subprocess, sys, tempfile

root, build = sys.argv[1:]
# The libraries above the core, as far as they were built, and what they stand on.
archives = [path for path in (build + "/libawait-%s.a" % name for name in ("http", "tls", "names")) if os.path.exists(path)]
cache = open(build + "/CMakeCache.txt").read()
below = re.findall(r"^\w+_LIBRARY:FILEPATH=(/.*)$", cache, re.M)
examples = {path: open(path).read() for path in glob.glob(root + "/examples/**/*.c", recursive=True)}


def compile_block(name, block, options):
    with tempfile.TemporaryDirectory() as scratch:
        source = scratch + "/block.c"
        open(source, "w").write(block)
        done = subprocess.run(["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", *options, "-I" + root + "/include",
                               source, "-o", scratch + "/block", *archives, build + "/libawait.a", "-pthread",
                               "-Wl,--as-needed", *below],
                              capture_output=True, text=True)
        return ["%s: a block does not compile:\n%s" % (name, done.stderr)] if done.returncode else []


# Statements of a function that has a stream, or what stands outside functions.
STATEMENTS = "int fragment(async_stream *stream);\nint fragment(async_stream *stream)\n{\n(void)stream;\n{\n%s}\nreturn 0;\n}\n"


def compile_fragment(name, block):
    include, options = "#include <await.h>\n#include <stdio.h>\n", ["-c", "-Wno-unused-variable", "-Wno-unused-function"]
    inside = compile_block(name, include + STATEMENTS % block, options)
    return inside and compile_block(name, include + block, options) and inside


bad = []
blocks = links = 0
for path in [root + "/README.md"] + sorted(glob.glob(root + "/docs/*.md")):
    text = open(path).read()
    name = os.path.relpath(path, root)
    whole_page = name == "docs/cheatsheet.md"
    if whole_page:  # its blocks are one program, in their order
        program = ["#include <await.h>\n#include <errno.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"]
        program += re.findall(r"^```c\n(.*?)^```", text, re.S | re.M)
        blocks += len(program) - 1
        bad += compile_block(name, "".join(program), ["-Wno-unused-function", "-Wno-unused-but-set-variable"])
    for block in [] if whole_page else re.findall(r"^```c\n(.*?)^```", text, re.S | re.M):
        blocks += 1
        if any(block.strip() in source for source in examples.values()):
            continue
        if "<jansson.h>" in block and "jansson" not in cache:
            continue
        bad += compile_block(name, block, []) if "int main(" in block else compile_fragment(name, block)
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        links += 1
        if not os.path.exists(os.path.join(os.path.dirname(path), link)):
            bad.append("%s: %s does not exist" % (name, link))
first = re.search(r"^```c\n(.*?)^```", open(root + "/README.md").read(), re.S | re.M).group(1)
if first.strip() not in examples[root + "/examples/echo_sockets.c"]:
    bad.append("README.md: the first program is not examples/echo_sockets.c")
print("\n".join(bad) or "%d C blocks, %d links" % (blocks, links))
sys.exit(bool(bad))
PYTHON
