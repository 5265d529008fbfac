"""Compares the table of the vSphere API with pyVmomi's registry of types.

usage: checkPyvmomi.py TABLE.json
Checks order and optionality of every field that pyVmomi knows too, the arguments of operations, and with which version
of the API types, fields, properties and operations came. Prints what differs and a count; fails on a difference.
"""
import json
import sys

from pyVmomi import vim, vmodl  # noqa: F401  (fills the registry)
from pyVmomi import VmomiSupport as registry

OLDEST = (5, 5)


def numbers(version):
    return tuple(int(part) for part in version.split(".")) if version else OLDEST


def since(version):
    """What a server must at least speak; nothing is asked of one that speaks less than the oldest."""
    try:
        return max(numbers(registry.versionIdMap[version]), OLDEST)
    except ValueError:
        return OLDEST


def check_since(what, row, known, at_least=OLDEST):
    wanted = max(since(known), at_least)
    if numbers(row.get("since")) != wanted:
        problems.append(f"{what}: since {row.get('since')} in the table, {wanted} there")
    return wanted


table = json.load(open(sys.argv[1]))
problems, checked, unknown = [], 0, []
for row in table["types"]:
    name = row["name"]
    if name in ("DynamicData", "DynamicProperty"):
        continue
    try:
        known = registry.GetWsdlType("urn:vim25", name)
    except KeyError:
        unknown.append(name)
        continue
    present = {prop.name: prop for prop in known._propList}
    came = check_since(name, row, known._version)
    shared = [field for field in row["ownFields"] if field["name"] in present]
    order = [name for name in present if name in {field["name"] for field in shared}]
    if [field["name"] for field in shared] != order:
        problems.append(f"{name}: {[field['name'] for field in shared]} is not in the order {order}")
    for field in shared:
        check_since(f"{name}.{field['name']}", field, present[field["name"]].version, came)
        if bool(present[field["name"]].flags & registry.F_OPTIONAL) != field["optional"]:
            problems.append(f"{name}.{field['name']}: optional is {field['optional']} in the table")
    checked += 1
for row in table["operations"]:
    try:
        method = registry.GetWsdlMethod("urn:vim25", row["name"])
    except KeyError:
        unknown.append(row["name"])
        continue
    check_since(row["name"], row, method.info.version)
    names = [param.name for param in method.info.params]
    for field, param in zip(row["parameters"], method.info.params):
        check_since(f"{row['name']}.{field['name']}", field, param.version, numbers(row.get("since")))
    if names != [field["name"] for field in row["parameters"]]:
        problems.append(f"{row['name']}: {row['parameters']} is not {names}")
    checked += 1
for row in table["managed"]:
    try:
        known = registry.GetWsdlType("urn:vim25", row["name"])
    except KeyError:
        unknown.append(row["name"])
        continue
    came = check_since(row["name"], row, known._version)
    for field in row["ownFields"]:
        if field["name"] in known._propInfo:
            check_since(f"{row['name']}.{field['name']}", field, known._propInfo[field["name"]].version, came)
    checked += 1
print("\n".join(problems))
print(f"{checked} checked, {len(problems)} differ, {len(unknown)} unknown: {' '.join(unknown)}")
sys.exit(1 if problems else 0)
