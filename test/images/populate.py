#!/usr/bin/env python3
"""Fills a mounted file system with everything its readers must cope with. usage: populate.py FOLDER ENTRIES SPARSE_MIB SEED

Content depends on the position (a misplaced block shows) and compresses well (the images are committed). What a file
system cannot store (old inodes have no large times, for instance) is left out: the truth is read back from the kernel.
"""
import ctypes, os, socket, stat, sys

root = os.fsencode(sys.argv[1])
entries = int(sys.argv[2])
sparse = int(sys.argv[3]) << 20
seed = sys.argv[4]
libc = ctypes.CDLL(None, use_errno=True)


def at(*names):
    return os.path.join(root, *[os.fsencode(name) for name in names])


def text(start, length, name):
    """Bytes [start, start + length) of an endless text whose every 32-byte line tells its position."""
    first = start // 32
    lines = b''.join(b'%-20s%011x\n' % (os.fsencode(name)[:20], line) for line in range(first, (start + length) // 32 + 1))
    return lines[start - first * 32:][:length]


def write(path, length):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(text(0, length, os.path.basename(path) + seed.encode()))


for length in (0, 1, 59, 60, 61, 100, 150, 160, 1023, 1024, 1025, 4095, 4096, 4097, 70001):
    write(at('sizes', f'file-{length}'), length)
for name in ('Grüße-日本語-😀.txt', 'e\u0301-nfd', '\u00e9-nfc', 'n' * 255, 'back\\slash', 'escape\\x41', ' space ', '...', '-'):
    write(at('names', name), 100)
for name in (b'bad-\xff\xfe', b'cut-\xe6\x97', b'\xc0\xaf', b'latin-\xe4\xf6'):
    write(at('names', name), 100)
for index in range(entries):
    write(at('many', f'entry-{index:06d}-{"x" * (index % 40)}'), index % 50)
for index in range(0, entries, 7):
    os.unlink(at('many', f'entry-{index:06d}-{"x" * (index % 40)}'))
for index in range(1, entries, 70):
    source = at('many', f'entry-{index:06d}-{"x" * (index % 40)}')
    if os.path.exists(source):
        os.rename(source, at('many', f'renamed-{index}'))
for index in range(3):
    write(at('few', f'f{index}'), 10)
os.makedirs(at('empty'))
write(at('deep', *[f'level{level:02d}' for level in range(40)], 'leaf.txt'), 500)

with open(at('sparse'), 'wb') as file:
    for start, length in ((0, 5), (sparse // 5 * 4, 3000), (sparse // 5 * 4 + 12345, 6), (sparse - 3, 3)):
        file.seek(start)
        file.write(text(start, length, 'sparse'))
with open(at('fragmented'), 'wb') as file:
    block = os.statvfs(root).f_bsize
    for index in range(900):
        file.seek(index * 2 * block)
        file.write(text(index * 2 * block, block, 'fragmented'))
        if index % 100 == 0:
            os.fsync(file.fileno())
with open(at('reserved'), 'wb') as file:
    if libc.fallocate(file.fileno(), 0, ctypes.c_long(0), ctypes.c_long(1 << 20)) == 0:
        file.seek(300_000)
        file.write(text(300_000, 5000, 'reserved'))
with open(at('grown'), 'wb') as file:
    file.write(text(0, 40, 'grown'))
    file.truncate(130)

for length in (1, 58, 59, 60, 61, 400, 1000):
    os.symlink(b'/'.join([b't' * 20] * 60)[:length], at(f'link-{length}'))
os.symlink('sizes/file-100', at('link-good'))
os.link(at('sizes', 'file-100'), at('hard-link'))
os.mkfifo(at('fifo'))
socket.socket(socket.AF_UNIX).bind(at('socket'))
write(at('owned'), 10)
if os.geteuid() == 0:
    os.mknod(at('character'), stat.S_IFCHR | 0o600, os.makedev(1, 3))
    try:
        os.mknod(at('block'), stat.S_IFBLK | 0o600, os.makedev(700, 70000))
    except OSError:
        os.mknod(at('block'), stat.S_IFBLK | 0o600, os.makedev(7, 300))
    os.chown(at('owned'), 70000, 3_000_000_000)
os.chmod(at('owned'), 0o6751)
write(at('time-before-1970'), 10)
os.utime(at('time-before-1970'), ns=(-86_400_123_456_789, -1_000_000_001))
write(at('time-in-2100'), 10)
os.utime(at('time-in-2100'), ns=(4_102_444_800_000_000_001, 4_102_444_800_999_999_999))
