import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import Environment
from accounts.scope import Scope, system_scope
from dialects.native import files
from dialects.native.files import FileRefused
from engine.sandbox.cases import CaseReport
from engine.sandbox.reports import junit_of, text_of


class Command(BaseCommand):
    """Flow files from the command line: check, test, import, export, publish."""

    help = "Check, test, import, export or publish flow files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One verb, its files, and the place."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        check = verbs.add_parser("check", help="print the problems of flow files; needs no database")
        check.add_argument("files", nargs="+", metavar="FILE")
        test = verbs.add_parser("test", help="run the cases in flow files, in a sandbox; needs no database")
        test.add_argument("files", nargs="+", metavar="FILE")
        test.add_argument("--json", action="store_true", help="print the results as JSON")
        test.add_argument("--junit", type=Path, metavar="PATH", help="also write the results as JUnit XML")
        for verb, words in (
            ("import", "make or replace drafts"),
            ("publish", "make or replace drafts and publish them"),
        ):
            command = verbs.add_parser(verb, help=words)
            command.add_argument("files", nargs="+", metavar="FILE")
            command.add_argument("--replace", action="store_true", help="replace the draft of a flow with the same key")
            add_place(command)
            if verb == "publish":
                command.add_argument("--note", default="", help="what changed, for people")
        export = verbs.add_parser("export", help="write the drafts of flows, by their keys")
        export.add_argument("files", nargs="+", metavar="KEY")
        export.add_argument("--to", type=Path, help="a folder; without it they are printed")
        export.add_argument("--format", choices=("yaml", "json"), default="yaml")
        add_place(export)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the verb says for each file; every file is tried, and one refusal makes the exit code 1."""
        if options["verb"] == "test":
            self.test(options["files"], as_json=options["json"], junit=options["junit"])
            return
        refused = False
        for name in options["files"]:
            try:
                self.stdout.write(self.run(name, options))
            except FileRefused as problems:
                refused = True
                self.stderr.write("\n".join(f"{name}: {line}" for line in problems.lines))
        if refused:
            sys.exit(1)

    def test(self, names: list[str], *, as_json: bool, junit: Path | None) -> None:
        """Run the cases of every file; a case that fails, or a file that cannot be run, makes the exit code 1."""
        reports: dict[str, CaseReport] = {}
        refused: dict[str, tuple[str, ...]] = {}
        for name in names:
            try:
                reports[name] = files.test_file(Path(name))[1]
            except FileRefused as problems:
                refused[name] = problems.lines
        if as_json:
            answer = {name: report.to_json() for name, report in reports.items()}
            refusals = {name: {"passed": False, "problems": list(lines)} for name, lines in refused.items()}
            self.stdout.write(json.dumps(answer | refusals, indent=2, ensure_ascii=False, default=str))
        else:
            for name, report in reports.items():
                self.stdout.write("\n".join(text_of(name, report)))
        for name, lines in refused.items():
            self.stderr.write("\n".join(f"{name}: {line}" for line in lines))
        if junit is not None:
            try:
                junit.write_text(junit_of(reports, refused), encoding="utf-8")
            except OSError as error:
                raise CommandError(f"{junit} cannot be written: {error.strerror}") from error
        if refused or not all(report.passed for report in reports.values()):
            sys.exit(1)

    def run(self, name: str, options: dict[str, Any]) -> str:
        """One file or key. Raises FileRefused."""
        if options["verb"] == "check":
            return files.check_file(Path(name))
        scope = place_of(options)
        if options["verb"] == "export":
            return files.export_flow(scope, name, format=options["format"], folder=options["to"])
        # Together: a file that cannot be published leaves no draft behind.
        with transaction.atomic():
            row, done = files.import_file(scope, Path(name), replace=options["replace"])
            if options["verb"] == "publish":
                return f"{done}; {files.publish_draft(scope, row, note=options['note'])}"
        return done


def add_place(parser: ArgumentParser) -> None:
    """Which environment."""
    parser.add_argument("--organization", required=True, help="short name")
    parser.add_argument("--environment", required=True, help="short name")


def place_of(options: dict[str, Any]) -> Scope:
    """The scope of the named environment. Raises CommandError."""
    environment = (
        Environment.objects.select_related("organization")
        .filter(organization__slug=options["organization"], slug=options["environment"])
        .first()
    )
    if environment is None:
        raise CommandError(f"There is no environment {options['organization']}/{options['environment']}.")
    return system_scope(environment)
