#!/usr/bin/env python3
"""Works on a mounted ext file system and cuts its power. usage: crash.py FOLDER FLUSH SEED

The journal wraps around, is full of revoked blocks (deleted directories) and of blocks that begin with its own magic
number, and the newest changes are in it alone.
"""
import fcntl, os, random, struct, sys

root, flush, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
shutdown = 0x8004587D  # EXT4_IOC_SHUTDOWN
magic = struct.pack('>I', 0xC03B3998)
generator = random.Random(seed)
files, folders = [], [root]

for step in range(6000):
    what = generator.random()
    folder = generator.choice(folders)
    if what < 0.05:
        path = f'{folder}/folder-{step}'
        if path.count('/') < root.count('/') + 8:
            os.mkdir(path)
            folders.append(path)
    elif what < 0.6:
        path = f'{folder}/file-{step}' + 'x' * generator.choice([0, 5, 60])
        with open(path, 'wb') as file:
            file.write((b'%-10d' % step) * generator.choice([0, 1, 100, 700]))
        files.append(path)
    elif what < 0.75 and files:
        os.unlink(files.pop(generator.randrange(len(files))))
    elif what < 0.85 and files:
        index = generator.randrange(len(files))
        renamed = f'{folder}/renamed-{step}'
        os.rename(files[index], renamed)
        files[index] = renamed
    elif what < 0.9:
        os.symlink('t' * generator.choice([5, 59, 60, 61, 400]), f'{folder}/link-{step}')
    elif what < 0.93 and len(folders) > 20:
        gone = folders.pop(generator.randrange(10, len(folders)))
        os.system(f"rm -rf '{gone}'")
        folders = [path for path in folders if os.path.isdir(path)]
        files = [path for path in files if os.path.exists(path)]
    elif what < 0.931:
        os.sync()
    elif what < 0.94 and files:
        descriptor = os.open(generator.choice(files), os.O_RDWR)
        os.fsync(descriptor)
        os.close(descriptor)
# Metadata blocks that begin with the journal's magic: long links are written through the journal.
for index in range(3):
    os.symlink(magic + b'm' * 300, os.fsencode(f'{root}/escaped-{index}'))
descriptor = os.open(root, os.O_RDONLY)
if flush == 2:
    os.fsync(descriptor)
    for step in range(200):
        open(f'{root}/lost-{step}', 'wb').write(b'never on the disk')
fcntl.ioctl(descriptor, shutdown, struct.pack('I', flush))
os.close(descriptor)
