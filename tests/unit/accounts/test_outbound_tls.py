"""Outbound requests by TLS: the certificate is checked against the host's name, and connections are kept too."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from accounts import outbound
from accounts.addresses import parse_networks
from accounts.outbound import OutboundFailed, OutboundRequest, OutboundTimedOut, send
from accounts.outbound_connections import KeptConnections

LOOPBACK = parse_networks(["127.0.0.0/8"])
HOST = "shop.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and its certificate for `shop.example`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    encoding = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain) + signed.public_bytes(encoding)
    )
    return path


@pytest.fixture(autouse=True)
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """That certificate is trusted, and nothing is kept from one test to the next."""
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(outbound, "_tls", lambda: context)
    own = KeptConnections()
    monkeypatch.setattr(outbound, "kept_connections", own)
    yield
    own.close()


@pytest.fixture
def port(certificate: Path) -> Iterator[int]:
    """Where a server answers each request with the number of its connection, and a body of three records."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, context), daemon=True).start()
        yield listener.getsockname()[1]


def _serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    number = 0
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        number += 1
        threading.Thread(target=_talk, args=(plain, context, number), daemon=True).start()


def _talk(plain: socket.socket, context: ssl.SSLContext, number: int) -> None:
    try:
        with plain, context.wrap_socket(plain, server_side=True) as secured:
            while asked := secured.recv(100_000):
                if b"GET /silence" in asked:
                    secured.recv(1)
                    return
                body = b"x" * 40_000
                secured.sendall(b"HTTP/1.1 200 OK\r\nX-Connection: %d\r\nContent-Length: 40000\r\n\r\n" % number)
                secured.sendall(body)
    except OSError:
        return


def ask(port: int, *, host: str = HOST, path: str = "/", timeout: float = 30) -> tuple[int, str]:
    """How long an answer was, and over which connection it came."""
    request = OutboundRequest("GET", f"https://{host}:{port}{path}", timeout_seconds=timeout, owner=1)
    response = send(request, allowed=LOOPBACK, resolve=lambda *_: ["127.0.0.1"])
    return len(response.body), response.headers["x-connection"]


def test_an_answer_comes_whole_and_the_connection_is_kept(port: int) -> None:
    assert [ask(port) for _ in range(3)] == [(40_000, "1")] * 3


def test_a_certificate_of_another_host_is_refused(port: int) -> None:
    with pytest.raises(OutboundFailed, match="certificate"):
        ask(port, host="other.example")


def test_a_server_that_says_nothing_does_not_outlast_the_timeout(port: int) -> None:
    with pytest.raises(OutboundTimedOut):
        ask(port, path="/silence", timeout=0.4)


def test_a_server_that_shakes_no_hands_does_not_outlast_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(OutboundTimedOut):
        ask(listener.getsockname()[1], timeout=0.3)
