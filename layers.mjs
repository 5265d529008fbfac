// Who may import whom. One table, read by the dependency checker (.dependency-cruiser.mjs), the
// architecture test (test/architecture) and docs/ARCHITECTURE.md. A new edge is a commit of its own
// with a line in docs/adr.

/** Processes and layers: the folders of `src/`, and `media/`. An area may import itself and what is listed. */
export const areas = {
  base: [],
  core: ['base'],
  protocol: ['base'],
  client: ['base', 'protocol'],
  worker: ['base', 'protocol', 'core'],
  cli: ['base', 'core'],
  lab: ['base', 'core'],
  host: ['base', 'protocol', 'client'],
  media: ['base', 'protocol'],
};

/** Stages: the folders of `src/core/`, in the order in which the bytes travel. `'*'`: the stage that joins stages. */
export const stages = {
  journal: [],
  block: [],
  codec: [],
  vsphere: [],
  inventory: ['vsphere'],
  consistency: ['inventory'],
  goals: ['consistency'],
  guestops: ['vsphere'],
  snapshot: ['vsphere', 'inventory', 'journal'],
  changes: ['block', 'vsphere'],
  disk: ['block', 'vsphere', 'journal'],
  chunking: ['block', 'disk'],
  repository: ['codec', 'journal'],
  catalog: ['codec', 'consistency', 'changes', 'repository'],
  image: ['block', 'codec', 'repository', 'catalog'],
  volume: ['block'],
  guestfs: ['block'],
  jobs: '*',
};

/** What of `core` an area outside it may see, where that is less than everything. */
export const coreSeenBy = {
  lab: ['block', 'disk/vmdk', 'vsphere/schema'],
};
