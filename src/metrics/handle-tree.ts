/**
 * The handles of a family by their label values: one level per label. No key is made of several values, so that none
 * can collide, and looking up costs one hash per label of strings that have theirs already.
 *
 * A level with one value has no map: most series have a label, such as the route, from which on they are alone, and a
 * map for each further label would take several times the memory of the series.
 */

/** In place of the only value where there are several. */
const SEVERAL = Symbol('several values');
type Values = Map<unknown, unknown>;

/** What is below a value is the next level, or the handle below the last one. */
class Level {
  /** The only value and what is below it; where there are several, a map of them is below. */
  value: unknown;
  below: unknown;

  constructor(value: unknown, below: unknown) {
    this.value = value;
    this.below = below;
  }

  get(value: unknown): unknown {
    if (this.value === SEVERAL) return (this.below as Values).get(value);
    return this.value === value ? this.below : undefined;
  }

  set(value: unknown, below: unknown): void {
    if (this.value === SEVERAL) (this.below as Values).set(value, below);
    else if (this.value === value) this.below = below;
    else {
      this.below = new Map([
        [this.value, this.below],
        [value, below],
      ]);
      this.value = SEVERAL;
    }
  }

  /** Tells whether nothing is left; the level is of no use then. */
  delete(value: unknown): boolean {
    if (this.value !== SEVERAL) return this.value === value;
    const values = this.below as Values;
    values.delete(value);
    return values.size === 0;
  }
}

/** Gives the level, or a new one where there was none, with the handle in it. */
function withHandle(level: Level | undefined, values: readonly string[], depth: number, handle: unknown): unknown {
  if (depth === values.length) return handle;
  const value = values[depth];
  const below = withHandle(level?.get(value) as Level | undefined, values, depth + 1, handle);
  if (level === undefined) return new Level(value, below);
  level.set(value, below);
  return level;
}

/** Takes a handle out of the level; tells whether nothing is left of it. */
function isEmptied(level: Level, values: readonly string[], depth: number): boolean {
  const value = values[depth];
  const below = level.get(value);
  if (below === undefined) return false;
  const isGone = depth + 1 === values.length || isEmptied(below as Level, values, depth + 1);
  return isGone && level.delete(value);
}

/** Handles by lists of label values, all of one length. */
export class HandleTree<Handle> {
  /** The first level, or the handle of no values; undefined while there is nothing. */
  #root: unknown;
  #length = 0;

  /** The handle of these values, if there is one. A number stands for its string; anything else finds nothing. */
  find(values: readonly unknown[]): Handle | undefined {
    if (values.length !== this.#length) return undefined;
    let found = this.#root;
    for (let index = 0; index < values.length && found !== undefined; index += 1) {
      const value = values[index];
      found = (found as Level).get(typeof value === 'number' ? String(value) : value);
    }
    return found as Handle | undefined;
  }

  /** Takes the handle of these values out, with the levels that have no other one. */
  remove(values: readonly string[]): void {
    if (this.#root === undefined || values.length !== this.#length) return;
    if (values.length === 0 || isEmptied(this.#root as Level, values, 0)) this.#root = undefined;
  }

  add(values: readonly string[], handle: Handle): void {
    this.#length = values.length;
    this.#root = withHandle(this.#root as Level | undefined, values, 0, handle);
  }
}
