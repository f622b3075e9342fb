"""The instances the demo begins with. Which one ends how is decided by its input (see `views.py`)."""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]


def customer(company: str, *, email: str, employees: int, country: str = "DE", plan: str = "business") -> Json:
    """The input of customer onboarding."""
    contact = "Accounts payable"
    return {
        "company": company,
        "contact": contact,
        "email": email,
        "country": country,
        "employees": employees,
        "plan": plan,
    }


def order(number: str, total: float, *items: str, country: str = "DE") -> Json:
    """The input of order fulfilment."""
    return {
        "order": {
            "id": number,
            "total": total,
            "email": "customer@example.com",
            "country": country,
            "items": list(items),
        }
    }


def picture(image: str) -> Json:
    """The input of image moderation."""
    return {"image": image, "uploader": "member@example.com"}


def parcel(number: str, customer: str, day: str) -> Json:
    """The input of parcel news. The customer is a subscriber of the demo."""
    return {"parcel": number, "customer": customer, "day": day}


INSTANCES: Final[dict[str, dict[str, Json]]] = {
    "customer-onboarding": {
        "northwind-bakery": customer("Northwind Bakery", email="office@northwind.example.com", employees=18),
        "harbour-logistics": customer(
            "Harbour Logistics",
            email="busy.office@harbour.example.com",
            employees=640,
            country="NL",
            plan="enterprise",
        ),
        # Refused at once by the customer register: this one fails.
        "blocked-trading": customer(
            "Blocked Trading", email="blocked@trading.example.com", employees=3, plan="starter"
        ),
    },
    "image-moderation": {
        "beach-at-noon": picture("beach-at-noon.jpg"),
        "weapon-cabinet": picture("weapon-cabinet.jpg"),
        # Neither clear nor clearly not: waits for a person's event.
        "statue-in-the-park": picture("statue-in-the-park.jpg"),
    },
    "order-fulfilment": {
        "order-1001": order("1001", 84.5, "mug", "tea"),
        # Over 1,000: a person has to approve.
        "order-1002": order("1002", 2350, "desk", "chair", "lamp", country="AT"),
        # The payment service is busy twice before it takes the charge.
        "order-1003-busy": order("1003-busy", 39.9, "notebook", country="FR"),
        # Declined: the error edge tells the customer.
        "order-1004": order("1004", 7200, "server rack"),
        # The payment service stays down: tried again and again, then the customer is told.
        "order-1005-down": order("1005-down", 120, "headphones"),
    },
    "nightly-report": {"report-by-hand": {}},
    "parcel-news": {
        "parcel-p-101": parcel("P-101", "baker", "Tuesday"),
        "parcel-p-102": parcel("P-102", "baker", "Wednesday"),
        # Has no e-mail address: only the inbox tells of it.
        "parcel-p-103": parcel("P-103", "harbour-gate", "Thursday"),
    },
    "incident-response": {
        "checkout-slow": {"service": "shop", "summary": "Checkout takes longer than five seconds"},
    },
}
