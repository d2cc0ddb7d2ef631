# Every target makes .venv and installs what it needs when that is missing. `make help` lists them.

VENV := .venv
BIN := $(VENV)/bin
BENCHES := core why submit footprint launch sim
# These play traces: a part of them only.
QUICK := forecast
POLICIES := openb muri shockwave gavel philly-vc
# Two workers gain where tests wait for processes; all tests that start Ray share one worker.
PYTEST_FLAGS ?= -n 2 --no-loadscope-reorder

export VENV
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test check bench gen lock dev fix clean

help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## two parks, four agents, a real training job cut short and resumed; ends by itself
	@scripts/install.sh demo
	@$(BIN)/python examples/demo/run.py

test: dev ## run every test
	@$(BIN)/python -m pytest $(PYTEST_FLAGS) tests

check: dev ## formatting, lint, types, import contracts, tidiness; writes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/tidy

bench: dev ## run every benchmark, those of policies quickly: a table each, and JSON under build/bench
	@mkdir -p build/bench
	@for name in $(BENCHES); do $(BIN)/python -m benchmarks.$$name --json build/bench/$$name.json || exit 1; done
	@for name in $(QUICK); do $(BIN)/python -m benchmarks.$$name --quick --json build/bench/$$name.json || exit 1; done
	@for name in $(POLICIES); do $(BIN)/python -m benchmarks.policy $$name --quick --json build/bench/policy-$$name.json || exit 1; done

gen: dev ## write the generated files again: the protocol's Python code, the quota schema, the settings, the chart's golden files, golden simulations
	@$(BIN)/python scripts/gen_protos.py
	@$(BIN)/python scripts/gen_quota_schema.py
	@$(BIN)/python scripts/gen_settings.py
	@$(BIN)/python scripts/gen_chart.py
	@$(BIN)/python scripts/gen_sims.py

lock: dev ## write requirements/*.txt again from pyproject.toml
	@$(BIN)/python scripts/lock.py

fix: dev ## format the code and apply the safe corrections
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

dev: ## install what development needs
	@scripts/install.sh dev

clean: ## remove all that make has made, .venv too
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
