import type { PointRef } from '../../src/protocol/point.ts';
import type { VmRef } from '../../src/protocol/vm.ts';
import type { PointDetailsView, RecoveryOverview } from '../../src/protocol/webview/recovery.ts';
import type { Loadable } from '../shared/failure.ts';
import type { Translate } from '../shared/text.ts';
import type { RecoveryState } from './state.ts';
import { isSamePoint } from './timeline.ts';

/** Everything the view shows. */
export interface RecoveryModel {
  readonly vm: VmRef;
  readonly state: RecoveryState;
  readonly overview: Loadable<RecoveryOverview>;
  /** Of the restore point that is looked at; undefined without one. */
  readonly details: Loadable<PointDetailsView> | undefined;
  /** For who reads the screen. */
  readonly message: string;
}

/** The restore point that was chosen, as long as it exists; else the newest. */
export function chosenPoint({
  overview,
  state,
}: Pick<RecoveryModel, 'overview' | 'state'>): PointRef | undefined {
  if (overview.kind !== 'ready') return undefined;
  const { points } = overview.value;
  const found = points.find(point => isSamePoint(point, state.point)) ?? points.at(-1);
  return found && { repository: found.repository, point: found.point };
}

/** What has become different for a person who cannot see it: the answers, in words. */
export function changeMessage(
  before: RecoveryOverview | undefined,
  now: RecoveryOverview,
  t: Translate,
): string | undefined {
  if (before === undefined) return undefined;
  const changed = [
    ...(before.goal.answer.text === now.goal.answer.text ? [] : [now.goal.answer.text]),
    ...(before.consistency.answer.text === now.consistency.answer.text ? [] : [now.consistency.answer.text]),
    ...(before.points.length === now.points.length ? [] : [t('{0} restore points', now.points.length)]),
  ];
  return changed.length === 0 ? undefined : t('Updated. {0}', changed.join('. '));
}
