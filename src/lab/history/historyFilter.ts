import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import { isDataType, isSubtype } from '../../core/vsphere/schema/schema.ts';
import type { PlainObject } from '../model/managedObject.ts';
import type { ObjectRegistry } from '../model/objectRegistry.ts';
import type { LabEvent } from './eventLog.ts';

/** What EventFilterSpec and TaskFilterSpec have in common. */
interface CommonFilter {
  readonly entity?: { readonly entity: MoRef; readonly recursion: string };
  readonly userName?: { readonly systemUser: boolean; readonly userList?: readonly string[] };
}

interface EventFilter extends CommonFilter {
  readonly time?: { readonly beginTime?: Date; readonly endTime?: Date };
  readonly eventChainId?: number;
  readonly category?: readonly string[];
  readonly type?: readonly string[];
  readonly eventTypeId?: readonly string[];
}

interface TaskFilter extends CommonFilter {
  readonly time?: { readonly timeType: string; readonly beginTime?: Date; readonly endTime?: Date };
  readonly eventChainId?: readonly number[];
  readonly state?: readonly string[];
}

/** Whether an event fits an EventFilterSpec. */
export function eventFilter(registry: ObjectRegistry, spec: PlainObject): (event: LabEvent) => boolean {
  const { time, userName, eventChainId, category, type, eventTypeId, entity } = spec as EventFilter;
  const types = [...(type ?? []), ...(eventTypeId ?? [])];
  return event =>
    isWithin(event.createdTime, time) &&
    isBy(event.userName, userName) &&
    (eventChainId === undefined || event.chainId === eventChainId) &&
    (category === undefined || category.includes(categoryOf(event))) &&
    (types.length === 0 || types.some(wanted => isOfType(event, wanted))) &&
    isAt(registry, placesIn(event), entity);
}

/** Whether a TaskInfo fits a TaskFilterSpec. */
export function taskFilter(registry: ObjectRegistry, spec: PlainObject): (info: PlainObject) => boolean {
  const { time, userName, eventChainId, state, entity } = spec as TaskFilter;
  const times: Readonly<Record<string, string>> = {
    queuedTime: 'queueTime',
    startedTime: 'startTime',
    completedTime: 'completeTime',
  };
  return info => {
    const at = time === undefined ? undefined : (info[times[time.timeType] ?? ''] as Date | undefined);
    const { userName: user = '' } = info['reason'] as { readonly userName?: string };
    return (
      (time === undefined || (at !== undefined && isWithin(at, time))) &&
      isBy(user, userName) &&
      (eventChainId === undefined || eventChainId.includes(info['eventChainId'] as number)) &&
      (state === undefined || state.includes(info['state'] as string)) &&
      isAt(registry, [info['entity'] as MoRef], entity)
    );
  };
}

export function categoryOf(event: LabEvent): string {
  const { severity } = event as { readonly severity?: string };
  if (severity !== undefined) return severity;
  return event.userName === '' ? 'info' : 'user';
}

function isWithin(
  moment: Date,
  time: { readonly beginTime?: Date; readonly endTime?: Date } | undefined,
): boolean {
  const { beginTime = moment, endTime = moment } = time ?? {};
  return moment >= beginTime && moment <= endTime;
}

function isBy(user: string, wanted: CommonFilter['userName']): boolean {
  if (wanted === undefined) return true;
  return user === '' ? wanted.systemUser : (wanted.userList ?? []).includes(user);
}

/** Types are named with the prefix of the API or without; a base stands for all that derive from it. */
function isOfType(event: LabEvent, wanted: string): boolean {
  const name = wanted.replace(/^vim\.event\./, '');
  if ((event as { readonly eventTypeId?: string }).eventTypeId === wanted) return true;
  return isDataType(name) && isSubtype(event._type, name);
}

function placesIn(event: LabEvent): MoRef[] {
  return ['vm', 'host', 'computeResource', 'datacenter', 'ds'].flatMap(name => {
    const argument = event[name] as PlainObject | undefined;
    return argument === undefined
      ? []
      : (Object.values(argument).filter(value => typeof value === 'object') as MoRef[]);
  });
}

function isAt(registry: ObjectRegistry, places: readonly MoRef[], wanted: CommonFilter['entity']): boolean {
  if (wanted === undefined) return true;
  const { entity, recursion } = wanted;
  const isSame = (ref: MoRef) => ref.value === entity.value;
  const [nearest] = places;
  const isSelf = nearest !== undefined && isSame(nearest);
  if (recursion === 'self') return isSelf;
  const isBelow = places.some(place => {
    for (let at: MoRef | undefined = place; at !== undefined;)
      if (isSame(at)) return true;
      else at = registry.find(at)?.property('parent') as MoRef | undefined;
    return false;
  });
  return recursion === 'all' ? isBelow : isBelow && !isSelf;
}
