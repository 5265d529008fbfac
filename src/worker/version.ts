import manifest from '../../package.json' with { type: 'json' };

export const productVersion = manifest.version;

/** How this program signs what it writes. */
export const program = `quiesce ${productVersion}`;
