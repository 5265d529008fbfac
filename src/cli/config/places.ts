import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where this program keeps its files. */
export interface Places {
  readonly configFile: string;
  /** What must survive a restart: the journal. */
  readonly stateFolder: string;
}

/** `--config` and `--state` win over the environment, which wins over the system's usual places. */
export function findPlaces(
  options: { readonly config: string | undefined; readonly state: string | undefined },
  environment: NodeJS.ProcessEnv,
): Places {
  const { config, state } = usualFolders(environment);
  return {
    configFile: options.config ?? environment['QUIESCE_CONFIG'] ?? join(config, 'quiesce', 'config.json'),
    stateFolder: options.state ?? environment['QUIESCE_STATE'] ?? join(state, 'quiesce'),
  };
}

function usualFolders(environment: NodeJS.ProcessEnv): { readonly config: string; readonly state: string } {
  if (process.platform === 'win32') {
    const local = environment['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local');
    return { config: environment['APPDATA'] ?? local, state: local };
  }
  if (process.platform === 'darwin') {
    const support = join(homedir(), 'Library', 'Application Support');
    return { config: support, state: support };
  }
  return {
    config: environment['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'),
    state: environment['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'),
  };
}
