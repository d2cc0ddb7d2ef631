#!/bin/sh
# Makes .venv hold what `make demo` or `make dev` needs, from the locked requirements. Does nothing when it does
# already; a changed lock, pyproject.toml or Python installs again.
#
#   scripts/install.sh demo|dev
#   PYTHON=/path/to/python3.12 scripts/install.sh dev      to choose the Python
set -eu

cd "$(dirname "$0")/.."
what=$1
venv=${VENV:-.venv}

say() { printf '%s\n' "$*" >&2; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# The first Python that is new enough, or a clear word on how to get one.
find_python() {
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 python3.14; do
        if new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    say "Bostan needs Python 3.11 or newer; ${PYTHON:-python3} is $("${PYTHON:-python3}" --version 2>&1 || true)."
    say "On Debian 12 and Ubuntu 24.04: apt install python3 python3-venv. On Ubuntu 22.04: apt install python3.11-venv."
    say "A Python elsewhere is taken by: make PYTHON=/path/to/python3 $what"
    exit 1
}

# Venv and ensurepip are packages of their own on Debian and Ubuntu, often missing.
make_venv() {
    python=$(find_python)
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
        say "$python cannot make a virtual environment. Install it first: apt install $version-venv"
        exit 1
    fi
    say "Making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
}

fingerprint() {
    { cat "requirements/$1.txt" pyproject.toml; "$venv/bin/python" --version; } 2>/dev/null | sha256sum
}

holds() { [ -f "$venv/installed-$1" ] && [ "$(cat "$venv/installed-$1")" = "$(fingerprint "$1")" ]; }

new_enough "$venv/bin/python" || make_venv
# What development needs holds all that the demo needs, in the same versions.
if holds "$what" || holds dev; then exit 0; fi

say "Installing requirements/$what.txt into $venv: the first time takes a few minutes"
pip() { "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@"; }
pip install --require-hashes --requirement "requirements/$what.txt"
pip install --quiet --no-deps --no-build-isolation --editable .
fingerprint "$what" >"$venv/installed-$what"
