import type { RequestType } from 'vscode-jsonrpc';

import { listVms, type ListVmsParams, type VmDto } from '../protocol/vm.ts';
import type { WireError } from '../protocol/wireError.ts';

/** The worker, or what stands for it. */
interface Asked {
  request<P, R>(type: RequestType<P, R, WireError>, params: P, signal: AbortSignal): Promise<R>;
}

/** Every VM of a vCenter, by path. @throws what `vm/list` fails with */
export async function listedVms(worker: Asked, vcenter: string, signal: AbortSignal): Promise<VmDto[]> {
  const vms: VmDto[] = [];
  for await (const page of pagesOfVms(worker, { vcenter }, signal)) vms.push(...page);
  return vms.sort((one, other) => (one.inventoryPath < other.inventoryPath ? -1 : 1));
}

/**
 * The VMs of a vCenter in pages, in no order. A change that is told between two pages is older than what comes after it.
 * @throws what `vm/list` fails with
 */
export async function* pagesOfVms(
  worker: Asked,
  params: Omit<ListVmsParams, 'after'>,
  signal: AbortSignal,
): AsyncGenerator<readonly VmDto[], void, undefined> {
  let after: string | undefined;
  do {
    const page = await worker.request(listVms, { ...params, ...(after !== undefined && { after }) }, signal);
    yield page.vms;
    after = page.next;
  } while (after !== undefined);
}
