#!/bin/bash
# Builds the committed images and their manifests. Needs root, loop devices and the tools of e2fsprogs, xfsprogs, ntfs-3g
# (with libwim15), btrfs-progs, dosfstools, mtools, exfatprogs, exfat-fuse and util-linux. The truth of every image is what the kernel says of it: NAME.manifest, one JSON line per node.
# usage: build.sh [OUTPUT [NAME]]: all images, or those whose names match the pattern NAME
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
output=$(mkdir -p "${1:-$here}" && cd "${1:-$here}" && pwd)
wanted=${2:-*}
work=$(mktemp -d)
mounted=$work/mnt
mkdir "$mounted"
trap 'umount "$mounted" 2>/dev/null || true; rm -rf "$work"' EXIT

finish() { # NAME: compresses the image
  zstd -q -f -19 --long=27 "$work/$1.img" -o "$output/$1.img.zst"
  rm "$work/$1.img"
  echo "$1: $(stat -c %s "$output/$1.img.zst") bytes"
}

manifest() { # IMAGE NAME: mounts read-only, without changing the image
  cp --sparse=always "$1" "$work/truth.img"
  mount -o loop "$work/truth.img" "$mounted"
  node --input-type=module - "$here/manifest.ts" "$mounted" << 'SCRIPT' | gzip -9n > "$output/$2.manifest.gz"
const { manifestOfFolder } = await import(process.argv[2]);
const lines = manifestOfFolder(process.argv[3]).filter(({ path }) => !path.startsWith('/lost+found'));
for (const line of lines) console.log(JSON.stringify(line));
SCRIPT
  umount "$mounted"
}

is_wanted() { # NAME
  # shellcheck disable=SC2053 -- it is a pattern
  [[ $1 == $wanted ]]
}

format() { # NAME IMAGE MKFS-OPTIONS...
  local name=$1 image=$2 uuid
  shift 2
  uuid=6f3a1c52-0000-4000-8000-$(printf '%s' "$name" | md5sum | cut -c1-12)
  case $name in
    # Smaller than its tools support: the smallest that they do would be 300 MiB.
    *xfs*) mkfs.xfs -q --unsupported -m "uuid=$uuid" -L "${name:0:12}" "$@" "$image" > "$work/mkfs.log" 2>&1 ;;
    # All in one kind of chunk: separate ones would need 109 MiB.
    btrfs*) mkfs.btrfs -q --mixed -U "$uuid" -L "$name" "$@" "$image" ;;
    *) mke2fs -q -F -U "$uuid" -L "$name" "$@" "$image" ;;
  esac
}

quiet() { # NAME MIB ENTRIES SPARSE_MIB MKFS-OPTIONS...: unmounted cleanly
  local name=$1 size=$2 entries=$3 sparse=$4 image=$work/$1.img
  is_wanted "$name" || return 0
  shift 4
  truncate -s "${size}M" "$image"
  format "$name" "$image" "$@"
  mount -o loop "$image" "$mounted"
  "$here/populate.py" "$mounted" "$entries" "$sparse" "$name"
  umount "$mounted"
  manifest "$image" "$name"
  finish "$name"
}

partitioned() { # NAME SECTOR_BYTES [FILE_SYSTEM_OFFSET_MIB]: partition table from stdin; NAME.json says what sfdisk made of it
  local name=$1 image=$work/$1.img loop
  is_wanted "$name" || return 0
  truncate -s 40M "$image"
  loop=$(losetup -f --show -b "$2" "$image")
  sfdisk -q --no-tell-kernel "$loop"
  sfdisk -J "$loop" > "$output/$name.json"
  losetup -d "$loop"
  if [ $# -gt 2 ]; then mke2fs -q -F -t ext4 -b 1024 -L inside -E "offset=$(($3 << 20))" "$image" 8M; fi
  finish "$name"
}

crashed() { # NAME FLUSH MKFS-OPTIONS...: power cut while in use; FLUSH 1: journal written out before, 2: not
  local name=$1 flush=$2 image=$work/$1.img
  is_wanted "$name" || return 0
  shift 2
  truncate -s 48M "$image"
  format "$name" "$image" "$@"
  mount -o loop "$image" "$mounted"
  "$here/crash.py" "$mounted" "$flush" "$flush"
  # Now, not after unmounting, which writes back some of what only the journal has.
  cp --sparse=always "$image" "$work/crashed.img"
  umount "$mounted"
  mv "$work/crashed.img" "$image"
  manifest "$image" "$name"
  finish "$name"
}

stored() { # NAME MIB ENTRIES MKFS-OPTIONS...: written by mkfs.xfs, for what the kernel mounts no more; no manifest
  local name=$1 size=$2 entries=$3 image=$work/$1.img
  is_wanted "$name" || return 0
  shift 3
  mkdir "$work/tree"
  "$here/populate.py" "$work/tree" "$entries" 1 "$name"
  "$here/proto.py" "$work/tree" > "$work/proto"
  truncate -s "${size}M" "$image"
  format "$name" "$image" "$@" -p "$work/proto"
  rm -r "$work/tree"
  finish "$name"
}

quiet ext2-1k 24 300 5120 -t ext2 -b 1024
quiet ext2-revision0 16 60 70 -t ext2 -b 1024 -r 0
quiet ext3-1k 24 300 70 -t ext3 -b 1024
quiet ext4-1k 24 3000 70 -t ext4 -b 1024
quiet ext4-4k 32 1500 5120 -t ext4 -b 4096
quiet ext4-inode128 24 300 70 -t ext4 -b 1024 -I 128 -O ^64bit,^metadata_csum
quiet ext4-bigalloc-1k 48 200 70 -t ext4 -b 1024 -O bigalloc -C 16384
quiet ext4-metabg-1k 48 200 70 -t ext4 -b 1024 -O meta_bg,^resize_inode -g 1024
quiet ext4-inline 32 300 70 -t ext4 -b 4096 -O inline_data,large_dir,metadata_csum_seed -I 256
quiet ext4-inline-512 24 300 70 -t ext4 -b 1024 -O inline_data,ea_inode -I 512
quiet ext4-super2 24 60 70 -t ext4 -b 1024 -O sparse_super2,meta_bg,^resize_inode -g 1024

windows() { # NAME MIB ENTRIES SPARSE_MIB MKNTFS-OPTIONS...: the truth is what ntfs-3g says
  local name=$1 size=$2 entries=$3 sparse=$4 image=$work/$1.img
  is_wanted "$name" || return 0
  shift 4
  truncate -s "${size}M" "$image"
  mkntfs -q -Q -F -L "$name" "$@" "$image" 2> /dev/null
  ntfs-3g -o compression,streams_interface=windows "$image" "$mounted"
  "$here/populateWindows.py" "$mounted" "$entries" "$sparse" plain
  node --input-type=module - "$here/manifest.ts" "$mounted" << 'SCRIPT' | gzip -9n > "$output/$name.manifest.gz"
const { asOfNtfs, manifestOfFolder } = await import(process.argv[2]);
for (const line of manifestOfFolder(process.argv[3]).map(asOfNtfs)) console.log(JSON.stringify(line));
SCRIPT
  # Unmounting returns before the last writes are done.
  umount "$mounted"
  while fuser -s "$image" 2> /dev/null; do sleep 0.2; done
  finish "$name"
}

windows ntfs-4k 48 300 70
windows ntfs-512 32 60 30 -c 512

removable() { # NAME MIB FAT_BITS: what boot partitions hold; no manifest, for FAT knows too little
  local name=$1 image=$work/$1.img index
  is_wanted "$name" || return 0
  truncate -s "$2M" "$image"
  mkdir -p "$work/tree/EFI/deep folder"
  for index in $(seq 200); do seq "$index" > "$work/tree/EFI/entry number $index.txt"; done
  seq 40000 > "$work/tree/EFI/deep folder/Grüße-日本語.txt"
  if [ "$3" = exfat ]; then
    local loop
    mkfs.exfat -L "$name" "$image" > /dev/null
    loop=$(losetup -f --show "$image")
    mount.exfat-fuse "$loop" "$mounted" > /dev/null
    cp -r "$work/tree/." "$mounted"
    umount "$mounted"
    while ! losetup -d "$loop" 2> /dev/null || losetup "$loop" > /dev/null 2>&1; do sleep 0.2; done
  else
    mkfs.vfat -F "$3" -i 12345678 -n "$name" "$image" > /dev/null
    LC_ALL=C.UTF-8 mcopy -s -i "$image" "$work/tree/EFI" ::
  fi
  rm -r "$work/tree"
  finish "$name"
}

removable fat12 4 12
removable fat16 16 16
removable fat32 36 32
removable exfat 16 exfat

subvolumes() { # NAME COMPRESSION MKFS-OPTIONS...: one subvolume in the top, and a snapshot of it
  local name=$1 compression=$2 image=$work/$1.img
  is_wanted "$name" || return 0
  shift 2
  truncate -s 40M "$image"
  format "$name" "$image" "$@"
  mount -o "loop,compress-force=$compression" "$image" "$mounted"
  btrfs -q subvolume create "$mounted/@"
  "$here/populate.py" "$mounted/@" 200 70 "$name"
  btrfs -q subvolume snapshot -r "$mounted/@" "$mounted/snapshot"
  rm -r "$mounted/@/many"
  umount "$mounted"
  manifest "$image" "$name"
  finish "$name"
}

subvolumes btrfs-lzo lzo
# A kind of checksum that is not computed: damage reaches the structures themselves.
subvolumes btrfs-unchecked zstd --csum blake2

forced() { # NAME SEED MKFS-OPTIONS...: power cut with a log of what was forced to the disk; the seed leaves no time of recovery
  local name=$1 seed=$2 image=$work/$1.img
  is_wanted "$name" || return 0
  shift 2
  truncate -s 40M "$image"
  format "$name" "$image" "$@"
  mount -o loop,commit=300,compress=no "$image" "$mounted"
  "$here/force.py" "$mounted" "$image" 1 "$seed"
  umount "$mounted"
  mv "$image-0" "$image"
  manifest "$image" "$name"
  finish "$name"
}

forced btrfs-forced 9 --csum blake2

crashed crashed-ext4 1 -t ext4 -b 4096 -J size=8
crashed crashed-lost 2 -t ext4 -b 4096 -J size=8
crashed crashed-plain 1 -t ext4 -b 1024 -J size=4 -O ^metadata_csum,^64bit
crashed crashed-ext3 1 -t ext3 -b 1024 -J size=4

quiet xfs-4k 64 1500 5120 -l size=8m
quiet xfs-1k 64 300 70 -b size=1024 -i size=512,nrext64=1 -n size=8192 -m rmapbt=1 -l size=15m
quiet xfs-narrow-times 64 60 70 -m bigtime=0,reflink=0,finobt=0,inobtcount=0 -l size=8m

stored xfs-v4 24 300 -m crc=0 -b size=1024 -n ftype=0 -l size=3m

crashed crashed-xfs 1 -l size=8m
crashed crashed-xfs-lost 2 -b size=1024 -l size=8m,su=32k

partitioned gpt-512 512 3 << 'TABLE'
label: gpt
label-id: 1D4F7A3E-0000-4000-8000-000000000001
start=2048, size=4096, type=uefi, name="EFI System"
start=6144, size=16384, type=linux, name="Wurzel-ß-😀"
start=24576, size=2048, type=swap
start=30720, size=8192, type=lvm, name="123456789012345678901234567890123456"
TABLE
partitioned gpt-4096 4096 << 'TABLE'
label: gpt
label-id: 1D4F7A3E-0000-4000-8000-000000000002
start=256, size=512, type=uefi
start=1024, size=2048, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7, name="Basic data partition"
TABLE
partitioned mbr 512 2 << 'TABLE'
label: dos
label-id: 0x12345678
start=4096, size=16384, type=83, bootable
start=20480, size=2048, type=7
start=24576, size=49152, type=5
start=26624, size=4096, type=83
start=32768, size=4096, type=82
start=40960, size=8192, type=8e
TABLE

prettier --write --log-level warn "$output"/*.json
