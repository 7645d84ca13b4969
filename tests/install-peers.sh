#!/usr/bin/env bash
# Installs what some tests talk to when it is there: Chromium, and a mail server, a balancer and a connection pooler that
# others wrote; promtool; zsh and fish. Debian only, as root; where that cannot be done the tests that need it are left out
# and say so.
set -uo pipefail

if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "Chromium, OpenSMTPD, HAProxy, PgBouncer, promtool, zsh and fish are not installed here: that needs apt-get, as root."
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
wanted=()
command -v chromium >/dev/null || wanted+=(chromium)
[[ -x /usr/sbin/smtpd ]] || wanted+=(opensmtpd)
[[ -x /usr/sbin/haproxy ]] || wanted+=(haproxy)
[[ -x /usr/sbin/pgbouncer ]] || wanted+=(pgbouncer)
command -v promtool >/dev/null || wanted+=(prometheus)
command -v zsh >/dev/null || wanted+=(zsh)
command -v fish >/dev/null || wanted+=(fish)
if ((${#wanted[@]})); then
    # The packages would start their services: this machine gets none.
    silencer=/usr/sbin/policy-rc.d
    [[ -e $silencer ]] && silencer=
    [[ -n $silencer ]] && printf '#!/bin/sh\nexit 101\n' >"$silencer" && chmod +x "$silencer"
    { apt-get -qq update && apt-get -qq install --no-install-recommends "${wanted[@]}"; } >/dev/null 2>&1 ||
        echo "Some of ${wanted[*]} could not be installed: the tests that need them are left out."
    [[ -n $silencer ]] && rm -f "$silencer"
fi
exit 0
