import type { NamedVm } from './notice.ts';

/** What is known of the backups of a VM, over all runs of this computer. */
export interface VmRecord extends NamedVm {
  readonly lastRunAt?: Date;
  readonly lastSuccessAt?: Date;
  /** How the last run ended. */
  readonly lastOutcome?: 'succeeded' | 'degraded' | 'failed';
  /** By the last look at its goal. */
  readonly isMissed: boolean;
}

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly value: (record: VmRecord) => number | undefined;
}

const metrics: readonly Metric[] = [
  {
    name: 'quiesce_backup_last_run_timestamp_seconds',
    help: 'When a backup of the VM has last ended.',
    value: ({ lastRunAt }) => seconds(lastRunAt),
  },
  {
    name: 'quiesce_backup_last_success_timestamp_seconds',
    help: 'When a backup of the VM has last ended with a restore point.',
    value: ({ lastSuccessAt }) => seconds(lastSuccessAt),
  },
  {
    name: 'quiesce_backup_failed',
    help: '1 if the last backup of the VM has failed.',
    value: ({ lastOutcome }) => flag(lastOutcome, 'failed'),
  },
  {
    name: 'quiesce_backup_degraded',
    help: '1 if less was proven in the last backup of the VM than was asked for, or something was wrong.',
    value: ({ lastOutcome }) => flag(lastOutcome, 'degraded'),
  },
  {
    name: 'quiesce_backup_missed',
    help: '1 if the newest restore point of the VM is older than its goal allows.',
    value: ({ isMissed }) => Number(isMissed),
  },
];

/** The text format of Prometheus, as the textfile collector of node_exporter reads it. */
export function metricsText(records: readonly VmRecord[]): string {
  const sorted = records.toSorted(
    (one, other) => one.vmName.localeCompare(other.vmName) || one.vcenter.localeCompare(other.vcenter),
  );
  const lines = metrics.flatMap(({ name, help, value }) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...sorted.flatMap(record => {
      const found = value(record);
      return found === undefined ? [] : [`${name}{${labels(record)}} ${found}`];
    }),
  ]);
  return `${lines.join('\n')}\n`;
}

function labels({ vcenter, vmName }: NamedVm): string {
  return `vcenter="${escaped(vcenter)}",vm="${escaped(vmName)}"`;
}

function seconds(moment: Date | undefined): number | undefined {
  return moment === undefined ? undefined : Math.floor(moment.getTime() / 1000);
}

function flag(outcome: VmRecord['lastOutcome'], wanted: VmRecord['lastOutcome']): number | undefined {
  return outcome === undefined ? undefined : Number(outcome === wanted);
}

function escaped(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
