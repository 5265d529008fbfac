import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { GiB, KiB } from '../../../../src/base/units.ts';
import type { Manifest } from '../../../../src/core/catalog/manifest.ts';
import { decodeManifest, encodeManifest } from '../../../../src/core/catalog/manifestText.ts';
import { defaultChunkGeometry } from '../../../../src/core/chunking/geometry.ts';
import type { BlobId } from '../../../../src/core/codec/blobId.ts';
import type { Repository } from '../../../../src/core/repository/repository.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { sampleManifest } from '../../../support/manifests.ts';
import { pattern } from '../../../support/pattern.ts';
import { memoryRepository, sampleDisk, savePoint } from '../../../support/restorePoints.ts';

const text = readFileSync(`${import.meta.dirname}/../../../../docs/FORMAT.md`, 'utf8');
const section = text.slice(text.indexOf('## Restore points'), text.indexOf('## Threat model'));

/** A manifest in which nothing is missing that may be. */
function fullManifest(): Manifest {
  const { vm, consistency } = sampleManifest();
  return sampleManifest({
    vm: { ...vm, resourcePool: 'Resources' },
    consistency: {
      ...consistency,
      predicted: 'filesystem',
      evidence: [
        {
          rule: 'E5',
          statement: 'Writers took part',
          proves: 'application',
          limits: 'application',
          claims: 'application',
          items: ['SqlServerWriter'],
        },
      ],
      downgrades: [{ from: 'application', to: 'filesystem', reason: 'no VSS in this guest' }],
      attempts: [
        {
          level: 'application',
          call: 'CreateSnapshotEx_Task',
          at: '2026-11-22T10:00:00.000Z',
          problem: 'no',
        },
      ],
      applications: [{ name: 'SqlServerWriter', rule: 'E5', isProven: true }],
      volumes: [
        {
          ...{ deviceKey: 2000, volumeIndex: 0, name: 'root', fileSystem: 'ext4' },
          ...{ state: 'clean', rule: 'IMG-EXT4', statement: 'clean' },
        },
      ],
    },
    group: {
      ...{ id: 'ab', name: 'shop', skewMs: 12 },
      members: [{ vmInstanceUuid: vm.instanceUuid, name: vm.name, takenAt: '2026-11-22T10:00:00.000Z' }],
    },
    disks: [
      sampleDisk({
        changeId: '52 aa/3',
        backing: { ...sampleDisk({}).backing, uuid: '6000C29' },
        transport: {
          kind: 'datastore-files',
          passedOver: [{ kind: 'nbd', reason: 'its program ended' }],
          readMode: 'whole',
          fullReason: 'scheduled',
          fullDetail: 'as it was said',
          ...{ receivedBytes: 1, readBytes: 2, changedBytes: 3, storedBytes: 4 },
          audit: { chunks: 64, mismatches: 0 },
          whole: { at: '2026-11-22T10:00:00.000Z', pointsSince: 0 },
        },
      }),
    ],
    leftOutDisks: [{ key: 2001, label: 'Hard disk 2', reason: 'independent' }],
  });
}

describe('the manifest is documented', () => {
  const documented = [...section.matchAll(/^\| `([\w.[\]]+)`( \?)? +\| .+ \|$/gm)]
    .map(row => ({ field: row[1] ?? '', isOptional: row[2] !== undefined }))
    .filter(
      ({ field }) =>
        !['time', 'hostname', 'paths', 'tags', 'parent', 'username', 'program_version'].includes(field),
    );

  test('field by field', () => {
    expect(documented.map(({ field }) => field)).toEqual(inDocumentedOrder(fieldsOf(fullManifest())));
  });

  test.each(documented)('$field, optional: $isOptional', ({ field, isOptional }) => {
    const lacking = without(fullManifest(), field.split('.'));
    const decode = () => decodeManifest(encodeManifest(lacking as Manifest), 'manifest');
    if (isOptional) expect(decode()).toEqual(lacking);
    else expect(decode).toThrow(field.split('.').at(-1));
  });

  function inDocumentedOrder(fields: readonly string[]): string[] {
    const rank = new Map(documented.map(({ field }, index) => [field, index]));
    return fields.toSorted((one, other) => (rank.get(one) ?? Infinity) - (rank.get(other) ?? Infinity));
  }
});

describe('the tree is documented', () => {
  let repository: Repository;
  beforeAll(async () => {
    repository = await memoryRepository();
    return async () => await repository[Symbol.asyncDispose]();
  });

  test('path by path', async () => {
    const shape = { chunkBytes: 4 * KiB, partBytes: 8 * KiB };
    const manifest = sampleManifest({
      disks: [
        sampleDisk({ ...shape, key: 2000, capacityBytes: 9 * KiB }),
        sampleDisk({ ...shape, key: 2001, capacityBytes: 1 * KiB }),
      ],
    });
    const contents = new Map(manifest.disks.map(({ key, capacityBytes }) => [key, pattern(capacityBytes)]));
    const { tree } = await repository.loadSnapshot(
      await savePoint(repository, { manifest, contents }),
      signal,
    );
    const listed = [...section.matchAll(/^(\/\S+)(?: {2,}.*)?$/gm)].map(match => match[1]);
    expect(await filesBelow(tree, '')).toEqual(listed);
  });

  test('with the sizes in which disks are cut', () => {
    expect(defaultChunkGeometry).toEqual({ chunkBytes: 1024 * KiB, partBytes: 16 * GiB });
    expect(section).toContain('_parts_ of 16 GiB');
    expect(section).toContain('_chunks_ of 1 MiB');
  });

  async function filesBelow(tree: BlobId, path: string): Promise<string[]> {
    const files: string[] = [];
    for (const node of (await repository.loadTree(tree, signal)).nodes) {
      const nodePath = `${path}/${node.name}`;
      files.push(...(node.type === 'dir' ? await filesBelow(node.subtree, nodePath) : [nodePath]));
    }
    return files.toSorted((one, other) => depth(one) - depth(other) || (one < other ? -1 : 1));
  }

  function depth(path: string): number {
    return path.split('/').length;
  }
});

/** `disks[].backing.uuid` and the like, for everything in a value that is not an object itself. */
function fieldsOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return fieldsOf(value[0], `${path}[]`);
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([name, field]) =>
    fieldsOf(field, path === '' ? name : `${path}.${name}`),
  );
}

/** A copy of the value that lacks one field. */
function without(value: unknown, [first = '', ...rest]: readonly string[]): unknown {
  const name = first.replace('[]', '');
  const { [name]: field, ...others } = value as Readonly<Record<string, unknown>>;
  if (rest.length === 0) return others;
  const changed = Array.isArray(field) ? field.map(item => without(item, rest)) : without(field, rest);
  return { ...(value as object), [name]: changed };
}
