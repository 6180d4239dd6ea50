# Sourced by the top-level scripts: makes .venv and installs one lock file's exact versions into it, once.
# Usage: . scripts/environment.sh; use_environment NAME      (requirements/NAME.txt)

find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python3.10; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  echo "Python 3.10 to 3.13 is needed, and none was found. Install one, or name it: PYTHON=/path/to/python3 $0" >&2
  return 1
}

use_environment() {
  local lock="requirements/$1.txt" python stamp
  if [ ! -x .venv/bin/python ]; then
    python=$(find_python) || exit 1
    echo "Making the virtual environment .venv ..." >&2
    "$python" -m venv .venv || {
      rm -rf .venv
      echo "$python can't make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2
      exit 1
    }
  fi
  stamp=".venv/.installed-$1"
  if ! cmp -s <(cat "$lock" setup.py) "$stamp" 2>/dev/null; then
    echo "Installing the exact versions in $lock (a few minutes the first time) ..." >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$lock" || {
      echo "The installation failed: see pip's message above. Run $0 again to go on." >&2
      exit 1
    }
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . || exit 1
    cat "$lock" setup.py > "$stamp"
  fi
}
