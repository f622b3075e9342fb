"""Short names for addresses: `order-fulfilment`. Pure."""

from collections.abc import Iterable
from itertools import count

from django.utils.text import slugify

MAX_LENGTH = 60


def free_slug(name: str, taken: Iterable[str], *, fallback: str = "new") -> str:
    """A short name made of `name` that nobody has yet: `sales`, `sales-2`, …

    A name without a single Latin letter or digit gives the fallback.
    """
    used = set(taken)
    stem = slugify(name.replace("_", "-"))[: MAX_LENGTH - 5].strip("-") or fallback
    return next(slug for number in count(1) if (slug := stem if number == 1 else f"{stem}-{number}") not in used)
