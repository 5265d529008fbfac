/** A moment of a disk, as a host that tracks its changes names it. */
export interface ChangeMoment {
  /** Another one after every loss of what was tracked. */
  readonly trackingUuid: string;
  /** Grows with every moment. */
  readonly sequence: number;
}

/** `52 de c0 … /7`; undefined for what does not look like that, of which nothing is known. */
export function parseChangeId(changeId: string): ChangeMoment | undefined {
  const [, trackingUuid, sequence] = /^(.+)\/(\d{1,15})$/.exec(changeId.trim()) ?? [];
  if (trackingUuid === undefined || sequence === undefined) return undefined;
  return { trackingUuid: trackingUuid.toLowerCase(), sequence: Number(sequence) };
}
