/**
 * Gives memory back that nobody reads any more, instead of leaving it to be collected: the runtime collects little of what it
 * believes small before there are a hundred megabytes of it. Of a buffer that others share nothing is given.
 */
export function freeMemory(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0);
}
