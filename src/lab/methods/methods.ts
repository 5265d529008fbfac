import { authorizationMethods } from './authorizationMethods.ts';
import { browserMethods } from './browserMethods.ts';
import { changeTrackingMethods } from './changeTrackingMethods.ts';
import { diskMethods } from './diskMethods.ts';
import { fileMethods } from './fileMethods.ts';
import { guestMethods } from './guestMethods.ts';
import { historyMethods } from './historyMethods.ts';
import { hostMethods } from './hostMethods.ts';
import { leaseMethods } from './leaseMethods.ts';
import type { MethodTable } from './methodCall.ts';
import { ovfMethods } from './ovfMethods.ts';
import { placementMethods } from './placementMethods.ts';
import { propertyMethods } from './propertyMethods.ts';
import { sessionMethods } from './sessionMethods.ts';
import { snapshotMethods } from './snapshotMethods.ts';
import { viewMethods } from './viewMethods.ts';
import { vmMethods } from './vmMethods.ts';

/** Everything the lab answers but Login. */
export const methods: MethodTable = {
  ...sessionMethods,
  ...authorizationMethods,
  ...viewMethods,
  ...propertyMethods,
  ...vmMethods,
  ...placementMethods,
  ...snapshotMethods,
  ...changeTrackingMethods,
  ...historyMethods,
  ...fileMethods,
  ...diskMethods,
  ...browserMethods,
  ...leaseMethods,
  ...ovfMethods,
  ...guestMethods,
  ...hostMethods,
};
