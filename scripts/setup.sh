# Shared by scripts/demo and scripts/test: makes .venv with everything they need, on a machine that has only Python 3.11+,
# a C/C++ compiler and git.  Versions are those of uv.lock, on every machine.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "scripts/setup: $1"
    shift
    for line in "$@"; do say "  $line"; done
    exit 1
}

find_python() {
    local candidate
    for candidate in python3.13 python3.12 python3.11 python3 python; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    fail "no Python 3.11 or newer was found." \
        "Debian or Ubuntu: sudo apt-get install python3 python3-venv python3-dev" \
        "macOS:            brew install python@3.12" \
        "anywhere:         https://docs.astral.sh/uv/ installs it for you (uv python install 3.12)"
}

need_compiler() {
    # llama.cpp is compiled on this machine, for its processor; not needed once the wheel is in the cache.
    if command -v cc >/dev/null 2>&1 && command -v c++ >/dev/null 2>&1; then return; fi
    if [ -x .venv/bin/python ] && .venv/bin/python -c 'import llama_cpp' >/dev/null 2>&1; then return; fi
    fail "no C/C++ compiler was found; llama.cpp is compiled for this machine's processor." \
        "Debian or Ubuntu: sudo apt-get install build-essential" \
        "Fedora:           sudo dnf install gcc-c++" \
        "macOS:            xcode-select --install"
}

# Run a command; every half minute say that it still runs and for how long.  On failure show the end of its output.
with_heartbeat() {
    local what=$1 log started pid elapsed=0
    shift
    log=$(mktemp)
    started=$SECONDS
    "$@" >"$log" 2>&1 &
    pid=$!
    trap 'kill "$pid" 2>/dev/null' INT TERM
    while kill -0 "$pid" 2>/dev/null; do
        sleep 1
        elapsed=$((SECONDS - started))
        if [ $((elapsed % 30)) -eq 0 ] && [ "$elapsed" -gt 0 ]; then
            say "  $what: $((elapsed / 60)) min $((elapsed % 60)) s so far$(compiled_so_far)"
        fi
    done
    trap - INT TERM
    if ! wait "$pid"; then
        say "$what failed; the end of its output:"
        tail -n 30 "$log" >&2
        rm -f "$log"
        exit 1
    fi
    rm -f "$log"
    elapsed=$((SECONDS - started))
    if [ "$elapsed" -ge 5 ]; then say "  $what: done in $((elapsed / 60)) min $((elapsed % 60)) s"; fi
}

# How far the compiler is: finished object files of a llama.cpp build that runs now.
compiled_so_far() {
    pgrep -x ninja >/dev/null 2>&1 || pgrep -x cc1plus >/dev/null 2>&1 || return 0
    printf ' (compiling llama.cpp: 4 to 7 minutes on 2 cores, once; the built wheel is kept in the cache)'
}

# The one way to set up: uv with the lock file, whether uv is on the machine or has to be put into .venv first.
need_uv() {
    if command -v uv >/dev/null 2>&1; then UV=uv; return; fi
    UV=.venv/bin/uv
    if [ -x "$UV" ]; then return; fi
    local python
    python=$(find_python) || exit 1
    if [ ! -x .venv/bin/python ]; then
        "$python" -m venv .venv 2>/dev/null || fail "$python cannot make virtual environments." \
            "Debian or Ubuntu: sudo apt-get install python3-venv"
    fi
    with_heartbeat "installing uv into .venv" .venv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
}

# set_up EXTRA...: install the project, editable, with these extras, in the versions of uv.lock; "dev" names the
# dependency group.
set_up() {
    need_compiler
    need_uv
    local flags=()
    case "$1" in
        dev) flags=(--group dev) ;;
        *) flags=(--no-default-groups --extra "$1") ;;
    esac
    with_heartbeat "set-up" "$UV" sync --frozen --inexact "${flags[@]}"
}

# The transformers engine's tests need torch.  Its build for processors alone is on no public index that installers read
# by themselves, and the one for GPUs is gigabytes; so torch is taken where pip has been told to look (PIP_FIND_LINKS),
# or from the index when FAIRTRIAL_TORCH=1 asks for it.  What comes with it has the versions of uv.lock.  Without torch
# those tests are skipped.
set_up_torch() {
    if .venv/bin/python -c 'import torch, transformers, accelerate, gguf, peft' >/dev/null 2>&1; then return; fi
    local wheel="" tag others
    tag=$(.venv/bin/python -c 'import sys; print("cp%d%d" % sys.version_info[:2])')
    if [ -d "${PIP_FIND_LINKS:-}" ]; then
        wheel=$(find "$PIP_FIND_LINKS" -maxdepth 1 -name "torch-*cpu-$tag-*.whl" | sort | tail -n 1)
    fi
    if [ -z "$wheel" ] && [ "${FAIRTRIAL_TORCH:-}" != 1 ]; then
        say "torch is not installed: the transformers engine's tests will be skipped (FAIRTRIAL_TORCH=1 installs it)."
        return
    fi
    others=$(mktemp)
    "$UV" export --quiet --frozen --no-default-groups --no-emit-project --no-hashes --extra tune --prune torch >"$others"
    with_heartbeat "installing torch" "$UV" pip install --python .venv/bin/python "${wheel:-torch>=2.6}" --requirements "$others"
    rm -f "$others"
}
