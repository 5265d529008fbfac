import { join } from 'node:path';

import { systemClock } from '../base/clock.ts';
import { AppError, toAppError } from '../base/errors.ts';
import { systemRandom } from '../base/random.ts';
import { localMachine } from '../core/disk/node/localMachine.ts';
import { FileGoalStore } from '../core/goals/node/fileGoalStore.ts';
import { FileTransferLog } from '../core/goals/node/fileTransferLog.ts';
import { watchRetryMs } from '../core/inventory/inventoryWatch.ts';
import { openFileLeaseJournal } from '../core/journal/node/fileLeaseJournal.ts';
import { Notifier } from '../core/jobs/notify/node/notifier.ts';
import { TransferSlots, usualParallelLimits } from '../core/jobs/backupVm/transferSlots.ts';
import { readPointFacts } from '../core/jobs/recovery/standings.ts';
import type { ProveResult, WorkerDto } from '../protocol/handshake.ts';
import { jobChanged } from '../protocol/job.ts';
import { openRendezvous } from '../protocol/node/rendezvous.ts';
import { protocolVersion } from '../protocol/version.ts';
import { vmsChanged } from '../protocol/vm.ts';
import { admission } from './admission.ts';
import { Clients, type TellClients } from './clients.ts';
import { type ClientVersion, greetClient } from './greetClient.ts';
import { GoalWatch } from './goalWatch.ts';
import { GuardKeeper } from './guardKeeper.ts';
import { GuestPasswords } from './guestPasswords.ts';
import { VolumeKeys } from '../core/volume/luks/volumeKeys.ts';
import { GuestReaders } from './guestReaders.ts';
import { JobHistory } from './jobHistory.ts';
import { JobRegistry } from './jobRegistry.ts';
import { KeptRows } from './keptRows.ts';
import { Leftovers } from './leftovers.ts';
import { listenAlone, type Listener } from './listenAlone.ts';
import { stderrLogger } from './log.ts';
import { createOpeners, type OpenRepositories, type OpenVCenters } from './openers.ts';
import { OpenPlaces } from './openPlaces.ts';
import { parseWorkerOptions } from './options.ts';
import { PatientOpener } from './patientOpener.ts';
import { isSameRepository } from './serve/repositories.ts';
import { serve } from './serve/serve.ts';
import { isSameVCenter } from './serve/vcenters.ts';
import { vmDto } from './serve/vms.ts';
import { rememberedFacts } from './rememberedFacts.ts';
import { SnapshotWatch } from './snapshotWatch.ts';
import { productVersion } from './version.ts';
import { WorkerLife } from './workerLife.ts';
import type { JobDeps } from './runningJob.ts';
import type { WorkerParts } from './workerParts.ts';

/** How often the worker looks whether it can still be found, and whether leftovers can be given back. */
const dutyIntervalMs = 60_000;

const surroundings = { clock: systemClock, random: systemRandom, logger: stderrLogger(systemClock) };
const { clock, random, logger } = surroundings;

/** The composition root: everything that exists once per worker is made here and handed on. */
async function main(): Promise<void> {
  const options = parseWorkerOptions(process.argv.slice(2), process.env);
  const rendezvous = await openRendezvous(options.rendezvousFolder, random);
  await using journal = await openFileLeaseJournal(join(options.stateFolder, 'journal'), surroundings);
  await using clients = new Clients(clock);
  await using vcenters: OpenVCenters = new OpenPlaces({ kind: 'vCenter', isSame: isSameVCenter, logger });
  await using repositories: OpenRepositories = new OpenPlaces({
    kind: 'repository',
    isSame: isSameRepository,
    logger,
  });
  await using history = new JobHistory(join(options.stateFolder, 'jobs'), surroundings);
  const onChanged: JobDeps['onChanged'] = (job, log) => {
    clients.tell(jobChanged, job);
    history.note(job, log);
  };
  const onEnded: JobDeps['onEnded'] = (job, log) => {
    history.note(job, log);
  };
  const hasUser = () => clients.welcomeCount > 0;
  await using jobs = new JobRegistry({ clock, random, onChanged, onEnded, hasUser });
  const leftovers = new Leftovers(journal);
  const guestPasswords = new GuestPasswords();
  const guard = new GuardKeeper({ clock, jobs, leftovers, vcenters, repositories, guestPasswords });
  const openers = createOpeners({
    ...surroundings,
    inventoryFolder: join(options.stateFolder, 'inventory'),
    indexFolder: join(options.stateFolder, 'index'),
    onRowsChanged: (vcenter, { changed, removed, isLost }) => {
      clients.tell(vmsChanged, {
        vcenter,
        changed: changed.map(vmDto),
        removed,
        ...(isLost && { isLost }),
      });
    },
  });
  const tellClients: TellClients = (type, params) => {
    clients.tell(type, params);
  };
  const snapshots = new SnapshotWatch({ clock, logger, vcenters, leftovers, guard, tellClients });
  await using patientOpener = new PatientOpener({
    ...{ clock, logger, vcenters, openers, guard, snapshots, tellClients },
    retryMs: watchRetryMs,
  });
  const parts: WorkerParts = {
    ...surroundings,
    ...{ openers, patientOpener, vcenters },
    machine: localMachine({ clock, environment: process.env }),
    keptRows: new KeptRows(owner => openers.inventoryKeeper(owner)),
    repositories,
    ...{ jobs, history },
    slots: new TransferSlots(usualParallelLimits),
    notifier: new Notifier({}, { clock, logger, folder: join(options.stateFolder, 'notify') }),
    leftovers,
    guard,
    snapshots,
    guestReaders: new GuestReaders(new VolumeKeys(openers.argon2)),
    guestPasswords,
    goals: new FileGoalStore(join(options.stateFolder, 'goals'), random),
    transfers: new FileTransferLog(join(options.stateFolder, 'transfers'), random, logger),
    pointFacts: rememberedFacts(readPointFacts),
    tellClients,
    hasUser,
  };
  const { idleTimeoutMs } = options;
  const life = new WorkerLife({ clock, jobs, idleTimeoutMs, clientCount: () => clients.welcomeCount });
  await using listener = await listenAlone(rendezvous, random, socket => {
    clients.add(socket, (connection, welcome, gone) => {
      const admit = (client: ClientVersion): ProveResult => {
        const outcome = admission(client, { protocolVersion, productVersion }, jobs.runningCount);
        if (outcome === 'leave') life.end();
        if (outcome === 'welcome-for-now') life.retire();
        if (outcome === 'leave') return { outcome: 'leaving', worker };
        serve(connection, parts, gone);
        welcome();
        return { outcome: 'welcome', worker: { ...worker, isOutdated: life.isRetiring } };
      };
      greetClient(connection, { secret: rendezvous.secret, productVersion, random, admit });
    });
  });
  // Another worker is there already; whoever started this one finds that one.
  if (listener === undefined) return;
  logger.info('the background worker is ready', { version: productVersion, process: process.pid });
  endOnSignals(life);
  void doDuties(life, guard, snapshots, new GoalWatch(parts), listener);
  await life.ended();
  logger.info('the background worker ends', { runningJobs: jobs.runningCount });
}

const worker: WorkerDto = {
  productVersion,
  processId: process.pid,
  startedAt: clock.now().toISOString(),
  isOutdated: false,
};

function endOnSignals(life: WorkerLife): void {
  const end = (): void => {
    life.end();
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

async function doDuties(
  life: WorkerLife,
  guard: GuardKeeper,
  snapshots: SnapshotWatch,
  goals: GoalWatch,
  listener: Listener,
): Promise<void> {
  for (;;) {
    try {
      await clock.sleep(dutyIntervalMs, life.signal);
      await guard.startIfNeeded();
      await snapshots.lookAround();
      await goals.lookAround(life.signal);
      if (!(await listener.isFound())) life.retire();
    } catch (error) {
      if (life.signal.aborted) return;
      logger.warn('a periodic duty failed', { error: toAppError(error).message });
    }
  }
}

/** Compression of the repository format is part of Node only since this version. */
function requireZstd(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 15)) return;
  throw new AppError('UNSUPPORTED_FORMAT', `Node 22.15 or newer is needed, this is ${process.version}`, {
    remedy: 'Update the editor',
  });
}

try {
  requireZstd();
  await main();
  process.exit(0);
} catch (error) {
  const { message, remedy } = toAppError(error);
  logger.error(message, { remedy });
  process.exit(1);
}
