#!/bin/bash
# Runs user_instance.py under a systemd of a user that is started for it, in a home and a /run of its own. Wants root, and a machine whose
# control groups can be written; says so where that is not so.
# Usage: user_instance.sh FOLDER_OF_PROGRAMS
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
program=$(cd "$1" && pwd -P)/omlx
if [ "${OMLX_INSIDE:-}" != 1 ]; then
    if [ ! -x /lib/systemd/systemd ] || [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
        echo "no systemd of a user can be started here: it wants root, systemd and mount namespaces" >&2
        exit 1
    fi
    folder=$(mktemp -d /tmp/omlx-systemd-XXXXXX)
    name=omlx-$$
    status=0
    OMLX_INSIDE=1 OMLX_FOLDER=$folder OMLX_GROUP=$name unshare -m --propagation private "$0" "$1" || status=$?
    find /sys/fs/cgroup/*/"$name" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    rm -rf "$folder"
    exit $status
fi
# It looks whether systemd was booted, and for a control group that is its own.
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system
for group in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
    [ -e "$group/cgroup.procs" ] && mkdir -p "$group/$OMLX_GROUP" && echo $$ >"$group/$OMLX_GROUP/cgroup.procs"
done || true
export HOME=$OMLX_FOLDER/home XDG_RUNTIME_DIR=$OMLX_FOLDER/run
mkdir -p -m 700 "$HOME" "$XDG_RUNTIME_DIR"
unset XDG_CONFIG_HOME XDG_STATE_HOME XDG_DATA_HOME DBUS_SESSION_BUS_ADDRESS NOTIFY_SOCKET LISTEN_FDS
/lib/systemd/systemd --user --log-target=console >"$OMLX_FOLDER/systemd.log" 2>&1 &
systemd=$!
trap 'kill $systemd; wait $systemd || true' EXIT
for _ in $(seq 300); do
    [ -S "$XDG_RUNTIME_DIR/systemd/private" ] && break
    kill -0 $systemd || { cat "$OMLX_FOLDER/systemd.log" >&2; exit 1; }
    sleep 0.1
done
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
python3 -B "$here/user_instance.py" "$program" "$port"
