import type {
  FeaturePrivilegesDto,
  PrivilegeNeedDto,
  PrivilegeReportDto,
} from '../../protocol/privileges.ts';
import { markdownTable, markdownText } from './markdown.ts';
import type { Translate } from './nodeView.ts';

/** What an account may do, as a page. Whatever comes from outside is text in it, never markup. */
export function privilegesMarkdown(report: PrivilegeReportDto, t: Translate): string {
  const { server, user, features, roleCommand } = report;
  const usable = features.filter(({ isUsable }) => isUsable);
  const isWhole = usable.length === features.length;
  const blocks = [
    `# ${markdownText(t('Privileges of {0} on {1}', user, server))}`,
    markdownText(
      isWhole
        ? t('The account may do everything that Quiesce does.')
        : t('{0} of {1} features can be used everywhere.', usable.length, features.length),
    ),
    markdownTable(
      [t('Feature'), t('Usable'), t('Missing')],
      features.map(feature => [
        markdownText(feature.title),
        markdownText(feature.isUsable ? t('yes') : t('no')),
        missingNeeds(feature)
          .map(need => missingText(need, report, t))
          .join('<br>'),
      ]),
    ),
    ...(isWhole ? [] : roleBlocks(roleCommand, t)),
    `## ${markdownText(t('What each feature needs'))}`,
    ...features.flatMap(feature => featureBlocks(feature, t)),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function missingNeeds({ needs }: FeaturePrivilegesDto): readonly PrivilegeNeedDto[] {
  return needs.filter(({ state }) => state !== 'granted');
}

function missingText(
  { privilege, on, state, missingOn, missingCount }: PrivilegeNeedDto,
  { kinds }: PrivilegeReportDto,
  t: Translate,
): string {
  return `\`${privilege}\` ${markdownText(where())}`;

  function where(): string {
    if (state === 'unseen') return t('({0}: none, or none may be seen)', kindLabel(on, t));
    if (state === 'missing') return t('({0}: all {1})', kindLabel(on, t), kinds[on]?.seenCount ?? 0);
    const more = missingCount - missingOn.length;
    return more === 0
      ? t('({0}: {1})', kindLabel(on, t), missingOn.join(', '))
      : t('({0}: {1} and {2} more)', kindLabel(on, t), missingOn.join(', '), more);
  }
}

function roleBlocks(roleCommand: string, t: Translate): readonly string[] {
  return [
    `## ${markdownText(t('A role with everything'))}`,
    markdownText(
      t(
        'An administrator can make it with the command line tool govc, or give the privileges that are missing to a role by hand.',
      ),
    ),
    // The account's name is in it: a fence longer than any in the text cannot be left.
    fenced(roleCommand),
  ];
}

function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}sh\n${text}\n${fence}`;
}

function featureBlocks({ title, note, needs }: FeaturePrivilegesDto, t: Translate): readonly string[] {
  return [
    `### ${markdownText(title)}`,
    ...(note === undefined ? [] : [markdownText(note)]),
    ...(needs.length === 0
      ? []
      : [
          markdownTable(
            [t('Privilege'), t('On'), t('Needed to'), t('State')],
            needs.map(({ privilege, on, why, state }) => [
              `\`${privilege}\``,
              ...[kindLabel(on, t), why, stateLabel(state, t)].map(markdownText),
            ]),
          ),
        ]),
  ];
}

function kindLabel(kind: string, t: Translate): string {
  const labels: Readonly<Record<string, string>> = {
    vm: t('VMs'),
    folder: t('folders of VMs'),
    resourcePool: t('resource pools'),
    datastore: t('datastores'),
    network: t('networks'),
  };
  return labels[kind] ?? kind;
}

function stateLabel(state: PrivilegeNeedDto['state'], t: Translate): string {
  const labels = {
    granted: t('granted'),
    partly: t('granted on some'),
    missing: t('missing'),
    unseen: t('not known: none may be seen'),
  };
  return labels[state];
}
