#!/usr/bin/env python3
"""Makes a corpus of real text in several languages, at least 100 MB, out of Debian documentation packages.

    deploy/e2e/corpus.py FOLDER

Packages come from the mirror that apt is set to. FOLDER gets files of about 4 MiB, each many documents one after the
other, and beside them some thousand documents as they came. A finished FOLDER is left as it is.
"""

import gzip
import os
import shutil
import subprocess
import sys
import tempfile

WANTED_BYTES = 110_000_000
LEAST_BYTES = 100_000_000
PACK_BYTES = 4 << 20
LARGEST_DOCUMENT = 32 << 20
SMALL_FILES = 2_000

# Small and many-tongued first, then English in bulk until there is enough. Names that a suite lacks are passed over.
PACKAGES = """
    bible-kjv-text manpages-ja manpages-ru manpages-zh manpages-de manpages-fr manpages-tr manpages-pl
    developers-reference-ja developers-reference-ru developers-reference-fr debian-reference-zh-cn debian-reference-ja
    manpages manpages-dev perl-doc postgresql-doc-15 postgresql-doc-17 openjdk-17-doc openjdk-21-doc openjdk-25-doc
    python3.11-doc python3.13-doc linux-doc-6.1
""".split()


def download(package, folder):
    """Unpacks a package into folder, or says that there is none of the name."""
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o755)
        got = subprocess.run(
            ["apt-get", "download", "-qq", package],
            cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)
        archives = [name for name in os.listdir(work) if name.endswith(".deb")]
        if got.returncode != 0 or not archives:
            return False
        subprocess.run(["dpkg-deb", "-x", os.path.join(work, archives[0]), folder], check=True, timeout=300)
        return True


def documents(folder):
    """The text of every regular file, in the order of paths; what holds a NUL byte is not text."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(parent, name)
            if os.path.islink(path) or os.path.getsize(path) > LARGEST_DOCUMENT:
                continue
            opened = gzip.open(path) if name.endswith(".gz") else open(path, "rb")
            with opened as file:
                try:
                    text = file.read()
                except (OSError, EOFError):
                    continue  # called .gz and is none
            if text and b"\0" not in text:
                yield text


def make(folder):
    total = packs = smalls = 0
    pack = bytearray()

    def flush():
        nonlocal packs
        if pack:
            with open(os.path.join(folder, f"pack-{packs:03}.txt"), "wb") as out:
                out.write(pack)
            packs += 1
            pack.clear()

    os.makedirs(os.path.join(folder, "small"))
    for package in PACKAGES:
        if total >= WANTED_BYTES:
            break
        with tempfile.TemporaryDirectory() as unpacked:
            if not download(package, unpacked):
                print(f"corpus: no package {package}", file=sys.stderr)
                continue
            for number, text in enumerate(documents(unpacked)):
                if total >= WANTED_BYTES:
                    break
                total += len(text)
                if number % 5 == 0 and len(text) < 16_384 and smalls < SMALL_FILES:
                    with open(os.path.join(folder, "small", f"{smalls:04}.txt"), "wb") as out:
                        out.write(text)
                    smalls += 1
                    continue
                pack += text
                if len(pack) >= PACK_BYTES:
                    flush()
    flush()
    print(f"corpus: {total} bytes in {packs} large and {smalls} small files", file=sys.stderr)
    if total < LEAST_BYTES:
        sys.exit(f"corpus: apt served only {total} bytes of text, {LEAST_BYTES} are needed: run apt-get update")


def main():
    target = os.path.abspath(sys.argv[1])
    if os.path.isdir(target):
        return
    part = target + ".part"
    shutil.rmtree(part, ignore_errors=True)
    os.makedirs(part)
    make(part)
    # The containers read it as another user.
    subprocess.run(["chmod", "-R", "a+rX", part], check=True)
    os.rename(part, target)


if __name__ == "__main__":
    main()
