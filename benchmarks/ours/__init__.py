"""Quadrille as a contestant: measured from outside, by starting instances and looking at the database."""
