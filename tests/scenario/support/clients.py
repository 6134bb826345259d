# SPDX-License-Identifier: Apache-2.0
"""Clients that are not ours: what scripts/install-clients put in one place,
and tools of the system."""
import os
import shutil
import subprocess

import pytest

CLIENTS = os.environ.get("HEADGATE_CLIENTS", "")
SUPPORT = os.environ.get("HEADGATE_SUPPORT", "")


def client_path(name):
    """A program that install-clients made; skips the test where it is not."""
    path = os.path.join(CLIENTS, "bin", name)
    if not CLIENTS or not os.access(path, os.X_OK):
        pytest.skip(f"SKIP: {name} is not in HEADGATE_CLIENTS; scripts/install-clients makes it")
    return path


def tool_path(name):
    """A program of the system; skips the test where it is not."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"SKIP: {name} is not installed; scripts/install-packages test does it")
    return path


def run(path, *args, timeout=120, **options):
    """The program, to its end. Text comes as UTF-8 whatever the locale is."""
    env = {**os.environ, "LC_ALL": "C.UTF-8", "JAVA_TOOL_OPTIONS": ""}
    return subprocess.run([path, *map(str, args)], env=env, capture_output=True, text=True,
                          encoding="utf-8", timeout=timeout, check=False, **options)


def support_path(name):
    """A small program of tests/support, built beside the gateway."""
    path = os.path.join(SUPPORT, name)
    if not SUPPORT or not os.access(path, os.X_OK):
        pytest.skip(f"SKIP: {name} is not in HEADGATE_SUPPORT; make scenario-support makes it")
    return path


def support_module(name):
    """The path of a module of tests/support, for load_module."""
    path = os.path.join(SUPPORT, ".libs", f"{name}.so")
    if not SUPPORT or not os.path.exists(path):
        pytest.skip(f"SKIP: {name}.so is not in HEADGATE_SUPPORT; make scenario-support makes it")
    return path
