# make run    serve the studio at http://127.0.0.1:7860
# make test   checks, then every test
# make check  style and types only
# make space  write the studio as a Hugging Face Space into out/space
.PHONY: run test check space

PYTHON = .venv/bin/python
# Tests share their cores with a browser and a server: torch may not take every core of a large machine.
TEST_THREADS = OMP_NUM_THREADS=2

run: .venv/ready
	$(PYTHON) app.py

check: .venv/ready-for-tests
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check
	$(PYTHON) -m mypy

test: check .venv/browser
	$(TEST_THREADS) $(PYTHON) -m pytest

space: .venv/ready
	rm -rf out/space
	$(PYTHON) -m space out/space

.venv/python:
	@for name in python3.11 python3.12 python3.10 python3; do \
		if $$name -c 'import sys, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2> /dev/null; then \
			echo "$$name -m venv .venv"; $$name -m venv .venv && touch $@; exit; \
		fi; \
	done; \
	echo "The studio needs Python 3.10, 3.11 or 3.12 with its venv module; install one and run make again." >&2; exit 1

# Without an NVIDIA GPU, torch comes from PyTorch's index of CPU builds, where that can be reached.
INSTALL = @echo "Installing what is pinned in requirements.txt; the first time this takes minutes."; \
	index=https://download.pytorch.org/whl/cpu; \
	if command -v nvidia-smi > /dev/null || ! $(PYTHON) -c \
		"from urllib.request import urlopen; urlopen('$$index/torch/', timeout=5)" 2> /dev/null; then index=; fi; \
	$(PYTHON) -m pip install --quiet $${index:+--extra-index-url $$index}

# OpenCV's wheel leaves two libraries to the system, which a desktop has and a bare container has not.
OPENCV = @$(PYTHON) -c "import cv2" 2> /dev/null \
	|| { test "$$(id -u)" = 0 && apt-get update && apt-get install -y libgl1 libglib2.0-0; } \
	|| { echo "OpenCV needs libGL and GLib (Debian: libgl1 libglib2.0-0); install them and run make again." >&2; exit 1; }

# What is compiled on first use is compiled now, not while the first visitor waits.
WARM = @$(PYTHON) -c "import app; app.warm()"

.venv/ready: requirements.txt | .venv/python
	$(INSTALL) -r requirements.txt
	$(OPENCV)
	$(WARM)
	@touch $@

.venv/ready-for-tests: requirements.txt requirements-test.txt | .venv/python
	$(INSTALL) -r requirements-test.txt
	$(OPENCV)
	$(WARM)
	@touch $@ .venv/ready

.venv/browser: | .venv/ready-for-tests
	command -v chromium > /dev/null \
		|| { test "$$(id -u)" = 0 && apt-get update && apt-get install -y chromium; } \
		|| $(PYTHON) -m playwright install chromium
	@touch $@
