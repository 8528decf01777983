#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""echo_tls as its users meet it: Python's ssl and openssl s_client as clients, a plain client, a
renewed certificate.

covers: S17, S20, S21

    tests/examples/tls.py BUILD_DIR
"""

import os
import signal
import ssl
import subprocess
import sys
import tempfile

from servers import connect, default_interrupt, environment, free_port, program, receive

LINES = 2000


def make_certificate(folder, name):
    """A self-signed one: it is its own authority."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName=DNS:{name}", "-keyout", f"{folder}/key.pem",
                    "-out", f"{folder}/certificate.pem"], check=True, capture_output=True)


def context(folder, version):
    made = ssl.create_default_context(cafile=f"{folder}/certificate.pem")
    made.minimum_version = made.maximum_version = version
    return made


def check_lines(client):
    for line in (b"one\n", b"two\n", b"x" * 40000 + b"\n"):
        client.sendall(line)
        assert receive(client, len(line)) == line
    client.sendall(b"line\n" * LINES)
    assert receive(client, 5 * LINES) == b"line\n" * LINES


def check_echo(folder, port, child, name):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        chosen = context(folder, version)
        with chosen.wrap_socket(connect(port, child), server_hostname=name) as client:
            check_lines(client)
            client.unwrap()
        try:
            chosen.wrap_socket(connect(port, child), server_hostname="wrong.test")
            sys.exit("a wrong name was accepted")
        except ssl.SSLCertVerificationError:
            pass


def check_s_client(folder, port):
    with subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile",
                           f"{folder}/certificate.pem", "-verify_return_error", "-nocommands"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as client:
        client.stdin.write("hello\n")
        client.stdin.flush()
        while (line := client.stdout.readline()) != "hello\n":
            assert line, "openssl s_client has ended without an answer"
        client.stdin.close()
        assert client.wait(timeout=20) == 0, client.returncode


def check_plain(port, child):
    with connect(port, child) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        while client.recv(1000):
            pass


def check_all(folder, backend):
    make_certificate(folder, "first.test")
    port = free_port()
    with subprocess.Popen([program("echo_tls"), f"127.0.0.1:{port}", f"{folder}/certificate.pem",
                           f"{folder}/key.pem"], env=environment(backend), text=True,
                          preexec_fn=default_interrupt, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as child:
        try:
            check_echo(folder, port, child, "first.test")
            check_s_client(folder, port)
            check_plain(port, child)
            make_certificate(folder, "second.test")
            child.send_signal(signal.SIGHUP)
            while child.stdout.readline() != "Certificate read\n":
                assert child.poll() is None, "the server has ended"
            check_echo(folder, port, child, "second.test")
            idle = context(folder, ssl.TLSVersion.TLSv1_3).wrap_socket(
                connect(port, child), server_hostname="second.test")
            idle.sendall(b"idle\n")
            assert receive(idle, 5) == b"idle\n"
            child.send_signal(signal.SIGTERM)
            assert idle.recv(10) == b"", "a parked connection was not closed"
            output, errors = child.communicate(timeout=20)
            assert child.returncode == 0, (child.returncode, errors)
            assert output.count(", TLSv1.3\n") >= 1, output
            assert "its first bytes are \"GET / HTTP/1.0\"" in errors, errors
        finally:
            child.kill()


def main():
    for backend in ("uring", "epoll"):
        with tempfile.TemporaryDirectory() as folder:
            check_all(folder, backend)
    print("the echo server over TLS serves Python's ssl and openssl s_client")


if __name__ == "__main__":
    if os.path.exists(program("echo_tls")):
        main()
