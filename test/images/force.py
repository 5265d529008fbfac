#!/usr/bin/env python3
"""Works on a mounted Btrfs, forces some of it to the disk, and keeps what the disk holds at random moments: power cuts.

usage: force.py FOLDER IMAGE CUTS SEED: IMAGE-0, IMAGE-1, ...
Nothing is written while the image is copied: what the disk holds then is what it would hold after a power cut.
"""
import ctypes, os, random, shutil, subprocess, sys

root, image, cuts, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
generator = random.Random(seed)
libc = ctypes.CDLL(None, use_errno=True)
libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
keep_size, punch_hole = 1, 2
subvolume = f'{root}/@'
folders, files = [root, subvolume], []
count = 0


def force(path):
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def is_same_tree(one, other):
    return one.startswith(subvolume) == other.startswith(subvolume)


def content():
    size = generator.choice([0, 1, 100, 1900, 2100, 4096, 5000, 40_000, 300_000])
    return (b'%-9d\n' % generator.randrange(10**8)) * (size // 10) + b'x' * (size % 10)


def step():
    global count, files, folders
    count += 1
    what = generator.random()
    folder = generator.choice(folders)
    touched = []
    name = f'{count}' + 'n' * generator.choice([0, 4, 80, 200])
    if what < 0.08:
        if folder.count('/') < root.count('/') + 7:
            os.mkdir(f'{folder}/folder-{name}')
            folders.append(f'{folder}/folder-{name}')
            touched.append(folders[-1])
    elif what < 0.30:
        path = f'{folder}/file-{name}'
        with open(path, 'wb') as file:
            file.write(content())
        files.append(path)
        touched += [path, folder]
    elif what < 0.36:
        os.symlink('t' * generator.choice([5, 400, 3000]), f'{folder}/link-{name}')
        touched.append(folder)
    elif what < 0.38:
        os.mkfifo(f'{folder}/fifo-{name}')
        touched.append(folder)
    elif files and what < 0.62:
        path = generator.choice(files)
        descriptor = os.open(path, os.O_RDWR)
        size = os.fstat(descriptor).st_size
        change = generator.random()
        if change < 0.45:
            os.pwrite(descriptor, content(), generator.choice([0, size, size // 2, size + 100_000]))
        elif change < 0.6:
            os.ftruncate(descriptor, generator.choice([0, 10, size // 2, size + 50_000]))
        elif change < 0.75:
            libc.fallocate(descriptor, keep_size, size, 200_000)
        elif change < 0.85:
            libc.fallocate(descriptor, keep_size | punch_hole, size // 4, max(1, size // 2))
        else:
            os.fchmod(descriptor, generator.choice([0o600, 0o644, 0o755]))
            note = f'user.note-{generator.randrange(3)}'
            os.setxattr(path, note, b'%d' % count * generator.choice([1, 20]))
            for gone in [name for name in os.listxattr(path) if name != note and generator.random() < 0.5]:
                os.removexattr(path, gone)
        os.close(descriptor)
        touched.append(path)
    elif files and what < 0.72:
        path = generator.choice(files)
        if is_same_tree(path, folder):
            os.link(path, f'{folder}/hard-{name}')
            files.append(f'{folder}/hard-{name}')
            touched += [path, folder]
    elif files and what < 0.85:
        index = generator.randrange(len(files))
        old = files[index]
        new = f'{folder}/moved-{name}'
        if generator.random() < 0.4:
            new = generator.choice(files)
        if is_same_tree(old, new) and not os.path.samefile(old, new if os.path.lexists(new) else root):
            os.rename(old, new)
            files = [path for path in files if path not in (old, new)] + [new]
            touched += [new, os.path.dirname(new), os.path.dirname(old)]
    elif files and what < 0.93:
        path = files.pop(generator.randrange(len(files)))
        os.unlink(path)
        touched.append(os.path.dirname(path))
        if generator.random() < 0.3:
            with open(path, 'wb') as file:
                file.write(b'made again')
            files.append(path)
            touched.append(path)
    elif len(folders) > 8:
        victim = generator.choice(folders[2:])
        change = generator.random()
        if change < 0.2:
            shutil.rmtree(victim)
            files = [path for path in files if not path.startswith(victim + '/')]
            folders = [path for path in folders if path != victim and not path.startswith(victim + '/')]
            touched.append(os.path.dirname(victim))
        elif is_same_tree(victim, folder) and not (folder + '/').startswith(victim + '/'):
            new = f'{folder}/moved-{name}'
            os.rename(victim, new)
            moved = lambda path: new + path[len(victim):] if (path + '/').startswith(victim + '/') else path
            folders, files = [moved(path) for path in folders], [moved(path) for path in files]
            touched += [new, os.path.dirname(new)]
    for path in touched:
        if generator.random() < 0.3:
            force(path)


subprocess.run(['btrfs', '-q', 'subvolume', 'create', subvolume], check=True)
for cut in range(cuts):
    for _ in range(generator.randrange(20, 300)):
        step()
    os.sync()
    for _ in range(generator.randrange(5, 200)):
        step()
    if files:
        force(generator.choice(files))
    subprocess.run(['cp', '--sparse=always', image, f'{image}-{cut}'], check=True)
