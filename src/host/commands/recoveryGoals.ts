import { l10n } from 'vscode';

import { CancelledError } from '../../base/errors.ts';
import { parseTypedTime } from '../../base/typedTime.ts';
import { formatDuration } from '../../base/units.ts';
import type { ConsistencyLevelDto } from '../../protocol/point.ts';
import {
  acceptGaps,
  type GoalScopeDto,
  listStandings,
  removeGoal,
  setGoal,
  type StandingDto,
} from '../../protocol/recovery.ts';
import type { VmRef } from '../../protocol/vm.ts';
import type { Host } from '../host.ts';
import { consistencyIcon, consistencyLabel } from '../model/consistency.ts';
import { sentence } from '../model/errorText.ts';
import { formatMoment } from '../model/time.ts';
import { type VmNode, vmRef } from '../model/vmTreeModel.ts';
import type { Choice } from '../ui/ui.ts';
import { runSteps, type Step } from '../ui/wizard.ts';
import { chooseVm } from './choose.ts';
import { required } from './vcenters.ts';

interface Goal {
  readonly node: VmNode;
  readonly standing: StandingDto | undefined;
  readonly scope: GoalScopeDto;
  readonly level: ConsistencyLevelDto | 'remove';
  readonly maxAgeMs: number | undefined;
  readonly maxRecoveryMs: number | undefined;
}

/**
 * For a VM, for what it belongs to (a tag, a folder, a cluster, a host), or for several VMs under a name; what is asked for
 * last takes a goal away.
 */
export async function setRecoveryGoal(host: Host, selected: readonly VmNode[]): Promise<void> {
  const [given] = selected;
  const title = l10n.t('Set Recovery Goal');
  const before: readonly Step<Goal>[] = [
    async (_, ask) => {
      const node = given ?? (await chooseVm(host, ask, title));
      return { node, standing: await standingOf(host, vmRef(node)) };
    },
    async ({ node }, ask) => ({
      scope: await ask.pick({
        title,
        placeholder: l10n.t('For which VMs?'),
        whenEmpty: '',
        choices: async () => await Promise.resolve(node === undefined ? [] : scopesOf(node, selected)),
      }),
    }),
    async ({ scope }, ask) => {
      if (scope?.kind !== 'group') return {};
      const group = await ask.input({
        title,
        prompt: l10n.t(
          'What are these {0} VMs together? Their goal is kept under this name',
          scope.vms.length,
        ),
        value: scope.group,
        check: async value => await required(value, l10n.t('Enter a name')),
      });
      return { scope: { ...scope, group: group.trim() } };
    },
    async ({ standing, level }, ask) => ({
      level: await ask.pick({
        title,
        placeholder: l10n.t('What has to be proven of the newest restore point, at least?'),
        whenEmpty: '',
        choices: async () =>
          await Promise.resolve(levelChoices(level ?? standing?.goal.goal.minimumLevel ?? 'filesystem')),
      }),
    }),
  ];
  const times: readonly Step<Goal>[] = [
    async ({ standing, maxAgeMs = standing?.goal.goal.maxAgeMs ?? dayMs }, ask) => ({
      maxAgeMs: typedTime(
        await ask.input({
          title,
          prompt: l10n.t('How old may the newest restore point be? Nothing: as old as it is'),
          placeholder: timeExample,
          value: typedText(maxAgeMs),
          check: checkTime,
        }),
      ),
    }),
    async ({ standing, maxRecoveryMs = standing?.goal.goal.maxRecoveryMs }, ask) => ({
      maxRecoveryMs: typedTime(
        await ask.input({
          title,
          prompt: l10n.t('How long may recovering the whole VM take? Nothing: as long as it takes'),
          placeholder: timeExample,
          value: typedText(maxRecoveryMs),
          check: checkTime,
        }),
      ),
    }),
  ];
  const { scope, level, maxAgeMs, maxRecoveryMs } = await runSteps<Goal>(
    host.ui,
    ({ level: chosen }) => (chosen === 'remove' ? before : [...before, ...times]),
    {},
  );
  await host.ui.wait(l10n.t('Keeping the goal'), async signal => {
    if (level === 'remove') await host.worker.request(removeGoal, { scope }, signal);
    else
      await host.worker.request(
        setGoal,
        {
          scope,
          goal: {
            minimumLevel: level,
            ...(maxAgeMs !== undefined && { maxAgeMs }),
            ...(maxRecoveryMs !== undefined && { maxRecoveryMs }),
          },
        },
        signal,
      );
  });
}

interface Acceptance {
  readonly vm: VmRef;
  readonly standing: StandingDto | undefined;
  readonly reason: string;
  readonly lastsMs: number;
}

/** Somebody says that what a VM misses is good enough, for a reason and for a time. */
export async function acceptRecoveryGap(host: Host, given: VmNode | undefined): Promise<void> {
  const title = l10n.t('Accept Recovery Gap');
  const steps: readonly Step<Acceptance>[] = [
    async (_, ask) => {
      const vm = vmRef(given ?? (await chooseVm(host, ask, title)));
      return { vm, standing: await standingOf(host, vm) };
    },
    async ({ vm, reason = '' }, ask) => ({
      reason: await ask.input({
        title,
        prompt: l10n.t('Why is what {0} misses good enough? Others will read it', vm?.name ?? ''),
        value: reason,
        check: async value => await required(value, l10n.t('Enter a reason')),
      }),
    }),
    async (_, ask) => ({
      lastsMs: await ask.pick({
        title,
        placeholder: l10n.t('Until when? Then it is missed again'),
        whenEmpty: '',
        choices: async () =>
          await Promise.resolve(
            [1, 7, 30, 90].map(days => ({
              label: l10n.t('{0} days', days),
              description: formatMoment(new Date(host.clock.now().getTime() + days * dayMs).toISOString()),
              isPreselected: days === 7,
              value: days * dayMs,
            })),
          ),
      }),
    }),
  ];
  const { vm, standing, reason, lastsMs } = await runSteps(host.ui, steps, {});
  const until = new Date(host.clock.now().getTime() + lastsMs).toISOString();
  const isAccepted = await host.ui.confirm({
    question: l10n.t('Accept what {0} misses until {1}?', vm.name, formatMoment(until)),
    lines: (standing?.gaps ?? []).map(({ text }) => sentence({ message: text })),
    action: l10n.t('Accept'),
  });
  if (!isAccepted) throw new CancelledError();
  await host.ui.wait(l10n.t('Keeping the acceptance'), async signal => {
    await host.worker.request(acceptGaps, { vm, reason, until }, signal);
  });
}

const dayMs = 86_400_000;
const timeExample = '90 min, 24 h, 7 d, 2 w';

async function standingOf(host: Host, vm: VmRef): Promise<StandingDto | undefined> {
  return await host.ui.wait(l10n.t('Looking at {0}', vm.name), async signal => {
    await host.places.vcenter(vm.vcenter, signal);
    const asked = { vcenter: vm.vcenter, vmId: vm.id };
    return (await host.worker.request(listStandings, asked, signal)).standings[0];
  });
}

/** What people name comes first, then where the VM lies and where it runs, each from the inside to the outside. */
function scopesOf(node: VmNode, selected: readonly VmNode[]): readonly Choice<GoalScopeDto>[] {
  const { vcenter, vm } = node;
  const vms = selected.filter(other => other.vcenter === vcenter).map(vmRef);
  const group: readonly Choice<GoalScopeDto>[] = [
    {
      label: l10n.t('The {0} selected VMs', vms.length),
      detail: l10n.t('Kept under a name; the goal of a VM goes before it'),
      icon: 'layers',
      value: { kind: 'group', vcenter, group: '', vms },
    },
  ];
  return [
    ...(vms.length > 1 ? group : []),
    {
      label: l10n.t('{0} alone', vm.name),
      icon: 'vm',
      value: { kind: 'vm', vm: vmRef(node) },
    },
    ...vm.tags.map(({ category, name }) => ({
      label: l10n.t('All VMs with the tag {0}', `${category}: ${name}`),
      detail: l10n.t('A goal of a VM, or of a group, goes before it'),
      icon: 'tag',
      value: { kind: 'tag', vcenter, category, tag: name } as const,
    })),
    ...placesAround(vm.inventoryPath, 1).map(path => ({
      label: l10n.t('All VMs below {0}', path),
      detail: l10n.t('A goal of a VM, of a group, of a tag, or of a folder further in, goes before it'),
      icon: 'folder',
      value: { kind: 'folder', vcenter, path } as const,
    })),
    // Above the cluster lies what no VM runs on.
    ...placesAround(vm.computePath ?? '', 3).map(path => ({
      label: l10n.t('All VMs that run on {0}', path),
      detail: l10n.t('Every other goal goes before it'),
      icon: 'server',
      value: { kind: 'compute', vcenter, path } as const,
    })),
  ];
}

/** Paths around an object, from the inside to the outside, down to so many names. */
function placesAround(path: string, leastNames: number): readonly string[] {
  const names = path.split('/').slice(1, -1);
  return names
    .map((_, index) => names.slice(0, names.length - index))
    .filter(({ length }) => length >= leastNames)
    .map(around => `/${around.join('/')}`);
}

function levelChoices(preselected: Goal['level']): readonly Choice<Goal['level']>[] {
  return [
    ...(['crash', 'filesystem', 'application'] as const).map(level => ({
      label: consistencyLabel(level, l10n.t),
      icon: consistencyIcon(level).name,
      isPreselected: level === preselected,
      value: level,
    })),
    {
      label: l10n.t('No goal'),
      detail: l10n.t('Takes the goal away; the next one that is for the VM counts then'),
      icon: 'circle-slash',
      value: 'remove',
    },
  ];
}

/** What is wrong with it is thrown, and shown. */
async function checkTime(text: string): Promise<undefined> {
  await Promise.resolve();
  typedTime(text);
  return undefined;
}

function typedTime(text: string): number | undefined {
  return text.trim() === '' ? undefined : parseTypedTime(text);
}

/** As a person would type it. */
function typedText(timeMs: number | undefined): string {
  if (timeMs === undefined) return '';
  const [hourMs, minuteMs] = [3_600_000, 60_000];
  if (timeMs % dayMs === 0 && timeMs > dayMs) return `${timeMs / dayMs} d`;
  if (timeMs % hourMs === 0) return `${timeMs / hourMs} h`;
  return timeMs % minuteMs === 0 ? `${timeMs / minuteMs} min` : formatDuration(timeMs);
}
