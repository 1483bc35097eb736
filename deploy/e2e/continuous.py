#!/usr/bin/env python3
"""Two counts that never end, in containers, while documents change and the parts of the cluster are killed.

    ./mvnw package -DskipTests && deploy/e2e/continuous.py

One job counts a topic that kcat and Kafka's console producer write to, the other a folder that is edited from the host and
from another container, and mounted so that what the host does notifies nobody. Rounds of edits and faults end in a barrier:
edits stop, the snapshot of each job must be what the oracle counts, and its receipt must name each document in the version
that is there. Once, a snapshot is taken while the topic is written to; its receipt says which versions to count then.

Needs a Docker engine, Compose v1 or v2, Debian's kcat and bindfs (installed if they are missing), and to be root, because
processes are killed from the host. Leaves no container, network or volume behind. Settings, by environment:

    COMPOSE              "docker compose" or "docker-compose"; default the first that works
    MILLRACE_E2E_MINUTES minutes of further rounds, with faults by chance: default 0
    MILLRACE_E2E_ROUND   such as "killed broker": nothing but rounds of that name, for these minutes
    MILLRACE_E2E_SEED    number that edits and faults come from; default a new one, which is printed
"""

import collections
import functools
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True
import oracle
from compose import (OVERLAYS, PROJECT, ROOT, Failed, check, compose, composing, containers, docker, driving, inspect,
                     instant, kill_process, on_a_cluster, restart_broker, run, same_table, say, scaling, wait_for)

MINUTES = float(os.environ.get("MILLRACE_E2E_MINUTES", "0"))
SEED = int(os.environ.get("MILLRACE_E2E_SEED", time.time_ns() % 1_000_000))
ROUND = os.environ.get("MILLRACE_E2E_ROUND")
TOPIC = "docs"
PARTITIONS = 3
JOBS = {"stream": "topic", "watch": "files"}  # as docker-compose.yml calls them
FILES = 120
KEYS = 150
ANSWER_SECONDS = 150


class Text:
    """Texts by chance: few words often, many rarely, in several scripts and with what is hard to take for a word."""

    LETTERS = "abcdefghijklmnopqrstuvwxyzäéñßøł"
    HARD = ["don't", "l’eau", "Straße", "ΣΊΣΥΦΟΣ", "İstanbul", "e\u0301te\u0301", "水車", "мельница", "رحى", "42", "3rd",
            "'", "--", "\u00ad", "x2", "TEXT"]

    def __init__(self, chance):
        self.chance = chance
        self.words = ["".join(chance.choice(self.LETTERS) for _ in range(chance.randint(2, 9))) for _ in range(3000)]

    def some(self, most, ends=" \n"):
        words = []
        for _ in range(self.chance.randrange(most + 1)):
            words.append(self.chance.choice(self.HARD) if self.chance.randrange(20) == 0
                         else self.words[int(3000 * self.chance.random() ** 3)])
            words.append(self.chance.choice(ends))
        return "".join(words).encode("utf-8")

    def document(self):
        """Mostly short; one in fifty has some hundred kilobytes, and is counted in parts. Of these some are a single line."""
        if self.chance.randrange(50):
            return self.some(300)
        return self.some(60_000) if self.chance.randrange(3) else self.some(250_000, " ")[:900_000]


class Edits(threading.Thread):
    """Edits of one kind, one after the other until told to stop."""

    def __init__(self, edit, chance, slowest):
        super().__init__(daemon=True)
        self.edit, self.chance, self.slowest = edit, chance, slowest
        self.ended = threading.Event()
        self.failure = None
        self.start()

    def run(self):
        try:
            while not self.ended.wait(self.chance.uniform(0, self.slowest)):
                self.edit()
        except Exception as failure:  # told by the thread that stops this one
            self.failure = failure

    def stop(self):
        self.ended.set()
        self.join(60)
        if self.failure:
            raise Failed(f"an edit failed: {self.failure!r}")


class Folder:
    """A watched folder, and what an editor may do to it."""

    def __init__(self, path, chance):
        self.path, self.chance, self.text = path, chance, Text(chance)
        self.before = {}  # by name, an earlier text
        self.done = collections.Counter()
        for number in range(4):
            (path / f"d{number}").mkdir()
        for number in range(FILES):
            self.name(number).write_bytes(self.text.document())

    def name(self, number=None):
        number = self.chance.randrange(FILES) if number is None else number
        return self.path / f"d{number % 4}" / f"file {number}.txt"

    def edit(self):
        """One edit of a file; one that is not there is created again."""
        file, other = self.name(), self.name()
        if not file.exists():
            self.done["recreate" if file in self.before else "create"] += 1
            file.write_bytes(self.text.document())
            return
        self.done[self.act(file, other)] += 1

    def act(self, file, other):
        what = self.chance.choice(["append", "append", "rewrite", "replace", "shrink", "delete", "rename", "swap", "empty",
                                   "back"])
        if what == "append":
            with file.open("ab") as out:
                out.write(self.text.some(40) + self.chance.choice([b"", b"\xff\xfe", b"\xc3"]))
        elif what == "swap" and other.exists() and other != file:
            between = self.path / "between.txt"
            file.rename(between)
            other.rename(file)
            between.rename(other)
        elif what == "rename":
            file.rename(other)
        elif what == "back" and file in self.before:
            file.write_bytes(self.before[file])
        else:
            self.before[file] = file.read_bytes()
            if what == "delete":
                file.unlink()
            elif what == "shrink":
                os.truncate(file, file.stat().st_size // 2)
            elif what == "empty":
                file.write_bytes(b"")
            elif what == "replace":
                new = self.path / "new.txt"
                new.write_bytes(self.text.document())
                new.rename(file)
            else:
                what = "rewrite"
                file.write_bytes(self.text.document())
        return what

    def texts(self):
        """The documents as they are now, by name."""
        return {str(file.relative_to(self.path)): file.read_bytes() for file in self.path.rglob("*") if file.is_file()}

    def check_version(self, name, document):
        found = (self.path / name).stat()
        wanted = f"{found.st_mtime_ns}/{found.st_size}/"
        if not document["version"].startswith(wanted) or f"ino={found.st_ino}" not in document["version"]:
            raise Failed(f"receipt: {name} is there as {wanted} of inode {found.st_ino}, not {document['version']}")


class Topic:
    """Documents of a topic, written by clients that are not Millrace's: they share the keys, each round another way."""

    PART, END = "\x1f", "\x1e"

    def __init__(self, chance):
        self.chance, self.text = chance, Text(chance)
        self.now = {}  # by key, the text as it was last written
        self.done = collections.Counter()
        self.round = 0
        self.kcat = self.console = None
        image = inspect(containers("broker")[0], "{{.Config.Image}}")
        self.has_tools = subprocess.run(
            ["docker", "run", "--rm", "--entrypoint", "test", image, "-x", "/opt/kafka/bin/kafka-console-producer.sh"],
            stdin=subprocess.DEVNULL, check=False).returncode == 0
        if not self.has_tools:
            say(f"skipped: the console producer, which {image} does not have; kcat writes everything")

    def key(self, by_console):
        """A key that belongs to the one or the other client in this round, so that the order of versions is known."""
        number = 2 * self.chance.randrange(KEYS // 2) + (self.round + by_console) % 2
        return f"dir/doc-{number}.txt" if self.has_tools else f"dir/doc-{self.chance.randrange(KEYS)}.txt"

    def begin(self, console_edits):
        """Starts a producer that stays for the round, and gives the other all of its edits at once."""
        self.round += 1
        self.errors = tempfile.TemporaryFile(mode="a+")
        # The same partition for a key as Kafka's own clients choose; and what is sent again does not overtake, for which
        # idempotence would not do: librdkafka gives up for good where the sequence is lost with a broker.
        self.kcat = subprocess.Popen(
            composing("run", "--rm", "--no-deps", "-T", "kcat", "-P", "-t", TOPIC, "-K", r"\x1f", "-D", r"\x1e", "-Z", "-E",
                      "-X", "partitioner=murmur2_random", "-X", "max.in.flight.requests.per.connection=1"),
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self.errors)
        if self.has_tools and console_edits:
            self.console = subprocess.Popen(
                composing("run", "--rm", "--no-deps", "-T", "tools", "kafka-console-producer.sh", "--topic", TOPIC,
                          "--property", "parse.key=true", "--property", "key.separator=:",
                          "--property", "null.marker=NULL"),
                cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            lines = []
            for _ in range(console_edits):
                key = self.key(True)
                text = None if self.chance.randrange(5) == 0 else self.text.some(200, " ")
                lines.append(key.encode() + b":" + (b"NULL" if text is None else text) + b"\n")
                self.keep("console", key, text)
            threading.Thread(target=self.give, args=(self.console, b"".join(lines)), daemon=True).start()

    @staticmethod
    def give(process, all_of_it):
        try:
            process.stdin.write(all_of_it)
            process.stdin.close()
        except OSError:
            pass  # its exit code tells

    def keep(self, client, key, text):
        if text is None:
            self.now.pop(key, None)
        else:
            self.now[key] = text
        self.done[f"{client} {'delete' if text is None else 'write'}"] += 1

    def edit(self):
        key = self.key(False)
        old = self.now.get(key, b"")
        what = self.chance.randrange(6)
        text = (b"" if what == 0 else old + self.text.some(30) if what == 1 else old[:len(old) // 2] if what == 2
                else self.text.document())
        if len(text) > 900_000:
            text = b""  # more than kcat sends in one record
        text = text.decode("utf-8", "ignore").encode("utf-8")
        try:
            self.kcat.stdin.write(key.encode() + self.PART.encode() + text + self.END.encode())
            self.kcat.stdin.flush()
        except BrokenPipeError:
            raise Failed(f"kcat has ended: {self.kcat_errors()}") from None
        self.keep("kcat", key, text or None)  # -Z makes a deletion of an empty text

    def wait_for_console(self):
        if self.console:
            said = self.console.stdout.read().decode("utf-8", "replace")
            code = self.console.wait(ANSWER_SECONDS)
            self.console = None
            if code or "ERROR" in said:
                raise Failed(f"kafka-console-producer.sh ended with {code}: {said}")

    def end(self):
        """Returns when all is written and acknowledged."""
        self.kcat.stdin.close()
        code = self.kcat.wait(ANSWER_SECONDS)
        if code or "Delivery failed" in self.kcat_errors():
            raise Failed(f"kcat ended with {code}: {self.kcat_errors()[-2000:]}")
        self.wait_for_console()

    def kcat_errors(self):
        self.errors.seek(0)
        return self.errors.read()

    def close(self):
        for process in (self.kcat, self.console):
            if process and process.poll() is None:
                process.kill()
                process.wait()


class Record(collections.namedtuple("Record", "partition offset key value")):
    """A record as kcat has read it; a value of None deletes."""


def read_topic(topic):
    """All records of a topic by another client, those of a partition in their order."""
    command = composing("run", "--rm", "--no-deps", "-T", "kcat", "-C", "-t", topic, "-o", "beginning", "-e", "-q",
                        "-f", r"%p %o %K %S\n%k%s")
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=ANSWER_SECONDS,
                          check=False)
    if done.returncode:
        raise Failed(f"kcat cannot read {topic}: {done.stderr.decode('utf-8', 'replace')[-2000:]}")
    records, at = [], 0
    while at < len(done.stdout):
        line = done.stdout.index(b"\n", at)
        partition, offset, key, value = map(int, done.stdout[at:line].split())
        at = line + 1 + key
        text = None if value < 0 else done.stdout[at:at + value]
        records.append(Record(partition, offset, done.stdout[line + 1:at], text))
        at += max(0, value)
    return records


def last_of_each_key(records):
    return {record.key.decode("utf-8"): record for record in records}


@functools.lru_cache(maxsize=10_000)
def counted(text):
    return oracle.count([text])


def count(texts):
    """As the oracle does it; most texts were counted at the barrier before."""
    counts = collections.Counter()
    for text in texts:
        counts.update(counted(text))
    return counts


def name_of(job, document):
    """The name of an id in a receipt: those of files are percent-encoded, keys of a topic are not."""
    return urllib.parse.unquote(document) if job == "files" else document


class Snapshot:
    """One question to a job for its table and receipt, which a container works on meanwhile."""

    def __init__(self, out, job, number):
        self.job = job
        self.name = f"{job}-{number}"
        self.table, self.receipt_file = out / f"{self.name}.tsv", out / f"{self.name}.json"
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            driving(out, "snapshot", job, "--timeout", "120s", "--format", "tsv", "--output", f"/out/{self.name}.tsv",
                    "--receipt", f"/out/{self.name}.json", log="WARN"),
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def wait(self):
        said, _ = self.process.communicate(timeout=ANSWER_SECONDS)
        self.seconds = time.monotonic() - self.began
        if self.process.returncode:
            raise Failed(f"snapshot of {self.job} ended with {self.process.returncode} after {self.seconds:.1f} s: {said}")
        if "reading them again" in said:
            # The second reading may be right; but nothing here is slow enough for the first one not to be.
            raise Failed(f"snapshot of {self.job} had to be read again: {said}")
        self.receipt = json.loads(self.receipt_file.read_text(encoding="utf-8"))
        self.documents = {name_of(self.job, each["id"]): each for each in self.receipt["documents"]}
        return self

    def compare(self, texts):
        """The table is the oracle's count of texts by name, and the receipt names just these."""
        counts = count(texts.values())
        wanted = self.table.with_suffix(".oracle")
        wanted.write_text(oracle.table(counts), encoding="utf-8")
        same_table(self.table, wanted)
        if sorted(self.documents) != sorted(texts):
            raise Failed(f"receipt of {self.job}: {sorted(set(self.documents) ^ set(texts))[:10]} on one side only")
        for name, text in texts.items():
            if self.documents[name]["bytes"] != len(text):
                raise Failed(f"receipt of {self.job}: {name} has {len(text)} bytes, not {self.documents[name]['bytes']}")
        tokens = sum(counts.values())
        expected = {"name": self.job, "words": len(counts), "tokens": tokens, "documentCount": len(texts), "unreadable": []}
        for name, value in expected.items():
            if self.receipt[name] != value:
                raise Failed(f"receipt of {self.job}: {name} is {self.receipt[name]}, not {value}")
        if sum(each["tokens"] for each in self.documents.values()) != tokens:
            raise Failed(f"receipt of {self.job}: its documents do not add up to {tokens}")
        return counts

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Sizes:
    """What grows, or must not: the broker's disk by topic, the memory of each service, the time a driver takes to start."""

    def __init__(self):
        self.begun = time.monotonic()
        self.seen = collections.defaultdict(list)  # by name, (minutes, number)

    def add(self, name, number):
        self.seen[name].append(((time.monotonic() - self.begun) / 60, number))

    def measure(self):
        said = compose("exec", "-T", "broker", "sh", "-c", "du -sk /var/lib/kafka/data/*/ 2>/dev/null || true", quiet=False)
        topics = collections.Counter()
        for line in said.splitlines():
            kilobytes, folder = line.split(None, 1)
            topics[re.sub(r"-\d+$", "", folder.rstrip("/").rpartition("/")[2])] += int(kilobytes)
        self.add("disk MB: all", sum(topics.values()) / 1024)
        for topic, kilobytes in topics.items():
            if kilobytes > 500:
                self.add(f"disk MB: {topic}", kilobytes / 1024)
        for service in ("broker", "mapper", "reducer", *JOBS):
            for number, container in enumerate(containers(service)[:1] if service == "mapper" else containers(service)):
                status = pathlib.Path(f"/proc/{inspect(container, '{{.State.Pid}}')}/status").read_text()
                self.add(f"memory MB: {service}", int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024)

    def show(self):
        say("sizes: first, last, greatest, and slope a minute over the run")
        for name, points in sorted(self.seen.items()):
            minutes, numbers = zip(*points)
            middle, mean = sum(minutes) / len(points), sum(numbers) / len(points)
            spread = sum((at - middle) ** 2 for at in minutes)
            slope = sum((at - middle) * (number - mean) for at, number in points) / spread if spread else 0
            say(f"  {name:45} {numbers[0]:8.1f} {numbers[-1]:8.1f} {max(numbers):8.1f} {slope:+8.2f} ({len(points)} times)")


class Test:
    def __init__(self, data, out):
        self.chance = random.Random(SEED)
        self.data, self.out = data, out
        self.folder = Folder(data, random.Random(SEED + 1))
        fixed = data / "fixed"
        fixed.mkdir()
        for number, file in enumerate([*ROOT.glob("*.md"), *sorted(ROOT.rglob("src/main/java/**/*.java"))]):
            shutil.copy(file, fixed / f"{number}{file.suffix}")
        run("chmod", "-R", "a+rX", str(data))
        self.fixed = list(oracle.files(fixed))
        self.topic = None
        self.open = []  # what has to be ended if the test fails
        self.last = {}  # by job, the last snapshot and its counts
        self.number = 0
        self.sizes = Sizes()

    def __call__(self):
        try:
            self.test()
        finally:
            for each in self.open:
                each.close()

    def test(self):
        compose("run", "--rm", "--no-deps", "-T", "tools", "kafka-topics.sh", "--create", "--topic", TOPIC, "--partitions",
                str(PARTITIONS), "--config", "cleanup.policy=compact")
        self.topic = Topic(random.Random(SEED + 2))
        self.open.append(self.topic)
        # Else mappers would have next to nothing to do for documents that are as short as those of the topic.
        compose("up", "-d", "--no-build", "stream", env=dict(os.environ, MILLRACE_MAPPERS_ONLY="true"))
        compose("up", "-d", "--no-build", "watch")
        for service in JOBS:
            self.wait_for_driver(service, "has begun")
        self.round("calm", lambda: time.sleep(5))
        if not ROUND:
            self.round("4 mappers, killed mapper and reducer, a batch beside", self.grow)
            self.round("killed drivers, 2 mappers", self.lose_drivers, busy=True)
            self.round("restarted broker", self.lose_broker, console_edits=0)
            self.look()
        self.by_chance()
        self.read_results()
        self.sizes.show()
        say(f"edits: files {dict(self.folder.done)}, topic {dict(self.topic.done)}")

    def by_chance(self):
        end = time.monotonic() + 60 * MINUTES
        rounds = {
            "calm": lambda: time.sleep(10),
            "killed mapper": lambda: self.kill("mapper"),
            "killed reducer": lambda: self.kill("reducer"),
            "killed stream driver": lambda: self.kill("stream"),
            "killed watch driver": lambda: self.kill("watch"),
            "killed everything but the broker": self.kill_all,
            "killed broker": self.kill_broker,
            "restarted broker": self.lose_broker,
            "4 mappers, killed mapper and reducer, a batch beside": self.grow,
            "killed drivers, 2 mappers": self.lose_drivers,
        }
        while time.monotonic() < end:
            name = ROUND or self.chance.choice(list(rounds))
            self.round(name, rounds[name], busy=self.chance.randrange(3) == 0,
                       console_edits=0 if "broker" in name else 40)
            self.look()

    # ---- what happens while documents change

    def grow(self):
        batch = subprocess.Popen(
            driving(self.out, "count", "/data/fixed", "--chunk-size", "4KiB", "--format", "tsv",
                    "--output", "/out/batch.tsv"),
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        scaling(mapper=4)
        self.kill("mapper")
        self.kill("reducer")
        said, _ = batch.communicate(timeout=ANSWER_SECONDS)
        if batch.returncode:
            raise Failed(f"the batch ended with {batch.returncode}: {said}")
        wanted = self.out / "batch.oracle"
        wanted.write_text(oracle.table(oracle.count(self.fixed)), encoding="utf-8")
        same_table(self.out / "batch.tsv", wanted)
        check(True, f"a batch of {len(self.fixed)} files beside the continuous jobs, as the oracle counts it")

    def lose_drivers(self):
        for service in JOBS:
            self.kill(service)
            self.wait_for_driver(service, "goes on")
        scaling(mapper=2)
        check(len(containers("mapper")) == 2, "2 mappers")

    def lose_broker(self):
        time.sleep(3)
        restart_broker()
        time.sleep(3)

    def kill_broker(self):
        self.kill("broker")
        broker = containers("broker")[0]
        wait_for("broker healthy again", 120, lambda: inspect(broker, "{{.State.Health.Status}}") == "healthy")

    def kill_all(self):
        for service in ("mapper", "reducer", *JOBS):
            self.kill(service)

    def kill(self, service):
        kill_process(self.chance.choice(sorted(containers(service))), service)

    def wait_for_driver(self, service, words):
        """From the start of the process to the line by which it has taken its job up."""
        container = containers(service)[0]
        started = inspect(container, "{{.State.StartedAt}}")

        def line():
            said = docker("logs", "-t", "--since", started, container).splitlines()
            return next((instant(each.split()[0]) for each in said if each.endswith(words)), None)

        wait_for(f"{service} {words}", 90, line)
        seconds = line() - instant(started)
        say(f"{service}: its job {words} {seconds:.1f} s after the process began")
        if words == "goes on":
            self.sizes.add(f"seconds to go on: {service}", seconds)

    # ---- rounds and barriers

    def round(self, name, disturb, busy=False, console_edits=40):
        say(f"round: {name}")
        self.number += 1
        self.topic.begin(console_edits)
        editors = [Edits(self.folder.edit, self.folder.chance, 0.1), Edits(self.topic.edit, self.topic.chance, 0.1)]
        self.edit_elsewhere()
        disturb()
        self.topic.wait_for_console()
        editors[0].stop()
        if busy:
            self.busy_barrier()
        editors[1].stop()
        self.topic.end()
        self.barrier()
        self.sizes.measure()

    def edit_elsewhere(self):
        """Another container with the same folder."""
        compose("run", "--rm", "--no-deps", "-T", "editor",
                f"cd /data/d1 && mkdir -p inner && echo 'Round {self.number} of the mill' >inner/elsewhere.txt"
                " && echo more >>inner/growing.txt && cp inner/growing.txt inner/copy.txt && mv inner/copy.txt inner/moved.txt"
                " && if [ -e inner/gone ]; then rm -r inner/gone; else mkdir inner/gone && echo lost >inner/gone/lost.txt; fi")

    def snapshots(self, *jobs):
        taken = [Snapshot(self.out, job, self.number) for job in jobs]
        self.open.extend(taken)
        for each in taken:
            each.wait()
        return taken

    def barrier(self):
        files, docs = self.snapshots("files", "topic")
        texts = self.folder.texts()
        counts = files.compare(texts)
        for name, document in files.documents.items():
            self.folder.check_version(name, document)
        check(True, f"files: {len(texts)} documents in the versions that are there, {sum(counts.values())} tokens of "
                    f"{len(counts)} words as the oracle counts them, in {files.seconds:.1f} s")
        self.last["files"] = (files, counts)

        counts = docs.compare(self.topic.now)
        for key, record in last_of_each_key(read_topic(TOPIC)).items():
            if record.value != self.topic.now.get(key):
                raise Failed(f"the topic does not hold what was written last of {key}")
            if record.value is not None and docs.documents[key]["version"] != f"{record.partition}@{record.offset}":
                raise Failed(f"receipt: {key} is there as {record.partition}@{record.offset}, not "
                             f"{docs.documents[key]['version']}")
        check(True, f"topic: {len(self.topic.now)} documents in the versions that are there, {sum(counts.values())} tokens "
                    f"of {len(counts)} words as the oracle counts them, in {docs.seconds:.1f} s")
        self.last["topic"] = (docs, counts)

    def busy_barrier(self):
        """While the topic is written to: the table is that of the versions in the receipt, none older than the question."""
        before = last_of_each_key(read_topic(TOPIC))
        (taken,) = self.snapshots("topic")
        records = read_topic(TOPIC)
        versions = {(record.key.decode("utf-8"), f"{record.partition}@{record.offset}"): record for record in records}
        texts = {}
        for key, document in taken.documents.items():
            record = versions.get((key, document["version"]))
            if record is None or record.value is None:
                raise Failed(f"receipt: {key} was never there as {document['version']}")
            if key in before and record.offset < before[key].offset:
                raise Failed(f"receipt: {key} as {document['version']} was replaced at {before[key].offset} before it was asked")
            texts[key] = record.value
        for key, record in before.items():
            deleted = any(each.value is None and each.key.decode("utf-8") == key and each.offset >= record.offset
                          for each in records)
            if key not in texts and not deleted:
                raise Failed(f"receipt: {key} is missing, which was there before the question")
        counts = taken.compare(texts)
        written = len(records) - len({record for record in records if record.offset <= before.get(
            record.key.decode("utf-8"), record).offset})
        check(True, f"topic: while {written} records were written, {len(texts)} documents in versions that the receipt "
                    f"names, {sum(counts.values())} tokens as the oracle counts them, in {taken.seconds:.1f} s")

    # ---- what is asked of a job in between

    def ask(self, *arguments, code=0):
        done = subprocess.run(driving(self.out, *arguments), cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=ANSWER_SECONDS, check=False)
        if done.returncode != code:
            raise Failed(f"{' '.join(arguments)} ended with {done.returncode}, not {code}: {done.stderr[-2000:]}")
        return done.stdout

    def look(self):
        """Nothing changes meanwhile: the job is at its last barrier."""
        for job, texts in (("files", self.folder.texts()), ("topic", self.topic.now)):
            counts = self.last[job][1]
            live = json.loads(self.ask("top", "--json", "--job", job))
            wanted = {"documents": len(texts), "tokens": sum(counts.values()), "words": len(counts)}
            if live["documents"] is None:
                # Not known: what the driver said last was cleared away, and of an idle job it says nothing new.
                say(f"{job}: top does not know the number of documents")
                del wanted["documents"]
            if {name: live[name] for name in wanted} != wanted:
                raise Failed(f"top of {job}: {live}, not {wanted}")
            if [each["count"] for each in live["top"]] != [count for _, count in counts.most_common(20)]:
                raise Failed(f"top of {job}: {live['top']} is not {counts.most_common(20)}")
            words = [word for word, _ in self.chance.sample(sorted(counts.items()), 5)] + ["no-such-word"]
            wanted = "".join(f"{word}\t{counts[word]}\n" for word in words)
            if self.ask("get", "--job", job, *words) != wanted:
                raise Failed(f"get of {job} is not {wanted!r}")
            word = counts.most_common(30)[-1][0]
            holding = {name: counted(text)[word] for name, text in texts.items() if counted(text)[word]}
            said = [line.split("\t") for line in self.ask("why", "--job", job, word).splitlines()]
            # What is printed is for people: these names are, without escapes, what they are.
            if {name: int(number) for number, name in said} != holding:
                raise Failed(f"why of {job}: {said} for {word} is not {holding}")
            check(True, f"{job}: top, get and why ('{word}' in {len(said)} documents) as the oracle says")
        older, newer = (self.out / f"files-{number}.oracle" for number in (self.number - 1, self.number))
        changed = set(older.read_text().splitlines()) ^ set(newer.read_text().splitlines())
        words = {line.rpartition("\t")[0] for line in changed}
        said = self.ask("diff", f"/out/files-{self.number - 1}.tsv", f"/out/files-{self.number}.tsv", code=1 if words else 0)
        if {line.split("\t")[0] for line in said.splitlines()} != words:
            raise Failed(f"diff does not name the {len(words)} words whose counts differ")
        check(True, f"diff names the {len(words)} words whose counts differ")

    def read_results(self):
        for job in JOBS.values():
            snapshot, counts = self.last[job]
            held = last_of_each_key(read_topic("millrace.results." + snapshot.receipt["job"]))
            live = {word: struct.unpack(">q", record.value)[0] for word, record in held.items() if record.value is not None}
            if live != dict(counts):
                raise Failed(f"the results of {job} as kcat reads them: {len(live)} words, not {len(counts)}")
            check(True, f"{job}: kcat reads {len(live)} words and {len(held) - len(live)} tombstones from its results")


def install(package):
    """Returns its command of the same name."""
    if shutil.which(package) is None:
        try:
            run("apt-get", "install", "-y", "-qq", "--no-install-recommends", package, timeout=300)
        except Failed:
            run("apt-get", "update", "-qq", timeout=300)
            run("apt-get", "install", "-y", "-qq", "--no-install-recommends", package, timeout=300)
    return shutil.which(package)


class Mount:
    """A second view of a folder, as of another machine: what is edited in the first notifies nobody in the second."""

    def __init__(self, folder, view):
        self.view = None
        if not os.path.exists("/dev/fuse"):
            say("skipped: the folder that notifies nobody; there is no /dev/fuse")
            return
        # Nothing is remembered, or the mount itself would answer with what was there a second ago.
        run(install("bindfs"), "-o", "attr_timeout=0,entry_timeout=0,negative_timeout=0", str(folder), str(view))
        self.view = view

    def close(self):
        if self.view:
            run("umount", str(self.view))


def make_kcat_image():
    """Debian's kcat and the libraries it is linked to, nothing else."""
    binary = install("kcat")
    files = [binary, *re.findall(r"/\S+", "\n".join(run("ldd", binary).splitlines()))]
    packed = subprocess.Popen(["tar", "-c", "--dereference", "--absolute-names", *dict.fromkeys(files)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    done = subprocess.run(["docker", "import", "-", f"{PROJECT}/kcat"], stdin=packed.stdout, capture_output=True, check=False)
    if packed.wait() or done.returncode:
        raise Failed(f"no image of kcat: {done.stderr.decode('utf-8', 'replace')}")


def main():
    say(f"seed {SEED}")
    make_kcat_image()
    OVERLAYS.append("deploy/e2e/clients.yml")
    work = pathlib.Path(tempfile.mkdtemp(prefix="millrace-e2e-"))
    work.chmod(0o755)
    data, view, out = work / "data", work / "view", work / "out"
    for folder in (data, view, out):
        folder.mkdir()
    out.chmod(0o777)  # the driver in its container is another user
    test = Test(data, out)
    mount = Mount(data, view)
    try:
        on_a_cluster(mount.view or data, test, ["init", "broker", "mapper", "reducer", *JOBS], mapper=1, reducer=1)
    finally:
        mount.close()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    try:
        main()
    except (Failed, subprocess.TimeoutExpired) as failure:
        sys.exit(f"[e2e] FAILED, seed {SEED}: {failure}")
