"""Money: ledgers with accounts, balances and double-entry transactions; wallets; payments; what steps do with them.

`posting.py` is the only file that moves money; wallets and payments are written in its terms. `backend.py` is the door
through which steps reach a ledger: that of this database, or a Formance server over HTTP (`outside.py`). `sending.py`
says what a transfer does, activity by activity (the Formance contract), and `activities.py` keeps what each did, so
that a repeated attempt goes on where the last one stopped.

The shapes of activities are those of the Formance contract, since the other side of that door may be Formance itself.
Not in this room: when a transfer runs and how it is repeated (`engine.steps`, `engine.core`).
"""
