/** Tries one thing: what fails is a problem, and its answer undefined. A cancelled look ends. */
export type Attempt = <Value>(what: string, look: () => Promise<Value>) => Promise<Value | undefined>;
