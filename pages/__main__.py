"""The studio without a browser: `python -m pages list | run | render | readme`."""

import sys

import pages
from studio.faces.command import main

if __name__ == "__main__":
    sys.exit(main(pages.panels()))
