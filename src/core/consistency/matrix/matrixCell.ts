import type { ConsistencyLevel } from '../level.ts';
import type { Certainty, Mechanism } from '../rule.ts';
import type { SourceId } from '../sources.ts';

/** What guests of one kind reach on hosts of one generation, before any rule. */
export interface MatrixCell {
  readonly level: ConsistencyLevel;
  readonly mechanism: Mechanism;
  /** Ids of the rules that check what it takes. */
  readonly conditions: readonly string[];
  readonly source: SourceId;
  readonly certainty: Certainty;
  /** What the vendor supports, where that is less than what the technology gives. */
  readonly vendorLevel?: ConsistencyLevel;
  /** Still printed in the tables, though neither guest nor Tools for it are supported. */
  readonly isLegacy?: true;
}

/** Generations of hosts between which VMware changed what quiescing does, from old to new. */
export const hostGenerations = ['35U1', '35U2', '41', '60', '65'] as const;
export type HostGeneration = (typeof hostGenerations)[number];

/** As a person calls them. */
export const generationNames: Readonly<Record<HostGeneration, string>> = {
  '35U1': 'ESX 3.5 Update 1 and earlier',
  '35U2': 'ESX 3.5 Update 2 to 4.0',
  '41': 'ESX 4.1 to 5.x',
  '60': 'ESXi 6.0',
  '65': 'ESXi 6.5 to 8.x',
};
