import { VimFault } from '../soap/vimFault.ts';
import type { MethodTable } from './methodCall.ts';

export const hostMethods: MethodTable = {
  QueryTpmAttestationReport: {
    on: 'HostSystem',
    answer: () => {
      throw new VimFault('NotSupported', 'The operation is not supported on the object.');
    },
  },
};
