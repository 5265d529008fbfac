import { commands, l10n } from 'vscode';

import { readGlossary } from '../../protocol/glossary.ts';
import type { Host } from '../host.ts';
import { glossaryMarkdown } from '../model/glossaryText.ts';

/** The words of the field, known failures and the sources of everything that is said. */
export async function showGlossary(host: Host): Promise<void> {
  const { t } = l10n;
  const glossary = await host.ui.wait(
    t('Reading the glossary'),
    async signal => await host.worker.request(readGlossary, {}, signal),
  );
  const uri = host.pages.show(`${t('Consistency Glossary')}.md`, glossaryMarkdown(glossary, t));
  await commands.executeCommand('markdown.showPreview', uri);
}
