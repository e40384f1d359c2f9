#!/bin/bash
# What a person sees and clicks, in the session of panel.sh: the notice about a sign-in that was taken back, and the tray's icon with
# its menu. Says what it found, and leaves a picture of each step in FOLDER.
# Usage: panel.sh FOLDER show.sh BUILD   (BUILD is where omlx and omlx-demo-server are)
set -eu

build=$1
children=
trap 'for child in $children; do kill "$child" 2>/dev/null || true; wait "$child" 2>/dev/null || true; done' EXIT

until_true() {
    for _ in $(seq 600); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    echo "show.sh: too late: $*" >&2
    exit 1
}
begin() {
    local output=$1
    shift
    "$@" >"$HOME/$output" 2>&1 &
    children="$! $children"
}
status_is() { "$build/omlx" mcp status --json | grep -q "\"$1\""; }
items() {
    gdbus call --session -d org.kde.StatusNotifierWatcher -o /StatusNotifierWatcher \
        -m org.freedesktop.DBus.Properties.Get org.kde.StatusNotifierWatcher RegisteredStatusNotifierItems
}
has_item() { items | grep -q 'StatusNotifierItem-[0-9]'; }
item_is() {
    gdbus call --session -d "$(items | grep -o 'org.kde.StatusNotifierItem-[0-9]*-1' | head -n1)" -o /StatusNotifierItem \
        -m org.freedesktop.DBus.Properties.Get org.kde.StatusNotifierItem Status | grep -q "$1"
}
# The notice is a window of the notification daemon.
notice() { xdotool search --onlyvisible --class xfce4-notifyd; }
no_notice() { ! notice; }

begin demo "$build/omlx-demo-server" --port 0
until_true grep -q 'http://[0-9.:]*/mcp' "$HOME/demo"
url=$(grep -o 'http://[0-9.:]*/mcp' "$HOME/demo" | head -n1)
mkdir -p "$XDG_CONFIG_HOME/omlx"
echo "{\"servers\": {\"demo\": {\"url\": \"$url\"}}}" >"$XDG_CONFIG_HOME/omlx/mcp.json"
# A browser whose person consents.
export OMLX_STORE=file BROWSER="curl -sLo /dev/null"
"$build/omlx" mcp login demo --quiet >/dev/null 2>&1
curl -sf -X POST "${url%/mcp}/demo/revoke-all" >/dev/null

begin serve "$build/omlx" serve --port 0 --tray
until_true notice
picture notice
until_true has_item
until_true item_is NeedsAttention
picture attention
echo "a notice is shown, and the tray says that a person is wanted"

# The right one of its two buttons is "Sign in". A notice that is still fading in takes no click.
choose() {
    local window
    window=$(notice | head -n1)
    [ -n "$window" ] || return 0
    eval "$(xdotool getwindowgeometry --shell "$window")"
    xdotool mousemove $((X + WIDTH - 60)) $((Y + HEIGHT - 32)) click 1
    sleep 1
    no_notice
}
until_true choose
until_true status_is signed_in
until_true item_is Active
picture well
echo "signed in from the notice: it is gone, and all is well"

xdotool mousemove 17 17 click 3
sleep 1
picture menu
xdotool key Escape
echo "the tray's menu is in the picture"
