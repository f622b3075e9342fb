"""What a deployment sets is read with types, and a refused start names everything that is wrong."""

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from config.environment import (
    Environment,
    field_key_problems,
    open_data_folder,
    production_problems,
    read_or_make_secret,
)
from manage import take_data_option

GOOD = {
    "SECRET_KEY": "k3Jx9_vQ2mZ8-tR5wYp7Lc1NdBfGhSaU0eXoKiMzTqVrWjPl4s",
    "DATABASE_URL": "postgres://quadrille@db/quadrille",
    "REDIS_URL": "redis://cache:6379/0",
    "ALLOWED_HOSTS": "quadrille.example.com",
    "FIELD_KEYS": Fernet.generate_key().decode(),
}


def problems_with(**changes: str) -> list[str]:
    env = Environment({**GOOD, **changes})
    return production_problems(env) + env.problems


def test_good_production_values_are_taken() -> None:
    assert problems_with() == []


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_value_is_named(name: str) -> None:
    assert [problem.split()[0] for problem in problems_with(**{name: ""})] == [name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "too short"),
        ("SECRET_KEY", "a" * 80),
        ("SECRET_KEY", "django-insecure-" + GOOD["SECRET_KEY"]),
        ("DATABASE_URL", "sqlite:///quadrille.sqlite3"),
        ("REDIS_URL", "http://cache"),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "quadrille.example.com, *"),
    ],
)
def test_an_insecure_value_is_named_and_not_repeated(name: str, value: str) -> None:
    [problem] = problems_with(**{name: value})
    assert problem.startswith(name)
    assert value not in problem or value == "*" or "," in value


def test_all_problems_are_told_at_once() -> None:
    env = Environment({})
    env.problems += production_problems(env)
    with pytest.raises(ImproperlyConfigured) as refused:
        env.refuse_when_unsafe()
    assert all(name in str(refused.value) for name in GOOD)


def test_a_key_that_is_none_is_told_by_its_position() -> None:
    secret = "not a key at all"
    [problem] = field_key_problems([GOOD["FIELD_KEYS"], secret])
    assert "key 2" in problem
    assert secret not in problem


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("TRUE", True), ("on", True), ("0", False), ("no", False), ("", True)]
)
def test_flags_are_read_in_the_usual_words(text: str, value: bool) -> None:
    assert Environment({"FLAG": text}).flag("FLAG", default=True) is value


def test_a_value_of_the_wrong_type_is_a_problem() -> None:
    env = Environment({"FLAG": "perhaps", "NUMBER": "-3", "MODE": "holiday"})
    env.flag("FLAG")
    env.number("NUMBER", 5)
    env.choice("MODE", ("embedded", "production"))
    assert [problem.split()[0] for problem in env.problems] == ["FLAG", "NUMBER", "MODE"]


def test_the_data_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "deep" / "data")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match="file/data"):
        open_data_folder(tmp_path / "file" / "data")


def test_a_secret_is_made_once_and_read_ever_after(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    assert read_or_make_secret(path, "first") == "first"
    assert read_or_make_secret(path, "second") == "first"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret.key"]


@pytest.mark.parametrize("words", [["--data", "/x/y"], ["--data=/x/y"]])
def test_the_data_option_may_stand_anywhere(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUADRILLE_DATA", "unset")
    assert take_data_option(["manage.py", *words, "check"]) == ["manage.py", "check"]
    assert take_data_option(["manage.py", "check", *words]) == ["manage.py", "check"]
    with pytest.raises(SystemExit, match="needs a folder"):
        take_data_option(["manage.py", "check", "--data"])
