# SPDX-License-Identifier: Apache-2.0
"""How much of a campaign a run does: all of it with HEADGATE_CAMPAIGN=1, a
tenth of it otherwise; and where its figures go."""
import json
import os

FULL = os.environ.get("HEADGATE_CAMPAIGN") == "1"


def count(full):
    """A whole number of cycles, clients or events; never below 1."""
    return full if FULL else max(1, full // 10)


def seconds(full):
    return full if FULL else full / 12


def seed():
    """HEADGATE_SEED, or a fixed one: a run is to be told again."""
    return int(os.environ.get("HEADGATE_SEED", "20260321"))


def figures(name, **values):
    """Prints the figures of a test; a campaign keeps them for its table."""
    print(f"{name}: " + ", ".join(f"{k}={v}" for k, v in values.items()))
    directory = os.environ.get("HEADGATE_RESULTS")
    if directory:
        os.makedirs(directory, exist_ok=True)
        path = os.path.join(directory, f"campaign-{name}.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump({"name": name, "full": FULL, **values}, f, indent=1)
            f.write("\n")
