import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { MasterKey } from '../codec/masterKey.ts';
import type { SealingPool } from '../codec/sealingPool.ts';
import type { LocalHost } from './localHost.ts';

/** What a repository needs of its surroundings. */
export interface RepositoryDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly host: LocalHost;
  /** Called once per opened repository, which disposes of the pool with itself. */
  readonly sealingPool: (key: MasterKey) => SealingPool;
  /** Size at which a pack is closed; 4 MiB … 128 MiB, by default 16 MiB. */
  readonly packBytes?: number;
}
