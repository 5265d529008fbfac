/** The name as people know it. Names of managed entities travel with `%`, `/` and `\` escaped as in URLs. */
export function plainName(name: string | undefined): string {
  return (name ?? '').replace(/%(25|2f|5c)/gi, escape => decodeURIComponent(escape));
}
