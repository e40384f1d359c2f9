#!/bin/sh
# Installs the system packages that building omlx, or testing it, needs; nothing when all are there.
# Usage: scripts/setup.sh [build|test|browser|desktop|bench]
# (build without a word; test adds what the test servers need, browser what a sign-in with a real browser needs, desktop a panel,
# bench what drives the benchmark of the gateway)
set -eu

purpose=${1:-build}
missing=

die() {
    echo "setup.sh: $*" >&2
    exit 1
}

# need PACKAGE WHAT…: the package is missing unless one of the files, or else the command, is there.
need() {
    package=$1
    shift
    for place in "$@"; do
        case $place in
        /*) for file in $place; do [ -e "$file" ] && return; done ;;
        *) command -v "$place" >/dev/null 2>&1 && return ;;
        esac
    done
    missing="$missing $package"
}

find_missing() {
    missing=
    # Swift's own programs want these two, and a linker, which its toolchain does not bring.
    need libncurses6 '/usr/lib/*/libncurses.so.6' '/usr/lib/libncurses.so.6' '/usr/lib64/libncurses.so.6'
    need libxml2 '/usr/lib/*/libxml2.so.2' '/usr/lib/libxml2.so.2' '/usr/lib64/libxml2.so.2'
    need binutils ld
    need libc6-dev '/usr/include/stdlib.h'
    need libstdc++-12-dev '/usr/lib/gcc/*/*/libstdc++.so'
    need libcurl4-openssl-dev '/usr/include/curl/curl.h' '/usr/include/*/curl/curl.h'
    need libssl-dev '/usr/include/openssl/evp.h'
    need libsqlite3-dev '/usr/include/sqlite3.h'
    # Doors load these on first use: no linker tells that one is missing.
    need libcurl4 '/usr/lib/*/libcurl.so.4' '/usr/lib/libcurl.so.4' '/usr/lib64/libcurl.so.4'
    need libssl3 '/usr/lib/*/libcrypto.so.3' '/usr/lib/libcrypto.so.3' '/usr/lib64/libcrypto.so.3'
    need ca-certificates '/etc/ssl/certs/ca-certificates.crt' '/etc/pki/tls/certs/ca-bundle.crt'
    need curl curl
    if [ "$purpose" = browser ]; then
        need python3 python3
        need chromium chromium
        need chromium-driver chromedriver
    fi
    if [ "$purpose" = bench ]; then
        need python3 python3
        need wrk wrk
        need gcc cc
    fi
    if [ "$purpose" = desktop ]; then
        need xvfb Xvfb
        need xdotool xdotool
        need dbus-daemon dbus-daemon
        need libglib2.0-bin gdbus
        need xfce4-panel xfce4-panel
        need xfce4-notifyd '/usr/lib/*/xfce4/notifyd/xfce4-notifyd'
        need imagemagick import
    fi
    [ "$purpose" = test ] || return 0
    need openssl openssl
    need strace strace
    # Three keyrings for the tests, what looks into them, and a display for the window of one.
    need keepassxc keepassxc
    need libkf5wallet-bin kwalletd5
    need libqca-qt5-2-plugins '/usr/lib/*/qca-qt5/crypto/libqca-ossl.so' '/usr/lib*/qca-qt5/crypto/libqca-ossl.so'
    need xvfb Xvfb
    need xdotool xdotool
    need bsdutils script
    need dbus-daemon dbus-daemon
    need gnome-keyring gnome-keyring-daemon
    need libsecret-tools secret-tool
    need libglib2.0-bin gdbus
    need python3-dbus '/usr/lib/python3/dist-packages/dbus/__init__.py'
    need python3-gi '/usr/lib/python3/dist-packages/gi/__init__.py'
    need libglib2.0-dev '/usr/include/glib-2.0/gio/gio.h'
    need libsecret-1-dev '/usr/include/libsecret-1/libsecret/secret.h'
    need iproute2 '/usr/sbin/ip' '/sbin/ip' '/usr/bin/ip' '/bin/ip'
    need python3 python3
    # The second is the smallest of the four the first can be content with.
    need 'glewlwyd dbconfig-sqlite3' glewlwyd
    python3 -c 'import venv, ensurepip' >/dev/null 2>&1 || /usr/bin/python3 -c 'import venv, ensurepip' >/dev/null 2>&1 ||
        missing="$missing python3-venv"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        env DEBIAN_FRONTEND=noninteractive "$@"
    else
        sudo env DEBIAN_FRONTEND=noninteractive "$@"
    fi
}

# Of glewlwyd, which is a service, only the program is wanted: it starts neither now nor with the machine.
keep_service_off() {
    case " $missing " in
    *' glewlwyd '*) ;;
    *) return 0 ;;
    esac
    unit=/etc/systemd/system/glewlwyd.service
    [ -e "$unit" ] || ! [ -d "${unit%/*}" ] || as_root ln -s /dev/null "$unit"
    [ -e /usr/sbin/policy-rc.d ] && return 0
    trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin /usr/sbin/policy-rc.d
}

case $purpose in
build | test | browser | desktop | bench) ;;
*) die "unknown purpose: $purpose (there are build, test, browser, desktop and bench)" ;;
esac

command -v git >/dev/null 2>&1 || missing_tool=git
command -v swift >/dev/null 2>&1 || missing_tool=swift
case ${missing_tool:-} in
git) die "git is not installed; Swift fetches packages with it: apt-get install git" ;;
swift) die "Swift is not installed, or not in PATH; omlx needs 6.3: https://www.swift.org/install/linux/" ;;
esac

find_missing
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null 2>&1 ||
    die "these packages are missing (by their Debian names), and there is no apt-get to install them:$missing"
if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
    die "these packages are missing, and this is neither root nor is there sudo. Have an administrator run:
  apt-get install -y --no-install-recommends$missing"
fi

echo "installing$missing" >&2
# A source that cannot be reached need not be the one that has the packages: the installation tells.
as_root apt-get -o DPkg::Lock::Timeout=400 update -q >&2 || echo "setup.sh: apt-get update failed; going on" >&2
keep_service_off
# The names hold no blanks: each word is one package.
# shellcheck disable=SC2086
as_root apt-get -o DPkg::Lock::Timeout=400 install -q -y --no-install-recommends $missing >&2 ||
    die "apt-get could not install$missing"
find_missing
[ -z "$missing" ] || die "installed, but still missing:$missing"
