import { commands, l10n } from 'vscode';

import { never } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { AppError, toAppError } from '../../base/errors.ts';
import { listedVms } from '../../client/listedVms.ts';
import { listPoints, type PointRef, readPoint } from '../../protocol/point.ts';
import { listStandings, readPointRecovery } from '../../protocol/recovery.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import { explainVm, readVm, type VmRef } from '../../protocol/vm.ts';
import {
  readOverview,
  readPointDetails,
  type RecoveryAction,
  runRecoveryAction,
  startRecovery,
} from '../../protocol/webview/recovery.ts';
import { type CommandId, commandIds } from '../ids.ts';
import type { KnownPlaces } from '../knownPlaces.ts';
import { sentence } from '../model/errorText.ts';
import { pointDetailsView } from '../model/pointRecoveryModel.ts';
import type { PointTreeNode } from '../model/pointTreeModel.ts';
import { type RecoveryFacts, recoveryOverview } from '../model/recoveryModel.ts';
import type { NewestPoint, VmNode, WantedRemedy } from '../model/vmTreeModel.ts';
import type { OpenPlaces } from '../openPlaces.ts';
import type { Worker } from '../workerLink.ts';

/** What the page's answers are made of. */
export interface RecoverySources {
  readonly worker: Worker;
  readonly known: Pick<KnownPlaces, 'repositories' | 'onDidChange'>;
  readonly places: Pick<OpenPlaces, 'vcenter' | 'repository'>;
  readonly clock: Clock;
}

/** Answers everything the Recovery page of a VM may ask. */
export function serveRecovery(handle: Handle, sources: RecoverySources, vm: VmRef): void {
  const { worker, places, clock } = sources;
  const { t } = l10n;
  handle(startRecovery, () => ({ texts: l10n.bundle ?? {}, vm }));
  handle(readOverview, async (of, signal) =>
    recoveryOverview(await readFacts(sources, of, signal), clock.now(), t),
  );
  handle(readPointDetails, async (ref, signal) => {
    await places.repository(ref.repository, signal);
    const [point, recovery] = await Promise.all([
      worker.request(readPoint, ref, signal),
      worker.request(readPointRecovery, ref, signal),
    ]);
    return pointDetailsView(point, recovery, t);
  });
  handle(runRecoveryAction, async (action, signal) => {
    const [id, argument] = await commandOf(action, sources, signal);
    await commands.executeCommand(id, argument);
    return {};
  });
}

/** A repository that cannot be opened is told, and hides none of the others. */
async function readFacts(
  { worker, known, places }: RecoverySources,
  vm: VmRef,
  signal: AbortSignal,
): Promise<RecoveryFacts> {
  await places.vcenter(vm.vcenter, signal);
  const explanation = await worker.request(explainVm, vm, signal);
  const { instanceUuid } = explanation;
  const notices: string[] = [];
  const points: NewestPoint[] = [];
  for (const { name: repository } of known.repositories()) {
    try {
      await places.repository(repository, signal);
      const { sets, problems } = await worker.request(listPoints, { repository }, signal);
      const set = sets.find(({ vmInstanceUuid }) => vmInstanceUuid === instanceUuid);
      points.push(...(set?.points ?? []).map(point => ({ repository, point })));
      notices.push(...problems.map(problem => sentence(problem)));
    } catch (error) {
      signal.throwIfAborted();
      notices.push(l10n.t('{0} is left out: {1}', repository, sentence(toAppError(error))));
    }
  }
  const newest = points.toSorted((one, other) => other.point.takenAt.localeCompare(one.point.takenAt))[0];
  const standings = await worker.request(listStandings, { vcenter: vm.vcenter, vmId: vm.id }, signal);
  notices.push(...standings.problems.map(problem => sentence(problem)));
  const details = await worker.request(readVm, vm, signal).catch(() => undefined);
  return {
    explanation,
    disks: details?.disks,
    standing: standings.standings[0],
    points,
    newest:
      newest === undefined
        ? undefined
        : await worker.request(readPoint, { repository: newest.repository, point: newest.point.id }, signal),
    // A snapshot that cannot be read is told of by both.
    notices: [...new Set(notices)],
  };
}

/** The command that asks for the rest, with the row that it expects. */
async function commandOf(
  action: RecoveryAction,
  sources: RecoverySources,
  signal: AbortSignal,
): Promise<readonly [CommandId, unknown]> {
  switch (action.kind) {
    case 'backUp':
      return [commandIds.backUpNow, await vmNode(sources, action.vm, signal)];
    case 'explain':
      return [commandIds.explainConsistency, await vmNode(sources, action.vm, signal)];
    case 'look':
      return [commandIds.lookIntoGuest, await vmNode(sources, action.vm, signal)];
    case 'setGoal':
      return [commandIds.setRecoveryGoal, await vmNode(sources, action.vm, signal)];
    case 'acceptGaps':
      return [commandIds.acceptRecoveryGap, await vmNode(sources, action.vm, signal)];
    case 'applyRemedy': {
      const { vm, rule } = action;
      return [commandIds.applyRemedy, { kind: 'remedy', vm, rule } satisfies WantedRemedy];
    }
    case 'glossary':
      return [commandIds.showGlossary, undefined];
    case 'restore':
      return [restoreCommands[action.what], await pointNode(sources, action.point, signal)];
    case 'browse':
      return [
        commandIds.openRestoreBrowser,
        action.point === undefined ? undefined : await pointNode(sources, action.point, signal),
      ];
    default:
      return never(action);
  }
}

const restoreCommands = {
  files: commandIds.restoreGuestFile,
  guest: commandIds.restoreToGuest,
  browse: commandIds.openRestoreBrowser,
  disk: commandIds.restoreDisk,
  vm: commandIds.restoreVm,
} as const;

async function vmNode({ worker }: RecoverySources, vm: VmRef, signal: AbortSignal): Promise<VmNode> {
  const found = (await listedVms(worker, vm.vcenter, signal)).find(({ id }) => id === vm.id);
  if (found === undefined) throw goneVm(vm);
  return { kind: 'vm', vcenter: vm.vcenter, vm: found, newest: undefined };
}

async function pointNode(
  { worker, places }: RecoverySources,
  ref: PointRef,
  signal: AbortSignal,
): Promise<PointTreeNode> {
  await places.repository(ref.repository, signal);
  const { id, takenAt, vm, server } = await worker.request(readPoint, ref, signal);
  const point = { id, takenAt, vmName: vm.name, serverInstanceUuid: server.instanceUuid };
  return { kind: 'point', ref, point };
}

function goneVm({ name, vcenter }: VmRef): AppError {
  return new AppError('NOT_FOUND', l10n.t('{0} is not on {1} any more', name, vcenter), { object: name });
}
