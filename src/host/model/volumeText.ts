import type { VolumeEvidenceDto } from '../../protocol/point.ts';
import type { RecoveryVolumeDto } from '../../protocol/recovery.ts';
import type { AnswerView, VolumeView } from '../../protocol/webview/recovery.ts';
import { sentence } from './errorText.ts';
import type { Translate } from './nodeView.ts';

/** Each volume once: what its bytes say of the moment they are of, and whether files can be had from it. */
export function volumeViews(
  readable: readonly RecoveryVolumeDto[],
  evidence: readonly VolumeEvidenceDto[],
  t: Translate,
): readonly VolumeView[] {
  const looked = new Map(evidence.map(volume => [placeOf(volume), volume]));
  const listed = new Set(readable.map(placeOf));
  return [
    ...readable.map(volume => ({
      name: volume.name,
      content: volume.fileSystem ?? t('content not recognized'),
      files: filesAnswer(volume, t),
      ...restOf(looked.get(placeOf(volume)), t),
    })),
    ...evidence
      .filter(volume => !listed.has(placeOf(volume)))
      .map(volume => ({
        name: volume.name,
        content: volume.fileSystem ?? t('content not recognized'),
        ...restOf(volume, t),
      })),
  ];
}

function placeOf({ deviceKey, volumeIndex }: Pick<VolumeEvidenceDto, 'deviceKey' | 'volumeIndex'>): string {
  return `${deviceKey}/${volumeIndex}`;
}

function filesAnswer({ isReadable }: RecoveryVolumeDto, t: Translate): AnswerView {
  return isReadable
    ? { tone: 'good', text: t('files can be read') }
    : { tone: 'warning', text: t('files cannot be read here') };
}

const tones = { clean: 'good', 'in-use': 'warning', unknown: 'unknown' } as const satisfies Readonly<
  Record<VolumeEvidenceDto['state'], AnswerView['tone']>
>;

/** The statement names the volume, as its row does already. */
function restOf(volume: VolumeEvidenceDto | undefined, t: Translate): Pick<VolumeView, 'atRest' | 'rule'> {
  if (volume === undefined) return {};
  const { name, state, statement, rule } = volume;
  const finding = statement.startsWith(`${name}: `) ? statement.slice(name.length + 2) : statement;
  const words = { clean: t('at rest'), 'in-use': t('in use'), unknown: t('not known') } as const;
  return {
    rule,
    atRest: { tone: tones[state], text: t('{0}: {1}', words[state], sentence({ message: finding })) },
  };
}
