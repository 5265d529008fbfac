/** Roles, permissions and privileges. Rows as described in parseTable.ts. */
export const authorizationTypes = `
AuthorizationRole: DynamicData
  roleId int, system bool, name str, info Description, privilege str?[]
AuthorizationPrivilege: DynamicData
  privId str, onParent bool, name str, privGroupName str
Permission: DynamicData
  entity ref?, principal str, group bool, roleId int, propagate bool
EntityPrivilege: DynamicData
  entity ref, privAvailability PrivilegeAvailability[]
PrivilegeAvailability: DynamicData
  privId str, isGranted bool
UserPrivilegeResult: DynamicData
  entity ref, privileges str?[]
`;
