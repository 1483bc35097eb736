#!/usr/bin/env python3
"""The whole cluster in containers, counted against an oracle while its parts are killed, restarted and scaled.

    ./mvnw package -DskipTests && deploy/e2e/cluster.py

Needs a Docker engine, Compose v1 or v2, and to be root, because processes are killed from the host. Leaves no
container, network or volume behind. Settings, by environment:

    COMPOSE              "docker compose" or "docker-compose"; default the first that works
    MILLRACE_E2E_CORPUS  folder to count; default one made from Debian packages, kept in ~/.cache
    MILLRACE_E2E_CHUNK   chunk size of the job with faults, small, so that it lasts: default 32KiB; 8KiB with docker-compose,
                         which is slow to add containers; 256KiB with three brokers
    MILLRACE_E2E_SMOKE   1: a calm job on a small corpus only, to try another flavour of Compose
    MILLRACE_E2E_BROKERS 3: the overlay of three brokers instead, one of which is killed in the middle of a job
    MILLRACE_E2E_KILLS   how many of the three are killed, one after the other; default 1
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
from compose import (OVERLAYS, ROOT, Failed, check, compose, composing, containers, docker, driving, inspect, instant,
                     kill_process, on_a_cluster, restart_broker, run, same_table, say, scaling, wait_for)

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "millrace-e2e"
SMOKE = os.environ.get("MILLRACE_E2E_SMOKE") == "1"
BROKERS = {"1": ["broker"], "3": ["broker", "broker-2", "broker-3"]}[os.environ.get("MILLRACE_E2E_BROKERS", "1")]
KILLS = int(os.environ.get("MILLRACE_E2E_KILLS", "1"))
CHUNK = os.environ.get("MILLRACE_E2E_CHUNK", "256KiB" if len(BROKERS) == 3 else
                       "8KiB" if os.environ.get("COMPOSE") == "docker-compose" else "32KiB")
JOB_SECONDS = 600


class Job:
    """One run of the driver, whose standard error is read line by line as it comes."""

    CLAIM = re.compile(r"^(\S+)/(\d+) reading ")

    def __init__(self, name, *options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-e2e-"))
        self.folder.chmod(0o777)  # the driver in its container is another user
        self.claims = []  # (seconds since 1970, slot)
        self.lines = []
        self.begun = time.monotonic()
        self.seconds = None
        self.process = subprocess.Popen(
            driving(self.folder, "count", "/data", "-v", "--name", name, "--format", "tsv",
                    "--output", "/out/words.tsv", "--receipt", "/out/receipt.json", *options),
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace")
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            found = self.CLAIM.match(line)
            if found:
                self.claims.append((time.time(), found.group(1)))
            else:
                self.lines.append(line.rstrip())

    def running(self):
        return self.process.poll() is None

    def wait_for_claims(self, wanted, what):
        """Returns in mid-job, with so many claims seen. A job that is over by then proves nothing."""
        deadline = time.monotonic() + JOB_SECONDS
        while len(self.claims) < wanted:
            if not self.running():
                raise Failed(f"{what}: the job ended first, after {len(self.claims)} claims:\n" + self.tail())
            if time.monotonic() > deadline:
                raise Failed(f"{what}: only {len(self.claims)} of {wanted} claims in {JOB_SECONDS} s\n" + self.tail())
            time.sleep(0.05)

    def tail(self):
        return "\n".join(self.lines[-30:])

    def finish(self):
        try:
            code = self.process.wait(JOB_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failed(f"the job did not end within {JOB_SECONDS} s\n" + self.tail()) from None
        self.reader.join(10)
        self.seconds = time.monotonic() - self.begun
        if code != 0:
            raise Failed(f"the driver ended with {code}:\n" + self.tail())

    def compare(self, oracle, files, size):
        same_table(self.folder / "words.tsv", oracle)
        with open(oracle, encoding="utf-8") as file:
            counts = [int(line.rpartition("\t")[2]) for line in file]
        receipt = json.loads((self.folder / "receipt.json").read_text(encoding="utf-8"))
        check(True, f"{len(counts)} words as the oracle counts them, byte for byte")
        expected = {"files": files, "bytes": size, "textBytes": size, "words": len(counts), "skipped": []}
        for name, value in expected.items():
            if receipt[name] != value:
                raise Failed(f"receipt: {name} is {receipt[name]}, not {value}")
        totals = [receipt[stage] for stage in ("mapped", "reduced", "collected")]
        check(totals[0] == totals[1] == totals[2] and totals[0]["tokens"] == sum(counts),
              f"receipt: {files} files, {size} bytes, {sum(counts)} tokens mapped = reduced = collected")
        check(receipt["attempts"] >= receipt["tasks"],
              f"receipt: {receipt['tasks']} tasks, {receipt['attempts']} attempts, {receipt['backupTasks']} backup tasks, "
              f"{receipt['duplicatesDropped']} duplicates dropped")
        return receipt

    def close(self):
        if self.running():
            self.process.terminate()
            self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)


def first_tasks(job, added):
    """How soon each new mapper had its first task, by its own log; and how soon the driver, which has all else to read, told.

    The log's times are the engine's, so that both ends are read off one clock.
    """
    def first(container, what):
        return next((instant(line.split()[0]) for line in docker("logs", "-t", container).splitlines() if what in line), None)

    waits = []
    for container in added:
        slot = "mapper-" + inspect(container, "{{.Config.Hostname}}")
        wait_for(f"first task of {slot}", 60, lambda c=container: first(c, " has its first task"))
        task, up = first(container, " has its first task"), first(container, " started")
        if up is None:
            raise Failed(f"{slot} never said that it had started")
        wait_for(f"claim of {slot}", 60, lambda s=slot: any(claim[1] == s for claim in list(job.claims)))
        claim = next(at for at, claimed in job.claims if claimed == slot)
        process = instant(inspect(container, "{{.State.StartedAt}}"))
        say(f"{slot}: process to service {1000 * (up - process):.0f} ms, service to first task {1000 * (task - up):.0f} ms, "
            f"first task to the driver's line {1000 * (claim - task):.0f} ms")
        waits.append(task - up)
    return waits


def scale(mappers, before, job):
    """Adds mappers in mid-job; returns the containers that are new."""
    began = time.monotonic()
    scaling(mapper=mappers, reducer=2)
    say(f"{len(before)} -> {mappers} mappers after {len(job.claims)} claims, in {time.monotonic() - began:.1f} s")
    return [container for container in containers("mapper") if container not in before]


def calm(oracle, files, size):
    job = Job("calm")
    try:
        job.finish()
        say(f"calm job: {job.seconds:.1f} s, the driver's container included")
        job.compare(oracle, files, size)
    finally:
        job.close()


def faults(oracle, files, size):
    chunks = size // chunk_bytes()
    job = Job("faults", "--chunk-size", CHUNK)
    try:
        job.wait_for_claims(chunks * 5 // 100, "one mapper at work")
        before = set(containers("mapper"))
        # First by one, whose first task is timed, then by two more at once: on a small machine those three, starting
        # together with a reducer, would time little but each other.
        (timed,) = scale(2, before, job)
        waits = first_tasks(job, [timed])
        say(f"a new mapper had its first task {waits[0]:.2f} s after it was up")
        added = [timed, *scale(4, {*before, timed}, job)]
        check(len(added) == 3, "three more mappers")
        first_tasks(job, added[1:])

        job.wait_for_claims(len(job.claims) + chunks // 50, "four mappers at work")
        kill_process(sorted(before)[0], "mapper")
        kill_process(added[0], "mapper")
        job.wait_for_claims(len(job.claims) + chunks // 50, "mappers back at work")
        for container in containers("reducer"):
            kill_process(container, "reducer")

        job.wait_for_claims(len(job.claims) + chunks // 50, "before the broker goes")
        restart_broker()
        say(f"broker restarted after {len(job.claims)} claims")

        job.wait_for_claims(len(job.claims) + chunks // 50, "work goes on behind the restart")
        docker("stop", "-t", "40", added[1])
        code = inspect(added[1], "{{.State.ExitCode}}")
        check(code == "0", f"a mapper that is told to stop drains and exits with {code}")
        scaling(mapper=2, reducer=2)
        check(len(containers("mapper")) == 2, f"4 -> 2 mappers after {len(job.claims)} claims")
        check(job.running(), "all this happened in mid-job")
        job.finish()
        say(f"job with faults: {job.seconds:.1f} s, {len(job.claims)} claims by {len({c[1] for c in job.claims})} mappers")
        job.compare(oracle, files, size)
    finally:
        job.close()


def doctor():
    """Runs it to its report, well or not."""
    return subprocess.run(composing("run", "--rm", "--no-deps", "-T", "driver", "doctor"), cwd=ROOT,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120, check=False).stdout


def is_well(report):
    return report.rstrip().endswith(" checks: 0 failed, 0 warnings")


def lost_broker(oracle, files, size):
    """Kills brokers in the middle of one job; the next only when the one before has caught up."""
    report = doctor()
    check(is_well(report), "doctor has nothing to say of three brokers" if is_well(report) else report)
    chunks = size // chunk_bytes()
    job = Job("lost-broker", "--chunk-size", CHUNK)
    try:
        job.wait_for_claims(chunks // 20, "at work")
        for service in BROKERS[:KILLS]:
            began = time.monotonic()
            compose("kill", service)
            claims = len(job.claims)
            say(f"killed {service} after {claims} claims")
            job.wait_for_claims(claims + chunks // 50, f"work goes on without {service}")
            say(f"{len(job.claims) - claims} claims without {service}, the last {time.monotonic() - began:.1f} s after")
            if service == BROKERS[0]:
                report = doctor()
                check("copies of partition" in report and "0 failed" in report, "doctor names the copies that are missing")
            check(job.running(), "all this happened in mid-job")
            compose("up", "-d", "--no-recreate", "--no-build", *BROKERS)
            wait_for("all copies in sync again", 120, lambda: is_well(doctor()))
            say(f"{service} is back in sync {time.monotonic() - began:.1f} s after it was killed")
        job.finish()
        say(f"job with lost brokers: {job.seconds:.1f} s, {len(job.claims)} claims")
        job.compare(oracle, files, size)
    finally:
        job.close()


def chunk_bytes():
    found = re.fullmatch(r"(\d+)(KiB|MiB)", CHUNK)
    if not found:
        raise Failed(f"MILLRACE_E2E_CHUNK {CHUNK} is not a number of KiB or MiB")
    return int(found.group(1)) << {"KiB": 10, "MiB": 20}[found.group(2)]


def prepare():
    """The corpus and the oracle's answer to it, which is as good as the corpus is old."""
    if SMOKE:
        corpus = pathlib.Path(tempfile.mkdtemp(prefix="millrace-smoke-"))
        corpus.chmod(0o755)
        for name in ("cluster.py", "corpus.py", "oracle.py"):
            shutil.copy(HERE / name, corpus)
    elif os.environ.get("MILLRACE_E2E_CORPUS"):
        corpus = pathlib.Path(os.environ["MILLRACE_E2E_CORPUS"]).resolve()
    else:
        corpus = CACHE / "corpus"
        CACHE.mkdir(parents=True, exist_ok=True)
        run(sys.executable, str(HERE / "corpus.py"), str(corpus), timeout=900)
    found = [path for path in corpus.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in found)
    say(f"corpus: {size} bytes in {len(found)} files")
    if not SMOKE:
        check(size >= 100_000_000, "at least 100 MB of real text")
    oracle = pathlib.Path(tempfile.mkdtemp(prefix="millrace-oracle-")) / "words.tsv"
    with open(oracle, "wb") as out:
        subprocess.run([sys.executable, HERE / "oracle.py", corpus], stdin=subprocess.DEVNULL, stdout=out, check=True,
                       timeout=900)
    say("the oracle has counted")
    return corpus, oracle, len(found), size


def main():
    if len(BROKERS) == 3:
        OVERLAYS.append("deploy/compose.three-brokers.yml")
    corpus, oracle, files, size = prepare()

    def test():
        if len(BROKERS) == 3:
            lost_broker(oracle, files, size)
        else:
            calm(oracle, files, size)
        if not SMOKE and len(BROKERS) == 1:
            faults(oracle, files, size)

    try:
        on_a_cluster(corpus, test, ["init", *BROKERS, "mapper", "reducer"], reducer=2)
    finally:
        shutil.rmtree(oracle.parent, ignore_errors=True)
        if SMOKE:
            shutil.rmtree(corpus, ignore_errors=True)


if __name__ == "__main__":
    try:
        main()
    except (Failed, subprocess.TimeoutExpired) as failure:
        sys.exit(f"[e2e] FAILED: {failure}")
