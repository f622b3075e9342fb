"""The figures Quadrille is held to, measured: one script per figure, its peers beside it.

`python -m benchmarks` (`make bench`) runs them all; README.md says how to read what comes out. Nothing here is a test:
machines are shared and noisy, so each figure is a ratio of medians taken in turn within one run. Not in this room: the
peers' packages; each peer has an environment of its own below `.bench/`, pinned in `requirements-<peer>.txt`.
"""
