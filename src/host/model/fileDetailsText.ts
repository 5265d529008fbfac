import { formatBytes } from '../../base/units.ts';
import type { GuestDetailsDto, NamedSizeDto } from '../../protocol/guest.ts';
import type { Choice } from '../ui/ui.ts';
import type { Translate } from './nodeView.ts';
import { modeText } from './pointTreeModel.ts';
import { formatMoment } from './time.ts';

/** What becomes of a detail that is chosen: a stream is opened, everything else is text. */
export type DetailMove = { readonly stream: NamedSizeDto } | { readonly text: string };

/** All that is known of a guest file, a line for each fact. */
export function detailChoices(details: GuestDetailsDto, t: Translate): readonly Choice<DetailMove>[] {
  const { node, streams, securityDescriptor, acl, defaultAcl, attributes, problems } = details;
  const fact = (text: string, description: string, icon: string): Choice<DetailMove> => ({
    label: text,
    description,
    icon,
    value: { text },
  });
  return [
    ...streams.map((stream): Choice<DetailMove> => ({
      label: stream.name,
      description: t('stream, {0}: open it', formatBytes(stream.sizeBytes)),
      icon: 'go-to-file',
      value: { stream },
    })),
    ...(securityDescriptor === undefined
      ? []
      : [fact(securityDescriptor, t('owner and rights of Windows (SDDL)'), 'shield')]),
    fact(`${modeText(node)} ${node.uid}:${node.gid}`, t('permissions and owner'), 'shield'),
    ...acl.map(entry => fact(entry, t('access list'), 'shield')),
    ...defaultAcl.map(entry => fact(entry, t('access list for what is made in it'), 'shield')),
    ...attributes.map(({ name, sizeBytes }) =>
      fact(name, t('attribute, {0}', formatBytes(sizeBytes)), 'tag'),
    ),
    fact(formatMoment(node.modifiedAt), t('content changed'), 'clock'),
    fact(formatMoment(node.changedAt), t('owner, rights or content changed'), 'clock'),
    fact(formatMoment(node.accessedAt), t('read'), 'clock'),
    ...(node.createdAt === undefined ? [] : [fact(formatMoment(node.createdAt), t('created'), 'clock')]),
    ...problems.map(problem => fact(problem, t('could not be read'), 'warning')),
  ];
}
