import type {
  ApplicationView,
  AttemptView,
  ConsistencyView,
  EvidenceView,
  PointDetailsView,
  RecoverabilityView,
  StatementView,
  VolumeView,
} from '../../src/protocol/webview/recovery.ts';
import { button } from '../shared/controls.ts';
import { type Child, element, visibleName } from '../shared/dom.ts';
import { icon } from '../shared/icons.ts';
import type { Translate } from '../shared/text.ts';
import { block, disks, lines, ruleTag, sourceLink, statements, verdict } from './parts.ts';
import { actions, type CardHandlers, keyed } from './questions.ts';
import { skewLine } from './skewLine.ts';

interface LimitHandlers extends Pick<CardHandlers, 'onAction'> {
  readonly onRemedy: (rule: string) => void;
}

/** What keeps it from more, what would raise it, and what is not known. */
export function limitsDetails(
  { limits, unknowns, remarks, allRemedied, coverage, ...view }: ConsistencyView,
  { onRemedy, onAction }: LimitHandlers,
  t: Translate,
): readonly HTMLElement[] {
  const remedyButton = ({ rule, canBeApplied }: StatementView): readonly HTMLElement[] =>
    canBeApplied === true
      ? [keyed(button(t('Apply Remedy…'), () => onRemedy(rule)).element, `remedy-${rule}`)]
      : [];
  return [
    ...statements(limits, t, remedyButton),
    ...(allRemedied === undefined ? [] : [element('p', {}, allRemedied)]),
    ...block(t('Good to know'), ...statements(remarks, t, remedyButton)),
    ...block(
      t('Not known'),
      ...statements(unknowns, t),
      ...(unknowns.length === 0 ? [] : [actions({ onAction }, [['look', t('Look into the Guest…')]])]),
    ),
    ...block(t('Disks in the snapshot'), coverage, ...disks(view.disks, t)),
  ];
}

/** Each way to recover, with what to mind and how long it takes. */
export function waysDetails({ rows }: PointDetailsView, t: Translate): readonly HTMLElement[] {
  return [element('div', { class: 'cards' }, ...rows.map(row => wayCard(row, t)))];
}

function wayCard(
  { title, isPossible, text, caveats, time, timeBasis, source }: RecoverabilityView,
  t: Translate,
): HTMLElement {
  return element(
    'div',
    { class: isPossible ? 'card possible' : 'card impossible' },
    element('h3', {}, icon(isPossible ? 'proven' : 'inconsistent'), element('span', {}, title)),
    element('p', {}, text),
    ...lines(caveats),
    ...(time === ''
      ? []
      : [element('p', { class: 'time' }, time, element('span', { class: 'quiet' }, ` · ${timeBasis}`))]),
    element('p', { class: 'source' }, `${t('Source:')} `, sourceLink(source)),
  );
}

/** How the level of the restore point is known: each finding with what it means and where it was found. */
export function evidenceDetails(
  { basis, evidence, attempts, downgrades }: PointDetailsView,
  t: Translate,
): readonly HTMLElement[] {
  return [
    element('p', {}, basis),
    element('ul', { class: 'plain evidence' }, ...evidence.map(piece => evidenceRow(piece, t))),
    ...block(t('Calls for the snapshot'), ...attemptRows(attempts, downgrades)),
  ];
}

function evidenceRow({ rule, text, items, effect, source }: EvidenceView, t: Translate): HTMLElement {
  return element(
    'li',
    { class: 'piece' },
    element('span', {}, text, ' ', ruleTag(rule)),
    ...(items.length === 0 ? [] : [element('span', { class: 'quiet' }, items.map(visibleName).join(', '))]),
    ...(effect === undefined ? [] : [verdict(effect)]),
    element('span', { class: 'source' }, t('Found in: {0}', source)),
  );
}

function attemptRows(
  attempts: readonly AttemptView[],
  downgrades: readonly string[],
): readonly HTMLElement[] {
  const calls = attempts.map(({ text, problem }) =>
    problem === undefined
      ? verdict({ tone: 'good', text })
      : verdict({ tone: 'warning', text }, element('span', { class: 'quiet' }, ` ${problem}`)),
  );
  const steps = downgrades.map(text => verdict({ tone: 'warning', text }));
  const rows = [...calls, ...steps];
  return rows.length === 0
    ? []
    : [element('ul', { class: 'plain' }, ...rows.map(row => element('li', {}, row)))];
}

/** Volumes, applications, disks and the group of the restore point. */
export function contentsDetails(
  { volumes, applications, applicationsText, disks: all, group, problems }: PointDetailsView,
  t: Translate,
): readonly HTMLElement[] {
  return [
    ...block(t('Volumes'), ...volumeTable(volumes, t), ...lines(problems)),
    ...block(t('Applications'), ...applicationTable(applications, t), applicationsText),
    ...block(t('Disks'), ...disks(all, t)),
    ...(group === undefined ? [] : block(group.title, group.text, skewLine(group))),
  ];
}

function volumeTable(volumes: readonly VolumeView[], t: Translate): readonly HTMLElement[] {
  return table(
    [t('Volume'), t('At the moment of the snapshot'), t('Files')],
    volumes.map(({ name, content, atRest, rule, files }) => [
      [element('strong', {}, visibleName(name)), element('span', { class: 'quiet' }, content)],
      atRest === undefined
        ? [t('nobody looked')]
        : [verdict(atRest, ...(rule === undefined ? [] : [' ', ruleTag(rule)]))],
      files === undefined ? ['–'] : [verdict(files)],
    ]),
  );
}

function applicationTable(applications: readonly ApplicationView[], t: Translate): readonly HTMLElement[] {
  return table(
    [t('Application'), t('At the moment of the snapshot'), t('What can be recovered')],
    applications.map(({ name, rule, atRest, recovery }) => [
      [element('strong', {}, visibleName(name))],
      [verdict(atRest, ' ', ruleTag(rule))],
      [recovery],
    ]),
  );
}

/** The first cell of a row names it. Nothing where there are no rows. */
function table(
  head: readonly string[],
  rows: readonly (readonly (readonly Child[])[])[],
): readonly HTMLElement[] {
  if (rows.length === 0) return [];
  // Said explicitly: where there is no room it is no table to look at.
  const titles = head.map(title => element('th', { scope: 'col', role: 'columnheader' }, title));
  const lineOf = (cells: readonly (readonly Child[])[]): HTMLElement =>
    element(
      'tr',
      { role: 'row' },
      ...cells.map((cell, index) =>
        index === 0
          ? element('th', { scope: 'row', role: 'rowheader' }, ...cell)
          : element('td', { role: 'cell' }, ...cell),
      ),
    );
  return [
    element(
      'table',
      { role: 'table' },
      element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, ...titles)),
      element('tbody', { role: 'rowgroup' }, ...rows.map(lineOf)),
    ),
  ];
}
