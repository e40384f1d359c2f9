#!/bin/bash
# Shows notice and tray in a real desktop on a display of its own: xfce4-panel, a StatusNotifier host, and xfce4-notifyd, under
# Xvfb, on a bus and in a home of their own.
# Usage: panel.sh FOLDER COMMAND…   (runs the command in that session; pictures go into FOLDER, see `picture`)
# In the command's environment are the session's variables; `picture NAME` in PATH takes one, `click-tray` opens the tray's menu.
set -eu

folder=$(realpath "$1")
shift
home=$(mktemp -d /tmp/omlx-panel-XXXXXX)
pids=
finish() {
    # The last first: a panel outlives neither display nor bus.
    for pid in $pids; do kill "$pid" 2>/dev/null || true; done
    for pid in $pids; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$home"
}
trap finish EXIT

export HOME=$home XDG_RUNTIME_DIR=$home/run XDG_CONFIG_HOME=$home/config XDG_CACHE_HOME=$home/cache XDG_DATA_HOME=$home/data
export XDG_STATE_HOME=$home/state TMPDIR=$home/tmp NO_AT_BRIDGE=1 GDK_BACKEND=x11
unset WAYLAND_DISPLAY SESSION_MANAGER
mkdir -m700 -p "$XDG_RUNTIME_DIR" "$XDG_CONFIG_HOME/xfce4/xfconf/xfce-perchannel-xml" "$XDG_CACHE_HOME" "$XDG_DATA_HOME" "$TMPDIR" \
    "$XDG_STATE_HOME" "$home/bin"
export DBUS_SESSION_BUS_ADDRESS=unix:path=$home/bus PATH=$home/bin:$PATH

begin() {
    "$@" >>"$folder/desktop.log" 2>&1 &
    pids="$! $pids"
}
until_true() {
    for _ in $(seq 600); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    echo "panel.sh: too late: $*" >&2
    exit 1
}

# A display that chooses its number itself.
begin Xvfb -displayfd 3 -screen 0 900x500x24 -nolisten tcp 3>"$home/number"
until_true grep -q '[0-9]' "$home/number"
DISPLAY=:$(cat "$home/number")
export DISPLAY
begin dbus-daemon --session --address="$DBUS_SESSION_BUS_ADDRESS" --nofork --nopidfile
until_true test -S "$home/bus"

cat >"$XDG_CONFIG_HOME/xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml" <<P
<?xml version="1.0"?>
<channel name="xfce4-panel" version="1.0"><property name="configver" type="int" value="2"/>
<property name="panels" type="array"><value type="int" value="1"/>
<property name="panel-1" type="empty"><property name="position" type="string" value="p=6;x=0;y=0"/>
<property name="length" type="uint" value="100"/><property name="size" type="uint" value="32"/>
<property name="position-locked" type="bool" value="true"/>
<property name="plugin-ids" type="array"><value type="int" value="1"/></property></property></property>
<property name="plugins" type="empty"><property name="plugin-1" type="string" value="systray"/></property></channel>
P
begin xfce4-panel --disable-wm-check
begin "$(echo /usr/lib/*/xfce4/notifyd/xfce4-notifyd)"
until_true gdbus call --session -d org.kde.StatusNotifierWatcher -o /StatusNotifierWatcher -m org.freedesktop.DBus.Peer.Ping
until_true gdbus call --session -d org.freedesktop.Notifications -o /org/freedesktop/Notifications \
    -m org.freedesktop.Notifications.GetCapabilities

cat >"$home/bin/picture" <<P
#!/bin/sh
exec import -window root "$folder/\$1.png"
P
chmod +x "$home/bin/picture"
"$@"
