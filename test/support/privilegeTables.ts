import { features, kindNames } from '../../src/core/vsphere/privileges/featurePrivileges.ts';
import { roleCommand } from '../../src/core/vsphere/privileges/roleCommand.ts';

/** The generated half of docs/PRIVILEGES.md, as Markdown whose tables are not yet aligned. */
export function privilegeTables(): string {
  return [
    '## The features',
    ...features.map(({ title, needs, note }) =>
      [
        `### ${title}`,
        ...(note === undefined ? [] : [note]),
        ...(needs.length === 0
          ? []
          : [
              table(
                ['privilege', 'on', 'needed to', 'source'],
                needs.map(need => [
                  `\`${need.privilege}\``,
                  kindNames[need.on][0],
                  need.why,
                  need.source === 'api' ? 'API' : 'manual',
                ]),
              ),
            ]),
      ].join('\n\n'),
    ),
    '## A role with everything',
    'For [govc](https://github.com/vmware/govmomi/tree/main/govc); `quiesce vcenter privileges --role` prints the same. Whoever may do less takes what his features need out of the tables above.',
    `\`\`\`sh\n${roleCommand(undefined)}\n\`\`\``,
  ].join('\n\n');
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n');
}
