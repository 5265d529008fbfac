"""Compares the table of the vSphere API with govmomi's Go types.

usage: checkGovmomi.py TABLE.json TYPES.go [TYPES.go ...]
Own fields must be a subsequence of the struct's (it may know newer ones), with the same base and the same
repetition; the arguments of operations must agree whole. Prints what differs and a count; fails on a difference.
"""
import json
import re
import sys

table = json.load(open(sys.argv[1]))
source = "\n".join(open(path).read() for path in sys.argv[2:])
structs = {m.group(1): m.group(2) for m in re.finditer(r"^type (\w+) struct \{\n(.*?)^\}", source, re.S | re.M)}


def read(name):
    base, fields = None, []
    for line in (line.strip() for line in structs[name].split("\n")):
        if not line or line.startswith("//"):
            continue
        field = re.match(r'^\w+\s+(\S+)\s+`xml:"([^"]*)"', line)
        if field:
            go_type = field.group(1)
            fields.append((field.group(2).split(",")[0], go_type.startswith("[]") or go_type == "ByteSlice"))
        elif re.match(r"^\w+$", line):
            base = line
    return base, fields


def is_subsequence(wanted, present):
    rest = iter(present)
    return all(any(item == other for other in rest) for item in wanted)


def own(fields):
    return [(field["name"], field["repeated"]) for field in fields]


problems, checked = [], 0
for row in table["types"]:
    name = row["name"]
    if name not in structs:
        problems.append(f"{name}: unknown")
        continue
    base, fields = read(name)
    # base64 text is a byte array in Go, and one element on the wire.
    wanted = [(n, r or any(f["name"] == n and f["type"] == "base64" for f in row["ownFields"])) for n, r in own(row["ownFields"])]
    fields = [(n, True if any(f["name"] == n and f["type"] == "base64" for f in row["ownFields"]) else r) for n, r in fields]
    if base != row.get("base"):
        problems.append(f"{name}: derives from {base}, the table says {row.get('base')}")
    if not is_subsequence(wanted, fields):
        problems.append(f"{name}: {wanted} is not in {fields}")
    checked += 1
for row in table["operations"]:
    request = re.sub("_Task$", "", row["name"]) + "RequestType"
    if request not in structs:
        problems.append(f"{row['name']}: unknown")
        continue
    _, fields = read(request)
    if fields != [("_this", False), *own(row["parameters"])]:
        problems.append(f"{row['name']}: {own(row['parameters'])} is not {fields}")
    checked += 1
print("\n".join(problems))
print(f"{checked} checked, {len(problems)} differ")
sys.exit(1 if problems else 0)
