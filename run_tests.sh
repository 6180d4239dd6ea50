#!/usr/bin/env bash
# Runs the tests: all but those marked "integration", or what the arguments (pytest's) say.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. scripts/environment.sh
use_environment test

[ $# -gt 0 ] || set -- -m "not integration" --numprocesses auto
exec .venv/bin/python -m pytest "$@"
