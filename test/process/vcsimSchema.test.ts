import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { allDataTypes, allManagedTypes, allOperations } from '../../src/core/vsphere/schema/schema.ts';
import { methodPrivileges } from '../../src/lab/access/methodPrivileges.ts';
import { foreignProgram } from '../support/foreignProgram.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { toolTest } from '../support/tools.ts';

// The table against two implementations of the API by others: client and lab share it, and with it its mistakes.
const root = join(import.meta.dirname, '..', '..');
const foreign = join(root, 'test', 'foreign');

toolTest('go')("the table agrees with govmomi's types", () => {
  const cwd = join(root, 'test', 'vcsim');
  execFileSync('go', ['mod', 'download'], { cwd });
  const list = ['list', '-m', '-f', '{{.Dir}}', 'github.com/vmware/govmomi'];
  const types = join(
    execFileSync('go', list, { cwd, encoding: 'utf8' }).trim(),
    'vim25',
    'types',
    'types.go',
  );
  expectAgreement('python3', [join(foreign, 'checkGovmomi.py'), writeTable(), types]);
});

toolTest('python3')("the table agrees with pyVmomi's types", () => {
  expectAgreement(foreignProgram('pyvmomi'), [join(foreign, 'checkPyvmomi.py'), writeTable()]);
});

toolTest('python3')('the privileges that methods need agree with what pyVmomi knows of them', () => {
  const file = join(temporaryFolder('privileges'), 'table.json');
  const operations = allOperations().map(({ name }) => name);
  writeFileSync(file, JSON.stringify({ operations, privileges: methodPrivileges }));
  expectAgreement(foreignProgram('pyvmomi'), [join(foreign, 'checkPrivileges.py'), file]);
  expect(Object.keys(methodPrivileges).filter(name => !operations.includes(name))).toEqual([]);
});

function expectAgreement(program: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  console.info(stdout.trimEnd().split('\n').at(-1));
  expect({ status, stdout, stderr }).toMatchObject({ status: 0, stderr: '' });
}

function writeTable(): string {
  const file = join(temporaryFolder('schema'), 'table.json');
  writeFileSync(
    file,
    JSON.stringify({ types: allDataTypes(), operations: allOperations(), managed: allManagedTypes() }),
  );
  return file;
}
