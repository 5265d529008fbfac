/** Whether a script freezes file systems itself, which VMware Tools since 12.2 refuse to find done. */
export function freezesItself(script: string): boolean {
  return script
    .slice(0, maxScriptBytes)
    .split('\n')
    .some(line => /(^|[\s;&|/])(fsfreeze\s+(-f|--freeze)|xfs_freeze\s+-f)/.test(line.replace(/#.*$/, '')));
}

/** Of a script, no more is read. */
export const maxScriptBytes = 65_536;
