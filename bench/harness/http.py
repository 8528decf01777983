# SPDX-License-Identifier: MIT
"""The HTTP server against a hand-written loop and nginx, wrk on the other core: requests per second,
pipelined ones, idle connections, and what others wait while a long computation runs."""

import os
import re
import resource
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from . import streams
from .contenders import Contender
from .servers import LOAD_CORE, BenchError, pinned, running

RAW = "raw epoll loop"
CONNECTIONS = 64
DEPTHS = (1, 16)
IDLE = 19000
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
# keepalive_requests: nginx closes a connection after 1000 of them, which no other contender does.
NGINX = """worker_processes 1; daemon off; master_process off; pid {work}/pid; error_log /dev/null;
events {{ worker_connections 4096; }}
http {{
	access_log off; keepalive_requests 1000000000;
	client_body_temp_path {work}; proxy_temp_path {work}; fastcgi_temp_path {work};
	uwsgi_temp_path {work}; scgi_temp_path {work};
	server {{ listen 127.0.0.1:{port}; location / {{ default_type text/plain;
		return 200 "Hello, World!"; }} }}
}}
"""
PIPELINE = """init = function(args)
	local all = {{}}
	for i = 1, {depth} do all[i] = wrk.format("GET", "/") end
	requests = table.concat(all)
end
request = function() return requests end
"""


class Nginx(Contender):
    """Its port is in a file, made when it is known."""

    template = NGINX

    def __init__(self, work):
        super().__init__("nginx", [shutil.which("nginx") or "/usr/sbin/nginx"], reference=RAW)
        self.work = work

    def command_for(self, port):
        path = os.path.join(self.work, f"{port}.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(self.template.format(work=self.work, port=port))
        return [*self.command, "-c", path]


def contenders(build, work):
    bench = os.path.join(build, "bench")
    hello = os.path.join(bench, "http_hello")
    found = [Contender(RAW, [os.path.join(bench, "raw_epoll_http"), "PORT"], {}, "raw", RAW),
             Contender("libawait, epoll", [hello, "PORT"], {"LIBAWAIT_BACKEND": "epoll"},
                       "library", RAW),
             Contender("libawait, io_uring", [hello, "PORT"], {"LIBAWAIT_BACKEND": "uring"},
                       "library", RAW)]
    nginx = Nginx(work)
    return found + ([nginx] if os.access(nginx.command[0], os.X_OK) else [])


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        words = file.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def wrk(port, seconds, connections, script):
    """Requests and requests per second."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}"]
    command += ["-s", script] if script else []
    done = subprocess.run([*command, f"http://127.0.0.1:{port}/"], capture_output=True, text=True,
                          timeout=seconds + 30, preexec_fn=pinned(LOAD_CORE), check=False)
    rate = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    count = re.search(r"(\d+) requests in", done.stdout)
    if not rate or not count:
        raise BenchError(f"wrk printed no rate: {done.stdout}{done.stderr}")
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise BenchError(f"not all was answered: {done.stdout}")
    return int(count.group(1)), float(rate.group(1))


def speed(build, plan, depth, work):
    """Runs of every contender in rotated order: {name: [(rate, CPU microseconds a request)]}."""
    script = None
    if depth > 1:
        script = os.path.join(work, f"pipeline-{depth}.lua")
        with open(script, "w", encoding="ascii") as file:
            file.write(PIPELINE.format(depth=depth))
    field = contenders(build, work)
    runs = {contender.name: [] for contender in field}
    for turn in range(plan.rounds):
        for contender in field[turn % len(field):] + field[:turn % len(field)]:
            with running(contender) as (port, pid):
                before = cpu_seconds(pid)
                count, rate = wrk(port, plan.seconds, CONNECTIONS, script)
                used = cpu_seconds(pid) - before
            runs[contender.name].append((rate, used / count * 1e6))
    return runs


def exchange(port):
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
    client.sendall(REQUEST)
    data = b""
    while not data.endswith(b"Hello, World!"):
        piece = client.recv(4096)
        if not piece:
            raise BenchError("the server closed an idle connection")
        data += piece
    return client


def idle(contender, count):
    """Bytes for each connection that was answered once and is kept alive."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(count, hard - streams.SPARE_DESCRIPTORS)
    with running(contender) as (port, pid):
        clients = [exchange(port) for _ in range(streams.CLIENTS_FIRST)]
        time.sleep(2.5)  # connections keep their task for a second
        before = streams.memory(pid)
        for start in range(0, count, 1000):
            clients += [exchange(port) for _ in range(min(1000, count - start))]
        time.sleep(2.5)
        after = streams.memory(pid)
        for client in clients:
            client.close()
    return {"name": contender.name, "connections": count,
            "bytes": (after[0] - before[0]) / count,
            "page_table_bytes": (after[1] - before[1]) / count}


def beside_a_long_one(build, number):
    """Milliseconds of small requests while one long computation runs in a thread."""
    program = os.path.join(build, "examples", "fib_service")
    times = []
    with running(Contender("fib_service", [program, "127.0.0.1:PORT"], anywhere=True)) as (port, _):
        def ask(path):
            with socket.create_connection(("127.0.0.1", port), timeout=300) as client:
                client.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
                while client.recv(4096):
                    pass

        long_one = threading.Thread(target=ask, args=(f"/fib/{number}",))
        long_one.start()
        begun = time.monotonic()
        while long_one.is_alive():
            start = time.monotonic()
            ask("/fib/6")
            times.append((time.monotonic() - start) * 1e3)
        seconds = time.monotonic() - begun
        long_one.join()
    times.sort()
    return {"number": number, "seconds": seconds, "requests": len(times),
            "p50_ms": times[len(times) // 2], "p99_ms": times[int(len(times) * 0.99)],
            "max_ms": times[-1]}


def measure(build, plan):
    if not shutil.which("wrk"):
        print("the HTTP part is left out: it needs wrk, and nginx to compare with (Debian packages "
              "wrk and nginx-light)")
        return None
    with tempfile.TemporaryDirectory() as work:
        results = {f"depth_{depth}": speed(build, plan, depth, work) for depth in DEPTHS}
        results["idle"] = [idle(contender, IDLE) for contender in contenders(build, work)[1:3]]
    results["beside"] = beside_a_long_one(build, 45 if plan.rounds > 3 else 38)
    return results
