import type { VssWriterFacts } from '../../inventory/assessmentFacts.ts';

const maxWriters = 1000;

/**
 * The writers that `vssadmin list writers` prints. Its words are translated; a writer is a block with two ids, of which
 * the first is the writer's, and a state whose number is in brackets.
 */
export function parseVssWriters(text: string): readonly VssWriterFacts[] {
  return text
    .slice(0, 1_000_000)
    .split(/\r?\n[ \t]*\r?\n/)
    .flatMap(block => parseWriter(block) ?? [])
    .slice(0, maxWriters);
}

function parseWriter(block: string): VssWriterFacts | undefined {
  const id = /\{([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}/i.exec(block)?.[1];
  const name = /:[ \t]*['"\u2018\u201e\u00ab]?([^\r\n]+?)['"\u2019\u201c\u00bb]?[ \t]*(?:\r?\n|$)/.exec(
    block,
  )?.[1];
  const state = /:[ \t]*\[(\d{1,3})\]/.exec(block)?.[1];
  if (id === undefined || name === undefined || state === undefined) return undefined;
  return { id: id.toLowerCase(), name: name.trim(), state: Number(state) };
}
