"""A process that times something whenever it is asked to, so that several can take turns."""

import json
import os
import pathlib
import subprocess
import threading


class Side:
    """Prints `ready` when it has warmed up, and then a line of JSON for every line that it gets."""

    def __init__(self, command, environment, processors, log):
        self.log = open(log, "w", encoding="utf-8")
        self.process = subprocess.Popen(
            ["taskset", "-c", processors, *command], env={**os.environ, **environment}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log)

    def ready(self, limit):
        """Whether it has warmed up within so many seconds."""
        watch = threading.Timer(limit, self.process.kill)
        watch.start()
        try:
            while line := self.process.stdout.readline():
                if line.strip() == "ready":
                    return True
            return False
        finally:
            watch.cancel()

    def request(self, what=""):
        """Asks for one round, whose answer `answer` returns."""
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"Cannot go on: a side has ended, see {self.log.name}")
        return json.loads(line)

    def round(self, what=""):
        self.request(what)
        return self.answer()

    def peak_bytes(self):
        """VmHWM of the process, without the processes that it has started."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        return 0

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def last_words(self):
        lines = [line for line in pathlib.Path(self.log.name).read_text(encoding="utf-8").splitlines() if line.strip()]
        return lines[-1][:300] if lines else ""


def machine():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"
