import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import type { ManifestLine } from './manifest.ts';

const folder = import.meta.dirname;

/** The committed image of that name, in memory; the caller may change it. */
export function readImage(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(zstdDecompressSync(readFileSync(join(folder, `${name}.img.zst`))));
}

/** What the tool that partitioned the image said of it. */
export function readImageJson(name: string): unknown {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
}

/** What the kernel said of the file system in the image. */
export function readManifest(name: string): ManifestLine[] {
  const text = gunzipSync(readFileSync(join(folder, `${name}.manifest.gz`))).toString('utf8');
  return text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as ManifestLine);
}

/** Names of the images of file systems, each with a manifest. */
export function fileSystemImages(): string[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.manifest.gz'))
    .map(name => name.slice(0, -'.manifest.gz'.length));
}
