import fc from 'fast-check';
import { l10n } from 'vscode';
import { expect, test } from 'vitest';

import { explanationMarkdown } from '../../../../src/host/model/explanationText.ts';
import { markdownText } from '../../../../src/host/model/markdown.ts';
import { formatMoment } from '../../../../src/host/model/time.ts';
import type { ExplainedLimitDto, ExplanationDto } from '../../../../src/protocol/vm.ts';

const { t } = l10n;
const source = { title: 'A guide', url: 'https://example.com/guide' };

function explanation(change: Partial<ExplanationDto> = {}): ExplanationDto {
  return {
    ...{ name: 'web01', inventoryPath: '/Lab/vm/web01' },
    ...{ level: 'filesystem', mechanism: 'freeze', certainty: 'likely', ceiling: 'filesystem' },
    base: { rule: 'OS-LINUX-FIFREEZE', text: 'VMware Tools freeze it', certainty: 'certain', source },
    limits: [],
    coverage: 'whole-vm',
    ...{ outsideDisks: [], remarks: [], notes: [], unknowns: [] },
    ...change,
  };
}

function limit(change: Partial<ExplainedLimitDto> = {}): ExplainedLimitDto {
  return {
    rule: 'TLS-02',
    text: 'VMware Tools do not run',
    cap: 'crash',
    certainty: 'certain',
    source,
    ...change,
  };
}

/** What a reader sees of a line: a backslash before punctuation is not shown. */
const seen = (markdown: string) => markdown.replaceAll(/\\([!-/:-@[-`{-~])/g, '$1').split('\n');

/** What is left to Markdown once everything is gone that can only be text. */
const structure = (markdown: string) =>
  markdown.replaceAll(/\\[!-/:-@[-`{-~]/g, '').replaceAll(/[^\n!-/:-@[-`{-~]+/g, 'x');

const asking = { certainty: 'likely', source: { title: 'From practice' } } as const;

test('a page says level, mechanism and certainty, each limit with its remedy, gain and source, and the rest by name', () => {
  const page = seen(
    explanationMarkdown(
      explanation({
        ...{ level: 'crash', mechanism: 'none', levelAfterAllFixes: 'filesystem' },
        base: { ...explanation().base, vendorLevel: 'crash' },
        limits: [
          limit({ remedy: 'Start them', levelAfterFix: 'filesystem' }),
          limit({ rule: 'FT-01', source: { title: 'From practice' } }),
          limit({ rule: 'SNAP-09', remedy: 'Remove it', levelAfterFix: 'crash' }),
        ],
        coverage: 'partial',
        outsideDisks: [{ rule: 'DSK-01', deviceKey: 2001, label: 'Hard disk 2', reason: 'independent' }],
        remarks: [{ ...limit(), rule: 'CBT-01', text: 'changes are not tracked', remedy: 'Turn it on' }],
        notes: [{ ...limit(), rule: 'PCI-01', text: 'a note' }],
        unknowns: [
          { ...asking, rule: 'CFG-01', question: 'what is set', remedy: 'Look into the guest' },
          { ...asking, rule: 'GOS-02', question: 'which system really runs' },
        ],
      }),
      t,
    ),
  );
  expect(page.filter(line => line !== '')).toEqual([
    '# Consistency of web01',
    '/Lab/vm/web01',
    '## Predicted for a backup now',
    '**crash-consistent**',
    '- Mechanism: none: nothing brings the guest to rest',
    '- Certainty: likely',
    'This is what rules expect. What a backup has reached is proven by its evidence alone.',
    '## What limits it',
    '### TLS-02: at most crash-consistent',
    'VMware Tools do not run.',
    '- What to do: Start them',
    '- Level after that: file-system-consistent',
    '- Certainty: certain',
    '- Source: [A guide](<https://example.com/guide>)',
    '### FT-01: at most crash-consistent',
    'VMware Tools do not run.',
    '- Nothing can be done about it',
    '- Certainty: certain',
    '- Source: From practice',
    '### SNAP-09: at most crash-consistent',
    'VMware Tools do not run.',
    '- What to do: Remove it',
    '- That alone changes nothing: another limit remains',
    '- Certainty: certain',
    '- Source: [A guide](<https://example.com/guide>)',
    '**With all of that remedied: file-system-consistent**',
    '## At best',
    '**file-system-consistent**',
    'VMware Tools freeze it. (OS-LINUX-FIFREEZE)',
    '- What the vendor supports: crash-consistent',
    '- Certainty: certain',
    '- Source: [A guide](<https://example.com/guide>)',
    '## Disks in the snapshot',
    'Not the whole VM: what is missing is not of the same moment.',
    '- Without Hard disk 2: independent (DSK-01)',
    '## Not known',
    'What is set. (CFG-01)',
    '- What to do: Look into the guest',
    '- Certainty: likely',
    '- Source: From practice',
    'Which system really runs. (GOS-02)',
    '- Certainty: likely',
    '- Source: From practice',
    '## Good to know',
    'CBT-01: Changes are not tracked.',
    '- What to do: Turn it on',
    '- Certainty: certain',
    '- Source: [A guide](<https://example.com/guide>)',
    '## For the record',
    'PCI-01: A note.',
    '- Certainty: certain',
    '- Source: [A guide](<https://example.com/guide>)',
  ]);
});

test('without limits and open questions the page says so, and stale knowledge is never shown as today’s', () => {
  const page = seen(explanationMarkdown(explanation(), t));
  expect(page).toContain('No rule limits it: the level is what the guest and its host allow.');
  expect(page).toContain('All disks of the VM.');
  expect(page).toContain('Nothing that would change the level.');
  expect(page.join('\n')).not.toMatch(/Good to know|For the record|has not confirmed/);
  const stale = seen(
    explanationMarkdown(explanation({ asOf: '2026-11-22T17:03:00Z', coverage: 'unknown' }), t),
  );
  expect(stale).toContain(
    `**As it was at ${formatMoment('2026-11-22T17:03:00Z')}; the server has not confirmed it since**`,
  );
  expect(stale).toContain('Not known, because the disks are not.');
});

/** A page in which the server has chosen every name. */
function named(name: string): string {
  return explanationMarkdown(
    explanation({
      ...{ name, inventoryPath: `/Lab/vm/${name}`, mechanism: `x${name}` },
      limits: [limit({ text: `a disk (${name})`, remedy: `look at ${name}` })],
      outsideDisks: [{ rule: 'DSK-01', deviceKey: 2001, label: name, reason: 'independent' }],
      remarks: [{ ...limit(), text: `a device (${name})` }],
      unknowns: [{ ...asking, rule: 'OS-X', question: `how ${name} quiesces` }],
    }),
    t,
  );
}

test.each([
  '<img src=x onerror=alert(1)>',
  '[click](command:workbench.action.quit)',
  '![](https://evil.example/pixel.png)',
  'https://evil.example www.evil.example me@evil.example',
  'web01**\n\n# Consistency of another VM\n- x',
  '`code` ~~x~~ $x^2$ &lt;b&gt; | a | b |',
  'web01\\',
  '\u202Elmth.10bew',
])('the name %j is shown as text', name => {
  expect(structure(named(name))).toBe(structure(named('web01')));
  expect(named(name)).not.toContain('\u202E');
});

test('whatever a name is, the page has the same headings, lists and links', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), name => {
      expect(structure(named(`x${name}`))).toBe(structure(named('web01')));
    }),
  );
});

test('text is escaped as CommonMark asks, and stays on its line', () => {
  expect(markdownText(' 1. *a*\r\n\tb\u2028c ')).toBe('1\\. \\*a\\* b c');
});
