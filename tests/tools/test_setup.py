#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
tools/setup.sh on machines that are made up: a PATH of stubs, which pretend to be compilers, sudo
and apt. Nothing of this machine is looked at or changed.
"""
import os
import shutil
import subprocess
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.environ.get("EDDY_SOURCE_DIR") or os.path.dirname(os.path.dirname(HERE))
SETUP = os.path.join(ROOT, "tools", "setup.sh")

PACKAGES = {  # package: the program that comes with it
    "gcc": "gcc", "make": "make", "cmake": "cmake", "ninja-build": "ninja",
    "pkg-config": "pkg-config", "g++": "g++", "clang": "clang",
    "clang-format-14": "clang-format-14", "clang-tidy-14": "clang-tidy-14", "binutils": "nm",
    "valgrind": "valgrind",
    "python3": "python3", "curl": "curl", "wrk": "wrk", "libclang-rt-14-dev": "fuzzer.a",
    "libc6-dev": "stdio.h", "libcmocka-dev": "cmocka.h",
    "libcurl4-openssl-dev": "curl.h", "libuv1-dev": "uv.h", "redis-tools": "redis-cli",
}
# No programs: the stubs of compilers look for them.
HEADERS = {"stdio.h", "cmocka.h", "curl.h", "uv.h", "fuzzer.a"}
FOR_RUN = {"gcc", "libc6-dev", "make", "cmake", "ninja-build", "pkg-config"}

STUB = "#!/bin/bash\nexit 0\n"
GCC = """#!/bin/bash
while read -r line; do
    case $line in
    *cmocka.h*) [ -e "$MACHINE/cmocka.h" ] || exit 1 ;;
    *curl/curl.h*) [ -e "$MACHINE/curl.h" ] || exit 1 ;;
    *uv.h*) [ -e "$MACHINE/uv.h" ] || exit 1 ;;
    esac
done
[ -e "$MACHINE/stdio.h" ]
"""
CLANG = """#!/bin/bash
case "$*" in
*-fsanitize=fuzzer*) [ -e "$MACHINE/fuzzer.a" ] ;;
esac
"""
SUDO = '#!/bin/bash\necho "sudo $*" >>"$MACHINE/log"\n"$@"\n'
ID = '#!/bin/bash\necho "${MACHINE_USER:-0}"\n'
APT_CACHE = '#!/bin/bash\n[ -z "${MACHINE_OLD:-}" ]\n'
APT_GET = """#!/bin/bash
echo "apt-get $*" >>"$MACHINE/log"
verb=$1
[ "$verb" != update ] || exit "${MACHINE_UPDATE:-0}"
[ -z "${MACHINE_INSTALL:-}" ] || { echo "E: no network" >&2; exit "$MACHINE_INSTALL"; }
for package in "${@:2}"; do
    [ -e "$MACHINE/packages/$package" ] || continue
    cp "$MACHINE/packages/$package" "$MACHINE/$(cat "$MACHINE/packages/$package.name")"
done
"""


class Machine:
    """A folder that is the whole PATH, with the programs of the packages that it has."""

    def __init__(self, folder, *packages, apt=True, sudo=True):
        self.folder = folder
        os.mkdir(os.path.join(folder, "packages"))
        for tool in ("cp", "cat"):
            os.symlink(shutil.which(tool), os.path.join(folder, tool))
        self.write("id", ID)
        if sudo:
            self.write("sudo", SUDO)
        if apt:
            self.write("apt-get", APT_GET)
            self.write("apt-cache", APT_CACHE)
        for package, name in PACKAGES.items():
            text = {"gcc": GCC, "clang": CLANG}.get(package, STUB)
            self.write(f"packages/{package}", text)
            self.write(f"packages/{package}.name", name)
            if package in packages:
                self.write(name, text)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)

    def setup(self, *arguments, **environment):
        """(exit status, what it prints, the calls of sudo and apt-get)."""
        done = subprocess.run([shutil.which("bash"), SETUP, *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env={"PATH": self.folder, "MACHINE": self.folder, **environment},
                              check=False)
        log = os.path.join(self.folder, "log")
        calls = []
        if os.path.exists(log):
            with open(log, encoding="utf-8") as file:
                calls = file.read().splitlines()
            os.remove(log)
        return done.returncode, done.stdout, calls


class Setup(unittest.TestCase):
    def machine(self, *packages, **options):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        return Machine(folder, *packages, **options)

    def installed(self, calls):
        """The packages of the one call of apt-get install."""
        words = [call.split() for call in calls if call.startswith("apt-get install")]
        self.assertEqual(len(words), 1, calls)
        return {word for word in words[0][2:] if not word.startswith("-")}

    def test_where_nothing_is_missing_it_is_silent_and_calls_nobody(self):
        machine = self.machine(*PACKAGES)
        for purpose in ("run", "check"):
            self.assertEqual(machine.setup(purpose), (0, "", []))

    def test_a_bare_machine_gets_all_packages_and_is_told_which(self):
        for purpose, packages in (("run", FOR_RUN), ("check", set(PACKAGES))):
            with self.subTest(purpose):
                machine = self.machine()
                status, text, calls = machine.setup(purpose)
                self.assertEqual(status, 0, text)
                self.assertEqual(self.installed(calls), packages)
                for package in packages:
                    self.assertIn(package, text)
                self.assertEqual(machine.setup(purpose), (0, "", []))

    def test_only_what_is_missing_is_installed(self):
        machine = self.machine(*(set(PACKAGES) - {"libcmocka-dev", "wrk"}))
        self.assertEqual(self.installed(machine.setup("check")[2]), {"libcmocka-dev", "wrk"})

    def test_root_needs_no_sudo_and_others_use_it(self):
        self.assertNotIn("sudo", " ".join(self.machine().setup("run")[2]))
        status, _, calls = self.machine().setup("run", MACHINE_USER="1000")
        self.assertEqual(status, 0)
        self.assertTrue(any(call.startswith("sudo apt-get install") for call in calls), calls)

    def test_a_distribution_without_version_14_gives_its_own(self):
        machine = self.machine(*(set(PACKAGES) - {"clang-format-14"}))
        status, text, calls = machine.setup("check", MACHINE_OLD="1")
        self.assertEqual(self.installed(calls), {"clang-format"})
        self.assertEqual((status, "clang-format" in text), (1, True), text)

    def assert_gives_up(self, result, *says):
        status, text, _ = result
        self.assertEqual(status, 1, text)
        for package in FOR_RUN:
            self.assertIn(package, text.splitlines()[-1])
        for words in says:
            self.assertIn(words, text)

    def test_without_sudo_it_names_the_packages_and_stops(self):
        machine = self.machine(sudo=False)
        result = machine.setup("run", MACHINE_USER="1000")
        self.assert_gives_up(result, "no sudo")
        self.assertEqual(result[2], [])

    def test_on_another_system_it_names_the_packages_and_stops(self):
        self.assert_gives_up(self.machine(apt=False).setup("run"), "no Debian or Ubuntu")

    def test_without_a_network_it_names_the_packages_and_stops(self):
        result = self.machine().setup("run", MACHINE_UPDATE="100", MACHINE_INSTALL="100")
        self.assert_gives_up(result, "apt-get install failed", "E: no network")

    def test_old_package_lists_may_do(self):
        status, text, _ = self.machine().setup("run", MACHINE_UPDATE="100")
        self.assertEqual(status, 0, text)

    def test_packages_that_do_not_help_are_told(self):
        machine = self.machine()
        for package in PACKAGES:
            os.remove(os.path.join(machine.folder, "packages", package))
        self.assert_gives_up(machine.setup("run"), "still not usable")

    def test_a_wrong_argument_shows_the_usage(self):
        machine = self.machine(*PACKAGES)
        self.assertEqual(machine.setup()[0], 2)
        self.assertEqual(machine.setup("nonsense")[0], 2)
        status, text, _ = machine.setup("--help")
        self.assertEqual((status, "usage:" in text), (0, True))


if __name__ == "__main__":
    unittest.main()
