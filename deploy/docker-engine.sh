#!/usr/bin/env bash
# A Docker engine for a build machine that has none: Debian or Ubuntu, root, no systemd and no registry needed.
#
#   deploy/docker-engine.sh install    engine, Compose v1, Compose v2, debootstrap, iptables, by apt
#   deploy/docker-engine.sh start      start the engine unless one answers already
#   deploy/docker-engine.sh stop       stop the engine that `start` started, and no other
#   deploy/docker-engine.sh status     versions; fails where no engine answers
#
# An engine that answers is used as it is. Only CI needs this script: people use the engine they have.
set -euo pipefail

STATE="${MILLRACE_ENGINE_STATE:-/run/millrace-engine}"
LOG="${MILLRACE_ENGINE_LOG:-/var/log/millrace-dockerd.log}"
# Debian 12 has Compose v1 only. The v2 plugin of the next suite is static but for libc 2.34.
PLUGIN_SUITE="${MILLRACE_COMPOSE_SUITE:-trixie}"

say() { printf '[engine %4ss] %s\n' "$SECONDS" "$*" >&2; }
answers() { timeout 10 docker info >/dev/null 2>&1; }

install_packages() {
    local need=()
    command -v dockerd >/dev/null || need+=(docker.io)
    command -v docker-compose >/dev/null || need+=(docker-compose)
    command -v debootstrap >/dev/null || need+=(debootstrap)
    command -v iptables >/dev/null || need+=(iptables)
    ((${#need[@]})) || return 0
    say "apt-get install ${need[*]}"
    apt-get update -qq
    # Without systemd the package must not try to start the daemon itself; an existing policy stays as it is.
    local ours=0 rc=0
    if [[ ! -e /usr/sbin/policy-rc.d ]]; then
        ours=1
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod +x /usr/sbin/policy-rc.d
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null </dev/null || rc=$?
    if ((ours)); then rm -f /usr/sbin/policy-rc.d; fi
    return "$rc"
}

install_compose2() {
    if docker compose version >/dev/null 2>&1; then return 0; fi
    local codename mirror tmp plugins="${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins"
    codename="$(. /etc/os-release && echo "$VERSION_CODENAME")"
    # awk reads to the end: leaving early would break apt's pipe, and with pipefail this script.
    mirror="$(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
        awk -v c="$codename" '$1 == c && $2 == "main" && !n++ { print $3 }')"
    [[ -n "$mirror" ]] || { say "apt knows no mirror for $codename: run apt-get update"; return 1; }
    tmp="$(mktemp -d)"
    mkdir -p "$tmp"/{lists/partial,cache/archives/partial,x} "$plugins"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $PLUGIN_SUITE main" >"$tmp/sources.list"
    # A private apt state: the machine's own sources and package lists stay as they are.
    printf '%s\n' "Dir::Etc::SourceList \"$tmp/sources.list\";" 'Dir::Etc::SourceParts "/dev/null";' \
        "Dir::State::Lists \"$tmp/lists\";" "Dir::Cache \"$tmp/cache\";" 'APT::Sandbox::User "root";' >"$tmp/apt.conf"
    say "Compose v2 from Debian $PLUGIN_SUITE"
    (
        cd "$tmp"
        export APT_CONFIG="$tmp/apt.conf"
        apt-get update -qq
        apt-get download -qq docker-compose
        for deb in ./*.deb; do dpkg-deb -x "$deb" x; done
    )
    install -m 755 "$tmp/x/usr/libexec/docker/cli-plugins/docker-compose" "$plugins/docker-compose"
    rm -rf "$tmp"
    docker compose version >&2
}

start() {
    if answers; then
        say "an engine answers already"
        return 0
    fi
    mkdir -p "$STATE"
    # A minimal machine mounts no cgroup tree, and the engine needs one.
    if ! mountpoint -q /sys/fs/cgroup; then mount -t cgroup2 none /sys/fs/cgroup; fi
    local path="$PATH"
    if ! iptables -w -t nat -n -L >/dev/null 2>&1 && iptables-legacy -w -t nat -n -L >/dev/null 2>&1; then
        # A kernel without nf_tables. Only this engine sees the older tool; the machine's choice stays.
        mkdir -p "$STATE/bin"
        ln -sfn "$(command -v iptables-legacy)" "$STATE/bin/iptables"
        ln -sfn "$(command -v ip6tables-legacy)" "$STATE/bin/ip6tables"
        path="$STATE/bin:$PATH"
    fi
    say "starting dockerd, log in $LOG"
    PATH="$path" setsid nohup dockerd --log-level=warn --shutdown-timeout=20 >>"$LOG" 2>&1 </dev/null &
    local pid=$!
    echo "$pid" >"$STATE/pid"
    for _ in $(seq 120); do
        if answers; then
            say "dockerd is up, pid $pid"
            return 0
        fi
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.5
    done
    say "dockerd did not come up; the end of $LOG:"
    tail -n 20 "$LOG" >&2
    kill -TERM "$pid" 2>/dev/null || true
    rm -f "$STATE/pid"
    return 1
}

stop() {
    local pid
    pid="$(cat "$STATE/pid" 2>/dev/null || true)"
    if [[ -z "$pid" || "$(cat "/proc/$pid/comm" 2>/dev/null || true)" != dockerd ]]; then
        rm -f "$STATE/pid"
        say "no engine of ours runs"
        return 0
    fi
    kill -TERM "$pid"
    for _ in $(seq 80); do
        if ! kill -0 "$pid" 2>/dev/null; then
            rm -f "$STATE/pid"
            say "dockerd $pid stopped"
            return 0
        fi
        sleep 0.5
    done
    say "dockerd $pid did not stop within 40 s"
    kill -KILL "$pid"
    rm -f "$STATE/pid"
    return 1
}

case "${1:-}" in
    install)
        install_packages
        install_compose2
        ;;
    start) start ;;
    stop) stop ;;
    status)
        docker version --format 'client {{.Client.Version}}, engine {{.Server.Version}} (API {{.Server.APIVersion}})'
        docker-compose version --short 2>/dev/null | sed 's/^/compose v1 /' || true
        docker compose version --short 2>/dev/null | sed 's/^/compose v2 /' || true
        ;;
    *)
        sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
