import { CorruptDataError } from '../../../base/errors.ts';

export type ConfigValue = string | number | readonly ConfigValue[];
/** A section of the text: its values and the sections in it, by name. */
export interface ConfigSection {
  readonly values: ReadonlyMap<string, ConfigValue>;
  readonly sections: ReadonlyMap<string, ConfigSection>;
}

const maxDepth = 16;
const token = /\s+|#[^\n]*|[{}=,[\]]|"(?:[^"\\]|\\.)*"|[-+\w./]+/gy;

/**
 * Parses the text in which LVM2 keeps what it knows: `name = value`, `name { … }`, lists in brackets.
 * @throws CORRUPT_DATA
 */
export function parseConfigText(text: string): ConfigSection {
  const parser = new Parser(text);
  const section = parser.section(0);
  if (!parser.isAtEnd) throw corrupt('it closes more sections than it opens');
  return section;
}

class Parser {
  readonly #tokens: readonly string[];
  #next = 0;

  constructor(text: string) {
    const end = text.indexOf('\0');
    this.#tokens = tokenize(end < 0 ? text : text.slice(0, end));
  }

  get isAtEnd(): boolean {
    return this.#next >= this.#tokens.length;
  }

  section(depth: number): ConfigSection {
    if (depth > maxDepth) throw corrupt('its sections lie too deep');
    const values = new Map<string, ConfigValue>();
    const sections = new Map<string, ConfigSection>();
    while (!this.isAtEnd) {
      const name = this.#take();
      if (name === '}') {
        if (depth > 0) return { values, sections };
        throw corrupt('it closes more sections than it opens');
      }
      const what = this.#take();
      if (what === '=') values.set(name, this.#value(depth));
      else if (what === '{') sections.set(name, this.section(depth + 1));
      else throw corrupt(`${name} is followed by ${what}`);
    }
    if (depth > 0) throw corrupt('it ends within a section');
    return { values, sections };
  }

  #value(depth: number): ConfigValue {
    const first = this.#take();
    if (first !== '[') return scalar(first);
    if (depth > maxDepth) throw corrupt('its lists lie too deep');
    const list: ConfigValue[] = [];
    for (;;) {
      const next = this.#take();
      if (next === ']') return list;
      if (next !== ',') list.push(scalar(next));
    }
  }

  #take(): string {
    const taken = this.#tokens[this.#next];
    if (taken === undefined) throw corrupt('it ends too early');
    this.#next += 1;
    return taken;
  }
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  token.lastIndex = 0;
  let endOffset = 0;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    endOffset = token.lastIndex;
    if (!/^[\s#]/.test(found[0])) tokens.push(found[0]);
  }
  if (endOffset < text.length) throw corrupt(`it holds what cannot be read at character ${endOffset}`);
  return tokens;
}

function scalar(text: string): ConfigValue {
  if (text.startsWith('"')) return text.slice(1, -1).replace(/\\(.)/g, '$1');
  if (/^[{}=,[\]]$/.test(text)) throw corrupt(`a value is ${text}`);
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

function corrupt(problem: string): CorruptDataError {
  return new CorruptDataError(`the text of the LVM2 volume group is damaged: ${problem}`);
}
