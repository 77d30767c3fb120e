# `make` alone lists what there is. Extra words for a command go in ARGS: make demo ARGS="--seed 8"
PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
CORE := $(VENV)/core.stamp
ALL := $(VENV)/all.stamp
INPUTS := pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo up test check bench format schemas clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: $(ALL) ## Set up .venv with everything needed to work on the project
	@echo "$(VENV) is ready."

demo: $(CORE) ## A fiscal year of payments in one process: ARGS="--payments 150 --bank 76 --seed 7"
	@$(BIN)/sansha demo $(ARGS)

up: $(CORE) ## Start the three parties as processes of their own (Ctrl-C stops them)
	@$(BIN)/sansha up $(ARGS)

test: $(ALL) ## Run every test: ARGS="-k barcode" narrows it
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)
	@echo "make test: passed."

check: $(ALL) ## Format, lint, types, import rules, committed schemas
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m contracts.schema_generation --check
	@echo "make check: passed."

bench: $(ALL) ## Measure, and compare with the naive peer
	@$(BIN)/python -m bench $(ARGS)

format: $(ALL) ## Format the code and mend what lint can mend
	@$(BIN)/python -m ruff check --fix-only --quiet .
	@$(BIN)/python -m ruff format .

schemas: $(ALL) ## Generate contracts/schemas/ anew from the event types
	@$(BIN)/python -m contracts.schema_generation

clean: ## Remove .venv and everything else that was generated
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The demonstration needs only what the application itself imports; working on it needs the extras.
$(CORE): $(INPUTS)
	$(call install,.)
	@touch $@

$(ALL): $(INPUTS)
	$(call install,.[test$(comma)check$(comma)bench])
	@touch $(CORE) $@

comma := ,
TOO_OLD = sansha needs Python 3.11 or newer, and '$(PYTHON)' is not that. Try: make PYTHON=python3.12
define install
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "$(TOO_OLD)" >&2; exit 1; }
@echo "Setting up $(VENV) (once, about a minute) …"
@$(PYTHON) -m venv $(VENV)
@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '$(1)'
endef
