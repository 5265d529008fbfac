import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { describe, expect } from 'vitest';

import { listVirtualMachines } from '../../src/core/inventory/listVirtualMachines.ts';
import { readVirtualMachine } from '../../src/core/inventory/readVirtualMachine.ts';
import { assess } from '../../src/core/consistency/assess.ts';
import { anySignal } from '../support/anySignal.ts';
import { foreignProgram } from '../support/foreignProgram.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';
import { logIn, startLab, startVcsim, type TestServer } from '../vcsim/servers.ts';

// Inventories of real servers, saved by govc, are served by the lab: what our client sees there is what it saw before.
const test = toolTest('go');

describe('an inventory that govc has saved', () => {
  test.each([
    ["govmomi's simulator as a vCenter", async () => await startVcsim()],
    ["govmomi's simulator as an ESXi host", async () => await startVcsim(['-esx'])],
    ['the lab', async () => await startLab()],
    ['a lab of an older release', async () => await startLab(['--api-version', '6.5'])],
  ])('of %s is the same to the client, VMs and predictions alike', async (_, start) => {
    const folder = join(temporaryFolder('dump'), 'saved');
    await using original = await start();
    save(original, folder);
    const before = await seen(original);
    await using imported = await startLab(['--import', folder]);
    const after = await seen(imported);
    expect(comparable(after)).toEqual(comparable(before));
    expect(after.vms.length).toBeGreaterThan(1);
  });

  test('can only be read', async () => {
    const folder = join(temporaryFolder('dump'), 'saved');
    await using original = await startLab();
    save(original, folder);
    await using imported = await startLab(['--import', folder]);
    await using open = await logIn(imported);
    const [vm] = await listVirtualMachines(open.session, anySignal);
    await expect(open.session.call('PowerOffVM_Task', vm!.ref, {}, anySignal)).rejects.toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
      faultType: 'NotSupported',
      serverMessage: 'The lab serves a saved inventory, which can only be read.',
    });
  });
});

/**
 * But for what gets lost on the way: govc leaves numbers that are 0, and empty texts, out of what it saves wherever they are
 * optional; the simulator says of some objects that they are what they are declared to be; and it tells what is newer than
 * the version it speaks, which the lab does not.
 */
function comparable(value: unknown): unknown {
  const isLost = (key: string, part: unknown) =>
    part === 0 ||
    part === '' ||
    key === 'createDate' ||
    (key === '_type' && redundantTypes.has(String(part)));
  return JSON.parse(
    JSON.stringify(value, (key, part: unknown) => (isLost(key, part) ? undefined : part)),
  ) as unknown;
}

const redundantTypes = new Set(['Description', 'OptionValue']);

function save({ url, user, password }: TestServer, folder: string): void {
  const environment = {
    ...process.env,
    ...{
      GOVC_URL: `${url}/sdk`,
      GOVC_USERNAME: user,
      GOVC_PASSWORD: password,
      GOVC_PERSIST_SESSION: 'false',
    },
    GOVC_INSECURE: 'true',
  };
  const args = ['object.save', '-d', folder];
  const { status, stderr } = spawnSync(foreignProgram('govc'), args, { env: environment, encoding: 'utf8' });
  expect({ status, stderr }).toMatchObject({ status: 0 });
}

/** All that the client makes of it, but for the address. */
async function seen(server: TestServer) {
  await using open = await logIn(server);
  const { session } = open;
  const listed = await listVirtualMachines(session, anySignal);
  const vms = [];
  for (const vm of listed) {
    const facts = await readVirtualMachine(session, vm, anySignal);
    vms.push({ listed: vm, facts, assessment: assess(facts.facts) });
  }
  return { about: session.about, vms };
}
