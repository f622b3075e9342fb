# Everything runs from .venv, which each target makes or refreshes first: only when a lock file changed.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: run test test-unit test-quick test-other lint bench chaos chaos-short shots clean lock

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys,venv,ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.base-installed
DEVELOP := $(VENV)/.dev-installed
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps

HOST ?= 127.0.0.1
PORT ?= 8000

$(VENV): $(DEVELOP)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Quadrille needs Python 3.11 or newer with its venv module." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements/base.txt | $(BIN)/python
	$(PIP_INSTALL) -r requirements/base.txt
	@touch $@

$(DEVELOP): requirements/dev.txt | $(BIN)/python
	$(PIP_INSTALL) -r requirements/dev.txt
	@touch $(RUNTIME) $@

run: $(RUNTIME) ## The whole of Quadrille, with the demo, in one process
	$(BIN)/python manage.py prepare
	$(BIN)/python manage.py demo --url http://$(HOST):$(PORT)
	$(BIN)/python manage.py serve --host $(HOST) --port $(PORT)

# Not `npm ci`: it refuses any lock beside an optional dependency that no registry has, and one SDK names such a one.
node_modules/.installed: package-lock.json
	@if command -v npm >/dev/null; then npm install --no-save --ignore-scripts --loglevel=error && touch $@; \
	elif [ -n "$$CI" ]; then echo "npm is missing" >&2; exit 1; \
	else echo "NOT INSTALLED: npm is missing, so the tests with the vendors' JavaScript SDKs will be left out" >&2; fi

test: $(DEVELOP) node_modules/.installed ## Every ring: scripts, unit, integration on SQLite and on PostgreSQL, many machines, browser
	tests/run

test-unit: $(DEVELOP) ## What to tell after each save: no database, no drawn examples
	tests/run-unit

test-quick: $(DEVELOP) ## No browser, no PostgreSQL
	$(BIN)/python -m pytest -q tests/unit tests/integration

test-other: $(DEVELOP) ## On SQLite, what `make test` asks of PostgreSQL alone
	$(BIN)/python -m pytest -q $$(cat tests/on-postgres-alone)

lint: $(DEVELOP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/python manage.py makemigrations --check --dry-run
	.ci/check-deploy

bench: $(DEVELOP)
	$(BIN)/python -m benchmarks

chaos: $(DEVELOP) ## The fault campaign in full: kills, restarts, lost replies; about a quarter of an hour
	$(BIN)/python -m tests.chaos

chaos-short: $(DEVELOP) ## The same as often as CI has time for: 30 kills of workers over 200 instances, 5 restarts of PostgreSQL and of Redis
	$(BIN)/python -m tests.chaos --short

shots: $(DEVELOP)
	$(BIN)/python -m docs.shots

lock: | $(BIN)/python ## Compile the hashed locks from pyproject.toml; they name no package index
	$(BIN)/python -m pip install -qq --upgrade pip pip-tools
	$(BIN)/pip-compile --quiet --no-header $(UPGRADE) --output-file requirements/base.txt pyproject.toml
	$(BIN)/pip-compile --quiet --no-header $(UPGRADE) --constraint requirements/base.txt --extra dev --output-file requirements/dev.txt pyproject.toml
	@! grep -nE '^--|https?://' requirements/*.txt

clean: ## Everything made, nothing written; the data folder stays
	rm -rf $(VENV) node_modules staticfiles test-results bench-results .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './node_modules/*' -prune -exec rm -rf {} +
