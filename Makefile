# make lab · grade · test · bench. Each target prints the commands that it runs;
# the README gives the same commands for a machine without make.
SHELL := /bin/sh
PYTHON ?= python3
VENV ?= .venv
REQUIREMENTS ?= requirements.txt
TESTS ?= requirements-tests.txt
bin := ./$(VENV)/bin
# Jupyter refuses to run as root unless told so.
allow_root := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: lab grade test bench clean

lab: $(VENV)/ready
	mkdir -p lab
	for name in initialization explore; do test -d lab/$$name || { rm -rf lab/new && cp -R release/$$name lab/new && mv lab/new lab/$$name; }; done
	$(bin)/jupyter lab $(allow_root) --notebook-dir=lab lab/initialization/initialization.ipynb

grade: $(VENV)/ready
	$(bin)/python -m grading release initialization
	$(bin)/python -m grading release explore
	$(bin)/python -m grading verify initialization
	$(bin)/python -m grading autograde initialization
	$(bin)/python -m grading feedback initialization
	$(bin)/python -m grading report initialization

test: $(VENV)/ready-for-tests
	$(bin)/python -m pytest tests

bench: $(VENV)/ready
	$(bin)/python -m pip install --quiet -r benchmarks/requirements.txt
	$(bin)/python benchmarks/notebooks.py
	$(bin)/python benchmarks/training.py
	$(bin)/python benchmarks/grading.py

# The stamp is written last: an installation that was cut off is done again.
$(VENV)/ready: $(REQUIREMENTS)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "This course needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(bin)/python -m pip install --quiet --disable-pip-version-check -r $(REQUIREMENTS)
	touch $(VENV)/ready

$(VENV)/ready-for-tests: $(VENV)/ready $(TESTS)
	$(bin)/python -m pip install --quiet --disable-pip-version-check -r $(TESTS)
	touch $(VENV)/ready-for-tests

clean:
	rm -rf $(VENV) build
