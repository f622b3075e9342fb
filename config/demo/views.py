"""Payments, stock, image scores, report pages, a pager: what the demo flows call. Nothing is kept, nothing is real.

What goes wrong is decided by what is sent, so that a story can be told twice: a name with `busy` in it is refused twice
before it works, `down` never works, an order over 5,000 is declined.
"""

from __future__ import annotations

from django.http import HttpRequest

from config.demo.endpoint import Answer, Json, busy_at_first, endpoint, number_from, text_of

PAGES = 4
SCORES = {"beach": 0.04, "cat": 0.08, "mountain": 0.11, "statue": 0.47, "carnival": 0.61, "weapon": 0.93, "wound": 0.88}


def mood(request: HttpRequest, about: str) -> None:
    """Be as difficult as the name asks for."""
    if "down" in about.lower():
        raise Answer(503, "out of service")
    if "busy" in about.lower():
        busy_at_first(request, about, times=2)


@endpoint("POST")
def register_customer(request: HttpRequest, body: Json) -> Json:
    """A customer number; 422 for an address that is blocked."""
    company, email = text_of(body, "company"), text_of(body, "email")
    if email.startswith("blocked@"):
        raise Answer(422, f"{email} is on the block list")
    mood(request, email)
    return {"customer": f"C-{number_from(company, least=10_000, most=99_999)}", "company": company}


@endpoint("GET")
def credit_score(request: HttpRequest, body: Json) -> Json:
    """A score from 0 to 100."""
    company = text_of(request.GET.dict(), "company")
    mood(request, company)
    return {"company": company, "score": number_from(company, least=20, most=95)}


@endpoint("POST")
def open_account(request: HttpRequest, body: Json) -> Json:
    """An account for a customer."""
    customer = text_of(body, "customer")
    mood(request, customer)
    return {"account": f"A-{number_from(customer, least=1000, most=9999)}", "plan": body.get("plan")}


@endpoint("POST")
def score_image(request: HttpRequest, body: Json) -> Json:
    """How likely a picture breaks the rules, from 0 to 1."""
    image = text_of(body, "image")
    mood(request, image)
    score = next(
        (score for word, score in SCORES.items() if word in image), number_from(image, least=0, most=100) / 100
    )
    label = "harmless" if score < 0.2 else "harmful" if score > 0.8 else "unclear"
    return {"image": image, "score": score, "label": label}


@endpoint("POST")
def publish_image(request: HttpRequest, body: Json) -> Json:
    """The picture is public."""
    return {"image": text_of(body, "image"), "state": "public"}


@endpoint("POST")
def remove_image(request: HttpRequest, body: Json) -> Json:
    """The picture is gone."""
    return {"image": text_of(body, "image"), "state": "removed"}


@endpoint("POST")
def charge(request: HttpRequest, body: Json) -> Json:
    """A payment; 402 over 5,000, or when the order's number says `declined`."""
    order, amount = text_of(body, "order"), body.get("amount", 1)
    if not isinstance(amount, int | float) or isinstance(amount, bool) or amount <= 0:
        raise Answer(422, "amount must be a number above 0")
    if amount > 5000 or "declined" in order:
        raise Answer(402, "the card was declined")
    mood(request, order)
    return {"payment": f"P-{number_from(order, least=100_000, most=999_999)}", "amount": amount}


@endpoint("POST")
def refund(request: HttpRequest, body: Json) -> Json:
    """The money goes back."""
    return {"refund": f"R-{number_from(text_of(body, 'order'), least=100_000, most=999_999)}"}


@endpoint("PUT")
def reserve_stock(request: HttpRequest, body: Json) -> Json:
    """Where the goods lie."""
    order = text_of(body, "order")
    mood(request, order)
    return {"shelf": f"{'ABCDEF'[number_from(order, least=0, most=5)]}-{number_from(order, least=1, most=48)}"}


@endpoint("POST")
def print_label(request: HttpRequest, body: Json) -> Json:
    """A tracking number."""
    order = text_of(body, "order")
    return {"tracking": f"QD{number_from(order, least=10_000_000, most=99_999_999)}", "country": body.get("country")}


@endpoint("GET")
def orders_page(request: HttpRequest, body: Json) -> Json:
    """One page of yesterday's orders, of four; `next_page` is null on the last."""
    raw = request.GET.get("page", "1")
    page = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 4 else 0
    if not 1 <= page <= PAGES:
        raise Answer(404, f"there are {PAGES} pages")
    count = number_from(f"page {page}", least=12, most=50)
    return {"page": page, "count": count, "sum": count * 37, "next_page": page + 1 if page < PAGES else None}


@endpoint("POST")
def open_incident(request: HttpRequest, body: Json) -> Json:
    """An incident number."""
    service = text_of(body, "service")
    return {"incident": f"INC-{number_from(service + text_of(body, 'summary'), least=100, most=999)}"}


@endpoint("POST")
def close_incident(request: HttpRequest, body: Json) -> Json:
    """The incident is over."""
    return {"incident": text_of(body, "incident"), "state": "closed"}


@endpoint("POST")
def page_someone(request: HttpRequest, body: Json) -> Json:
    """Somebody's telephone rings."""
    level = body.get("level")
    if level not in (1, 2):
        raise Answer(422, "level must be 1 or 2")
    return {"paged": "on-call" if level == 1 else "head-of-operations", "incident": text_of(body, "incident")}
