#!/bin/sh
# Builds and runs a package that depends on this one by version, as other programs do.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

git clone -q --no-hardlinks "$root" "$work/omlx"
git -C "$work/omlx" tag 0.0.1
cp -r "$root/Tests/ConsumerPackage" "$work/consumer"
cd "$work/consumer"
OMLX_REPOSITORY="file://$work/omlx" swift build -q 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
mkdir "$work/home"
tools=$(.build/debug/consumer "$work/home" "$root/.venvs/mcp1/bin/python" \
    "$root/Tests/IntegrationTests/Servers/sdk1_server.py" --transport stdio)
case "$tools" in
*local__echo*OAUTH_SIGN_IN_NEEDED*"own store: Bearer kept"*)
    echo "consumer package: builds by version, lists tools, asks for a header, brings a store" ;;
*) echo "consumer package: it said: $tools" >&2; exit 1 ;;
esac
