import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { GuestFileSystem, NodeId } from '../../src/core/guestfs/guestFileSystem.ts';
import { manifestOfGuest, type ManifestLine } from '../images/manifest.ts';
import { anySignal } from '../support/anySignal.ts';
import { collect } from '../support/collect.ts';

/** What every GuestFileSystem promises. The manifest is the truth, from the kernel. */
export function describeGuestFileSystem(
  name: string,
  open: () => Promise<GuestFileSystem>,
  manifest: readonly ManifestLine[],
): void {
  describe(`guest file system: ${name}`, () => {
    let fileSystem: GuestFileSystem;
    beforeAll(async () => {
      fileSystem = await open();
    });

    test('every node is what the kernel says it is', async () => {
      const found = await manifestOfGuest(fileSystem);
      expect(withoutLostFound(found)).toEqual(withoutLostFound(manifest));
    });

    test('paths lead where listing leads', async () => {
      for (const { path, kind } of manifest.filter((_, index) => index % 23 === 0)) {
        const node = await fileSystem.lookup(path, anySignal);
        expect({ path, ...(await fileSystem.stat(node, anySignal)) }).toMatchObject({ path, kind });
        expect(await fileSystem.lookup(`.${path}/`, anySignal)).toBe(node);
      }
    });

    test('what is not there is NOT_FOUND, and nothing leads upwards', async () => {
      for (const path of ['absent', '/sizes/absent', 'SIZES']) {
        await expect(fileSystem.lookup(path, anySignal)).rejects.toMatchObject({
          code: 'NOT_FOUND',
          object: path,
        });
      }
      await expect(fileSystem.lookup('a/../b', anySignal)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    });

    test('any range of a file is that range of its content', async () => {
      const files = manifest.filter(({ kind, size }) => kind === 'file' && size > 0 && size < 4_000_000);
      const largest = files.toSorted((one, other) => other.size - one.size).slice(0, 3);
      for (const { path, size } of [...largest, ...files.slice(0, 3)]) {
        const node = await fileSystem.lookup(path, anySignal);
        const whole = await read(fileSystem, node, 0);
        expect(whole.byteLength).toBe(size);
        await fc.assert(
          fc.asyncProperty(fc.nat({ max: size + 10 }), fc.nat({ max: 2 * size }), async (offset, length) => {
            const part = await read(fileSystem, node, offset, length);
            expect(Buffer.compare(part, whole.subarray(offset, offset + length))).toBe(0);
          }),
          { numRuns: 15 },
        );
      }
    });

    test('nodes of the wrong kind are refused', async () => {
      const file = await fileSystem.lookup(defined(manifest, 'file').path, anySignal);
      const folder = fileSystem.root;
      const isInvalid = { code: 'INVALID_INPUT' };
      await expect(fileSystem.list(file, anySignal)).rejects.toMatchObject(isInvalid);
      await expect(fileSystem.lookup(`${defined(manifest, 'file').path}/x`, anySignal)).rejects.toMatchObject(
        isInvalid,
      );
      await expect(fileSystem.readlink(file, anySignal)).rejects.toMatchObject(isInvalid);
      await expect(read(fileSystem, folder, 0)).rejects.toMatchObject(isInvalid);
      const link = manifest.find(({ kind, target }) => kind === 'symlink' && target !== undefined);
      if (link !== undefined) {
        const node = await fileSystem.lookup(link.path, anySignal);
        await expect(read(fileSystem, node, 0)).rejects.toMatchObject(isInvalid);
      }
    });

    test('everything can be cancelled', async () => {
      const cancelled = AbortSignal.abort();
      const file = await fileSystem.lookup(defined(manifest, 'file').path, anySignal);
      const isCancelled = { code: 'CANCELLED' };
      await expect(fileSystem.lookup('x', cancelled)).rejects.toMatchObject(isCancelled);
      await expect(fileSystem.list(fileSystem.root, cancelled)).rejects.toMatchObject(isCancelled);
      await expect(fileSystem.stat(file, cancelled)).rejects.toMatchObject(isCancelled);
      const reading = collect(fileSystem.readFile(file, { offsetBytes: 0 }, cancelled));
      await expect(reading).rejects.toMatchObject(isCancelled);
    });
  });
}

async function read(
  fileSystem: GuestFileSystem,
  node: NodeId,
  offsetBytes: number,
  lengthBytes?: number,
): Promise<Buffer> {
  const range = lengthBytes === undefined ? { offsetBytes } : { offsetBytes, lengthBytes };
  return Buffer.concat(await collect(fileSystem.readFile(node, range, anySignal)));
}

function defined(manifest: readonly ManifestLine[], kind: string): ManifestLine {
  return manifest.find(line => line.kind === kind && line.size > 0)!;
}

function withoutLostFound(lines: readonly ManifestLine[]): ManifestLine[] {
  return lines.filter(({ path }) => !path.startsWith('/lost+found'));
}
