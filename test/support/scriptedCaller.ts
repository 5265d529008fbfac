import { silentLogger } from '../../src/base/logger.ts';
import { heldPassword } from '../../src/base/credentialSource.ts';
import { Secret } from '../../src/base/secret.ts';
import { vimFault } from '../../src/core/vsphere/faults.ts';
import type { VimFaultError } from '../../src/core/vsphere/faults.ts';
import type { MoRef } from '../../src/core/vsphere/schema/moRef.ts';
import { VimSession } from '../../src/core/vsphere/session.ts';
import type { Answer, Arguments, OperationName, VimCaller } from '../../src/core/vsphere/vimCaller.ts';
import { anySignal } from './anySignal.ts';
import { ManualClock } from './manualClock.ts';

type Handler<Name extends OperationName> = (
  args: Arguments<Name>,
  target: MoRef,
  signal: AbortSignal,
) => Answer<Name> | Promise<Answer<Name>>;

export type Script = { [Name in OperationName]?: Handler<Name> };

/** A server that answers by script; what the script leaves out answers with nothing. */
export class ScriptedCaller implements VimCaller {
  readonly calls: { readonly operation: OperationName; readonly target: string; readonly args: unknown }[] =
    [];
  readonly #script: Script;

  constructor(script: Script) {
    this.#script = script;
  }

  count(operation: OperationName): number {
    return this.calls.filter(call => call.operation === operation).length;
  }

  async call<Name extends OperationName>(
    operation: Name,
    target: MoRef,
    args: Arguments<Name>,
    signal: AbortSignal,
  ): Promise<Answer<Name>> {
    this.calls.push({ operation, target: target.value, args });
    const handler = { ...standard, ...this.#script }[operation] as Handler<Name> | undefined;
    return await handler?.(args, target, signal);
  }
}

/** A session with a scripted server, on a clock that stands still. */
export async function scriptedSession(script: Script, clock = new ManualClock(), signal = anySignal) {
  const caller = new ScriptedCaller(script);
  const credentials = { user: 'backup', source: heldPassword(new Secret('hunter-2')) };
  const session = await VimSession.open(
    caller,
    'vc.example',
    credentials,
    { clock, logger: silentLogger },
    signal,
  );
  return { caller, clock, session };
}

export function ref(type: string, value: string): MoRef {
  return { type, value };
}

export function fault(type: string, fields: Readonly<Record<string, unknown>> = {}): VimFaultError {
  return vimFault({ _type: type, ...fields }, '', 'the operation', 'the object');
}

const about = {
  ...{
    name: 'vCenter',
    fullName: 'vCenter 8',
    vendor: 'nobody',
    version: '8.0.3',
    build: '1',
    osType: 'linux',
  },
  ...{ productLineId: 'vpx', apiType: 'VirtualCenter', apiVersion: '8.0.3.0', instanceUuid: 'vc-uuid' },
};

const userSession = {
  ...{ key: 'session-1', userName: 'backup', fullName: 'backup', loginTime: new Date(0) },
  ...{ lastActiveTime: new Date(0), locale: 'en', messageLocale: 'en', extensionSession: false },
  ...{ ipAddress: '127.0.0.1', userAgent: '', callCount: 0 },
};

const standard: Script = {
  Login: () => userSession,
  RetrieveServiceContent: () => ({
    rootFolder: ref('Folder', 'root'),
    propertyCollector: ref('PropertyCollector', 'main'),
    viewManager: ref('ViewManager', 'views'),
    sessionManager: ref('SessionManager', 'sessions'),
    about,
  }),
  CreatePropertyCollector: () => ref('PropertyCollector', 'own'),
  CreateContainerView: () => ref('ContainerView', 'view'),
};

/** The answer of WaitForUpdatesEx that sets properties of one object. */
export function update(object: MoRef, values: Readonly<Record<string, unknown>>): Answer<'WaitForUpdatesEx'> {
  const changeSet = Object.entries(values).map(([name, val]) => ({ name, op: 'assign', val }));
  const objectSet = [{ kind: 'modify', obj: object, changeSet }];
  return { version: '1', filterSet: [{ filter: ref('PropertyFilter', 'f'), objectSet }] };
}
