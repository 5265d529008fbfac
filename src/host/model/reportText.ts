import type { ConsistencyReportDto } from '../../protocol/report.ts';
import { markdownText } from './markdown.ts';
import type { Translate } from './nodeView.ts';

/** Reports of one or several vCenters, and what is missing in them. */
export interface FoundReports {
  readonly reports: readonly Pick<ConsistencyReportDto, 'markdown' | 'json'>[];
  readonly problems: readonly string[];
}

/** What is missing comes first: a goal may seem to be missed because a repository was not looked at. */
export function reportPage({ reports, problems }: FoundReports, t: Translate): string {
  const missing = [
    `**${markdownText(t('Not everything is in this report:'))}**`,
    problems.map(problem => `- ${markdownText(problem)}`).join('\n'),
  ];
  const parts = [...(problems.length === 0 ? [] : missing), ...reports.map(({ markdown }) => markdown)];
  return `${parts.join('\n\n')}\n`;
}

/** For programs: the reports as the command line gives each. */
export function reportDocument({ reports, problems }: FoundReports): string {
  const values: readonly unknown[] = reports.map(({ json }): unknown => JSON.parse(json));
  return `${JSON.stringify({ problems, reports: values }, undefined, 2)}\n`;
}
