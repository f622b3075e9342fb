"""A flow written as code: its steps are found while it runs."""

from __future__ import annotations

from typing import Final

from designer.graph.fields import Field, FieldType
from designer.graph.kinds.kind import Group, Kind
from designer.graph.kinds.shared import REQUIREMENTS, TIMEOUT
from designer.graph.model import Task
from designer.graph.wording import with_dots


def summarize(task: Task) -> str:
    """`OrderFlow · billing`: the class and its script."""
    return with_dots(str(task.settings.get("class_name", "")), str(task.settings.get("script", "")))


KIND: Final = Kind(
    key="program",
    label="Program",
    description="Runs a flow written as code: a class of a script of this installation. Its steps appear as it runs.",
    group=Group.MACHINE,
    icon="code",
    colour="machine",
    summary=summarize,
    fields=(
        Field(
            key="script",
            type=FieldType.TEXT,
            label="Script",
            help="A file of the folder of scripts, or a module of a package that the installation names.",
            example="billing",
            required=True,
            longest=255,
        ),
        Field(
            key="class_name",
            type=FieldType.TEXT,
            label="Class",
            help="The class of the script that is run.",
            example="OrderFlow",
            required=True,
            longest=255,
        ),
        Field(
            key="fingerprint",
            type=FieldType.TEXT,
            label="Fingerprint",
            example="sha256:…",
            help="SHA-256 of the source. With another source the program is not run; without one, any will do.",
            longest=64,
        ),
        Field(
            key="source",
            type=FieldType.LONGTEXT,
            label="Source",
            example="class Orders(WorkflowEntrypoint): …",
            help="As it was when the version was made: to be read and drawn. What runs is the script itself.",
            longest=1_048_576,
        ),
        Field(
            key="max_steps",
            type=FieldType.NUMBER,
            label="Steps at most",
            help="Of those that do something; sleeps and waits do not count.",
            is_whole=True,
            minimum=1,
            maximum=25_000,
            default=10_000,
        ),
        TIMEOUT,
        REQUIREMENTS,
    ),
)
