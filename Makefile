# The only things this needs: Python 3.11+, make, and a package index.
PYTHON ?= python3
PYTEST_ARGS ?= -n auto
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint audit bench bench-large bench-memory format screenshots requirements clean

run: $(VENV)/.run
	$(BIN)/python manage.py serve

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

# The load comes from wrk, a Debian package. Nothing else should run meanwhile; docs/benchmarks.md says what comes of it.
bench: $(VENV)/.dev
	$(BIN)/python -m bench

bench-large: $(VENV)/.dev
	$(BIN)/python -m bench.large

bench-memory: $(VENV)/.dev
	$(BIN)/python -m bench.memory

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Pictures of the console for the README. Needs Chromium, like the tests: apt-get install chromium, or CHROMIUM=/path.
screenshots: $(VENV)/.dev
	$(BIN)/python -m tests.browser.screenshots

# Asks PyPI about known vulnerabilities of what is pinned. Fails, too, where it cannot ask.
audit: $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	$(BIN)/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r requirements/run.txt -r requirements/dev.txt

# After a change of pyproject.toml: exact versions and hashes for every platform, from one resolution.
requirements: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet uv==0.13.8
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --extra dev -c requirements/run.txt pyproject.toml -o requirements/dev.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.run: requirements/run.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@
