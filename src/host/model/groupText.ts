import { formatDuration } from '../../base/units.ts';
import type { PointGroupDto } from '../../protocol/point.ts';
import type { GroupView } from '../../protocol/webview/recovery.ts';
import type { Translate } from './nodeView.ts';

/** How far apart the snapshots of a group are. However near: they are of several moments, and it says so. */
export function skewText(skewMs: number, t: Translate): string {
  return t('snapshots {0} apart, not consistent across VMs', formatSkew(skewMs));
}

/** The VMs of a restore point's group on a line of time, from the first snapshot to the last. */
export function groupView(
  { name, skewMs, members }: PointGroupDto,
  vmInstanceUuid: string,
  t: Translate,
): GroupView {
  const firstMs = Math.min(...members.map(({ takenAt }) => Date.parse(takenAt)));
  return {
    title: name === undefined ? t('Backed up together') : t('Backed up together as {0}', name),
    text: t(
      '{0} VMs, {1}: between the first and the last, data may have passed from one to another.',
      members.length,
      skewText(skewMs, t),
    ),
    members: members.map(member => {
      const afterMs = Date.parse(member.takenAt) - firstMs;
      return {
        name: member.name,
        isThis: member.vmInstanceUuid === vmInstanceUuid,
        fraction: skewMs > 0 ? Math.min(1, afterMs / skewMs) : 0,
        text: afterMs === 0 ? t('first') : t('{0} later', formatSkew(afterMs)),
      };
    }),
  };
}

/** To the millisecond, as it is stored, up to ten seconds. */
function formatSkew(skewMs: number): string {
  return skewMs < 10_000 ? `${skewMs} ms` : formatDuration(skewMs);
}
