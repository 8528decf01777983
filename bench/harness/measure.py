# SPDX-License-Identifier: MIT
"""The measurements. Speed is measured in rounds in which every contender runs once, in rotated
order, so that whatever else the machine does meets all of them alike; counts of instructions and
system calls are the difference of two runs of different length, so that start and end cancel
out."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from .servers import SERVER_CORE, BenchError, Disturbance, load, pinned, running

MICRO_LIMIT_S = 120
COUNT_LIMIT_S = 120
COUNT_CONNECTIONS = 50
REPEATS = 3
CALM_DOWN_S = 2  # before a repeat
DISTURBANCE_LIMIT = 0.08  # of one core; ticks of 10 ms make anything much smaller noise


@dataclass
class Plan:
    """How long everything takes."""
    rounds: int = 15
    seconds: float = 1.0
    warmup_seconds: float = 0.2
    connections: tuple = (50, 1000)
    large_rounds: int = 5
    large_bytes: int = 1 << 20
    large_connections: int = 8
    counted_requests: tuple = (20000, 60000)
    micro_runs: int = 7
    micro_share: float = 1.0  # of the operations of each test
    fetches: int = 20000

    @staticmethod
    def quick():
        return Plan(rounds=3, seconds=0.4, large_rounds=2, counted_requests=(5000, 15000),
                    micro_runs=3, micro_share=0.2)


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def measure_once(build, contender, options, plan):
    """One run, repeated a few times as long as others take too much of the cores."""
    limit_s = 60 + 10 * plan.seconds
    for attempt in range(1 + REPEATS):
        with running(contender) as (port, pid):
            with Disturbance(pid) as disturbance:
                result = load(build, port, limit_s, "-d", plan.seconds, "-w", plan.warmup_seconds,
                              "-p", pid, *options)
        result["disturbance"] = round(disturbance.share, 3)
        result["repeats"] = attempt
        if disturbance.share < DISTURBANCE_LIMIT:
            break
        time.sleep(CALM_DOWN_S)
    return result


def measure_speed(build, contenders, rounds, options, plan, label):
    """{name: [one JSON line of the generator per round]}; who fails once is out, with a message."""
    results = {contender.name: [] for contender in contenders}
    failed = {}
    for number in range(rounds):
        turn = number % len(contenders)
        for contender in contenders[turn:] + contenders[:turn]:
            if contender.name in failed:
                continue
            progress(f"{label}, round {number + 1} of {rounds}: {contender.name}")
            try:
                results[contender.name].append(measure_once(build, contender, options, plan))
            except BenchError as error:
                failed[contender.name] = str(error)
                progress("")
                print(f"bench: {label}: {contender.name} is out: {error}", file=sys.stderr)
    progress("")
    bad = sum(run["disturbance"] >= DISTURBANCE_LIMIT for runs in results.values() for run in runs)
    if bad:
        print(f"bench: {label}: in {bad} runs other processes took more than "
              f"{DISTURBANCE_LIMIT:.0%} of a core, even after {REPEATS} repeats", file=sys.stderr)
    return {name: runs for name, runs in results.items() if name not in failed}


def count_difference(build, contender, plan, count):
    """count(requests) measures one run; returns what one more request costs, per kind."""
    few, many = plan.counted_requests
    if contender.slow:
        few, many = few // 10, many // 10
    first, second = count(few), count(many)
    return {kind: (second[kind] - first.get(kind, 0)) / (many - few) for kind in second}


def count_instructions(build, contender, plan):
    """User-space instructions per request, or None. callgrind writes its total when the server gets
    SIGTERM."""
    def count(requests):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "log")
            wrapper = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                       f"--log-file={log}"]
            with running(contender, wrapper) as (port, _):
                load(build, port, COUNT_LIMIT_S, "-n", requests, "-c", COUNT_CONNECTIONS)
            with open(log, encoding="utf-8", errors="replace") as text:
                found = re.search(r"Collected *: *(\d+)", text.read())
        if not found:
            raise BenchError("callgrind gave no total")
        return {"instructions": int(found[1])}

    if not contender.valgrind or not shutil.which("valgrind"):
        return None
    progress(f"instructions: {contender.name}")
    try:
        return count_difference(build, contender, plan, count)["instructions"]
    except BenchError as error:
        progress("")
        print(f"bench: instructions of {contender.name}: {error}", file=sys.stderr)
        return None


def parse_strace(text):
    """The table of strace -c as {call: count}."""
    calls = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 5 and re.fullmatch(r"[\d.]+", words[0]) and words[-1] != "total":
            calls[words[-1]] = int(words[3])
    return calls


def count_system_calls(build, contender, plan):
    """{call: calls per request}, or None."""
    def count(requests):
        with tempfile.TemporaryDirectory() as folder:
            table = os.path.join(folder, "table")
            wrapper = ["strace", "-f", "-c", "-o", table]
            with running(contender, wrapper, wrapped=True) as (port, _):
                load(build, port, COUNT_LIMIT_S, "-n", requests, "-c", COUNT_CONNECTIONS)
            with open(table, encoding="utf-8", errors="replace") as text:
                return parse_strace(text.read())

    if not shutil.which("strace"):
        return None
    progress(f"system calls: {contender.name}")
    try:
        calls = count_difference(build, contender, plan, count)
    except BenchError as error:
        progress("")
        print(f"bench: system calls of {contender.name}: {error}", file=sys.stderr)
        return None
    # Less than this is a connection closed in time in one run and not in the other.
    return {name: round(number, 4) for name, number in sorted(calls.items()) if number >= 0.005}


# (test, N): long enough for a steady figure, short enough for seven runs
MICRO_TESTS = [
    ("switch", 20_000_000), ("yield", 10_000_000), ("spawn", 3_000_000), ("chan", 5_000_000),
    ("chan0", 5_000_000), ("lock", 5_000_000), ("timer", 2_000_000), ("mem", 1_000_000),
    ("events", 1_000), ("events", 1_000_000),
]


def measure_micro(build, plan):
    """[{"test", "n", field: [one value per run]}]; tests interleaved like the servers."""
    program = os.path.join(build, "bench", "micro")
    results = []
    if not os.access(program, os.X_OK):
        print(f"bench: there is no {program}", file=sys.stderr)
        return []
    for test, n in MICRO_TESTS:
        shrink = 1 if test == "events" and n == 1_000 else plan.micro_share
        results.append({"test": test, "n": int(n * shrink), "runs": []})
    for number in range(plan.micro_runs):
        for result in results:
            progress(f"micro, run {number + 1} of {plan.micro_runs}: {result['test']}")
            try:
                run = subprocess.run([program, result["test"], str(result["n"])], text=True,
                                     capture_output=True, timeout=MICRO_LIMIT_S, check=False,
                                     preexec_fn=pinned(SERVER_CORE))
            except subprocess.TimeoutExpired:
                run = None
            if not run or run.returncode:
                why = run.stderr.strip() if run else f"took longer than {MICRO_LIMIT_S} s"
                progress("")
                print(f"bench: micro {result['test']} {result['n']}: {why}", file=sys.stderr)
                continue
            result["runs"].append(json.loads(run.stdout))
    progress("")
    return [result for result in results if result["runs"]]
