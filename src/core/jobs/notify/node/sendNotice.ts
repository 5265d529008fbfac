import { execFile } from 'node:child_process';

import { AppError, toAppError } from '../../../../base/errors.ts';
import type { Logger } from '../../../../base/logger.ts';
import { type NoticeChannels, webhookName } from '../channels.ts';
import type { Notice } from '../notice.ts';

const webhookTimeoutMs = 10_000;
const commandTimeoutMs = 60_000;

/** What a program needs of its surroundings; everything else, a password among it, stays here. */
const inherited = ['PATH', 'HOME', 'LANG', 'SystemRoot', 'USERPROFILE', 'TEMP', 'TMPDIR'] as const;

/** Sends it to the webhook and the command. One that fails is told and keeps the other from nothing; nothing is thrown. */
export async function sendNotice(
  notice: Notice,
  { webhookUrl, command }: NoticeChannels,
  logger: Logger,
): Promise<readonly AppError[]> {
  const sent = await Promise.allSettled([
    ...(webhookUrl === undefined ? [] : [post(webhookUrl, notice)]),
    ...(command === undefined ? [] : [runCommand(command, notice)]),
  ]);
  const problems = sent.flatMap(result => (result.status === 'rejected' ? [toAppError(result.reason)] : []));
  for (const { message } of problems) logger.error(message);
  return problems;
}

async function post(url: string, { vmName, at, ...notice }: Notice): Promise<void> {
  const body = { version: 1, source: 'quiesce', ...notice, vm: vmName, at: at.toISOString() };
  const host = webhookName(url);
  let status: number;
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      // Where it leads was not agreed to.
      redirect: 'error',
      signal: AbortSignal.timeout(webhookTimeoutMs),
    });
    await answer.body?.cancel();
    status = answer.status;
  } catch {
    // What is thrown may name the address, with its token.
    throw unsent(`the webhook on ${host} cannot be reached`, host);
  }
  if (status < 200 || status > 299) throw unsent(`the webhook on ${host} answered with ${status}`, host);
}

async function runCommand([program = '', ...args]: readonly string[], notice: Notice): Promise<void> {
  const { kind, vcenter, vmName, message, remedy = '', code = '', at } = notice;
  const values: Readonly<Record<string, string>> = { kind, vcenter, vm: vmName, message };
  const filled = args.map(arg =>
    arg.replaceAll(/\{(kind|vcenter|vm|message)\}/g, (_, name: string) => values[name] ?? ''),
  );
  const env = {
    ...Object.fromEntries(inherited.flatMap(name => [[name, process.env[name]]])),
    QUIESCE_KIND: kind,
    QUIESCE_VCENTER: vcenter,
    QUIESCE_VM: vmName,
    QUIESCE_MESSAGE: message,
    QUIESCE_REMEDY: remedy,
    QUIESCE_CODE: code,
    QUIESCE_AT: at.toISOString(),
  };
  await new Promise<void>((resolve, reject) => {
    execFile(program, filled, { env, timeout: commandTimeoutMs, windowsHide: true }, error => {
      // What it wrote or was given may be secret; how it ended is not.
      if (error === null) resolve();
      else reject(unsent(`${program} ended with ${String(error.code ?? error.signal)}`, program));
    });
  });
}

function unsent(what: string, object: string): AppError {
  return new AppError('UNREACHABLE', `a notification was not sent: ${what}`, {
    object,
    remedy: 'Try the webhook or the command by hand',
  });
}
