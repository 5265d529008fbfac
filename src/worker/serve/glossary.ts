import { glossary } from '../../core/consistency/glossary.ts';
import { proofRules } from '../../core/consistency/proof/proofRules.ts';
import { type Source, sources } from '../../core/consistency/sources.ts';
import { troubleEntries } from '../../core/consistency/troubleshooting/entries.ts';
import { readGlossary } from '../../protocol/glossary.ts';
import type { Handle } from '../../protocol/rpc/answerRequests.ts';

export function serveGlossary(handle: Handle): void {
  handle(readGlossary, () => ({
    entries: glossary.map(({ term, text, source }) => ({ term, text, source: sources[source] })),
    troubles: troubleEntries.map(({ id, symptom, cause, remedy, source }) => ({
      ...{ id, symptom, cause, remedy },
      source: sources[source],
    })),
    proofRules: proofRules.map(({ id, text, certainty, source }) => ({
      ...{ id, text, certainty },
      source: sources[source],
    })),
    sources: Object.values<Source>(sources),
  }));
}
