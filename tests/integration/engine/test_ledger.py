"""Money: what a ledger keeps to, whatever is asked of it, by how many at once, and whatever dies meanwhile."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Environment, Organization
from accounts.scope import Scope, system_scope
from designer.graph.model import TRIGGER, Edge, Flow, Task
from designer.services.drafting import create_flow
from designer.services.publishing import publish_flow
from engine.ledger import payments, posting, wallets
from engine.ledger.connecting import carry_out_transfers
from engine.ledger.errors import Conflict, InsufficientFunds, Invalid, LedgerRefused
from engine.ledger.models import (
    Account,
    Activity,
    Balance,
    Connector,
    Ledger,
    Posting,
    Transaction,
    TransferInitiation,
)
from engine.ledger.posting import Move, PostRequest
from engine.models import Instance, Step
from engine.services.instances import start_instance
from engine.services.timers import fire_due_timers
from tests.integration.engine.auditing import auditing
from tests.integration.engine.conftest import Engine
from tests.integration.engine.listening import Listener
from tests.nursery import Nursery, await_words, kill

EUR = "EUR/2"


def give(environment_id: int, *moves: tuple[str, str, int], **more: Any) -> Transaction:
    """Post a transaction of EUR on the default ledger."""
    request = PostRequest(ledger="default", moves=[Move(a, b, EUR, amount) for a, b, amount in moves], **more)
    return posting.post(environment_id, request, now=timezone.now())


def lies_on(environment_id: int, address: str) -> int:
    """The balance of an account."""
    return posting.available(environment_id, "default", address, EUR)


def assert_books_are_right() -> None:
    """Every ledger sums to zero by asset; balances are what the postings say; numbers have no gaps; nobody owes."""
    for ledger in Ledger.objects.all():
        sums: dict[str, int] = defaultdict(int)
        moved: dict[tuple[int, str], int] = defaultdict(int)
        for row in Posting.objects.filter(transaction__ledger=ledger):
            moved[row.source_id, row.asset] -= row.amount
            moved[row.destination_id, row.asset] += row.amount
        for balance in Balance.objects.filter(account__ledger=ledger).select_related("account"):
            sums[balance.asset] += balance.amount
            assert balance.amount == moved[balance.account_id, balance.asset]
            assert balance.amount >= 0 or balance.account.address in ("world", "overdrawn")
        assert set(sums.values()) <= {0}
        numbers = list(ledger.transactions.order_by("number").values_list("number", flat=True))
        assert numbers == list(range(ledger.next_number))


def test_money_moves_and_nobody_else_goes_below_zero(environment: Environment) -> None:
    pk = environment.pk
    assert give(pk, ("world", "a", 100)).number == 0
    assert give(pk, ("a", "b", 60), ("b", "c", 60)).number == 1
    with pytest.raises(InsufficientFunds, match=r"account a .* has 40 EUR/2, and 50 are needed"):
        give(pk, ("a", "b", 50))
    give(pk, ("overdrawn", "b", 5), overdraft=("overdrawn",))
    assert [lies_on(pk, name) for name in ("world", "a", "b", "c", "overdrawn")] == [-100, 40, 5, 60, -5]
    assert_books_are_right()


def test_amounts_have_any_size(environment: Environment) -> None:
    huge = 10**80 + 1
    give(environment.pk, ("world", "a", huge))
    give(environment.pk, ("a", "b", huge - 1))
    assert (lies_on(environment.pk, "a"), lies_on(environment.pk, "b")) == (1, huge - 1)


@pytest.mark.parametrize(
    "move",
    [
        Move("a b", "c", EUR, 1),
        Move("a", "c:", EUR, 1),
        Move("", "c", EUR, 1),
        Move("a", "c", "eur", 1),
        Move("a", "c", "EUR/", 1),
        Move("a", "c", EUR, -1),
        Move("a", "c" * 501, EUR, 1),
        Move("a", "c", EUR, 10**400),
    ],
)
def test_what_cannot_be_is_refused(environment: Environment, move: Move) -> None:
    with pytest.raises(Invalid):
        posting.post(environment.pk, PostRequest(ledger="default", moves=[move]), now=timezone.now())
    assert not Ledger.objects.exists()


def test_a_key_books_once_and_a_reference_is_unique(environment: Environment) -> None:
    pk = environment.pk
    first = give(pk, ("world", "a", 5), key="k", reference="r")
    assert give(pk, ("world", "a", 5), key="k", reference="r") == first
    with pytest.raises(Conflict, match="idempotency key"):
        give(pk, ("world", "a", 6), key="k", reference="r")
    with pytest.raises(Conflict, match="reference 'r'"):
        give(pk, ("world", "a", 5), reference="r")
    assert lies_on(pk, "a") == 5


def test_a_transaction_is_undone_once(environment: Environment) -> None:
    pk = environment.pk
    made = give(pk, ("world", "a", 5), ("a", "b", 2))
    posting.revert(pk, "default", made.number, now=timezone.now())
    assert (lies_on(pk, "a"), lies_on(pk, "b")) == (0, 0)
    with pytest.raises(Conflict):
        posting.revert(pk, "default", made.number, now=timezone.now())


def test_environments_have_ledgers_of_their_own(environment: Environment, foreign_scope: Scope) -> None:
    give(environment.pk, ("world", "a", 5))
    assert lies_on(foreign_scope.environment.pk, "a") == 0


def test_holds_are_paid_out_or_given_back(environment: Environment) -> None:
    pk, now = environment.pk, timezone.now()
    wallet = wallets.create_wallet(pk, name="ada", now=now)
    wallets.credit(wallet, wallets.Change(amount=100, asset=EUR), now=now)
    shop = wallets.Subject("ACCOUNT", "shop")
    paid = wallets.debit(wallet, wallets.Change(amount=30, asset=EUR, subjects=(shop,)), is_pending=True, now=now)
    back = wallets.debit(wallet, wallets.Change(amount=20, asset=EUR), is_pending=True, now=now)
    assert paid is not None
    assert back is not None
    assert wallets.balances(wallet) == {"main": {EUR: 50}}
    wallets.confirm_hold(pk, str(paid.pk), now=now)
    wallets.void_hold(pk, str(back.pk), now=now)
    with pytest.raises(Conflict):
        wallets.void_hold(pk, str(back.pk), now=now)
    assert wallets.balances(wallet) == {"main": {EUR: 70}}
    assert posting.available(pk, wallet.ledger, "shop", EUR) == 30
    with pytest.raises(InsufficientFunds):
        wallets.debit(wallet, wallets.Change(amount=71, asset=EUR), now=now)
    assert_books_are_right()


_names = st.sampled_from(["world", "a", "b", "c"])
_moves = st.lists(st.tuples(_names, _names, st.integers(0, 30)), min_size=1, max_size=4)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(_moves, st.sampled_from([None, "k1", "k2"])), max_size=8))
def test_the_books_are_right_whatever_is_asked(environment: Environment, asked: list[Any]) -> None:
    for moves, key in asked:
        before = {balance.pk: balance.amount for balance in Balance.objects.all()}
        try:
            give(environment.pk, *moves, key=key)
        except LedgerRefused:
            assert {balance.pk: balance.amount for balance in Balance.objects.all()} == before
        assert_books_are_right()
    Posting.objects.all().delete()
    Ledger.objects.all().delete()


# -- many at once -----------------------------------------------------------------------------------------------------


@pytest.fixture
def place(transactional_db: None) -> Iterator[Environment]:
    """An environment that other threads see."""
    organization = Organization.objects.create(name="Bank", slug="bank")
    yield Environment.objects.create(organization=organization, name="Main", slug="main")
    Posting.objects.all().delete()


def test_the_books_are_right_whoever_posts_at_once(place: Environment) -> None:
    give(place.pk, ("world", "a", 50), ("world", "b", 50))
    ways = [("a", "b"), ("b", "a"), ("a", "c"), ("c", "b")]
    refused: list[int] = []
    broken: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(12):
                source, destination = ways[(number + turn) % len(ways)]
                try:
                    give(place.pk, (source, destination, 7 + number), key=f"{number}-{turn}")
                except InsufficientFunds:
                    refused.append(number)
        except BaseException as error:
            broken.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    with auditing():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert broken == []
    assert_books_are_right()
    assert Transaction.objects.count() == 1 + 4 * 12 - len(refused)
    assert sum(lies_on(place.pk, name) for name in "abc") == 100


# -- steps ------------------------------------------------------------------------------------------------------------


def transfer(source: str, destination: str, amount: str = "{{ input.amount }}", **more: Any) -> dict[str, Any]:
    """The settings of a transfer between accounts."""
    return {
        "source": {"account": {"id": source}},
        "destination": {"account": {"id": destination}},
        "amount": {"amount": amount, "asset": EUR},
        **more,
    }


def chain(*settings: dict[str, Any]) -> Flow:
    """A flow of transfers, one after the other."""
    tasks = {f"t{n}": Task(f"t{n}", f"T{n}", "transfer", settings=one) for n, one in enumerate(settings)}
    ends = [TRIGGER, *tasks]
    return Flow("pay", "Pay", tasks=tasks, edges=tuple(map(Edge, ends, ends[1:])))


def test_a_transfer_is_booked_with_its_step(engine: Engine) -> None:
    instance = engine.start(chain(transfer("world", "a"), transfer("a", "b", "40")), {"amount": 100})
    instance.refresh_from_db()
    assert instance.status == "complete"
    pk = engine.scope.environment.pk
    assert (lies_on(pk, "a"), lies_on(pk, "b")) == (60, 40)
    assert Activity.objects.filter(instance=instance).count() == 2
    assert_books_are_right()


def test_a_transfer_without_funds_is_tried_again_as_often_as_its_retries_say(engine: Engine) -> None:
    flow = chain(transfer("a", "b", retries={"limit": 2, "delay": "1 second", "backoff": "constant"}))
    instance = engine.start(flow, {"amount": 100})
    engine.later(seconds=1)
    assert Step.objects.get(instance=instance).status == "retrying"
    engine.later(seconds=1)
    instance.refresh_from_db()
    assert instance.status == "errored"
    assert "insufficient funds" in instance.error["message"]
    (activity,) = Activity.objects.all()
    assert activity.attempts == 3


def test_nothing_is_booked_when_the_step_cannot_be_settled(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction that settles the step dies after the money has moved in it."""
    from engine.services import advancing

    row = engine.publish(chain(transfer("world", "a")))
    whole = advancing.write

    def die(*_: Any, **__: Any) -> None:
        assert Account.objects.filter(address="a").exists()
        raise RuntimeError("the machine died")

    monkeypatch.setattr(advancing, "write", die)
    with pytest.raises(RuntimeError):
        engine.start(row, {"amount": 5})
    assert not Account.objects.exists()
    assert not Instance.objects.exists()
    monkeypatch.setattr(advancing, "write", whole)
    engine.start(row, {"amount": 5})
    assert lies_on(engine.scope.environment.pk, "a") == 5


def test_many_instances_at_once_pay_each_once(place: Environment) -> None:
    scope = system_scope(place)
    flow = chain(transfer("world", "pool"), transfer("pool", "till"))
    row = create_flow(scope, key="pay", name="Pay", flow=flow)
    publish_flow(scope, row)
    broken: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(6):
                start_instance(scope, row, input={"amount": 10})
        except BaseException as error:
            broken.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    assert set(Instance.objects.values_list("status", flat=True)) == {"complete"}
    assert (lies_on(place.pk, "pool"), lies_on(place.pk, "till")) == (0, 180)
    assert_books_are_right()
    Activity.objects.all().delete()
    Instance.objects.all().delete()


# -- connectors -------------------------------------------------------------------------------------------------------


def initiate(environment: Environment, **more: Any) -> TransferInitiation:
    """A transfer of 5 EUR to `acct_1`."""
    request = payments.TransferRequest(amount=500, asset=EUR, destination="acct_1", key=f"k{uuid4()}", **more)
    return payments.initiate_transfer(environment.pk, request, now=timezone.now())


def test_a_dummy_connector_says_yes(environment: Environment) -> None:
    Connector.objects.create(environment=environment, name="stripe")
    made, other = initiate(environment, provider="stripe"), initiate(environment, provider="wise")
    waiting = initiate(environment, connector="stripe", waits_for_validation=True)
    carry_out_transfers(timezone.now())
    for row in (made, other, waiting):
        row.refresh_from_db()
    assert (made.status, other.status, waiting.status) == ("PROCESSED", "PROCESSING", "WAITING_FOR_VALIDATION")
    assert other.next_at is None
    assert payments.validate_transfer(waiting, now=timezone.now())
    carry_out_transfers(timezone.now())
    waiting.refresh_from_db()
    assert waiting.status == "PROCESSED"
    assert not payments.settle_transfer(waiting, "FAILED", now=timezone.now())


def test_an_http_connector_is_asked_again_until_it_answers(environment: Environment, listener: Listener) -> None:
    Connector.objects.create(environment=environment, name="bank", type="http", url=listener.url)
    listener.answers = [503, 200, 422]
    made = initiate(environment, connector="bank", metadata={"invoice": "7"})
    carry_out_transfers(timezone.now())
    made.refresh_from_db()
    assert (made.status, made.tries) == ("PROCESSING", 1)
    assert made.next_at is not None
    carry_out_transfers(made.next_at)
    made.refresh_from_db()
    assert made.status == "PROCESSED"
    (first, body), (again, _) = listener.taken
    assert first["Idempotency-Key"] == again["Idempotency-Key"] == str(made.pk)
    assert json.loads(body)["amount"] == "500"
    refused = initiate(environment, connector="bank")
    carry_out_transfers(timezone.now())
    refused.refresh_from_db()
    assert (refused.status, refused.error) == ("FAILED", "422")


# -- crashes ----------------------------------------------------------------------------------------------------------


def database_url() -> str:
    """The test's database, for another process."""
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    return f"postgres://{known['USER']}@{known['HOST']}:{known['PORT']}/{known['NAME']}"


def test_each_transfer_is_booked_once_whenever_the_machine_dies(place: Environment, tmp_path: Path) -> None:
    """kill -9 at any moment; what was begun is finished by the next life, and by us at the end. Whoever looks meanwhile
    sees books that are right.
    """
    scope = system_scope(place)
    quick = {"limit": 1_000, "delay": "20 milliseconds", "backoff": "constant"}
    flow = chain(transfer("world", "pool"), transfer("pool", "till"), transfer("till", "bank", "15", retries=quick))
    row = create_flow(scope, key="pay", name="Pay", flow=flow)
    publish_flow(scope, row)
    environment = {**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    nursery, log = Nursery("command", environment), tmp_path / "log"
    with auditing() as audit:
        for _ in range(3):
            pid = nursery.fork(log, "-m", "tests.integration.engine.banking")
            try:
                await_words(pid, log, b"working")
                audit.wait_for_states(random.randint(3, 20))
            finally:
                kill(pid)
            assert_books_are_right()
    nursery.close()
    give(place.pk, ("world", "till", 10**9))
    deadline = time.monotonic() + 60
    while Instance.objects.unfinished().exists() and time.monotonic() < deadline:
        fire_due_timers(timezone.now())
    assert set(Instance.objects.values_list("status", flat=True)) == {"complete"}
    count = Instance.objects.count()
    assert count >= 3
    assert Transaction.objects.exclude(idempotency_key=None).count() == 3 * count
    assert Activity.objects.exclude(ended_at=None).count() == 3 * count
    assert lies_on(place.pk, "bank") == 15 * count
    assert_books_are_right()
    Activity.objects.all().delete()
    Instance.objects.all().delete()
