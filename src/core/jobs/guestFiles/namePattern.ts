/** Tells whether a name is wanted. */
export type NameTest = (name: string) => boolean;

/**
 * Names as a person asks for them: `*`, `?` and `[a-z]`, `[!a-z]` stand for what they stand for in a shell and the whole
 * name has to fit; a text without them has to be somewhere in the name. Takes time in proportion to both lengths, whatever
 * the guest calls its files.
 */
export function namePattern(pattern: string, isCaseSensitive: boolean): NameTest {
  const folded = (text: string) => (isCaseSensitive ? text : text.toLowerCase());
  const wanted = folded(pattern);
  if (!/[*?[]/.test(wanted)) return name => folded(name).includes(wanted);
  const parts = partsOf(wanted);
  return name => fits(parts, Array.from(folded(name)));
}

/** Any number of characters, or one that passes the test. */
type Part = 'any' | ((character: string) => boolean);

function partsOf(pattern: string): readonly Part[] {
  const parts: Part[] = [];
  for (const [token] of pattern.matchAll(/\*+|\?|\[!?\]?[^\]]*\]|./gsu)) {
    if (token.startsWith('*')) parts.push('any');
    else if (token === '?') parts.push(() => true);
    else if (token.length > 1 && token.startsWith('[')) parts.push(classOf(token));
    else parts.push(character => character === token);
  }
  return parts;
}

/** `[abc]`, `[!a-c]`; a bracket that is never closed stands for itself and does not come here. */
function classOf(token: string): (character: string) => boolean {
  const isNegated = token.startsWith('[!');
  const ranges = [...token.slice(isNegated ? 2 : 1, -1).matchAll(/(.)-(.)|(.)/gsu)].map(
    ([, from, to, only]) => [only ?? from ?? '', only ?? to ?? ''] as const,
  );
  return character => ranges.some(([from, to]) => character >= from && character <= to) !== isNegated;
}

/** Goes back to the last `*` only: an earlier one can take no more than it has. */
function fits(parts: readonly Part[], name: readonly string[]): boolean {
  let [at, inParts] = [0, 0];
  let lastAny: { readonly inParts: number; at: number } | undefined;
  while (at < name.length) {
    const part = parts[inParts];
    const character = name[at] ?? '';
    if (part === 'any') {
      inParts += 1;
      lastAny = { inParts, at };
    } else if (part?.(character) === true) {
      at += 1;
      inParts += 1;
    } else if (lastAny !== undefined) {
      lastAny.at += 1;
      ({ at, inParts } = lastAny);
    } else return false;
  }
  return parts.slice(inParts).every(part => part === 'any');
}
