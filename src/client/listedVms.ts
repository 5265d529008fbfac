import type { RequestType } from 'vscode-jsonrpc';

import type { InventoryOwnerDto } from '../protocol/vcenter.ts';
import { listKeptVms, listVms, type ListVmsParams, type VmDto, type VmPageDto } from '../protocol/vm.ts';
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
  yield* pages(async after => await worker.request(listVms, { ...params, ...after }, signal));
}

/** What was known last of a server that is not open, in pages, in no order. */
export async function* pagesOfKeptVms(
  worker: Asked,
  { url, user, fingerprint }: InventoryOwnerDto,
  signal: AbortSignal,
): AsyncGenerator<readonly VmDto[], void, undefined> {
  const owner = { url, user, fingerprint };
  yield* pages(async after => await worker.request(listKeptVms, { ...owner, ...after }, signal));
}

async function* pages(
  ask: (after: Pick<ListVmsParams, 'after'>) => Promise<VmPageDto>,
): AsyncGenerator<readonly VmDto[], void, undefined> {
  let after: Pick<ListVmsParams, 'after'> | undefined = {};
  while (after !== undefined) {
    const { vms, next }: VmPageDto = await ask(after);
    yield vms;
    after = next === undefined ? undefined : { after: next };
  }
}
