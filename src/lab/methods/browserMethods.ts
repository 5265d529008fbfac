import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { DatastoreFile } from '../datastore/datastoreFile.ts';
import { formatDatastorePath, parseDatastorePath, type DatastorePlace } from '../datastore/datastorePath.ts';
import type { FolderEntry } from '../datastore/datastores.ts';
import { extentName } from '../datastore/vmdkDescriptor.ts';
import type { LabContext } from '../labContext.ts';
import type { PlainObject } from '../model/managedObject.ts';
import { TypedValue } from '../soap/encodeResponse.ts';
import { fileFault, invalidArgument, VimFault } from '../soap/vimFault.ts';
import { startTask, type MethodCall, type MethodTable } from './methodCall.ts';

/** Searching datastores for files. */
export const browserMethods: MethodTable = {
  SearchDatastore_Task: { on: 'HostDatastoreBrowser', answer: call => search(call, false) },
  SearchDatastoreSubFolders_Task: { on: 'HostDatastoreBrowser', answer: call => search(call, true) },
};

interface SearchSpec {
  readonly query?: readonly PlainObject[];
  readonly details?: {
    readonly fileType: boolean;
    readonly fileSize: boolean;
    readonly modification: boolean;
    readonly fileOwner: boolean;
  };
  readonly searchCaseInsensitive?: boolean;
  readonly matchPattern?: readonly string[];
  readonly sortFoldersFirst?: boolean;
}

function search(call: MethodCall, descends: boolean): MoRef {
  const { lab, self, parameters } = call;
  const text = parameters['datastorePath'] as string;
  const place = parseDatastorePath(text);
  if (place === undefined)
    throw new VimFault('InvalidDatastorePath', `Invalid datastore path '${text}'.`, { datastorePath: text });
  const datastores = self.property('datastore') as readonly MoRef[];
  const datastore = datastores.find(ref => lab.registry.get(ref).property('name') === place.datastore);
  if (datastore === undefined) throw invalidArgument('datastorePath');
  const spec = (parameters['searchSpec'] ?? {}) as SearchSpec;
  const options = {
    descriptionId: `HostDatastoreBrowser.${descends ? 'searchSubFolders' : 'search'}`,
    cancelable: true,
    entity: datastore,
    entityName: place.datastore,
  };
  return startTask(call, options, async progress => {
    if (!lab.datastores.isFolder(place)) throw fileFault('FileNotFound', formatDatastorePath(place));
    await progress(50);
    if (!descends) return { _type: resultsType, ...resultsIn(lab, place, datastore, spec) };
    const folders = foldersBelow(lab, place);
    return new TypedValue(
      resultsType,
      true,
      folders.map(folder => resultsIn(lab, folder, datastore, spec)),
    );
  });
}

const resultsType = 'HostDatastoreBrowserSearchResults';

/** The folder and all below it. */
function foldersBelow(lab: LabContext, place: DatastorePlace): DatastorePlace[] {
  const below = lab.datastores.list(place).filter(({ kind }) => kind === 'folder');
  return [place, ...below.flatMap(({ name }) => foldersBelow(lab, inside(place, name)))];
}

function inside({ datastore, path }: DatastorePlace, name: string): DatastorePlace {
  return { datastore, path: path === '' ? name : `${path}/${name}` };
}

function resultsIn(lab: LabContext, place: DatastorePlace, datastore: MoRef, spec: SearchSpec): PlainObject {
  const entries = lab.datastores.list(place);
  const matches = nameFilter(spec);
  const found = entries.filter(({ name }) => matches(name)).flatMap(entry => fileInfo(entry, entries, spec));
  if (spec.sortFoldersFirst === true)
    found.sort((a, b) => Number(b['_type'] === 'FolderFileInfo') - Number(a['_type'] === 'FolderFileInfo'));
  const path = formatDatastorePath(place);
  return { datastore, folderPath: place.path === '' ? path : `${path}/`, file: found };
}

/** Without a pattern everything fits. */
function nameFilter({ matchPattern = [], searchCaseInsensitive }: SearchSpec): (name: string) => boolean {
  const patterns = matchPattern.map(pattern => {
    const expression = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${expression}$`, searchCaseInsensitive === true ? 'isu' : 'su');
  });
  return name => patterns.length === 0 || patterns.some(pattern => pattern.test(name));
}

/** What is told of an entry; nothing if queries ask for other kinds of files. */
function fileInfo(
  entry: FolderEntry,
  siblings: readonly FolderEntry[],
  { query = [], details }: SearchSpec,
): PlainObject[] {
  const kind = kindOf(entry, siblings);
  const asked = query.find(({ _type }) => _type === `${kind}Query` || _type === 'FileQuery');
  if (query.length > 0 && asked === undefined) return [];
  const isTyped = details?.fileType === true || asked !== undefined;
  const file = entry.kind === 'file' ? entry.file : undefined;
  const disk = kind === 'VmDiskFile' && file !== undefined ? diskOf(entry, siblings) : undefined;
  return [
    {
      _type: isTyped && kind !== 'File' ? `${kind}Info` : 'FileInfo',
      path: entry.name,
      ...(details?.fileSize === true && { fileSize: sizeOf(file, disk) }),
      ...(details?.modification === true && { modification: file?.modifiedAt }),
      ...(details?.fileOwner === true && { owner: 'root' }),
      ...(disk !== undefined && isTyped && diskDetails(disk, asked)),
    },
  ];
}

/** The kind of a file, as types of the API begin with it. */
function kindOf(entry: FolderEntry, siblings: readonly FolderEntry[]): string {
  if (entry.kind === 'folder') return 'FolderFile';
  const [, extension = ''] = /\.(\w+)$/.exec(entry.name) ?? [];
  if (extension === 'vmdk') return diskOf(entry, siblings) === undefined ? 'File' : 'VmDiskFile';
  const kinds: Readonly<Record<string, string>> = {
    vmx: 'VmConfigFile',
    vmtx: 'TemplateConfigFile',
    nvram: 'VmNvramFile',
    log: 'VmLogFile',
    vmsn: 'VmSnapshotFile',
    iso: 'IsoImageFile',
    flp: 'FloppyImageFile',
  };
  return kinds[extension] ?? 'File';
}

/** A disk is known by its descriptor; its extents are no disks of their own. */
function diskOf(
  { name }: FolderEntry,
  siblings: readonly FolderEntry[],
): { extent: DatastoreFile; extentName: string } | undefined {
  for (const wanted of [extentName(name, false), extentName(name, true)]) {
    const extent = siblings.find(sibling => sibling.name === wanted);
    if (extent?.kind === 'file') return { extent: extent.file, extentName: wanted };
  }
  return undefined;
}

function sizeOf(
  file: DatastoreFile | undefined,
  disk: { readonly extent: DatastoreFile } | undefined,
): number {
  return disk?.extent.bytes.sizeBytes ?? file?.bytes.sizeBytes ?? 0;
}

function diskDetails(
  disk: { readonly extent: DatastoreFile; readonly extentName: string },
  asked: PlainObject | undefined,
): PlainObject {
  const flags = (asked?.['details'] ?? {}) as PlainObject;
  return {
    ...(flags['diskType'] === true && { diskType: 'VirtualDiskFlatVer2BackingInfo' }),
    ...(flags['capacityKb'] === true && { capacityKb: Math.floor(disk.extent.bytes.sizeBytes / 1024) }),
    ...(flags['hardwareVersion'] === true && { hardwareVersion: 19 }),
    ...(flags['diskExtents'] === true && { diskExtents: [disk.extentName] }),
    ...(flags['thin'] === true && { thin: true }),
  };
}
