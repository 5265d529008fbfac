import type { GuestVolumeFacts } from '../../inventory/assessmentFacts.ts';

/** What a Windows says of its storage; undefined where it could not be asked. */
export interface WindowsStorage {
  readonly usesDynamicDisks: boolean | undefined;
  readonly usesStorageSpaces: boolean | undefined;
  /** Disks over iSCSI and shares that are in use, as people name them. */
  readonly ownStorage: readonly string[] | undefined;
  readonly volumes: readonly Pick<GuestVolumeFacts, 'path' | 'fileSystem'>[] | undefined;
}

const queries = {
  partition: `Get-CimInstance Win32_DiskPartition -ErrorAction Stop | ForEach-Object { 'partition ' + $_.Type }`,
  pool: `Get-StoragePool -ErrorAction Stop | ForEach-Object { 'pool ' + $_.IsPrimordial + ' ' + $_.FriendlyName }`,
  disk: `Get-Disk -ErrorAction Stop | ForEach-Object { 'disk ' + $_.BusType + ' ' + $_.FriendlyName }`,
  share: `Get-SmbConnection -ErrorAction Stop | ForEach-Object { 'share ' + $_.ServerName + ' ' + $_.ShareName }`,
  volume: `Get-CimInstance Win32_Volume -ErrorAction Stop | ForEach-Object { 'volume ' + $_.FileSystem + ' ' + $_.Name }`,
} as const;

/**
 * For PowerShell since 3.0. It changes nothing; each question is answered or not by itself. Without double quotes, so that
 * it can stand between them.
 */
export const storageScript = Object.entries(queries)
  .map(([word, query]) => `try { ${query}; 'known ${word}' } catch { }`)
  .join('; ');

/** What `storageScript` prints. */
export function parseWindowsStorage(text: string): WindowsStorage {
  const lines = text
    .slice(0, maxLength)
    .split(/\r?\n/)
    .map(line => line.trimEnd());
  const of = (word: keyof typeof queries): readonly string[] | undefined =>
    lines.includes(`known ${word}`)
      ? lines.filter(line => line.startsWith(`${word} `)).map(line => line.slice(word.length + 1))
      : undefined;
  const shares = of('share')?.map(share => `\\\\${share.replace(' ', '\\')}`);
  const overNetwork = of('disk')
    ?.filter(disk => /^iSCSI /.test(disk))
    .map(disk => disk.slice('iSCSI '.length));
  return {
    // A Windows says it in English, whatever language it speaks.
    usesDynamicDisks: of('partition')?.some(type => /Logical Disk Manager/.test(type)),
    usesStorageSpaces: of('pool')?.some(pool => pool.startsWith('False ')),
    ownStorage: shares === undefined || overNetwork === undefined ? undefined : [...overNetwork, ...shares],
    volumes: of('volume')?.flatMap(line => {
      const [, fileSystem = '', path = ''] = /^(\S*) (.*)$/.exec(line) ?? [];
      return path === '' ? [] : [{ path, fileSystem: fileSystem === '' ? undefined : fileSystem }];
    }),
  };
}

const maxLength = 1_000_000;
