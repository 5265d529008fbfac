import { AppError } from '../../../base/errors.ts';

/** Where people hear of it; each of them optional. */
export interface NoticeChannels {
  /** `https:`, or `http:` on this computer alone. May hold a token: it is never logged but for its host. */
  readonly webhookUrl?: string;
  /** A program and its arguments, in which `{kind}`, `{vcenter}`, `{vm}` and `{message}` are replaced. No shell reads it. */
  readonly command?: readonly string[];
  /** A file for the textfile collector of node_exporter. */
  readonly metricsFile?: string;
}

/** @throws INVALID_INPUT saying what cannot be used */
export function checkedChannels(channels: NoticeChannels): NoticeChannels {
  const { webhookUrl, command, metricsFile } = channels;
  if (webhookUrl !== undefined) checkedWebhook(webhookUrl);
  if (command !== undefined && (command[0] ?? '') === '') throw invalid('the command names no program');
  if (metricsFile?.endsWith('.prom') === false)
    throw invalid(`${metricsFile} does not end with .prom, which the collector wants`);
  return channels;
}

const localHosts: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** The address without what may be secret in it. */
export function webhookName(url: string): string {
  return new URL(url).host;
}

function checkedWebhook(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw invalid('the webhook is no URL');
  const isLocal = url.protocol === 'http:' && localHosts.includes(url.hostname);
  if (url.protocol !== 'https:' && !isLocal) throw invalid(`the webhook on ${url.host} is not https`);
}

function invalid(message: string): AppError {
  return new AppError('INVALID_INPUT', `notifications: ${message}`, {
    object: 'notifications',
    remedy: 'Change the settings of notifications',
  });
}
