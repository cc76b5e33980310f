# Everything starts here: `make help`. The first target that needs it makes .venv from the pinned versions.
PYTHON ?= $(shell command -v python3.11 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
CODE := resources sensors ticket_assets ticket_generator tickets_board tickets_cli
INSTALLED := $(VENV)/.installed
PREPARED := $(VENV)/.prepared-$(TICKETS_MODELS)
# The local stack of `make up`; set AWS_ENDPOINT_URL= (empty) to speak to real AWS.
AWS_ENDPOINT_URL ?= http://127.0.0.1:4566
export AWS_ENDPOINT_URL

.DEFAULT_GOAL := help
.PHONY: help install demo up setup seed status reset test lint bench bench-scale fuzz soak screenshots clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

install: $(PREPARED) ## Make .venv with the pinned versions and prepare the models

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11 is needed: make PYTHON=…")'
	@echo "installing into $(VENV) (once, a few minutes)"
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[models,convert,ui,local,workers,kubernetes,dev]'
	@$(BIN)/python -m compileall -q $(VENV)/lib $(CODE) >/dev/null || true  # some packages ship files of other Python versions
	@touch $@

$(PREPARED): $(INSTALLED)
	@$(BIN)/tickets models prepare
	@touch $@

demo: $(PREPARED) ## Start everything, put 60 tickets and 3 bad ones, show what became of them, stop
	@$(BIN)/tickets demo

up: $(PREPARED) ## Run the local stack until Ctrl-C: AWS server, Dagster UI on port 3000, daemon
	@$(BIN)/tickets up

setup: $(INSTALLED) ## Make buckets, queues, notification and table at AWS_ENDPOINT_URL
	@$(BIN)/tickets setup

seed: $(INSTALLED) ## Put 60 generated tickets
	@$(BIN)/tickets seed

status: $(INSTALLED) ## Show server, queues, batches, last runs, counts
	@$(BIN)/tickets status

reset: $(INSTALLED) ## Delete all tickets, records and runs of the local stack (asks first)
	@$(BIN)/tickets reset

test: $(INSTALLED) lint ## Lint, types, import contracts, and every test
	@sh tests/install_system_packages.sh
	@env -u AWS_ENDPOINT_URL $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: $(INSTALLED) ## Lint, types and import contracts alone
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright --level error
	@$(BIN)/lint-imports --no-logo

bench: $(PREPARED) ## Measure models, heads, a backlog of 5,000 tickets and latencies (25 minutes); writes bench/results
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	@env -u AWS_ENDPOINT_URL $(BIN)/python -m bench.inference
	@env -u AWS_ENDPOINT_URL $(BIN)/python -m bench.heads
	@env -u AWS_ENDPOINT_URL $(BIN)/python -m bench.pipeline

bench-scale: $(PREPARED) ## Measure how costs grow: batch sizes, partitions, messages, tickets, workers, memory, search, page (an hour)
	@env -u AWS_ENDPOINT_URL $(BIN)/python -m bench.scale
	@env -u AWS_ENDPOINT_URL $(BIN)/python -m bench.workers
	@env -u AWS_ENDPOINT_URL $(BIN)/python -m bench.memory
	@env -u AWS_ENDPOINT_URL $(BIN)/python -m bench.search
	@env -u AWS_ENDPOINT_URL $(BIN)/python -m bench.board

fuzz: $(INSTALLED) ## Put 5,000 bad objects and 2,000 odd messages through the pipeline
	@env -u AWS_ENDPOINT_URL FUZZ_OBJECTS=5000 $(BIN)/python -m pytest tests/pipeline/test_fuzz.py

soak: $(INSTALLED) ## Kill random processes under load for SOAK_MINUTES (15), then check that nothing is lost
	@env -u AWS_ENDPOINT_URL $(BIN)/python -m bench.soak

screenshots: $(PREPARED) ## Take the docs' pictures of the Dagster UI anew (needs Chromium: apt-get install chromium)
	@env -u AWS_ENDPOINT_URL $(BIN)/python -m bench.screenshots

clean: ## Remove .venv and the local stack's state
	rm -rf $(VENV) .tickets
