import type { HostProduct } from '../inventory/assessmentFacts.ts';
import { known, type Truth } from './truth.ts';

/** @param version  for instance `6.7`; a host of that version is not older */
export function isOlderHost(host: HostProduct | undefined, version: string): Truth {
  return known(host, product => compareParts(product.version, version) < 0);
}

function compareParts(left: string, right: string): number {
  const wanted = right.split('.').map(Number);
  const given = left.split('.').map(Number);
  const part = wanted.findIndex((number, index) => (given[index] ?? 0) !== number);
  return part === -1 ? 0 : (given[part] ?? 0) - (wanted[part] ?? 0);
}
