import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { MiB } from '../../src/base/units.ts';
import { emptyImage, withGuestImage } from '../support/guestImages.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

const made: readonly [string, string, ...string[]][] = [['Linux swap', 'mkswap']];

for (const [title, tool, ...options] of made) {
  toolTest(tool)(`what is not read is named and refused: ${title}`, async () => {
    const image = join(temporaryFolder('refused'), 'disk.img');
    emptyImage(image, 128 * MiB);
    execFileSync(tool, [...options, image], { stdio: 'ignore' });
    const opening = withGuestImage(image, async fileSystem => await Promise.resolve(fileSystem.kind));
    await expect(opening).rejects.toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
      message: `the volume holds ${title}; its files cannot be read here`,
    });
  });
}
