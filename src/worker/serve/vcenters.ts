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

export function serveVCenters(handle: Handle, { vcenters, openers, guard }: WorkerParts): void {
  handle(readFingerprint, async ({ url }, signal) => ({
    fingerprint: await readServerFingerprint(url, signal),
  }));
  handle(openVCenter, async (params, signal) => {
    const open = async () => await openers.openVCenter(params, signal);
    const place = await vcenters.findOrOpen(params.name, params, open, signal);
    await guard.startIfNeeded();
    return vcenterDto(params, place);
  });
  handle(closeVCenter, async ({ name }) => {
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
  };
}
