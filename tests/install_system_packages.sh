#!/bin/sh
# What the tests need beside Python, as program=package: installed by apt where it is missing and nobody is asked for a
# password, without a service that runs. Elsewhere it says what is missing; the tests that need it are skipped, by name.
set -eu

# Warm workers run over Redis and Postgres, the triage page is looked at in Chromium; tests/deploy asks the rest.
needed="redis-server=redis-server postgres=postgresql zsh=zsh fish=fish shellcheck=shellcheck nix-instantiate=nix-bin chromium=chromium"

missing=
for pair in $needed; do
    command -v "${pair%=*}" >/dev/null && continue
    [ "${pair%=*}" = postgres ] && ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 && continue
    missing="$missing ${pair#*=}"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    root="sudo -n"
else
    root=none
fi
if [ "$root" = none ] || ! command -v apt-get >/dev/null; then
    echo "left out: the tests that need the system's packages$missing" >&2
    exit 0
fi

# What Debian asks before it starts a service: not these.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap '$root rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' | $root tee $policy >/dev/null
    $root chmod 755 $policy
fi
echo "installing$missing (once)"
# shellcheck disable=SC2086 # a list of words
install() { $root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null; }
install 2>/dev/null || { $root apt-get update -qq && install; } || {
    echo "left out: the tests that need$missing: apt-get did not install them" >&2
    exit 0
}
# Nor at the next boot.
if [ -d /run/systemd/system ]; then
    for service in redis-server postgresql; do
        case "$missing " in *" $service "*) $root systemctl disable --quiet "$service" ;; esac
    done
fi
