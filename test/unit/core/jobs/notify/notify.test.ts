import { describe, expect, test } from 'vitest';

import { AppError } from '../../../../../src/base/errors.ts';
import type { GapKind } from '../../../../../src/core/consistency/recovery/goal.ts';
import { checkedChannels, webhookName } from '../../../../../src/core/jobs/notify/channels.ts';
import { metricsText } from '../../../../../src/core/jobs/notify/metrics.ts';
import { noticeOfBackup, noticeOfStanding } from '../../../../../src/core/jobs/notify/notice.ts';
import { sampleManifest } from '../../../../support/manifests.ts';

const at = new Date('2026-03-01T12:00:00.000Z');

describe('what people are told of a backup', () => {
  const manifest = sampleManifest();
  const consistency = { ...manifest.consistency, requested: 'filesystem', proven: 'filesystem' } as const;
  const ended = { manifest: { ...manifest, consistency }, problems: [], warnings: [] };

  test('nothing, if it is as it was asked for', () => {
    expect(noticeOfBackup(ended, at)).toBeUndefined();
  });

  test('what was not reached, and why', () => {
    const downgrades = [{ from: 'filesystem', to: 'crash', reason: 'the guest refused' }] as const;
    const weaker = { ...consistency, proven: 'crash', downgrades } as const;
    expect(noticeOfBackup({ ...ended, manifest: { ...manifest, consistency: weaker } }, at)).toMatchObject({
      kind: 'degraded',
      message: expect.stringMatching(/proven is crash: the guest refused$/) as string,
    });
  });

  test('what is wrong, before what is left over', () => {
    const warnings = [new AppError('CORRUPT_DATA', 'blocks had changed')];
    const problems = [new AppError('CONFLICT', 'the snapshot could not be removed')];
    expect(noticeOfBackup({ ...ended, warnings, problems }, at)).toMatchObject({ code: 'CORRUPT_DATA' });
    expect(noticeOfBackup({ ...ended, problems }, at)).toMatchObject({ kind: 'degraded', code: 'CONFLICT' });
  });
});

test.each<['met' | 'accepted' | 'gap', readonly GapKind[], string | undefined]>([
  ['met', [], undefined],
  ['gap', ['age'], 'missed'],
  ['gap', ['no-restore-point'], 'missed'],
  ['gap', ['level', 'age'], 'missed'],
  ['gap', ['level'], undefined],
  ['gap', ['recovery-time'], undefined],
  ['accepted', ['age'], undefined],
])('a VM that is %s with gaps %j is told as %s', (state, gaps, expected) => {
  const standing = { state, gaps: gaps.map(kind => ({ kind, text: kind })) };
  expect(noticeOfStanding({ vcenter: 'vc', vmName: 'web01' }, standing, at)?.kind).toBe(expected);
});

describe('channels', () => {
  test.each<[object, string]>([
    [{ webhookUrl: 'no address' }, 'no URL'],
    [{ webhookUrl: 'http://chat.example/token' }, 'the webhook on chat.example is not https'],
    [{ webhookUrl: 'ftp://localhost/token' }, 'not https'],
    [{ command: [] }, 'no program'],
    [{ command: [''] }, 'no program'],
    [{ metricsFile: '/var/lib/quiesce.txt' }, '.prom'],
  ])('%j cannot be used: %s', (channels, message) => {
    expect(() => checkedChannels(channels)).toThrow(message);
    expect(() => checkedChannels(channels)).not.toThrow('token');
  });

  test.each<object>([
    {},
    { webhookUrl: 'https://chat.example/token' },
    { webhookUrl: 'http://127.0.0.1:8080/x' },
    { command: ['mail', '-s', '{kind}'], metricsFile: '/var/lib/quiesce.prom' },
  ])('%j can', channels => {
    expect(checkedChannels(channels)).toEqual(channels);
  });

  test('an address is named without what may be secret', () => {
    expect(webhookName('https://user:secret@chat.example:8443/token?key=secret')).toBe('chat.example:8443');
  });
});

test('metrics are sorted, escaped, and say nothing of what is not known', () => {
  const ended = { lastRunAt: at, lastSuccessAt: at, lastOutcome: 'degraded' } as const;
  const text = metricsText([
    { vcenter: 'vc', vmName: 'web"01\\', isMissed: false, ...ended },
    { vcenter: 'vc', vmName: 'db01', isMissed: true },
    { vcenter: 'another:8443', vmName: 'db01', isMissed: false },
  ]);
  expect(text.split('\n').filter(line => line !== '' && !line.startsWith('#'))).toEqual([
    'quiesce_backup_last_run_timestamp_seconds{vcenter="vc",vm="web\\"01\\\\"} 1772366400',
    'quiesce_backup_last_success_timestamp_seconds{vcenter="vc",vm="web\\"01\\\\"} 1772366400',
    'quiesce_backup_failed{vcenter="vc",vm="web\\"01\\\\"} 0',
    'quiesce_backup_degraded{vcenter="vc",vm="web\\"01\\\\"} 1',
    'quiesce_backup_missed{vcenter="another:8443",vm="db01"} 0',
    'quiesce_backup_missed{vcenter="vc",vm="db01"} 1',
    'quiesce_backup_missed{vcenter="vc",vm="web\\"01\\\\"} 0',
  ]);
});
