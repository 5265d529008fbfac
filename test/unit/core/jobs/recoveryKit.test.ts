import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../src/base/errors.ts';
import { Secret } from '../../../../src/base/secret.ts';
import { kitPage } from '../../../../src/core/jobs/recoveryKit/kitPage.ts';
import { makeRecoveryKit } from '../../../../src/core/jobs/recoveryKit/makeRecoveryKit.ts';
import { generateRecoveryPassword } from '../../../../src/core/jobs/recoveryKit/recoveryPassword.ts';
import { MemoryObjectStore } from '../../../../src/core/repository/memoryObjectStore.ts';
import { openRepository } from '../../../../src/core/repository/openRepository.ts';
import { anySignal as signal } from '../../../support/anySignal.ts';
import { memoryJournal } from '../../../support/memoryJournal.ts';
import { testDeps } from '../../../support/repositories.ts';
import { memoryRepository } from '../../../support/restorePoints.ts';
import { seededRandom } from '../../../support/seededRandom.ts';

const shape = /\b(?:[2-9A-HJ-NP-Z]{5}-){7}[2-9A-HJ-NP-Z]{5}\b/;

async function kit(
  repository: Awaited<ReturnType<typeof memoryRepository>>,
  writePage: (html: string) => void,
) {
  const { clock } = testDeps();
  const deps = {
    ...{ journal: memoryJournal(), clock, random: seededRandom(5) },
    writePage: async (html: string) => {
      await Promise.resolve();
      writePage(html);
    },
  };
  return await makeRecoveryKit(repository, deps, signal);
}

describe('a recovery kit', () => {
  test('opens the repository, has its password on the page, and loads nothing', async () => {
    const store = new MemoryObjectStore();
    await using repository = await memoryRepository(store);
    let page = '';
    const keyId = await kit(repository, html => {
      page = html;
    });
    const password = shape.exec(page)?.[0];
    await using opened = await openRepository(store, new Secret(password!), testDeps({ seed: 9 }), signal);
    expect(opened.id).toBe(repository.id);
    expect(page).toContain(repository.id);
    expect(page).not.toMatch(/<script|https?:(?!\/\/www\.w3\.org\/2000\/svg)|<link|<img/);
    const keys = await repository.listKeys(signal);
    expect(keys.map(({ id, isRecoveryKit }) => [id === keyId, isRecoveryKit]).toSorted()).toEqual([
      [false, false],
      [true, true],
    ]);
  });

  test('of which no page could be written leaves no key', async () => {
    await using repository = await memoryRepository();
    const failed = kit(repository, () => {
      throw new AppError('STORAGE_FULL', 'no space left on device');
    });
    await expect(failed).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    expect(await repository.listKeys(signal)).toHaveLength(1);
  });

  test('shows names as text, whatever they are', () => {
    const html = kitPage({
      repositoryId: 'id',
      location: '/backups/<script>alert("&")</script>',
      password: new Secret('ABCDE-FGHJK'),
      keyId: 'k'.repeat(64),
      madeAt: new Date(0),
    });
    expect(html).toContain('&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;');
    expect(html).not.toContain('<script');
  });

  test('has a password of 200 bits that is never the same', () => {
    const passwords = [1, 2, 3].map(seed => generateRecoveryPassword(seededRandom(seed)).reveal());
    for (const password of passwords) expect(password).toMatch(shape);
    expect(new Set(passwords).size).toBe(3);
  });
});
