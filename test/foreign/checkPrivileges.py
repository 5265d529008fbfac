"""Compares the privileges that methods need with those that pyVmomi knows.

usage: checkPrivileges.py TABLE.json
The table maps methods to {where: privilege}; where is "self" or the name of a parameter. Privileges of the group System
are left out: whoever is logged in has them on what he sees. Methods whose privileges depend on the request declare none.
Prints what differs and a count; fails on a difference.
"""
import json
import sys

from pyVmomi import vim  # noqa: F401  (fills the registry)
from pyVmomi import VmomiSupport as registry

table = json.load(open(sys.argv[1]))


def declared(name):
    info = registry.GetWsdlMethod("urn:vim25", name).info
    places = [("self", info.privId)] + [(param.name, param.privId) for param in info.params]
    return {where: privilege for where, privilege in places if privilege and not privilege.startswith("System.")}


problems = [
    f"{name}: {table['privileges'].get(name, {})} in the table, {declared(name)} declared"
    for name in table["operations"]
    if table["privileges"].get(name, {}) != declared(name)
]
print("\n".join(problems))
print(f"{len(table['operations'])} checked, {len(problems)} differ")
sys.exit(1 if problems else 0)
