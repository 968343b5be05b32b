# `make demo` and `make test` do all their own set-up in a virtual environment of the checkout; nothing but Python 3.11+ is needed.
# make test PYTHON=python3.13 VENV=.venv-3.13    another interpreter, in an environment of its own

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
RUN = $(VENV)/bin
# The tests wait for servers most of the time: three processes on two cores, a file to one of them.
SPREAD = -n 3 --dist loadfile
INSTALL = $(PYTHON) requirements/install.py

COUNT ?= 2000
DATABASE ?= sqlite

.PHONY: help demo readme environment test deep programs faults fuzz kills launching lint types goldens newest trials lock proto clean

help:
	@echo "make demo     record the example's requests, turn them into tests, run the tests"
	@echo "make test     every test (ARGS='-k …' goes to pytest, PYTHON= and VENV= choose another interpreter)"
	@echo "make deep     also the long forms of the property, crash and combination tests"
	@echo "make programs     random ORM programs over random models, there and back: COUNT=2000 SEED=… DATABASE=sqlite|postgresql|mariadb"
	@echo "make launching    every way to start Django x what stands beside x every database, about an hour"
	@echo "make faults   an exception in every function of the recorder in every server, and the table of faults x servers: ARGS='--form uvicorn --fault SIGTERM'"
	@echo "make fuzz     spoiled requests for the receiver and spoiled traces for the inverter: FUZZ=100000"
	@echo "make kills    kill -9 of the collector, 200 times, while four senders write"
	@echo "make lint     ruff check and ruff format --check"
	@echo "make types    pyright, strict"
	@echo "make newest   every test with the newest versions that pip resolves, in .venv-newest"
	@echo "make trials   the recorder on the application that FOLDER=… describes (trials/README.md)"
	@echo "make lock     write requirements/*.txt anew (needs uv)"
	@echo "make proto    write the code of the read API anew"
	@echo "make readme   write the tests that 'make demo' generated into the README"
	@echo "make clean    remove what these made"

demo:
	@$(INSTALL) $(VENV) product
	@$(RUN)/python examples/demo.py

environment:
	@$(INSTALL) $(VENV) test

readme:
	@$(RUN)/python tests/house/shown.py

test:
	@$(INSTALL) $(VENV) test
	@echo "==> running the tests"
	@$(RUN)/python -m pytest -m "not deep" $(SPREAD) $(ARGS)

deep:
	@$(INSTALL) $(VENV) test
	@$(RUN)/python -m pytest $(ARGS)

programs:
	@$(INSTALL) $(VENV) test
	@PYTHONPATH=tests $(RUN)/python -m programs --count $(COUNT) --database $(DATABASE) $(if $(SEED),--seed $(SEED)) $(ARGS)

faults:
	@$(INSTALL) $(VENV) test
	@$(RUN)/python -m pytest tests/faults/test_hooks.py
	@cd tests && ../$(RUN)/python -m faults $(ARGS)

fuzz:
	@$(INSTALL) $(VENV) test
	@cd tests && ../$(RUN)/python -m fuzzing --count $(or $(FUZZ),100000) $(ARGS)

kills:
	@$(INSTALL) $(VENV) test
	@$(RUN)/python -m pytest tests/collector/test_crashes.py -m deep -s $(ARGS)

launching:
	@$(INSTALL) $(VENV) test
	@$(RUN)/python -m pytest tests/launching -m deep $(ARGS)

lint:
	@$(INSTALL) $(VENV) check
	@echo "==> ruff check"
	@$(RUN)/ruff check .
	@echo "==> ruff format --check"
	@$(RUN)/ruff format --check .

types:
	@$(INSTALL) $(VENV) check
	@echo "==> pyright"
	@$(RUN)/pyright --pythonpath $(RUN)/python

goldens:
	@$(INSTALL) $(VENV) test
	@cd tests && ../$(RUN)/python -m goldens.making

newest:
	@$(INSTALL) .venv-newest test --newest
	@.venv-newest/bin/python -m pip list --disable-pip-version-check
	@.venv-newest/bin/python -m pytest -m "not deep" $(SPREAD) $(ARGS)

trials:
	@test -n "$(FOLDER)" || { echo "make trials FOLDER=… (trials/README.md says what the folder holds)" >&2; exit 2; }
	@$(INSTALL) $(VENV) test
	@$(RUN)/python trials/harmless.py $(FOLDER) $(ARGS)
	@$(RUN)/python trials/recorded.py $(FOLDER) --quiet $(ARGS)
	@$(RUN)/python trials/suites.py $(FOLDER) $(LABELS)

lock:
	@sh requirements/lock

proto:
	@$(PYTHON) proto/generate

clean:
	rm -rf .venv .venv-* .demo .pytest_cache .ruff_cache .hypothesis dist build
