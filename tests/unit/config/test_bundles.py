"""Modules joined into one file, and what stops the joining."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from config.bundles import UnjoinableError, join_modules, join_styles

SOURCES = {
    "js/words.js": 'export const HELLO = "hello";\nlet said = 0;\nexport function say() {\n  return ++said;\n}\n',
    "js/shout.js": 'import * as words from "./words.js";\nexport const LOUD = words.HELLO.toUpperCase();\n',
    "js/main.js": (
        'import "./shout.js";\nimport { say as tell } from "./words.js";\nimport { LOUD } from "./shout.js";\n'
        "export async function later() {\n"
        '  const [{ again }, { beside }] = await Promise.all([import("./room/later.js"), import("./beside.js")]);\n'
        "  return [LOUD, tell(), again(), beside()];\n}\n"
        "export default function connect() {\n  return later();\n}\n"
    ),
    "js/beside.js": 'import { say } from "./words.js";\nexport class Beside {}\nexport const beside = () => say();\n',
    "js/room/later.js": 'import { say } from "../words.js";\nexport function again() {\n  return say();\n}\n',
    "js/words_only.js": 'import { HELLO } from "./words.js";\nexport default HELLO;\n',
}
BUNDLES: Mapping[str, tuple[str, ...]] = {"js/words.js": (), "js/main.js": ("js/beside.js",)}


def test_a_bundle_holds_what_it_imports_and_others_take_it_from_there() -> None:
    joined = join_modules(SOURCES, BUNDLES)
    assert set(joined) == {"js/words.js", "js/main.js", "js/room/later.js", "js/words_only.js"}
    assert joined["js/main.js"].count('import { $js_words } from "./words.js";') == 1
    assert "Promise.resolve($js_beside)" in joined["js/main.js"]
    assert 'import("./room/later.js")' in joined["js/main.js"]
    assert 'import { $js_words } from "../words.js";\nconst { say } = $js_words;' in joined["js/room/later.js"]


def test_joined_modules_do_what_they_did(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI"):
            pytest.fail("node is missing, and CI leaves nothing out")
        pytest.skip("NOT RUN: node is missing")
    told = []
    for name, files in (("apart", SOURCES), ("joined", join_modules(SOURCES, BUNDLES))):
        folder = tmp_path / name
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        (folder / "package.json").write_text('{"type": "module"}')
        script = 'import connect from "./js/main.js"; console.log(JSON.stringify(await connect()));'
        (folder / "run.js").write_text(script)
        done = subprocess.run([node, "run.js"], cwd=folder, capture_output=True, text=True, check=True)
        told.append(done.stdout)
    assert told == ['["HELLO",1,2,3]\n'] * 2


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"js/a.js": 'import { b } from "./b.js";\n'}, "imports js/b.js, which is not there"),
        ({"js/a.js": 'import { b } from "./b.js";\n', "js/b.js": "export let b = 1;\n"}, "does not export"),
        ({"js/a.js": "export let b = 1;\n"}, "cannot be joined: export let"),
        ({"js/a.js": 'export { b } from "./b.js";\n', "js/b.js": ""}, "cannot be joined: export {"),
        ({"js/a.js": "const here = import.meta.url;\n"}, "cannot be joined"),
        (
            {"js/a.js": 'import "./b.js";\n', "js/b.js": 'import "./a.js";\n'},
            "go in a circle: js/a.js → js/b.js → js/a.js",
        ),
        (
            {"js/a.js": 'import "./b.js";\nimport("./c.js");\n', "js/b.js": "", "js/c.js": 'import "./b.js";\n'},
            "names of files go in a circle: ",
        ),
    ],
)
def test_what_cannot_be_joined_is_told(files: dict[str, str], words: str) -> None:
    with pytest.raises(UnjoinableError, match=words.replace("{", r"\{")):
        join_modules(files, {"js/a.js": ()})


def test_a_style_sheet_has_the_text_of_what_it_imports() -> None:
    sheets = {
        "css/a.css": ".a {}\n",
        "css/b.css": ".b {}\n",
        "css/page.css": '@import "b.css";\n@import "a.css";\n.c {}\n',
    }
    assert join_styles(sheets) == {"css/page.css": ".b {}\n\n.a {}\n\n.c {}\n"}
