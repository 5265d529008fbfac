/**
 * Why a disk was read whole. The codes are stored in restore points and are stable; the sentences, without their full
 * stop, are for people.
 */
export const fullReasons = {
  'first-backup': 'it is the first backup of this VM',
  requested: 'a full backup was asked for',
  'previous-gone': 'the previous restore point is gone or cannot be read',
  'disk-added': 'the previous restore point does not have this disk',
  'disk-replaced': 'it is another disk than in the previous restore point',
  'capacity-changed': 'its size has changed',
  'tracking-not-reset': 'its size has changed, and changed block tracking has not begun anew since',
  'geometry-changed': 'it is stored in chunks of another size now',
  'tracking-off': 'changed block tracking is off',
  'tracking-not-begun': 'changed block tracking is on, but has not begun yet',
  'previous-untracked': 'its changes were not tracked yet at the time of the previous restore point',
  'tracking-reset': 'what was tracked of its changes was lost since the previous restore point',
  reverted: 'the VM went back to a snapshot since the previous restore point',
  'verification-failed': 'blocks had changed that changed block tracking did not tell of',
  scheduled: 'a full comparison was due',
  'change-id-unknown': 'the server does not know the moment of the previous restore point',
  'file-fault': 'the host cannot read its list of changed blocks',
  'query-denied': 'the account may not ask which blocks have changed',
  'query-unsupported': 'the server cannot tell which blocks have changed',
  'query-refused': 'the server refused to tell which blocks have changed',
  'answer-invalid': 'what the server told of changed blocks contradicts itself',
} as const;

export type FullReason = keyof typeof fullReasons;

export const fullReasonCodes = Object.keys(fullReasons) as readonly FullReason[];
