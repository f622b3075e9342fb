"""The doors: read the request, check it, call one service, shape the answer."""
