import { AppError } from '../../base/errors.ts';
import { type Capability, missingCapabilities } from '../../core/vsphere/capabilities.ts';
import { readServerFingerprint } from '../../core/vsphere/node/pinnedAgent.ts';
import type { Command } from '../command.ts';
import { changeConfig, readConfig } from '../config/configFile.ts';
import type { CommandContext } from '../context.ts';
import { table } from '../output.ts';
import { describePlace } from '../passwordPlaces.ts';
import { passwordOptions, passwordPlace } from './options.ts';

export const vcenterAdd: Command = {
  name: 'vcenter add',
  summary: 'Remember a vCenter or ESXi host, its certificate pinned, after a successful login',
  operands: ['NAME'],
  options: {
    url: { value: 'URL', help: 'https://host[:port]' },
    user: { value: 'USER', help: 'user name' },
    fingerprint: { value: 'SHA256', help: "the certificate's fingerprint, known from elsewhere" },
    ...passwordOptions,
  },
  run: async (context, args) => {
    const url = args.required('url');
    const vcenter = {
      url,
      user: args.required('user'),
      password: passwordPlace(args),
      fingerprint: args.option('fingerprint') ?? (await acceptedFingerprint(context, url)),
    };
    await using connection = await context.openSession(args.operand(0), vcenter);
    await changeConfig(context.places.configFile, config => ({
      ...config,
      vcenters: { ...config.vcenters, [args.operand(0)]: vcenter },
    }));
    const { about } = connection.session;
    const product = about.fullName;
    const missing = missingCapabilities(about);
    context.output.result(
      { name: args.operand(0), url, fingerprint: vcenter.fingerprint, product, missing },
      () =>
        [
          `${args.operand(0)}: ${product} at ${url}, certificate pinned (SHA-256 ${vcenter.fingerprint})`,
          ...missing.map(capability => `  without ${capabilityWords[capability]}`),
        ].join('\n'),
    );
    return undefined;
  },
};

export const vcenterList: Command = {
  name: 'vcenter list',
  summary: 'List the vCenters and hosts this configuration knows',
  operands: [],
  options: {},
  run: async context => {
    const { vcenters } = await readConfig(context.places.configFile);
    context.output.result(vcenters, () =>
      table(
        ['NAME', 'URL', 'USER', 'PASSWORD FROM'],
        Object.entries(vcenters).map(([name, { url, user, password }]) => [
          name,
          url,
          user,
          describePlace(password),
        ]),
      ),
    );
    return undefined;
  },
};

const capabilityWords: Readonly<Record<Capability, string>> = {
  exportSnapshot: 'reading the disks of VMs that run',
  quiesceSpec: 'a time limit or a VSS backup type for quiesced snapshots',
  nvmeController: 'NVMe controllers',
  encryption: 'encryption of VMs',
  diskOnlySnapshotOfSuspended: 'snapshots of suspended VMs without their memory',
  trustedPlatformModule: 'virtual TPMs',
  transferChecksumSha256: 'SHA-256 of what was transferred',
  placement: 'folders for VMs and a choice of hosts',
  tags: 'tags',
};

/** At first contact a person compares the fingerprint; afterwards only that certificate is accepted. */
async function acceptedFingerprint(context: CommandContext, url: string): Promise<string> {
  const fingerprint = await readServerFingerprint(url, context.signal);
  const accepted = await context.confirm(
    `${url} presents a certificate with the SHA-256 fingerprint\n  ${fingerprint}\nIs this the server you mean?`,
    `--fingerprint ${fingerprint}`,
  );
  if (accepted) return fingerprint;
  throw new AppError('CANCELLED', `${url} was not added`, { object: url });
}
