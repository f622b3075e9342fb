"""What Quadrille is measured against: a script for each peer and figure, run by the peer's own Python.

The scripts import nothing of ours; `benchmarks.contestants` says how they talk with the bench.
"""
