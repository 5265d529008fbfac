// All checks and tests, cheapest first, each with a budget. The last line is `N passed, N failed, N skipped`.
//   --only-checks   no tests   --proof   the long proofs in full instead of a slice
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';

const onlyChecks = process.argv.includes('--only-checks');
const proof = process.argv.includes('--proof');
const resultsFolder = '.cache/test-results';
/** More failed files than that are no matter of chance. */
const mostSecondRuns = 3;

/** A stage of vitest leaves its counts in a file, a `counted` one in its last line; any other counts as one. */
const stages = [
  { name: 'format', script: 'check:format', budgetSeconds: 60 },
  { name: 'types', script: 'check:types', budgetSeconds: 90 },
  { name: 'lint', script: 'check:lint', budgetSeconds: 180 },
  { name: 'layers', script: 'check:layers', budgetSeconds: 60 },
  { name: 'unused code', script: 'check:unused', budgetSeconds: 60 },
  ...(onlyChecks
    ? []
    : [
        { name: 'unit', vitest: 'unit', budgetSeconds: 300 },
        { name: 'process', vitest: 'process', budgetSeconds: proof ? 7200 : 2400 },
        { name: 'editor suite', script: 'test:suite', counted: true, budgetSeconds: 90 },
        { name: 'editor stories', script: 'test:editor', counted: true, budgetSeconds: 720 },
      ]),
];

const totals = { passed: 0, failed: 0, skipped: 0 };
rmSync(resultsFolder, { recursive: true, force: true });
mkdirSync(resultsFolder, { recursive: true });
for (const stage of stages) {
  console.log(`\n── ${stage.name} (budget ${stage.budgetSeconds} s)`);
  const startedMs = performance.now();
  const { exitCode, lastLine } = await run(stage);
  const tookSeconds = (performance.now() - startedMs) / 1000;
  const counts = countsOf(stage, exitCode, lastLine);
  for (const key of Object.keys(totals)) totals[key] += counts[key];
  const over = tookSeconds > stage.budgetSeconds ? ', OVER BUDGET' : '';
  console.log(
    `── ${stage.name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${tookSeconds.toFixed(1)} s${over}`,
  );
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed === 0 ? 0 : 1;

async function run(stage) {
  if (!stage.vitest) return await runCommand('npm', ['run', '--silent', stage.script], stage.counted);
  const first = await runVitest(stage.vitest, stage.vitest, []);
  const failed = resultsOf(stage.vitest).filter(({ status }) => status !== 'passed');
  // Programs, servers and kernels of their own on a busy machine: a file gets a second chance, and is named if it needs it.
  if (stage.vitest !== 'process' || failed.length === 0 || failed.length > mostSecondRuns) return first;
  return await runVitest(
    stage.vitest,
    `${stage.vitest}-again`,
    failed.map(({ name }) => name),
  );
}

async function runVitest(project, resultsName, files) {
  return await runCommand(process.execPath, [
    'node_modules/vitest/vitest.mjs',
    'run',
    ...files,
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${resultsFolder}/${resultsName}.json`,
  ]);
}

async function runCommand(command, args, isCounted = false) {
  const child = spawn(command, args, {
    stdio: isCounted ? ['inherit', 'pipe', 'inherit'] : 'inherit',
    shell: process.platform === 'win32',
    env: { ...process.env, QUIESCE_PROOF: proof ? 'full' : 'slice' },
  });
  let output = '';
  child.stdout?.on('data', text => {
    process.stdout.write(text);
    output += text;
  });
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code =>
      resolve({ exitCode: code ?? 1, lastLine: output.trimEnd().split('\n').at(-1) }),
    );
  });
}

function countsOf(stage, exitCode, lastLine) {
  if (stage.vitest) return countsOfVitest(stage.vitest, exitCode);
  const failure = { passed: 0, failed: 1, skipped: 0 };
  if (!stage.counted) return exitCode === 0 ? { passed: 1, failed: 0, skipped: 0 } : failure;
  const counted = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(lastLine);
  if (counted === null) return failure;
  const [passed, failed, skipped] = counted.slice(1).map(Number);
  return { passed, failed: failed === 0 && exitCode !== 0 ? 1 : failed, skipped };
}

/** A run that broke down before it wrote its results, or found no tests, is one failure. */
function countsOfVitest(project, exitCode) {
  const files = resultsOf(project);
  const again = new Map(resultsOf(`${project}-again`).map(file => [file.name, file]));
  for (const { name, status } of again.values())
    if (status === 'passed') console.log(`UNSTEADY: ${name} passed only at its second run`);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of files) addCounts(counts, again.get(file.name) ?? file);
  const brokeDown = counts.failed === 0 && (exitCode !== 0 || counts.passed === 0);
  return brokeDown ? { ...counts, failed: 1 } : counts;
}

function addCounts(counts, { status, assertionResults }) {
  const failed = assertionResults.filter(test => test.status === 'failed').length;
  counts.passed += assertionResults.filter(test => test.status === 'passed').length;
  counts.skipped += assertionResults.filter(test => !['passed', 'failed'].includes(test.status)).length;
  // A file whose preparation failed has no failed test.
  counts.failed += status === 'passed' ? failed : Math.max(1, failed);
}

/** Per file; none if the run did not come so far. */
function resultsOf(name) {
  try {
    return JSON.parse(readFileSync(`${resultsFolder}/${name}.json`, 'utf8')).testResults;
  } catch {
    return [];
  }
}
