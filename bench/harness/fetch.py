# SPDX-License-Identifier: MIT
"""The HTTP client against wrk, which parses next to nothing, and libcurl if asked: many small GETs
from nginx on the other core, each client on one core."""

import os
import re
import resource
import shutil
import subprocess
import tempfile

from .contenders import HERE
from .http import Nginx
from .servers import LOAD_CORE, SERVER_CORE, BenchError, pinned, running

CONCURRENCY = 64
REFERENCE = "wrk"


def clients(build, peers):
    bench = os.path.join(build, "bench", "fetch")
    found = {REFERENCE: None}
    for backend, name in (("epoll", "libawait, epoll"), ("uring", "libawait, io_uring")):
        found[name] = ([bench], {"LIBAWAIT_BACKEND": backend})
    if peers:
        subprocess.run([os.path.join(HERE, "peers", "build"), build, "curl"], check=True)
        curl = os.path.join(build, "peers", "curl_fetch")
        if os.path.exists(curl):
            found["libcurl"] = ([curl], {})
    return found


def run_client(command, environment, url, count):
    """Requests per second, and CPU microseconds for each."""
    done = subprocess.run([*command, url, str(count), str(CONCURRENCY)], capture_output=True,
                          text=True, timeout=120, preexec_fn=pinned(SERVER_CORE), check=False,
                          env={**os.environ, **environment})
    match = re.match(r"(\d+) requests/s, ([\d.]+) us of CPU each, \d+ bytes, 0 failed", done.stdout)
    if done.returncode or not match:
        raise BenchError(f"{command[0]}: {done.stdout}{done.stderr}")
    return float(match[1]), float(match[2])


def run_wrk(url, seconds):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(["wrk", "-t1", f"-c{CONCURRENCY}", f"-d{max(1, round(seconds))}", url],
                          capture_output=True, text=True, timeout=seconds + 30,
                          preexec_fn=pinned(SERVER_CORE), check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    rate = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    count = re.search(r"(\d+) requests in", done.stdout)
    if not rate or not count or "Non-2xx" in done.stdout:
        raise BenchError(f"wrk: {done.stdout}{done.stderr}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return float(rate[1]), used / int(count[1]) * 1e6


def measure(build, plan, peers):
    """{name: [(requests per second, CPU microseconds for each)]}, in rotated order."""
    if not shutil.which("wrk"):
        print("the fetch part is left out: it needs wrk and nginx")
        return None
    with tempfile.TemporaryDirectory() as work:
        nginx = Nginx(work)
        if not os.access(nginx.command[0], os.X_OK):
            print("the fetch part is left out: it needs wrk and nginx")
            return None
        nginx.core = LOAD_CORE
        field = clients(build, peers)
        names = list(field)
        runs = {name: [] for name in names}
        with running(nginx) as (port, _):
            url = f"http://127.0.0.1:{port}/"
            for turn in range(plan.rounds):
                for name in names[turn % len(names):] + names[:turn % len(names)]:
                    runs[name].append(run_client(*field[name], url, plan.fetches) if field[name]
                                      else run_wrk(url, plan.seconds))
    return runs
