/** A managed object as the API refers to it: its type and the server's own id, for instance `VirtualMachine` `vm-42`. */
export interface MoRef {
  readonly type: string;
  readonly value: string;
}

export function isMoRef(value: unknown): value is MoRef {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length === 2 &&
    typeof (value as Partial<MoRef>).type === 'string' &&
    typeof (value as Partial<MoRef>).value === 'string'
  );
}

export function sameMoRef(left: MoRef, right: MoRef): boolean {
  return left.type === right.type && left.value === right.value;
}
