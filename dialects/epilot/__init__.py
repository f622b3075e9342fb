"""The epilot workflow APIs, as the vendor's own clients speak them: definitions, executions, closing reasons.

In this room: what these APIs look like on the wire, and what of them our model does not know. Not in this room: how
flows are kept (`designer`) and run (`engine`).
"""
