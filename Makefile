# Two commands do everything on a fresh machine: `make atlas` and `make test`.
# Both use uv where it is installed, and venv with pip where it is not.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
STUDY ?= kazakhstan
UV := $(shell command -v uv)
BIN := .venv/bin
WORKERS ?= 2

.PHONY: atlas test check format prove bench clean help

help: ## list what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

atlas: .venv/.product ## install into .venv and make the atlas: outputs/kazakhstan
	$(BIN)/childatlas run $(STUDY) --out outputs

test: .venv/.dev ## install the test tools too, and run the ordinary tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check: .venv/.dev ## lint, format, types and the walls between rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.dev ## mend what can be mended by machine
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

prove: .venv/.dev ## slow proofs: coverage simulations, large sizes
	$(BIN)/python -m pytest -m prove -n $(WORKERS) --dist loadfile

bench: .venv/.dev ## measure, side by side with the peers: outputs/bench
	$(BIN)/python tests/bench/run.py

.venv/bin/python:
ifdef UV
	uv venv --quiet --python $(PYTHON) .venv
else
	$(PYTHON) -m venv .venv
endif

.venv/.product: .venv/bin/python pyproject.toml constraints.txt
ifdef UV
	uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --editable .
else
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
endif
	@touch $@

.venv/.dev: .venv/.product
ifdef UV
	uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --editable '.[dev]'
else
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
endif
	@touch $@

clean: ## remove the environment and what tools left
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist build
