# Remit: two commands on a fresh machine are `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

DOORS := tests/audit tests/authority/test_threats_by_wire.py tests/authority/test_threats_on_disk.py tests/authority/test_threats_over_time.py tests/gateway tests/client tests/clients tests/history tests/exporters tests/crash tests/partition/test_processes.py tests/test_command_line.py tests/test_reading_commands.py tests/test_documents.py

.DEFAULT_GOAL := help
.PHONY: help setup compiled run test lint unit doors bench bench-long bench-zeebe fuzz proto clean

help: ## What there is to make.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) ## Make the environment (once).

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys, sysconfig; v = sys.version_info; ok = v >= (3, 11) and sysconfig.get_config_var("Py_ENABLE_SHARED"); sys.exit(0 if ok else "Remit needs Python 3.11 or newer with its shared library (libpython): Debian: apt-get install python3 python3-venv; pyenv: PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install 3.11. Then: make PYTHON=/path/to/python3 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what Remit stands on (once; a minute or two) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable . --group dev
	@touch $@

compiled: $(STAMP)
	@$(BIN)/python -m compileall -q src  # processes start with it even where Python may not write it by itself

run: compiled ## Start a broker and watch it run an order process with real workers, and a governed one.
	@$(BIN)/python -m examples.order.run
	@$(BIN)/python -m examples.governed.run

test: $(STAMP) lint unit doors ## Check and test everything.

lint: $(STAMP) ## Format, style, types.
	$(BIN)/ruff format --check src tests examples benchmarks fuzz
	$(BIN)/ruff check src tests examples benchmarks fuzz
	$(BIN)/mypy

unit: compiled ## The tests that need no broker.
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(DOORS:%=--ignore=%)

doors: compiled ## The tests with real brokers: every door, real clients, crashes.
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(DOORS)

bench: compiled ## The benchmarks (a few minutes); results are printed and kept by hand in benchmarks/RESULTS.md.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "spiffworkflow>=3.1"
	@$(BIN)/python -m benchmarks.bench

bench-long: compiled ## A million instances waiting, a million finished (half an hour).
	@$(BIN)/python -m benchmarks.million

bench-zeebe: $(STAMP) ## The same load on a Zeebe broker from Maven, and on Remit, in turn.
	@$(BIN)/python -m benchmarks.zeebe

fuzz: $(STAMP) ## Look for inputs that raise what is not documented (SECONDS_EACH, by default 600).
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "atheris>=3.0"
	@$(BIN)/python -m fuzz.by_grammar $${SECONDS_EACH:-600}
	@for target in feel table dmn policy; do $(BIN)/python -m fuzz.by_coverage $$target $${SECONDS_EACH:-600} || exit 1; done

proto: $(STAMP) ## Generate the protocol stubs again.
	@$(BIN)/python -m pip install --quiet "grpcio-tools>=1.75,<1.82"
	cd src/remit/protocol/wire && ../../../../$(BIN)/python -m grpc_tools.protoc -I. --python_out=stubs --pyi_out=stubs gateway.proto

clean: ## Remove what was made, the environment included.
	rm -rf $(VENV) .run .mypy_cache .ruff_cache .pytest_cache .hypothesis
