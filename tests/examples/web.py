#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The web services as their users meet them, by Python's http.client and by curl.

covers: Z32, Z33, Z34, Z36, Z37, W02, W04

    tests/examples/web.py BUILD_DIR
"""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

from servers import program


class Service:
    """A program that prints where it serves; SIGINT ends it, and it must end well."""

    def __init__(self, name, *arguments, backend, address="127.0.0.1:0"):
        environment = dict(os.environ)
        if backend:
            environment["LIBAWAIT_BACKEND"] = backend
        self.child = subprocess.Popen([program(name), *arguments, address], env=environment,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        line = self.child.stdout.readline()
        match = re.fullmatch(r"Serving http://127\.0\.0\.1:(\d+)/\n", line)
        if not match:
            self.child.kill()
            raise AssertionError(f"printed {line!r}, {self.child.communicate()}")
        self.port = int(match.group(1))
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.child.kill()
        self.child.send_signal(signal.SIGINT)
        output, self.errors = self.child.communicate(timeout=20)
        if not kind:
            assert self.child.returncode in (0, 1), (self.child.returncode, self.errors)
            self.output = output

    def get(self, path, method="GET", body=None, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer, data

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"


def curl(*arguments):
    done = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "20", "--noproxy", "*",
                           *arguments], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def ask_many(service, count, clients):
    """Seconds of each of `count` requests of so many clients."""
    times, lock = [], threading.Lock()

    def client():
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        for _ in range(count):
            begun = time.monotonic()
            connection.request("GET", "/fib/6")
            assert connection.getresponse().read() == b'{"result": 8}'
            with lock:
                times.append(time.monotonic() - begun)
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def check_fib_service(backend):
    with Service("fib_service", backend=backend) as service:
        answer, data = service.get("/fib/6")
        assert (answer.status, data) == (200, b'{"result": 8}'), (answer.status, data)
        assert answer.headers["Content-Type"] == "application/json", answer.headers
        assert json.loads(curl(service.url("/fib/20"))) == {"result": 6765}
        assert service.get("/fib/x")[0].status == 404
        assert service.get("/fib/6", "POST")[0].status == 405
        assert curl("--head", service.url("/fib/6")).startswith("HTTP/1.1 200 OK\n")
        # While a long computation runs, the others do not wait for it.
        long_one = threading.Thread(target=service.get, args=("/fib/36",))
        long_one.start()
        assert len(ask_many(service, 20, 5)) == 100
        long_one.join()
    assert service.errors == "", service.errors


def main():
    for backend in ("uring", "epoll"):
        check_fib_service(backend)
    print("fib_service computes while it answers")


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    main()
