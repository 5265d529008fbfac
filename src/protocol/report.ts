import { request } from './message.ts';
import type { WireError } from './wireError.ts';

/** What there is to say of all VMs of a vCenter; the same page as that of the command line. */
export interface ConsistencyReportDto {
  /** Address of the server. */
  readonly server: string;
  readonly markdown: string;
  /** For programs: a JSON document. */
  readonly json: string;
  /** Records of goals and snapshots that cannot be read. */
  readonly problems: readonly WireError[];
}

/** Against what is in the repositories that are open; asks the server nothing that is known already. */
export const readConsistencyReport = request<{ readonly vcenter: string }, ConsistencyReportDto>(
  'report/consistency',
);
