# SPDX-License-Identifier: MIT
"""The HTTPS server against nginx over TLS 1.3, wrk on the other core: whole handshakes, requests on
connections that are kept, and a large body."""

import os
import re
import shutil
import subprocess
import tempfile

from .contenders import Contender
from .http import Nginx, cpu_seconds
from .servers import LOAD_CORE, BenchError, pinned, running

REFERENCE = "nginx"
LARGE_BYTES = 8 << 20  # as bench/https_hello.c
# Part: connections, path, wrk's options, what one answer is worth, and in which unit.
KINDS = {"handshakes": (64, "/", ["-H", "Connection: close"], 1, "/s"),
         "requests": (64, "/", [], 1, "/s"),
         "large": (4, "/large", [], LARGE_BYTES / 1e6, "MB/s")}
# Neither side resumes sessions: wrk would try to.
NGINX = """worker_processes 1; daemon off; master_process off; pid {work}/pid; error_log /dev/null;
events {{ worker_connections 4096; }}
http {{
	access_log off; keepalive_requests 1000000000; sendfile on;
	client_body_temp_path {work}; proxy_temp_path {work}; fastcgi_temp_path {work};
	uwsgi_temp_path {work}; scgi_temp_path {work};
	ssl_certificate {work}/identity; ssl_certificate_key {work}/identity;
	ssl_protocols TLSv1.3; ssl_session_tickets off; ssl_session_cache off;
	server {{ listen 127.0.0.1:{port} ssl; root {work};
		location = / {{ default_type text/plain; return 200 "Hello, World!"; }} }}
}}
"""


class SecureNginx(Nginx):
    template = NGINX


def make_files(work):
    """A certificate with its key, and the large body."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=bench",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{work}/key", "-out",
                    f"{work}/certificate"], check=True, capture_output=True)
    with open(f"{work}/identity", "w", encoding="ascii") as both:
        for name in ("certificate", "key"):
            with open(f"{work}/{name}", encoding="ascii") as file:
                both.write(file.read())
    with open(f"{work}/large", "wb") as file:
        file.truncate(LARGE_BYTES)


def contenders(build, work):
    hello = [os.path.join(build, "bench", "https_hello"), "PORT", f"{work}/identity"]
    return [SecureNginx(work),
            Contender("libawait, epoll", hello, {"LIBAWAIT_BACKEND": "epoll"}, "library",
                      REFERENCE),
            Contender("libawait, io_uring", hello, {"LIBAWAIT_BACKEND": "uring"}, "library",
                      REFERENCE)]


def wrk(port, seconds, kind):
    """Answers, and answers per second."""
    connections, path, options, _, _ = KINDS[kind]
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}",
                           *options, f"https://127.0.0.1:{port}{path}"], capture_output=True,
                          text=True, timeout=seconds + 30, preexec_fn=pinned(LOAD_CORE),
                          check=False)
    rate = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    count = re.search(r"(\d+) requests in", done.stdout)
    if not rate or not count or not int(count.group(1)):
        raise BenchError(f"wrk printed no rate: {done.stdout}{done.stderr}")
    if "Non-2xx" in done.stdout:
        raise BenchError(f"not all was answered: {done.stdout}")
    return int(count.group(1)), float(rate.group(1))


def speed(build, plan, kind, work):
    """Runs of every contender in rotated order: {name: [(rate, CPU microseconds for each)]}."""
    field = contenders(build, work)
    worth = KINDS[kind][3]
    runs = {contender.name: [] for contender in field}
    for turn in range(plan.rounds):
        for contender in field[turn % len(field):] + field[:turn % len(field)]:
            with running(contender) as (port, pid):
                before = cpu_seconds(pid)
                count, rate = wrk(port, plan.seconds, kind)
                used = cpu_seconds(pid) - before
            runs[contender.name].append((rate * worth, used / (count * worth) * 1e6))
    return runs


def measure(build, plan):
    with tempfile.TemporaryDirectory() as work:
        needed = [name for name in ("wrk", "openssl") if not shutil.which(name)]
        if not os.access(SecureNginx(work).command[0], os.X_OK):
            needed.append("nginx")
        if needed or not os.path.exists(os.path.join(build, "bench", "https_hello")):
            print(f"the HTTPS part is left out: it needs {' and '.join(needed) or 'https_hello'}")
            return None
        make_files(work)
        return {kind: {"unit": KINDS[kind][4], "runs": speed(build, plan, kind, work)}
                for kind in KINDS}
