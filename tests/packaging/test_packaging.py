#!/usr/bin/env python3
"""test_packaging.py - packaging/ and the workflow: sound files, and nothing in them that is not there.
SPDX-License-Identifier: MIT

usage: test_packaging.py PROGRAM
"""

import importlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import harness  # noqa: E402

PACKAGING = harness.ROOT / "packaging"
WORKFLOW = harness.ROOT / ".github" / "workflows" / "datasets.yml"
checks = harness.Checks()


def read(name):
    return (PACKAGING / name).read_text()


def module(name):
    """A module of Python's, or None and a word about it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"{name} is not there: what it reads is not checked")
        return None


def settings(program):
    """Names of variables that the service has, after --help; and its options without one."""
    text = harness.run(program, "serve", "--help").stdout
    service = text.split("\nService\n")[1].split("\n\n")[0]
    for option in re.split(r"\n(?=  --|      --)", service):
        checks.expect(f"{option.split()[0]} has a variable", re.search(r"\[[A-Z_]+\]", option), option)
    whole = text + harness.run(program, "bench", "--help").stdout
    return set(re.findall(r"\b(?:DIARIST|BENCH|HOSTED)_[A-Z_]+", whole))


def variables(known):
    files = [*PACKAGING.iterdir(), WORKFLOW, harness.ROOT / "docs" / "deploy.md"]
    for path in files:
        used = set(re.findall(r"\b(?:DIARIST|BENCH)_[A-Z_]+", path.read_text()))
        checks.expect(f"variables of {path.name}", used <= known, used - known)


def commands(program):
    """Commands and options that the files use."""
    for path in (*PACKAGING.iterdir(), WORKFLOW, harness.ROOT / "docs" / "deploy.md"):
        for line in path.read_text().splitlines():
            for words, command in re.findall(r"(diarist (serve|bench)\b[^`\"|&;]*)", line):
                there = set(re.findall(r"--[a-z-]+", harness.run(program, command, "--help").stdout))
                used = set(re.findall(r"--[a-z-]+", words))
                checks.expect(f"{path.name}: {words}", used <= there, used - there)


def unit(program):
    text = read("diarist.service").replace("/usr/local/bin/diarist", program)
    if not shutil.which("systemd-analyze"):
        print("systemd-analyze is not installed: the unit is not checked")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "diarist.service"
        path.write_text(text.replace("Documentation=man:diarist(1)\n", ""))
        done = harness.run("systemd-analyze", "verify", path)
        wrong = [line for line in done.stderr.splitlines() if "diarist.service" in line]
        checks.expect("systemd-analyze verify", not wrong, done.stderr)
        done = harness.run("systemd-analyze", "security", "--offline=true", "--threshold=20", path)
        checks.expect("exposure of at most 2.0", done.returncode == 0, harness.told(done)[-600:])


def loaded_libraries(program):
    """Libraries that the program's notes name (common/library.h), and where they are."""
    notes = harness.run("readelf", "-p", ".note.dlopen", program).stdout
    known = dict(re.findall(r"(\S+) \(.*=> (\S+)", harness.run("/sbin/ldconfig", "-p").stdout))
    return {name: known.get(name, "") for name in re.findall(r'"soname":\["([^"]+)"\]', notes)}


def broken_libraries(program):
    """A library that cannot be loaded is told in one line, by the commands that need it alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for library in loaded_libraries(program):
            (folder / library).write_text("no library")
        (folder / "corpus.zip").write_bytes(b"PK")
        environment = {**os.environ, "LD_LIBRARY_PATH": name, "XDG_DATA_HOME": name}
        for library, command in (
                ("libcurl", ["models", "pull", "community-1", "--mirror", "http://127.0.0.1:1"]),
                ("libcurl", ["serve", "--listen", "127.0.0.1:0", "--data", folder / "service",
                             "--embedding-url", "http://127.0.0.1:1"]),
                ("libarchive", ["bench", "datasets", "prepare", "voxconverse", folder / "corpus.zip",
                                "--datasets-root", folder / "datasets"])):
            done = harness.run(program, *command, env=environment)
            told = re.fullmatch(f"diarist: .*{library}.*; install .*\n", done.stderr)
            checks.expect(f"{command[0]} without {library}", done.returncode and told, harness.told(done))
        checks.expect("others do without", harness.run(program, "--version", env=environment).returncode == 0)


def libraries(program):
    """Debian packages of the libraries that the program names itself: linked, or loaded when used."""
    needed = re.findall(r"NEEDED.*\[(.*)\]", harness.run("readelf", "-d", program).stdout)
    places = dict(re.findall(r"(\S+) => (\S+)", harness.run("ldd", program).stdout))
    loaded = loaded_libraries(program)
    checks.expect("libraries loaded when used", loaded.keys() == {"libarchive.so.13", "libcurl.so.4"}, loaded)
    packages = set()
    for path in [places.get(name, "") for name in needed] + list(loaded.values()):
        path = os.path.realpath(path)
        # dpkg may know it by the folder's name from before /usr was merged.
        for known in (path, path.removeprefix("/usr")):
            packages |= set(re.findall(r"^([^:]+):", harness.run("dpkg-query", "-S", known).stdout, re.M))
    return packages - {"libc6", "libgcc-s1", "libasan8", "libubsan1"}


def image(program):
    text = read("Dockerfile")
    installed = re.search(r"install -y --no-install-recommends (.*?)\n    &&", text, re.S)[1]
    listed = set(installed.replace("\\", " ").split()) - {"ca-certificates", "curl", "$MEDIA"}
    release = pathlib.Path("/etc/os-release").read_text()
    if "VERSION_CODENAME=bookworm" in release and shutil.which("dpkg-query"):
        needed = libraries(program)
        checks.expect("the image's libraries", listed == needed, listed ^ needed)
    else:
        print("this is no Debian 12: the image's libraries are not compared")
    # What is built must be able to: every folder that the build reads is in its context.
    context = set(re.findall(r"^!(\S+)", read("Dockerfile.dockerignore"), re.M))
    folders = set(re.findall(r"^ *subdir\('(\w+)'\)", (harness.ROOT / "meson.build").read_text(), re.M))
    checks.expect("folders of the build's context", folders - {"tests"} <= context, folders - context)
    for source in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.M):
        for name in source.split():
            inside = name == "." or any(name == path or name.startswith(path + "/") for path in context)
            checks.expect(f"COPY {name}", inside and (harness.ROOT / name).exists())
    checks.expect("not root", re.search(r"^ARG RUN_AS=[1-9]\d+$\n^USER \$RUN_AS$", text, re.M))
    checks.expect("a health check", "/healthz" in text)


def profiles():
    toml, yaml = module("tomllib"), module("yaml")
    if toml:
        fly = toml.loads(read("fly.toml"))
        machine = fly["vm"][0]
        checks.expect("two processors, 4 GB", (machine["cpus"], machine["memory_mb"]) == (2, 4096))
        service = fly["http_service"]
        checks.expect("stops when idle", service["auto_stop_machines"] == "stop"
                      and service["auto_start_machines"] and service["min_machines_running"] == 0)
        checks.expect("2 threads", fly["env"]["BENCH_DEFAULT_CPU_THREADS"] == "2")
        checks.expect("/data is kept", fly["mounts"][0]["destination"] == "/data")
        for name in fly["build"].values():
            checks.expect(f"{name}", isinstance(name, dict) or (PACKAGING / name).exists())
    if yaml:
        compose = yaml.safe_load(read("compose.yaml"))["services"]["diarist"]
        checks.expect("compose: read only, without capabilities", compose["read_only"]
                      and compose["cap_drop"] == ["ALL"])
        build = compose["build"]
        checks.expect("compose: the Dockerfile",
                      (PACKAGING / build["context"] / build["dockerfile"]).resolve().exists())
        steps = yaml.safe_load(WORKFLOW.read_text())["jobs"]["prepare"]["steps"]
        runs = " ".join(step.get("run", "") for step in steps)
        for name in re.findall(r"packaging/[\w-]+", runs):
            checks.expect(name, os.access(harness.ROOT / name, os.X_OK))
        corpora = set(re.findall(r"fly-dataset (\w+)", runs))
        checks.expect("corpora", corpora == {"voxconverse", "aishell4", "alimeeting"}, corpora)


def dataset_script():
    """fly-dataset hands over a script that a shell reads, for good URLs alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "flyctl").write_text('#!/bin/sh\nfor last; do :; done\nprintf %s "$last"\n')
        (folder / "flyctl").chmod(0o755)
        environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "machine": "m"}

        def fly(url):
            return harness.run(PACKAGING / "fly-dataset", "aishell4", "aishell4", url, env=environment)
        said = fly("https://example.org/a/test.tar.gz?x=1").stdout
        # The remote shell's part, without running it.
        script = subprocess.run(["sh", "-c", said.split("'")[1].rsplit("|", 1)[0]], capture_output=True,
                                text=True, check=True).stdout
        checks.expect("the script", subprocess.run(["sh", "-n"], input=script, text=True).returncode == 0
                      and "'/data/downloads/aishell4-test.tar.gz'" in script, script)
        for url in ("file:///etc/passwd", "https://x/'; rm -rf /", "https://x/$(id)", ""):
            checks.expect(f"URL {url}", fly(url).returncode == 2)


def main():
    program = os.path.abspath(sys.argv[1])
    known = settings(program)
    variables(known)
    commands(program)
    unit(program)
    image(program)
    broken_libraries(program)
    profiles()
    dataset_script()
    example = set(re.findall(r"^(?:# )?([A-Z_]+)=", read(".env.example"), re.M))
    checks.expect(".env.example", example <= known and "DIARIST_API_KEYS" in example, example - known)
    checks.finish()


main()
