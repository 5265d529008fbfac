import type { ErrorCode } from '../../base/errors.ts';
import type { NodeView, Translate } from './nodeView.ts';

/** What AppError and WireError have in common. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy?: string | undefined;
  readonly retryable: boolean;
}

export type FailureAction = 'retry' | 'showLog';

/** What happened and what to do about it. */
export function sentence({ message, remedy }: Pick<Failure, 'message' | 'remedy'>): string {
  const what = `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
  return remedy === undefined ? `${what}.` : `${what}. ${remedy}.`;
}

/** A user who gave up knows it; everything else is told. */
export function isWorthTelling({ code }: Failure): boolean {
  return code !== 'CANCELLED';
}

export function failureActions({ retryable }: Failure): readonly FailureAction[] {
  return retryable ? ['retry', 'showLog'] : ['showLog'];
}

/** A row in the place of children that could not be had. */
export function failureView(failure: Failure, parentId: string, t: Translate): NodeView {
  return {
    id: `${parentId}/failure`,
    label: failureLabel(failure, t),
    description: failure.message,
    tooltip: [sentence(failure)],
    icon: { name: failure.code === 'AUTHENTICATION' ? 'lock' : 'warning', color: 'list.warningForeground' },
    contextValue: `failure;code=${failure.code}`,
    children: 'none',
  };
}

function failureLabel({ code }: Failure, t: Translate): string {
  if (code === 'AUTHENTICATION') return t('Password needed');
  return code === 'UNTRUSTED_SERVER' ? t('Certificate changed') : t('Not available');
}
