import { kindNames, rolePrivileges } from '../../core/vsphere/privileges/featurePrivileges.ts';
import {
  probePrivileges,
  type FeatureReport,
  type NeedReport,
  type PrivilegeReport,
} from '../../core/vsphere/privileges/probePrivileges.ts';
import { roleCommand, roleName } from '../../core/vsphere/privileges/roleCommand.ts';
import type { Command, CommandArguments } from '../command.ts';
import { chooseEntry } from '../config/config.ts';
import { readConfig } from '../config/configFile.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exitCodes.ts';
import { table } from '../output.ts';

export const vcenterPrivileges: Command = {
  name: 'vcenter privileges',
  summary: 'Ask a server what its account may do, feature by feature, and name what is missing',
  operands: ['[NAME]'],
  options: { role: { help: 'only print commands of govc that make a role with all privileges' } },
  run: async (context, args) => {
    const { vcenters } = await readConfig(context.places.configFile);
    if (args.flag('role')) {
      printRole(context, args.optionalOperand(0) === undefined ? undefined : userOf(args, vcenters));
      return undefined;
    }
    const { name, entry } = chooseEntry(vcenters, args.optionalOperand(0), 'vCenter');
    await using connection = await context.openSession(name, entry);
    const report = await probePrivileges(connection.session, context.signal);
    context.output.result(report, () => describeReport(report));
    return report.features.every(({ isUsable }) => isUsable) ? undefined : exitCodes.PERMISSION;
  },
};

function userOf(
  args: CommandArguments,
  vcenters: Readonly<Record<string, { readonly user: string }>>,
): string {
  return chooseEntry(vcenters, args.optionalOperand(0), 'vCenter').entry.user;
}

function printRole({ output }: CommandContext, user: string | undefined): void {
  const command = roleCommand(user);
  output.result({ role: roleName, privileges: rolePrivileges, command }, () => command);
}

function describeReport(report: PrivilegeReport): string {
  const usable = report.features.filter(({ isUsable }) => isUsable).length;
  return [
    `${report.user} on ${report.server}: ${usable} of ${report.features.length} features can be used everywhere`,
    '',
    table(
      ['FEATURE', 'USABLE', 'MISSING'],
      report.features.flatMap(feature => rowsOf(feature, report)),
    ),
    ...(usable < report.features.length
      ? ['', 'quiesce vcenter privileges --role prints a role with everything.']
      : []),
  ].join('\n');
}

function rowsOf({ title, isUsable, needs }: FeatureReport, report: PrivilegeReport): string[][] {
  const missing = needs.filter(({ state }) => state !== 'granted');
  const [first = '', ...others] = missing.map(need => missingText(need, report));
  return [[title, isUsable ? 'yes' : 'no', first], ...others.map(text => ['', '', text])];
}

/** `VApp.Export on VMs build01, db01, web01 and 1 more`. */
function missingText(
  { privilege, on, state, missingOn, missingCount }: NeedReport,
  { kinds }: PrivilegeReport,
): string {
  const [one, several] = kindNames[on];
  if (state === 'unseen') return `${privilege}: no ${one} may be seen, or there is none`;
  const { askedCount, seenCount } = kinds[on];
  if (state === 'missing' && askedCount > 1)
    return `${privilege} on ${all(askedCount, seenCount)} ${several}`;
  const more = missingCount - missingOn.length;
  const names = `${missingOn.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return `${privilege} on ${missingCount > 1 ? several : one} ${names}`;
}

function all(askedCount: number, seenCount: number): string {
  return askedCount === seenCount ? `all ${seenCount}` : `${askedCount} looked at of ${seenCount}`;
}
