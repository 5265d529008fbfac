import { CancelledError } from '../base/errors.ts';
import { formatBytes } from '../base/units.ts';
import type { AskConflict, Conflict, ConflictAnswer } from '../core/jobs/guestFiles/fileRestorePlan.ts';

const words = {
  overwrite: '[o]verwrite',
  skip: '[s]kip',
  rename: '[r]ename',
} as const satisfies Readonly<Record<ConflictAnswer, string>>;

const answers: ReadonlyMap<string, ConflictAnswer> = new Map([
  ['o', 'overwrite'],
  ['s', 'skip'],
  ['r', 'rename'],
]);

/**
 * Asks about each conflict, until somebody answers for all that are left.
 * @param tell  says what the conflict is
 * @param ask   puts one question on the terminal, without the colon at its end
 * @throws CANCELLED if the answer is to quit
 */
export function askConflicts(
  tell: (text: string) => void,
  ask: (question: string) => Promise<string>,
): AskConflict {
  let forAll: ConflictAnswer | undefined;
  return async conflict => {
    const { choices } = conflict;
    // What was said of all cannot hold where it is not possible.
    if (forAll !== undefined && choices.includes(forAll)) return forAll;
    tell(conflictText(conflict));
    const offered = choices.map(choice => words[choice]).join(', ');
    for (;;) {
      const typed = (await ask(`${offered} or [q]uit; a capital letter for all that follow`)).trim();
      if (typed.toLowerCase() === 'q') throw new CancelledError();
      const answer = answers.get(typed.toLowerCase());
      if (answer === undefined || !choices.includes(answer)) continue;
      if (typed !== typed.toLowerCase()) forAll = answer;
      return answer;
    }
  };
}

function conflictText({ targetPath, standing, stat }: Conflict): string {
  const inPoint =
    stat === undefined || stat.kind === 'directory'
      ? ''
      : `; in the restore point: ${formatBytes(stat.sizeBytes)}, ${timeText(stat.modifiedAt.seconds)}`;
  return `${targetPath} exists already (${standing})${inPoint}`;
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '');
}
