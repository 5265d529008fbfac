import { inspect } from 'node:util';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';

import { systemClock } from '../../src/base/clock.ts';
import { heldPassword } from '../../src/base/credentialSource.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Secret } from '../../src/base/secret.ts';
import { connectVCenter, type VCenterConnection } from '../../src/core/vsphere/node/connectVCenter.ts';
import { RestSession } from '../../src/core/vsphere/node/restSession.ts';
import { readAttachedTags } from '../../src/core/vsphere/node/tags.ts';
import { readAllOfType } from '../../src/core/vsphere/propertyCollector.ts';
import { anySignal } from '../support/anySignal.ts';
import { govc } from '../support/govc.ts';
import { toolTest } from '../support/tools.ts';
import { type Lab, startLab, startVcsim, type TestServer } from '../vcsim/servers.ts';

const goTest = toolTest('go');

async function connect({ url, fingerprint, user, password }: TestServer): Promise<VCenterConnection> {
  const source = heldPassword(new Secret(password));
  const address = { name: 'vc', ...{ url, fingerprint, user, source } };
  return await connectVCenter(address, { clock: systemClock, logger: silentLogger }, anySignal);
}

/** Names of the tags of every VM by the VM's name. */
async function tagsByVm({ session, rest }: VCenterConnection): Promise<Readonly<Record<string, string>>> {
  const vms = await readAllOfType(session, 'VirtualMachine', ['name'], anySignal);
  const refs = vms.map(({ object }) => object);
  const tags = await readAttachedTags(rest!, refs, anySignal);
  return Object.fromEntries<string>(
    vms.map(({ object, properties }) => [
      properties.name ?? '',
      (tags.get(object.value) ?? []).map(({ category, name }) => `${category}/${name}`).join(' '),
    ]),
  );
}

const labTags = {
  web01: 'Backup plan/Daily Environment/Production',
  db01: 'Backup plan/Daily Environment/Production',
  build01: 'Backup plan/Weekly Environment/Development',
  archive01: '',
};

interface LabSessions {
  readonly live: readonly unknown[];
  readonly past: readonly unknown[];
}

describe('the lab', () => {
  let lab: Lab | undefined;
  const sessions = async () => (await lab!.control('sessions')) as LabSessions;

  beforeEach(async () => {
    lab ??= await startLab();
    await lab.control('faults', { restInterface: 'api' });
  });
  afterAll(async () => await lab?.[Symbol.asyncDispose]());

  test.each(['api', 'rest'])(
    'tells tags over REST as spelled at /%s, and the session is logged out',
    async spelling => {
      await lab!.control('faults', { restInterface: spelling });
      {
        await using connection = await connect(lab!);
        expect((await sessions()).live).toHaveLength(1);
        expect(await tagsByVm(connection)).toEqual(labTags);
        expect((await sessions()).live).toHaveLength(2);
      }
      expect((await sessions()).live).toEqual([]);
    },
  );

  test('a session that has expired is opened again, once for all who notice', async () => {
    await using connection = await connect(lab!);
    await tagsByVm(connection);
    await lab!.control('sessions/expire', {});
    const before = (await sessions()).past.length;
    const answers = await Promise.all([tagsByVm(connection), tagsByVm(connection), tagsByVm(connection)]);
    expect(answers).toEqual([labTags, labTags, labTags]);
    // One of SOAP and one of REST; nothing was opened twice and left behind.
    expect(await sessions()).toMatchObject({ live: [{}, {}], past: { length: before } });
  });

  test('a wrong password is an error that names user and server, and holds no secret', async () => {
    const { url, fingerprint, user } = lab!;
    const server = { name: 'vc', host: new URL(url).host, identity: { fingerprint } };
    const source = heldPassword(new Secret('wrong-password-1'));
    await using rest = new RestSession(server, { user, source }, silentLogger);
    const error: unknown = await rest
      .read('cis/tagging/tag', 'x', anySignal)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'AUTHENTICATION', object: 'vc' });
    expect(String(error)).toContain(user);
    const shown = inspect(error, { depth: Infinity, showHidden: true });
    for (const secret of ['wrong-password-1', Buffer.from(`${user}:wrong-password-1`).toString('base64')])
      expect(shown).not.toContain(secret);
  });

  test('a server with another certificate is not told the password', async () => {
    const { url, user } = lab!;
    const identity = { fingerprint: Array.from({ length: 32 }, () => 'AB').join(':') };
    const source = heldPassword(new Secret('x'));
    await using rest = new RestSession(
      { name: 'vc', host: new URL(url).host, identity },
      { user, source },
      silentLogger,
    );
    const before = (await sessions()).past.length;
    await expect(rest.read('cis/tagging/tag', 'x', anySignal)).rejects.toMatchObject({
      code: 'UNTRUSTED_SERVER',
    });
    expect((await sessions()).past.length).toBe(before);
  });

  goTest('a foreign client reads its tags and makes others', async () => {
    expect(
      govc(lab!, 'govc tags.attached.ls -r /Lab/vm/Production/web01').trim().split('\n').toSorted(),
    ).toEqual(['Daily', 'Production']);
    govc(
      lab!,
      [
        'govc tags.category.create -m Owner',
        'govc tags.create -c Owner "Team <A&B>"',
        'govc tags.attach -c Owner "Team <A&B>" /Lab/vm/Archive/archive01',
        // The category allows one on each VM: it takes the place of the other.
        'govc tags.attach -c Environment Test /Lab/vm/Production/web01',
        'govc tags.detach -c "Backup plan" Daily /Lab/vm/Production/db01',
      ].join('\n'),
    );
    await using connection = await connect(lab!);
    expect(await tagsByVm(connection)).toEqual({
      ...labTags,
      web01: 'Backup plan/Daily Environment/Test',
      db01: 'Environment/Production',
      archive01: 'Owner/Team <A&B>',
    });
    expect(govc(lab!, 'govc tags.category.ls').trim().split('\n').toSorted()).toEqual([
      'Backup plan',
      'Environment',
      'Owner',
    ]);
  });
});

goTest("tags of govmomi's simulator, made by govmomi's own client", async () => {
  await using server = await startVcsim();
  govc(
    server,
    [
      'govc tags.category.create Tier',
      'govc tags.category.create -m Owner',
      'govc tags.create -c Tier Gold',
      'govc tags.create -c Owner Sales',
      'govc tags.attach -c Tier Gold /DC0/vm/DC0_H0_VM0',
      'govc tags.attach -c Owner Sales /DC0/vm/DC0_H0_VM0',
      'govc tags.attach -c Owner Sales /DC0/vm/DC0_C0_RP0_VM1',
    ].join('\n'),
  );
  await using connection = await connect(server);
  expect(await tagsByVm(connection)).toEqual({
    DC0_H0_VM0: 'Owner/Sales Tier/Gold',
    DC0_H0_VM1: '',
    DC0_C0_RP0_VM0: '',
    DC0_C0_RP0_VM1: 'Owner/Sales',
  });
});

goTest('an ESXi host has no tags, and nobody asks it for some', async () => {
  await using server = await startVcsim(['-esx']);
  await using connection = await connect(server);
  expect(connection.rest).toBeUndefined();
});
