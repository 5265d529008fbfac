/** Service, session, licenses and privileges. Rows as described in parseTable.ts. */
export const sessionTypes = `
ServiceContent: DynamicData
  rootFolder ref, propertyCollector ref, viewManager ref?, about AboutInfo, setting ref?,
  userDirectory ref?, sessionManager ref?, authorizationManager ref?, serviceManager ref?,
  perfManager ref?, scheduledTaskManager ref?, alarmManager ref?, eventManager ref?, taskManager ref?,
  extensionManager ref?, customizationSpecManager ref?, guestCustomizationManager ref?,
  customFieldsManager ref?, accountManager ref?, diagnosticManager ref?, licenseManager ref?,
  searchIndex ref?, fileManager ref?, datastoreNamespaceManager ref?, virtualDiskManager ref?,
  virtualizationManager ref?, snmpSystem ref?, vmProvisioningChecker ref?, vmCompatibilityChecker ref?,
  ovfManager ref?, ipPoolManager ref?, dvSwitchManager ref?, hostProfileManager ref?,
  clusterProfileManager ref?, complianceManager ref?, localizationManager ref?,
  storageResourceManager ref?, guestOperationsManager ref?, overheadMemoryManager ref?,
  certificateManager ref?, ioFilterManager ref?, vStorageObjectManager ref?, hostSpecManager ref?,
  cryptoManager ref?, healthUpdateManager ref?, failoverClusterConfigurator ref?,
  failoverClusterManager ref?, tenantManager ref?, siteInfoManager ref?, storageQueryManager ref?
AboutInfo: DynamicData
  name str, fullName str, vendor str, version str, patchLevel str?, build str, localeVersion str?,
  localeBuild str?, osType str, productLineId str, apiType str, apiVersion str, instanceUuid str?,
  licenseProductName str?, licenseProductVersion str?
LicenseManagerLicenseInfo: DynamicData
  licenseKey str, editionKey str, name str, total int, used int?, costUnit str, properties KeyAnyValue?[],
  labels KeyValue?[]
UserSession: DynamicData
  key str, userName str, fullName str, loginTime date, lastActiveTime date, locale str, messageLocale str,
  extensionSession bool, ipAddress str, userAgent str, callCount long
SessionManagerGenericServiceTicket: DynamicData
  id str, hostName str?, sslThumbprint str?, certThumbprintList VirtualMachineCertThumbprint?[],
  ticketType str?
VirtualMachineCertThumbprint: DynamicData
  thumbprint str, hashAlgorithm str?
SessionManagerServiceRequestSpec: DynamicData
SessionManagerHttpServiceRequestSpec: SessionManagerServiceRequestSpec
  method str?, url str
`;
