"""Static files as they are served: hashed through and through, and small."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings

from config.bundles import BUNDLES
from tests import prepared

HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$")
IMPORTS = re.compile(r"""(?:\bfrom\s*|\bimport\s*\(?\s*)["'](\.[^"']+)["']""")


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the collected files: those that all rings share, where there are some."""
    given = prepared.static_folder()
    if given is not None:
        return given
    folder = tmp_path_factory.mktemp("static")
    backend = {"BACKEND": "config.static.HashedStaticFiles"}
    default = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    with override_settings(STATIC_ROOT=folder, STORAGES={"default": default, "staticfiles": backend}):
        call_command("collectstatic", interactive=False, verbosity=0)
    return folder


def test_every_import_of_a_module_names_a_hashed_file_that_is_there(collected: Path) -> None:
    modules = [path for path in (collected / "js").rglob("*.js") if HASHED.search(path.name)]
    assert len(modules) > 25
    for module in modules:
        for target in IMPORTS.findall(module.read_text()):
            assert HASHED.search(target), f"{module.name} imports {target}, which is not hashed"
            assert (module.parent / target).is_file(), f"{module.name} imports {target}, which is not there"


def test_what_is_served_has_no_comments(collected: Path) -> None:
    for kind, own in (("js", "js/editor"), ("css", "css")):
        served = [path for path in (collected / own).rglob(f"*.{kind}") if HASHED.search(path.name)]
        assert len(served) > 10
        assert [path.name for path in served if "/*" in path.read_text()] == []


def test_no_module_and_no_style_sheet_is_on_a_page_twice(collected: Path) -> None:
    modules = {_name(path): path.read_text() for path in (collected / "js").rglob("*.js") if HASHED.search(path.name)}
    source = Path(settings.BASE_DIR) / "static"
    for first in BUNDLES:
        assert first in modules
    for path in source.glob("js/**/*.js"):
        name = str(path.relative_to(source))
        defined = f"const ${re.sub(r'[^a-z0-9]', '_', name.removesuffix('.js'))}="
        homes = [other for other, text in modules.items() if defined in text]
        assert len(homes) == (0 if name in modules and name not in BUNDLES else 1), f"{name} is in {homes}"
    page = next(path for path in (collected / "css").glob("page.*.css") if HASHED.search(path.name)).read_text()
    assert "@import" not in page
    assert page.count("--surface:") == (source / "css/tokens.css").read_text().count("--surface:")


def _name(path: Path) -> str:
    return str(path)[str(path).index("/js/") + 1 :].replace(HASHED.search(path.name)[0], ".js")  # type: ignore[index]
