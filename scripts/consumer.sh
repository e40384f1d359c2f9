#!/bin/sh
# Builds and runs a package that depends on this one by version, as other programs do, and sees what it has to fetch for that.
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
# The libraries' own dependencies: nothing that only the programs of this package need.
fetched=$(sed -n 's/.*"identity" : "\(.*\)",/\1/p' Package.resolved | sort | tr '\n' ' ')
[ "$fetched" = "grdb.swift omlx swift-log yams " ] || { echo "consumer package: it fetched $fetched" >&2; exit 1; }
said=$(.build/debug/host "$work/home" "$root/.venvs/mcp1/bin/python" \
    "$root/Tests/IntegrationTests/Servers/sdk1_server.py" --transport stdio && .build/debug/header "$work/home")
case "$said" in
*local__echo*"said hello consumer"*"the way back: say hello"*OAUTH_SIGN_IN_NEEDED*"own store: Bearer kept"*)
    echo "consumer package: builds by version without NIO, lists tools, offers them as functions, has a server in the process," \
        "asks for a header, brings a store" ;;
*) echo "consumer package: it said: $said" >&2; exit 1 ;;
esac
