import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

// @ts-expect-error -- a plain module that the dependency checker reads as well
import { areas, stages } from '../../layers.mjs';

const root = `${import.meta.dirname}/../..`;

function folders(path: string): string[] {
  return readdirSync(`${root}/${path}`, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
    .sort();
}

test('the folders of src, and media beside it, are the areas of layers.mjs', () => {
  expect([...folders('src'), 'media'].sort()).toEqual(Object.keys(areas as object).sort());
});

test('the folders of src/core are the stages of layers.mjs', () => {
  expect(folders('src/core')).toEqual(Object.keys(stages as object).sort());
});

test('a stage imports only stages named before it, so the order of the table is the order of the bytes', () => {
  const names = Object.keys(stages as object);
  for (const [stage, allowed] of Object.entries(stages as Record<string, readonly string[] | '*'>)) {
    if (allowed === '*') continue;
    for (const dependency of allowed) expect(names.indexOf(dependency)).toBeLessThan(names.indexOf(stage));
  }
});

test('the code map of ARCHITECTURE.md names every area and stage', () => {
  const text = readFileSync(`${root}/docs/ARCHITECTURE.md`, 'utf8');
  for (const area of Object.keys(areas as object))
    expect(text).toContain(area === 'media' ? '### `media`' : `src/${area}`);
  for (const stage of Object.keys(stages as object)) expect(text).toContain(`core/${stage}`);
});
