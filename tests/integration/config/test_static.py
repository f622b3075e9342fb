"""Static files as they are served: hashed through and through, and small."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import override_settings

HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$")
IMPORTS = re.compile(r"""(?:\bfrom\s*|\bimport\s*\(?\s*)["'](\.[^"']+)["']""")


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the collected files."""
    folder = tmp_path_factory.mktemp("static")
    backend = {"BACKEND": "config.static.HashedStaticFiles"}
    default = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    with override_settings(STATIC_ROOT=folder, STORAGES={"default": default, "staticfiles": backend}):
        call_command("collectstatic", interactive=False, verbosity=0)
    return folder


def test_every_import_of_a_module_names_a_hashed_file_that_is_there(collected: Path) -> None:
    modules = [path for path in (collected / "js").rglob("*.js") if HASHED.search(path.name)]
    assert len(modules) > 50
    for module in modules:
        for target in IMPORTS.findall(module.read_text()):
            assert HASHED.search(target), f"{module.name} imports {target}, which is not hashed"
            assert (module.parent / target).is_file(), f"{module.name} imports {target}, which is not there"


def test_what_is_served_has_no_comments(collected: Path) -> None:
    for kind, own in (("js", "js/editor"), ("css", "css")):
        served = [path for path in (collected / own).rglob(f"*.{kind}") if HASHED.search(path.name)]
        assert len(served) > 10
        assert [path.name for path in served if "/*" in path.read_text()] == []
