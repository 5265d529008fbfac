// Records a lease in the journal folder given and then waits to be killed.
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { systemRandom } from '../../../src/base/random.ts';
import { openFileLeaseJournal } from '../../../src/core/journal/node/fileLeaseJournal.ts';

const [folder = '', token = ''] = process.argv.slice(2);
const journal = await openFileLeaseJournal(folder, {
  clock: systemClock,
  random: systemRandom,
  logger: silentLogger,
});
await journal.record({ kind: 'snapshot', vcenterId: 'vc', vm: 'vm-1', vmName: 'web01', token });
process.stdout.write('recorded\n');
setInterval(() => undefined, 1000);
