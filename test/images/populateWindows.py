#!/usr/bin/env python3
"""Fills a mounted NTFS volume with what Windows keeps there. usage: populateWindows.py FOLDER ENTRIES SPARSE_MIB
[plain], which leaves out what ntfs-3g does not read itself

The volume is mounted by ntfs-3g -o compression,streams_interface=windows. Content depends on the position (a misplaced
block shows). Files of `wof` are compressed as Windows compresses its own; their truth is in `plain`.
"""
import ctypes, os, random, struct, sys

root = sys.argv[1]
entries = int(sys.argv[2])
sparse = int(sys.argv[3]) << 20
generator = random.Random(7)


def at(*names):
    return os.path.join(root, *names)


def text(start, length, name):
    first = start // 32
    lines = b''.join(b'%-20s%011x\n' % (name.encode()[:20], line) for line in range(first, (start + length) // 32 + 1))
    return lines[start - first * 32:][:length]


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(content)


def attribute(path, name, value):
    os.setxattr(path, f'system.ntfs_{name}', value)


def reparse(path, tag, payload):
    attribute(path, 'reparse_data', struct.pack('<IHH', tag, len(payload), 0) + payload)


for length in (0, 1, 100, 600, 700, 1023, 1024, 4095, 4096, 4097, 70001):
    write(at('sizes', f'file-{length}'), text(0, length, f'file-{length}'))
for name in ('Grüße-日本語-😀.txt', 'e\u0301-nfd', '\u00e9-nfc', 'n' * 255, '日' * 255, 'escape-x41', '-'):
    write(at('names', name), text(0, 100, 'name'))
write(at('case', 'Name.txt'), b'upper')
write(at('case', 'name.txt'), b'lower')
for index in range(entries):
    write(at('many', f'entry-{index:06d}-{"x" * (index % 40)}'), text(0, index % 50, 'many'))
for index in range(0, entries, 7):
    os.unlink(at('many', f'entry-{index:06d}-{"x" * (index % 40)}'))
os.makedirs(at('empty'))
write(at('deep', *[f'level{level:02d}' for level in range(40)], 'leaf.txt'), text(0, 500, 'leaf'))

with open(at('sparse'), 'wb') as file:
    for start, length in ((0, 5), (sparse // 5 * 4, 3000), (sparse - 3, 3)):
        file.seek(start)
        file.write(text(start, length, 'sparse'))
os.makedirs(at('fragmented'))
one, other = (open(at('fragmented', name), 'wb', buffering=0) for name in ('file', 'removed'))
for index in range(2000):
    one.write(text(index * 4096, 4096, 'fragmented'))
    other.write(b'o' * 4096)
one.close()
other.close()
os.unlink(at('fragmented', 'removed'))
write(at('links', 'base'), b'many links need more than one record')
for index in range(60):
    os.link(at('links', 'base'), at('links', f'a-rather-long-name-of-a-hard-link-{index:03d}'))

os.mkdir(at('compressed'))
flags = struct.unpack('<I', os.getxattr(at('compressed'), 'system.ntfs_attrib'))[0]
attribute(at('compressed'), 'attrib', struct.pack('<I', flags | 0x800))
write(at('compressed', 'text'), text(0, 700_000, 'compressed'))
write(at('compressed', 'random'), generator.randbytes(20_001))
with open(at('compressed', 'mixed'), 'wb') as file:
    for index in range(9):
        file.write([generator.randbytes(40_000), b'\0' * 70_000, b'abcdefgh' * 5000][index % 3])
with open(at('compressed', 'holes'), 'wb') as file:
    for start in (0, 300_000, 900_001):
        file.seek(start)
        file.write(text(start, 70_000, 'holes'))

write(at('streams', 'file'), b'the file itself')
write(at('streams', 'file:Zone.Identifier'), b'[ZoneTransfer]\r\nZoneId=3\r\n')
write(at('streams', 'file:large'), text(0, 300_000, 'stream'))

# ntfs-3g shows no fractions of seconds before 1970.
write(at('times', 'before-1970'), b'')
os.utime(at('times', 'before-1970'), ns=(-86_400_000_000_000, -1_000_000_000))
write(at('times', 'in-2100'), b'')
os.utime(at('times', 'in-2100'), ns=(4_102_444_800_000_000_100, 4_102_444_800_999_999_900))

if sys.argv[4:] == ['plain']:
    sys.exit()

library = ctypes.CDLL('libwim.so.15')
library.wimlib_compress.restype = ctypes.c_size_t
formats = {'xpress4k': (1, 4096, 0), 'lzx': (2, 32768, 1), 'xpress8k': (1, 8192, 2), 'xpress16k': (1, 16384, 3)}
code = b''.join(b'\x55\x8b\xec\xe8' + struct.pack('<i', generator.randrange(-5000, 90_000)) + b'\x5d\xc3' for _ in range(9000))
contents = {
    'text': text(0, 900_001, 'wof') + bytes(range(256)) * 40,
    'code': code,
    'random': generator.randbytes(70_001),
    'zeros': bytes(100_000),
    'short': b'short',
}
for name, content in contents.items():
    write(at('plain', name), content)
    for algorithm, (kind, size, number) in formats.items():
        compressor = ctypes.c_void_p()
        assert library.wimlib_create_compressor(kind, ctypes.c_size_t(size), 0, ctypes.byref(compressor)) == 0
        chunks = []
        for start in range(0, len(content), size):
            chunk = content[start:start + size]
            buffer = ctypes.create_string_buffer(len(chunk))
            length = library.wimlib_compress(chunk, ctypes.c_size_t(len(chunk)), buffer, ctypes.c_size_t(len(chunk) - 1), compressor)
            chunks.append(buffer.raw[:length] if length else chunk)
        ends = [sum(map(len, chunks[:index])) for index in range(1, len(chunks))]
        path = at('wof', f'{name}-{algorithm}')
        write(path, b'')
        write(path + ':WofCompressedData', struct.pack(f'<{len(ends)}I', *ends) + b''.join(chunks))
        os.truncate(path, len(content))
        reparse(path, 0x80000017, struct.pack('<IIII', 1, 2, 1, number))


def link(path, tag, target, flags):
    encoded = target.encode('utf-16le')
    head = struct.pack('<HHHH', 0, len(encoded), len(encoded) + 2, len(encoded)) + flags
    reparse(path, tag, head + encoded + b'\0\0' + encoded + b'\0\0')


os.makedirs(at('reparse', 'junction'))
link(at('reparse', 'junction'), 0xA0000003, '\\??\\C:\\Users', b'')
write(at('reparse', 'link'), b'')
link(at('reparse', 'link'), 0xA000000C, '..\\sizes\\file-100', struct.pack('<I', 1))
write(at('reparse', 'deduplicated'), b'')
reparse(at('reparse', 'deduplicated'), 0x80000013, b'\1' * 16)
write(at('reparse', 'unknown'), b'')
reparse(at('reparse', 'unknown'), 0x80001234, b'\1' * 16)
