import { capabilitiesOf } from '../../core/vsphere/capabilities.ts';
import { readServerFingerprint } from '../../core/vsphere/node/pinnedAgent.ts';
import {
  closeVCenter,
  listVCenters,
  openVCenter,
  readFingerprint,
  type VCenterDto,
  type VCenterParams,
} from '../../protocol/vcenter.ts';
import type { VCenterConnection } from '../../core/vsphere/node/connectVCenter.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import type { WorkerParts } from '../workerParts.ts';

export function serveVCenters(handle: Handle, parts: WorkerParts): void {
  const { vcenters, patientOpener, keptRows } = parts;
  handle(readFingerprint, async ({ url }, signal) => ({
    fingerprint: await readServerFingerprint(url, signal),
  }));
  handle(openVCenter, async (params, signal) => vcenterDto(params, await patientOpener.open(params, signal)));
  handle(closeVCenter, async ({ name, owner: given }) => {
    const owner = (await patientOpener.stop(name)) ?? given;
    if (owner !== undefined && !vcenters.list().some(open => open.name === name)) {
      await keptRows.forget(owner);
      return {};
    }
    const { inventory } = vcenters.assertOpen(name);
    await vcenters.close(name);
    await inventory.forget();
    return {};
  });
  handle(listVCenters, () => ({
    vcenters: vcenters.list().map(({ params, place }) => vcenterDto(params, place)),
  }));
}

/** Whether two clients mean the same server as the same user. */
export function isSameVCenter(left: VCenterParams, right: VCenterParams): boolean {
  return (['url', 'user', 'fingerprint', 'password'] as const).every(field => left[field] === right[field]);
}

function vcenterDto(
  { name, url, user, fingerprint }: VCenterParams,
  { session }: VCenterConnection,
): VCenterDto {
  const { fullName, apiVersion } = session.about;
  return {
    name,
    url,
    user,
    fingerprint,
    instanceUuid: session.instanceUuid,
    product: fullName,
    apiVersion,
    capabilities: capabilitiesOf(session.about),
  };
}
