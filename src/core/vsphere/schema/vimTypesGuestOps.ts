/** Guest operations: accounts, files and programs inside a running guest. Rows as described in parseTable.ts. */
export const guestOpsTypes = `
GuestAuthentication: DynamicData
  interactiveSession bool
NamePasswordAuthentication: GuestAuthentication
  username str, password str
GuestFileAttributes: DynamicData
  modificationTime date?, accessTime date?, symlinkTarget str?
GuestPosixFileAttributes: GuestFileAttributes
  ownerId int?, groupId int?, permissions long?
GuestWindowsFileAttributes: GuestFileAttributes
  hidden bool?, readOnly bool?, createTime date?
GuestFileInfo: DynamicData
  path str, type str, size long, attributes GuestFileAttributes
GuestListFileInfo: DynamicData
  files GuestFileInfo?[], remaining int
FileTransferInformation: DynamicData
  attributes GuestFileAttributes, size long, url str
GuestProgramSpec: DynamicData
  programPath str, arguments str, workingDirectory str?, envVariables str?[]
GuestProcessInfo: DynamicData
  name str, pid long, owner str, cmdLine str, startTime date, endTime date?, exitCode int?
`;
