# `make test` and `make demo` need python3 (3.11 or newer) and nothing else: they make their own
# virtual environments, and use them again until pyproject.toml or constraints.txt change.

PYTHON ?= python3
WORKERS ?= 2

VENV := .venv
DEMO_VENV := .venv-demo
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO_READY := $(DEMO_VENV)/.ready

# What the installed package of the demo is made from.
SHIPPED := $(shell find prefdata schemas pipelines catalog -type f -not -name '*.py[cod]' 2>/dev/null)

export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The pip that comes with Python 3.11 resolves three times slower than today's. Most modules of what
# is installed are never imported, so none is compiled before it is; what is compiled must then be
# kept, for hundreds of processes import the same, and images of containers often forbid that.
unexport PYTHONDONTWRITEBYTECODE
PIP_INSTALL := -m pip install --quiet -c constraints.txt --no-compile

define check_python
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "prefdata needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
endef

.DEFAULT_GOAL := help
.PHONY: help setup test pytest lint demo bench bench-peers docs build clean

help: ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: $(READY) ## Make the development environment.

test: lint pytest ## Run every check that CI runs.

# With `make -j2 test` the type checker works beside the tests. Each worker begins with tests that
# stand together, so that what the tests of a module share is made by one of them.
pytest: $(READY)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

lint: $(READY) ## Run the checks that need no test.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

demo: $(DEMO_READY) ## Show the whole story offline, with the core installation only.
	$(DEMO_VENV)/bin/prefdata demo

bench: $(READY) ## Measure against peers, loops and the machine; `make bench BENCH=--quick`.
	$(BIN)/python -m benchmarks compare $(BENCH) --save

bench-peers: ## Make the environments of the peers, which `make bench` uses.
	for file in benchmarks/peers/*.txt; do \
	  name=$$(basename "$$file" .txt) && $(PYTHON) -m venv ".venv-peers/$$name" && \
	  ".venv-peers/$$name/bin/python" -m pip install --quiet -r "$$file" || exit 1; \
	done

docs: $(READY) ## Build the site of the docs into build/site; a broken link is an error.
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict -f docs/site/mkdocs.yml
	@echo "open build/site/index.html"

build: $(READY) ## Build the wheel and the source distribution.
	$(BIN)/python -m build --no-isolation

clean: ## Remove what the tools made, but keep the environments.
	rm -rf build dist htmlcov .coverage .coverage.* .hypothesis .import_linter_cache \
	  .mypy_cache .pytest_cache .ruff_cache
	find prefdata tests -type d -name __pycache__ -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	$(check_python)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP_INSTALL) --upgrade pip
	$(BIN)/python $(PIP_INSTALL) -e '.[dev]'
	@touch $@

$(DEMO_READY): pyproject.toml constraints.txt $(SHIPPED)
	$(check_python)
	@echo "installing the core of prefdata into $(DEMO_VENV): 0.8 GB, half a minute to four, once"
	$(PYTHON) -m venv $(DEMO_VENV)
	$(DEMO_VENV)/bin/python $(PIP_INSTALL) --upgrade pip
	$(DEMO_VENV)/bin/python $(PIP_INSTALL) .
	@touch $@
