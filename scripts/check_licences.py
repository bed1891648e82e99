"""Fails when a distribution that Leadline runs on is under the GPL or AGPL, or tells no licence.

Reads what requirements/runtime.txt names and is installed here, so it judges this platform's set. A
distribution that offers a choice of licences passes when CHOSEN names the one we take.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Of several licences offered with OR, the one under which Leadline uses the distribution.
CHOSEN = {
    "tld": "MPL-1.1",
}

COPYLEFT = re.compile(r"\bA?GPL|GNU (Affero )?General Public|Affero", re.IGNORECASE)


def pinned(lock: str) -> list[str]:
    """The names that a requirements file pins, in its order."""
    return re.findall(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==", lock, re.MULTILINE)


def licence(fields: metadata.PackageMetadata) -> str:
    """What a distribution says of its licence: expression, else classifiers, else the first line of text."""
    expression = fields.get("License-Expression")
    if expression:
        return expression
    classifiers = [
        line.split("::")[-1].strip()
        for line in fields.get_all("Classifier") or []
        if line.startswith("License ::")
    ]
    if classifiers:
        return " OR ".join(classifiers)
    text = (fields.get("License") or "").strip()
    return text.splitlines()[0] if text else ""


def objection(name: str, stated: str) -> str | None:
    """Why the distribution may not be used, or None."""
    if not stated:
        return f"{name}: tells no licence"
    if not COPYLEFT.search(stated):
        return None
    chosen = CHOSEN.get(name)
    if chosen is None:
        return f"{name}: {stated}"
    if chosen not in re.split(r"\s+OR\s+", stated):
        return f"{name}: {chosen} was chosen, but it offers: {stated}"
    return None


def check(names: Iterable[str]) -> tuple[int, list[str]]:
    """How many of the distributions are installed, and the objections to them."""
    count, objections = 0, []
    for name in dict.fromkeys(names):
        try:
            fields = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue  # pinned for another platform
        count += 1
        found = objection(name, licence(fields))
        if found:
            objections.append(found)
    return count, objections


def main() -> int:
    count, objections = check(pinned((ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")))
    for line in objections:
        sys.stderr.write(f"licence not allowed: {line}\n")
    if not count:
        sys.stderr.write("no distribution of requirements/runtime.txt is installed\n")
    if objections or not count:
        return 1
    sys.stdout.write(f"Licences: {count} runtime distributions, none under the GPL or AGPL\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
