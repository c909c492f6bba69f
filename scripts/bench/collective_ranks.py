"""Groups of processes that sum on command, for the benchmarks of collectives: ours, Gloo's, Open MPI's.

Every rank, whatever its library, reads commands from a pipe and answers through another (see BenchmarkRank in ops' test
sources), sleeping in between. So several groups can be alive at a time and take turns, and none pays for its start.
"""

import os
import pathlib
import platform
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "target" / "bench"
PEERS = ROOT / "scripts" / "bench" / "peers"
SIZES = {"KiB": 1 << 10, "MiB": 1 << 20}


class Failed(Exception):
    """A group that could not be started, or died."""


def say(message):
    print(message, file=sys.stderr, flush=True)


def stop(message):
    say(message)
    sys.exit(1)


def parse_size(text):
    """Bytes of a size like 4KiB or 100MiB."""
    for unit, factor in SIZES.items():
        if text.endswith(unit) and text[: -len(unit)].isdigit():
            return int(text[: -len(unit)]) * factor
    raise ValueError(f"no size: {text}; write 4KiB or 100MiB")


def machine():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def classpath(build):
    """The class path of ops with its tests, compiled first if `build`."""
    file = WORK / "classpath"
    if build or not file.exists():
        WORK.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["mvn", "-B", "-q", "-pl", "ops", "test-compile", "dependency:build-classpath",
             "-Dmdep.includeScope=test", f"-Dmdep.outputFile={file}"],
            cwd=ROOT, check=True, stdout=sys.stderr)
    target = ROOT / "ops" / "target"
    return f"{target / 'test-classes'}:{target / 'classes'}:{file.read_text(encoding='utf-8').strip()}"


def python_with_torch():
    """A Python that has PyTorch: SANDGLASS_PYTHON, or one that is installed here first."""
    named = os.environ.get("SANDGLASS_PYTHON")
    python = named or str(WORK / "venv" / "bin" / "python")
    if shutil.which(python) and not subprocess.run(
            [python, "-c", "import torch"], capture_output=True, check=False).returncode:
        return python
    if named:
        stop(f"Cannot compare with Gloo: {named} lacks torch")
    say(f"Installing PyTorch into {WORK / 'venv'}")
    subprocess.run([sys.executable, "-m", "venv", str(WORK / "venv")], check=True)
    install = [python, "-m", "pip", "install", "--quiet", "numpy", "torch"]
    cpu_only = ["--index-url", "https://download.pytorch.org/whl/cpu"]
    if subprocess.run(install + cpu_only, check=False, stderr=subprocess.DEVNULL).returncode:
        subprocess.run(install, check=True)
    return python


def open_mpi():
    """Our peer compiled with mpicc; installs Debian's Open MPI if it can."""
    if not shutil.which("mpicc"):
        packages = ["openmpi-bin", "libopenmpi-dev"]
        if os.geteuid() or not shutil.which("apt-get"):
            stop(f"Cannot compare with Open MPI: no mpicc; install {' '.join(packages)}, or leave it out: --peers gloo")
        say(f"Installing {' '.join(packages)}")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "install", "-y", "-q", *packages], check=True, stdout=sys.stderr, env=environment)
    program = WORK / "mpi_rank"
    subprocess.run(["mpicc", "-O3", "-march=native", "-o", str(program), str(PEERS / "mpi_rank.c")], check=True)
    return str(program)


def java(classes, heap="256m"):
    """The command that starts one of ours."""
    return ["java", f"-Xmx{heap}", "-XX:MaxDirectMemorySize=2g", "-cp", classes]


class Group:
    """Ranks that are started by `commands`: one per rank, or a single one that starts them all.

    `{directory}` in a command stands for the group's pipes.
    """

    def __init__(self, name, ranks, commands, environment=None, patience=120):
        self.name = name
        self.ranks = ranks
        self.patience = patience
        self.directory = tempfile.mkdtemp(prefix="sandglass-bench-")
        self.log = open(os.path.join(self.directory, "log"), "w+", encoding="utf-8")
        self.inputs, self.outputs, self.rest = [], [], [b""] * ranks
        for rank in range(ranks):
            for suffix, ends in (("in", self.inputs), ("out", self.outputs)):
                path = os.path.join(self.directory, f"{rank}.{suffix}")
                os.mkfifo(path)
                # Open for both, or opening would wait for the other side.
                ends.append(os.open(path, os.O_RDWR))
        self.processes = [
            subprocess.Popen(
                [word.replace("{directory}", self.directory) for word in command],
                stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                env={**os.environ, **(environment or {})}, cwd=ROOT, start_new_session=True)
            for command in commands]
        try:
            addresses = [words[1] for words in self.answers()]
            self.command("JOIN " + " ".join(addresses))
        except BaseException:
            self.close()
            raise

    def command(self, line):
        """Tells all ranks to do something; their answers' words."""
        for end in self.inputs:
            os.write(end, (line + "\n").encode())
        return self.answers()

    def answers(self):
        return [self.answer(rank).split() for rank in range(self.ranks)]

    def answer(self, rank):
        deadline = time.monotonic() + self.patience
        while b"\n" not in self.rest[rank]:
            if select.select([self.outputs[rank]], [], [], 0.5)[0]:
                self.rest[rank] += os.read(self.outputs[rank], 1 << 16)
            elif any(process.poll() is not None for process in self.processes) or time.monotonic() > deadline:
                raise Failed(f"{self.name}, rank {rank} of {self.ranks}, does not answer: {self.last_words()}")
        line, self.rest[rank] = self.rest[rank].split(b"\n", 1)
        return line.decode()

    def last_words(self):
        self.log.seek(0)
        return "\n".join(self.log.read().splitlines()[-15:])

    def run(self, size, warmup, iterations, over_ranks=statistics.fmean):
        """Seconds of each sum: the mean over the ranks, or what `over_ranks` makes of theirs."""
        answers = self.command(f"RUN {size} {warmup} {iterations}")
        return [over_ranks(map(float, times)) / 1e9 for times in zip(*(words[1:] for words in answers))]

    def warm_up(self, size, seconds):
        """Sums for about so long; seconds of one."""
        end = time.monotonic() + seconds
        times = self.run(size, 1, 3)
        # The first ones are slow, so time is what counts, and not their number.
        while (left := end - time.monotonic()) > 4 * statistics.fmean(times):
            times = self.run(size, 0, min(20_000, int(left / statistics.fmean(times))))
        return statistics.median(times)

    def close(self):
        for process, end in zip(self.processes, self.inputs):
            if process.poll() is None:
                os.write(end, b"QUIT\n")
        for end in self.inputs[len(self.processes):]:
            os.write(end, b"QUIT\n")
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for end in self.inputs + self.outputs:
            os.close(end)
        self.log.close()
        shutil.rmtree(self.directory)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def rounded(value):
    """The value with four digits, in dictionaries and lists too."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: rounded(inner) for name, inner in value.items()}
    return [rounded(inner) for inner in value] if isinstance(value, list) else value
