/**
 * Version of what is said between the worker and its clients. Any change of a message that the other side would not
 * understand is a new version; both sides compare it before anything else is said.
 */
export const protocolVersion = 1;
