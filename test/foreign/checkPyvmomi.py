"""Compares the table of the vSphere API with pyVmomi's registry of types.

usage: checkPyvmomi.py TABLE.json
Checks order and optionality of every field that pyVmomi knows too, and the arguments of operations. Prints what
differs and a count; fails on a difference.
"""
import json
import sys

from pyVmomi import vim, vmodl  # noqa: F401  (fills the registry)
from pyVmomi import VmomiSupport as registry

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
    shared = [field for field in row["ownFields"] if field["name"] in present]
    order = [name for name in present if name in {field["name"] for field in shared}]
    if [field["name"] for field in shared] != order:
        problems.append(f"{name}: {[field['name'] for field in shared]} is not in the order {order}")
    for field in shared:
        if bool(present[field["name"]].flags & registry.F_OPTIONAL) != field["optional"]:
            problems.append(f"{name}.{field['name']}: optional is {field['optional']} in the table")
    checked += 1
for row in table["operations"]:
    try:
        method = registry.GetWsdlMethod("urn:vim25", row["name"])
    except KeyError:
        unknown.append(row["name"])
        continue
    names = [param.name for param in method.info.params]
    if names != [field["name"] for field in row["parameters"]]:
        problems.append(f"{row['name']}: {row['parameters']} is not {names}")
    checked += 1
print("\n".join(problems))
print(f"{checked} checked, {len(problems)} differ, {len(unknown)} unknown: {' '.join(unknown)}")
sys.exit(1 if problems else 0)
