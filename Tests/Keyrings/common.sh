# What the two keyrings for the tests share; sourced. $home is their folder, which must be short: a socket's path has at
# most 107 bytes. Everything of theirs is in it.

export HOME=$home XDG_RUNTIME_DIR=$home/run XDG_DATA_HOME=$home/data XDG_CONFIG_HOME=$home/config XDG_CACHE_HOME=$home/cache
export TMPDIR=$home/tmp
export DBUS_SESSION_BUS_ADDRESS=unix:path=$home/bus QT_QPA_PLATFORM=offscreen
unset DISPLAY WAYLAND_DISPLAY
mkdir -m700 -p "$XDG_RUNTIME_DIR" "$XDG_DATA_HOME" "$XDG_CONFIG_HOME" "$XDG_CACHE_HOME" "$TMPDIR"

secrets=org.freedesktop.secrets
root=/org/freedesktop/secrets
deadline=$((SECONDS + 300))

# until_true COMMAND…: asks again and again.
until_true() {
    until "$@"; do
        ((SECONDS < deadline)) || { echo "$0: too late: $*" >&2; exit 70; }
        sleep 0.02
    done
}

call() { gdbus call --session --timeout 60 -d "$@" 2>/dev/null; }

# is_open COLLECTION: whether it is there and not locked.
is_open() {
    [[ $(call $secrets -o "$1" -m org.freedesktop.DBus.Properties.Get org.freedesktop.Secret.Collection Locked) == *false* ]]
}

end_process() {
    kill -KILL "$1" 2>/dev/null || true
    while kill -0 "$1" 2>/dev/null; do sleep 0.01; done
}

start_bus() {
    cat >"$home/bus.conf" <<X
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=$home/bus</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>
X
    dbus-daemon --config-file="$home/bus.conf" --nofork --nopidfile 2>/dev/null &
    bus=$!
    disown
    until_true test -S "$home/bus"
}

# serve START STOP LOCK: starts the keyring, says so, and obeys the words on standard input until its end; other words than
# these are functions, do_WORD.
serve() {
    start_bus
    trap '$stop; end_process "$bus"' EXIT
    start=$1 stop=$2 lock=$3
    $start
    echo ready
    while read -r word; do
        case $word in
        lock) $lock ;;
        kill) end_process "$provider" ;;
        start) $start ;;
        *) "do_$word" ;;
        esac
        echo done
    done
}
