#!/bin/bash
# KeePassXC as the Secret Service, on a session bus of its own, with an open database. Usage: keepassxc.sh HOME [asking]
# With "asking" it has its own defaults: it asks before it gives an item to a program that did not make it, and before it
# deletes one. Shows its windows on DISPLAY, where that is set.
# Says "ready"; then takes the words lock, ask, kill and start, and says "done" to each. Ends with its standard input.
set -eu
home=$1
display=${DISPLAY:-}
. "$(dirname "$0")/common.sh"
[[ -z $display ]] || export DISPLAY=$display QT_QPA_PLATFORM=xcb
asks=false
[[ ${2:-} != asking ]] || asks=true

cat >"$home/keepassxc.ini" <<X
[General]
ConfigVersion=2
UpdateCheckMessageShown=true
[GUI]
CheckForUpdates=false
[FdoSecrets]
Enabled=true
ShowNotification=false
ConfirmAccessItem=$asks
ConfirmDeleteItem=$asks
X
cat >"$home/new.xml" <<X
<?xml version="1.0" encoding="UTF-8"?>
<KeePassFile><Meta><RecycleBinEnabled>False</RecycleBinEnabled><CustomData><Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key>
<Value>{00112233-4455-6677-8899-aabbccddeeff}</Value></Item></CustomData></Meta>
<Root><Group><UUID>ABEiM0RVZneImaq7zN3u/w==</UUID><Name>Root</Name></Group></Root></KeePassFile>
X
printf 'the password\nthe password\n' |
    keepassxc-cli import -q -p -t 100 "$home/new.xml" "$home/secrets.kdbx" >/dev/null 2>&1

collection() {
    call $secrets -o $root -m org.freedesktop.Secret.Service.ReadAlias default | grep -o '/org/[A-Za-z0-9_/]*'
}

is_ready() {
    local path
    path=$(collection) && is_open "$path"
}

# Whether it shows as many items as its file has: it writes a tenth of a second after a change, and shows items a moment
# after the database is open.
is_settled() {
    local items entries
    items=$(call $secrets -o "$(collection)" -m org.freedesktop.DBus.Properties.Get \
        org.freedesktop.Secret.Collection Items | grep -o "'/[^']*'" | wc -l)
    entries=$(keepassxc-cli ls -q -R -f "$home/secrets.kdbx" <<<"the password" 2>/dev/null | grep -cv -e '/$' -e '^\[')
    [[ $items -eq $entries ]]
}

start_keepassxc() {
    rm -f "$TMPDIR"/keepassxc.*
    keepassxc --config "$home/keepassxc.ini" --localconfig "$home/local.ini" --pw-stdin "$home/secrets.kdbx" \
        <<<"the password" >/dev/null 2>&1 &
    provider=$!
    disown
    # The alias is there before the database is open.
    until_true is_ready
    until_true is_settled
}

# It takes no notice of SIGTERM.
stop_keepassxc() { end_process "$provider"; }

lock_keepassxc() {
    until_true is_settled
    keepassxc --config "$home/keepassxc.ini" --localconfig "$home/local.ini" --lock >/dev/null 2>&1
    while is_ready; do sleep 0.02; done
}

# As it is set at first, from the next start on.
do_ask() { sed -i 's/^\(Confirm[A-Za-z]*Item\)=.*/\1=true/' "$home/keepassxc.ini"; }

serve start_keepassxc stop_keepassxc lock_keepassxc
