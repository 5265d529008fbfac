import type { ToolsConfig } from '../../inventory/assessmentFacts.ts';

/** What `tools.conf` of VMware Tools sets in its section `[vmbackup]`; what it does not set is as without the file. */
export function parseToolsConfig(text: string): ToolsConfig {
  const settings = new Map<string, string>();
  let section = '';
  for (const line of text.slice(0, maxLength).split(/\r?\n/)) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
    const heading = /^\[([^\]]*)\]$/.exec(trimmed)?.[1];
    if (heading !== undefined) section = heading.trim();
    const at = trimmed.indexOf('=');
    if (heading === undefined && section === 'vmbackup' && at > 0)
      settings.set(trimmed.slice(0, at).trim(), trimmed.slice(at + 1).trim());
  }
  return {
    enableSyncDriver: isTrue(settings.get('enableSyncDriver'), true),
    enableVss: isTrue(settings.get('enableVSS'), true),
    disableAppQuiescing: isTrue(settings.get('vss.disableAppQuiescing'), false),
    excludedFileSystems: (settings.get('excludedFileSystems') ?? '')
      .split(',')
      .map(name => name.trim())
      .filter(name => name !== ''),
    ignoreFrozenFileSystems: isTrue(settings.get('ignoreFrozenFileSystems'), false),
    runsScripts: isTrue(settings.get('execScripts'), true),
  };
}

/** Nobody writes more settings than this. */
const maxLength = 1_000_000;

function isTrue(value: string | undefined, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  return /^(true|1)$/i.test(value);
}
