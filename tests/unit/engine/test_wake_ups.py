"""Messages that wake workers: nobody who commits waits for a broker, and no wish is lost."""

from __future__ import annotations

import logging
import os
import threading
from queue import SimpleQueue

import pytest

from engine.runners import celery
from engine.runners.celery import Sender


class Broker:
    """Takes a message when it is let; notes in which thread."""

    def __init__(self) -> None:
        self.asked: SimpleQueue[int] = SimpleQueue()
        self.answers: SimpleQueue[Exception | None] = SimpleQueue()

    def send(self) -> None:
        self.asked.put(threading.get_ident())
        if (answer := self.answers.get(timeout=10)) is not None:
            raise answer


def test_who_wishes_does_not_wait_for_the_broker_and_a_wish_during_a_message_is_another_message() -> None:
    broker = Broker()
    sender = Sender(broker.send)
    sender.wake()
    assert broker.asked.get(timeout=10) != threading.get_ident()
    # The broker has not answered yet: these return all the same.
    for _ in range(5):
        sender.wake()
    broker.answers.put(None)
    broker.asked.get(timeout=10)
    broker.answers.put(None)
    sender.wake()
    broker.asked.get(timeout=10)
    broker.answers.put(None)
    assert broker.asked.empty()


def test_a_wish_that_has_time_is_overtaken_by_one_that_has_none() -> None:
    broker = Broker()
    sender = Sender(broker.send)
    sender.wake(has_time=True)
    sender.wake()
    broker.asked.get(timeout=10)
    broker.answers.put(None)
    assert sender._due is None


def test_a_broker_that_is_away_is_spoken_of_once_and_told_again_when_it_is_back(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(celery, "AWAY_SECONDS", 0.05)
    broker = Broker()
    sender = Sender(broker.send)
    with caplog.at_level(logging.WARNING):
        for answer in (ConnectionRefusedError("nobody there"), ConnectionRefusedError("nobody there"), None):
            sender.wake()
            broker.asked.get(timeout=10)
            broker.answers.put(answer)
        sender.wake()
        broker.asked.get(timeout=10)
        broker.answers.put(None)
    first, last = (record.getMessage() for record in caplog.records)
    assert first == "workers could not be woken; they look for work by themselves: nobody there"
    assert last.endswith("(failed 2 times); it works again")


def test_a_forked_process_sends_its_own() -> None:
    broker = Broker()
    sender = Sender(broker.send)
    sender.wake()
    broker.asked.get(timeout=10)  # the parent's thread is in the midst of sending
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        sender._send = lambda: print("sent", end="", file=os.fdopen(writing, "w"), flush=True)
        sender.wake()
        threading.Event().wait(10)
        os._exit(0)
    os.close(writing)
    try:
        assert os.read(reading, 4) == b"sent"
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(reading)
        broker.answers.put(None)
