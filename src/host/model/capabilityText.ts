import type { CapabilityDto, VCenterDto } from '../../protocol/vcenter.ts';
import { markdownTable, markdownText } from './markdown.ts';
import type { Translate } from './nodeView.ts';

/** What a server can do by its version and kind, as a page. Whatever comes from outside is text in it, never markup. */
export function capabilitiesMarkdown(vcenter: VCenterDto, t: Translate): string {
  const { name, url, product, apiVersion, capabilities } = vcenter;
  const missing = capabilities.filter(({ isAvailable }) => !isAvailable);
  const blocks = [
    `# ${markdownText(t('Capabilities of {0}', name))}`,
    markdownText(t('{0} at {1}, version {2} of the API.', product, url, apiVersion)),
    markdownText(
      missing.length === 0
        ? t('It can do everything that Quiesce makes use of.')
        : t('It lacks {0} of {1}; Quiesce does without them.', missing.length, capabilities.length),
    ),
    markdownTable(
      [t('Capability'), t('There'), t('Came with'), t('Without it')],
      capabilities.map(capability => [
        ...[
          capabilityLabel(capability.id, t),
          capability.isAvailable ? t('yes') : t('no'),
          cameWith(capability, t),
          withoutIt(capability.id, t),
        ].map(markdownText),
      ]),
    ),
    markdownText(t('What the account may do on it, feature by feature, is what Check Privileges shows.')),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** For a row's tooltip: what it is, and what it lacks. */
export function serverLines({ product, apiVersion, capabilities }: VCenterDto, t: Translate): string[] {
  const missing = capabilities.filter(({ isAvailable }) => !isAvailable);
  return [
    t('{0}, version {1} of the API', product, apiVersion),
    ...(missing.length === 0
      ? []
      : [t('It lacks: {0}', missing.map(({ id }) => capabilityLabel(id, t)).join(', '))]),
  ];
}

function cameWith({ since, needsVCenter }: CapabilityDto, t: Translate): string {
  return needsVCenter ? t('vCenter {0}', since) : since;
}

function capabilityLabel(id: string, t: Translate): string {
  const labels: Readonly<Record<string, string>> = {
    exportSnapshot: t('disks of VMs that run'),
    quiesceSpec: t('quiescing with a time limit and a kind of VSS backup'),
    nvmeController: t('NVMe controllers'),
    encryption: t('encryption of VMs'),
    diskOnlySnapshotOfSuspended: t('snapshots of suspended VMs without their memory'),
    trustedPlatformModule: t('virtual TPMs'),
    transferChecksumSha256: t('SHA-256 of what was transferred'),
    placement: t('folders for VMs and a choice of hosts'),
    tags: t('tags'),
  };
  return labels[id] ?? id;
}

/** What follows for whoever backs up and restores. */
function withoutIt(id: string, t: Translate): string {
  const texts: Readonly<Record<string, string>> = {
    exportSnapshot: t('Only VMs that are off are backed up.'),
    quiesceSpec: t('The host decides how long quiescing may take, and which kind of VSS backup it is.'),
    nvmeController: t('No VM has such disks.'),
    encryption: t('No VM is encrypted.'),
    diskOnlySnapshotOfSuspended: t('A snapshot of a suspended VM holds its memory as well.'),
    trustedPlatformModule: t('No VM has one.'),
    transferChecksumSha256: t('What arrived is compared by SHA-1.'),
    placement: t('A restored VM goes to the host itself.'),
    tags: t('VMs cannot be grouped or filtered by tags.'),
  };
  return texts[id] ?? '';
}
