import { join } from 'node:path';

import { usualUserFolders } from '../../base/node/userFolders.ts';

/** Where this program keeps its files. */
export interface Places {
  readonly configFile: string;
  /** What must survive a restart: the journal; and what need not, such as the indexes of repositories. */
  readonly stateFolder: string;
}

/** `--config` and `--state` win over the environment, which wins over the system's usual places. */
export function findPlaces(
  options: { readonly config: string | undefined; readonly state: string | undefined },
  environment: NodeJS.ProcessEnv,
): Places {
  const { config, state } = usualUserFolders(environment);
  return {
    configFile: options.config ?? environment['QUIESCE_CONFIG'] ?? join(config, 'quiesce', 'config.json'),
    stateFolder: options.state ?? environment['QUIESCE_STATE'] ?? join(state, 'quiesce'),
  };
}
