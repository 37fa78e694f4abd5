#!/usr/bin/env python3
"""Keeps README.md true: runs its examples, compares what they print, and keeps README.zh-CN.md in step.

    python3 tests/readme/check.py            runs everything; the last line is `N passed, N failed`
    python3 tests/readme/check.py --update   writes what the commands print now into both files, figures too

What is checked:
- ```console blocks: each `$ command` is run with target/release first in PATH, all in one new folder where data, deploy,
  models, proto and tests are the repository's. The lines below a command are compared with what it prints: digits may
  differ, `…` within a line stands for anything, a line `…` for any number of lines. The exit code must be 0, or that of a
  comment `# exit code 1` behind the command.
- ```sh blocks are not run here; each needs a comment `<!-- not run: why -->` above it, which is printed.
- ```python blocks are parts of tests/python/client.py, which the client test runs; ```toml blocks name known settings.
- Every key of src/app/config.rs stands in the table of settings; every bench that is named is there; every link to a file
  or heading leads somewhere.
- README.zh-CN.md has the same headings, levels and order, and the same code blocks.
To add an example: write the command in a console block, then --update.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
# Documents whose links are checked too.
PAGES = [README, CHINESE, ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("data/**/*.md")), *sorted(ROOT.glob("proto/**/*.md"))]
# Where `yingda` is.
BINARIES = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release"
FOLDERS = ["data", "deploy", "models", "proto", "tests"]
BLOCK = re.compile(r"^(?P<above>[^\n]*)\n(?:[ \t]*\n)?```(?P<language>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
TIMEOUT_S = 300


def blocks(text):
    return list(BLOCK.finditer(text))


def without_blocks(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def headings(text):
    return re.findall(r"^(#+) (.+)$", without_blocks(text), re.MULTILINE)


def anchor(heading):
    """The anchor of a heading, as GitHub makes it."""
    kept = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).strip().lower())
    return kept.replace(" ", "-")


def steps(code):
    """Cuts a console block into commands with what is expected below them."""
    found = []
    for line in code.splitlines():
        if line.startswith("$ "):
            found.append((line, []))
        elif found and found[-1][0].endswith("\\"):
            found[-1] = (found[-1][0] + "\n" + line, [])
        elif found:
            found[-1][1].append(line)
        else:
            raise AssertionError(f"a console block begins with {line!r}, not with a command")
    return found


def agreed(expected, actual):
    """The lines as they should stand where they agree with what is printed, digits and what `…` stands for aside; else None."""
    patterns = []
    for line in expected:
        if line.strip() == "…":
            patterns.append(r"((?:[^\n]*\n)*?)")
            continue
        quoted = re.escape(line.rstrip()).replace("…", r"[^\n]*")
        # One pattern for any number, with decimals or without.
        patterns.append("(" + re.sub(r"\d+(?:\\\.\d+)?", r"\\d+(?:\\.\\d+)?", quoted) + r"[ \t]*\n)")
    match = re.fullmatch("".join(patterns), "".join(line.rstrip() + "\n" for line in actual))
    if match is None:
        return None
    return [line if "…" in line else printed.rstrip() for line, printed in zip(expected, match.groups())]


def run(command, folder):
    """Runs one command; returns exit code and lines printed, standard error below standard output."""
    path = f"{BINARIES}{os.pathsep}{os.environ['PATH']}"
    variables = {name: value for name, value in os.environ.items() if not name.startswith("YINGDA_")}
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=variables | {"PATH": path}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT_S, text=True, encoding="utf-8")
    return done.returncode, done.stdout.splitlines()


class Checks:
    """Counts what passed and failed."""

    def __init__(self):
        self.num_passed = self.num_failed = 0

    def check(self, is_good, what, why=""):
        if is_good:
            self.num_passed += 1
            print(f"ok   {what}", flush=True)
        else:
            self.num_failed += 1
            print(f"FAIL {what}\n{textwrap.indent(why, '     ')}", flush=True)


def run_console(checks, code, folder):
    """Runs a console block; returns it as it should stand now."""
    written = []
    for line, expected in steps(code):
        command = line.removeprefix("$ ")
        exit_code = re.search(r"# exit code (\d+)$", command)
        wanted = int(exit_code[1]) if exit_code else 0
        got, actual = run(command, folder)
        lines = agreed(expected, actual)
        is_good = got == wanted and lines is not None
        why = "\n".join([f"exit code {got}, wanted {wanted}; wanted below, then got:", *expected, "---", *actual])
        checks.check(is_good, f"$ {command}", why)
        written += [line, *(lines if is_good else actual)]
    return "\n".join(written) + "\n"


def check_examples(checks, should_update):
    text = README.read_text(encoding="utf-8")
    client = (ROOT / "tests/python/client.py").read_text(encoding="utf-8")
    replacements = []
    with tempfile.TemporaryDirectory(prefix="yingda-readme-") as folder:
        for name in FOLDERS:
            (pathlib.Path(folder) / name).symlink_to(ROOT / name)
        for block in blocks(text):
            language, code, first = block["language"], block["code"], block["code"].split("\n")[0]
            match language:
                case "console":
                    written = run_console(checks, code, folder)
                    if written != code:
                        replacements.append((code, written))
                case "sh":
                    reason = re.fullmatch(r"<!-- not run: (.+) -->", block["above"].strip())
                    checks.check(reason, f"sh block is accounted for: {reason and reason[1]}", first)
                case "python":
                    parts = [part.strip("\n") for part in re.split(r"\n\n\n+", code)]
                    missing = [part for part in parts if part not in client]
                    checks.check(not missing, f"python block is part of tests/python/client.py: {first}", "\n".join(missing))
                case "toml":
                    unknown = names_of(tomllib.loads(code)) - set(settings())
                    checks.check(not unknown, "toml block names settings", ", ".join(unknown))
                case "ts" | "text":
                    pass
                case _:
                    checks.check(False, f"a block of language {language!r}", "nobody checks such blocks; see check.py")
    if should_update and replacements:
        for path in (README, CHINESE):
            page = path.read_text(encoding="utf-8")
            for old, new in replacements:
                page = page.replace(f"```console\n{old}```", f"```console\n{new}```")
            path.write_text(page, encoding="utf-8")
        print(f"{len(replacements)} blocks updated")


def check_translation(checks):
    text, chinese = (path.read_text(encoding="utf-8") for path in (README, CHINESE))
    levels, chinese_levels = ([level for level, _ in headings(page)] for page in (text, chinese))
    checks.check(levels == chinese_levels, "README.zh-CN.md has the same headings", f"{levels}\n{chinese_levels}")
    code, chinese_code = ([(b["language"], b["code"]) for b in blocks(page)] for page in (text, chinese))
    differing = [f"{a}\n{b}" for a, b in zip(code, chinese_code) if a != b]
    is_same_code = len(code) == len(chinese_code) and not differing
    checks.check(is_same_code, "README.zh-CN.md has the same code blocks", "\n".join(differing[:1]) or "not as many")
    figures = [sorted(re.findall(r"<!-- figure:\S+ -->", page)) for page in (text, chinese)]
    checks.check(figures[0] == figures[1], "README.zh-CN.md has the same figures", str(figures))


def names_of(written):
    """The settings of a file; a key of a table has the table's name before it."""
    tables = {name: value for name, value in written.items() if isinstance(value, dict)}
    return (set(written) - set(tables)) | {f"{name}_{key}" for name, table in tables.items() for key in table}


def settings():
    """The keys that the program knows."""
    source = (ROOT / "src/app/config.rs").read_text(encoding="utf-8")
    return re.findall(r'"(\w+)"', re.search(r"const KEYS[^=]+= \[(.*?)\];", source, re.DOTALL)[1])


def check_settings(checks):
    keys = settings()
    for path in (README, CHINESE):
        rows = set(re.findall(r"^\| `(\w+)` \|", path.read_text(encoding="utf-8"), re.MULTILINE))
        missing = [key for key in keys if key not in rows]
        checks.check(keys and not missing, f"{path.name} names all {len(keys)} settings", ", ".join(missing))
        with open(ROOT / "Cargo.toml", "rb") as file:
            known = {bench["name"] for bench in tomllib.load(file)["bench"]}
        named = set(re.findall(r"cargo bench --bench (\w+)", path.read_text(encoding="utf-8")))
        checks.check(named <= known, f"{path.name} names benches that are there", ", ".join(named - known))


def check_links(checks):
    for path in PAGES:
        broken = []
        text = without_blocks(path.read_text(encoding="utf-8"))
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, fragment = target.partition("#")
            page = (path.parent / file).resolve() if file else path
            if not page.exists():
                broken.append(target)
            elif fragment and page.suffix == ".md":
                known = {anchor(heading) for _, heading in headings(page.read_text(encoding="utf-8"))}
                if fragment not in known:
                    broken.append(target)
        checks.check(not broken, f"links of {path.relative_to(ROOT)}", "\n".join(broken))


def main():
    checks = Checks()
    should_update = sys.argv[1:] == ["--update"]
    check_translation(checks)
    check_settings(checks)
    check_links(checks)
    check_examples(checks, should_update)
    print(f"{checks.num_passed} passed, {checks.num_failed} failed")
    return 1 if checks.num_failed and not should_update else 0


if __name__ == "__main__":
    sys.exit(main())
