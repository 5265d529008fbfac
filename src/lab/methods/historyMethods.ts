import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { eventFilter, taskFilter } from '../history/historyFilter.ts';
import { HistoryCollector, maxPageSize, type CollectorParts } from '../history/historyCollector.ts';
import { LabTask } from '../model/labTask.ts';
import type { PlainObject } from '../model/managedObject.ts';
import { invalidArgument, VimFault } from '../soap/vimFault.ts';
import { instanceOf, type Method, type MethodCall, type MethodTable } from './methodCall.ts';
import { dropOwned } from './viewMethods.ts';

/** Events and tasks that have been. */
export const historyMethods: MethodTable = {
  QueryEvents: {
    on: 'EventManager',
    answer: ({ lab, parameters }) => {
      const filter = parameters['filter'] as PlainObject;
      const maxCount = (filter['maxCount'] ?? maxPageSize) as number;
      const found = lab.events.events.filter(eventFilter(lab.registry, filter));
      return maxCount <= 0 ? [] : found.slice(-Math.min(maxCount, maxPageSize));
    },
  },
  CreateCollectorForEvents: {
    on: 'EventManager',
    answer: call => {
      const { lab } = call;
      const filter = call.parameters['filter'] as PlainObject;
      const fits = eventFilter(lab.registry, filter);
      return addCollector(call, 'EventHistoryCollector', {
        filterType: 'EventFilterSpec',
        filter,
        items: () => lab.events.events.filter(fits),
      });
    },
  },
  CreateCollectorForTasks: {
    on: 'TaskManager',
    answer: call => {
      const { registry } = call.lab;
      const filter = call.parameters['filter'] as PlainObject;
      const fits = taskFilter(registry, filter);
      return addCollector(call, 'TaskHistoryCollector', {
        filterType: 'TaskFilterSpec',
        filter,
        items: () => [...registry.instancesOf(LabTask)].map(task => task.property()).filter(fits),
      });
    },
  },
  ReadNextEvents: reading('EventHistoryCollector', (collector, count) => collector.readNext(count)),
  ReadPreviousEvents: reading('EventHistoryCollector', (collector, count) => collector.readPrevious(count)),
  ReadNextTasks: reading('TaskHistoryCollector', (collector, count) => collector.readNext(count)),
  ReadPreviousTasks: reading('TaskHistoryCollector', (collector, count) => collector.readPrevious(count)),
  ResetCollector: { on: 'HistoryCollector', answer: call => collectorOf(call).reset() },
  RewindCollector: { on: 'HistoryCollector', answer: call => collectorOf(call).rewind() },
  SetCollectorPageSize: {
    on: 'HistoryCollector',
    answer: call => collectorOf(call).setPageSize(countIn(call)),
  },
  DestroyCollector: {
    on: 'HistoryCollector',
    answer: ({ lab, session, self }) => dropOwned(lab.registry, session, self.ref),
  },
};

/** As many as a session may have. */
export const maxCollectors = 32;

function addCollector({ lab, session }: MethodCall, type: string, parts: Omit<CollectorParts, 'ref'>): MoRef {
  const isCollector = ({ type: owned }: MoRef) => owned.endsWith('HistoryCollector');
  if ([...session.ownedObjects].filter(isCollector).length >= maxCollectors)
    throw new VimFault('InvalidState', 'The operation is not allowed in the current state.');
  const ref = { type, value: `session[${session.key}]${lab.registry.newId('collector')}` };
  lab.registry.add(new HistoryCollector({ ...parts, ref }));
  session.ownedObjects.add(ref);
  return ref;
}

function reading(
  on: string,
  read: (collector: HistoryCollector, count: number) => readonly PlainObject[],
): Method {
  return { on, answer: call => read(collectorOf(call), countIn(call)) };
}

function collectorOf({ self }: MethodCall): HistoryCollector {
  return instanceOf(self, HistoryCollector);
}

function countIn({ parameters }: MethodCall): number {
  const count = parameters['maxCount'] as number;
  if (count <= 0 || count > maxPageSize) throw invalidArgument('maxCount');
  return count;
}
