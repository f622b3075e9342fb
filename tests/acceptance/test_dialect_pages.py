"""Pages of flows that came over other wires: a script's graph and instance, a Formance flow's triggers, its money."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect

from docs.shots import run_script, run_workflow
from tests.acceptance.axe import look_at
from tests.acceptance.browser import Watch, sign_in
from tests.acceptance.pages import PLACE
from tests.acceptance.quadrille import Quadrille


@pytest.fixture(scope="module", autouse=True)
def dialects(server: Quadrille) -> None:
    """A script with an instance that waits; a Formance workflow with one, and a trigger."""
    run_script(server)
    run_workflow(server)
    key = server.manage("api_key", "--organization", "demo", "--environment", "development", "--name", "t").split()[-1]
    root = f"{server.url}/formance/api/orchestration/v2"
    with httpx.Client(headers={"authorization": f"Bearer {key}"}, timeout=60) as client:
        found = client.get(f"{root}/workflows?pageSize=100").raise_for_status().json()["cursor"]["data"]
        workflow = next(one["id"] for one in found if one["config"].get("name") == "Settle an invoice")
        trigger = {
            "event": "SAVED_PAYMENT",
            "workflowID": workflow,
            "name": "Settle on pay-in",
            "filter": 'event.type == "PAY-IN" && event.amount > 5000',
            "vars": {"cents": "event.amount", "customer": "event.customer", "invoice": "event.invoice"},
        }
        client.post(f"{root}/triggers", json=trigger).raise_for_status()


def test_a_script_shows_as_a_graph_and_its_instance_lives_on_it(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "operator")
    page.goto(f"{PLACE}/flows/orders/versions/")
    page.locator(f"a[href*='{PLACE}/flows/orders/versions/']").first.click()
    expect(page.locator("svg.graph").first).to_contain_text("charge card")
    assert look_at(page) == []
    page.goto(f"{PLACE}/instances/?q=order-7")
    page.get_by_role("link", name="order-7", exact=True).first.click()
    expect(page.locator("#instance-status")).to_contain_text("waiting", ignore_case=True)
    expect(page.locator("svg.graph").first).to_contain_text("approval")
    assert look_at(page) == []


def test_a_formance_flow_shows_its_triggers_which_can_be_tried(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "operator")
    page.goto(f"{PLACE}/flows/settle-an-invoice/triggers/")
    expect(page.get_by_role("heading", name="Settle on pay-in")).to_be_visible()
    expect(page.get_by_text('event.type == "PAY-IN" && event.amount > 5000')).to_be_visible()
    assert look_at(page) == []
    page.locator(".trigger-card").filter(has_text="Settle on pay-in").get_by_role("link", name="Try it").click()
    page.get_by_label("Sample event").fill('{"type": "PAY-IN", "amount": 6000, "customer": "ada", "invoice": "8"}')
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("heading", name="It would start an instance")).to_be_visible()
    expect(page.get_by_text("6000", exact=True)).to_be_visible()
    assert look_at(page) == []
    page.get_by_role("link", name="Back").click()
    page.get_by_role("link", name="Send an event").click()
    page.get_by_label("Type").fill("SAVED_PAYMENT")
    payload = '{"id": "p8", "type": "PAY-IN", "amount": 6000, "customer": "ada", "invoice": "8"}'
    page.get_by_label("Payload").fill(payload)
    assert look_at(page) == []
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("“SAVED_PAYMENT” is on its way.")).to_be_visible()


def test_a_trigger_is_made_and_money_is_followed_on_accessible_pages(page: Page, server: Quadrille) -> None:
    sign_in(page, server, "designer")
    page.goto(f"{PLACE}/flows/settle-an-invoice/triggers/")
    page.get_by_role("link", name="Add a Formance trigger").click()
    expect(page.get_by_role("heading", name="New Formance trigger")).to_be_visible()
    findings = look_at(page)
    page.get_by_label("Event type").fill("GOODS_RETURNED")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".trigger-card").filter(has_text="GOODS_RETURNED")).to_be_visible()
    findings += look_at(page)
    page.goto(f"{PLACE}/settings/ledgers/default/")
    expect(page.get_by_role("link", name="customers:ada")).to_be_visible()
    findings += look_at(page)
    page.get_by_role("link", name="customers:ada").click()
    expect(page.get_by_role("heading", name="Postings")).to_be_visible()
    expect(page.get_by_role("link", name="world").first).to_be_visible()
    findings += look_at(page)
    assert not findings, "\n".join(findings)


def test_an_administrator_gives_transfers_a_way_out(page: Page, server: Quadrille, watch: Watch) -> None:
    watch.expected_errors.append("422")
    sign_in(page, server, "administrator")
    page.goto(f"{PLACE}/settings/ledgers/")
    page.get_by_role("link", name="New connector").click()
    page.get_by_label("Name").fill("bank")
    page.get_by_label("How").select_option("http")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("A service needs an address.")).to_be_visible()
    page.get_by_label("Address").fill("https://bank.example/transfers")
    page.get_by_label("Secret").fill("token")
    assert look_at(page) == []
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("link", name="bank")).to_be_visible()
    assert look_at(page) == []
