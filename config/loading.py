"""What a server process loads before its first request: else whoever comes first waits a second for it."""

import gc

from django.urls import get_resolver


def load_addresses() -> None:
    """Load all addresses with their views. What is loaded by then stays, so that nobody looks through it for what has
    gone, again and again."""
    get_resolver().reverse_dict.keys()
    gc.collect()
    gc.freeze()
