"""Quadrille's own API, `/api/v1/`."""
