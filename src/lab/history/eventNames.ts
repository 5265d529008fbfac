/** What the lab tells of, with what people read. */
const eventNames: readonly (readonly [type: string, description: string, category: string])[] = [
  ['TaskEvent', 'Task event', 'info'],
  ['EventEx', 'Event of an extension', 'info'],
  ['UserLoginSessionEvent', 'User login', 'info'],
  ['UserLogoutSessionEvent', 'User logout', 'info'],
  ['BadUsernameSessionEvent', 'Invalid user name', 'error'],
  ['VmCreatedEvent', 'VM created', 'info'],
  ['VmRegisteredEvent', 'VM registered', 'info'],
  ['VmRemovedEvent', 'VM removed', 'info'],
  ['VmRenamedEvent', 'VM renamed', 'info'],
  ['VmPoweredOnEvent', 'VM powered on', 'info'],
  ['VmPoweredOffEvent', 'VM powered off', 'info'],
  ['VmGuestShutdownEvent', 'Guest shut down', 'info'],
  ['VmMessageWarningEvent', 'VM message, warning', 'warning'],
  ['VmMessageErrorEvent', 'VM message, error', 'error'],
  ['VmReconfiguredEvent', 'VM reconfigured', 'info'],
  ['VmMigratedEvent', 'VM migrated', 'info'],
  ['VmRelocatedEvent', 'VM relocated', 'info'],
];

export const eventCategories = ['info', 'warning', 'error', 'user'].map(key => ({
  key,
  label: key,
  summary: key,
}));

export function describedEvents(): object[] {
  return eventNames.map(([key, description, category]) => ({
    key,
    description,
    category,
    formatOnDatacenter: description,
    formatOnComputeResource: description,
    formatOnHost: description,
    formatOnVm: description,
    fullFormat: description,
  }));
}
