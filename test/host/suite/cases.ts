import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { commands, type Extension, extensions, FileType, TreeItem, workspace } from 'vscode';

import type { ForTests } from '../../../src/extension.ts';
import { guestUri } from '../../../src/host/guestFileSystem.ts';
import { commandIds } from '../../../src/host/ids.ts';
import type { GuestNode, PointTreeNode } from '../../../src/host/model/pointTreeModel.ts';
import type { VmNode, VmTreeNode } from '../../../src/host/model/vmTreeModel.ts';
import { type JobDto, listJobs, startBackup } from '../../../src/protocol/job.ts';
import { usualRendezvousFolder } from '../../../src/protocol/node/rendezvous.ts';
import { quiesced } from '../../support/policies.ts';

const { signal } = new AbortController();

/** In this order: each goes on where the one before has ended. */
export const cases: Readonly<Record<string, () => Promise<void>>> = {
  'it activates, and starts nothing before something is used': async () => {
    const extension = installed();
    const { host } = await extension.activate();
    assert.deepEqual(host.known.vcenters(), []);
    assert.equal(existsSync(usualRendezvousFolder()), false, 'there is no place to meet a worker yet');
  },

  'exactly the commands of the manifest are registered': async () => {
    const { contributes } = installed().packageJSON as {
      contributes: {
        commands: readonly { command: string }[];
        views: { quiesce: readonly { id: string }[] };
      };
    };
    const registered = (await commands.getCommands(true)).filter(id => id.startsWith('quiesce.'));
    const ofViews = contributes.views.quiesce.map(({ id }) => id);
    const own = registered.filter(id => !ofViews.some(view => id.startsWith(`${view}.`)));
    assert.deepEqual(own.toSorted(), contributes.commands.map(({ command }) => command).toSorted());
  },

  'the secret storage gives back what was kept, and forgets what it is told to': async () => {
    const { host } = await installed().activate();
    assert.equal(await host.credentials.keep('vcenter/test', 'pa55 wörd'), true);
    assert.equal(await host.credentials.find('vcenter/test', signal), 'pa55 wörd');
    await host.credentials.forget('vcenter/test');
    assert.equal(await host.credentials.find('vcenter/test', signal), undefined);
  },

  'the trees fill from a lab': async () => {
    const { host, trees } = await installed().activate();
    await commands.executeCommand(commandIds.tryLab);
    assert.deepEqual(
      host.known.vcenters().map(({ isLab }) => isLab),
      [true],
    );
    const vms = await allVms();
    assert.deepEqual(vms.map(({ vm }) => vm.name).toSorted(), ['archive01', 'build01', 'db01', 'web01']);
    const web = vms.find(({ vm }) => vm.name === 'web01');
    assert.ok(web !== undefined);
    const item = trees.vms.getTreeItem(web);
    assert.ok(item instanceof TreeItem);
    assert.equal(item.label, 'web01');
    assert.match(item.contextValue ?? '', /^vm;power=poweredOn;protected=no/);
    assert.ok(existsSync(usualRendezvousFolder()), 'now there is a worker');
  },

  'a backup becomes a restore point in the tree': async () => {
    const { host } = await installed().activate();
    const web = (await allVms()).find(({ vm }) => vm.name === 'web01');
    const [repository] = host.known.repositories();
    assert.ok(web !== undefined && repository !== undefined);
    const vm = { vcenter: web.vcenter, id: web.vm.id, name: web.vm.name };
    const params = { vm, repository: repository.name, policy: quiesced };
    const { jobId } = await host.worker.request(startBackup, params, signal);
    const job = await ended(jobId);
    assert.equal(job.state, 'succeeded', job.error?.message);
    const file = await guestNode(['web01', /^20/, 'Hard disk 1', 'web01', 'etc', 'hostname']);
    assert.equal(file.node.sizeBytes, 6);
  },

  'a guest file is opened through its address with its true size, time and content': async () => {
    const { at, node } = await guestNode(['web01', /^20/, 'Hard disk 1', 'web01', 'etc', 'hostname']);
    const uri = guestUri(at);
    const stat = await workspace.fs.stat(uri);
    assert.deepEqual([stat.type, stat.size], [FileType.File, 6]);
    assert.equal(stat.mtime, Date.parse(node.modifiedAt));
    assert.equal((await workspace.openTextDocument(uri)).getText(), 'guest\n');
    await assert.rejects(async () => await workspace.fs.writeFile(uri, Buffer.from('changed')));
    const folder = await workspace.fs.readDirectory(uri.with({ path: uri.path.replace(/\/hostname$/, '') }));
    assert.ok(folder.some(([name, type]) => name === 'os-release' && type === FileType.File));
  },
};

function installed(): Extension<ForTests> {
  const extension = extensions.getExtension<ForTests>('quiesce.quiesce');
  assert.ok(extension !== undefined, 'the extension is not installed');
  return extension;
}

async function allVms(): Promise<readonly VmNode[]> {
  const { trees } = await installed().activate();
  const found: VmNode[] = [];
  const collect = async (parent: VmTreeNode | undefined): Promise<void> => {
    for (const node of (await trees.vms.getChildren(parent)) as VmTreeNode[]) {
      if (node.kind === 'vm') found.push(node);
      else await collect(node);
    }
  };
  await collect(undefined);
  return found;
}

/** Down the restore points by the labels of their rows; the first repository is the lab's. */
async function guestNode(labels: readonly (string | RegExp)[]): Promise<GuestNode> {
  const { trees } = await installed().activate();
  let [node] = (await trees.points.getChildren()) as PointTreeNode[];
  for (const label of labels) {
    const children = (await trees.points.getChildren(node)) as PointTreeNode[];
    node = children.find(child => {
      const { label: text } = trees.points.getTreeItem(child);
      return typeof text === 'string' && new RegExp(label).test(text);
    });
    assert.ok(node !== undefined, `there is no row ${String(label)}`);
  }
  assert.ok(node?.kind === 'guest');
  return node;
}

async function ended(jobId: string): Promise<JobDto> {
  const { host } = await installed().activate();
  for (;;) {
    const { jobs } = await host.worker.request(listJobs, {}, signal);
    const job = jobs.find(({ id }) => id === jobId);
    if (job?.finishedAt !== undefined) return job;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}
