#!/bin/bash
# KWallet as the Secret Service, on a session bus of its own, with an open wallet. Usage: kwallet.sh HOME [as-login]
# With "as-login" it is left as a login leaves it: the wallet is open, and its collection says that it is locked.
# Says "ready"; then takes the words lock, close, kill and start, and says "done" to each; kill spares nothing that is not
# written yet. Ends with its standard input.
set -eu
home=$1
. "$(dirname "$0")/common.sh"

state=${2:-}
# 55 bytes and the zero of b'…'.
hash=0123456789012345678901234567890123456789012345678901234
collection=$root/collection/kdewallet
cat >"$XDG_CONFIG_HOME/kwalletrc" <<X
[Wallet]
Enabled=true
First Use=false
Prompt on Open=false
Default Wallet=kdewallet
Close When Idle=false
Launch Manager=false
[org.freedesktop.secrets]
apiEnabled=true
X

kwallet() {
    local method=$1
    shift
    call org.kde.kwalletd5 -o /modules/kwalletd5 -m "org.kde.KWallet.$method" "$@"
}

pam_open() { kwallet pamOpen kdewallet "b'$hash'" 0 >/dev/null; }
is_wallet_open() { [[ $(kwallet isOpen kdewallet) == "(true,)" ]]; }

start_daemon() {
    kwalletd5 >/dev/null 2>&1 &
    provider=$!
    disown
    until_true pam_open
    until_true is_wallet_open
}

# What was written in the last 5 s is in memory alone: closing the wallet writes it.
stop_kwallet() {
    kwallet closeAllWallets >/dev/null || true
    end_process "$provider"
}

start_kwallet() {
    # It shows the wallets it found when it started: the first one makes the file.
    [[ -s $XDG_DATA_HOME/kwalletd/kdewallet.kwl ]] || { start_daemon; stop_kwallet; }
    start_daemon
    [[ $state != as-login ]] || return 0
    # The wallet is open; its collection is locked all the same until somebody opens it, which asks nobody now.
    local prompt
    prompt=$(call $secrets -o $root -m org.freedesktop.Secret.Service.Unlock "['$collection']" |
        grep -o "$root/prompt/[a-z0-9]*") || true
    [[ -z $prompt ]] || call $secrets -o "$prompt" -m org.freedesktop.Secret.Prompt.Prompt '' >/dev/null
    until_true is_open $collection
}

lock_kwallet() { call $secrets -o $root -m org.freedesktop.Secret.Service.Lock "['$collection']" >/dev/null; }

do_close() { kwallet closeAllWallets >/dev/null; }

serve start_kwallet stop_kwallet lock_kwallet
