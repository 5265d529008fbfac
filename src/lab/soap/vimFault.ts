import type { MoRef } from '../../core/vsphere/schema/moRef.ts';

/** A fault as the API answers it: typed detail and the message a user would read. */
export class VimFault extends Error {
  /** A type of the schema that derives from MethodFault. */
  readonly type: string;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(type: string, message: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'VimFault';
    this.type = type;
    this.fields = fields;
  }

  /** The fault inside a data object, for instance as the error of a task. */
  toLocalized(): Readonly<Record<string, unknown>> {
    return { fault: { _type: this.type, ...this.fields }, localizedMessage: this.message };
  }
}

export function invalidRequest(message: string): VimFault {
  return new VimFault('InvalidRequest', message);
}

export function invalidArgument(property: string): VimFault {
  return new VimFault('InvalidArgument', `A specified parameter was not correct: ${property}`, {
    invalidProperty: property,
  });
}

export function notAuthenticated(object: MoRef): VimFault {
  return new VimFault('NotAuthenticated', 'The session is not authenticated.', {
    object,
    privilegeId: 'System.View',
  });
}

/** In the words of a vCenter, which name neither; they are in the fault. */
export function noPermission(object: MoRef, privilegeId: string): VimFault {
  return new VimFault('NoPermission', 'Permission to perform this operation was denied.', {
    object,
    privilegeId,
  });
}

export function managedObjectNotFound(ref: MoRef): VimFault {
  const message = `The object 'vim.${ref.type}:${ref.value}' has already been deleted or has not been completely created`;
  return new VimFault('ManagedObjectNotFound', message, { obj: ref });
}

export function invalidPowerState(requestedState: string, existingState: string): VimFault {
  const message = `The attempted operation cannot be performed in the current state (${powerWord(existingState)}).`;
  return new VimFault('InvalidPowerState', message, { requestedState, existingState });
}

function powerWord(state: string): string {
  return state === 'poweredOn' ? 'Powered on' : 'Powered off';
}

/** @param type  FileFault or a type that derives from it and adds nothing */
export function fileFault(type: string, file: string): VimFault {
  const reasons: Readonly<Record<string, string>> = {
    FileLocked: 'Unable to access file since it is locked',
    FileNotFound: `File ${file} was not found`,
    FileAlreadyExists: `Cannot complete the operation because the file or folder ${file} already exists`,
  };
  return new VimFault(type, reasons[type] ?? `Error caused by file ${file}`, { file });
}

export function taskInProgress(task: MoRef): VimFault {
  return new VimFault('TaskInProgress', 'Another task is already in progress.', { task });
}

/** Whatever was thrown, as the fault a client sees. What the lab itself got wrong shows as SystemError. */
export function toVimFault(thrown: unknown): VimFault {
  if (thrown instanceof VimFault) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new VimFault('SystemError', 'A general system error occurred: ' + reason, { reason });
}
