// Turns layers.mjs into rules. Type-only imports count: a layer that borrows a type has the dependency.
import { areas, coreSeenBy, stages } from './layers.mjs';

const osModules =
  '^(node:)?(fs|fs/promises|net|tls|http|https|http2|dgram|dns|dns/promises|child_process|worker_threads|cluster|os|process)$';

/** The files of an area. The editor's entry point lies outside its folder; what runs in its pages lies outside `src`. */
const filesOf = area =>
  area === 'host' ? '^src/(host/|extension\\.ts$)' : area === 'media' ? '^media/' : `^src/${area}/`;

const areaRules = Object.entries(areas).map(([area, allowed]) => ({
  name: `area-${area}`,
  severity: 'error',
  comment: `${area} may import only: ${[area, ...allowed].join(', ')}.`,
  from: { path: filesOf(area) },
  to: { path: '^(src|media)/', pathNot: [area, ...allowed].map(filesOf) },
}));

const stageRules = Object.entries(stages)
  .filter(([, allowed]) => allowed !== '*')
  .map(([stage, allowed]) => ({
    name: `stage-${stage}`,
    severity: 'error',
    comment: `core/${stage} may import only: ${[stage, ...allowed].join(', ')}.`,
    from: { path: `^src/core/${stage}/` },
    to: { path: '^src/core/', pathNot: [stage, ...allowed].map(s => `^src/core/${s}/`) },
  }));

const coreViewRules = Object.entries(coreSeenBy).map(([area, seen]) => ({
  name: `core-seen-by-${area}`,
  severity: 'error',
  comment: `src/${area} may import of core only: ${seen.join(', ')}.`,
  from: { path: `^src/${area}/` },
  to: { path: '^src/core/', pathNot: seen.map(s => `^src/core/${s}/`) },
}));

const internalRules = Object.keys(stages).map(stage => ({
  name: `internal-of-${stage}`,
  severity: 'error',
  comment: `internal/ of core/${stage} is private to it; go through the stage's own modules.`,
  from: { pathNot: [`^src/core/${stage}/`, '^test/'] },
  to: { path: `^src/core/${stage}/internal/` },
}));

export default {
  forbidden: [
    ...areaRules,
    ...stageRules,
    ...coreViewRules,
    ...internalRules,
    {
      name: 'every-core-folder-is-a-stage',
      severity: 'error',
      comment: 'A folder of src/core that layers.mjs does not name.',
      from: {},
      to: { path: '^src/core/', pathNot: Object.keys(stages).map(s => `^src/core/${s}/`) },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A cycle means that two modules are one module in disguise.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'vscode-stays-in-host',
      severity: 'error',
      comment: 'Only src/host and src/extension.ts may know the editor.',
      from: { pathNot: ['^src/host/', '^src/extension\\.ts$', '^test/'] },
      to: { path: ['^vscode$', '@types/vscode'] },
    },
    {
      name: 'os-access-in-node-folders',
      severity: 'error',
      comment: 'base, core, protocol and client reach the operating system only in folders named node/.',
      from: { path: '^src/(base|core|protocol|client)/', pathNot: '/node/' },
      to: { path: osModules },
    },
    {
      name: 'no-node-in-media',
      severity: 'error',
      from: { path: '^media/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'toolkit-in-controls',
      severity: 'error',
      comment:
        'The toolkit is archived: only media/shared/controls.ts may know it, so that one file replaces it.',
      from: { path: '^(src|media)/', pathNot: '^media/shared/controls\\.ts$' },
      to: { path: ['@vscode/webview-ui-toolkit', '@microsoft/fast-'] },
    },
    {
      name: 'tests-stay-out',
      severity: 'error',
      from: { path: '^(src|media)/' },
      to: { path: '^test/' },
    },
    {
      name: 'declared-dependencies-only',
      severity: 'error',
      from: { path: '^(src|media)/' },
      // The editor brings the module `vscode`; only its types are installed.
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: 'node_modules/@types/vscode/',
      },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.d.ts', '.js', '.mjs'],
      conditionNames: ['types', 'import', 'node', 'default'],
      exportsFields: ['exports'],
    },
  },
};
