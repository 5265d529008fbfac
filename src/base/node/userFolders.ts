import { homedir } from 'node:os';
import { join } from 'node:path';

/** The system's usual places for what a program keeps for its user. */
export interface UserFolders {
  readonly config: string;
  /** What must survive a restart and belongs to this machine. */
  readonly state: string;
}

export function usualUserFolders(environment: NodeJS.ProcessEnv): UserFolders {
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
