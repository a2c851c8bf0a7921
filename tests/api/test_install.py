#!/usr/bin/env python3
"""test_install.py - what `meson install` lays down is enough to build programs on.
SPDX-License-Identifier: MIT

usage: test_install.py BUILD_DIRECTORY EXAMPLES_SOURCE_DIRECTORY MODEL_IS_BUILT_IN

An installed tree in an empty place -> pkg-config, shared and static, and CMake's find_package ->
examples/minimal.c built by nothing else -> it names four speakers.
"""

import json
import os
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import Checks, run, skip, told  # noqa: E402

CMAKE_PROJECT = """cmake_minimum_required(VERSION 3.16)
project(user C)
find_package(diarist {version} REQUIRED CONFIG)
add_executable(minimal {source})
target_link_libraries(minimal PRIVATE diarist::diarist)
"""


def options(build):
    done = run("meson", "introspect", "--buildoptions", build)
    return {option["name"]: option["value"] for option in json.loads(done.stdout)}


class Install:
    def __init__(self, build, root):
        self.chosen = options(build)
        self.root = root
        self.prefix = pathlib.Path(f"{root}{self.chosen['prefix']}")
        self.libraries = self.prefix / self.chosen["libdir"]
        self.done = run("meson", "install", "--no-rebuild", "-C", build, "--destdir", root)

    def pkg_config(self, *arguments):
        environment = dict(os.environ, PKG_CONFIG_PATH=str(self.libraries / "pkgconfig"))
        # What is installed under a root not its own; the system's packages stay where they are.
        environment["PKG_CONFIG_SYSROOT_DIR"] = str(self.root)
        done = run("pkg-config", *arguments, "diarist", env=environment)
        words = done.stdout.split()
        return [w for w in words if not w.startswith(("-I", "-L")) or os.path.isdir(w[2:])], done


def check_files(checks, install):
    checks.expect("meson install", install.done.returncode == 0, told(install.done))
    share = install.prefix / install.chosen["datadir"]
    for path in (
        install.prefix / install.chosen["bindir"] / "diarist",
        install.prefix / install.chosen["includedir"] / "diarist/diarist.h",
        install.prefix / install.chosen["includedir"] / "diarist/io.h",
        install.libraries / "libdiarist.so",
        install.libraries / "libdiarist.a",
        install.prefix / install.chosen["mandir"] / "man1/diarist.1",
        share / "bash-completion/completions/diarist",
        share / "zsh/site-functions/_diarist",
        share / "fish/vendor_completions.d/diarist.fish",
    ):
        checks.expect(f"{path} is installed", path.is_file() and path.stat().st_size > 0)


def check_program(checks, what, program, recording, install, built_in):
    environment = dict(os.environ, LD_LIBRARY_PATH=str(install.libraries))
    done = run(program, recording, env=environment)
    if built_in:
        speakers = {line.split()[-1] for line in done.stdout.splitlines()}
        checks.expect(f"{what} runs", done.returncode == 0 and len(speakers) == 4, told(done))
    else:
        says_model = done.returncode == 1 and "model" in done.stderr
        checks.expect(f"{what} says that there is no model", says_model, told(done))


def has_library(flag):
    done = [run("cc", f"-print-file-name=lib{flag[2:]}.{kind}") for kind in ("so", "a")]
    return any("/" in found.stdout for found in done)


def static_flags(flags, install):
    """libdiarist.a by its name, or the linker would take the shared one beside it. What the
    shared libraries need for themselves need not be there to link with them."""
    own = [install.libraries / "libdiarist.a" if f == "-ldiarist" else f for f in flags]
    return [f for f in own if not str(f).startswith("-l") or has_library(f)]


def check_pkg_config(checks, install, folder, sources, built_in):
    for name, extra in (("shared", []), ("static", ["--static"])):
        flags, done = install.pkg_config("--cflags", "--libs", *extra)
        checks.expect(f"pkg-config, {name}", done.returncode == 0, told(done))
        if extra:
            flags = static_flags(flags, install)
        program = folder / f"minimal_{name}"
        done = run("cc", sources / "minimal.c", "-o", program, *flags)
        checks.expect(f"cc, {name}", done.returncode == 0, told(done))
        if done.returncode == 0:
            recording = sources / "conversation.flac"
            check_program(checks, name, program, recording, install, built_in)


def check_cmake(checks, install, folder, sources, built_in):
    if not shutil.which("cmake"):
        print("skipped: the CMake config file, for there is no cmake")
        return
    version = install.pkg_config("--modversion")[1].stdout.strip()
    project = folder / "project"
    project.mkdir()
    text = CMAKE_PROJECT.format(version=version, source=sources / "minimal.c")
    (project / "CMakeLists.txt").write_text(text)
    build = folder / "build"
    done = run("cmake", "-S", project, "-B", build, f"-DCMAKE_PREFIX_PATH={install.prefix}")
    checks.expect("find_package", done.returncode == 0, told(done))
    done = run("cmake", "--build", build)
    checks.expect("cmake --build", done.returncode == 0, told(done))
    if done.returncode == 0:
        recording = sources / "conversation.flac"
        check_program(checks, "cmake's", build / "minimal", recording, install, built_in)


def main():
    build, sources, built_in = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3] == "true"
    if options(build)["b_sanitize"] != "none":
        skip("a library with sanitizers links only into programs with them")
    checks = Checks()
    with tempfile.TemporaryDirectory() as root:
        install = Install(build, pathlib.Path(root, "installed"))
        check_files(checks, install)
        check_pkg_config(checks, install, pathlib.Path(root), sources, built_in)
        check_cmake(checks, install, pathlib.Path(root), sources, built_in)
    checks.finish()


if __name__ == "__main__":
    main()
