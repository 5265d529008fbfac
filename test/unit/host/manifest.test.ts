import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { commandIds, contextKeys, panelIds, schemes, settingIds, viewIds } from '../../../src/host/ids.ts';

interface Manifest {
  readonly activationEvents: readonly string[];
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string }[];
    readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
    readonly viewsWelcome: readonly {
      readonly view: string;
      readonly contents: string;
      readonly when: string;
    }[];
    readonly menus: Readonly<Record<string, readonly { readonly command: string; readonly when?: string }[]>>;
    readonly configuration: { readonly properties: Readonly<Record<string, unknown>> };
  };
}

const root = join(import.meta.dirname, '../../..');
const text = readFileSync(join(root, 'package.json'), 'utf8');
const { activationEvents, contributes } = JSON.parse(text) as Manifest;
const nls = JSON.parse(readFileSync(join(root, 'package.nls.json'), 'utf8')) as Readonly<
  Record<string, string>
>;
const sorted = (names: Iterable<string>) => [...names].sort();

test('the manifest and the code name the same commands, views, settings and schemes', () => {
  expect({
    commands: sorted(contributes.commands.map(({ command }) => command)),
    views: sorted(Object.values(contributes.views).flatMap(views => views.map(({ id }) => id))),
    settings: sorted(Object.keys(contributes.configuration.properties)),
    activationEvents,
  }).toEqual({
    commands: sorted(Object.values(commandIds)),
    views: sorted(Object.values(viewIds)),
    settings: sorted(Object.values(settingIds)),
    activationEvents: [
      `onFileSystem:${schemes.guestFile}`,
      ...Object.values(panelIds).map(id => `onWebviewPanel:${id}`),
    ],
  });
});

test('menus and welcome texts speak of commands, views and conditions that exist', () => {
  const known = new Set<string>([
    ...Object.values(commandIds),
    ...Object.values(viewIds),
    ...Object.values(contextKeys),
  ]);
  const menus = Object.values(contributes.menus).flat();
  const spoken = [
    ...menus.flatMap(({ command, when = '' }) => [command, when]),
    ...contributes.viewsWelcome.flatMap(({ view, contents, when }) => [
      view,
      when,
      nls[contents.slice(1, -1)] ?? '',
    ]),
  ].flatMap(words => words.match(/quiesce\.[A-Za-z]+/g) ?? []);
  expect(spoken.filter(id => !known.has(id))).toEqual([]);
  expect(spoken.length).toBeGreaterThan(30);
});

test('every text of the manifest is in package.nls.json, and every text there is used', () => {
  const used = [...text.matchAll(/"%([^%]+)%"/g)].map(match => match[1] ?? '');
  expect(sorted(new Set(used))).toEqual(sorted(Object.keys(nls)));
});

test('every command can be run without a selection, but the one that is an answer to a click', () => {
  const hidden = contributes.menus['commandPalette']?.filter(({ when }) => when === 'false');
  expect(hidden?.map(({ command }) => command)).toEqual([commandIds.openGuestFile]);
});
