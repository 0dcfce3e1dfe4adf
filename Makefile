# Every command people use. `make help` lists them from the comments behind `##`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
MEMBERS := libs/common libs/devstack gateway $(wildcard services/*)

.DEFAULT_GOAL := help
.PHONY: help up demo test check fix bench docs lock clean install

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

install: $(VENV)/.installed ## build .venv from requirements.lock (the other commands do it by themselves)

$(VENV)/.installed: requirements.lock pyproject.toml $(MEMBERS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Lanyard needs Python 3.11 or later; set PYTHON=python3.12 or such" >&2; exit 1; }
	@echo "Building $(VENV) from requirements.lock (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python's venv module is missing (on Debian: apt-get install python3-venv)" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --reinstall $(MEMBERS:%=-e %)
	@touch $@

up: install ## start the whole platform and stay until Ctrl-C
	@./lanyard up

demo: install ## start everything, run the main journey, print its timeline and the addresses
	@./lanyard demo

test: install ## every test, on embedded servers (LANYARD_TEST_SERVERS=containers for containers)
	@$(BIN)/pytest

check: install ## format, lint, strict types, walls, migrations, generated pages not stale
	@$(BIN)/python -m devstack.check

fix: install ## format and mend what can be mended by machine
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix --quiet .

bench: install ## every figure the documents claim, measured here
	@$(BIN)/python -m bench

docs: install ## write the generated pages again
	@$(BIN)/python -m devstack.pages

lock: install ## write requirements.lock, and that of each member
	@$(BIN)/python -m devstack.lock

clean: ## remove .lanyard, the servers' data and caches (keeps .venv)
	@./lanyard clean
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .cache
