import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InventoryModel } from '../../../../src/core/inventory/inventoryModel.ts';
import { ref } from '../../../support/scriptedCaller.ts';

const numRuns = process.env['QUIESCE_PROOF'] === 'full' ? 20_000 : 300;
const stagePaths = [['name', 'runtime.powerState'], ['config.flags']] as const;

/** What one stage's filter of a server has told of its VMs, and tells next. */
class ToldStage {
  readonly #paths: readonly string[];
  readonly #told = new Map<string, Readonly<Record<string, unknown>>>();

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** At most so many updates, each of one VM as it is now. */
  page(truth: ReadonlyMap<string, Readonly<Record<string, unknown>>>, max: number) {
    const updates = [];
    for (const id of new Set([...this.#told.keys(), ...truth.keys()])) {
      if (updates.length >= max) break;
      const [before, now] = [this.#told.get(id), truth.get(id)];
      const obj = ref('VirtualMachine', id);
      if (now === undefined) {
        this.#told.delete(id);
        updates.push({ kind: 'leave', obj });
        continue;
      }
      const changed = this.#paths.filter(path => before === undefined || before[path] !== now[path]);
      if (before !== undefined && changed.length === 0) continue;
      this.#told.set(id, now);
      const changeSet = changed.map(name => ({ name, op: 'assign', val: now[name] }));
      updates.push({ kind: before === undefined ? 'enter' : 'modify', obj, changeSet });
    }
    return updates;
  }
}

const step = fc.oneof(
  fc.record({
    kind: fc.constant('page' as const),
    stage: fc.nat({ max: 1 }),
    max: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ kind: fc.constant('change' as const), vm: fc.nat({ max: 9 }), value: fc.nat({ max: 99 }) }),
  fc.record({ kind: fc.constant('remove' as const), vm: fc.nat({ max: 9 }) }),
);

test('whatever comes and goes between pages of any size, the model ends as the server is', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.boolean(), (steps, isRecalled) => {
      const model = new InventoryModel(ref('Folder', 'root'), stagePaths[1]);
      const truth = new Map<string, Readonly<Record<string, unknown>>>();
      const stages = stagePaths.map(paths => new ToldStage(paths));
      const take = (stage: number, max: number): number => {
        const updates = stages[stage]!.page(truth, max);
        model.apply(updates, () => stagePaths[stage]!);
        return updates.length;
      };
      model.beginConfirmation(new Date(0));
      if (isRecalled) {
        model.apply(
          [
            {
              kind: 'enter',
              obj: ref('VirtualMachine', 'vm-1'),
              changeSet: [{ name: 'name', op: 'assign', val: 'old' }],
            },
          ],
          () => stagePaths[0],
        );
        const rows = model.rows();
        model.beginConfirmation(new Date(0));
        model.confirmed(['VirtualMachine']);
        model.recall({ asOf: new Date(0), rows });
      }
      for (const one of steps) {
        const id = `vm-${'vm' in one ? one.vm : ''}`;
        if (one.kind === 'page') take(one.stage, one.max);
        else if (one.kind === 'remove') truth.delete(id);
        else
          truth.set(id, {
            name: `n${one.value}`,
            'runtime.powerState': 'poweredOn',
            'config.flags': { a: one.value },
          });
      }
      for (const stage of [0, 1]) while (take(stage, 3) > 0);
      model.confirmed(['VirtualMachine']);
      model.endRecall();
      const known = model
        .rows()
        .map(({ ref: { value }, name, isComplete, asOf }) => [value, name, isComplete, asOf]);
      const wanted = [...truth].map(([id, { name }]) => [id, name, true, undefined]);
      expect(known.sort()).toEqual(wanted.sort());
    }),
    { numRuns },
  );
});
