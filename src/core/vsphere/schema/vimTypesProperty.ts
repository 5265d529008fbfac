/** The property collector: what is asked and what is answered. Rows as described in parseTable.ts. */
export const propertyTypes = `
SelectionSpec: DynamicData
  name str?
TraversalSpec: SelectionSpec
  type str, path str, skip bool?, selectSet SelectionSpec?[]
PropertySpec: DynamicData
  type str, all bool?, pathSet str?[]
ObjectSpec: DynamicData
  obj ref, skip bool?, selectSet SelectionSpec?[]
PropertyFilterSpec: DynamicData
  propSet PropertySpec[], objectSet ObjectSpec[], reportMissingObjectsInResults bool?
RetrieveOptions: DynamicData
  maxObjects int?
RetrieveResult: DynamicData
  token str?, objects ObjectContent[]
ObjectContent: DynamicData
  obj ref, propSet DynamicProperty?[], missingSet MissingProperty?[]
MissingProperty: DynamicData
  path str, fault LocalizedMethodFault
MissingObject: DynamicData
  obj ref, fault LocalizedMethodFault
WaitOptions: DynamicData
  maxWaitSeconds int?, maxObjectUpdates int?
UpdateSet: DynamicData
  version str, filterSet PropertyFilterUpdate?[], truncated bool?
PropertyFilterUpdate: DynamicData
  filter ref, objectSet ObjectUpdate?[], missingSet MissingObject?[]
ObjectUpdate: DynamicData
  kind str, obj ref, changeSet PropertyChange?[], missingSet MissingProperty?[]
PropertyChange: DynamicData
  name str, op str, val any?
`;
