import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const files = ['src/extension.ts', ...globSync(['src/host/**/*.ts', 'media/**/*.ts'], { cwd: root })];

/** The first argument of every call of `t(…)`, `l10n.t(…)` or `this.#t(…)`. */
function translatedTexts(path: string): {
  readonly texts: readonly string[];
  readonly others: readonly string[];
} {
  const source = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.ES2023);
  const texts: string[] = [];
  const others: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(l10n\.|this\.#)?t$/.test(node.expression.getText(source))) {
      const [text] = node.arguments;
      if (text !== undefined && ts.isStringLiteral(text)) texts.push(text.text);
      else others.push(`${path}: ${node.getText(source)}`);
    }
    node.forEachChild(visit);
  };
  visit(source);
  return { texts, others };
}

test('every text is a literal, so that it can be translated', () => {
  expect(files.length).toBeGreaterThan(30);
  expect(files.flatMap(path => translatedTexts(path).others)).toEqual([]);
});

test('l10n/bundle.l10n.json holds exactly the texts of the code', async () => {
  const texts = [...new Set(files.flatMap(path => translatedTexts(path).texts))].sort();
  const bundle = Object.fromEntries(texts.map(text => [text, text]));
  // Written anew by `npx vitest run --project unit l10n -u`.
  await expect(`${JSON.stringify(bundle, undefined, 2)}\n`).toMatchFileSnapshot(
    join(root, 'l10n/bundle.l10n.json'),
  );
});
