import type { MoRef } from '../../core/vsphere/schema/moRef.ts';

export interface TagCategory {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly cardinality: 'SINGLE' | 'MULTIPLE';
  /** Types of objects its tags are for; none means all. */
  readonly associableTypes: readonly string[];
}

export interface LabTag {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly categoryId: string;
}

/** Tags in their categories, and what they are attached to. */
export class TagStore {
  readonly #newUuid: () => string;
  readonly #categories = new Map<string, TagCategory>();
  readonly #tags = new Map<string, LabTag>();
  /** By id of the tag, then by id of the object. */
  readonly #attached = new Map<string, Map<string, MoRef>>();

  constructor(newUuid: () => string) {
    this.#newUuid = newUuid;
  }

  categories(): readonly TagCategory[] {
    return [...this.#categories.values()];
  }

  tags(): readonly LabTag[] {
    return [...this.#tags.values()];
  }

  category(id: string): TagCategory | undefined {
    return this.#categories.get(id);
  }

  tag(id: string): LabTag | undefined {
    return this.#tags.get(id);
  }

  /** Undefined if there is one of that name. */
  addCategory(category: Omit<TagCategory, 'id'>): TagCategory | undefined {
    if (this.categories().some(({ name }) => name === category.name)) return undefined;
    const id = `urn:vmomi:InventoryServiceCategory:${this.#newUuid()}:GLOBAL`;
    const added = { id, ...category };
    this.#categories.set(id, added);
    return added;
  }

  /** Undefined if its category has one of that name, or does not exist. */
  addTag(tag: Omit<LabTag, 'id'>): LabTag | undefined {
    const isTaken = this.tags().some(
      ({ name, categoryId }) => name === tag.name && categoryId === tag.categoryId,
    );
    if (isTaken || !this.#categories.has(tag.categoryId)) return undefined;
    const id = `urn:vmomi:InventoryServiceTag:${this.#newUuid()}:GLOBAL`;
    const added = { id, ...tag };
    this.#tags.set(id, added);
    return added;
  }

  /** Of a category that allows one tag on an object, the other ones go. */
  attach(tag: LabTag, object: MoRef): void {
    if (this.#categories.get(tag.categoryId)?.cardinality === 'SINGLE')
      for (const other of this.tagsOf(object))
        if (other.categoryId === tag.categoryId) this.detach(other, object);
    const attached = this.#attached.get(tag.id) ?? new Map<string, MoRef>();
    attached.set(object.value, object);
    this.#attached.set(tag.id, attached);
  }

  detach(tag: LabTag, object: MoRef): void {
    this.#attached.get(tag.id)?.delete(object.value);
  }

  tagsOf(object: MoRef): readonly LabTag[] {
    return this.tags().filter(({ id }) => this.#attached.get(id)?.has(object.value) === true);
  }

  objectsOf(tag: LabTag): readonly MoRef[] {
    return [...(this.#attached.get(tag.id)?.values() ?? [])];
  }
}
