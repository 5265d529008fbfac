import manifest from '../../package.json' with { type: 'json' };

/** How this program signs what it writes. */
export const program = `quiesce ${manifest.version}`;
