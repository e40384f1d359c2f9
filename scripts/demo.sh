#!/bin/bash
# Shows omlx at work, as `make run` does: a demo server on loopback, a sign-in, its tools, a call. Leaves nothing behind.
# Usage: scripts/demo.sh [FOLDER [FOLDER]]   (of omlx, .build/release without one; of omlx-demo-server, .build/debug without one)
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd -P)
programs=${1:-$root/.build/release}
omlx=$(realpath "$programs/omlx")
demo_server=$(realpath "${2:-$root/.build/debug}/omlx-demo-server")

work=$(mktemp -d "${TMPDIR:-/tmp}/omlx-demo.XXXXXX")
server=
running=

clean_up() {
    trap - EXIT
    trap '' INT TERM HUP
    for process in $running $server; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; else bold='' plain=''; fi

say() { printf '%s\n' "$*"; }

# show STATUS WORD…: prints the command, runs it, and insists on its exit status.
show() {
    local wanted=$1 status=0
    shift
    printf '\n%s$ omlx' "$bold"
    printf ' %q' "$@"
    printf '%s\n' "$plain"
    # Nobody but this script holds the demo server's standard input. Waiting, and not running, the shell takes a signal
    # at once.
    "$omlx" "$@" <&0 3>&- 2>&1 &
    running=$!
    wait "$running" || status=$?
    running=
    if [ "$status" -eq "$wanted" ]; then return; fi
    if [ "$status" -eq 130 ]; then exit 130; fi
    say "demo.sh: omlx ended with $status, not with $wanted" >&2
    exit 1
}

# With a display the person's own browser opens, in the environment it knows; without one a script plays the person.
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    consent=page
    # shellcheck disable=SC2016
    {
        echo '#!/bin/sh'
        for name in HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME XDG_RUNTIME_DIR BROWSER; do
            if [ -n "${!name+set}" ]; then printf 'export %s=%q\n' "$name" "${!name}"; else echo "unset $name"; fi
        done
        echo 'for opener in "${BROWSER:-}" xdg-open "gio open" wslview x-www-browser firefox chromium; do'
        echo '    if command -v "${opener%% *}" >/dev/null 2>&1; then $opener "$1" && exit 0; fi'
        echo 'done'
        echo 'exit 1'
    } >"$work/browser"
    chmod +x "$work/browser"
    export BROWSER=$work/browser
else
    consent=auto
    export BROWSER=$root/scripts/consent-browser
fi
# BROWSER is split at blanks and colons: a path with either goes through a link.
ln -s "$BROWSER" "$work/open" && BROWSER=$work/open

# omlx sees a home of its own, so your sign-ins and configuration stay out of this.
export HOME=$work/home XDG_CONFIG_HOME=$work/config XDG_DATA_HOME=$work/data XDG_STATE_HOME=$work/state
export XDG_RUNTIME_DIR=$work/run
unset OMLX_MCP_CONFIG OMLX_STORE MCP_CLI_ENCRYPTION_KEY SSH_CONNECTION
mkdir -m 700 "$HOME" "$XDG_RUNTIME_DIR"
cd "$work"

# The server ends with its standard input, so even when this script is killed outright.
mkfifo input
"$demo_server" --port 0 --consent "$consent" --ready-file "$work/url" --until-stdin-closes <input >server.log 2>&1 &
server=$!
exec 3>input
for _ in {1..100}; do
    [ -s url ] && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
if ! [ -s url ]; then
    say "demo.sh: the demo server did not start:" >&2
    cat server.log >&2
    exit 1
fi

mkdir -m 700 -p "$XDG_CONFIG_HOME/omlx"
printf '{\n  "servers": {\n    "demo": { "url": "%s" }\n  }\n}\n' "$(cat url)" >"$XDG_CONFIG_HOME/omlx/mcp.json"
say "An MCP server that wants a sign-in listens at $(cat url). This is its mcp.json:"
cat "$XDG_CONFIG_HOME/omlx/mcp.json"

show 0 mcp list
show 4 mcp tools
if [ "$consent" = page ]; then
    say
    say "The next command opens your browser at the demo's consent page: press Allow there."
fi
show 0 mcp login demo
show 0 mcp tools
show 0 mcp call demo__add a=2 b=3
show 0 mcp status
show 0 mcp logout demo

cat <<END

${bold}That was the demo; nothing of it is left. Now your own servers:${plain}
  1. Put your mcp.json into ~/.config/omlx/. A file from Claude, Cursor, VS Code or mcp-cli works as it is;
     mcp.example.json shows every kind of server.
  2. omlx mcp validate       Is the file all right?
  3. omlx mcp login NAME     Signs in where a server wants it.
  4. omlx mcp tools          What do the servers offer?
Or look at them in a browser: omlx serve keeps them connected (make serve does it from here), and omlx open opens its page.
omlx is $omlx; "sudo make install" puts it on your PATH.
END
