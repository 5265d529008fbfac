import { type HttpTransfer, httpTransfer } from '../../vsphere/node/httpTransfer.ts';
import type { TransferEndpoint } from '../../vsphere/node/vimClient.ts';
import type { Vim } from '../../vsphere/vimCaller.ts';

export const vmdkContentType = 'application/x-vnd.vmware-streamVmdk';

/** Where the bytes of a lease's device lie. */
export function nfcTransfer(
  { url, sslThumbprint }: Vim<'HttpNfcLeaseDeviceUrl'>,
  name: string,
  endpoint: TransferEndpoint,
): HttpTransfer {
  return httpTransfer({ url, thumbprint: sslThumbprint === '' ? undefined : sslThumbprint }, name, endpoint);
}
