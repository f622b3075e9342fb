"""A plain httpx client: so many requests, so many at once, nothing recorded. One process of possibly several."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx


def fetch_all(url: str, requests: int, at_once: int) -> None:
    """Each of `at_once` threads makes one request after another, on a client and so a connection of its own.

    That is httpx at its fastest: one client for all, in threads or in asyncio, looks through its whole pool for each
    request, and does a tenth of it at 128 at once.
    """
    left = iter(range(requests))
    certificates = httpx.create_ssl_context()

    def fetch_some() -> None:
        with httpx.Client(timeout=60, verify=certificates) as client:
            while next(left, None) is not None:
                assert client.get(url).json() == {"number": 1}

    with ThreadPoolExecutor(at_once) as pool:
        for ended in [pool.submit(fetch_some) for _ in range(at_once)]:
            ended.result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--at-once", type=int, required=True)
    arguments = parser.parse_args()
    fetch_all(arguments.url, arguments.at_once, arguments.at_once)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    fetch_all(arguments.url, arguments.requests, arguments.at_once)
    answer = {"began": began, "ended": time.monotonic(), "steps": arguments.requests}
    print(json.dumps(answer | {"versions": {"httpx": importlib.metadata.version("httpx")}}), flush=True)


if __name__ == "__main__":
    main()
