#!/usr/bin/python3
"""Security descriptors as Samba reads and writes them: each line of standard input is SDDL, each line of output the bytes in
hexadecimal and what Samba makes of them again."""
import sys

from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack

domain = security.dom_sid("S-1-5-21-1-2-3")
for line in sys.stdin:
    descriptor = security.descriptor.from_sddl(line.strip(), domain)
    packed = ndr_pack(descriptor)
    print(packed.hex(), ndr_unpack(security.descriptor, packed).as_sddl())
