# Needs Python ≥ 3.11 and make; everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# one thread per process: workers are processes, and equal threads give equal bits
export OMP_NUM_THREADS ?= 1
# a file's tests share what they set up, and stay together
PYTEST := $(BIN)/pytest --numprocesses=2 --dist=loadfile

.PHONY: quickstart test test-slow faults check format bench results clean

quickstart: $(VENV)/.installed  ## install, run the phantom sweep end to end, say where the report is
	$(BIN)/segsweep launch sweeps/quickstart.yaml

test: $(VENV)/.installed-dev  ## the default tests: CPU only, offline, minutes
	$(PYTEST)

test-slow: $(VENV)/.installed-cluster  ## simulations, longer trainings, a launch on a Ray cluster
	$(PYTEST) -m slow

faults: $(VENV)/.installed-dev  ## 20 kills at random moments, outages, full disks: half an hour
	SEGSWEEP_KILLS=20 $(BIN)/pytest -m faults

check: $(VENV)/.installed-dev  ## lint and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-dev  ## every benchmark, as ratios against a named baseline
	for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

results: $(VENV)/.installed  ## write docs/results from its own tables and the sweeps in RESULTS_HOME; data are looked for in $$SEGSWEEP_DATA
	PYTHONPATH=docs $(BIN)/python -m papers $(if $(RESULTS_HOME),--home $(RESULTS_HOME))

clean:
	rm -rf $(VENV) *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; make PYTHON=python3.11 names one")'
	$(PYTHON) -m venv $(VENV)

# torch first and alone: a resolver that meets it later may choose a build with gigabytes of CUDA
$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

# a head with the Jobs API, for the tests that need one: with it Ray takes longer to start
$(VENV)/.installed-cluster: $(VENV)/.installed-dev
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,cluster]'
	touch $@
