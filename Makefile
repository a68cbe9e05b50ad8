# Everything a person types in the clone; each target sets up what it needs. CONTRIBUTING.md tells one command per check.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := help

PYTHON ?= python3
# How many test workers.
JOBS ?= 2
UV := .tools/uv/bin/uv
PY := .venv/bin/python
export UV_PYTHON_DOWNLOADS := never

# Stamps lie inside what they vouch for, so that deleting a directory deletes its stamp.
UV_READY := .tools/uv/.ready
RUN_READY := .venv/.run-ready
DEV_READY := .venv/.dev-ready

CODE := $(wildcard src tests bench)
UNIT := $(wildcard tests/unit tests/property tests/architecture)
PYTEST := $(PY) -m pytest -q

.PHONY: help setup setup-run demo test lint peers bench pictures catalogue docs clean
.PHONY: lint-ruff lint-imports lint-types lint-deps format test-unit test-wizard test-integration test-peers test-coverage test-wheel lock

help:
	@echo 'make demo    two gateways federate on loopback while their certificates are swapped (needs only Python)'
	@echo 'make test    every check, fast first'
	@echo 'make lint    ruff, import-linter, mypy, deptry'
	@echo 'make peers   install the Debian packages of the real peers (root)'
	@echo 'make bench   the figures; make pictures: the screenshots in the documentation'
	@echo 'make docs    the documentation, into docs/_build'
	@echo 'make setup   .venv with everything; make clean removes what was made'

# Debian has no ensurepip and guards its own Python (PEP 668): pip only unpacks uv beside us, and uv does the rest.
$(UV_READY): requirements-uv.lock
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || { echo 'pip is missing: apt install git make python3 python3-pip' >&2; exit 1; }
	rm -rf .tools/uv
	$(PYTHON) -m pip install --quiet --root-user-action ignore --no-deps --require-hashes --only-binary :all: --target .tools/uv -r requirements-uv.lock
	@touch $@

.venv/pyvenv.cfg: | $(UV_READY)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv

# What `make demo` needs: the run-time dependencies in their locked versions.
$(RUN_READY): requirements.lock pyproject.toml $(UV_READY) .venv/pyvenv.cfg
	$(UV) pip install --quiet --python .venv --constraint requirements.lock --build-constraint requirements.lock --editable .
	@touch $@

# What everything else needs: exactly what the lock names, nothing more.
$(DEV_READY): requirements.lock pyproject.toml $(UV_READY) .venv/pyvenv.cfg
	$(UV) pip sync --quiet --python .venv --require-hashes requirements.lock
	$(UV) pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@touch $@ $(RUN_READY)

setup: $(DEV_READY)
setup-run: $(RUN_READY)

demo: $(RUN_READY)
	$(PY) -m bench.demo

bench: $(DEV_READY)
	$(PY) -m bench

# Screenshots of the wizard, from the running program; Chromium alone sets their text right.
pictures: $(DEV_READY)
	@command -v chromium >/dev/null || apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core
	$(PY) -m bench.pictures

peers:
	scripts/install-peers

# The order of checks: fast first, stop at the first that fails. In CI the peers are real and a skipped peer test fails.
test: $(if $(filter true,$(CI)),peers) setup lint-ruff lint-imports lint-types test-unit test-wizard test-integration test-peers test-coverage lint-deps docs test-wheel
	@echo 'every check passed'

lint: lint-ruff lint-imports lint-types lint-deps

lint-ruff: $(DEV_READY)
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .

format: $(DEV_READY)
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

lint-imports: $(DEV_READY)
	.venv/bin/lint-imports --no-logo

lint-types: $(DEV_READY)
	.venv/bin/mypy $(CODE)

lint-deps: $(DEV_READY)
	.venv/bin/deptry src

test-unit: $(DEV_READY)
	@rm -rf build/coverage && mkdir -p build/coverage
	$(PYTEST) $(UNIT) -n $(JOBS) --cov --cov-report=

test-wizard: $(DEV_READY)
	$(PYTEST) tests/wizard tests/panel -n $(JOBS)

test-integration: $(DEV_READY)
	$(PYTEST) tests/integration -n $(JOBS)

test-peers: $(DEV_READY)
	$(PYTEST) tests/peers

# Only what test-unit measured: a core must be covered without a socket.
test-coverage: $(DEV_READY)
	scripts/coverage-gate

# What translators begin with; CONTRIBUTING.md tells the rest.
catalogue: $(DEV_READY)
	@mkdir -p build
	$(PY) -m tests.support.catalogue > build/edgecert.pot
	@echo 'build/edgecert.pot'

docs: $(DEV_READY)
	.venv/bin/sphinx-build -q -W --keep-going -b html -d docs/_build/cache docs docs/_build/html
	.venv/bin/sphinx-build -q -W --keep-going -b man -d docs/_build/cache docs docs/_build/man

test-wheel: $(DEV_READY)
	scripts/try-wheel

# Both locks anew: hashes, no addresses. `make lock UPGRADE=--upgrade` takes the newest that pyproject.toml allows.
lock: $(UV_READY)
	$(UV) pip compile --quiet --universal --generate-hashes --no-header $(UPGRADE) --all-extras --group dev \
	    --no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.lock >/dev/null
	$(UV) --version | sed -n 's/^uv \([0-9.]*\).*/uv==\1/p' | \
	    $(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate - -o requirements-uv.lock >/dev/null
	@touch $(UV_READY)

clean:
	rm -rf .venv .tools build dist docs/_build .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests $(wildcard bench docs) -name __pycache__ -prune -exec rm -rf {} +
