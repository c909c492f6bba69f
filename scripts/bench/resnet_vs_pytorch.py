"""Takes turns between our training step and PyTorch's: see resnet-vs-pytorch.

Both sides are processes that live as long as a case, and time a few steps whenever they are asked to.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

from bench_images import cifar_images, photographs
from bench_turns import Side, machine

MODELS = {"resnet50": (32, 1), "cifar-resnet20": (128, 8)}  # samples of a step, steps of a round
CASES = [f"{model}-{precision}{pipeline}" for pipeline in ("", "-input") for model in MODELS
         for precision in ("f32", "bf16")]
SETTINGS = ["channels_last", "contiguous", "channels_last+compile"]
HERE = pathlib.Path(__file__).parent


class Case:
    def __init__(self, name, threads, arguments):
        self.name = name
        self.threads = threads
        self.arguments = arguments
        self.pipeline = name.endswith("-input")
        self.model, self.precision = name.removesuffix("-input").rsplit("-", 1)
        self.batch, self.steps = MODELS[self.model]
        self.processors = ",".join(map(str, sorted(os.sched_getaffinity(0))[:threads]))
        self.environment = {"OMP_NUM_THREADS": str(threads)}

    def images(self):
        if self.model.startswith("cifar"):
            return cifar_images(self.arguments.work / "cifar")
        return photographs(self.arguments.work / "photographs")

    def ours(self):
        command = ["java", "-Xmx1g", "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0", "-cp", self.arguments.classpath,
                   "org.sandglass.job.Sandglass", "bench", "step", "--model", self.model, "--batch", str(self.batch),
                   "--threads", str(self.threads), "--precision", self.precision, "--steps", str(self.steps),
                   "--warmup", str(2 * self.steps), "--json", "--on-request"]
        if self.pipeline:
            command += ["--images", str(self.images())]
        # Threads that spin while they wait take the processor from those that decode.
        waiting = {"OMP_WAIT_POLICY": "passive"} if self.pipeline else {}
        return self.start(command, "ours", waiting)

    def pytorch(self, setting):
        command = [sys.executable, str(HERE / "pytorch_step.py"), "--model", self.model, "--batch", str(self.batch),
                   "--threads", str(self.threads), "--precision", self.precision, "--steps", str(self.steps),
                   "--warmup", str(2 * self.steps), "--setting", setting]
        if self.pipeline:
            command += ["--images", str(self.images())]
        return self.start(command, setting)

    def start(self, command, name, environment=None):
        log = self.arguments.work / f"{self.name}-{self.threads}-{name}.log"
        return Side(command, {**self.environment, **(environment or {})}, self.processors, log)

    def trial(self):
        """The fastest of PyTorch's settings, and what each of them gave: images/s, or why there are none."""
        found = {}
        settings = SETTINGS[:2] if self.arguments.quick else SETTINGS
        for setting in settings:
            if "compile" in setting and not (shutil.which("c++") or shutil.which("g++")):
                found[setting] = "no C++ compiler"
                continue
            side = self.pytorch(setting)
            try:
                if side.ready(300):
                    found[setting] = self.batch / min(side.round()["seconds"] + side.round()["seconds"])
                else:
                    found[setting] = side.last_words() or "did not end within five minutes"
            finally:
                side.close()
        rates = {setting: rate for setting, rate in found.items() if isinstance(rate, float)}
        if not rates:
            raise RuntimeError(f"Cannot compare: PyTorch does not run: {found}")
        return max(rates, key=rates.get), found

    def run(self):
        base = {"name": self.name, "threads": self.threads, "batch": self.batch, "better": "higher"}
        ours = self.ours()
        try:
            if not ours.ready(300):
                return {**base, "ours": None, "ratio": None, "reason": ours.last_words()}
            ours_first = self.batch / min(ours.round()["seconds"])
            best, trials = self.trial()
            peer = self.pytorch(best)
            try:
                if not peer.ready(300):
                    raise RuntimeError(f"Cannot compare: {best} ran once and not again, see {peer.log.name}")
                rounds = []
                for _ in range(3 if self.arguments.quick else self.arguments.rounds):
                    rounds.append((statistics.median(ours.round()["seconds"]), statistics.median(peer.round()["seconds"])))
                memory = {"ours": ours.peak_bytes(), "peer": peer.peak_bytes()}
                profile = ours.round("profile")
            finally:
                peer.close()
        finally:
            ours.close()
        our_rate, peer_rate = (self.batch / statistics.median(side) for side in zip(*rounds))
        return {**base, "ours": round(our_rate, 2), "peers": {f"{version()} {best}": round(peer_rate, 2)},
                "ratio": round(our_rate / peer_rate, 3),
                "roundRatios": [round(peer / our, 3) for our, peer in rounds],
                "trials": {"ours": round(ours_first, 2),
                           **{k: round(v, 2) if isinstance(v, float) else v for k, v in trials.items()}},
                "peakBytes": memory, "memoryRatio": round(memory["ours"] / memory["peer"], 3), "convolutionShare": round(profile["convolutionSeconds"] / (self.batch / our_rate), 3),
                "convolutionsOfPeak": round(self.of_peak(profile), 3), "runs": len(rounds)}

    @staticmethod
    def of_peak(profile):
        """How fast the convolutions are, as a share of a matrix product."""
        flops = sum(layer["flops"] for layer in profile["layers"])
        return flops / profile["convolutionSeconds"] / profile["peakFlops"]


def version():
    return subprocess.run([sys.executable, "-c", "import torch; print('pytorch', torch.__version__)"], check=True,
                          capture_output=True, text=True).stdout.strip()


def main():
    parser = argparse.ArgumentParser(prog="resnet-vs-pytorch")
    parser.add_argument("--work", required=True, type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--classpath", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, action="append", help="2 and 1 by default; repeatable")
    parser.add_argument("--cases", default=",".join(CASES), help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    names = arguments.cases.split(",")
    unknown = [name for name in names if name not in CASES]
    if unknown:
        parser.error(f"unknown cases {unknown}; there are {CASES}")
    processors = len(os.sched_getaffinity(0))
    widths = arguments.threads or [threads for threads in (2, 1) if threads <= processors]
    if max(widths) > processors:
        parser.error(f"{max(widths)} threads on {processors} processors")

    lines = []
    started = time.time()
    for threads in widths:
        for name in names:
            line = {**Case(name, threads, arguments).run(), "machine": machine()}
            print(json.dumps(line), flush=True)
            lines.append(line)
    judged = [line for line in lines if line["ratio"] is not None]
    worst = min(judged, key=lambda line: line["ratio"], default=None)
    print(json.dumps({
        "name": "resnet-vs-pytorch", "machine": machine(), "threads": widths, "better": "higher",
        "ours": worst and worst["ours"], "peers": worst and worst["peers"], "ratio": worst and worst["ratio"],
        "worstCase": worst and f"{worst['name']} on {worst['threads']}", "runs": worst and worst["runs"],
        "ratios": {f"{line['name']}/{line['threads']}": line["ratio"] for line in lines},
        "convolutionShares": {f"{line['name']}/{line['threads']}": line["convolutionShare"] for line in judged},
        "memoryRatios": {f"{line['name']}/{line['threads']}": line["memoryRatio"] for line in judged},
        "minutes": round((time.time() - started) / 60, 1)}))


if __name__ == "__main__":
    main()
