import { request } from './message.ts';

/** What the account of a vCenter may do with each feature. */
export interface PrivilegeReportDto {
  readonly server: string;
  readonly user: string;
  readonly features: readonly FeaturePrivilegesDto[];
  /** How many objects of a kind may be seen, and how many of them were looked at, by `vm`, `folder`, …. */
  readonly kinds: Readonly<Record<string, { readonly seenCount: number; readonly askedCount: number }>>;
  /** Commands for `govc` that make a role with everything and give it to the account. */
  readonly roleCommand: string;
}

export interface FeaturePrivilegesDto {
  readonly id: string;
  readonly title: string;
  readonly note?: string;
  /** Every need is met, on everything that was looked at. */
  readonly isUsable: boolean;
  readonly needs: readonly PrivilegeNeedDto[];
}

export interface PrivilegeNeedDto {
  /** As vSphere spells it. */
  readonly privilege: string;
  /** Kind of object. */
  readonly on: string;
  /** Completes "needed to …". */
  readonly why: string;
  /** On all objects that were looked at, on some, on none; `unseen`: there are none, or the account may see none. */
  readonly state: 'granted' | 'partly' | 'missing' | 'unseen';
  /** Names of the first few on which it is missing, and how many these are in all. */
  readonly missingOn: readonly string[];
  readonly missingCount: number;
}

/** Asks the server; it changes nothing there. */
export const probePrivileges = request<{ readonly vcenter: string }, PrivilegeReportDto>(
  'vcenter/privileges',
);
