import { mapOrdered } from '../../../base/async/mapOrdered.ts';
import { AppError } from '../../../base/errors.ts';
import type { MoRef } from '../schema/moRef.ts';
import type { RestSession } from './restSession.ts';

/** A tag with the name of its category, within which the tag's name is unique. */
export interface Tag {
  readonly id: string;
  readonly name: string;
  readonly category: string;
}

/** One question about very many objects takes the server long. */
const objectsPerQuestion = 500;
const concurrency = 4;

/**
 * The tags of objects by the objects' ids, sorted by category and name; an object without tags is missing. Only what the
 * account may see is told.
 * @throws what `RestSession` throws
 */
export async function readAttachedTags(
  session: RestSession,
  objects: readonly MoRef[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly Tag[]>> {
  const attached = await readAttachedIds(session, objects, signal);
  const tags = await readTags(session, new Set([...attached.values()].flat()), signal);
  const found = new Map<string, readonly Tag[]>();
  for (const [object, ids] of attached) {
    const known = ids.flatMap(id => tags.get(id) ?? []);
    if (known.length > 0) found.set(object, known.toSorted(byCategoryAndName));
  }
  return found;
}

async function readAttachedIds(
  session: RestSession,
  objects: readonly MoRef[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const attached = new Map<string, readonly string[]>();
  for (let first = 0; first < objects.length; first += objectsPerQuestion) {
    const asked = objects.slice(first, first + objectsPerQuestion);
    const answer = await session.ask(
      'cis/tagging/tag-association',
      'list-attached-tags-on-objects',
      { object_ids: asked.map(({ type, value }) => ({ type, id: value })) },
      signal,
    );
    // A server leaves out a list that is empty, the list of objects as well as that of an object's tags.
    for (const entry of answer.has('value') ? answer.objects('value') : [])
      attached.set(
        entry.object('object_id').string('id'),
        entry.has('tag_ids') ? entry.strings('tag_ids') : [],
      );
  }
  return attached;
}

async function readTags(
  session: RestSession,
  ids: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Tag>> {
  const read = async (id: string) => await ifThere(readTag(session, id, signal));
  const found = [];
  for await (const tag of mapOrdered(ids, concurrency, read)) if (tag !== undefined) found.push(tag);
  const categories = new Map<string, string>();
  for (const id of new Set(found.map(({ categoryId }) => categoryId))) {
    const name = await ifThere(readCategoryName(session, id, signal));
    if (name !== undefined) categories.set(id, name);
  }
  return new Map(
    found.map(({ id, name, categoryId }) => [id, { id, name, category: categories.get(categoryId) ?? '' }]),
  );
}

async function readTag(session: RestSession, id: string, signal: AbortSignal) {
  const tag = (await session.read('cis/tagging/tag', id, signal)).object('value');
  return { id, name: tag.string('name'), categoryId: tag.string('category_id') };
}

async function readCategoryName(session: RestSession, id: string, signal: AbortSignal): Promise<string> {
  return (await session.read('cis/tagging/category', id, signal)).object('value').string('name');
}

/** A tag may be removed while they are read, and one that may not be read is as good as none. */
async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (AppError.is(error, 'NOT_FOUND', 'PERMISSION')) return undefined;
    throw error;
  }
}

function byCategoryAndName(left: Tag, right: Tag): number {
  return left.category.localeCompare(right.category) || left.name.localeCompare(right.name);
}
