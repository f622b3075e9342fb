"""The fault campaign: a real installation (PostgreSQL, Redis, Celery workers, beat, web) to which bad things happen.

`make chaos` runs it whole, `python -m tests.chaos --short` is the form for CI. Every scenario starts instances whose
end is known from a run of the same flows without any fault, and passes when none is lost, none is stuck, no outcome is
recorded twice, and every one has ended as it would have without the fault.
"""
