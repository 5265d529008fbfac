import { compareLevels, type ConsistencyLevel } from '../level.ts';
import type { ConsistencyPolicy } from './policy.ts';

/** What decides which call a server and a guest understand. */
export interface CallFacts {
  /** Whether the server takes specifications of how to quiesce; before vSphere 6.5 none does. */
  readonly knowsSpecs: boolean;
  readonly guestFamily: 'windows' | 'linux' | 'other' | undefined;
  /** As the API encodes it. */
  readonly toolsVersion: number | undefined;
  /** As the API names it: `poweredOn`, `poweredOff` or `suspended`. */
  readonly powerState: string;
}

/** A call to take a snapshot, without memory, as plain values. */
export type SnapshotCall =
  | { readonly operation: 'CreateSnapshot_Task'; readonly quiesce: boolean }
  | { readonly operation: 'CreateSnapshotEx_Task'; readonly spec: QuiesceSpec };

export type QuiesceSpec =
  /** `VirtualMachineGuestQuiesceSpec`. */
  | { readonly guest: 'any'; readonly timeoutMinutes: number | undefined }
  /** `VirtualMachineWindowsQuiesceSpec`. */
  | {
      readonly guest: 'windows';
      readonly timeoutMinutes: number | undefined;
      readonly vssBackupType: 1 | 5;
      /** With `ctx_file_share_backup` no writer takes part. */
      readonly vssBackupContext: 'ctx_auto' | 'ctx_file_share_backup';
      readonly vssBootableSystemState: boolean;
      readonly vssPartialFileSupport: boolean;
    };

/** VMware Tools 10.1, the first that know the specification for Windows. */
const firstToolsWithSpec = 10 * 1024 + 32;

/** A server before 6.5, and old Tools in Windows, know only "quiesce" or not: what they make of it, they decide. */
export function snapshotCall(
  level: ConsistencyLevel,
  policy: ConsistencyPolicy,
  { knowsSpecs, guestFamily, toolsVersion, powerState }: CallFacts,
): SnapshotCall {
  if (powerState !== 'poweredOn' || compareLevels(level, 'filesystem') < 0)
    return { operation: 'CreateSnapshot_Task', quiesce: false };
  if (!knowsSpecs) return { operation: 'CreateSnapshot_Task', quiesce: true };
  const timeoutMinutes = timeoutWithin(policy.timeoutMinutes);
  if (guestFamily !== 'windows')
    return { operation: 'CreateSnapshotEx_Task', spec: { guest: 'any', timeoutMinutes } };
  if (toolsVersion === undefined || toolsVersion < firstToolsWithSpec)
    return { operation: 'CreateSnapshot_Task', quiesce: true };
  return {
    operation: 'CreateSnapshotEx_Task',
    spec: {
      guest: 'windows',
      timeoutMinutes,
      vssBackupType: policy.vssBackupType === 'full' ? 1 : 5,
      vssBackupContext: level === 'application' ? 'ctx_auto' : 'ctx_file_share_backup',
      vssBootableSystemState: true,
      vssPartialFileSupport: false,
    },
  };
}

/** The server refuses others. */
function timeoutWithin(minutes: number | undefined): number | undefined {
  return minutes === undefined ? undefined : Math.min(240, Math.max(5, Math.round(minutes)));
}

/** A call in one line, as evidence: `CreateSnapshotEx_Task, Windows, ctx_auto, copy`. */
export function describeCall(call: SnapshotCall): string {
  if (call.operation === 'CreateSnapshot_Task')
    return `${call.operation}, ${call.quiesce ? 'quiesce' : 'no quiescing'}`;
  const { spec } = call;
  return [
    call.operation,
    ...(spec.guest === 'windows'
      ? ['Windows', spec.vssBackupContext, spec.vssBackupType === 1 ? 'full' : 'copy']
      : ['any guest']),
    ...(spec.timeoutMinutes === undefined ? [] : [`${spec.timeoutMinutes} min`]),
  ].join(', ');
}
