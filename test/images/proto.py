#!/usr/bin/env python3
"""Prints a folder as the prototype that mkfs.xfs -p reads, which knows no spaces, holes or times. usage: proto.py FOLDER

Names with spaces, links beyond what mkfs.xfs writes rightly (330 bytes) and what is neither file, folder nor link are
left out.
"""
import os, stat, sys


def mode(node, letter):
    special = ('u' if node.st_mode & 0o4000 else '-') + ('g' if node.st_mode & 0o2000 else '-')
    return f'{letter}{special}{node.st_mode & 0o777:03o} {node.st_uid} {node.st_gid}'


def walk(folder, indent):
    for name in sorted(os.listdir(folder)):
        path = f'{folder}/{name}'
        node = os.lstat(path)
        if ' ' in name or ' ' in path:
            continue
        if stat.S_ISDIR(node.st_mode):
            print(f'{indent}{name} {mode(node, "d")}')
            walk(path, indent + ' ')
            print(f'{indent}$')
        elif stat.S_ISLNK(node.st_mode) and len(os.fsencode(os.readlink(path))) < 330:
            print(f'{indent}{name} {mode(node, "l")} {os.readlink(path)}')
        elif stat.S_ISREG(node.st_mode):
            print(f'{indent}{name} {mode(node, "-")} {path}')


sys.stdout.reconfigure(errors='surrogateescape')
print('/boot/none\n0 0\nd--755 0 0')
walk(sys.argv[1], ' ')
print('$')
