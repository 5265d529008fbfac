import { hostIdentityOf } from '../../vsphere/hostCertificate.ts';
import { type HttpTransfer, httpTransfer, namesHost } from '../../vsphere/node/httpTransfer.ts';
import type { TransferEndpoint } from '../../vsphere/node/vimClient.ts';
import type { VimSession } from '../../vsphere/session.ts';
import type { Vim } from '../../vsphere/vimCaller.ts';

export const vmdkContentType = 'application/x-vnd.vmware-streamVmdk';

/**
 * Where the bytes of a lease's device lie. A host must show the certificate that the server knows of it; where the server
 * does not tell that, the one that the lease names.
 */
export async function nfcTransfer(
  session: VimSession,
  { entity }: Vim<'HttpNfcLeaseInfo'>,
  { url, sslThumbprint }: Vim<'HttpNfcLeaseDeviceUrl'>,
  name: string,
  endpoint: TransferEndpoint,
  signal: AbortSignal,
): Promise<HttpTransfer> {
  const host = namesHost(url, endpoint) ? await hostIdentityOf(session, entity, signal) : undefined;
  const told = sslThumbprint === '' ? undefined : sslThumbprint;
  return httpTransfer({ url, thumbprint: host?.fingerprint ?? told }, name, endpoint);
}
