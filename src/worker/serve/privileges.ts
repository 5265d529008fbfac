import { probePrivileges, type PrivilegeReport } from '../../core/vsphere/privileges/probePrivileges.ts';
import { roleCommand } from '../../core/vsphere/privileges/roleCommand.ts';
import { type PrivilegeReportDto, probePrivileges as probeRequest } from '../../protocol/privileges.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';
import type { WorkerParts } from '../workerParts.ts';

export function servePrivileges(handle: Handle, { vcenters }: WorkerParts): void {
  handle(probeRequest, async ({ vcenter }, signal) => {
    await using used = vcenters.use(vcenter);
    return privilegeReportDto(await probePrivileges(used.place.session, signal));
  });
}

function privilegeReportDto({ server, user, features, kinds }: PrivilegeReport): PrivilegeReportDto {
  return {
    ...{ server, user, kinds },
    features: features.map(({ id, title, note, isUsable, needs }) => ({
      ...{ id, title, isUsable },
      ...(note !== undefined && { note }),
      needs: needs.map(({ privilege, on, why, state, missingOn, missingCount }) => ({
        ...{ privilege, on, why, state, missingOn, missingCount },
      })),
    })),
    roleCommand: roleCommand(user),
  };
}
