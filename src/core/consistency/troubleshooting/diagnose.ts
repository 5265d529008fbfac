import { type TroubleEntry, troubleEntries } from './entries.ts';
import { toolsStatusIn, toolsStatusNames, type VssError, vssCodesIn, vssErrors } from './quiesceMessages.ts';

/** What is known of a failure, in any mixture. */
export interface Symptoms {
  /** Names of faults of the API, the causes inside them too. */
  readonly faults?: readonly string[];
  /** Texts of faults, events and logs. */
  readonly texts?: readonly string[];
  /** Ids of rules of prediction or proof that found something. */
  readonly findings?: readonly string[];
}

export interface Diagnosis {
  /** What fits best comes first: a code, then a text, then a fault, then a finding. */
  readonly entries: readonly TroubleEntry[];
  readonly vssErrors: readonly VssError[];
  /** What VMware Tools' own code says, in words. */
  readonly toolsStatus: string | undefined;
}

/** Longer texts are no messages, and patterns must not be tried on them without end. */
const maxTextLength = 10_000;

export function diagnose({ faults = [], texts = [], findings = [] }: Symptoms): Diagnosis {
  const words = texts.map(text => text.slice(0, maxTextLength));
  const codes = new Set(words.flatMap(vssCodesIn));
  const status = words.map(toolsStatusIn).find(code => code !== undefined);
  const fits = (entry: TroubleEntry): number => {
    if (entry.codes?.some(code => codes.has(code)) === true) return 4;
    if (entry.texts.some(pattern => words.some(text => pattern.test(text)))) return 3;
    if (entry.faults?.some(fault => faults.includes(fault)) === true) return 2;
    return entry.findings?.some(finding => findings.includes(finding)) === true ? 1 : 0;
  };
  return {
    entries: troubleEntries
      .map(entry => ({ entry, fit: fits(entry) }))
      .filter(({ fit }) => fit > 0)
      .toSorted((one, other) => other.fit - one.fit)
      .map(({ entry }) => entry),
    vssErrors: vssErrors.filter(({ code }) => codes.has(code)),
    toolsStatus: status === undefined ? undefined : toolsStatusNames[status],
  };
}
