"""The orchestration API, below `/formance/`. A slash at the end is taken as well."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, re_path
from rest_framework.views import APIView

from dialects.formance import oauth
from dialects.formance.base import NothingHere
from dialects.formance.views import info, instances, money, triggers, workflows

ROOT = "api/orchestration/"
BOTH: dict[str, type[APIView]] = {
    "_info": info.Info,
    "workflows": workflows.Workflows,
    "workflows/(?P<workflow>[^/]+)": workflows.OneWorkflow,
    "workflows/(?P<workflow>[^/]+)/instances": workflows.RunWorkflow,
    "instances": instances.Instances,
    "instances/(?P<instance>[^/]+)": instances.OneInstance,
    "instances/(?P<instance>[^/]+)/events": instances.Events,
    "instances/(?P<instance>[^/]+)/abort": instances.Abort,
    "instances/(?P<instance>[^/]+)/history": instances.History,
    "instances/(?P<instance>[^/]+)/stages/(?P<number>[^/]+)/history": instances.StageHistory,
    "triggers": triggers.Triggers,
    "triggers/(?P<trigger>[^/]+)": triggers.OneTrigger,
    "triggers/(?P<trigger>[^/]+)/occurrences": triggers.Occurrences,
}
"""What version 1 and version 2 have in common, by its path."""


LEDGER = "api/ledger/v2/(?P<ledger>[^/]+)"
MONEY: dict[str, type[APIView]] = {
    LEDGER: money.OneLedger,
    f"{LEDGER}/transactions": money.Transactions,
    f"{LEDGER}/accounts/(?P<address>[^/]+)": money.OneAccount,
    f"{LEDGER}/accounts/(?P<address>[^/]+)/metadata": money.AccountMetadata,
    "api/wallets/wallets": money.Wallets,
    "api/wallets/wallets/(?P<wallet>[^/]+)": money.OneWallet,
    "api/wallets/wallets/(?P<wallet>[^/]+)/credit": money.Credit,
    "api/wallets/wallets/(?P<wallet>[^/]+)/debit": money.Debit,
    "api/payments/payments": money.Payments,
    "api/payments/payments/(?P<payment>[^/]+)": money.OnePayment,
}
"""The services beside orchestration."""


def _patterns() -> Iterator[URLPattern]:
    yield re_path(r"^api/auth/oauth/token/?$", oauth.token)
    for version, prefix in ((1, ROOT), (2, f"{ROOT}v2/")):
        for path, view in BOTH.items():
            yield re_path(f"^{prefix}{path}/?$", view.as_view(version=version))
    for path, view in MONEY.items():
        yield re_path(f"^{path}/?$", view.as_view())
    for word, is_confirmed in (("confirm", True), ("void", False)):
        settle = money.SettleHold.as_view(is_confirmed=is_confirmed)
        yield re_path(f"^api/wallets/holds/(?P<hold>[^/]+)/{word}/?$", settle)
    yield re_path(rf"^{ROOT}v2/triggers/(?P<trigger>[^/]+)/test/?$", triggers.TryTrigger.as_view(version=2))
    yield re_path(r"^.*$", NothingHere.as_view())


app_name = "formance"
urlpatterns = list(_patterns())
