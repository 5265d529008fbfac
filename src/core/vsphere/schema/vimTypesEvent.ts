/** Events and how they are asked for. Rows as described in parseTable.ts. Of the many kinds only those that are looked for. */
export const eventTypes = `
Event: DynamicData
  key int, chainId int, createdTime date, userName str, datacenter DatacenterEventArgument?,
  computeResource ComputeResourceEventArgument?, host HostEventArgument?, vm VmEventArgument?,
  ds DatastoreEventArgument?, net NetworkEventArgument?, dvs DvsEventArgument?, fullFormattedMessage str?,
  changeTag str?
EventArgument: DynamicData
EntityEventArgument: EventArgument
  name str
DatacenterEventArgument: EntityEventArgument
  datacenter ref
ComputeResourceEventArgument: EntityEventArgument
  computeResource ref
HostEventArgument: EntityEventArgument
  host ref
VmEventArgument: EntityEventArgument
  vm ref
DatastoreEventArgument: EntityEventArgument
  datastore ref
NetworkEventArgument: EntityEventArgument
  network ref
DvsEventArgument: EntityEventArgument
  dvs ref
VmEvent: Event
  template bool
VmPoweredOnEvent: VmEvent
VmPoweredOffEvent: VmEvent
VmGuestShutdownEvent: VmEvent
VmMessageEvent: VmEvent
  message str, messageInfo VirtualMachineMessage?[]
VmMessageWarningEvent: VmEvent
  message str, messageInfo VirtualMachineMessage?[]
VmMessageErrorEvent: VmEvent
  message str, messageInfo VirtualMachineMessage?[]
EventFilterSpec: DynamicData
  entity EventFilterSpecByEntity?, time EventFilterSpecByTime?, userName EventFilterSpecByUsername?,
  eventChainId int?, alarm ref?, scheduledTask ref?, disableFullMessage bool?, category str?[], type str?[],
  tag str?[], eventTypeId str?[]
EventFilterSpecByEntity: DynamicData
  entity ref, recursion str
EventFilterSpecByTime: DynamicData
  beginTime date?, endTime date?
EventFilterSpecByUsername: DynamicData
  systemUser bool, userList str?[]
`;
