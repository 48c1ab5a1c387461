#!/usr/bin/env bash
# Makes a virtual environment at $1. Debian splits `venv` off from python3, so there are two ways round it.
set -euo pipefail
folder=${1:?usage: scripts/venv.sh FOLDER}
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
    echo "Python 3.10 or newer is needed; '$python' is $("$python" --version 2>&1). Name another: make PYTHON=python3.12 …" >&2
    exit 1
}

if "$python" -m venv "$folder" 2>/dev/null; then
    exit 0
fi
rm -rf "$folder"

if command -v uv >/dev/null && uv venv --quiet --seed --python "$python" "$folder"; then
    exit 0
fi

# `--target` installs beside, not into, an environment that the system manages.
if "$python" -m pip install --quiet --disable-pip-version-check --target .cache/virtualenv virtualenv 2>/dev/null \
    && PYTHONPATH=.cache/virtualenv "$python" -m virtualenv --quiet "$folder"; then
    exit 0
fi

cat >&2 <<TEXT
No virtual environment could be made with '$python'.
On Debian and Ubuntu: apt install python3-venv
TEXT
exit 1
