// The licenses of what is bundled, as their authors ask for them to be passed on.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * @param {readonly string[]} inputs  files of the bundles, relative to this clone
 * @returns name, version, license and its text for every package among them
 * @throws if a package carries no license: then it cannot be shipped
 */
export async function thirdPartyNotices(inputs) {
  const folders = new Set(inputs.map(packageFolder).filter(folder => folder !== undefined));
  const notices = await Promise.all([...folders].sort().map(noticeOf));
  return `Quiesce contains the following packages.\n${notices.join('')}`;
}

/** `node_modules/a/node_modules/@b/c/lib/d.js` → `node_modules/a/node_modules/@b/c`. */
function packageFolder(path) {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
}

async function noticeOf(folder) {
  const { name, version, license, author } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const files = (await readdir(folder))
    .filter(file => /^(license|licence|copying|notice)/i.test(file))
    .sort();
  if (license === undefined && files.length === 0) throw new Error(`${name} has no license`);
  const by = typeof author === 'string' ? author : author?.name;
  // Some old packages write `{ type, url }`.
  const licenseName = typeof license === 'string' ? license : license?.type;
  const texts = await Promise.all(
    files.map(async file => (await readFile(join(folder, file), 'utf8')).trim()),
  );
  return [
    `\n${'-'.repeat(78)}\n${name} ${version} (${licenseName ?? 'see below'})`,
    ...(by ? [`by ${by}`] : []),
    ...texts,
    '',
  ].join('\n\n');
}
