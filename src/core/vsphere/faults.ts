import { AppError } from '../../base/errors.ts';
import type { ErrorCode, ErrorDetails } from '../../base/errors.ts';
import { meaningOf } from './faultMeanings.ts';
import { isSubtype } from './schema/schema.ts';
import type { MoRef } from './schema/moRef.ts';
import type { Vim } from './vimCaller.ts';

/** A refusal by the server. `message` keeps the server's own words, which may be localized. */
export class VimFaultError extends AppError {
  /** As the API names it, for instance `NoPermission`. */
  readonly faultType: string;
  readonly fault: Vim<'MethodFault'>;
  /** What the server said itself, possibly empty. */
  readonly serverMessage: string;

  constructor(code: ErrorCode, message: string, details: VimFaultDetails) {
    super(code, message, details);
    this.name = 'VimFaultError';
    this.faultType = details.faultType;
    this.fault = details.fault;
    this.serverMessage = details.serverMessage;
  }

  /** Whether the error is a fault of the type or of one derived from it. */
  static isFault(error: unknown, ...faultTypes: readonly string[]): error is VimFaultError {
    return error instanceof VimFaultError && faultTypes.some(type => isSubtype(error.faultType, type));
  }
}

export interface VimFaultDetails extends ErrorDetails {
  readonly faultType: string;
  readonly fault: Vim<'MethodFault'>;
  readonly serverMessage: string;
}

/**
 * @param serverMessage  the server's own words, possibly empty
 * @param what           what was attempted, for instance "CreateSnapshotEx_Task" or "removing the snapshot"
 * @param object         the thing it was attempted on, as the user knows it
 */
export function vimFault(
  fault: Vim<'MethodFault'>,
  serverMessage: string,
  what: string,
  object: string,
): VimFaultError {
  const faultType = fault._type ?? 'MethodFault';
  const meaning = meaningOf(faultType);
  const said = serverMessage.trim().replace(/\.$/, '');
  const explanation = [said === '' ? faultType : `${said} (${faultType})`, ...factsOf(fault)].join('; ');
  return new VimFaultError(meaning.code, `${object}: ${what} failed: ${explanation}`, {
    faultType,
    fault,
    serverMessage,
    object,
    ...(meaning.remedy === undefined ? {} : { remedy: meaning.remedy }),
    ...(meaning.retryable === undefined ? {} : { retryable: meaning.retryable }),
  });
}

/** A fault that came as a value: in a task, in a lease, in a property that could not be read. */
export function localizedFault(
  { fault, localizedMessage }: Vim<'LocalizedMethodFault'>,
  what: string,
  object: string,
): VimFaultError {
  return vimFault(fault, localizedMessage ?? '', what, object);
}

/** A privilege that somebody lacks on an object. */
export interface MissingPrivilege {
  readonly privilege: string;
  readonly object: MoRef | undefined;
}

/** What a NoPermission fault says is missing; newer servers name several. */
export function missingPrivileges(fault: Vim<'NoPermission'>): readonly MissingPrivilege[] {
  const { privilegeId, object } = fault;
  const first = privilegeId === undefined ? [] : [{ privilege: privilegeId, object }];
  const others = (fault.missingPrivileges ?? []).flatMap(({ entity, privilegeIds }) =>
    (privilegeIds ?? []).map(privilege => ({ privilege, object: entity })),
  );
  return [
    ...first,
    ...others.filter(other => other.privilege !== privilegeId || other.object.value !== object?.value),
  ];
}

export function describeRef({ type, value }: MoRef): string {
  return `${type} ${value}`;
}

/** The fields of a fault that say what to do about it. */
function factsOf(fault: Vim<'MethodFault'>): string[] {
  const fields = fault as Readonly<Record<string, unknown>>;
  const facts: readonly (readonly [key: string, label: string])[] = [
    ['privilegeId', 'missing privilege'],
    ['invalidProperty', 'argument'],
    ['name', 'name'],
    ['file', 'file'],
    ['datastore', 'datastore'],
    ['existingState', 'present state'],
    ['requestedState', 'needed state'],
  ];
  return facts.flatMap(([key, label]) =>
    typeof fields[key] === 'string' ? [`${label} ${fields[key]}`] : [],
  );
}
