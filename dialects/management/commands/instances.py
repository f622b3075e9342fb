import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from accounts.scope import Scope
from dialects.management.commands.flow import add_place, place_of
from engine.models import Instance
from engine.models.instance import STATUSES
from engine.services.bulk import ACTIONS, BulkResult, bulk
from engine.services.errors import InvalidInput


class Command(BaseCommand):
    """Steer instances from the command line: the ones that are named, or all that fit."""

    help = "Pause, resume, terminate, close, restart, retry, migrate instances, or send them an event."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to do, to which, and what it takes."""
        parser.add_argument("action", choices=[action.replace("_", "-") for action in ACTIONS])
        parser.add_argument("ids", nargs="*", metavar="ID", help="these; without any, all that fit the filter")
        add_place(parser)
        parser.add_argument("--flow", help="a flow's key")
        parser.add_argument("--status", action="append", choices=[status for status, _ in STATUSES])
        parser.add_argument("--on-version", type=int, help="only those that run this version")
        parser.add_argument("--reason", default="", help="why, for the history")
        parser.add_argument("--rollback", action="store_true", help="terminate: undo what has started first")
        parser.add_argument("--reasons", nargs="+", default=[], metavar="TITLE", help="close: closing reasons")
        parser.add_argument("--from", dest="from_task", metavar="TASK", help="restart: from this task on")
        parser.add_argument("--to-version", metavar="N", help="retry, migrate: a number, or newest")
        parser.add_argument("--map", nargs="+", default=[], metavar="OLD=NEW", help="migrate: tasks called otherwise")
        parser.add_argument("--dry-run", action="store_true", help="migrate: only say what is in the way")
        parser.add_argument("--type", help="send-event: which event")
        parser.add_argument("--payload", help="send-event: JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, a part at a time; what was refused is printed, and makes the exit code 1."""
        scope = place_of(options)
        rows = _chosen(scope, options)
        action, given = options["action"].replace("-", "_"), _given(options)
        done, refused, after = 0, 0, None
        while True:
            try:
                result = bulk(scope, rows, action, given, after=after)
            except InvalidInput as invalid:
                raise CommandError(str(invalid)) from invalid
            self._print(result)
            done, refused, after = done + len(result.done), refused + len(result.refused), result.next
            if after is None:
                break
        self.stdout.write(f"{done} {'could be' if options['dry_run'] else 'done'}, {refused} refused")
        if refused:
            sys.exit(1)

    def _print(self, result: BulkResult) -> None:
        for one in result.done:
            self.stdout.write(f"{one.flow.key} {one.key}: {one.status}, version {one.version.number}")
        for refusal in result.refused:
            self.stderr.write(f"{refusal.instance.flow.key} {refusal.instance.key}: {refusal.reason}")


def _chosen(scope: Scope, options: dict[str, Any]) -> QuerySet[Instance]:
    """The instances that are meant. Raises CommandError for ids that there are not, and when nothing says which."""
    rows: QuerySet[Instance] = Instance.objects.within(scope)
    if not (options["ids"] or options["flow"] or options["status"] or options["on_version"]):
        raise CommandError("Say which instances: their ids, or --flow, --status, --on-version.")
    if options["flow"]:
        rows = rows.filter(flow__key=options["flow"])
    if options["status"]:
        rows = rows.filter(status__in=options["status"])
    if options["on_version"]:
        rows = rows.filter(version__number=options["on_version"])
    if options["ids"]:
        rows = rows.filter(key__in=options["ids"])
        missing = set(options["ids"]) - set(rows.values_list("key", flat=True))
        if missing:
            raise CommandError(f"There is no such instance: {', '.join(sorted(missing))}.")
    return rows


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """What the action takes."""
    given: dict[str, Any] = {"reason": options["reason"], "note": options["reason"]}
    given |= {name: options[name] for name in ("rollback", "reasons", "from_task", "dry_run")}
    version = options["to_version"]
    if version is not None:
        given["version"] = int(version) if version.isascii() and version.isdecimal() else version
    pairs = [pair.partition("=") for pair in options["map"]]
    if any(not (old and new) for old, _, new in pairs):
        raise CommandError("--map takes pairs such as old-key=new-key.")
    given["mapping"] = {old: new for old, _, new in pairs}
    if options["type"] is not None:
        given["type"] = options["type"]
    if options["payload"] is not None:
        try:
            given["payload"] = json.loads(options["payload"])
        except ValueError as error:
            raise CommandError(f"--payload is not JSON: {error}") from error
    return given
