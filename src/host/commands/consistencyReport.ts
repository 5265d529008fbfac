import { commands, l10n } from 'vscode';

import { toAppError } from '../../base/errors.ts';
import { type ConsistencyReportDto, readConsistencyReport } from '../../protocol/report.ts';
import type { Host } from '../host.ts';
import { sentence } from '../model/errorText.ts';
import { type FoundReports, reportDocument, reportPage } from '../model/reportText.ts';
import type { VmTreeNode } from '../model/vmTreeModel.ts';
import { runSteps, type Step } from '../ui/wizard.ts';

interface Report {
  readonly vcenters: readonly string[];
  readonly format: 'markdown' | 'json';
}

/** Shows what is predicted of all VMs, what would raise it, and how they stand against their goals. */
export async function consistencyReport(host: Host, given: VmTreeNode | undefined): Promise<void> {
  const title = l10n.t('Consistency Report');
  const known = host.known.vcenters().map(({ name }) => name);
  const steps: readonly Step<Report>[] = [
    async (_, ask) => {
      if (given?.kind === 'vcenter') return { vcenters: [given.name] };
      if (known.length === 1) return { vcenters: known };
      return {
        vcenters: await ask.pick({
          title,
          placeholder: l10n.t('Of which vCenter?'),
          whenEmpty: l10n.t('No virtual machine: add a vCenter first'),
          choices: async () =>
            await Promise.resolve([
              ...(known.length === 0 ? [] : [{ label: l10n.t('All'), icon: 'list-flat', value: known }]),
              ...known.map(name => ({ label: name, icon: 'server-environment', value: [name] })),
            ]),
        }),
      };
    },
    async (_, ask) => ({
      format: await ask.pick<Report['format']>({
        title,
        placeholder: l10n.t('As what?'),
        whenEmpty: '',
        choices: async () =>
          await Promise.resolve([
            { label: l10n.t('A page to read'), description: 'Markdown', icon: 'markdown', value: 'markdown' },
            { label: l10n.t('A document for programs'), description: 'JSON', icon: 'json', value: 'json' },
          ]),
      }),
    }),
  ];
  const { vcenters, format } = await runSteps<Report>(host.ui, steps, {});
  const found = await host.ui.wait(
    l10n.t('Making the report'),
    async signal => await readReports(host, vcenters, signal),
  );
  const name = [title, ...(vcenters.length === 1 ? vcenters : [])].join(' ');
  if (format === 'markdown') {
    const uri = host.pages.show(`${name}.md`, reportPage(found, l10n.t));
    await commands.executeCommand('markdown.showPreview', uri);
  } else {
    const uri = host.pages.show(`${name}.json`, reportDocument(found));
    await commands.executeCommand('vscode.open', uri);
  }
}

/** A place that cannot be opened is told in the report, and hides none of the others. */
async function readReports(
  host: Host,
  vcenters: readonly string[],
  signal: AbortSignal,
): Promise<FoundReports> {
  const problems: string[] = [];
  for (const { name } of host.known.repositories()) {
    try {
      await host.places.repository(name, signal);
    } catch (error) {
      signal.throwIfAborted();
      problems.push(l10n.t('{0} is left out: {1}', name, sentence(toAppError(error))));
    }
  }
  const reports: ConsistencyReportDto[] = [];
  for (const vcenter of vcenters) {
    try {
      await host.places.vcenter(vcenter, signal);
      const report = await host.worker.request(readConsistencyReport, { vcenter }, signal);
      reports.push(report);
      problems.push(...report.problems.map(problem => sentence(problem)));
    } catch (error) {
      if (signal.aborted || vcenters.length === 1) throw error;
      problems.push(l10n.t('{0} is left out: {1}', vcenter, sentence(toAppError(error))));
    }
  }
  return { reports, problems: [...new Set(problems)] };
}
