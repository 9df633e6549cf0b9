# Two commands set everything up on a machine with Python 3.11+ and make: `make run` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Labelled data for `make bench`, where there is any.
DATA ?=

.PHONY: setup lmdeploy run test lint check bench clean

setup: $(READY)  ## only the private .venv, with .venv/bin/puyu in it

$(READY): pyproject.toml constraints.txt
	@echo "==> Making .venv and installing the pinned packages (about 2.5 GB; several minutes the first time)"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --constraint constraints.txt --editable '.[dev]'
	@touch $(READY)
	@echo "==> Installed: $(BIN)/puyu"

lmdeploy: $(READY)  ## LMDeploy's own servers, for the tests that run them on this machine's processor (Linux)
	$(BIN)/python -m pip install --quiet --no-deps --constraint constraints.txt \
		--requirement tests/e2e/lmdeploy/requirements.txt

run: $(READY)  ## index the sample course and open the web chat
	$(BIN)/puyu serve

test: $(READY)  ## every test, those in a real browser too where Chromium is installed
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile || { status=$$?; [ $$status = 1 ] || exit $$status; \
		echo "==> Again, alone, what failed (all, where none could begin). What passes now fails only sometimes: look at it."; \
		$(BIN)/python -m pytest --last-failed --last-failed-no-failures all -ra; }

lint: $(READY)  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint  ## lint and the fast tests: what a commit must pass
	$(BIN)/python -m pytest -m "not e2e"

bench: $(READY)  ## print the figures; DATA=folder adds those on labelled data
	$(BIN)/python -m tests.benchmarks $(DATA)

clean:  ## remove what `setup` made and the caches; data/ stays
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
