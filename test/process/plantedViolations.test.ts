import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

// @ts-expect-error -- plain modules that the dependency checker reads as well
import * as layers from '../../layers.mjs';
// @ts-expect-error -- see above
import checker from '../../.dependency-cruiser.mjs';

import { temporaryFolder } from '../support/temporaryFolder.ts';

const root = join(import.meta.dirname, '../..');
const { areas, stages, coreSeenBy } = layers as unknown as {
  readonly areas: Readonly<Record<string, readonly string[]>>;
  readonly stages: Readonly<Record<string, readonly string[] | '*'>>;
  readonly coreSeenBy: Readonly<Record<string, readonly string[]>>;
};
const rules = (checker as { readonly forbidden: readonly { readonly name: string }[] }).forbidden.map(
  ({ name }) => name,
);

/** For every rule a file that breaks it: path, and what it imports. */
function violations(): [path: string, imports: string][] {
  const planted: [string, string][] = [];
  for (const [area, allowed] of Object.entries(areas)) {
    const other = Object.keys(areas).find(candidate => candidate !== area && !allowed.includes(candidate));
    const folder = area === 'media' ? 'media' : `src/${area}`;
    const target = area === 'media' ? `../src/${other}/target.ts` : `../${other}/target.ts`;
    if (other !== undefined) planted.push([`${folder}/area.ts`, target]);
  }
  for (const [stage, allowed] of Object.entries(stages)) {
    if (allowed !== '*') planted.push([`src/core/${stage}/stage.ts`, '../jobs/target.ts']);
    planted.push([`src/cli/internalOf${stage}.ts`, `../core/${stage}/internal/target.ts`]);
  }
  for (const area of Object.keys(coreSeenBy))
    planted.push([`src/${area}/core.ts`, '../core/repository/target.ts']);
  return [
    ...planted,
    ['src/core/jobs/unknown.ts', '../nobody/target.ts'],
    ['src/core/block/one.ts', './other.ts'],
    ['src/core/block/other.ts', './one.ts'],
    ['src/core/block/editor.ts', 'vscode'],
    ['src/core/guestfs/system.ts', 'node:fs/promises'],
    ['media/system.ts', 'node:fs'],
    ['media/restoreBrowser/toolkit.ts', '@vscode/webview-ui-toolkit'],
    ['src/cli/fixture.ts', '../../test/target.ts'],
    ['src/cli/development.ts', 'fast-check'],
    ['src/cli/missing.ts', './nothing.ts'],
  ];
}

/** Type-only, the harder half to find; but types of a development dependency are allowed, for they ship nothing. */
function plantedImport(target: string): string {
  return target === 'fast-check'
    ? `import * as planted from '${target}';\nexport const shipped = planted;\n`
    : `import type * as planted from '${target}';\nexport type Planted = typeof planted;\n`;
}

test('every layer rule is broken by a planted violation, and the checker names each of them', () => {
  const folder = temporaryFolder('planted');
  for (const file of ['.dependency-cruiser.mjs', 'layers.mjs', 'tsconfig.base.json', 'package.json']) {
    cpSync(join(root, file), join(folder, file));
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const plant = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const [path, imports] of violations()) {
    plant(path, plantedImport(imports));
    if (imports.endsWith('target.ts')) plant(join(dirname(path), imports), 'export const target = 1;\n');
  }
  const { stdout, status } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs'),
      '--config',
      '--output-type',
      'err',
      'src',
      'media',
    ],
    { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  const broken = new Set([...stdout.matchAll(/error ([\w-]+): /g)].map(match => match[1]));
  expect(rules.filter(rule => !broken.has(rule))).toEqual([]);
  expect(status).toBeGreaterThan(0);
});

test('a base that reaches for the system or the page does not compile', () => {
  const folder = mkdtempSync(join(root, '.cache/planted-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { compilerOptions } = JSON.parse(readFileSync(join(root, 'src/base/tsconfig.json'), 'utf8')) as {
    readonly compilerOptions: { readonly lib: readonly string[]; readonly types: readonly string[] };
  };
  const { lib, types } = compilerOptions;
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.base.json',
      compilerOptions: {
        lib,
        types,
        composite: false,
        emitDeclarationOnly: false,
        noEmit: true,
        rootDir: '.',
      },
      include: ['*.ts'],
    }),
  );
  const problemsOf = (text: string) => {
    writeFileSync(join(folder, 'planted.ts'), text);
    return spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
      encoding: 'utf8',
    }).stdout;
  };
  expect(problemsOf('export const elapsedMs = performance.now();\n')).toBe('');
  expect(
    problemsOf("import { readFileSync } from 'node:fs';\nexport const text = readFileSync('x');\n"),
  ).toContain('TS2');
  expect(problemsOf('export const title = window.document.title;\n')).toContain('TS2');
});
