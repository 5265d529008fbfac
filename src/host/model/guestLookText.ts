import type { GuestLookDto, ToolsConfigDto } from '../../protocol/liveGuest.ts';
import { sentence } from './errorText.ts';
import { explanationMarkdown } from './explanationText.ts';
import { markdownText } from './markdown.ts';
import type { Translate } from './nodeView.ts';
import { formatMoment } from './time.ts';

/** What was seen inside a guest, and below it the prediction with that. What could not be seen is said, never left out. */
export function guestLookMarkdown(vmName: string, look: GuestLookDto, t: Translate): string {
  const { seenAt, toolsConfig, writers, fileSystems, databases, freezeScripts, ownFreezers } = look;
  const { ownStorage, usesDynamicDisks, usesStorageSpaces, problems } = look;
  const blocks = [
    `# ${markdownText(t('Inside {0}', vmName))}`,
    markdownText(
      t('Seen at {0}. It counts for a day, for the list of VMs and for backups.', formatMoment(seenAt)),
    ),
    ...section(
      t('Could not be seen'),
      problems.length === 0 ? undefined : problems.map(message => sentence({ message })),
      t,
    ),
    ...section(t('Settings of VMware Tools (tools.conf)'), toolsConfig && toolsLines(toolsConfig, t), t),
    ...section(
      t('VSS writers'),
      writers?.map(({ name, state }) =>
        state === 1 ? t('{0}: stable', name) : t('{0}: in state {1}, which is not stable', name, state),
      ),
      t,
    ),
    ...section(
      t('File systems'),
      fileSystems?.map(({ path, kind }) => `${path}: ${kind ?? t('content not recognized')}`),
      t,
    ),
    ...section(
      t('Databases'),
      databases?.map(({ product, instance }) => `${product} ${instance}`),
      t,
    ),
    ...section(
      t('Freeze scripts'),
      freezeScripts?.map(path =>
        ownFreezers?.includes(path) === true ? t('{0}: freezes file systems itself', path) : path,
      ),
      t,
    ),
    ...section(t('Storage past the disks of the VM'), ownStorage, t),
    ...section(
      t('Volumes of Windows'),
      usesDynamicDisks === undefined && usesStorageSpaces === undefined
        ? undefined
        : [
            usesDynamicDisks === true ? t('Dynamic disks are in use') : t('No dynamic disks'),
            usesStorageSpaces === true ? t('Storage Spaces are in use') : t('No Storage Spaces'),
          ],
      t,
    ),
  ];
  return `${blocks.join('\n\n')}\n\n${explanationMarkdown(look.explanation, t)}`;
}

/** Nothing where nobody could look. */
function section(title: string, lines: readonly string[] | undefined, t: Translate): readonly string[] {
  if (lines === undefined) return [];
  const shown = lines.length === 0 ? [t('None')] : lines;
  return [`## ${markdownText(title)}`, shown.map(line => `- ${markdownText(line)}`).join('\n')];
}

function toolsLines(config: ToolsConfigDto, t: Translate): readonly string[] {
  const { excludedFileSystems } = config;
  const isOn = (value: boolean) => (value ? t('on') : t('off'));
  return [
    t('Sync driver: {0}', isOn(config.enableSyncDriver)),
    t('VSS: {0}', isOn(config.enableVss)),
    t('Quiescing of applications: {0}', isOn(!config.disableAppQuiescing)),
    t('Scripts before and after the freeze: {0}', isOn(config.runsScripts)),
    ...(config.ignoreFrozenFileSystems ? [t('File systems that are frozen already are passed over')] : []),
    excludedFileSystems.length === 0
      ? t('No file system is left out')
      : t('File systems that are left out: {0}', excludedFileSystems.join(', ')),
  ];
}
