#!/bin/sh
# Makes the Python environments of the test servers and of the benchmark's peers under .venvs/ of the repository.
# Usage: scripts/venvs.sh [NAME…]
# (mcp1, mcp2, fastmcp, django, flask-providers, django-providers, hypercorn, zxing, mcpo and schemathesis without a name)
# Does nothing, quickly, when they are up to date.
# PYTHON chooses another interpreter than the python3 of the PATH; it must be 3.11 or newer.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd -P)
venvs=$root/.venvs

requirements() {
    case $1 in
    mcp1) echo 'mcp==1.30.0 uvicorn==0.54.0' ;;
    mcp2) echo 'mcp==2.3.0 uvicorn==0.54.0' ;;
    fastmcp) echo 'fastmcp==4.1.2 uvicorn==0.54.0' ;;
    django) echo 'django-oauth-toolkit==3.4.1 django==5.2.19 oauthlib==3.3.1 mcp==1.30.0 uvicorn==0.54.0' ;;
    # Authorization servers: oidc-provider-mock and Canaille.
    flask-providers)
        echo 'oidc-provider-mock==0.3.4 canaille[front,oidc]==0.3.6 authlib==1.9.10 flask==3.1.3 werkzeug==3.1.9' \
            'mcp==1.30.0 uvicorn==0.54.0'
        ;;
    # Authorization servers: django-allauth, which imports requests without asking for it, and django-oidc-provider.
    django-providers)
        echo 'django-allauth[idp-oidc]==65.22.1 django-oidc-provider==0.9.0 django==5.2.19 oauthlib==4.0.1' \
            'requests==2.34.2 mcp==1.30.0 uvicorn==0.54.0'
        ;;
    hypercorn) echo 'hypercorn==0.18.0' ;; # speaks HTTP/2
    browser) echo 'playwright==1.65.2 axe-playwright-python==0.1.8' ;; # drives Debian's Chromium; made when named
    zxing) echo 'zxing-cpp==3.1.1' ;; # reads QR codes
    mcpo) echo 'mcpo==0.0.20 mcp==1.30.0 fastapi==0.115.12 starlette==0.46.2 uvicorn==0.54.0' ;;
    schemathesis) echo 'schemathesis==4.32.5 openapi-spec-validator==0.9.0' ;; # asks the HTTP interface what its description allows
    mcp-stdio) echo 'mcp-stdio==0.45.2' ;; # a peer of the benchmark only: made when named
    *) die "unknown environment: $1 (there are mcp1, mcp2, fastmcp, django,
        flask-providers, django-providers, hypercorn, zxing, mcpo, schemathesis, browser and mcp-stdio)" ;;
    esac
}

die() {
    echo "venvs.sh: $*" >&2
    exit 1
}

# A distribution's Python may come without the modules that make an environment.
can_make_venvs() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Runs a command quietly; what it said is shown when it failed.
quietly() {
    if ! "$@" >"$venvs/.log" 2>&1 </dev/null 9>&-; then
        cat "$venvs/.log" >&2
        die "this failed: $*"
    fi
}

as_root() {
    echo "python3-venv is missing: ${*}" >&2
    if [ "$(id -u)" -eq 0 ]; then
        quietly env DEBIAN_FRONTEND=noninteractive "$@"
    elif command -v sudo >/dev/null 2>&1; then
        quietly sudo env DEBIAN_FRONTEND=noninteractive "$@"
    else
        die "neither root nor sudo: have python3-venv installed, then run this again"
    fi
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        can_make_venvs "$PYTHON" || die "PYTHON=$PYTHON is older than 3.11, or lacks venv or ensurepip"
        python=$PYTHON
        return
    fi
    for python in python3 /usr/bin/python3; do
        if can_make_venvs "$python"; then return; fi
    done
    command -v apt-get >/dev/null 2>&1 ||
        die "no Python 3.11 or newer with venv and ensurepip, and no apt-get to install it"
    as_root apt-get -o DPkg::Lock::Timeout=400 update -q
    as_root apt-get -o DPkg::Lock::Timeout=400 install -q -y --no-install-recommends python3 python3-venv
    can_make_venvs /usr/bin/python3 || die "python3-venv is installed, but /usr/bin/python3 still makes no environments"
    python=/usr/bin/python3
}

# The stamp holds all that an environment was made from: its place too, since an environment cannot be moved.
stamp() {
    printf '%s\n%s\n' "$venvs/$1" "$(requirements "$1")"
}

is_current() {
    [ -f "$venvs/$1/.stamp" ] && [ "$(stamp "$1")" = "$(cat "$venvs/$1/.stamp")" ] &&
        "$venvs/$1/bin/python" -S -c '' >/dev/null 2>&1
}

make_venv() {
    [ -n "${python:-}" ] || find_python
    pins=$(requirements "$1")
    echo "making .venvs/$1 ($pins)" >&2
    rm -rf "${venvs:?}/$1"
    quietly "$python" -m venv "$venvs/$1"
    # The pins hold no blanks: each word is one requirement.
    # shellcheck disable=SC2086
    quietly "$venvs/$1/bin/python" -m pip install --quiet --no-input --disable-pip-version-check $pins
    stamp "$1" >"$venvs/$1/.stamp.new"
    mv "$venvs/$1/.stamp.new" "$venvs/$1/.stamp"
}

[ $# -gt 0 ] || set -- mcp1 mcp2 fastmcp django flask-providers django-providers hypercorn zxing mcpo schemathesis
for name in "$@"; do requirements "$name" >/dev/null; done

mkdir -p "$venvs"
python=
# Two runs at once: the second waits, then finds everything done.
exec 9>"$venvs/.lock"
flock -w 1800 9 || die "another run holds $venvs/.lock for half an hour"
for name in "$@"; do
    is_current "$name" || make_venv "$name"
done
rm -f "$venvs/.log"
