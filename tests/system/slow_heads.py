#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Half heads of many clients, and one that is served among them.

    tests/system/slow_heads.py BUILD_DIR CLIENTS
"""

import os
import re
import resource
import socket
import subprocess
import sys
import time

HALF = b"GET /todos HTTP/1.1\r\nHost: a\r\nUser-Agent: slow\r\nX-Begun: "


def resident(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) * 1024


def served(port):
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"GET /todos HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    return time.monotonic() - begun


def check(build, backend, count):
    environment = dict(os.environ, LIBAWAIT_BACKEND=backend)
    child = subprocess.Popen([os.path.join(build, "examples", "todo"), "127.0.0.1:0"],
                             env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             text=True)
    clients = []
    try:
        port = int(re.search(r":(\d+)/", child.stdout.readline()).group(1))
        for _ in range(20):
            served(port)
        before = resident(child.pid)
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", port), timeout=10)
            clients.append(client)
            client.sendall(HALF)
        times = []
        for i in range(200):
            clients[i % count].sendall(b"x")
            times.append(served(port))
        each = (resident(child.pid) - before) / count
        # A task with its stack, the request's record, 64 bytes of a head: no more than pages.
        assert each < 40_000, f"{each:.0f} bytes for each"
        assert sorted(times)[100] < 0.5, sorted(times)[100]
        print(f"{backend}: {count} half heads: {each:.0f} bytes each; others are served in "
              f"{sorted(times)[100] * 1000:.1f} ms (median)")
    finally:
        for client in clients:
            client.close()
        child.terminate()
        child.wait(timeout=20)


def main():
    build, count = sys.argv[1], int(sys.argv[2])
    room = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 100
    if count > room:
        print(f"warning: {room} clients and not {count}: the limit of descriptors (ulimit -n)")
        count = room
    for backend in ("uring", "epoll"):
        check(build, backend, count)


if __name__ == "__main__":
    main()
