#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The two echo servers as their users meet them: served, interrupted, started wrongly.

covers: Z02, Z05, Z06, Z07, Z08, Z09, Z10, Z11, Z12, Z13, Z21, A17

    tests/examples/servers.py BUILD_DIR
"""

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time

CLIENTS = 50
LARGE = os.urandom(1 << 20)
BUILD = sys.argv[1]


def free_port():
    with socket.socket() as probe:
        for _ in range(100):
            port = random.randrange(10000, 30000)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    sys.exit("no free port")


def program(name):
    return os.path.join(BUILD, "examples", name)


def environment(backend):
    env = dict(os.environ)
    if backend:
        env["LIBAWAIT_BACKEND"] = backend
    return env


def default_interrupt():
    """A program started in the background of a shell script would ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def server(name, address, backend=None):
    child = subprocess.Popen([program(name), address], env=environment(backend),
                             preexec_fn=default_interrupt, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def connect(port, child):
    for _ in range(100):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=10)
        except ConnectionRefusedError:
            if child.poll() is not None:
                break
            time.sleep(0.05)
    sys.exit(f"nobody listens on {port}: {child.communicate()}")


def receive(client, count):
    data = b""
    while len(data) < count:
        piece = client.recv(65536)
        assert piece, f"the connection ended after {len(data)} of {count} bytes"
        data += piece
    return data


def echo_large(client):
    """More than the buffers of both sides hold: sends and receives in turn."""
    sent, data = 0, b""
    client.setblocking(False)
    limit = time.monotonic() + 10
    while len(data) < len(LARGE):
        assert time.monotonic() < limit, f"{len(data)} bytes came back in 10 s"
        with contextlib.suppress(BlockingIOError):
            sent += client.send(LARGE[sent:])
        with contextlib.suppress(BlockingIOError):
            data += client.recv(65536)
    client.settimeout(10)
    assert data == LARGE, "a large echo came back changed"


def threads_of(child):
    with open(f"/proc/{child.pid}/status", encoding="ascii") as status:
        return int(re.search(r"^Threads:\s*(\d+)", status.read(), re.MULTILINE).group(1))


def talk(port, child, threads):
    """Many clients at once, each served although the others are silent."""
    clients = [connect(port, child) for _ in range(CLIENTS)]
    for number, client in enumerate(clients):
        client.sendall(b"hello %02d" % number)
    for number, client in reversed(list(enumerate(clients))):
        assert receive(client, 8) == b"hello %02d" % number
    assert threads_of(child) == threads, f"{threads_of(child)} threads, not {threads}"
    echo_large(clients.pop())
    while len(clients) > 1:
        clients.pop().close()
    return clients[0]


def check_served(backend):
    port = free_port()
    with server("echo_sockets", f"127.0.0.1:{port}", backend) as child:
        client = talk(port, child, 1)
        time.sleep(0.2)
        child.send_signal(signal.SIGINT)
        output, errors = child.communicate(timeout=10)
        assert child.returncode >= 0, f"SIGINT killed it: {child.returncode}"
        assert not errors, f"an interrupted server complains: {errors}"
        assert output.count("Connection from: 127.0.0.1:") == CLIENTS, output
        assert output.count("Connection closed") == CLIENTS, output
        assert client.recv(100) == b"", "the connection outlived the server"


def check_ipv6_and_all(backend):
    port = free_port()
    with server("echo_sockets", f":{port}", backend) as child:
        with connect(port, child) as client:
            client.sendall(b"four")
            assert receive(client, 4) == b"four"
        if socket.has_ipv6:
            with contextlib.suppress(OSError), \
                    socket.create_connection(("::1", port), timeout=10) as client:
                client.sendall(b"six")
                assert receive(client, 3) == b"six"


def check_refusals(backend):
    """Bad addresses, and a port that somebody has: the reason on standard error."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        for address, reason in (("nowhere", "write HOST:PORT"), ("127.0.0.1:", "EINVAL"),
                                ("127.0.0.1:65536", "EINVAL"), ("1.2.3.4.5:80", "EINVAL"),
                                (taken, "Address already in use (EADDRINUSE)"),
                                ("192.0.2.1:25000", "EADDRNOTAVAIL")):
            done = subprocess.run([program("echo_sockets"), address], env=environment(backend),
                                  capture_output=True, text=True, timeout=10, check=False)
            assert done.returncode > 0, f"{address}: status {done.returncode}"
            assert reason in done.stderr and address in done.stderr, f"{address}: {done.stderr}"
            assert not done.stdout, f"{address}: {done.stdout}"


def check_simulated():
    """Nobody will ever connect: a deadlock, told with who waits for what."""
    done = subprocess.run([program("echo_sockets")], env=environment("sim"), capture_output=True,
                          text=True, timeout=10, check=False)
    assert done.returncode > 0, f"in simulation: status {done.returncode}"
    assert "deadlock: every task waits" in done.stderr, done.stderr
    assert re.search(r"main \(echo_server .*await_accept", done.stderr), done.stderr


def check_no_such_backend():
    done = subprocess.run([program("echo_sockets")], env=environment("kqueue"), text=True,
                          capture_output=True, timeout=10, check=False)
    assert done.returncode > 0
    assert 'there is no backend "kqueue": uring, epoll, sim' in done.stderr, done.stderr


def check_datagrams(backend):
    """Every sender gets its datagram back, an empty one too; who sent what is printed."""
    port = free_port()
    with server("udp_echo", f"127.0.0.1:{port}", backend) as child, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.1)
        client.connect(("127.0.0.1", port))
        for _ in range(100):
            with contextlib.suppress(OSError):
                client.send(b"first")
                assert client.recv(100) == b"first"
                break
            time.sleep(0.05)
        else:
            sys.exit(f"udp_echo does not answer: {child.poll()}")
        client.settimeout(10)
        for data in (b"", b"second", b"x" * 1400):
            client.send(data)
            echo = client.recv(2000)
            while echo == b"first":  # of an attempt that took longer than we waited
                echo = client.recv(2000)
            assert echo == data, echo
        child.send_signal(signal.SIGINT)
        output, errors = child.communicate(timeout=10)
        assert child.returncode >= 0 and not errors, (child.returncode, errors)
        assert f":{client.getsockname()[1]} sent 6 bytes: second" in output, output
    print(f"udp_echo on {backend or 'the default backend'}: datagrams come back")


def check_threads():
    port = free_port()
    with server("echo_threads", f"127.0.0.1:{port}") as child:
        talk(port, child, CLIENTS + 1).close()
    done = subprocess.run([program("echo_threads"), "nowhere"], capture_output=True, text=True,
                          timeout=10, check=False)
    assert done.returncode > 0 and "cannot listen on nowhere" in done.stderr, done.stderr


def main():
    for backend in (None, "epoll"):
        check_served(backend)
        check_ipv6_and_all(backend)
        check_refusals(backend)
        check_datagrams(backend)
        print(f"echo_sockets on {backend or 'the default backend'}: {CLIENTS} clients on one "
              "thread, ended by SIGINT; bad addresses refused")
    check_simulated()
    check_no_such_backend()
    check_threads()


if __name__ == "__main__":
    main()
