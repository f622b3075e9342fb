"""So many POST requests over so many kept connections, as fast as they are answered. A line of JSON tells how long it
took. Written on sockets, so that the one who asks costs little beside the one who answers.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Lock


class Shared:
    """An iterator that several threads take from."""

    def __init__(self, inner: Iterator[bytes]) -> None:
        self.inner, self.lock = inner, Lock()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self.lock:
            return next(self.inner)


class Sender:
    """One connection."""

    def __init__(self, port: int, requests: Iterator[bytes], wanted: bytes) -> None:
        self.requests, self.wanted = requests, wanted
        self.connection = socket.create_connection(("127.0.0.1", port))
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, count: int) -> None:
        """One after another. Raises AssertionError for an answer that is not the wanted one."""
        for _ in range(count):
            self.connection.sendall(next(self.requests))
            answer = self._read()
            assert answer.split(b" ", 2)[1] == self.wanted, answer[:500]

    def _read(self) -> bytes:
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.connection.recv(65536)
        head, _, body = got.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        missing = int(lengths[0].split(b":")[1]) - len(body)
        while missing > 0:
            missing -= len(self.connection.recv(65536))
        return got


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", required=True, help="NUMBER in it stands for a number that counts up")
    parser.add_argument("--numbers", type=int, default=1, help="and begins again after so many")
    parser.add_argument("--key", default="")
    parser.add_argument("--body", required=True)
    parser.add_argument("--wanted", default="201")
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--at-once", type=int, default=8)
    arguments = parser.parse_args()
    body = arguments.body.encode()
    head = [f"POST {arguments.path} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    head += [f"Content-Length: {len(body)}"] + ([f"Authorization: Bearer {arguments.key}"] if arguments.key else [])
    request = "\r\n".join(head).encode() + b"\r\n\r\n" + body
    requests = Shared(request.replace(b"NUMBER", b"%d" % (number % arguments.numbers)) for number in count())
    senders = [Sender(arguments.port, requests, arguments.wanted.encode()) for _ in range(arguments.at_once)]
    share = arguments.requests // arguments.at_once
    with ThreadPoolExecutor(arguments.at_once) as pool:
        for done in [pool.submit(sender.send, max(1, share // 10)) for sender in senders]:
            done.result()
        began = time.monotonic()
        for done in [pool.submit(sender.send, share) for sender in senders]:
            done.result()
    json.dump({"requests": share * len(senders), "seconds": time.monotonic() - began}, sys.stdout)


if __name__ == "__main__":
    main()
