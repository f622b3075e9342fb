"""The doors of the native API: read the request, check the right, call one service, shape the answer."""
