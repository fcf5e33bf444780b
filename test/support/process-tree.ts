/** Which processes a process has started, as the kernel tells it. */
import { readFileSync } from 'node:fs';

/** The process ids of the children that are alive; none where the process itself is not. */
export function childrenOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return children.split(' ').flatMap((child) => (child.trim() === '' ? [] : Number(child)));
  } catch {
    return [];
  }
}
