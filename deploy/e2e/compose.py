"""What the tests with containers have in common: one Compose project, brought up, looked into and taken down.

Settings, by environment:

    COMPOSE              "docker compose" or "docker-compose"; default the first that works
    MILLRACE_E2E_HOLD    seconds for which a test that failed leaves its cluster up, to be looked at; default 0
"""

import datetime
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROJECT = "millrace-e2e"
STARTED = time.monotonic()


class Failed(Exception):
    pass


def say(text):
    print(f"[e2e {time.monotonic() - STARTED:6.1f}s] {text}", flush=True)


def check(condition, text):
    if not condition:
        raise Failed(text)
    say(f"ok: {text}")


def run(*command, timeout=180, quiet=True, **more):
    """Runs a command to its end; its output is shown only where it fails."""
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, timeout=timeout, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT if quiet else None, **more)
    if done.returncode != 0:
        raise Failed(f"{shlex.join(map(str, command))} ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout.strip()


def docker(*arguments, **more):
    return run("docker", *arguments, **more)


def find_compose():
    asked = os.environ.get("COMPOSE")
    for candidate in [asked] if asked else ["docker compose", "docker-compose"]:
        command = shlex.split(candidate)
        if shutil.which(command[0]) and subprocess.run(
                [*command, "version"], stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0:
            return command
    raise Failed("neither docker compose nor docker-compose works")


COMMAND = []
OVERLAYS = []  # files beside docker-compose.yml, seen from the root of the project


def compose(*arguments, **more):
    return run(*composing(*arguments), **more)


def composing(*arguments):
    """v1 looks for paths of all files from the folder of the first."""
    files = [option for file in ("docker-compose.yml", *OVERLAYS) for option in ("-f", file)] if OVERLAYS else []
    return [*COMMAND, *files, "-p", PROJECT, *arguments]


def driving(folder, *arguments, log="ERROR"):
    """The command line that runs a command of the driver with a folder for its files at /out."""
    return composing("run", "--rm", "--no-deps", "-T", "-e", f"MILLRACE_LOG_LEVEL={log}", "-v", f"{folder}:/out", "driver",
                     *arguments)


def scaling(**services):
    """Brings services to so many containers, and leaves those that run alone."""
    wanted = [option for service, count in services.items() for option in ("--scale", f"{service}={count}")]
    compose("up", "-d", "--no-recreate", "--no-build", *wanted)


def containers(service):
    return compose("ps", "-q", service, quiet=False).split()


def inspect(container, template):
    return docker("inspect", "-f", template, container)


def instant(text):
    """Seconds since 1970 of what Docker prints, nanoseconds and all."""
    whole, _, rest = text.rstrip("Z").partition(".")
    moment = datetime.datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    return moment.timestamp() + float("0." + (re.match(r"\d*", rest).group() or "0"))


def wait_for(what, seconds, condition):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(0.1)


def kill_process(container, what):
    """kill -9 from outside, as a kernel out of memory would: the restart policy brings the container back."""
    restarts = int(inspect(container, "{{.RestartCount}}"))
    os.kill(int(inspect(container, "{{.State.Pid}}")), signal.SIGKILL)
    wait_for(f"{what} back after kill -9", 60,
             lambda: int(inspect(container, "{{.RestartCount}}")) > restarts
             and inspect(container, "{{.State.Status}}") == "running")
    say(f"killed {what} {container[:12]} from the host; it is back")


def restart_broker():
    broker = containers("broker")[0]
    began = time.monotonic()
    docker("restart", broker)
    wait_for("broker healthy again", 120, lambda: inspect(broker, "{{.State.Health.Status}}") == "healthy")
    say(f"broker restarted, healthy in {time.monotonic() - began:.1f} s")


def same_table(table, oracle):
    """Compares two files byte for byte."""
    if table.read_bytes() != oracle.read_bytes():
        differences = subprocess.run(f"diff {shlex.quote(str(oracle))} {shlex.quote(str(table))} | head -n 20", shell=True,
                                     stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
        raise Failed(f"the counts are not the oracle's (<), but (>):\n{differences.stdout}")


def leftovers():
    label = f"label=com.docker.compose.project={PROJECT}"
    return {kind: found for kind, found in {
        "containers": docker("ps", "-aq", "--filter", label),
        "volumes": docker("volume", "ls", "-q", "--filter", label),
        "networks": docker("network", "ls", "-q", "--filter", label)}.items() if found}


def show_logs(services):
    for service in services:
        logs = subprocess.run(composing("logs", "--no-color", "--tail", "40", service), cwd=ROOT,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=60, check=False)
        print(f"--- {service}\n{logs.stdout}", flush=True)


def on_a_cluster(folder, test, services=("init", "broker", "mapper", "reducer"), **scales):
    """Builds the images, brings a cluster up that sees a folder as /data, tests it, and takes it down.

    Whatever happens, nothing is left of it. Where the test fails, the ends of the services' logs are printed first.
    """
    COMMAND[:] = find_compose()
    os.environ.update(MILLRACE_DATA=str(folder), MILLRACE_TAG="e2e", COMPOSE_PROFILES="", COMPOSE_ANSI="never")
    if leftovers():
        compose("--profile", "*", "down", "-v", "--remove-orphans")
    say(f"{shlex.join(COMMAND)} {compose('version', '--short')}")
    try:
        # Services by name, because the driver's stand under profiles that `up` leaves out.
        compose("build", "init", "mapper", "reducer", timeout=300)
        began = time.monotonic()
        scaling(**scales)
        wait_for("mapper and reducer healthy", 60, lambda: all(
            inspect(container, "{{.State.Health.Status}}") == "healthy"
            for service in ("mapper", "reducer") for container in containers(service)))
        say(f"the cluster is up and healthy after {time.monotonic() - began:.1f} s")
        test()
    except (Failed, subprocess.TimeoutExpired) as failure:
        show_logs(services)
        hold = float(os.environ.get("MILLRACE_E2E_HOLD", "0"))
        if hold:
            say(f"failed, the cluster stays for {hold:.0f} s: {failure}")
            time.sleep(hold)
        raise
    finally:
        compose("--profile", "*", "down", "-v", "--remove-orphans", "-t", "45", timeout=180)
    left = leftovers()
    check(not left, f"nothing is left after down -v {left or ''}")
    say("passed")
