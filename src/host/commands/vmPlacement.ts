import { l10n } from 'vscode';

import { formatBytes } from '../../base/units.ts';
import type { DatastorePlaceDto, PlaceDto, PlacementsDto } from '../../protocol/plan.ts';
import type { Choice } from '../ui/ui.ts';
import type { Step } from '../ui/wizard.ts';

/** Where a new VM goes: ids, as `VmRestoreParams` takes them. */
export interface Placement {
  readonly folder: string;
  readonly resourcePool: string;
  readonly datastore: string;
  /** Target network by the name of the one the VM was in; the same name where it keeps it. */
  readonly networks: Readonly<Record<string, string>>;
  readonly connectNetworks: boolean;
}

/** A question for each thing of which there is a choice; preselected is where the VM was. */
export function placementSteps(title: string, offered: PlacementsDto): readonly Step<Placement>[] {
  const { folders, resourcePools, datastores, formerNetworks } = offered;
  return [
    placeStep(title, l10n.t('Folder for the new VM'), 'folder', folders, folderChoice),
    placeStep(
      title,
      l10n.t('Resource pool or host for the new VM'),
      'resourcePool',
      resourcePools,
      poolChoice,
    ),
    placeStep(title, l10n.t('Datastore for the new VM'), 'datastore', datastores, datastoreChoice),
    ...formerNetworks.map(former => networkStep(title, former, offered)),
    ...(formerNetworks.length === 0 ? [] : [connectStep(title)]),
  ];
}

function placeStep<P extends PlaceDto>(
  title: string,
  placeholder: string,
  field: 'folder' | 'resourcePool' | 'datastore',
  places: readonly P[],
  describe: (place: P) => Omit<Choice<string>, 'value'>,
): Step<Placement> {
  return async (draft, ask) => {
    const [only, ...others] = places;
    if (only !== undefined && others.length === 0) return { [field]: only.id };
    // Two places of one name: neither is surely the former one.
    const former = places.filter(({ isFormer }) => isFormer);
    const usual = draft[field] ?? (former.length === 1 ? former[0]?.id : undefined);
    return {
      [field]: await ask.pick({
        title,
        placeholder,
        whenEmpty: l10n.t('The account may see nothing that takes a VM'),
        choices: async () =>
          await Promise.resolve(
            places.map(place => ({
              ...describe(place),
              isPreselected: place.id === usual,
              value: place.id,
            })),
          ),
      }),
    };
  };
}

/** Keeping comes first; a network that the server does not have must be replaced. */
function networkStep(title: string, former: string, { networks }: PlacementsDto): Step<Placement> {
  return async (draft, ask) => {
    const [only, ...others] = networks;
    if (only?.name === former && others.length === 0) return withNetwork(draft, former, former);
    const usual = draft.networks?.[former] ?? former;
    const to = await ask.pick({
      title,
      placeholder: l10n.t('Network for the cards that were in {0}', former),
      whenEmpty: l10n.t('The account may see no network'),
      choices: async () =>
        await Promise.resolve([
          {
            label: l10n.t('Keep {0}', former),
            ...(!networks.some(({ name }) => name === former) && {
              description: l10n.t('not among the networks of standard switches here'),
            }),
            icon: 'pinned',
            isPreselected: usual === former,
            value: former,
          },
          ...networks
            .filter(({ name }) => name !== former)
            .map(({ id, name, path }) => ({
              ...{ label: name, detail: path, icon: 'plug', isPreselected: usual === id, value: id },
            })),
        ]),
    });
    return withNetwork(draft, former, to);
  };
}

function withNetwork(draft: Partial<Placement>, former: string, to: string): Partial<Placement> {
  return { networks: { ...draft.networks, [former]: to } };
}

function connectStep(title: string): Step<Placement> {
  return async (draft, ask) => ({
    connectNetworks: await ask.pick({
      title,
      placeholder: l10n.t('Shall the network cards be connected when the new VM is powered on?'),
      whenEmpty: '',
      choices: async () =>
        await Promise.resolve([
          {
            label: l10n.t('Leave them disconnected'),
            detail: l10n.t('Safe beside the original, which has the same addresses'),
            icon: 'debug-disconnect',
            isPreselected: draft.connectNetworks !== true,
            value: false,
          },
          {
            label: l10n.t('Connect them'),
            detail: l10n.t('The original must be off, or in another network'),
            icon: 'plug',
            isPreselected: draft.connectNetworks === true,
            value: true,
          },
        ]),
    }),
  });
}

function folderChoice({ name, path }: PlaceDto) {
  return { label: name, detail: path, icon: 'folder' };
}

function poolChoice({ name, path }: PlaceDto) {
  return { label: name, detail: path, icon: 'server' };
}

function datastoreChoice({ name, path, freeBytes, capacityBytes }: DatastorePlaceDto) {
  return {
    label: name,
    description: l10n.t('{0} free of {1}', formatBytes(freeBytes), formatBytes(capacityBytes)),
    detail: path,
    icon: 'database',
  };
}
