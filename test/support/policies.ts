import type { ConsistencyPolicyDto } from '../../src/protocol/plan.ts';

/** As well as the guest can be brought to rest; nothing less than its file systems. */
export const quiesced: ConsistencyPolicyDto = {
  wanted: 'application',
  minimum: 'filesystem',
  onShortfall: 'fail',
};

/** The guest is left alone. */
export const crashOnly: ConsistencyPolicyDto = { wanted: 'crash', minimum: 'crash', onShortfall: 'fail' };
