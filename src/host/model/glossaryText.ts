import type { GlossaryDto } from '../../protocol/glossary.ts';
import type { SourceDto } from '../../protocol/vm.ts';
import { sentence } from './errorText.ts';
import { markdownText } from './markdown.ts';
import type { Translate } from './nodeView.ts';

/** The words, what evidence says, the known failures and the sources as one page. */
export function glossaryMarkdown(
  { entries, proofRules, troubles, sources }: GlossaryDto,
  t: Translate,
): string {
  const blocks = [
    `# ${markdownText(t('Consistency Glossary'))}`,
    ...entries.flatMap(({ term, text, source }) => [
      `## ${markdownText(term)}`,
      markdownText(sentence({ message: text })),
      sourceLine(source, t),
    ]),
    `# ${markdownText(t('What evidence says'))}`,
    ...proofRules.flatMap(({ id, text, source }) => [
      `## ${markdownText(id)}`,
      markdownText(sentence({ message: text })),
      sourceLine(source, t),
    ]),
    `# ${markdownText(t('Known failures'))}`,
    ...troubles.flatMap(({ id, symptom, cause, remedy, source }) => [
      `## ${markdownText(t('{0}: {1}', id, symptom))}`,
      [
        `- ${markdownText(t('Cause: {0}', sentence({ message: cause })))}`,
        `- ${markdownText(t('What to do: {0}', sentence({ message: remedy })))}`,
      ].join('\n'),
      sourceLine(source, t),
    ]),
    `# ${markdownText(t('Sources'))}`,
    sources.map(source => `- ${sourceLink(source)}`).join('\n'),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function sourceLine(source: SourceDto, t: Translate): string {
  return `${markdownText(t('Source:'))} ${sourceLink(source)}`;
}

/** Where there is no public address, the title is all there is to follow. */
export function sourceLink({ title, url }: SourceDto): string {
  return url === undefined ? markdownText(title) : `[${markdownText(title)}](<${url}>)`;
}
