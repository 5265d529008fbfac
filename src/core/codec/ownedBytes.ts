/** Short results lie in a buffer shared with others; a copy of those can be handed to another thread. */
export function ownedBytes(bytes: Buffer): Uint8Array<ArrayBuffer> {
  if (bytes.length === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer)
    return new Uint8Array(bytes.buffer);
  return new Uint8Array(bytes);
}
