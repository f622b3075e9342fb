"""The console pages of the engine: a view reads the request, checks the right, calls one service, shapes the answer."""
