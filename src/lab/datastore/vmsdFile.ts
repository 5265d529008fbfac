import type { VmFacts } from '../model/vmDescription.ts';
import { parseVmx } from './parsedVmx.ts';
import { escaped, relativeTo } from './vmxFile.ts';

/** A snapshot as the list tells of it. */
export interface ListedSnapshot {
  readonly id: number;
  readonly parentId: number | undefined;
  readonly name: string;
  readonly description: string;
  readonly createTime: Date;
  /** As the file names them: without a folder for those beside it. */
  readonly diskFiles: readonly string[];
}

export interface SnapshotList {
  readonly lastId: number;
  readonly currentId: number | undefined;
  /** Each after the one it was taken on. */
  readonly snapshots: readonly ListedSnapshot[];
}

/** The list of snapshots that a host keeps beside a VM, in lines like those of its configuration. */
export function formatVmsd({ snapshots, currentSnapshot, nextSnapshotNumber, home }: VmFacts): string {
  const current = currentSnapshot?.facts.id;
  const lines: (readonly [key: string, value: string])[] = [
    ['.encoding', 'UTF-8'],
    ['snapshot.lastUID', String(nextSnapshotNumber - 1)],
    ...(current === undefined ? [] : [['snapshot.current', String(current)] as const]),
    ...snapshots.flatMap(({ facts, parent }, index) => {
      const { high, low } = fileTime(facts.createTime);
      return [
        [`snapshot${index}.uid`, String(facts.id)] as const,
        ...(parent === undefined ? [] : [[`snapshot${index}.parent`, String(parent.facts.id)] as const]),
        [`snapshot${index}.displayName`, facts.name] as const,
        [`snapshot${index}.description`, facts.description] as const,
        [`snapshot${index}.createTimeHigh`, String(high)] as const,
        [`snapshot${index}.createTimeLow`, String(low)] as const,
        [`snapshot${index}.numDisks`, String(facts.disks.length)] as const,
        ...facts.disks.map(
          ({ link }, disk) =>
            [`snapshot${index}.disk${disk}.fileName`, relativeTo(home.path, link.fileName)] as const,
        ),
      ];
    }),
    ['snapshot.numSnapshots', String(snapshots.length)],
  ];
  return lines.map(([key, value]) => `${key} = "${escaped(value)}"\n`).join('');
}

/** Snapshots whose lines are not whole, or whose parent is not among those before, are left out. */
export function parseVmsd(text: string): SnapshotList {
  const values = parseVmx(text);
  const numberOf = (key: string) => {
    const value = values.get(key);
    return value !== undefined && /^-?\d{1,10}$/.test(value) ? Number(value) : undefined;
  };
  const snapshots: ListedSnapshot[] = [];
  const count = Math.min(numberOf('snapshot.numsnapshots') ?? 0, maxSnapshots);
  for (let index = 0; index < count; index += 1) {
    const prefix = `snapshot${index}`;
    const id = numberOf(`${prefix}.uid`);
    const parentId = numberOf(`${prefix}.parent`);
    if (id === undefined || (parentId !== undefined && !snapshots.some(other => other.id === parentId)))
      continue;
    const diskCount = Math.min(numberOf(`${prefix}.numdisks`) ?? 0, maxDisks);
    const [high = 0, low = 0] = ['high', 'low'].map(half => numberOf(`${prefix}.createtime${half}`));
    snapshots.push({
      ...{ id, parentId, createTime: timeOf(high, low) },
      name: values.get(`${prefix}.displayname`) ?? '',
      description: values.get(`${prefix}.description`) ?? '',
      diskFiles: Array.from(
        { length: diskCount },
        (_, disk) => values.get(`${prefix}.disk${disk}.filename`) ?? '',
      ),
    });
  }
  return { lastId: numberOf('snapshot.lastuid') ?? 0, currentId: numberOf('snapshot.current'), snapshots };
}

/** More than a host lets a VM have. */
const maxSnapshots = 1000;
const maxDisks = 256;

/** Microseconds since 1970 in two halves of 32 bits, both with a sign. */
function fileTime(time: Date): { high: number; low: number } {
  const microseconds = BigInt(time.getTime()) * 1000n;
  return {
    high: Number(BigInt.asIntN(32, microseconds >> 32n)),
    low: Number(BigInt.asIntN(32, microseconds)),
  };
}

function timeOf(high: number, low: number): Date {
  return new Date(Number(((BigInt(high) << 32n) + BigInt.asUintN(32, BigInt(low))) / 1000n));
}
