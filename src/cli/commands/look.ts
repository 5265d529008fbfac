import { assess } from '../../core/consistency/assess.ts';
import { withSeen } from '../../core/consistency/guest/seenInGuest.ts';
import { findVirtualMachine } from '../../core/inventory/findVirtualMachine.ts';
import { readVirtualMachine } from '../../core/inventory/readVirtualMachine.ts';
import { openChosenVCenter } from '../chosen.ts';
import type { Command } from '../command.ts';
import { readConfig } from '../config/configFile.ts';
import { describeAssessment } from '../describeAssessment.ts';
import { accountFor, describeFindings, look } from '../guestLook.ts';
import { guestAccountOptions, vcenterOption } from './options.ts';

/** Everything is read; nothing in the guest is installed or changed. */
export const lookCommand: Command = {
  name: 'look',
  summary: 'Look inside a running guest for what decides how consistent its backup can be',
  operands: ['VM'],
  options: { ...guestAccountOptions, ...vcenterOption },
  run: async (context, args) => {
    const { signal } = context;
    await using journal = await context.openJournal();
    await using connection = await openChosenVCenter(context, args);
    const { session, endpoint } = connection;
    const identity = await findVirtualMachine(session, args.operand(0), signal);
    const vm = await readVirtualMachine(session, identity, signal);
    const credentials = accountFor(args, await readConfig(context.places.configFile), vm.name);
    const findings = await look(session, vm, credentials, { ...context, journal, endpoint }, signal);
    const predicted = assess(withSeen(vm.facts, findings));
    const { seenAt, toolsConfig, volumes, look: seen, problems } = findings;
    context.output.result(
      {
        ...{ vm: vm.name, seenAt: seenAt.toISOString(), toolsConfig, volumes, ...seen },
        problems: problems.map(({ message }) => message),
        ...{ before: assess(vm.facts).level, predicted },
      },
      () => [`Inside ${vm.name}:`, ...describeFindings(findings), describeAssessment(predicted)].join('\n'),
    );
    return undefined;
  },
};
