"""What the comparisons share: an environment with the peers, the binary, the data, tables of medians and ratios.

Every script here runs alone: `scripts/compare/NAME [--short] [--json FILE]`. It makes a virtual environment under
target/compare, installs the peers from PyPI, builds the binary and fetches the data it needs.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "target" / "compare"
DATA = WORK / "data"


def arguments(about, **extra):
    """The options that every comparison has, plus `extra` (name -> keyword arguments of add_argument)."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a quick form that CI runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows as JSON")
    for name, options in extra.items():
        parser.add_argument("--" + name.replace("_", "-"), **options)
    return parser.parse_args()


def with_peers(*requirements):
    """Goes on inside this script's own virtual environment, which holds its peers, making it first where it is missing.

    One for each script, because the peers of one may need an older version of what the peers of another need."""
    venv = WORK / "venv" / Path(sys.argv[0]).name
    python = venv / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    stamp = venv / ("installed-" + "-".join(sorted(requirements)).replace("=", "").replace("/", ""))
    if not stamp.exists():
        subprocess.run([python, "-m", "pip", "install", "--quiet", *requirements], check=True)
        stamp.touch()
    if Path(sys.prefix).resolve() != venv.resolve():
        os.execv(python, [str(python), *sys.argv])


def plumb(*features):
    """The release binary, built now. With features it is a copy, for the next build without them takes the same place."""
    chosen = ["--features", ",".join(features)] if features else []
    subprocess.run(["cargo", "build", "--release", "--quiet", *chosen], cwd=ROOT, check=True)
    binary = target() / "release" / "plumb"
    if not features:
        return binary
    WORK.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy2(binary, WORK / "-".join(["plumb", *features])))


def onnxruntime_library(package):
    """The library that PyPI's package of ONNX Runtime brings, which the feature `onnxruntime` loads."""
    return next((Path(package.__file__).parent / "capi").glob("libonnxruntime.so.*"))


def target():
    """Where cargo puts what it builds."""
    metadata = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--no-deps"], cwd=ROOT, check=True, capture_output=True
    )
    return Path(json.loads(metadata.stdout)["target_directory"])


def example(name):
    """An example, built now: with the whole workspace, whose dependencies are the ones that are built already."""
    command = ["cargo", "build", "--release", "--quiet", "--workspace", "--example", name]
    subprocess.run(command, cwd=ROOT, check=True)
    return target() / "release" / "examples" / name


def fetch(*names):
    """The folder that holds these data sets."""
    command = [sys.executable, ROOT / "scripts" / "fetch_datasets.py", DATA, "--only", ",".join(names)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return DATA


def write_job(path, **sections):
    """Writes a job file; each section is a dict of keys."""
    lines = []
    for section, keys in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {toml(value)}" for key, value in keys.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def toml(value):
    """A value as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(str(value) if isinstance(value, Path) else value)


def machine():
    """One line about the machine."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def versions(*modules):
    """The versions of imported modules, as one line."""
    return ", ".join(f"{module.__name__} {module.__version__}" for module in modules)


def markdown(header, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join("---" for _ in header) + " |"]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def row(name, plumb_value, peer_value, unit, target, ok):
    """One row of the JSON output."""
    ratio = plumb_value / peer_value if peer_value else None
    return {"name": name, "plumb": plumb_value, "peer": peer_value, "unit": unit, "ratio": ratio, "target": target, "ok": None if ok is None else bool(ok)}


def finish(args, rows):
    """Writes the JSON and answers with the exit code: 1 when a target was missed."""
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + "\n")
    missed = [row["name"] for row in rows if row["ok"] is False]
    if missed:
        print("targets missed: " + ", ".join(missed))
    return 1 if missed else 0
