/** Ids of VSS writers, in lower case and without braces. */
export const writerIds = {
  sqlServer: 'a65faa63-5ea8-4ebc-9dbd-a0c4db26912a',
  activeDirectory: 'b2014c9e-8711-4c5c-a5a9-3cf384484757',
  exchange: '76fe1ac4-15f7-4bcd-987e-8e1acb462fb7',
} as const;
