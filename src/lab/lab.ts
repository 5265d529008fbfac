import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { toHex, type Random } from '../base/random.ts';
import type { MoRef } from '../core/vsphere/schema/moRef.ts';
import { Access } from './access/access.ts';
import { Roles } from './access/roles.ts';
import { noFaults, type Faults } from './control.ts';
import { Datastores } from './datastore/datastores.ts';
import { BlockDevices } from './disk/blockDevices.ts';
import { DiskStore } from './disk/diskStore.ts';
import type { GuestPasswords } from './guest/accounts.ts';
import { importDump } from './dump/importDump.ts';
import type { Dump } from './dump/readDump.ts';
import { GuestActivity, type ActiveDisk } from './guest/guestActivity.ts';
import { guestFileEndpoint } from './guest/guestFileEndpoint.ts';
import { GuestTransfers } from './guest/guestTransfers.ts';
import { EventLog } from './history/eventLog.ts';
import { controlEndpoint } from './http/controlEndpoint.ts';
import { folderEndpoint } from './http/folderEndpoint.ts';
import { restEndpoint } from './http/restEndpoint.ts';
import { LabServers } from './http/servers.ts';
import type { GuestDisk } from './images/guestDisks.ts';
import type { LabContext } from './labContext.ts';
import { methods } from './methods/methods.ts';
import { createGeneratedVms } from './model/generatedVms.ts';
import { createGuestVms, seededUuid } from './model/guestVms.ts';
import { createInventory, usualFreeBytes, type Inventory } from './model/inventory.ts';
import { LabVm } from './model/labVm.ts';
import { Lease } from './model/lease.ts';
import { ObjectRegistry } from './model/objectRegistry.ts';
import { createServices } from './model/services.ts';
import { VmIndex } from './model/vmIndex.ts';
import { KeptExports } from './nfc/keptExports.ts';
import { nfcEndpoint } from './nfc/nfcEndpoint.ts';
import { ServiceTickets } from './serviceTickets.ts';
import type { Personality, ServerState } from './personality.ts';
import { Sessions, type Account } from './sessions.ts';
import { soapEndpoint } from './soap/soapEndpoint.ts';
import { attachStandardTags } from './tags/standardTags.ts';
import { TagStore } from './tags/tagStore.ts';
import { VimFault } from './soap/vimFault.ts';

export interface LabAccount extends Account {
  /** The name of a role of the server's own: Admin, ReadOnly or NoAccess. */
  readonly role: string;
}

export interface LabParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** A loopback address with port. */
  readonly listen: string;
  /** Where the server's certificate is kept from start to start; a new one each time without it. */
  readonly certificateFile: string | undefined;
  /** Who may log in, each with a role on everything. */
  readonly accounts: readonly LabAccount[];
  /** By the names of the guests' accounts. */
  readonly guestPasswords: GuestPasswords;
  readonly seed: number;
  readonly personality: Personality;
  /** By name. */
  readonly images: ReadonlyMap<string, GuestDisk>;
  /** A folder of this lab alone. */
  readonly stateFolder: string;
  /** Where the block devices are linked that attached disks become; without it they become none. */
  readonly blockDeviceFolder: string | undefined;
  readonly activity: boolean;
  /** How many VMs there are besides the lab's own, in a datacenter of their own; they have no content. */
  readonly generatedVmCount: number;
  /** A saved inventory that is served, for reading alone, instead of the lab's own. */
  readonly dump: Dump | undefined;
}

/** A lab that answers, until it is disposed. */
export interface RunningLab extends AsyncDisposable {
  readonly url: string;
  /** SHA-256 of the server's certificate. */
  readonly fingerprint: string;
  readonly controlUrl: string;
  readonly controlToken: string;
}

const activityIntervalMs = 400;

/** Puts the lab together and starts it. */
export async function startLab(parts: LabParts): Promise<RunningLab> {
  const { clock, random, logger } = parts;
  const servers = await LabServers.listen(parts.listen, parts.certificateFile, clock, logger);
  const { server, authority, certificate } = servers.main;
  const disks = new DiskStore(parts.stateFolder);
  const devices =
    parts.blockDeviceFolder === undefined ? undefined : new BlockDevices(parts.blockDeviceFolder);
  const stop = new AbortController();
  try {
    const lab = createContext(parts, disks, devices, servers);
    if (parts.dump === undefined) await createGuestVms(lab, parts.images, parts.seed);
    if (parts.generatedVmCount > 0) createGeneratedVms(lab, parts.generatedVmCount, parts.seed);
    attachStandardTags(lab.tags, lab.registry);
    const activity = new GuestActivity({
      clock,
      disks: activeDisks(lab.registry, parts.images),
      seed: parts.seed,
      intervalMs: activityIntervalMs,
      enabled: parts.activity,
    });
    const controlToken = toHex(random.bytes(16));
    server.handle('/sdk', soapEndpoint(lab, methods));
    const transfers = new Map([
      ['/nfc', nfcEndpoint(lab, new KeptExports(parts.stateFolder))],
      ['/folder', folderEndpoint(lab)],
      ['/guestFile', guestFileEndpoint(lab)],
    ]);
    for (const [prefix, handler] of transfers) server.handle(prefix, handler);
    if (!parts.personality.isHost) {
      for (const prefix of ['/api', '/rest']) server.handle(prefix, restEndpoint(lab));
      for (const host of lab.inventory.hosts)
        await servers.addHost(host, lab.registry.get(host).property('name') as string, transfers);
    }
    server.handle('/lab', controlEndpoint(lab, activity, controlToken));
    const guests = activity.run(stop.signal);
    return {
      url: `https://${authority}`,
      fingerprint: certificate.fingerprint,
      controlUrl: `https://${authority}/lab`,
      controlToken,
      [Symbol.asyncDispose]: async () => {
        stop.abort();
        await guests;
        for (const lease of lab.registry.instancesOf(Lease))
          lease.fail(new VimFault('Timedout', 'The server is shutting down.'));
        await servers[Symbol.asyncDispose]();
        await devices?.[Symbol.asyncDispose]();
        await disks[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await servers[Symbol.asyncDispose]();
    await disks[Symbol.asyncDispose]();
    throw error;
  }
}

function createContext(
  parts: LabParts,
  disks: DiskStore,
  devices: BlockDevices | undefined,
  servers: LabServers,
): LabContext {
  const { clock, random, logger } = parts;
  const registry = new ObjectRegistry();
  const faults = noFaults();
  const events = new EventLog(registry, clock);
  const roles = new Roles();
  const server: ServerState = { personality: parts.personality, isReadOnly: parts.dump !== undefined };
  const inventory = createObjects(parts, registry, roles, server, servers, { faults, events });
  const access = new Access(registry, roles, inventory.rootFolder);
  for (const { userName, role } of parts.accounts) access.permitRole(userName, role, inventory.rootFolder);
  const sessions = new Sessions({
    accounts: parts.accounts,
    clock,
    random,
    onEnd: session => {
      for (const ref of session.ownedObjects) registry.remove(ref);
    },
  });
  return {
    clock,
    random,
    logger,
    registry,
    inventory,
    sessions,
    access,
    tags: new TagStore(seededUuids(`${parts.seed} tags`)),
    disks,
    blockDevices: devices,
    datastores: new Datastores(registry, clock),
    events,
    serviceTickets: new ServiceTickets(clock, random),
    faults,
    guestPasswords: parts.guestPasswords,
    guestTransfers: new GuestTransfers(clock, random),
    snapshotHistory: [],
    retiredVms: [],
    servers,
    server,
  };
}

/** Everything that can be read: what the lab makes itself, or what was saved of another server. */
function createObjects(
  { dump, clock, seed }: LabParts,
  registry: ObjectRegistry,
  roles: Roles,
  server: ServerState,
  servers: LabServers,
  { faults, events }: { readonly faults: Faults; readonly events: EventLog },
): Inventory {
  const facts = {
    server,
    certificateOf: (host: MoRef) => servers.ofHost(host).certificate,
    freeBytes: (datastore: string) => faults.datastoreFreeBytes[datastore] ?? usualFreeBytes,
  };
  if (dump !== undefined) {
    const places = importDump(dump, registry, clock);
    return { ...places, datacenters: [], vmIndex: new VmIndex(registry), ...facts };
  }
  const inventory = createInventory(registry, facts);
  const instanceUuid = seededUuid(`${seed} vcenter`);
  const { rootFolder } = inventory;
  createServices({ registry, clock, roles, rootFolder, instanceUuid, server, faults, events });
  return inventory;
}

/** The same ones from run to run. */
function seededUuids(seed: string): () => string {
  let count = 0;
  return () => {
    count += 1;
    return seededUuid(`${seed} ${count}`);
  };
}

function activeDisks(registry: ObjectRegistry, images: ReadonlyMap<string, GuestDisk>): ActiveDisk[] {
  return [...registry.instancesOf(LabVm)].flatMap(vm =>
    vm.disks.flatMap(({ content }) => {
      const extents = images.get(content.name)?.activity;
      if (extents === undefined) return [];
      return [{ disk: content, extents, running: () => vm.powerState === 'poweredOn' }];
    }),
  );
}
