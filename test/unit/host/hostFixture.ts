import { EventEmitter, type LogOutputChannel, type Memento, type SecretStorage } from 'vscode';

import { Explanations } from '../../../src/host/explanations.ts';
import type { Host } from '../../../src/host/host.ts';
import { Jobs } from '../../../src/host/jobs.ts';
import { KnownPlaces } from '../../../src/host/knownPlaces.ts';
import type { Lab } from '../../../src/host/lab.ts';
import { Notifier } from '../../../src/host/notify.ts';
import { OpenPlaces } from '../../../src/host/openPlaces.ts';
import { Pages } from '../../../src/host/pages.ts';
import { Credentials } from '../../../src/host/secrets.ts';
import { VmView } from '../../../src/host/vmView.ts';
import type { Grouping } from '../../../src/host/model/vmArrangement.ts';
import { WorkerLink } from '../../../src/host/workerLink.ts';
import type { GuestNodeDto } from '../../../src/protocol/guest.ts';
import { readKitState } from '../../../src/protocol/maintenance.ts';
import { listRepositories } from '../../../src/protocol/repository.ts';
import { listVCenters, openVCenter } from '../../../src/protocol/vcenter.ts';
import { listKeptVms, type PredictionDto, type VmChangesDto, type VmDto } from '../../../src/protocol/vm.ts';
import { FakeWorker } from '../../support/fakeWorker.ts';
import { ManualClock } from '../../support/manualClock.ts';
import type { ScriptedUi } from '../../support/scriptedUi.ts';
import { silentLogger } from '../../../src/base/logger.ts';

export const pointId = '1a2b3c4d'.repeat(8);

export class MemoryMemento implements Memento {
  readonly #values = new Map<string, unknown>();

  keys(): readonly string[] {
    return [...this.#values.keys()];
  }

  get<T>(key: string, fallback?: T): T {
    return (this.#values.get(key) ?? fallback) as T;
  }

  async update(key: string, value: unknown): Promise<void> {
    this.#values.set(key, value);
  }
}

/** @param keeps  whether it gives back what was put in */
export function memorySecrets(keeps = true): SecretStorage {
  const values = new Map<string, string>();
  return {
    keys: async () => [...values.keys()],
    get: async key => values.get(key),
    store: async (key, value) => {
      if (keeps) values.set(key, value);
    },
    delete: async key => {
      values.delete(key);
    },
    onDidChange: new EventEmitter<{ readonly key: string }>().event,
  };
}

export interface HostFixture {
  readonly host: Host;
  readonly worker: FakeWorker;
  readonly explanations: Explanations;
  readonly vmsChanged: EventEmitter<VmChangesDto>;
  readonly refreshed: () => number;
}

/** A host whose worker answers as the test says, and whose person is the given one. */
export function hostFixture(ui: ScriptedUi, secrets: SecretStorage = memorySecrets()): HostFixture {
  let refreshes = 0;
  const worker = new FakeWorker()
    .on(listVCenters, () => ({ vcenters: [] }))
    .on(listRepositories, () => ({ repositories: [] }))
    .on(readKitState, () => ({ isDecided: true, hasKit: false }))
    .on(listKeptVms, () => ({ vms: [] }))
    .on(openVCenter, ({ name, url, user, fingerprint }) => ({
      ...{ name, url, user, fingerprint },
      ...{ instanceUuid: 'uuid', product: 'vCenter', apiVersion: '8.0', capabilities: [] },
    }));
  const known = new KnownPlaces(new MemoryMemento());
  const credentials = new Credentials(secrets, () => ({ passwordCommands: {}, repositoryUse: {} }));
  const places = new OpenPlaces(worker, known, credentials, () => ({}));
  const vmsChanged = new EventEmitter<VmChangesDto>();
  const following = Object.assign(worker, { onDidChangeVms: vmsChanged.event });
  const explanations = new Explanations(following, places);
  const log = { ...silentLogger, show: () => undefined } as unknown as LogOutputChannel;
  const host: Host = {
    worker,
    known,
    credentials,
    vmView: memoryVmView(),
    places,
    explanations,
    jobs: new Jobs(new WorkerLink(async () => await Promise.reject(new Error('not connected')))),
    lab: undefined as unknown as Lab,
    pages: new Pages(),
    recovery: { show: () => undefined },
    restoreBrowser: { show: () => undefined },
    ui,
    notifier: new Notifier(ui, log),
    log,
    clock: new ManualClock(),
    storageFolder: '/storage',
    usualTargetFolder: () => '/home/user/restored',
    refresh: () => {
      refreshes += 1;
    },
  };
  return { host, worker, explanations, vmsChanged, refreshed: () => refreshes };
}

/** Settings that are kept for one test. */
function memoryVmView(): VmView {
  let grouping: Grouping = 'folders';
  const view: VmView = new VmView({
    read: () => grouping,
    write: async wanted => {
      grouping = wanted;
      await Promise.resolve();
      view.settingsChanged();
    },
  });
  return view;
}

export function vmDto(change: Partial<VmDto> = {}): VmDto {
  return {
    id: 'vm-1',
    name: 'web01',
    instanceUuid: 'uuid-web01',
    inventoryPath: '/Lab/vm/Production/web01',
    powerState: 'poweredOn',
    connectionState: 'connected',
    isTemplate: false,
    guestName: 'Debian 12',
    toolsState: 'guestToolsRunning',
    diskCount: 2,
    capacityBytes: 3 * 1024 ** 3,
    hasSnapshots: false,
    computePath: '/Lab/host/Cluster/esx01/web01',
    datastores: ['datastore1'],
    tags: [],
    predicted: predicted(),
    ...change,
  };
}

export function guestNode(name: string, change: Partial<GuestNodeDto> = {}): GuestNodeDto {
  return {
    name,
    kind: 'file',
    sizeBytes: 1536,
    mode: 0o640,
    uid: 0,
    gid: 42,
    accessedAt: '2026-01-02T03:04:05Z',
    modifiedAt: '2026-01-02T03:04:05Z',
    changedAt: '2026-01-02T03:04:05Z',
    ...change,
  };
}

/** Of a Linux VM with nothing in its way. */
export function predicted(change: Partial<PredictionDto> = {}): PredictionDto {
  return {
    level: 'filesystem',
    mechanism: 'freeze',
    certainty: 'likely',
    ceiling: 'filesystem',
    base: { rule: 'OS-LINUX-FIFREEZE', reason: 'Linux', text: 'VMware Tools freeze the file systems' },
    limits: [],
    remarks: [],
    unknowns: [],
    outsideDisks: [],
    levelAfterAllFixes: 'filesystem',
    ...change,
  };
}
