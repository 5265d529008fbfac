import { expect, test } from 'vitest';

import { systemClock } from '../../../src/base/clock.ts';
import { negotiatedVersion } from '../../../src/core/vsphere/apiVersion.ts';
import { personalityOf, spokenVersions } from '../../../src/lab/personality.ts';
import type { XmlElement } from '../../../src/lab/soap/xmlTree.ts';
import {
  allText,
  collector,
  faultType,
  ref,
  serviceInstance,
  startTestLab,
  type TestLab,
  textOf,
  web01,
} from './labFixture.ts';

async function server(release: string, isHost = false): Promise<TestLab> {
  const lab = await startTestLab(systemClock, 0, personalityOf(release, isHost));
  await lab.login();
  return lab;
}

async function everythingOf(
  lab: TestLab,
  self: readonly [string, string],
  soapAction?: string,
): Promise<Set<string>> {
  const spec = `<specSet><propSet><type>${self[0]}</type><all>true</all></propSet><objectSet>${ref('obj', self)}</objectSet></specSet><options/>`;
  lab.soapAction = soapAction;
  const answer = await lab.call('RetrievePropertiesEx', collector, spec);
  return namesIn(answer);
}

function namesIn(element: XmlElement): Set<string> {
  return new Set([element.localName, ...element.children.flatMap(child => [...namesIn(child)])]);
}

test('an old server tells nothing that came later', async () => {
  const [old, current] = [await server('6.5'), await server('8.0')];
  const [told, toldNow] = [await everythingOf(old, web01), await everythingOf(current, web01)];
  expect([...told]).toContain('instanceUuid');
  for (const later of ['sgxInfo', 'metroFtEnabled', 'vmxStatsCollectionEnabled', 'hwVersion', 'vbsEnabled']) {
    expect(toldNow).toContain(later);
    expect(told).not.toContain(later);
  }
});

test('a client that speaks an older version hears that one from a newer server', async () => {
  const lab = await server('8.0');
  const told = await everythingOf(lab, web01, '"urn:vim25/6.7"');
  expect(told).toContain('vbsEnabled');
  expect(told).not.toContain('sgxInfo');
});

test('what an old server does not know it refuses as vCenter does', async () => {
  const lab = await server('6.0');
  const args = '<name>a</name><memory>false</memory>';
  const method = await lab.call('CreateSnapshotEx_Task', web01, args);
  expect(faultType(method)).toBe('InvalidRequest');
  expect(allText(method)).toContain('Unable to resolve WSDL method name CreateSnapshotEx_Task');
  const field = await lab.call(
    'ReconfigVM_Task',
    web01,
    '<spec><migrateEncryption>disabled</migrateEncryption></spec>',
  );
  expect(faultType(field)).toBe('InvalidRequest');
  expect(allText(field)).toContain('Unexpected element tag "migrateEncryption" seen');
  await expect(lab.read(web01, 'runtime.cryptoState')).rejects.toThrow();
  // Clients send their own newest version to every server.
  lab.soapAction = 'urn:vim25/9.1.0.0';
  expect(await everythingOf(lab, web01, lab.soapAction)).not.toContain('migrateEncryption');
});

test.each(['5.5', '6.0', '6.5', '6.7', '7.0', '8.0', '9.0'])(
  'a server of version %s lists what the client agrees on',
  async release => {
    const lab = await server(release);
    const versions = (await lab.http('GET', '/sdk/vimServiceVersions.xml')).body.toString();
    const content = await lab.call('RetrieveServiceContent', serviceInstance);
    const { apiVersion } = personalityOf(release, false);
    expect(textOf(content, 'apiVersion')).toBe(apiVersion);
    expect(negotiatedVersion(versions)).toBe(release === '9.0' ? '8.0.3.0' : apiVersion);
    expect(spokenVersions(personalityOf(release, false))).toContain('4.0');
  },
);

test('a host on its own has one of everything and no UUID', async () => {
  const lab = await server('7.0', true);
  const content = await lab.call('RetrieveServiceContent', serviceInstance);
  expect(textOf(content, 'apiType')).toBe('HostAgent');
  expect(textOf(content, 'instanceUuid')).toBeUndefined();
  expect(textOf(content, 'rootFolder')).toBe('ha-folder-root');
  const path = '<inventoryPath>ha-datacenter/vm/web01</inventoryPath>';
  const found = await lab.call('FindByInventoryPath', ['SearchIndex', 'SearchIndex'], path);
  expect(textOf(found, 'returnval')).toBe(web01[1]);
  expect((await lab.read(web01, 'config.version'))?.text).toBe('vmx-19');
});

test('the free license refuses every change, and tells so', async () => {
  const lab = await server('8.0', true);
  await lab.control('POST', '/faults', { freeLicense: true });
  expect((await lab.read(web01, 'name'))?.text).toBe('web01');
  const refused = await lab.call('PowerOffVM_Task', web01);
  expect(faultType(refused)).toBe('RestrictedVersion');
  expect(allText(refused)).toContain('prohibits execution of the requested operation');
});

test('an upgrade ends the sessions and speaks the new version', async () => {
  const lab = await server('6.5');
  await lab.control('POST', '/personality', { apiVersion: '7.0' });
  await expect(lab.read(web01, 'name')).rejects.toThrow(/not authenticated/);
  const content = await lab.call('RetrieveServiceContent', serviceInstance);
  expect(textOf(content, 'apiVersion')).toBe('7.0.3.0');
});
