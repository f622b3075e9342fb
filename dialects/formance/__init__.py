"""The Formance room: the orchestration API ("Flows") of Formance, version 1 and 2, at `/formance/api/orchestration`.

A workflow is a flow of this environment, a stage one of its tasks, an instance an instance. What people draw in the
editor is listed and run here, and what is made here opens in the editor.

`stages.py` reads stages as the vendor does, `translate.py` turns them into a drawn chain and back, `wire.py` and
`history.py` write answers, `oauth.py` gives out tokens against our API keys, `expressions/` is the language of trigger
filters and variables. Money itself is in `engine.ledger`, not here.
"""
