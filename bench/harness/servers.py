# SPDX-License-Identifier: MIT
"""Starting, watching and stopping the programs under test. Only processes started here are ever
signalled, each by its own pid."""

import json
import os
import resource
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager

SERVER_CORE, LOAD_CORE = 0, 1
START_LIMIT_S = 20
STOP_LIMIT_S = 20
LISTENING = "0A"  # the state's name in /proc/net/tcp


class BenchError(Exception):
    pass


def pinned(core):
    """For preexec_fn: runs the child on one core. On a machine with one core all share it."""
    def pin():
        os.sched_setaffinity(0, {core % os.cpu_count()})
    return pin


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_listening(port):
    """Asks the kernel. A trial connection would count among the server's requests, and while nobody
    listens on an ephemeral port it can even connect to itself."""
    wanted = f":{port:04X}"
    for table in "/proc/net/tcp", "/proc/net/tcp6":
        if not os.path.exists(table):
            continue
        with open(table, encoding="ascii") as lines:
            for line in lines:
                words = line.split()
                if words[1].endswith(wanted) and words[3] == LISTENING:
                    return True
    return False


def wait_until_listening(process, port):
    deadline = time.monotonic() + START_LIMIT_S
    while not is_listening(port):
        if process.poll() is not None:
            raise BenchError(f"the server ended with status {process.returncode} at its start")
        if time.monotonic() > deadline:
            raise BenchError(f"the server did not listen within {START_LIMIT_S} s")
        time.sleep(0.01)


def core_seconds():
    """What both cores did so far that was not idling, time stolen by other machines included."""
    seconds = 0
    with open("/proc/stat", encoding="ascii") as lines:
        for line in lines:
            words = line.split()
            if words[0] in (f"cpu{SERVER_CORE}", f"cpu{LOAD_CORE}"):
                user, nice, system, _, _, irq, softirq, steal = map(int, words[1:9])
                seconds += user + nice + system + irq + softirq + steal
    return seconds / os.sysconf("SC_CLK_TCK")


def process_seconds(pid):
    """CPU time of a process and of all children that were waited for here."""
    nanoseconds = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as text:
            nanoseconds += int(text.read().split()[0])
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return nanoseconds / 1e9 + children.ru_utime + children.ru_stime


class Disturbance:
    """How much of one core others took while a block ran; server: the pid of the one under test."""

    def __init__(self, server):
        self.server = server
        self.share = 0

    def __enter__(self):
        self.start = time.monotonic(), core_seconds() - process_seconds(self.server)
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            others = core_seconds() - process_seconds(self.server) - self.start[1]
            self.share = max(0, others / (time.monotonic() - self.start[0]))


def only_child(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return int(children.read().split()[0])


@contextmanager
def running(contender, wrapper=(), wrapped=False):
    """The server on its core, listening: yields (port, pid of the server itself). `wrapper` is put
    in front of its command; wrapped=True: the wrapper runs the server as its child."""
    port = free_port()
    command = [*wrapper, *contender.command_for(port)]
    errors = tempfile.TemporaryFile()  # not a pipe, which would fill up and block the server
    try:
        process = subprocess.Popen(command, env={**os.environ, **contender.env},
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=errors, preexec_fn=None if contender.anywhere else
                                   pinned(contender.core))
    except OSError as error:
        raise BenchError(f"cannot start {command[0]}: {error.strerror}") from None
    server = process.pid
    try:
        wait_until_listening(process, port)
        server = only_child(process.pid) if wrapped else process.pid
        yield port, server
        if process.poll() is not None:
            raise BenchError(f"the server ended with status {process.returncode}")
    except BenchError as error:
        errors.seek(0)
        text = errors.read().decode(errors="replace").strip()
        raise BenchError(f"{contender.name}: {error}" + (f"\n{text[-2000:]}" if text else ""))
    finally:
        stop(process, server)
        errors.close()


def stop(process, server):
    if process.poll() is None:
        try:
            os.kill(server, signal.SIGTERM)
            process.wait(STOP_LIMIT_S)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            process.kill()
    process.wait()


def load(build, port, limit_s, *options):
    """One run of the load generator; returns its JSON line."""
    command = [os.path.join(build, "bench", "echo_load"), str(port), "-j", *map(str, options)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False,
                             preexec_fn=pinned(LOAD_CORE))
    except subprocess.TimeoutExpired:
        raise BenchError(f"the load generator took longer than {limit_s} s") from None
    if run.returncode:
        raise BenchError(run.stderr.strip())
    return json.loads(run.stdout)
