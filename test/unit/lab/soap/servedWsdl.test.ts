import { Agent } from 'node:https';

import { createClientAsync } from 'soap';
import { expect, test } from 'vitest';

import { systemClock } from '../../../../src/base/clock.ts';
import { personalityOf } from '../../../../src/lab/personality.ts';
import { startTestLab } from '../labFixture.ts';

interface Served {
  readonly RetrieveServiceContentAsync: (
    request: object,
    options: object,
  ) => Promise<[{ returnval: { about: { apiVersion: string } } }]>;
}

// A client that is given an address alone, and learns from the server what it may say.
test.each(['/sdk/vimService.wsdl', '/sdk/vimService?wsdl'])(
  'a client of another kind finds at %s all that it needs to ask',
  async path => {
    const { lab } = await startTestLab(systemClock, 0, personalityOf('6.7', false));
    // The lab made its certificate a moment ago.
    const transport = { httpsAgent: new Agent({ rejectUnauthorized: false }) };
    const client = await createClientAsync(`${lab.url}${path}`, { wsdl_options: transport });
    const self = { attributes: { type: 'ServiceInstance' }, $value: 'ServiceInstance' };
    const [answer] = await (client as unknown as Served).RetrieveServiceContentAsync(
      { _this: self },
      transport,
    );
    expect(answer.returnval.about.apiVersion).toBe('6.7.3');
  },
);

test('what came with a later version is not in it', async () => {
  const older = await startTestLab(systemClock, 0, personalityOf('6.7', false));
  const text = (await older.http('GET', '/sdk/vimService.wsdl')).body.toString();
  expect(text).toContain('soapAction="urn:vim25/6.7.3"');
  expect(text).toContain('<complexType name="VirtualTPM">');
  expect(text).not.toContain('<complexType name="VirtualWDT">');
  expect(text).toContain('<element name="cryptoState"');
  expect(text).not.toContain('<element name="suspendedToMemory"');
});
