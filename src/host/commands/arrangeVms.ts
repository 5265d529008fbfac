import { l10n } from 'vscode';

import { never } from '../../base/assert.ts';
import type { Host } from '../host.ts';
import { type Grouping, groupings } from '../model/vmArrangement.ts';
import { parseVmFilter } from '../model/vmFilter.ts';
import { runSteps } from '../ui/wizard.ts';

/** Asks what the VMs shall be grouped by. */
export async function groupVms(host: Host): Promise<void> {
  const { t } = l10n;
  const { grouping } = await runSteps<{ grouping: Grouping }>(
    host.ui,
    [
      async (_, ask) => ({
        grouping: await ask.pick({
          title: t('Group Virtual Machines By'),
          placeholder: t('What the VMs are below'),
          whenEmpty: '',
          choices: async () =>
            await Promise.resolve(
              groupings.map(value => ({
                ...groupingChoice(value),
                isPreselected: value === host.vmView.grouping,
                value,
              })),
            ),
        }),
      }),
    ],
    {},
  );
  await host.vmView.groupBy(grouping);
}

/** Asks for a filter, which holds until it is cleared; an empty one clears it. */
export async function filterVms(host: Host): Promise<void> {
  const { t } = l10n;
  const { text } = await runSteps<{ text: string }>(
    host.ui,
    [
      async (_, ask) => ({
        text: await ask.input({
          title: t('Filter Virtual Machines'),
          prompt: t('Words of the name, @tag:, @level: and @is: narrow the list; leave it empty to show all'),
          placeholder: t('for instance: web @tag:Production @level:crash @is:on'),
          value: host.vmView.filter?.text ?? '',
          check: async value => {
            const filter = parseVmFilter(value, t);
            return await Promise.resolve('problem' in filter ? filter.problem : undefined);
          },
        }),
      }),
    ],
    {},
  );
  const filter = parseVmFilter(text, t);
  host.vmView.show('problem' in filter || filter.text === '' ? undefined : filter);
}

function groupingChoice(grouping: Grouping): { readonly label: string; readonly icon: string } {
  const { t } = l10n;
  switch (grouping) {
    case 'hosts':
      return { label: t('Hosts and clusters'), icon: 'server' };
    case 'folders':
      return { label: t('Folders'), icon: 'folder' };
    case 'datastores':
      return { label: t('Datastores'), icon: 'database' };
    case 'tags':
      return { label: t('Tags'), icon: 'tag' };
    default:
      return never(grouping);
  }
}
