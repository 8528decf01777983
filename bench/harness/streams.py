# SPDX-License-Identifier: MIT
"""What idle connections cost, what a second loop brings, and very many connections at once."""

import dataclasses
import os
import re
import resource
import socket
import subprocess
import time

from .servers import BenchError, load, running

CLIENTS_FIRST = 10  # before counting: pools and tables are there then
SETTLE_S = 0.5
LINE = b"x" * 64 + b"\n"
SPARE_DESCRIPTORS = 100


def memory(pid):
    """Resident bytes and page tables of a process."""
    fields = {}
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        for line in lines:
            name, _, rest = line.partition(":")
            fields[name] = rest
    return [int(fields[name].split()[0]) * 1024 for name in ("VmRSS", "VmPTE")]


def exchange(port):
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    client.sendall(LINE)
    data = b""
    while len(data) < len(LINE):
        piece = client.recv(len(LINE))
        if not piece:
            raise BenchError("the server closed an idle connection")
        data += piece
    return client


def idle(contender, count):
    """Bytes for each of `count` connections that have echoed once and wait."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(count, hard - SPARE_DESCRIPTORS)
    with running(contender) as (port, pid):
        clients = [exchange(port) for _ in range(CLIENTS_FIRST)]
        time.sleep(SETTLE_S)
        before = memory(pid)
        clients += [exchange(port) for _ in range(count)]
        time.sleep(SETTLE_S)
        after = memory(pid)
        for client in clients:
            client.close()
    return {"name": contender.name, "connections": count,
            "bytes": (after[0] - before[0]) / count,
            "page_table_bytes": (after[1] - before[1]) / count}


def loops(build, contender, plan, count):
    """Requests per second with one loop and with `count`, in turns; nobody is bound to a core."""
    several = dataclasses.replace(contender, command=[*contender.command, "--loops", str(count)],
                                  anywhere=True)
    one = dataclasses.replace(contender, anywhere=True)
    pairs = []
    for _ in range(plan.large_rounds):
        rates = []
        for server in (one, several):
            with running(server) as (port, _):
                result = load(build, port, 60, "-d", plan.seconds, "-w", plan.warmup_seconds,
                              "-c", 50, "-s", 64)
                rates.append(result["requests_per_second"])
        pairs.append(rates)
    return {"name": contender.name, "loops": count, "pairs": pairs}


def many(build, backend, count):
    """bench/stream_many.c: everything in one process."""
    run = subprocess.run([os.path.join(build, "bench", "stream_many"), str(count)],
                         env={**os.environ, "LIBAWAIT_BACKEND": backend}, text=True,
                         capture_output=True, timeout=120, check=False)
    found = re.search(r"after ([\d.]+) s, (\d+) KB .*\n.* ([\d.]+) us each", run.stdout)
    if run.returncode or not found:
        raise BenchError(f"stream_many {count} on {backend}: {run.stdout}{run.stderr}")
    return {"backend": backend, "connections": count, "open_s": float(found[1]),
            "resident_kb": int(found[2]), "echo_us": float(found[3])}


def measure(build, field, plan):
    streams = [contender for contender in field if "streams" in contender.name
               and contender.group == "library"]
    backends = (("sim", 1000), ("sim", 100000), ("epoll", 9900), ("uring", 9900))
    return {"idle": [idle(contender, 19000) for contender in streams],
            "loops": [loops(build, contender, plan, 2) for contender in streams],
            "many": [many(build, backend, count) for backend, count in backends]}
