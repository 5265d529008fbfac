/** What has happened on a server, and the tasks it has done. Rows as described in parseTable.ts. */
export const eventTypes = `
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
ChangesInfoEventArgument: DynamicData
  modified str?, added str?, deleted str?
Event: DynamicData
  key int, chainId int, createdTime date, userName str, datacenter DatacenterEventArgument?,
  computeResource ComputeResourceEventArgument?, host HostEventArgument?, vm VmEventArgument?,
  ds DatastoreEventArgument?, net NetworkEventArgument?, dvs DvsEventArgument?, fullFormattedMessage str?,
  changeTag str?
TaskEvent: Event
  info TaskInfo
EventEx: Event
  eventTypeId str, severity str?, message str?, arguments KeyAnyValue?[], objectId str?, objectType str?,
  objectName str?, fault LocalizedMethodFault?
SessionEvent: Event
UserLoginSessionEvent: SessionEvent
  ipAddress str, userAgent str?, locale str, sessionId str
UserLogoutSessionEvent: SessionEvent
  ipAddress str?, userAgent str?, callCount long?, sessionId str?, loginTime date?
BadUsernameSessionEvent: SessionEvent
  ipAddress str
VmEvent: Event
  template bool
VmCreatedEvent: VmEvent
VmRegisteredEvent: VmEvent
VmRemovedEvent: VmEvent
VmPoweredOnEvent: VmEvent
VmPoweredOffEvent: VmEvent
VmGuestShutdownEvent: VmEvent
VmMessageEvent: VmEvent
  message str, messageInfo VirtualMachineMessage?[]
VmMessageWarningEvent: VmEvent
  message str, messageInfo VirtualMachineMessage?[]
VmMessageErrorEvent: VmEvent
  message str, messageInfo VirtualMachineMessage?[]
VmRenamedEvent: VmEvent
  oldName str, newName str
VmReconfiguredEvent: VmEvent
  configSpec VirtualMachineConfigSpec, configChanges ChangesInfoEventArgument?
VmMigratedEvent: VmEvent
  sourceHost HostEventArgument, sourceDatacenter DatacenterEventArgument?,
  sourceDatastore DatastoreEventArgument?
VmRelocateSpecEvent: VmEvent
VmRelocatedEvent: VmRelocateSpecEvent
  sourceHost HostEventArgument, sourceDatacenter DatacenterEventArgument?,
  sourceDatastore DatastoreEventArgument?
EventFilterSpec: DynamicData
  entity EventFilterSpecByEntity?, time EventFilterSpecByTime?, userName EventFilterSpecByUsername?,
  eventChainId int?, alarm ref?, scheduledTask ref?, disableFullMessage bool?, category str?[], type str?[],
  tag str?[], eventTypeId str?[], maxCount int?, delayedInit bool?
EventFilterSpecByEntity: DynamicData
  entity ref, recursion str
EventFilterSpecByTime: DynamicData
  beginTime date?, endTime date?
EventFilterSpecByUsername: DynamicData
  systemUser bool, userList str?[]
EventManagerEventViewSpec: DynamicData
EventDescription: DynamicData
  category ElementDescription[], eventInfo EventDescriptionEventDetail[], enumeratedTypes EnumDescription?[]
EventDescriptionEventDetail: DynamicData
  key str, description str?, category str, formatOnDatacenter str, formatOnComputeResource str,
  formatOnHost str, formatOnVm str, fullFormat str, longDescription str?
EnumDescription: DynamicData
  key str, tags ElementDescription[]
TaskFilterSpec: DynamicData
  entity TaskFilterSpecByEntity?, time TaskFilterSpecByTime?, userName TaskFilterSpecByUsername?,
  activationId str?[], state str?[], alarm ref?, scheduledTask ref?, eventChainId int?[], tag str?[],
  parentTaskKey str?[], rootTaskKey str?[]
TaskFilterSpecByEntity: DynamicData
  entity ref, recursion str
TaskFilterSpecByTime: DynamicData
  timeType str, beginTime date?, endTime date?
TaskFilterSpecByUsername: DynamicData
  systemUser bool, userList str?[]
TaskDescription: DynamicData
  methodInfo ElementDescription[], state ElementDescription[], reason TypeDescription[]
TypeDescription: Description
  key str
`;
