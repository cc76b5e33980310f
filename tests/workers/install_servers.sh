#!/bin/sh
# Redis and Postgres for the tests of warm workers: installed by apt where they are missing and nobody is asked for a
# password, without a service that runs. Elsewhere it says what is missing; those tests are then skipped, by name.
set -eu

missing=
command -v redis-server >/dev/null || missing="redis-server"
command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    root="sudo -n"
else
    root=none
fi
if [ "$root" = none ] || ! command -v apt-get >/dev/null; then
    echo "left out: tests/workers, which need the system's packages $missing" >&2
    exit 0
fi

# What Debian asks before it starts a service: not these.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap '$root rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' | $root tee $policy >/dev/null
    $root chmod 755 $policy
fi
echo "installing $missing (once)"
install() { $root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null; }
install 2>/dev/null || { $root apt-get update -qq && install; } || {
    echo "left out: tests/workers: apt-get did not install $missing" >&2
    exit 0
}
# Nor at the next boot.
if [ -d /run/systemd/system ]; then
    for service in $missing; do $root systemctl disable --quiet "$service"; done
fi
