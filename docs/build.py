"""Writes the reference pages that are made from code: `python -m docs.build`. A test checks that they are current."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from designer.graph.actions import ACTIONS
from designer.graph.conditions import OPERATOR_WORDS
from designer.graph.fields import Field
from designer.graph.flow_fields import LIMIT_FIELDS, RETENTION_FIELDS, TRIGGER_TYPES
from designer.graph.kinds import KINDS

FOLDER = Path(__file__).parent / "reference"
FLOW_FILE = FOLDER / "flow-file.md"
API = FOLDER / "api.md"
SETTINGS = FOLDER / "settings.md"
MADE = "<!-- Made by `python -m docs.build`; edit the code instead. -->"


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A Markdown table."""
    names = list(headings)
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in row)} |"
    yield ""


def flow_file_page() -> str:
    """`reference/flow-file.md`: kinds, actions, triggers, operators."""
    lines = ["# The flow file", "", MADE, "", INTRODUCTION, "## Tasks by kind", ""]
    for kind in KINDS.values():
        lines += [f"### `{kind.key}`", "", kind.description, "", *field_table(kind.fields)]
    lines += [
        "Every task may also set `join`, `cancel_rest`, `phase`, `description` and `at`.",
        "",
        "## Actions of automations",
        "",
    ]
    for action in ACTIONS.values():
        lines += [f"### `{action.key}`", "", action.description, "", *field_table(action.inputs)]
    lines += ["## Triggers", ""]
    for trigger in TRIGGER_TYPES.values():
        lines += [f"### `{trigger.key}`", "", trigger.description, "", *field_table(trigger.fields)]
    lines += ["## Limits", "", *field_table(LIMIT_FIELDS), "## Retention", "", *field_table(RETENTION_FIELDS)]
    lines += [
        "## Operators",
        "",
        *table(("operator", "reads"), ((f"`{key}`", words) for key, words in OPERATOR_WORDS.items())),
    ]
    return "\n".join(lines).rstrip() + "\n"


INTRODUCTION = """A flow as JSON or YAML. Its JSON Schema is at `/api/v1/flow-file.schema.json`; how to write one is in
[its how-to](../howto/write-a-flow-file.md). Unknown keys are refused with their path.

```yaml
format: 1
key: my-flow            # letters, digits, _ and -, at most 64; unique in its environment
name: My flow
description: What it is for.
tags: [a, b]
timezone: Europe/Berlin # what days and dates count in; UTC when left out
phases: [{key, name, description?, requirements?, frame?}]
tasks: [{key, name, kind, phase?, description?, settings?, join?, cancel_rest?, at?}]
edges: [{from, to, branch?, on?}]     # trigger, a task key, or phase:KEY; on: success or error
notes: [{key, at, text?, size?, colour?}] # remarks on the canvas; colour: yellow, blue, green, pink or grey
closing_reasons: [Customer withdrew]
single_closing_reason: false
triggers: [{type, …}]
limits: {concurrency, max_steps}
retention: {success, failure}
```

Durations have a unit: `10 seconds`, `1 hour`, `3 days`, `2 weeks`, `1 month`, or ISO 8601 (`PT10S`).
"""


def field_table(fields: Iterable[Field]) -> Iterator[str]:
    """What can be set, one row each; groups with their members."""
    rows = list(field_rows(fields, ""))
    return table(("setting", "type", "meaning"), rows) if rows else iter(("Nothing can be set.", ""))


def field_rows(fields: Iterable[Field], prefix: str) -> Iterator[tuple[str, str, str]]:
    """One row per field, members of groups below them with a dotted name."""
    for field in fields:
        name = f"{prefix}{field.key}"
        yield f"`{name}`{'' if field.required else '?'}", type_words(field), meaning(field)
        yield from field_rows(field.fields, f"{name}.")


def type_words(field: Field) -> str:
    """The type of a field in words."""
    if field.choices:
        return " or ".join(f"`{choice.value}`" for choice in field.choices)
    words = str(field.type.value).replace("_", " ")
    if field.of is not None:
        return f"{words} of {type_words(field.of)}"
    return f"{words}, or a template" if field.is_templated else words


def meaning(field: Field) -> str:
    """Label, help, default and example of a field."""
    parts = [f"{field.label}.", field.help]
    if field.default not in (None, ""):
        parts.append(f"Default: `{field.default}`.")
    if field.example:
        parts.append(f"Such as `{field.example}`.")
    return " ".join(part for part in parts if part)


def api_page() -> str:
    """`reference/api.md`: every operation of `/api/v1`."""
    from dialects.native import reference

    lines = ["# The native API", "", MADE, "", API_INTRODUCTION]
    for group in reference.groups():
        lines += [f"## {group.name}", "", group.description, ""]
        for operation in group.operations:
            lines += [f"### {operation.summary}", "", f"`{operation.method} {operation.path}`", ""]
            lines += [operation.description, ""] if operation.description else []
            rows = [*operation.parameters, *operation.body]
            if rows:
                lines += table(
                    ("name", "type", "meaning"),
                    ((f"`{row.name}`{'' if row.required else '?'}", row.type, row.description) for row in rows),
                )
            answers = ", ".join(f"{one.status} {one.shape}".strip() for one in operation.answers)
            lines += [f"Answers: {answers}.", ""]
    lines += ["## Shapes", ""]
    for shape in reference.shapes():
        properties = ((f"`{row.name}`", row.type, row.description) for row in shape.rows)
        lines += [f"### {shape.name}", "", *table(("name", "type", "meaning"), properties)]
    lines += [
        "## Problems",
        "",
        *table(("type", "status", "meaning"), ((f"`#problem-{n}`", str(s), m) for n, s, m in reference.PROBLEMS)),
    ]
    return "\n".join(lines).rstrip() + "\n"


API_INTRODUCTION = """Below `/api/v1`. The same as a page: `/api/v1/reference`; as OpenAPI 3.1: `/api/v1/schema`.

- **Key**: `Authorization: Bearer <key>`. A key opens one environment, and only what its scopes name.
- **Bodies** are JSON (`Content-Type: application/json`), at most 1 MiB; flow files may be YAML (`application/yaml`),
  at most 5 MiB.
- **Errors** are problem JSON (RFC 9457): `{type, title, status, detail, errors: [{path, message}]}`.
- **Lists** answer `{items, next}`; send `next` as `cursor`. At most 200 a page.
- **`Idempotency-Key`** on a POST: a repeat within 24 hours is answered like the first (header
  `Idempotency-Replayed: true`); the same key with another request is refused. A refused request leaves its key free.
- **Drafts** carry their revision as `ETag`; changing one needs it as `If-Match` (`*`: whatever there is).
- **Ids** of instances are yours to choose and unique per flow; where two flows have the same one, add `?flow=KEY`.
"""


def settings_page() -> str:
    """`reference/settings.md`: every environment variable."""
    from config.variables import GROUPS

    lines = ["# Settings", "", MADE, "", SETTINGS_INTRODUCTION]
    for group, variables in GROUPS.items():
        rows = (
            (f"`{one.name}`", one.default, f"**needed**: {one.meaning}" if one.needed else one.meaning)
            for one in variables
        )
        lines += [f"## {group}", "", *table(("variable", "default", "meaning"), rows)]
    return "\n".join(lines).rstrip() + "\n"


SETTINGS_INTRODUCTION = """All from the environment. In embedded mode (the default) every one has a value; production
mode refuses to start while one that is *needed* is missing or insecure, and names it.
"""


def main() -> None:
    """Write the pages."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    FLOW_FILE.write_text(flow_file_page())
    API.write_text(api_page())
    SETTINGS.write_text(settings_page())


if __name__ == "__main__":
    main()
