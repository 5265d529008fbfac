import { appendFileSync } from 'node:fs';
import Mocha from 'mocha';

import { cases } from './cases.ts';

const caseTimeoutMs = 60_000;

/** What VS Code calls in the extension host; it rejects if a test fails. */
export async function run(): Promise<void> {
  const mocha = new Mocha({ timeout: caseTimeoutMs, reporter: FileReporter, bail: false });
  for (const [title, body] of Object.entries(cases)) mocha.suite.addTest(new Mocha.Test(title, body));
  const failureCount = await new Promise<number>(resolve => {
    mocha.run(resolve);
  });
  if (failureCount > 0) throw new Error(`${failureCount} tests failed`);
}

/** One line of JSON per test into a file: the console of an extension host is the editor's. */
class FileReporter extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    const tell = (line: object) => {
      appendFileSync(process.env['QUIESCE_SUITE_RESULTS'] ?? '', `${JSON.stringify(line)}\n`);
    };
    const { EVENT_TEST_PASS, EVENT_TEST_FAIL } = Mocha.Runner.constants;
    runner.on(EVENT_TEST_PASS, ({ title, duration }) => tell({ title, durationMs: duration }));
    runner.on(EVENT_TEST_FAIL, ({ title }, error: Error) =>
      tell({ title, failure: error.stack ?? error.message }),
    );
  }
}
