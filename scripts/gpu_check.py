"""Checks the CUDA device on a machine with GPUs. See gpu-check."""

import argparse
import fnmatch
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import time
import typing
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACK = ROOT / "target" / "gpu-check"
CLASSES = ["ops/target/classes", "ops/target/test-classes"]
MODULES = "java.base,java.logging,java.management,jdk.management,jdk.unsupported"
# Of what the tests depend on: what the contract, the device and its tests load.
JARS = re.compile(
    r"/(javacpp|cuda|slf4j-api|slf4j-simple|jspecify|junit-[a-z-]+|opentest4j|apiguardian-api|assertj-core|univocity-parsers|jackson-[a-z]+)"
    r"-[^/]*\.jar$"
)
FOREIGN = re.compile(r"org/bytedeco/cuda/linux-x86_64/.*\.(so|h)")
BINDINGS = ("cudart", "cublas", "cudnn", "nvrtc", "nccl", "cublasLt")
WHEELS = ROOT / "scripts" / "nvidia-libraries.txt"
PRECISIONS = ["f32", "tf32", "bf16", "f16"]
CHECK = "org.sandglass.ops.device.cuda.GpuCheck"
PARITY = ROOT / "scripts" / "bench" / "pytorch_parity.py"
# Model, classes, size, batch, iterations, learning rate.
PARITIES = [("cifar-resnet20", 10, 32, 32, 10, 0.02), ("resnet50", 1000, 224, 8, 10, 0.0005)]
# Where containers have the driver.
DRIVER = pathlib.Path("/usr/local/nvidia")


class Run(typing.NamedTuple):
    """One thing that is run, and after how many seconds it is given up. Without arguments: against PyTorch."""

    name: str
    seconds: int
    arguments: tuple = ()
    parity: tuple = ()

    def command(self):
        return " ".join([CHECK.rsplit(".", 1)[1], *self.arguments] if self.arguments else ["ParityRun cuda", *map(str, self.parity)])


def runs():
    """What is run, first what tells most in the least time."""
    yield Run("machine", 60, ("machine",))
    for precision in PRECISIONS:
        for graphs in ([], ["graphs"]):
            yield Run("-".join(["resnet50", precision, *graphs]), 90, ("speed", "resnet50", "224", "64", "20", precision, *graphs))
    yield Run("contract", 300, ("contract",))
    yield Run("nccl", 60, ("nccl", "100"))
    for model in PARITIES:
        yield Run(f"pytorch-{model[0]}", 300, parity=model)


def sonames():
    """What the device loads, as the sources or the packed classes list it."""
    listed = pathlib.Path("org", "sandglass", "ops", "device", "cuda", "libraries.txt")
    places = [ROOT / "ops" / "src" / "main" / "resources" / listed, PACK / "classes" / listed]
    return next(place for place in places if place.is_file()).read_text().split()


def mebibytes(path):
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file() and not file.is_symlink()]
    return round(sum(file.stat().st_size for file in files) / 2**20, 1)


def java():
    """A Java to run with, or None: what was carried, JAVA_HOME's, the path's."""
    found = [PACK / "jdk" / "bin" / "java", pathlib.Path(os.environ.get("JAVA_HOME", "/none"), "bin", "java")]
    on_path = shutil.which("java")
    if on_path:
        found.append(pathlib.Path(on_path))
    return next((str(path) for path in found if path.is_file()), None)


def class_path():
    return [str(PACK / "classes"), str(PACK / "test-classes"), str(PACK / "lib" / "*")]


def libraries():
    """Where each of NVIDIA's libraries is: soname to folder, None for the loader's own, absent if it is nowhere."""
    places = [pathlib.Path(os.environ["SANDGLASS_NVIDIA"])] if "SANDGLASS_NVIDIA" in os.environ else []
    places += [PACK / "nvidia", ROOT / "target" / "nvidia"]
    for scheme in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        places.append(pathlib.Path(scheme) / "nvidia")
    found = {}
    for place in places:
        for soname in sonames():
            if soname not in found and place.is_dir():
                hit = next(place.rglob(soname), None)
                if hit:
                    found[soname] = str(hit.parent)
    searched = [pathlib.Path(folder) for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]
    known = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=False).stdout if shutil.which("ldconfig") else ""
    for soname in sonames():
        if soname not in found and (f"{soname} " in known or any((folder / soname).exists() for folder in searched)):
            found[soname] = None
        elif soname not in found and DRIVER.is_dir():
            hit = next(DRIVER.rglob(soname), None)
            if hit:
                found[soname] = str(hit.parent)
    return found


def gpus():
    tool = shutil.which("nvidia-smi") or shutil.which("nvidia-smi", path=DRIVER / "bin")
    if not tool:
        return []
    listed = subprocess.run(
        [tool, "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"],
        capture_output=True, text=True, check=False)
    return [line.strip() for line in listed.stdout.splitlines() if line.strip()] if listed.returncode == 0 else []


def commit():
    """What is packed, or else what is here; empty if nobody knows."""
    if (PACK / "commit").is_file():
        return (PACK / "commit").read_text().strip()
    if not shutil.which("git"):
        return ""
    return subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def pack(with_libraries):
    """Puts together what a bare machine lacks."""
    listed = ROOT / "ops" / "target" / "test-class-path"
    subprocess.run([os.environ.get("SANDGLASS_MVN", "mvn"), "-B", "-q", "-pl", "ops", "test-compile", "dependency:build-classpath",
                    f"-Dmdep.outputFile={listed}", "-Dmdep.includeScope=test"], cwd=ROOT, check=True)
    shutil.rmtree(PACK, ignore_errors=True)
    packed = commit()
    (PACK / "lib").mkdir(parents=True)
    (PACK / "commit").write_text(packed)
    home = pathlib.Path(shutil.which("java")).resolve().parent.parent
    jlink = home / "bin" / "jlink"
    if jlink.is_file():
        subprocess.run([str(jlink), "--add-modules", MODULES, "--strip-debug", "--no-header-files", "--no-man-pages", "--compress=2",
                        "--output", str(PACK / "jdk")], check=True)
    else:
        sys.exit(f"Cannot pack: {home} has no jlink; use a JDK")
    for folder, name in zip(CLASSES, ["classes", "test-classes"]):
        shutil.copytree(ROOT / folder, PACK / name)
    for jar in listed.read_text().strip().split(":"):
        if JARS.search(jar):
            copy_jar(pathlib.Path(jar), PACK / "lib")
    if with_libraries:
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(PACK / "nvidia"), "-r", str(WHEELS)],
                       check=True)


def copy_jar(jar, folder):
    """Copies a JAR; of CUDA's bindings only what the device calls."""
    if not jar.name.startswith("cuda-") or "linux" not in jar.name:
        shutil.copy(jar, folder)
        return
    wanted = {f"libjni{name}.so" for name in BINDINGS}
    with zipfile.ZipFile(jar) as source, zipfile.ZipFile(folder / jar.name, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            name = entry.filename
            if not FOREIGN.match(name) or name.rsplit("/", 1)[1] in wanted:
                target.writestr(entry, source.read(entry))


def command(arguments, found, main=CHECK):
    folders = sorted({folder for folder in found.values() if folder})
    options = ["-Xmx4g", "-Dsandglass.cuda.real=true", "-Dsandglass.cuda.seeds=1", "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"]
    if folders:
        options.append("-Dorg.bytedeco.javacpp.platform.linkpath=" + ":".join(folders))
    environment = dict(os.environ)
    if folders:
        environment["LD_LIBRARY_PATH"] = ":".join(folders + [environment.get("LD_LIBRARY_PATH", "")]).rstrip(":")
    return [java() or "java", *options, "-cp", ":".join(class_path()), main, *arguments], environment


def run(arguments, found, limit):
    """What the program says, or why it did not."""
    line, environment = command(arguments, found)
    try:
        ended = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"not done within {limit} s"}
    except OSError as error:
        return {"error": str(error)}
    result = {}
    for printed in ended.stdout.splitlines():
        key, _, value = printed.partition(" ")
        if key == "failure":
            result.setdefault("failures", []).append(value)
        elif re.fullmatch(r"[a-zA-Z]+\w*", key):
            result[key] = number(value)
    if ended.returncode != 0:
        lines = [text for text in ended.stderr.splitlines() if text.strip()]
        result["error"] = next((text for text in lines if "Exception" in text or "Error" in text or "Failure" in text), "")[:500] \
            or f"exit code {ended.returncode}"
    return result


def number(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def pytorch():
    """A Python whose PyTorch has a GPU, and why there is none: one of them is None."""
    python = os.environ.get("SANDGLASS_PYTHON", sys.executable)
    asked = subprocess.run([python, "-c", "import torch, torchvision, safetensors; print(torch.cuda.is_available())"],
                           capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        return None, (asked.stderr.strip().splitlines() or ["it does not run"])[-1]
    return (python, None) if asked.stdout.strip() == "True" else (None, "its PyTorch finds no GPU")


def parity(python, found, limit, model, classes, size, batch, iterations, rate):
    """Deviations of ours, and of PyTorch's float32 on the GPU, from PyTorch's float64."""
    deadline = time.monotonic() + limit
    folder = ROOT / "target" / "gpu-parity" / model
    folder.mkdir(parents=True, exist_ok=True)
    theirs = [str(folder), "--model", model, "--classes", str(classes), "--batch", str(batch), "--threads", str(os.cpu_count())]
    ours = "org.sandglass.ops.parity."
    steps = [
        command([model, str(classes), str(size), str(2 * batch), str(folder)], found, ours + "ParityInputs"),
        ([python, str(PARITY), "calibrate", *theirs], None),
        command(["cuda", "1", model, str(classes), str(size), str(batch), str(iterations), str(rate), str(folder)], found,
                ours + "ParityRun"),
        ([python, str(PARITY), "compare", *theirs, "--iterations", str(iterations), "--learning-rate", str(rate),
          "--peer-device", "cuda"], None),
    ]
    for line, environment in steps:
        try:
            ended = subprocess.run(line, env=environment, capture_output=True, text=True,
                                   timeout=max(1, deadline - time.monotonic()), check=False)
        except (subprocess.TimeoutExpired, OSError) as error:
            return {"error": str(error)[:500]}
        if ended.returncode != 0:
            return {"error": (ended.stderr.strip() or f"exit code {ended.returncode}")[-500:]}
    result = json.loads((folder / "result.json").read_text())
    return result if result["passed"] else {**result, "error": f"deviates by {result['worst']:.1e} at {result['worstTensor']}"}


def carried():
    """What would be carried, and how much that is; None for what is not built."""
    parts = [("a Java runtime (jlink)", PACK / "jdk"), ("classes", PACK / "classes"), ("test classes", PACK / "test-classes"),
             ("JARs", PACK / "lib"), ("NVIDIA's libraries", PACK / "nvidia")]
    return [{"what": what, "folder": str(path.relative_to(ROOT)), "mebibytes": mebibytes(path) if path.is_dir() else None}
            for what, path in parts]


def check(report, wanted, python, found, options):
    """Runs what is wanted; what is known so far is in the file after each run, since the next may be the last."""
    deadline = time.monotonic() + options.seconds
    report["results"] = results = {}
    report["passed"] = False
    for one in wanted:
        limit = min(one.seconds, int(deadline - time.monotonic()))
        if limit < 1:
            results[one.name] = {"error": f"not begun within {options.seconds} s"}
        else:
            print(f"gpu-check: {one.name}", file=sys.stderr, flush=True)
            results[one.name] = run(list(one.arguments), found, limit) if one.arguments else parity(python, found, limit, *one.parity)
        write(report, options.out)
    contract = results.get("contract")
    report["passed"] = (contract is None or (contract.get("failed") == 0 and contract.get("passed", 0) > 0)) and not any(
        "error" in result for result in results.values())


def write(report, out):
    if out:
        whole = out.with_name(out.name + ".new")
        whole.write_text(json.dumps(report, indent=2) + "\n")
        whole.replace(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--pack", action="store_true")
    parser.add_argument("--libraries", action="store_true")
    parser.add_argument("--only", action="append", metavar="NAME")
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    wanted = [one for one in runs() if not options.only or any(fnmatch.fnmatchcase(one.name, name) for name in options.only)]
    if not wanted:
        sys.exit("Cannot check: no run is called " + " or ".join(options.only) + ": there are " + ", ".join(one.name for one in runs()))
    if options.pack:
        pack(options.libraries)
    found = libraries()
    lacking = [soname for soname in sonames() if soname not in found]
    machine = {"gpus": gpus(), "java": java(), "libraries": {name: folder or "the loader's path" for name, folder in found.items()},
               "lacks": ([] if java() else ["Java 17"]) + lacking}
    python, no_pytorch = pytorch()
    machine["pytorch"] = python or f"none with a GPU: {no_pytorch}"
    report = {"name": "gpu-check", "commit": commit(), "dryRun": options.dry_run, "machine": machine}
    if options.dry_run or options.pack:
        report["carries"] = carried()
        report["runs"] = [{"name": one.name, "command": one.command(), "seconds": one.seconds,
                           **({"leftOut": no_pytorch} if one.parity and not python else {})} for one in wanted]
        report["mebibytes"] = round(sum(part["mebibytes"] or 0 for part in report["carries"]), 1)
    elif not (PACK / "lib").is_dir():
        sys.exit("Cannot check: target/gpu-check is empty; run scripts/gpu-check --pack where this can be built")
    elif not machine["gpus"] or machine["lacks"]:
        sys.exit("Cannot check: " + ("no GPU that nvidia-smi lists" if not machine["gpus"] else "this machine lacks "
                 + ", ".join(machine["lacks"])) + "; scripts/gpu-check --dry-run says what is there")
    else:
        check(report, [one for one in wanted if python or not one.parity], python, found, options)
    print(json.dumps(report, indent=2))
    write(report, options.out)
    if report.get("passed") is False:
        sys.exit(1)


if __name__ == "__main__":
    main()
