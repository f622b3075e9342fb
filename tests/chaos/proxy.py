"""A TCP proxy before PostgreSQL that now and then lets a request through and loses the answer with the connection."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from collections.abc import Iterator

ANSWER_SECONDS = 10


class LossyProxy:
    """Listens on a port of its own. `chance`: of each request that its answer is lost, 0 at first."""

    def __init__(self, target: int, seed: int) -> None:
        self.chance = 0.0
        self.lost = 0
        self._target = target
        self._random = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._is_closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._is_closed = True
        self._listener.close()

    def _accept(self) -> None:
        while not self._is_closed:
            with contextlib.suppress(OSError):
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._carry, args=(client, server), daemon=True).start()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        """Requests in this thread, answers in another, until one side ends or an answer is to be lost."""
        losing = threading.Event()
        answered = threading.Event()
        back = threading.Thread(target=self._carry_back, args=(client, server, losing, answered), daemon=True)
        back.start()
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                # A commit is what is worth losing; of the other requests many are the engine's fenced writes.
                if self._random.random() < self.chance * (5 if b"COMMIT" in data else 1):
                    answered.clear()
                    losing.set()
                    server.sendall(data)
                    answered.wait(ANSWER_SECONDS)  # it has been carried out
                    self.lost += 1
                    break
                server.sendall(data)
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _carry_back(
        self, client: socket.socket, server: socket.socket, losing: threading.Event, answered: threading.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                answered.set()
                if not losing.is_set():
                    client.sendall(data)
        answered.set()


@contextlib.contextmanager
def lossy_proxy(target: int, seed: int) -> Iterator[LossyProxy]:
    """A proxy while it is needed."""
    proxy = LossyProxy(target, seed)
    try:
        yield proxy
    finally:
        proxy.close()
