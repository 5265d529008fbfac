import { afterAll, beforeAll, describe, expect } from 'vitest';

import type { Bottleneck } from '../../src/base/waits.ts';
import { MiB } from '../../src/base/units.ts';
import type { WorkerClient } from '../../src/client/workerClient.ts';
import { readJobLog, startBackup } from '../../src/protocol/job.ts';
import type { TransportChoiceDto } from '../../src/protocol/plan.ts';
import type { RepositoryParams } from '../../src/protocol/repository.ts';
import { anySignal } from '../support/anySignal.ts';
import { crashOnly } from '../support/policies.ts';
import { RunningLab } from '../support/runningLab.ts';
import { suiteFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { vmNamed, WatchedJob, WorkerUser } from '../support/workerUser.ts';

const test = toolTest('restic');

interface Scene {
  readonly name: string;
  readonly faults: Readonly<Record<string, unknown>>;
  readonly storing: Pick<RepositoryParams, 'packMiB' | 'compression' | 'uploadBytesPerSecond'>;
  /** What a guest has written at an offset before; nothing more than there was without it. */
  readonly written?: (offset: number) => Readonly<Record<string, unknown>>;
  readonly transport?: TransportChoiceDto;
  readonly expected: Bottleneck;
  readonly said: RegExp;
}

const scenes: readonly Scene[] = [
  {
    name: 'a lease that is slow is the source',
    faults: { leaseBytesPerSecond: 150_000 },
    storing: {},
    expected: 'source',
    said: /^limited by the source( at .*\/s)?$/,
  },
  {
    // Random bytes are soon packed, and not much shorter then.
    name: 'a store that is slow is the target',
    faults: {},
    storing: { packMiB: 4, uploadBytesPerSecond: 4_000_000 },
    written: (offset: number) => ({ seed: offset }),
    expected: 'target',
    said: /^limited by the target( at .*\/s)?$/,
  },
  {
    // Nothing that is done with a program takes longer than packing it as well as can be.
    name: 'packing as well as can be is the CPU',
    faults: {},
    transport: 'datastore-files',
    storing: { compression: 'max' },
    written: (pathOffset: number) => ({ path: process.execPath, pathOffset }),
    expected: 'cpu',
    said: /^limited by the CPU( at .*\/s)?$/,
  },
];

describe.each(scenes)('what keeps a backup from being faster', scene => {
  const { name, faults, storing, transport = 'auto', written, expected, said } = scene;
  const user = new WorkerUser(suiteFolder('wb'));
  let lab: RunningLab;
  let client: WorkerClient;

  beforeAll(async () => {
    lab = await RunningLab.start();
    client = await user.connect();
    await user.openPlaces(client, lab, storing);
  });
  afterAll(async () => {
    await user[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  test(`${name}, while it reads and in the log`, async () => {
    if (written !== undefined)
      for (const offset of [16, 24, 32, 40].map(start => start * MiB))
        await lab.control('POST', 'disks/web01/2000/bytes', { offset, length: 8 * MiB, ...written(offset) });
    await lab.setFaults(faults);
    const params = { vm: await vmNamed(client, 'web01'), repository: 'main', policy: crashOnly, transport };
    const { jobId } = await client.request(startBackup, params, anySignal);
    const job = new WatchedJob(client, jobId);
    await job.until(({ bottleneck }) => bottleneck === expected);
    const { state, bottleneck } = await job.ended;
    expect({ state, bottleneck }).toEqual({ state: 'succeeded', bottleneck: undefined });
    const { lines } = await client.request(readJobLog, { jobId }, anySignal);
    expect(lines.map(({ text }) => text)).toContainEqual(expect.stringMatching(said));
  });
});
