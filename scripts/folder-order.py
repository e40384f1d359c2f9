#!/usr/bin/env python3
"""Holds the folders of each target to the order that docs/architecture.md names.

Usage: scripts/folder-order.py [--graph TARGET]   (prints what each folder of a target uses, instead of judging)

Folders of one target import nothing, so the compiler does not see their order. Here a folder uses another when one of its
files names a type or function that a file of the other declares at its top level. Members that an extension adds to a type of
another folder are not seen, nor is a name that several folders declare.
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"

# What stands against the order and is to go: (target, folder, name it uses from above): why it is there. The list only shrinks.
EXCEPTIONS = {
}

DECLARATION = re.compile(
    r"^(?!.*\b(?:private|fileprivate)\b)(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|final|indirect|nonisolated|@\w+)\s+)*"
    r"(?:struct|enum|class|actor|protocol|typealias|func|let|var)\s+(\w+)", re.M)
WORD = re.compile(r"\b[A-Za-z_]\w*")


def code(text):
    """A file without comments and without the texts of its literals; what is interpolated into them stays."""
    out, place, depths = [], 0, []
    while place < len(text):
        two = text[place:place + 2]
        if two == "//":
            place = text.find("\n", place) if "\n" in text[place:] else len(text)
            continue
        if two == "/*":
            place = text.find("*/", place) + 2
            continue
        if text[place] in '"#' and (match := re.match(r'(#*)("""|")', text[place:])):
            place = literal(text, place + match.end(), match.group(2) + match.group(1), match.group(1), out)
            continue
        out.append(text[place])
        place += 1
    return "".join(out)


def literal(text, place, end, hashes, out):
    """Passes over a literal; gives the place behind it."""
    escape = "\\" + hashes
    while place < len(text):
        if text.startswith(end, place):
            return place + len(end)
        if text.startswith(escape + "(", place):
            begin, depth, place = place + len(escape), 0, place + len(escape)
            while place < len(text):
                depth += {"(": 1, ")": -1}.get(text[place], 0)
                place += 1
                if depth == 0:
                    break
            out.append(" " + code(text[begin:place]) + " ")
        elif text.startswith(escape, place):
            place += len(escape) + 1
        else:
            place += 1
    return place


def folders(target):
    """The files of each folder, by its name; those that stand in none are the target's own, `.`."""
    found = collections.defaultdict(list)
    base = ROOT / "Sources" / target
    for file in sorted(base.rglob("*.swift")):
        parts = file.relative_to(base).parts
        if file.name != "Exports.swift":
            found[parts[0] if len(parts) > 1 else "."].append(file)
    return found


def uses(target):
    """Which names each folder uses from which other one: (folder, other) → name → files."""
    sources = {name: {file: code(file.read_text()) for file in files} for name, files in folders(target).items()}
    owners = collections.defaultdict(set)
    for folder, files in sources.items():
        for text in files.values():
            for name in DECLARATION.findall(text):
                owners[name].add(folder)
    found = collections.defaultdict(lambda: collections.defaultdict(set))
    for folder, files in sources.items():
        for file, text in files.items():
            for name in set(WORD.findall(text)):
                if len(owners.get(name, ())) == 1 and (other := next(iter(owners[name]))) != folder:
                    found[folder, other][name].add(file)
    return found


def orders():
    """The order of each target, as the page names it: lines such as `MCPClient: Messages → Eras → Session`."""
    block = re.search(r"^### Order of folders$.*?^```\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    if not block:
        sys.exit(f"folder-order.py: {PAGE.name} has no section \"Order of folders\" with a block of lines")
    found = {}
    for line in block.group(1).splitlines():
        target, _, names = line.partition(":")
        found[target.strip()] = [name.strip() for name in names.split("→")]
    return found


def judge():
    faults, spare, named = [], dict(EXCEPTIONS), orders()
    for base in sorted((ROOT / "Sources").iterdir()):
        if base.is_dir() and len(folders(base.name)) > 1 and base.name not in named:
            faults.append(f"{base.name}: has no order")
    for target, order in named.items():
        present = set(folders(target))
        for name in sorted(present.symmetric_difference(order)):
            faults.append(f"{target}: {name} " + ("has no place in the order" if name in present else "is no folder"))
        if present.symmetric_difference(order):
            continue
        for (folder, other), names in sorted(uses(target).items()):
            if order.index(other) < order.index(folder):
                continue
            for name, files in sorted(names.items()):
                if spare.pop((target, folder, name), None) or (target, folder, name) in EXCEPTIONS:
                    continue
                where = ", ".join(sorted(str(file.relative_to(ROOT)) for file in files))
                faults.append(f"{target}: {folder} uses {name} of {other}, which stands after it: {where}")
    for key in spare:
        faults.append(f"an exception is needed no more; take it out of scripts/folder-order.py: {key}")
    return faults


if len(sys.argv) == 3 and sys.argv[1] == "--graph":
    for (folder, other), names in sorted(uses(sys.argv[2]).items()):
        print(f"{folder} uses {other}: {', '.join(sorted(names))}")
elif len(sys.argv) == 1:
    faults = judge()
    for fault in faults:
        print(fault, file=sys.stderr)
    sys.exit(1 if faults else 0)
else:
    sys.exit(__doc__)
