#!/usr/bin/env bash
# Builds stand-ins for the two official images that Millrace uses, under their official names, where no image
# registry can be reached: a Java base and an Apache Kafka broker. See README.md beside this file.
#
#   deploy/air-gapped/build-images.sh
#
# Needs root, a running Docker engine, debootstrap, a JDK of the base's major version with jlink, and Maven or the
# project's ./mvnw. Debian packages come from the mirror that apt is set to, jars from where Maven is set to.
#
#   JAVA_IMAGE   eclipse-temurin:17-jre   tag to build, and with it the Java version
#   KAFKA_IMAGE  apache/kafka:4.4.0       tag to build, and with it the Kafka version
#   JDK          found by itself          JDK to link the runtime from
#   CACHE        ~/.cache/millrace-images where the Debian root file system is kept between runs
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
JAVA_IMAGE="${JAVA_IMAGE:-eclipse-temurin:17-jre}"
KAFKA_IMAGE="${KAFKA_IMAGE:-apache/kafka:4.4.0}"
CACHE="${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/millrace-images}"
LABEL=dev.millrace.stand-in
mkdir -p "$CACHE"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

say() { printf '[images %4ss] %s\n' "$SECONDS" "$*" >&2; }
die() { say "$*"; exit 1; }

# The image under this name: `ours` with this recipe, `theirs` where somebody else's has the name, else `none`.
# An official image that was loaded by hand is left alone.
owner() {
    local label
    docker image inspect "$1" >/dev/null 2>&1 || { echo none; return; }
    label="$(docker image inspect -f "{{ index .Config.Labels \"$LABEL\" }}" "$1")"
    if [[ -z "$label" || "$label" == "<no value>" ]]; then echo theirs
    elif [[ "$label" == "$2" ]]; then echo ours
    else echo outdated; fi
}

find_jdk() {
    local want="${JAVA_IMAGE##*:}" jdk version
    want="${want%%[!0-9]*}"
    for jdk in "${JDK:-}" "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/java/* /opt/jdk*; do
        [[ -n "$jdk" && -x "$jdk/bin/jlink" && -r "$jdk/release" ]] || continue
        version="$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$jdk/release")"
        if [[ "$version" == "$want" ]]; then
            readlink -f "$jdk"
            return
        fi
    done
    die "no JDK $want with jlink for $JAVA_IMAGE: set JDK to one"
}

debian_root() { # writes $CACHE/debian-CODENAME.tar and prints its name
    local codename mirror tar
    codename="$(. /etc/os-release && echo "$VERSION_CODENAME")"
    tar="$CACHE/debian-$codename.tar"
    if [[ ! -s "$tar" ]]; then
        say "Debian $codename by debootstrap"
        # awk reads to the end: leaving early would break apt's pipe, and with pipefail this script.
        mirror="$(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
            awk -v c="$codename" '$1 == c && $2 == "main" && !n++ { print $3 }')"
        [[ -n "$mirror" ]] || die "apt knows no mirror for $codename: run apt-get update"
        debootstrap --variant=minbase "$codename" "$work/root" "$mirror" >"$work/debootstrap.log" 2>&1 </dev/null ||
            { tail -n 20 "$work/debootstrap.log" >&2; die "debootstrap failed"; }
        rm -rf "$work"/root/var/{cache/apt,lib/apt/lists}/* "$work"/root/usr/share/{doc,man,info,locale}/* \
            "$work"/root/etc/{resolv.conf,hostname} "$work"/root/var/log/*.log
        # Device nodes come from the container runtime.
        tar -C "$work/root" --exclude='./dev/*' --numeric-owner -cf "$tar.part" .
        mv "$tar.part" "$tar"
        rm -rf "$work/root"
    fi
    echo "$tar"
}

build_java() {
    local jdk recipe root modules
    jdk="$(find_jdk)"
    recipe="$( (cat "${BASH_SOURCE[0]}" "$jdk/release"; . /etc/os-release; echo "$VERSION_ID") | sha256sum | cut -c1-16)"
    case "$(owner "$JAVA_IMAGE" "$recipe")" in
        ours) say "$JAVA_IMAGE is up to date"; return ;;
        theirs) say "$JAVA_IMAGE is here and not a stand-in: used as it is"; return ;;
    esac
    root="$(debian_root)"
    say "Java runtime by jlink from $jdk"
    # What the official JRE has and a server can want. No jmods and no tools.
    modules=java.base,java.compiler,java.desktop,java.instrument,java.logging,java.management,java.management.rmi
    modules+=,java.naming,java.net.http,java.prefs,java.rmi,java.scripting,java.security.jgss,java.security.sasl
    modules+=,java.sql,java.transaction.xa,java.xml,java.xml.crypto,jdk.crypto.ec,jdk.httpserver,jdk.jcmd,jdk.jfr
    modules+=,jdk.management,jdk.management.agent,jdk.naming.dns,jdk.net,jdk.unsupported,jdk.zipfs
    mkdir -p "$work/add/opt/java"
    "$jdk/bin/jlink" --add-modules "$modules" --strip-debug --no-man-pages --no-header-files \
        --output "$work/add/opt/java/openjdk"
    # The default class archive, which jlink leaves out: a third off the start of every JVM.
    "$work/add/opt/java/openjdk/bin/java" -Xshare:dump >/dev/null
    say "import $JAVA_IMAGE"
    cp "$root" "$work/all.tar"
    tar -C "$work/add" --owner=0 --group=0 -rf "$work/all.tar" ./opt/java
    docker import \
        -c 'ENV JAVA_HOME=/opt/java/openjdk' -c 'ENV LANG=C.UTF-8' \
        -c 'ENV PATH=/opt/java/openjdk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
        -c "LABEL $LABEL=$recipe" "$work/all.tar" "$JAVA_IMAGE" >/dev/null
    rm -rf "$work/all.tar" "$work/add"
}

build_kafka() {
    local version="${KAFKA_IMAGE##*:}" recipe maven
    recipe="$( (docker image inspect -f '{{.Id}}' "$JAVA_IMAGE"; echo "$KAFKA_IMAGE"
        find "$here/kafka" -type f | LC_ALL=C sort | xargs cat) | sha256sum | cut -c1-16)"
    case "$(owner "$KAFKA_IMAGE" "$recipe")" in
        ours) say "$KAFKA_IMAGE is up to date"; return ;;
        theirs) say "$KAFKA_IMAGE is here and not a stand-in: used as it is"; return ;;
    esac
    say "jars of Kafka $version"
    maven="$(command -v mvn || true)"
    if [[ -x "$here/../../mvnw" ]]; then maven="$here/../../mvnw"; fi
    [[ -n "$maven" ]] || die "neither mvn nor ./mvnw is there"
    cp -a "$here/kafka" "$work/kafka"
    "$maven" -q -B -f "$work/kafka/pom.xml" -Dkafka.version="$version" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$work/kafka/libs" </dev/null >&2
    "$maven" -q -B -f "$work/kafka/tools.xml" dependency:copy-dependencies \
        -DincludeScope=runtime -DoutputDirectory="$work/kafka/tools" </dev/null >&2
    say "build $KAFKA_IMAGE"
    docker build -q --build-arg JAVA_IMAGE="$JAVA_IMAGE" --label "$LABEL=$recipe" -t "$KAFKA_IMAGE" "$work/kafka" >/dev/null
}

build_java
build_kafka
docker image inspect -f '{{index .RepoTags 0}} {{.Size}} bytes' "$JAVA_IMAGE" "$KAFKA_IMAGE" >&2
say done
