import { AppError } from '../../base/errors.ts';
import { compareLevels } from '../../core/consistency/level.ts';
import { type ConsistencyPolicy, defaultPolicy } from '../../core/consistency/request/policy.ts';
import type { ConsistencyPolicyDto } from '../../protocol/plan.ts';

/** @throws INVALID_INPUT if less is wanted than the minimum */
export function assertPolicy({ wanted, minimum }: ConsistencyPolicyDto): void {
  if (compareLevels(minimum, wanted) <= 0) return;
  throw new AppError('INVALID_INPUT', `a minimum of ${minimum} is more than ${wanted}, which is asked for`, {
    object: 'policy',
    remedy: 'Ask for at least the minimum',
  });
}

export function policyOf(policy: ConsistencyPolicyDto): ConsistencyPolicy {
  assertPolicy(policy);
  const { wanted, minimum, onShortfall, timeoutMinutes, vssBackupType } = policy;
  return {
    ...{ wanted, minimum, onShortfall, timeoutMinutes },
    vssBackupType: vssBackupType ?? defaultPolicy.vssBackupType,
  };
}
