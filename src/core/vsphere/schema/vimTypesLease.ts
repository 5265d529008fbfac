/** Leases for the transfer of disks (HttpNfcLease). Rows as described in parseTable.ts. */
export const leaseTypes = `
HttpNfcLeaseInfo: DynamicData
  lease ref, entity ref, deviceUrl HttpNfcLeaseDeviceUrl?[], totalDiskCapacityInKB long, leaseTimeout int,
  hostMap HttpNfcLeaseDatastoreLeaseInfo?[]
HttpNfcLeaseDeviceUrl: DynamicData
  key str, importKey str, url str, sslThumbprint str, disk bool?, targetId str?, datastoreKey str?,
  fileSize long?
HttpNfcLeaseDatastoreLeaseInfo: DynamicData
  datastoreKey str, hosts HttpNfcLeaseHostInfo[]
HttpNfcLeaseHostInfo: DynamicData
  url str, sslThumbprint str
HttpNfcLeaseManifestEntry: DynamicData
  key str, sha1 str, checksum str?, checksumType str?, size long, disk bool, capacity long?,
  populatedSize long?
HttpNfcLeaseCapabilities: DynamicData
  pullModeSupported bool, corsSupported bool
`;
