/** What every family builds on. Rows as described in parseTable.ts. */
export const commonTypes = `
DynamicData
DynamicProperty
  name str, val any
KeyAnyValue: DynamicData
  key str, value any
KeyValue: DynamicData
  key str, value str
OptionValue: DynamicData
  key str, value any?
Description: DynamicData
  label str, summary str
ElementDescription: Description
  key str
LocalizableMessage: DynamicData
  key str, arg KeyAnyValue?[], message str?
LocalizedMethodFault: DynamicData
  fault MethodFault, localizedMessage str?
MethodFault
  faultCause LocalizedMethodFault?, faultMessage LocalizableMessage?[]
RuntimeFault: MethodFault
SharesInfo: DynamicData
  shares int, level str
ResourceAllocationInfo: DynamicData
  reservation long?, expandableReservation bool?, limit long?, shares SharesInfo?, overheadLimit long?
ArrayUpdateSpec: DynamicData
  operation str, removeKey any?
`;
