import { describe, expect, test } from 'vitest';

import { rules } from '../../../../src/core/consistency/assess.ts';
import { diagnose, type Symptoms } from '../../../../src/core/consistency/troubleshooting/diagnose.ts';
import { troubleEntries } from '../../../../src/core/consistency/troubleshooting/entries.ts';
import {
  tellsOfFailedQuiescing,
  vssCodesIn,
  vssErrors,
} from '../../../../src/core/consistency/troubleshooting/quiesceMessages.ts';

const vssSyncStart =
  "The guest OS has reported an error during quiescing. The error code was: 5 The error message was: 'VssSyncStart' operation failed: IDispatch error #8449 (0x80042301)";

/** Each text as the field shows it, and what it has to lead to first. */
const cases: readonly (readonly [id: string, symptoms: Symptoms])[] = [
  [
    'TRB-1',
    { texts: ['Cannot quiesce this virtual machine because VMware Tools is not currently available.'] },
  ],
  ['TRB-1', { texts: ['A timeout occurred while communicating with VMware Tools in the virtual machine.'] }],
  ['TRB-1', { faults: ['ToolsUnavailable'] }],
  ['TRB-2', { texts: [vssSyncStart] }],
  ['TRB-2', { texts: ['IDispatch error #8451'] }],
  [
    'TRB-3',
    {
      texts: [
        'Cannot create a quiesced snapshot because the create snapshot operation exceeded the time limit for holding off I/O in the frozen virtual machine.',
      ],
    },
  ],
  ['TRB-3', { faults: ['FilesystemQuiesceFault'] }],
  ['TRB-4', { texts: ['Writer name: SqlServerWriter … Last error: Timed out'] }],
  ['TRB-4', { texts: ['failed with 0x800423F4'] }],
  ['TRB-5', { texts: ['0x8004231f'] }],
  ['TRB-6', { texts: ['Another shadow copy creation is already in progress'] }],
  ['TRB-7', { texts: ['Source: Ntfs, Event ID: 137'] }],
  ['TRB-8', { texts: ['the file system stays frozen'] }],
  [
    'TRB-9',
    { texts: ['The error code was: 3 The error message was: Error when enabling the sync provider.'] },
  ],
  [
    'TRB-10',
    {
      texts: [
        "'/srv' appears locked or frozen by another process. Cannot complete the quiesced snapshot request.",
      ],
    },
  ],
  ['TRB-11', { texts: ['The error code was: 2 The error message was: Custom quiesce script failed.'] }],
  ['TRB-12', { findings: ['E7'] }],
  [
    'TRB-13',
    {
      texts: [
        'Failed to start quiescing operation in the virtual machine. The error message was: Quiesce operation already in progress.',
      ],
    },
  ],
  ['TRB-14', { findings: ['E4'] }],
  ['TRB-15', { texts: ['Msg 3035, Level 16: Cannot perform a differential backup for database "crm"'] }],
  ['TRB-16', { texts: ['Checkpoint_Unstun: vm stopped for 9123456 us'] }],
  ['TRB-17', { findings: ['DSK-01'] }],
  ['TRB-17', { faults: ['RawDiskNotSupported'] }],
];

test.each(cases)('%s is found by %j', (id, symptoms) => {
  expect(diagnose(symptoms).entries[0]?.id).toBe(id);
});

test('all 17 entries have a case', () => {
  expect(troubleEntries).toHaveLength(17);
  expect([...new Set(cases.map(([id]) => id))]).toEqual(troubleEntries.map(({ id }) => id));
});

test('the findings that entries name are rules that exist', () => {
  const known = new Set([...rules.map(({ id }) => id), 'E3', 'E4', 'E7']);
  for (const { id, findings = [] } of troubleEntries)
    for (const finding of findings) expect([...known], id).toContain(finding);
});

test('a message without known cause leads nowhere, and a short stun is none', () => {
  const texts = ['Task: Remove snapshot', 'Checkpoint_Unstun: vm stopped for 91234 us'];
  expect(diagnose({ texts })).toEqual({ entries: [], vssErrors: [], toolsStatus: undefined });
});

describe('codes', () => {
  test('what VMware Tools and VSS say is put into words', () => {
    expect(diagnose({ texts: [vssSyncStart] })).toMatchObject({
      vssErrors: [{ code: 0x8004_2301, name: 'BAD_STATE' }],
      toolsStatus: 'an unexpected error',
    });
  });

  test.each(vssErrors)('$name is found by its code and as an IDispatch error', ({ code, name }) => {
    for (const text of [`0x${code.toString(16)}`, `IDispatch error #${code - 0x8004_0200}`])
      expect(diagnose({ texts: [text] }).vssErrors.map(error => error.name)).toEqual([name]);
  });

  test('a code that is not one of VSS stays a number', () => {
    expect([vssCodesIn('0x80041234'), diagnose({ texts: ['0x80041234'] }).vssErrors]).toEqual([
      [0x8004_1234],
      [],
    ]);
  });
});

test.each([
  vssSyncStart,
  'An error occurred while saving the snapshot: Failed to quiesce the virtual machine.',
  'An error occurred while taking a snapshot: Failed to quiesce the virtual machine.',
  "An error occurred while quiescing the virtual machine. See the virtual machine's event log for details.",
  'Failed to start quiescing operation in the virtual machine. The error message was: Quiesce operation already in progress.',
])('%j tells of failed quiescing', text => {
  expect(tellsOfFailedQuiescing(text)).toBe(true);
});
