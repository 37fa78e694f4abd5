#!/usr/bin/env python3
"""Checks licences, bans and sources of all dependencies against deny.toml, offline.

Reads `cargo metadata --locked --offline`: every package of the lock file, for every platform, of builds and tests too.
The file is cargo-deny's; of its keys those in KNOWN are checked here, and one that is neither checked nor of cargo-deny
alone is an error, so that no rule is written that nobody enforces.

    .ci/licenses.py              the check; exit code 1 where something is not allowed
    .ci/licenses.py --self-test  the check of the check
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Keys of each table that this program checks.
KNOWN = {
    "licenses": {"allow", "exceptions", "clarify", "unused-allowed-license"},
    "bans": {"deny", "wildcards", "allow-wildcard-paths"},
    "sources": {"unknown-registry", "unknown-git", "allow-registry"},
}
# Keys that mean something to cargo-deny only.
CARGO_DENY_ONLY = {"licenses": {"confidence-threshold"}, "bans": {"multiple-versions"}, "sources": set()}
# Never, whatever deny.toml says.
NEVER = re.compile(r"^(A|L)?GPL-", re.IGNORECASE)


class NotSpdx(Exception):
    """An expression that cannot be read."""


def is_allowed(expression, allowed):
    """Whether an SPDX expression can be met with allowed licences alone; returns the set of those used, or None.

    OR wants one side, AND both; `A WITH B` is a licence of its own and is allowed where `A WITH B` is listed. The slash
    of old manifests (MIT/Apache-2.0) means OR.
    """
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    position = 0

    def peek():
        return tokens[position] if position < len(tokens) else None

    def take():
        nonlocal position
        token = peek()
        if token is None:
            raise NotSpdx(expression)
        position += 1
        return token

    def either():
        used = both()
        while peek() == "OR":
            take()
            other = both()
            used = used if used is not None else other
        return used

    def both():
        used = one()
        while peek() == "AND":
            take()
            other = one()
            used = None if used is None or other is None else used | other
        return used

    def one():
        token = take()
        if token == "(":
            used = either()
            if take() != ")":
                raise NotSpdx(expression)
            return used
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]*", token) or token in ("AND", "OR", "WITH"):
            raise NotSpdx(expression)
        name = token
        if peek() == "WITH":
            take()
            name = f"{token} WITH {take()}"
        return {name} if name in allowed and not NEVER.match(name) else None

    used = either()
    if position != len(tokens):
        raise NotSpdx(expression)
    return used


def names(entry):
    """Whether a table of deny.toml ({crate, version?} or {name, version?}) names a package."""
    spec = entry if isinstance(entry, str) else entry.get("crate") or entry["name"]
    name, _, version = spec.partition("@")
    version = version or ("" if isinstance(entry, str) else entry.get("version", ""))
    version = version.lstrip("=")
    return lambda package: package["name"] == name and version in ("", "*", package["version"])


def check_licenses(packages, rules):
    allowed = set(rules.get("allow", []))
    problems, used = [], set()
    for package in packages:
        label = f"{package['name']} {package['version']}"
        clarified = [c["expression"] for c in rules.get("clarify", []) if names(c)(package)]
        excepted = [e["allow"] for e in rules.get("exceptions", []) if names(e)(package)]
        expression = clarified[0] if clarified else package["license"]
        if not expression:
            problems.append(f"{label}: states no licence; read it and add [[licenses.clarify]]")
            continue
        try:
            met = is_allowed(expression, allowed.union(*excepted))
        except NotSpdx:
            problems.append(f"{label}: {expression!r} is not an SPDX expression; add [[licenses.clarify]]")
            continue
        if met is None:
            problems.append(f"{label}: {expression} is not allowed")
        used |= met or set()
    if rules.get("unused-allowed-license") == "deny":
        problems += [f"deny.toml: no package needs {name}" for name in sorted(allowed - used)]
    return problems


def check_bans(packages, rules):
    problems = []
    for entry in rules.get("deny", []):
        reason = "" if isinstance(entry, str) else entry.get("reason", "")
        hits = filter(names(entry), packages)
        problems += [f"{package['name']} {package['version']}: banned: {reason}" for package in hits]
    if rules.get("wildcards") == "deny":
        for package in packages:
            wild = [d["name"] for d in package["dependencies"] if d["req"] == "*" and not d.get("path")]
            # Only our own manifest is ours to mend.
            if wild and package["source"] is None:
                problems.append(f"{package['name']}: wildcard version of {', '.join(wild)}")
    return problems


def check_sources(packages, rules):
    allowed = {f"registry+{url}" for url in rules.get("allow-registry", [])}
    own = [str(ROOT)]
    problems = []
    for package in packages:
        source, label = package["source"], f"{package['name']} {package['version']}"
        if source is None:
            if not any(package["manifest_path"].startswith(path) for path in own):
                problems.append(f"{label}: comes from a folder outside the repository")
        elif source not in allowed:
            problems.append(f"{label}: comes from {source}")
    return problems


def check_keys(rules):
    problems = []
    for table, keys in rules.items():
        if table not in KNOWN:
            problems.append(f"deny.toml: [{table}] is checked by nobody here")
            continue
        unknown = set(keys) - KNOWN[table] - CARGO_DENY_ONLY[table]
        problems += [f"deny.toml: {table}.{key} is checked by nobody here" for key in sorted(unknown)]
    return problems


def self_test():
    allowed = {"MIT", "Apache-2.0", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception", "GPL-3.0-only"}
    for expression, want in [
        ("MIT", True),
        ("MIT OR Apache-2.0", True),
        ("MIT/Apache-2.0", True),
        ("Apache-2.0 / MIT / MPL-2.0", True),
        ("GPL-3.0-only OR MIT", True),
        ("MPL-2.0", False),
        ("MIT AND MPL-2.0", False),
        ("(MIT OR MPL-2.0) AND Unicode-3.0", True),
        ("MIT OR MPL-2.0 AND BSD-3-Clause", True),
        ("(MIT OR Zlib) AND BSD-3-Clause", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("MIT WITH LLVM-exception", False),
        ("GPL-3.0-only", False),
        ("LGPL-2.1-or-later", False),
        ("AGPL-3.0", False),
        ("MIT MIT", NotSpdx),
        ("MIT OR", NotSpdx),
        ("(MIT", NotSpdx),
        ("", NotSpdx),
        ("see LICENSE, please", NotSpdx),
    ]:
        try:
            got = is_allowed(expression, allowed) is not None
        except NotSpdx:
            got = NotSpdx
        assert got == want, f"{expression!r}: {got}, not {want}"
    package = {"name": "a", "version": "1.2.3", "license": None, "source": None, "dependencies": []}
    clarify = [{"crate": "a@1.2.3", "expression": "MIT"}]
    assert check_licenses([package], {"allow": ["MIT"]}) == ["a 1.2.3: states no licence; read it and add [[licenses.clarify]]"]
    assert check_licenses([package], {"allow": ["MIT"], "clarify": clarify}) == []
    other = dict(package, license="MPL-2.0")
    assert check_licenses([other], {"allow": ["MIT"]}) == ["a 1.2.3: MPL-2.0 is not allowed"]
    assert check_licenses([other], {"exceptions": [{"crate": "a", "allow": ["MPL-2.0"]}]}) == []
    assert check_bans([package], {"deny": [{"crate": "a", "reason": "bad"}]}) == ["a 1.2.3: banned: bad"]
    assert check_bans([package], {"deny": [{"crate": "a", "version": "=2.0.0"}]}) == []
    git = dict(package, source="git+https://example.invalid/a")
    assert check_sources([git], {}) == ["a 1.2.3: comes from git+https://example.invalid/a"]
    assert check_keys({"licenses": {"alow": []}}) == ["deny.toml: licenses.alow is checked by nobody here"]


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    with open(ROOT / "deny.toml", "rb") as file:
        rules = tomllib.load(file)
    command = ["cargo", "metadata", "--locked", "--offline", "--format-version", "1"]
    packages = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)["packages"]
    problems = check_keys(rules)
    problems += check_licenses(packages, rules.get("licenses", {}))
    problems += check_bans(packages, rules.get("bans", {}))
    problems += check_sources(packages, rules.get("sources", {}))
    for problem in problems:
        print(problem)
    print(f"licenses: {len(packages)} packages, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
