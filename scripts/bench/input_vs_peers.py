"""Takes turns between our input pipeline and others': see input-vs-peers."""

import argparse
import io
import json
import os
import pathlib
import statistics
import sys

from PIL import Image

from bench_images import photographs
from bench_turns import Side, machine

HERE = pathlib.Path(__file__).parent
SIZE = 224


def ours_command(arguments, transform, images):
    return ["java", "-Xmx1g", "-XX:+UseSerialGC", "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0", "-cp", arguments.classpath,
            "org.sandglass.job.Sandglass", "bench", "input", "--images", str(images), "--transform", transform, "--json",
            "--on-request"]


def compare(arguments, transform, images):
    """One line of JSON: every side warmed up, then rounds in turn."""
    processor = str(arguments.processor)
    environment = {"OMP_NUM_THREADS": "1"}
    commands = {"ours": ours_command(arguments, transform, images)}
    if transform == "evaluation":
        commands["ours"] += ["--levels", str(arguments.work / "levels")]
    for peer in ("pillow", "tensors", "dali"):
        python = arguments.dali if peer == "dali" else sys.executable
        commands[peer] = [python, str(HERE / "input_peer.py"), peer, transform, str(images)]
    sides, missing = {}, {}
    try:
        for name, command in commands.items():
            side = Side(command, environment, processor, arguments.work / f"input-{transform}-{name}.log")
            if side.ready(240):
                sides[name] = side
            else:
                missing[name] = side.last_words()
                side.close()
        if "ours" in missing:
            sys.exit(f"Cannot compare: ours did not start: {missing['ours']}")
        rates, names = {name: [] for name in sides}, {}
        for _ in range(arguments.rounds):
            for name, side in sides.items():
                answer = side.round()
                names[name] = answer.get("peer", name)
                rates[name].append(answer["images"] / answer["seconds"])
    finally:
        for side in sides.values():
            side.close()
    medians = {name: statistics.median(values) for name, values in rates.items()}
    ours = medians.pop("ours")
    return {"name": f"input-{transform}", "machine": machine(), "threads": 1, "ours": round(ours, 1),
            "peers": {names[name]: round(rate, 1) for name, rate in medians.items()},
            "ratio": round(ours / max(medians.values()), 3), "ratioToPillow": round(ours / medians["pillow"], 3),
            "better": "higher", "runs": arguments.rounds, "missing": missing}


def worst_level(levels, images):
    """The largest difference of our evaluation transform from Pillow's, in levels of 255."""
    worst = 0
    with open(levels, "rb") as found:
        for file in sorted(file for file in images.rglob("*") if file.is_file()):
            image = Image.open(io.BytesIO(file.read_bytes())).convert("RGB")
            shorter = min(image.size)
            image = image.resize([256 * side // shorter for side in image.size], Image.Resampling.BILINEAR)
            left, top = (int(round((side - SIZE) / 2)) for side in image.size)
            planes = image.crop((left, top, left + SIZE, top + SIZE)).split()
            expected = b"".join(plane.tobytes() for plane in planes)
            actual = found.read(len(expected))
            worst = max(worst, max(abs(a - b) for a, b in zip(expected, actual, strict=True)))
    return worst


def main():
    parser = argparse.ArgumentParser(prog="input-vs-peers")
    parser.add_argument("--work", required=True, type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--dali", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--classpath", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--processor", type=int, default=max(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    images = photographs(arguments.work / "photographs")

    lines = [compare(arguments, transform, images) for transform in ("training", "evaluation")]
    for line in lines:
        print(json.dumps(line), flush=True)
    worst = worst_level(arguments.work / "levels", images)
    slowest = min(lines, key=lambda line: line["ratio"])
    print(json.dumps({**slowest, "name": "input-vs-peers", "worstCase": slowest["name"],
                      "ratios": {line["name"]: line["ratio"] for line in lines},
                      "ratiosToPillow": {line["name"]: line["ratioToPillow"] for line in lines},
                      "levelsOffPillow": worst}))
    sys.exit(0 if worst <= 1 else 1)


if __name__ == "__main__":
    main()
