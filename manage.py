#!/usr/bin/env python
"""Quadrille's command line. `--data FOLDER` before or after the command names the data folder of embedded mode."""

import os
import sys


def take_data_option(argv: list[str]) -> list[str]:
    """Move `--data FOLDER` or `--data=FOLDER` into the environment: settings need it before any command is parsed."""
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--data":
            folder = next(words, "")
        elif word.startswith("--data="):
            folder = word.removeprefix("--data=")
        else:
            rest.append(word)
            continue
        if not folder:
            sys.exit("--data needs a folder")
        os.environ["QUADRILLE_DATA"] = os.path.abspath(folder)
    return rest


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    argv = take_data_option(sys.argv)
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(argv)
    except ImproperlyConfigured as wrong:
        sys.exit(str(wrong))  # what is missing, in words; where in our code that was found helps nobody


if __name__ == "__main__":
    main()
