# `make` alone lists the targets. Extra arguments for a command go in ARGS: make demo ARGS="--seed 8"
PYTHON ?= python3
ARGS ?=
SEED ?= 7

VENV := .venv
BIN := $(VENV)/bin
CORE := $(VENV)/core.stamp
ALL := $(VENV)/all.stamp
INPUTS := pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo up stack demo-stack stack-down test night check bench bench-stack bench-growth format schemas clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: $(ALL) ## Set up .venv with everything needed to work on the project
	@echo "$(VENV) is ready."

demo: $(CORE) ## A fiscal year of payments in one process: ARGS="--payments 150 --bank 76 --seed 7"
	@$(BIN)/sansha demo $(ARGS)

up: $(CORE) ## Start the three parties, each in its own process (Ctrl-C stops them)
	@$(BIN)/sansha up $(ARGS)

stack: ## Start Kafka, PostgreSQL, the parties and the console in containers
	@docker compose build --quiet
	@STACK_POSTGRES_IMAGE=$${STACK_POSTGRES_IMAGE:-$$(sh deploy/postgres/image)} docker compose up --detach --wait $(ARGS)
	@echo "ready: http://$$(docker compose port gateway 8400)/docs, the parties on the ports after it."
	@echo "commands:  docker compose exec console sansha --help"

demo-stack: ## The demo on a new stack of containers, removed afterwards: SEED=7
	@docker compose build --quiet
	@$(DEMO_STACK) down --volumes --remove-orphans >/dev/null 2>&1
	@STACK_POSTGRES_IMAGE=$${STACK_POSTGRES_IMAGE:-$$(sh deploy/postgres/image)} $(DEMO_STACK) up --detach --wait ward payment-provider card-agent-jcb card-agent-uc console
	@$(DEMO_STACK) exec -T --env COLUMNS=120 console sansha demo --stack --seed $(SEED) $(ARGS) \
	  || { echo "left as it is; see:  docker compose --project-name sansha-demo logs" >&2; exit 1; }
	@$(DEMO_STACK) down --volumes >/dev/null 2>&1

stack-down: ## Stop the containers; ARGS=--volumes also deletes their data
	@docker compose down --remove-orphans $(ARGS)
	@$(DEMO_STACK) down --volumes --remove-orphans

test: $(ALL) ## Run every test: ARGS="-k barcode" narrows it
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)
	@echo "make test: passed."

night: $(ALL) ## Run the long tests, of which `make test` runs a short cut
	@$(BIN)/python -m pytest --night -m night -n 2 $(ARGS)
	@echo "make night: passed."

check: $(ALL) ## Format, lint, types, import rules, committed schemas
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m contracts.schema_generation --check
	@echo "make check: passed."

bench: $(ALL) ## Measure, and compare with the naive peer
	@$(BIN)/python -m bench $(ARGS)

bench-stack: $(ALL) ## Measure on real Kafka and PostgreSQL, in temporary containers, and compare with FastStream
	@$(BIN)/python -m bench.stack $(ARGS)

bench-growth: $(ALL) ## Measure with ledgers of up to 10 million receipts (7 minutes): ARGS="--rows 0 100000"
	@$(BIN)/python -m bench.growth $(ARGS)

format: $(ALL) ## Format the code and apply lint's automatic fixes
	@$(BIN)/python -m ruff check --fix-only --quiet .
	@$(BIN)/python -m ruff format .

schemas: $(ALL) ## Generate contracts/schemas/ from the event types
	@$(BIN)/python -m contracts.schema_generation

clean: ## Remove .venv and everything else that is generated
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The demo needs only the application's own dependencies; working on the project needs the extras.
$(CORE): $(INPUTS)
	$(call install,.)
	@touch $@

$(ALL): $(INPUTS)
	$(call install,.[test$(comma)check$(comma)bench])
	@touch $(CORE) $@

DEMO_STACK = SANSHA_SEED=$(SEED) STACK_CLOCK=stepped STACK_FROM=2021-04-01 docker compose --project-name sansha-demo

comma := ,
TOO_OLD = sansha needs Python 3.11 or newer, and '$(PYTHON)' is not that. Try: make PYTHON=python3.12
define install
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "$(TOO_OLD)" >&2; exit 1; }
@echo "Setting up $(VENV) (once, about a minute) …"
@$(PYTHON) -m venv $(VENV)
@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '$(1)'
endef
