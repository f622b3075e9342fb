"""Templates to begin with: flows drawn from real processes, each a flow file with a sample input.

A new one is a file in `templates/`, named by its key. What makes a good one is tested: no problems, and a sample input
with which it runs.
"""
