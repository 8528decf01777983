#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The servers over streams as their users meet them: echo_streams, chat, port_forward.

covers: Z15, Z16, Z17, Z18, Z19, Z20, Z21, S02, G04

    tests/examples/streams.py BUILD_DIR
"""

import signal
import socket
import sys
import threading
import time

from servers import connect, echo_large, free_port, program, receive, server, subprocess


def lines(client):
    with client.makefile("r", encoding="ascii") as file:
        yield from file


def check_echo(backend, number):
    """Lines come back whole; SIGINT and SIGTERM end it without cutting one."""
    port = free_port()
    with server("echo_streams", f"127.0.0.1:{port}", backend) as child:
        idle, half = connect(port, child), connect(port, child)
        half.sendall(b"one\ntwo, ")
        assert receive(half, 4) == b"one\n"
        half.sendall(b"whole\n")
        assert receive(half, 11) == b"two, whole\n"
        with connect(port, child) as client:
            client.sendall(b"last without newline")
            client.shutdown(socket.SHUT_WR)
            assert receive(client, 20) == b"last without newline"
        with connect(port, child) as client:
            client.sendall(b"x" * 70000 + b"\n")
            assert client.recv(10) == b"", "a line over the limit was echoed"
        child.send_signal(number)
        output, errors = child.communicate(timeout=10)
        assert child.returncode >= 0, f"signal {number} killed it"
        assert child.returncode == (0 if number == signal.SIGTERM else 1), child.returncode
        assert output.count("Connection from: 127.0.0.1:") == 4, output
        assert output.count("Connection closed") == 4, output
        assert "line longer than 65536 bytes" in errors, errors
        assert errors.count("\n") == 1, errors
        assert idle.recv(10) == b"" and half.recv(10) == b""


def check_load(backend):
    """SIGTERM in the middle of work: every answer that was begun arrives whole."""
    port = free_port()
    with server("echo_streams", f"127.0.0.1:{port}", backend) as child:
        cut, answered = [], [0]

        def ask(client):
            line = b"y" * 5000 + b"\n"
            while True:
                try:
                    client.sendall(line)
                except OSError:
                    return
                data = b""
                while len(data) < len(line):
                    try:
                        piece = client.recv(65536)
                    except OSError:
                        piece = b""
                    if not piece:
                        if data:
                            cut.append(len(data))
                        return
                    data += piece
                answered[0] += 1

        clients = [connect(port, child) for _ in range(20)]
        threads = [threading.Thread(target=ask, args=[client]) for client in clients]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        child.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive(), "a client was left waiting"
        child.communicate(timeout=10)
        assert child.returncode == 0, child.returncode
        assert not cut, f"answers were cut: {cut}"
        assert answered[0] > 20, answered
        for client in clients:
            client.close()


def check_chat(backend):
    port = free_port()
    with server("chat", f"127.0.0.1:{port}", backend) as child:
        guests, texts = [], []
        for name in ("ann", "bob"):
            guest = connect(port, child)
            assert receive(guest, 11) == b"Your name? "
            guest.sendall(name.encode() + b"\n")
            guests.append(guest)
            texts.append(lines(guest))
            time.sleep(0.2)
        assert next(texts[0]) == "* bob joined\n"
        guests[1].sendall(b"hello\r\n")
        assert next(texts[0]) == "bob: hello\n"
        guests[0].sendall(b"hi\n")
        assert next(texts[1]) == "ann: hi\n"
        guests[1].shutdown(socket.SHUT_RDWR)
        assert next(texts[0]) == "* bob left\n"
        child.send_signal(signal.SIGTERM)
        assert next(texts[0], "") == ""
        _, errors = child.communicate(timeout=10)
        assert child.returncode == 0 and not errors, errors


def refused(port):
    """The kernel takes an io_uring apart a while after its process has died, listeners last."""
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.05)
    sys.exit(f"somebody listens on {port} still")


def check_forward(backend):
    back, front = free_port(), free_port()
    with server("echo_sockets", f"127.0.0.1:{back}", backend) as target:
        connect(back, target).close()
        child = subprocess.Popen([program("port_forward"), f"127.0.0.1:{front}", f"127.0.0.1:{back}"],
                                 text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            with connect(front, child) as client:
                echo_large(client)
                client.shutdown(socket.SHUT_WR)
                assert client.recv(10) == b""
            target.kill()
            target.wait()
            refused(back)
            with connect(front, child) as client:
                assert client.recv(10) == b""
            child.send_signal(signal.SIGTERM)
            _, errors = child.communicate(timeout=10)
            assert child.returncode == 0
            assert "ECONNREFUSED" in errors, repr(errors)
        finally:
            child.kill()
    done = subprocess.run([program("port_forward")], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "usage: port_forward" in done.stderr


def main():
    for backend in (None, "epoll"):
        check_echo(backend, signal.SIGINT)
        check_echo(backend, signal.SIGTERM)
        check_load(backend)
        check_chat(backend)
        check_forward(backend)
        print(f"echo_streams, chat and port_forward on {backend or 'the default backend'}")


if __name__ == "__main__":
    main()
