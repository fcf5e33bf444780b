/**
 * The handles of a family by their label values: one level of maps per label. No key is made of several values, so
 * that none can collide, and looking up costs one hash per label of strings that have theirs already.
 */

class Node<Handle> {
  handle: Handle | undefined;
  readonly children = new Map<unknown, Node<Handle>>();
}

/** Handles by lists of label values, all of one length. */
export class HandleTree<Handle> {
  readonly #root = new Node<Handle>();

  /** The handle of these values, if there is one. A number stands for its string; anything else finds nothing. */
  find(values: readonly unknown[]): Handle | undefined {
    let node = this.#root;
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index];
      const child = node.children.get(typeof value === 'number' ? String(value) : value);
      if (child === undefined) return undefined;
      node = child;
    }
    return node.handle;
  }

  /** Takes the handle of these values out, with the levels that have no other one. */
  remove(values: readonly string[]): void {
    const path: Node<Handle>[] = [this.#root];
    for (const value of values) {
      const child = path.at(-1)?.children.get(value);
      if (child === undefined) return;
      path.push(child);
    }
    const last = path.at(-1);
    if (last !== undefined) last.handle = undefined;
    for (let depth = path.length - 1; depth > 0 && path[depth]?.children.size === 0; depth -= 1) {
      path[depth - 1]?.children.delete(values[depth - 1]);
    }
  }

  add(values: readonly string[], handle: Handle): void {
    let node = this.#root;
    for (const value of values) {
      let child = node.children.get(value);
      if (child === undefined) {
        child = new Node();
        node.children.set(value, child);
      }
      node = child;
    }
    node.handle = handle;
  }
}
