# Every target makes the environment it needs; nothing is assumed but make and Python 3.11+ with venv.
#
#   make PYTHON=/path/to/python3 demo    another interpreter
#   make test TESTS=tests/research       some of the tests
#   make serve ARGS='--port 9000'        options of a command

SHELL := /bin/sh
PY := .venv/bin/python
PYTHON ?=
export PYTHON
ARGS ?=
TESTS ?=
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo serve models test lint format bench chaos eval lock clean runtime dev

help: ## Show these lines
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

demo: runtime ## Ask a made-up company's website ten questions; needs no key and no network
	@$(PY) -m leadline.demo $(ARGS)

serve: runtime ## Start the whole service on 127.0.0.1:8080; prints an API key the first time
	@.venv/bin/leadline serve $(ARGS)

models: ## Install what speaks to language models (LEADLINE_MODEL)
	@scripts/bootstrap models

test: lint ## Run the checks of `lint` and all tests
	@$(PY) -m pytest -n $(WORKERS) $(TESTS) $(ARGS)

lint: dev ## Style, types, import floors, licences
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m mypy
	@$(PY) -c 'from importlinter.cli import lint_imports_command as run; run()' --no-cache
	@$(PY) scripts/check_licences.py

format: dev ## Rewrite the code in the house's format
	@$(PY) -m ruff check --fix
	@$(PY) -m ruff format

bench: dev ## Measure, and print a table against the goals
	@$(PY) -m bench $(ARGS)

chaos: dev ## Kill and freeze workers and PostgreSQL under 1,000 signals; see that nothing is lost
	@$(PY) -m bench.chaos $(ARGS)

eval: dev ## Answer a question file and score it (see docs/evaluation.md)
	@$(PY) scripts/evaluate.py $(ARGS)

lock: ## Choose versions anew and write requirements/*.txt
	@scripts/lock $(ARGS)

clean: ## Remove the environments, caches and the demo's data
	@rm -rf .venv .local build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find src tests bench scripts -name __pycache__ -type d -prune -exec rm -rf {} +

runtime:
	@scripts/bootstrap runtime

dev:
	@scripts/bootstrap dev
