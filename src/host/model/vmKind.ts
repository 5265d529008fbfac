import { never } from '../../base/assert.ts';
import type { StandingDto } from '../../protocol/recovery.ts';
import type { VmDto } from '../../protocol/vm.ts';
import type { NodeView, Translate } from './nodeView.ts';
import { predictionIcon } from './prediction.ts';
import { standingIcon } from './standingText.ts';

/** What a VM is that is not simply a VM: what it was made for, or why it cannot be used. */
export type VmKind = 'disconnected' | 'inaccessible' | 'orphaned' | 'invalid' | 'template' | 'linkedClone';

const unusable = ['disconnected', 'inaccessible', 'orphaned', 'invalid'] as const;

/** The strongest first. */
export function vmKinds({ connectionState, isTemplate, isLinkedClone }: VmDto): readonly VmKind[] {
  return [
    ...unusable.filter(state => state === connectionState),
    ...(isTemplate ? (['template'] as const) : []),
    ...(isLinkedClone === true ? (['linkedClone'] as const) : []),
  ];
}

export function kindLabel(kind: VmKind, t: Translate): string {
  switch (kind) {
    case 'disconnected':
      return t('disconnected');
    case 'inaccessible':
      return t('inaccessible');
    case 'orphaned':
      return t('orphaned');
    case 'invalid':
      return t('invalid');
    case 'template':
      return t('template');
    case 'linkedClone':
      return t('linked clone');
    default:
      return never(kind);
  }
}

const icons: Readonly<Record<VmKind, string>> = {
  disconnected: 'debug-disconnect',
  inaccessible: 'circle-slash',
  orphaned: 'question',
  invalid: 'error',
  template: 'notebook-template',
  linkedClone: 'link',
};

/** The shape says what it is, the color how it stands: against its goal or, without one, how consistent a backup would be. */
export function vmIcon(vm: VmDto, standing: StandingDto | undefined): NodeView['icon'] {
  const icon = standing === undefined ? predictionIcon(vm.predicted) : standingIcon(standing);
  const [kind] = vmKinds(vm);
  return kind === undefined ? icon : { ...icon, name: icons[kind] };
}
