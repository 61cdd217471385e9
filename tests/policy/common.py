"""What the parts of tests/policy/run share: SCRIPT WORK REDIS-SOCKET, BUILD as everywhere."""
import os
import subprocess
import sys

WORK, SOCKET = sys.argv[1:]
BUILD = os.environ.get("BUILD", "build")
REDIS = f"unix:{SOCKET}"
counts = [0, 0]


def say(good, name, why=""):
    counts[not good] += 1
    print(f"ok {name}" if good else f"not ok {name}: {why}", flush=True)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


def must(*command):
    """What it printed; the end of the script where it fails."""
    done = run(*command)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit {done.returncode}: {done.stderr}")
    return done.stdout


def redis(*words):
    return run("redis-cli", "-s", SOCKET, *words).stdout


def record(capture):
    must(f"{BUILD}/tlsvane-sensor", "-r", capture, "--redis", REDIS, "--name", "test", "--spool", f"{WORK}/spool")


def end():
    print(f"{counts[0]} passed, {counts[1]} failed")
    sys.exit(counts[1] > 0)
