/** The part of a file that was asked for, as HTTP answers it. */
export type AskedRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly offsetBytes: number; readonly lengthBytes: number }
  | { readonly kind: 'unsatisfiable' };

/** Reads a Range header. Several ranges and what is no range are answered with the whole file, as HTTP allows. */
export function askedRange(header: string | undefined, sizeBytes: number): AskedRange {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.replaceAll(' ', '') ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (first === '' && last === '') return { kind: 'whole' };
  if (first === '') {
    const lengthBytes = Math.min(Number(last), sizeBytes);
    if (lengthBytes === 0) return { kind: 'unsatisfiable' };
    return { kind: 'part', offsetBytes: sizeBytes - lengthBytes, lengthBytes };
  }
  const offsetBytes = Number(first);
  const untilBytes = last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (last !== '' && Number(last) < offsetBytes) return { kind: 'whole' };
  if (offsetBytes >= sizeBytes) return { kind: 'unsatisfiable' };
  return { kind: 'part', offsetBytes, lengthBytes: untilBytes - offsetBytes };
}
