"""Templates and definitions ⇄ our flows. Pure.

Both ways go by *differences*: what a side says is taken over only where it differs from what the other side's last
word translates to. So whatever one side cannot say is left as the other side has it, and a template that nobody changed
comes back exactly as it was sent.
"""
