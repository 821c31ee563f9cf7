# Sourced by the commands beside it. Makes .venv from a bare Python 3.11 or newer and installs the hash-locked
# requirements into it; a stamp makes the next start skip that. Messages go to stderr. Sets ROOT and PYTHON.

ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
VENV=${TENANTRY_VENV:-$ROOT/.venv}
PYTHON=$VENV/bin/python
export PYTHONPATH="$ROOT${PYTHONPATH:+:$PYTHONPATH}"

say() { printf '%s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# The first Python that is new enough.
find_python() {
    for candidate in "${TENANTRY_PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.14; do
        [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
    die "Tenantry needs Python 3.11 or newer, and there is none on the PATH." \
        "Debian: apt-get install python3 python3-venv. macOS: install it from python.org or with Homebrew (brew install python@3.12)." \
        "If it is somewhere else: TENANTRY_PYTHON=/path/to/python $0"
}

# Debian keeps venv and ensurepip in packages of their own.
make_venv() {
    base=$(find_python)
    if ! "$base" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
            version=$("$base" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
            say "Installing Debian's python3-venv…"
            apt-get update -qq >&2 || true
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "python$version-venv" >&2 ||
                DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >&2 ||
                die "python3-venv could not be installed. Install it and start again."
        else
            die "This Python has no venv module. Debian: sudo apt-get install python3-venv, then start again."
        fi
    fi
    say "Making $VENV with $base…"
    "$base" -m venv --clear "$VENV" >&2 || die "$VENV could not be made. Is the folder writable?"
}

checksum() {
    if command -v sha256sum >/dev/null 2>&1; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1
}

# setup app|dev: the environment with requirements/<name>.txt. dev.txt contains app.txt.
setup() {
    wanted=$(checksum "$ROOT/requirements/$1.txt")
    stamp=$VENV/.tenantry-$1
    if [ -x "$PYTHON" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    # Two commands at once (a server and a key beside it) take turns; mkdir is the one lock that every system has.
    lock=$VENV.lock
    waited=0
    while ! mkdir "$lock" 2>/dev/null; do
        [ -d "$lock" ] || die "The environment $VENV is not installed for this version, and $(id -un) may not write beside it." \
            "Run this command once as its owner, or set TENANTRY_VENV to a folder of your own."
        holder=$(cat "$lock/pid" 2>/dev/null || true)
        if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then rm -rf "$lock"; continue; fi
        waited=$((waited + 1))
        [ "$waited" -lt 600 ] || die "Another setup has held $lock for ten minutes. If none is running, remove that folder."
        sleep 1
    done
    echo $$ >"$lock/pid"
    trap 'rm -rf "$lock"' EXIT
    trap 'exit 130' INT TERM
    if ! [ -x "$PYTHON" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        "$PYTHON" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || make_venv
        say "Installing requirements/$1.txt (once, and again when it changes)…"
        "$PYTHON" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$ROOT/requirements/$1.txt" >&2 ||
            die "The requirements could not be installed; pip says why above. It uses your own pip configuration (index, proxy, certificates)."
        echo "$wanted" >"$stamp"
        # The development requirements contain the others.
        [ "$1" != dev ] || checksum "$ROOT/requirements/app.txt" >"$VENV/.tenantry-app"
    fi
    rm -rf "$lock"
    trap - EXIT INT TERM
}
