/** Tasks and who started them. Rows as described in parseTable.ts. */
export const taskTypes = `
TaskInfo: DynamicData
  key str, task ref, description LocalizableMessage?, name str?, descriptionId str, entity ref?,
  entityName str?, locked ref?[], state str, cancelled bool, cancelable bool, error LocalizedMethodFault?,
  result any?, progress int?, progressDetails KeyAnyValue?[], reason TaskReason, queueTime date,
  startTime date?, completeTime date?, eventChainId int, changeTag str?, parentTaskKey str?,
  rootTaskKey str?, activationId str?
TaskReason: DynamicData
TaskReasonUser: TaskReason
  userName str
TaskReasonAlarm: TaskReason
  alarmName str, alarm ref, entityName str, entity ref
TaskReasonSchedule: TaskReason
  name str, scheduledTask ref
TaskReasonSystem: TaskReason
`;
