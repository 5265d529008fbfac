import { AppError } from '../../base/errors.ts';
import { JsonReader } from '../../base/jsonReader.ts';
import { MiB } from '../../base/units.ts';
import { fullReasonCodes } from '../changes/fullReason.ts';
import { type ConsistencyLevel, consistencyLevels } from '../consistency/level.ts';
import {
  type ConsistencyRecord,
  type Manifest,
  type ManifestDisk,
  type ManifestGroup,
  type ManifestTransport,
  manifestVersion,
  readModes,
  transportKinds,
  volumeStates,
} from './manifest.ts';

/** No writer cuts larger chunks; a reader holds several of them at a time. */
const maxChunkBytes = 8 * MiB;

export function encodeManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/**
 * @param document  which manifest it is, for errors
 * @throws UNSUPPORTED_FORMAT for a later version, CorruptDataError naming the field for anything else
 */
export function decodeManifest(text: string, document: string): Manifest {
  const json = JsonReader.parse(text, document);
  const version = json.count('version');
  if (version !== manifestVersion) {
    throw new AppError(
      'UNSUPPORTED_FORMAT',
      `${document} is of version ${version}, this program reads ${manifestVersion}`,
      {
        object: document,
        remedy: 'Use the version of Quiesce that wrote it, or a newer one',
      },
    );
  }
  const vm = json.object('vm');
  const server = json.object('server');
  const snapshot = json.object('snapshot');
  return {
    version: manifestVersion,
    program: json.string('program'),
    vm: {
      instanceUuid: vm.string('instanceUuid'),
      biosUuid: vm.string('biosUuid'),
      name: vm.string('name'),
      id: vm.string('id'),
      inventoryPath: vm.string('inventoryPath'),
      ...(vm.has('resourcePool') && { resourcePool: vm.string('resourcePool') }),
      guestId: vm.string('guestId'),
      guestName: vm.string('guestName'),
      powerState: vm.string('powerState'),
    },
    server: {
      instanceUuid: server.string('instanceUuid'),
      address: server.string('address'),
      product: server.string('product'),
      apiVersion: server.string('apiVersion'),
    },
    takenAt: json.date('takenAt').toISOString(),
    startedAt: json.date('startedAt').toISOString(),
    finishedAt: json.date('finishedAt').toISOString(),
    consistency: readConsistency(json.object('consistency')),
    snapshot: {
      id: snapshot.string('id'),
      name: snapshot.string('name'),
      quiesced: snapshot.boolean('quiesced'),
    },
    ...(json.has('group') && { group: readGroup(json.object('group')) }),
    disks: json.objects('disks').map(readDisk),
    leftOutDisks: json.objects('leftOutDisks').map(disk => ({
      key: disk.count('key'),
      label: disk.string('label'),
      reason: disk.string('reason'),
    })),
  };
}

function readConsistency(json: JsonReader): ConsistencyRecord {
  return {
    requested: json.oneOf('requested', consistencyLevels),
    proven: json.oneOf('proven', consistencyLevels),
    ...(json.has('predicted') && { predicted: json.oneOf('predicted', consistencyLevels) }),
    ...(json.has('claimed') && { claimed: json.oneOf('claimed', consistencyLevels) }),
    evidence: json.objects('evidence').map(item => ({
      rule: item.string('rule'),
      statement: item.string('statement'),
      ...levelIn(item, 'proves'),
      ...levelIn(item, 'limits'),
      ...levelIn(item, 'claims'),
      ...(item.has('items') && { items: item.strings('items') }),
    })),
    downgrades: json.objects('downgrades').map(item => ({
      from: item.oneOf('from', consistencyLevels),
      to: item.oneOf('to', consistencyLevels),
      reason: item.string('reason'),
    })),
    ...(json.has('attempts') && {
      attempts: json.objects('attempts').map(item => ({
        level: item.oneOf('level', consistencyLevels),
        call: item.string('call'),
        at: item.date('at').toISOString(),
        ...(item.has('problem') && { problem: item.string('problem') }),
      })),
    }),
    ...(json.has('applications') && {
      applications: json.objects('applications').map(item => ({
        name: item.string('name'),
        rule: item.string('rule'),
        isProven: item.boolean('isProven'),
      })),
    }),
    ...(json.has('volumes') && {
      volumes: json.objects('volumes').map(item => ({
        deviceKey: item.count('deviceKey'),
        volumeIndex: item.count('volumeIndex'),
        name: item.string('name'),
        ...(item.has('fileSystem') && { fileSystem: item.string('fileSystem') }),
        state: item.oneOf('state', volumeStates),
        rule: item.string('rule'),
        statement: item.string('statement'),
      })),
    }),
  };
}

function readGroup(json: JsonReader): ManifestGroup {
  return {
    id: json.string('id'),
    ...(json.has('name') && { name: json.string('name') }),
    skewMs: json.count('skewMs'),
    members: json.objects('members').map(member => ({
      vmInstanceUuid: member.string('vmInstanceUuid'),
      name: member.string('name'),
      takenAt: member.date('takenAt').toISOString(),
    })),
  };
}

function levelIn<Field extends string>(
  json: JsonReader,
  field: Field,
): Partial<Record<Field, ConsistencyLevel>> {
  return json.has(field)
    ? ({ [field]: json.oneOf(field, consistencyLevels) } as Record<Field, ConsistencyLevel>)
    : {};
}

function readDisk(json: JsonReader): ManifestDisk {
  const backing = json.object('backing');
  const chunkBytes = json.integer('chunkBytes', { min: 1, max: maxChunkBytes });
  const partBytes = json.count('partBytes');
  if (partBytes === 0 || partBytes % chunkBytes !== 0)
    return json.wrong('partBytes', `a multiple of chunkBytes, ${chunkBytes}`);
  return {
    key: json.count('key'),
    label: json.string('label'),
    capacityBytes: json.count('capacityBytes'),
    chunkBytes,
    partBytes,
    attachment: json.string('attachment'),
    backing: {
      fileName: backing.string('fileName'),
      thinProvisioned: backing.boolean('thinProvisioned'),
      diskMode: backing.string('diskMode'),
      ...(backing.has('uuid') && { uuid: backing.string('uuid') }),
    },
    ...(json.has('changeId') && { changeId: json.string('changeId') }),
    transport: readTransport(json.object('transport')),
  };
}

/** Early programs said why instead of what. */
const formerReadModes = ['first-backup', 'stream-transport'] as const;

function readTransport(json: JsonReader): ManifestTransport {
  const readMode = json.oneOf('readMode', [...readModes, ...formerReadModes]);
  return {
    kind: json.oneOf('kind', transportKinds),
    ...(json.has('passedOver') && {
      passedOver: json.objects('passedOver').map(way => ({
        kind: way.oneOf('kind', transportKinds),
        reason: way.string('reason'),
      })),
    }),
    readMode: readMode === 'changed-areas' ? readMode : 'whole',
    ...(readMode === 'first-backup' && { fullReason: readMode }),
    ...(json.has('fullReason') && { fullReason: json.oneOf('fullReason', fullReasonCodes) }),
    ...(json.has('fullDetail') && { fullDetail: json.string('fullDetail') }),
    receivedBytes: json.count('receivedBytes'),
    ...(json.has('readBytes') && { readBytes: json.count('readBytes') }),
    ...(json.has('changedBytes') && { changedBytes: json.count('changedBytes') }),
    storedBytes: json.count('storedBytes'),
    ...(json.has('audit') && {
      audit: {
        chunks: json.object('audit').count('chunks'),
        mismatches: json.object('audit').count('mismatches'),
      },
    }),
    ...(json.has('whole') && {
      whole: {
        at: json.object('whole').date('at').toISOString(),
        pointsSince: json.object('whole').count('pointsSince'),
      },
    }),
  };
}
