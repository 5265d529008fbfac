import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { LabEvent } from '../model/eventLog.ts';
import type { PlainObject } from '../model/managedObject.ts';
import type { MethodTable } from './methodCall.ts';

/** A server gives no more at once. */
const maxEvents = 1000;

export const eventMethods: MethodTable = {
  QueryEvents: {
    on: 'EventManager',
    answer: ({ lab, parameters }) => {
      const filter = parameters['filter'] as PlainObject;
      return lab.events
        .all()
        .filter(event => fits(event, filter))
        .slice(-maxEvents)
        .map(({ description }) => description);
    },
  },
};

function fits({ type, vmId, createdTime }: LabEvent, filter: PlainObject): boolean {
  const entity = filter['entity'] as { readonly entity: MoRef } | undefined;
  const time = filter['time'] as { readonly beginTime?: Date; readonly endTime?: Date } | undefined;
  const types = filter['eventTypeId'] as readonly string[] | undefined;
  return (
    (entity === undefined || entity.entity.value === vmId) &&
    (time?.beginTime === undefined || createdTime >= time.beginTime) &&
    (time?.endTime === undefined || createdTime <= time.endTime) &&
    (types === undefined || types.length === 0 || types.includes(`vim.event.${type}`))
  );
}
