"""The doors: each reads the request, calls one function of this room, and shapes the answer."""
