// Loaded into the worker before its own program: how long one turn of its event loop takes at most. On SIGUSR2 it writes
// what it has seen since the last time to the file that QUIESCE_LOOP_PROBE names.
import { renameSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

import { watchTurns } from './turns.mjs';

const file = process.env.QUIESCE_LOOP_PROBE;
if (file !== undefined && isMainThread) {
  const longestTurn = watchTurns();
  process.on('SIGUSR2', () => {
    writeFileSync(`${file}.new`, JSON.stringify(longestTurn()));
    renameSync(`${file}.new`, file);
  });
}
